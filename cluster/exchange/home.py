"""The exchange's folder: one process at a time."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from messages.errors import DeskLockedError, StoreUnavailableError

LOCK_FILE = "lock"


@contextmanager
def lock_home(home: Path) -> Iterator[None]:
    """Hold the folder, made when missing. Raises `DeskLockedError` while another exchange has it.

    Raises `StoreUnavailableError` for a folder that can't be written.
    """
    try:
        home.mkdir(parents=True, exist_ok=True, mode=0o700)
        file = (home / LOCK_FILE).open("w")
    except OSError as error:
        raise StoreUnavailableError(
            f"the exchange's folder can't be used: {error.strerror}",
            field="exchange.home",
            value=str(home),
            remedy="give a folder that can be written",
        ) from error
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise DeskLockedError(
                "another exchange runs in this folder",
                field="exchange.home",
                value=str(home),
                remedy="stop it, or give another folder",
            ) from None
        yield
