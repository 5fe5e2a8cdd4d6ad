"""The short way to Redis: what it does when answers are late, lost, cut or refused, and how it signs in."""

from __future__ import annotations

import asyncio
import datetime
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from redis import exceptions

from cluster.store import commands as subject
from cluster.store.commands import Commands, Script
from cluster.store.redis_store import connect

pytestmark = pytest.mark.integration

COUNT = Script("return redis.call('INCR', KEYS[1]) + ARGV[1]")

Server = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


def run(test: Awaitable[None]) -> None:
    async def there() -> None:
        async with asyncio.timeout(60):
            await test

    asyncio.run(there())


@asynccontextmanager
async def redis_at(url: str, timeout_s: float = 5.0) -> AsyncIterator[Commands]:
    commands = Commands(connect(url, timeout_s=timeout_s).connection_pool)
    try:
        yield commands
    finally:
        await commands.close()


async def clients(commands: Commands) -> set[bytes]:
    """The ids of all connections that the server has."""
    listed: bytes = await commands.call("CLIENT", "LIST")
    return {line.split()[0] for line in listed.splitlines()}


class Peer:
    """Stands where Redis would and answers each command by `script`: bytes, a delay before them, or the end."""

    def __init__(self, path: Path, script: list[bytes | float | None]) -> None:
        self.url = f"unix://{path}"
        self.connections = 0
        self.commands: list[list[bytes]] = []
        self.introductions: list[list[bytes]] = []
        self._path = path
        self.script = script
        self._server: asyncio.Server | None = None

    async def __aenter__(self) -> Peer:
        self._server = await asyncio.start_unix_server(self._serve, str(self._path))
        return self

    async def __aexit__(self, *error: object) -> None:
        assert self._server is not None
        self._server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        while (head := await reader.readline()).startswith(b"*"):
            parts = [await self._part(reader) for _ in range(int(head[1:]))]
            if parts[0] in (b"CLIENT", b"SELECT"):  # redis-py introduces itself
                self.introductions.append(parts)
                writer.write(b"+OK\r\n")
                continue
            self.commands.append(parts)
            while self.script:
                act = self.script.pop(0)
                if act is None:
                    writer.close()
                    return
                if isinstance(act, bytes):
                    writer.write(act)
                    break
                await asyncio.sleep(act)
        writer.close()

    async def _part(self, reader: asyncio.StreamReader) -> bytes:
        size = int((await reader.readline())[1:])
        return (await reader.readexactly(size + 2))[:-2]


def test_a_script_is_run_by_its_name_and_loaded_where_it_is_not_known(redis_url: str) -> None:
    async def test() -> None:
        async with redis_at(redis_url) as commands:
            await commands.call("DEL", "counted")
            await commands.call("SCRIPT", "FLUSH")
            assert await commands.run(COUNT, ["counted"], [10]) == 11
            assert await commands.call("SCRIPT", "EXISTS", COUNT.sha) == [1]
            assert await commands.run(COUNT, ["counted"], [10]) == 12

    run(test())


def test_everything_a_commit_is_made_of_arrives_as_it_was_given(redis_url: str) -> None:
    async def test() -> None:
        async with redis_at(redis_url) as commands:
            given = ["", "é", b"\x00\r\n$3", -1, 2**63, b"x" * 1_000_000]
            echoed = await commands.run(Script("return ARGV"), [], given)
            assert echoed == [part if isinstance(part, bytes) else str(part).encode() for part in given]

    run(test())


def test_calls_one_after_the_other_share_a_connection_and_calls_at_once_do_not(redis_url: str) -> None:
    async def test() -> None:
        async with redis_at(redis_url) as commands:
            own, before = await commands.call("CLIENT", "ID"), await clients(commands)
            waiting = asyncio.create_task(
                commands.call("XREAD", "BLOCK", 30_000, "STREAMS", "nothing", "0-0", wait_s=30.0)
            )
            await asyncio.sleep(0)  # it has taken the connection, be it heard or not
            for _ in range(2):
                assert len(await clients(commands)) == len(before) + 1
            while not await commands.call("CLIENT", "UNBLOCK", own):
                await asyncio.sleep(0.01)
            assert await waiting is None
            assert len(await clients(commands)) == len(before) + 1

    run(test())


