"""The commands export, replay and parity, as a person types them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import pytest
import redis
import yaml

from cluster.cli.main import run
from cluster.cli.output import moment
from cluster.embedded_redis import EmbeddedRedis, RedisSettings
from cluster.folders import leave_word
from cluster.host.launch import Launch
from cluster.replaying.export_file import read_export, write_export
from cluster.replaying.recorded import Recorded
from cluster.replaying.settings import restored
from cluster.replaying.stored import read_recorded
from cluster.store.keys import Keys
from cluster.store.port import StreamName
from messages.errors import StoreError
from tests.cluster.replaying.sessions import with_record

pytestmark = pytest.mark.integration


class Said(NamedTuple):
    """What a command left: its exit code, stdout and stderr."""

    code: int
    out: str
    err: str


Command = Callable[..., Said]


@pytest.fixture
def command(capfd: pytest.CaptureFixture[str]) -> Command:
    """Runs a command line."""

    def run_command(*arguments: object) -> Said:
        capfd.readouterr()
        code = run([str(each) for each in arguments])
        return Said(int(code), *capfd.readouterr())

    return run_command


@pytest.fixture(scope="module")
def export(recorded: Recorded, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An export of the session."""
    path = tmp_path_factory.mktemp("commands") / "desk.export"
    write_export(recorded, path)
    return path


def store(client: Any, recorded: Recorded, name: str) -> None:
    """Put a recording into Redis, as its actors would have."""
    keys = Keys(name)
    client.hset(keys.store, "generation", recorded.header.generation)
    for entry_id, data in recorded.control:
        client.xadd(keys.control, {"m": data}, id=entry_id)
    for address, actor in recorded.actors.items():
        client.sadd(keys.index, address)
        for step, data in actor.journal:
            client.xadd(keys.journal(address), {"r": data}, id=f"{step}-0")
        for each in actor.snapshots:
            client.hset(keys.snapshots(address), str(each.step), each.checksum.encode() + each.data)
        for stream, entries in ((StreamName.URGENT, actor.urgent), (StreamName.MAILBOX, actor.mailbox)):
            for entry_id, data in entries:
                client.xadd(keys.stream(address, stream), {"m": data}, id=entry_id)


@pytest.fixture
def stopped_desk(recorded: Recorded, tmp_path: Path) -> Path:
    """The folder of a desk that has run on its embedded Redis, and has stopped."""
    home = tmp_path / "desk"
    home.mkdir()
    (tmp_path / "current").symlink_to(home)
    settings = RedisSettings(str(home / "redis"), appendfsync="no")
    server = EmbeddedRedis(settings)
    client = redis.Redis.from_url(server.ensure_running())
    name = recorded.header.desk
    store(client, recorded, name)
    client.close()
    server.stop()
    assert recorded.header.feed is not None
    leave_word(
        Launch(
            desk=name,
            namespace=name,
            config=restored(recorded.header.config),
            config_hash=recorded.header.config_hash,
            code_version=recorded.header.code_version,
            redis_url=server.url,
            folder=str(home),
            feed=recorded.header.feed,
            embedded_redis=settings,
        )
    )
    return tmp_path


def test_a_stopped_desk_is_exported_replayed_and_left_stopped(
    recorded: Recorded, stopped_desk: Path, command: Command, tmp_path: Path
) -> None:
    out = tmp_path / "out.export"
    said = command("export", "--desk", recorded.header.desk, "--folder", stopped_desk, "--out", out, "--json")
    assert said.code == 0, said.err
    assert json.loads(said.out)["records"] == sum(len(each.journal) for each in recorded.actors.values())
    assert read_export(out) == recorded
    said = command("replay", "--desk", recorded.header.desk, "--folder", stopped_desk)
    assert said.code == 0, said.err
    assert "bit-identical" in said.out
    server = EmbeddedRedis(RedisSettings(str(stopped_desk / "desk" / "redis"), appendfsync="no"))
    assert server.pid is None


def test_redis_gives_back_what_was_recorded(recorded: Recorded, redis_url: str) -> None:
    client = redis.Redis.from_url(redis_url)
    store(client, recorded, recorded.header.desk)
    client.close()
    assert asyncio.run(read_recorded(redis_url, recorded.header)) == recorded
    with pytest.raises(StoreError, match="--desk"):
        asyncio.run(read_recorded(redis_url, msgspec.structs.replace(recorded.header, desk="nobody")))


