"""Failpoints: named places in a host's life at which a test lets it die, as kill -9 would, or stand still.

They are armed by a folder given in `RAYDESK_FAILPOINTS`, holding one file per shot, named
`<point>@<address>@<shot>` with `/` as `+`; its content is how many passes to let go by and, after a blank, the
signal if it is not KILL. A shot is taken at most once: whoever renames the file gets it. Without the variable a
failpoint costs one comparison.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

Failpoint = Callable[[str], None]

NAMES: Final = (
    "before_commit",
    "after_commit",
    "before_effect",
    "during_effect",
    "after_effect",
    "in_recovery",
    "in_snapshot",
    "in_claim",
)
VARIABLE: Final = "RAYDESK_FAILPOINTS"


def failpoints_for(address: str) -> Failpoint:
    """The failpoint function of one actor: does nothing, unless this machine's tests have armed one."""
    folder = os.environ.get(VARIABLE)
    if not folder:
        return _pass
    return _Armed(Path(folder), address)


def _pass(name: str) -> None:
    """No failpoint is armed."""


class _Armed:
    def __init__(self, folder: Path, address: str) -> None:
        self.folder = folder
        self.address = address.replace("/", "+")
        self.passes: dict[str, int] = {}

    def __call__(self, name: str) -> None:
        for shot in sorted(self.folder.glob(f"{name}@{self.address}@*")):
            if shot.suffix == ".taken":
                continue
            self.passes[name] = self.passes.get(name, 0) + 1
            try:
                passes, _, name_of_signal = (shot.read_text() or "0").partition(" ")
                if self.passes[name] <= int(passes):
                    return
                shot.rename(shot.with_suffix(".taken"))
            except FileNotFoundError:
                continue
            os.kill(os.getpid(), signal.Signals[f"SIG{name_of_signal or 'KILL'}"])
            time.sleep(0.05)  # another thread may get the signal first: this one must not go on meanwhile