def test_a_refusal_is_an_answer_and_keeps_the_connection(redis_url: str) -> None:
    async def test() -> None:
        async with redis_at(redis_url) as commands:
            before = await clients(commands)
            with pytest.raises(exceptions.ResponseError, match="unknown command"):
                await commands.call("NONSENSE")
            assert await clients(commands) == before

    run(test())


def test_the_user_and_the_password_of_the_address_are_used(redis_url: str) -> None:
    path = urlsplit(redis_url).path

    async def test() -> None:
        async with redis_at(redis_url) as commands:
            await commands.call("ACL", "SETUSER", "trader", "on", ">secret", "~*", "+@all")
        async with redis_at(f"unix://trader:secret@{path}") as commands:
            assert await commands.call("ACL", "WHOAMI") == b"trader"
        async with redis_at(f"unix://trader:wrong@{path}") as commands:
            with pytest.raises(exceptions.ConnectionError, match="invalid username-password"):
                await commands.call("PING")

    run(test())


def test_the_database_of_the_address_is_selected(tmp_path: Path) -> None:
    async def test() -> None:
        async with Peer(tmp_path / "peer", [b"+PONG\r\n"]) as peer, redis_at(f"{peer.url}?db=3") as commands:
            assert await commands.call("PING") == b"PONG"
            assert [b"SELECT", b"3"] in peer.introductions

    run(test())


@pytest.mark.parametrize("answer", [b"", b"$10\r\nhalf", b"*2\r\n+one\r\n"])
def test_a_lost_or_cut_answer_is_told_and_the_next_call_connects_anew(tmp_path: Path, answer: bytes) -> None:
    async def test() -> None:
        script: list[bytes | float | None] = [b"+here\r\n", answer or None]
        async with Peer(tmp_path / "peer", script) as peer, redis_at(peer.url, timeout_s=0.5) as commands:
            assert await commands.call("HELLO", wait_s=20.0) == b"here"
            with pytest.raises((exceptions.ConnectionError, exceptions.TimeoutError)):
                await commands.call("FIRST")
            while peer.script:
                await asyncio.sleep(0.01)
            peer.script[:] = [b"+fresh\r\n"]
            assert await commands.call("SECOND", wait_s=20.0) == b"fresh"
            assert peer.commands == [[b"HELLO"], [b"FIRST"], [b"SECOND"]]
            assert peer.connections == 2

    run(test())


def test_an_answer_that_is_too_late_never_meets_another_question(tmp_path: Path) -> None:
    async def test() -> None:
        script: list[bytes | float | None] = [b"+here\r\n", 0.3, b"+to the first\r\n", b"+to the second\r\n"]
        async with Peer(tmp_path / "peer", script) as peer, redis_at(peer.url, timeout_s=0.1) as commands:
            assert await commands.call("HELLO", wait_s=20.0) == b"here"
            with pytest.raises(exceptions.TimeoutError, match=r"no answer within 0\.1 s"):
                await commands.call("FIRST")
            while len(peer.script) > 1:
                await asyncio.sleep(0.01)
            assert await commands.call("SECOND", wait_s=20.0) == b"to the second"
            assert peer.connections == 2

    run(test())


def test_who_gives_up_waiting_takes_the_connection_along(tmp_path: Path) -> None:
    async def test() -> None:
        script: list[bytes | float | None] = [0.2, b"+to the first\r\n", b"+to the second\r\n"]
        async with Peer(tmp_path / "peer", script) as peer, redis_at(peer.url) as commands:
            waiting = asyncio.create_task(commands.call("FIRST"))
            while not peer.commands:
                await asyncio.sleep(0.01)
            waiting.cancel()
            with pytest.raises(asyncio.CancelledError):
                await waiting
            while len(peer.script) > 1:
                await asyncio.sleep(0.01)
            assert await commands.call("SECOND") == b"to the second"

    run(test())


