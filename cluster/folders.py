"""Where a desk lives on disk: its sessions, the word it leaves for other processes, and the lock on its name.

<folder>/lock          held by the process that runs the desk
<folder>/current       leads to the latest session that has begun
<folder>/desk          the one history of a desk that is started again and again
<folder>/runs/<id>     sessions that began afresh
"""

from __future__ import annotations

import fcntl
import getpass
import os
import pickle
import secrets
import time
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any, TypeVar

import msgspec
from pydantic import BaseModel, SecretStr

from cluster.host.launch import Launch
from config import DeskConfig
from messages.errors import DeskLockedError, StoreUnavailableError

CURRENT = "current"
RUNS = "runs"
LAUNCH_FILE = "launch"

_Settings = TypeVar("_Settings", bound=BaseModel)


def default_folder(config: DeskConfig) -> Path:
    """Where this desk lives unless it is told otherwise."""
    return Path(config.redis.data_dir).expanduser() if config.redis.data_dir else desk_home(config.desk.name)


def desk_home(name: str) -> Path:
    """Where a desk of this name lives unless its settings say otherwise."""
    return Path.home() / ".raydesk" / name


def session_folder(base: Path, *, fresh: bool) -> Path:
    """The folder of this session: the desk's one history, or with `fresh` a new one beside the earlier ones."""
    chosen = base / RUNS / f"{time.time_ns():x}" if fresh else base / "desk"
    chosen.mkdir(parents=True, exist_ok=True)
    return chosen


def leave_word(launch: Launch) -> None:
    """Let other processes of this user find the desk. No secret is written down, nor an address that carries one.

    From now on `current` leads to this session, and not earlier: one that is refused hides none that has run.
    """
    home = Path(launch.folder)
    path = home / LAUNCH_FILE
    path.touch(mode=0o600)
    path.write_bytes(pickle.dumps(_without_secrets(launch)))
    base = home.parent.parent if home.parent.name == RUNS else home.parent
    replacement = base / f".{CURRENT}-{secrets.token_hex(4)}"
    replacement.symlink_to(home)
    replacement.replace(base / CURRENT)


def read_word(name: str, folder: Path | None) -> Launch:
    """The launch of the desk of this name. Raises `StoreUnavailableError` when it never ran."""
    base = folder or desk_home(name)
    try:
        launch: Launch = pickle.loads((base / CURRENT / LAUNCH_FILE).read_bytes())
    except FileNotFoundError:
        raise not_running(name) from None
    launch = msgspec.structs.replace(launch, config=_with_new_settings(launch.config))
    if launch.redis_url:
        return launch
    url = os.environ.get("RAYDESK__REDIS__URL")
    if not url:
        raise StoreUnavailableError(
            "the address of the desk's Redis is a secret and was not written down",
            field="redis.url",
            remedy="set RAYDESK__REDIS__URL to it",
        )
    return msgspec.structs.replace(launch, redis_url=url)


def _with_new_settings(written: _Settings) -> _Settings:
    """Settings that an earlier version of the code wrote: what has come since has its default."""
    known: dict[str, Any] = {}
    for name, field in type(written).model_fields.items():
        if name in written.__dict__:
            known[name] = _filled(written.__dict__[name])
        elif not field.is_required():
            known[name] = field.get_default(call_default_factory=True)
    return written.model_copy(update=known)


def _filled(value: object) -> object:
    if isinstance(value, BaseModel):
        return _with_new_settings(value)
    if isinstance(value, Mapping):
        return type(value)({key: _filled(each) for key, each in value.items()})  # type: ignore[call-arg]
    return value


def not_running(name: str) -> StoreUnavailableError:
    """The error of a desk that is not there."""
    return StoreUnavailableError(
        "no such desk is running",
        field="desk",
        value=name,
        remedy="start it with `raydesk run` or `raydesk up`",
    )


def _without_secrets(launch: Launch) -> Launch:
    config = _hidden(launch.config)
    if (
        launch.embedded_redis is not None
    ):  # its password lies beside this file, readable by the same user only
        return msgspec.structs.replace(launch, config=config)
    return msgspec.structs.replace(launch, redis_url="", config=config)


def _hidden(settings: _Settings) -> _Settings:
    """Settings without any secret: who finds the desk needs none, and none is to lie on a disk."""
    update: dict[str, object] = {}
    for name in type(settings).model_fields:
        value = settings.__dict__.get(name)
        if isinstance(value, SecretStr):
            update[name] = None
        elif isinstance(value, BaseModel):
            update[name] = _hidden(value)
        elif isinstance(value, Mapping) and any(isinstance(each, BaseModel) for each in value.values()):
            kept = {
                key: _hidden(each) if isinstance(each, BaseModel) else each for key, each in value.items()
            }
            update[name] = type(value)(kept)  # type: ignore[call-arg]
    return settings.model_copy(update=update)


class FolderLock:
    """One process of this machine runs the desk of a folder; the operating system lets go when it dies."""

    def __init__(self, base: Path) -> None:
        self.path = base / "lock"
        self._file: IO[str] | None = None

    def take(self, name: str) -> None:
        """Take the lock. Raises `DeskLockedError` naming its owner when another process has it."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        file = open(self.path, "a+")  # noqa: SIM115 — it stays open as long as the lock is held
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            holder = file.read().strip() or "unknown"
            file.close()
            raise DeskLockedError(
                f"the desk {name} is running on this machine",
                field="desk.name",
                value=holder,
                remedy="stop it with `raydesk down`, or choose another name with --desk",
            ) from None
        file.truncate(0)
        file.write(f"pid {os.getpid()}, user {getpass.getuser()}")
        file.flush()
        self._file = file

    def release(self) -> None:
        """Let go; harmless to repeat."""
        if self._file is not None:
            self._file.close()
            self._file = None