def test_an_export_is_replayed(export: Path, command: Command, recorded: Recorded) -> None:
    said = command("replay", "--export", export, "--json")
    document = json.loads(said.out)
    assert (said.code, document["identical"]) == (0, True)
    assert {each["actor"] for each in document["actors"]} == set(recorded.actors)
    assert (document["recorded_by"], document["what_if"]) == ("c0de", [])


def test_a_difference_is_exit_code_1_and_shown_with_both_sides(
    recorded: Recorded, command: Command, tmp_path: Path
) -> None:
    record = next(each for each in recorded.actors["risk"].records() if len(each.events) == 1)
    write_export(
        with_record(recorded, "risk", msgspec.structs.replace(record, events=())), tmp_path / "x.export"
    )
    said = command("replay", "--export", tmp_path / "x.export")
    assert said.code == 1
    assert f"risk differs in its events at step {record.step}, {moment(record.now)}" in said.out
    assert "--- recorded" in said.out
    assert f"+  {type(record.events[0]).__name__}" in said.out
    document = json.loads(command("replay", "--export", tmp_path / "x.export", "--json").out)
    [difference] = [each["difference"] for each in document["actors"] if each["difference"] is not None]
    assert (difference["actor"], difference["step"], difference["recorded"]) == ("risk", record.step, [])


def test_what_if_lists_the_changed_decisions_and_is_no_failure(export: Path, command: Command) -> None:
    arguments = ("replay", "--export", export, "--actor", "risk", "--with", "risk.max_order_notional=1800")
    document = json.loads(command(*arguments, "--json").out)
    [risk] = document["what_if"]
    assert (document["identical"], document["actors"]) == (None, [])
    assert risk["changed"][0]["before"]["limit"] == "1500"
    said = command(*arguments)
    assert said.code == 0
    assert f"{len(risk['changed'])} of {risk['decisions']} decisions on intents change" in said.out
    assert all(each["intent_id"] in said.out for each in risk["changed"])


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (("--actor", "risky"), "one of execution/paper, risk"),
        (("--with", "risk.max_order=1"), "unknown setting"),
        (("--with", "risk.max_gross_exposure=-1"), "risk.max_gross_exposure"),
    ],
)
def test_bad_usage_is_exit_code_2(
    export: Path, command: Command, arguments: tuple[str, ...], word: str
) -> None:
    said = command("replay", "--export", export, *arguments)
    assert said.code == 2
    assert word in said.err


def test_a_damaged_export_is_exit_code_1_and_one_line(export: Path, command: Command, tmp_path: Path) -> None:
    (tmp_path / "cut.export").write_bytes(export.read_bytes()[:-20])
    said = command("replay", "--export", tmp_path / "cut.export")
    assert said.code == 1
    assert "damaged or was cut off" in said.err
    assert said.out == ""


def test_a_desk_that_never_ran_is_not_running(command: Command, tmp_path: Path) -> None:
    for arguments in (("replay",), ("export", "--out", tmp_path / "x"), ("parity", "nobody", "nobody")):
        extra = () if arguments[0] == "parity" else ("--desk", "nobody")
        assert command(*arguments, *extra, "--folder", tmp_path).code == 3


def test_parity_of_two_exports(recorded: Recorded, export: Path, command: Command, tmp_path: Path) -> None:
    write_export(msgspec.structs.replace(recorded, actors={}), tmp_path / "empty.export")
    same = command("parity", export, export, "--json")
    assert (same.code, json.loads(same.out)["equal"]) == (0, True)
    empty = command("parity", tmp_path / "empty.export", tmp_path / "empty.export")
    assert empty.code == 1
    assert "proves nothing" in empty.out
    differs = command("parity", export, tmp_path / "empty.export")
    assert differs.code == 1
    assert "first in order 1" in differs.out


def test_a_redis_of_another_machine_is_read_with_the_settings_at_hand(
    recorded: Recorded, redis_url: str, command: Command, tmp_path: Path
) -> None:
    name = "elsewhere"
    client = redis.Redis.from_url(redis_url)
    store(client, recorded, name)
    client.close()
    config = tmp_path / "desk.yaml"
    config.write_text(yaml.safe_dump(recorded.header.config.document))
    said = command("replay", "--redis", redis_url, "--desk", name, "--config", config, "--json")
    assert said.code == 0, said.err
    results = {each["actor"]: each for each in json.loads(said.out)["actors"]}
    assert results["risk"]["difference"] is None
    assert results["risk"]["steps"] == len(recorded.actors["risk"].journal)
    assert "market data" in results["strategy/BTC-USDT"]["skipped"]