def test_a_command_that_waits_is_given_its_time(tmp_path: Path) -> None:
    async def test() -> None:
        script: list[bytes | float | None] = [0.3, b"+late\r\n"]
        async with Peer(tmp_path / "peer", script) as peer, redis_at(peer.url, timeout_s=0.2) as commands:
            assert await commands.call("WAIT", wait_s=20.0) == b"late"

    run(test())


def test_nobody_at_the_address_is_told(tmp_path: Path) -> None:
    async def test() -> None:
        async with redis_at(f"unix://{tmp_path / 'nobody'}") as commands:
            with pytest.raises(exceptions.ConnectionError):
                await commands.call("PING")

    run(test())


def test_a_connection_the_server_has_left_while_it_was_idle_is_replaced(
    redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(subject, "_IDLE_S", 0.05)

    async def test() -> None:
        async with redis_at(redis_url) as commands, redis_at(redis_url) as other:
            own = await commands.call("CLIENT", "ID")
            assert await commands.call("CLIENT", "ID") == own
            await asyncio.sleep(0.1)
            assert await commands.call("CLIENT", "ID") == own
            await other.call("CLIENT", "KILL", "ID", own)
            await asyncio.sleep(0.1)
            assert await commands.call("CLIENT", "ID") != own

    run(test())


def test_a_server_that_has_gone_is_noticed_once_however_many_connections_it_had(redis_url: str) -> None:
    async def test() -> None:
        async with redis_at(redis_url) as commands, redis_at(redis_url) as other:
            async with asyncio.TaskGroup() as group:
                both = [group.create_task(commands.call("CLIENT", "ID")) for _ in range(2)]
            ids = {task.result() for task in both}
            assert len(ids) == 2
            for each in ids:
                await other.call("CLIENT", "KILL", "ID", each)
            with pytest.raises(exceptions.ConnectionError):
                await commands.call("CLIENT", "ID")
            assert await commands.call("CLIENT", "ID") not in ids

    run(test())


def test_an_idle_connection_on_which_something_came_unasked_is_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(subject, "_IDLE_S", 0.0)

    async def test() -> None:
        script: list[bytes | float | None] = [b"+first\r\n+unasked\r\n", b"+second\r\n"]
        async with Peer(tmp_path / "peer", script) as peer, redis_at(peer.url) as commands:
            assert await commands.call("FIRST") == b"first"
            await asyncio.sleep(0.05)
            assert await commands.call("SECOND") == b"second"

    run(test())


def test_it_speaks_tls_where_the_address_says_so(tmp_path: Path) -> None:
    certificate = self_signed(tmp_path)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while b"PING" not in (told := await reader.read(1_000)):
            writer.write(b"+OK\r\n" * told.count(b"SETINFO"))
        writer.write(b"+PONG\r\n")

    async def test() -> None:
        server = await asyncio.start_server(answer, "127.0.0.1", 0, ssl=context)
        port = server.sockets[0].getsockname()[1]
        async with redis_at(f"rediss://localhost:{port}?ssl_ca_certs={certificate}") as commands:
            assert await commands.call("PING") == b"PONG"
        async with redis_at(f"rediss://localhost:{port}") as commands:
            with pytest.raises(exceptions.ConnectionError, match="certificate verify failed"):
                await commands.call("PING")
        server.close()

    run(test())


def self_signed(folder: Path) -> Path:
    """A certificate of `localhost` and its key, in one file."""
    x509 = pytest.importorskip("cryptography.x509")
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    path = folder / "certificate.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(private + made.public_bytes(serialization.Encoding.PEM))
    return path
