"""`python -m cluster.exchange --settings FILE`: the local exchange as a process of its own."""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys
from pathlib import Path

import uvloop

from cluster.exchange.server import serve
from cluster.exchange.settings import ServerSettings, load_settings
from messages.errors import DeskError


def main() -> int:
    """Serve until SIGTERM or SIGINT. Exit code 0 after a clean stop, 1 with one line on stderr otherwise."""
    parser = argparse.ArgumentParser(prog="cluster.exchange", description="The local exchange.")
    parser.add_argument(
        "--settings", type=Path, required=True, help="JSON file of cluster.exchange.settings.ServerSettings"
    )
    try:
        uvloop.run(_serve(load_settings(parser.parse_args().settings)))
    except DeskError as error:
        print(f"{error.reason_code}: {error}", file=sys.stderr)
        return 1
    return 0


async def _serve(settings: ServerSettings) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await serve(settings, stop=stop)


if __name__ == "__main__":
    sys.exit(main())
