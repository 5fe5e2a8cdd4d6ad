"""The kill file: while it is there the desk is HALTED. Risk's process watches it; for whoever has no terminal at hand.

A file that can't be read, or a folder that can't be looked into, counts as one that is there.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection
from pathlib import Path

from messages.control import KillFileSeen

LOOK_S = 0.25
_LONGEST = 500
_AGAIN = 8
"""Looks after which what risk has not taken is told again."""
_SOURCE = "kill_file"


def read_kill_file(path: Path) -> str | None:
    """What the file says; None when it is not there."""
    try:
        with open(path, "rb") as file:
            return file.read(_LONGEST).decode(errors="replace").strip()
    except FileNotFoundError:
        return None
    except OSError as error:
        return f"it can't be read: {error.strerror}"


async def watch_kill_file(
    path: Path, sources: Callable[[], Collection[str]], tell: Callable[[KillFileSeen], None]
) -> None:
    """Tell risk whenever its `sources` don't agree with the file, until cancelled."""
    looks = 0
    while True:
        text = await asyncio.to_thread(read_kill_file, path)
        present = text is not None
        if present is (_SOURCE in sources()):
            looks = 0
        else:
            # the step that takes it may be under way, or have been lost with the store
            if looks % _AGAIN == 0:
                tell(KillFileSeen(str(path), present, text or ""))
            looks += 1
        await asyncio.sleep(LOOK_S)
