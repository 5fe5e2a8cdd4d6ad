"""What a serving exchange publishes in its home: where it listens. Its keys lie beside it, see `keys`."""

from __future__ import annotations

from pathlib import Path

import msgspec

from cluster.durable_files import write_atomically
from cluster.exchange.keys import KEYS_FILE

ADDRESS_FILE = "address.json"


class ExchangeAddress(msgspec.Struct, frozen=True):
    """Where the exchange listens, as published in `address.json` in its home."""

    rest: str
    stream: str
    control: str
    keys: str
    pid: int


def publish_address(home: Path, *, public: str, control: str, pid: int) -> ExchangeAddress:
    """Tell where the exchange serves: `public` and `control` are host:port. A reader finds it whole or not at all."""
    address = ExchangeAddress(
        rest=f"http://{public}",
        stream=f"ws://{public}",
        control=f"http://{control}",
        keys=str(home / KEYS_FILE),
        pid=pid,
    )
    write_atomically(home / ADDRESS_FILE, msgspec.json.encode(address), mode=0o644)
    return address


def read_address(home: Path) -> ExchangeAddress | None:
    """What was published last; None when nothing readable was."""
    try:
        return msgspec.json.decode((home / ADDRESS_FILE).read_bytes(), type=ExchangeAddress)
    except (FileNotFoundError, msgspec.DecodeError):
        return None
