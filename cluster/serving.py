"""A server as a process of its own: `python -m PACKAGE --settings FILE`, until it is told to stop."""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Protocol, TypeVar

import uvloop

from messages.errors import DeskError

T = TypeVar("T")
T_contra = TypeVar("T_contra", contravariant=True)


class Serve(Protocol[T_contra]):
    """Runs a server until `stop` is set. Raises `DeskError`."""

    def __call__(self, settings: T_contra, *, stop: asyncio.Event) -> Awaitable[None]:
        """See the class."""


def main(package: str, what: str, kind: str, load: Callable[[Path], T], serve: Serve[T]) -> int:
    """Serve until SIGTERM or SIGINT. Exit code 0 after a clean stop, 1 with one line on stderr otherwise.

    `what` is the server in two words, `kind` the type of its settings, for the help text.
    """
    parser = argparse.ArgumentParser(prog=package, description=what)
    parser.add_argument("--settings", type=Path, required=True, help=f"JSON file of {kind}")
    try:
        uvloop.run(_serve(load(parser.parse_args().settings), serve))
    except DeskError as error:
        print(f"{error.reason_code}: {error}", file=sys.stderr)
        return 1
    return 0


async def _serve(settings: T, serve: Serve[T]) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await serve(settings, stop=stop)
