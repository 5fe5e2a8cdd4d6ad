"""Direct or through a relay: decided here and nowhere else, for relay, strategies and the supervision tree alike."""

from __future__ import annotations

from pathlib import Path


def uses_relay(symbols: int, *, relay_above: int) -> bool:
    """Whether a venue's `symbols` traded by the desk are streamed through a relay: more than `relay_above` are."""
    return symbols > relay_above


def relay_socket(folder: Path, venue: str) -> Path:
    """Where the relay of a venue listens, below the session's folder."""
    return folder / f"relay-{venue}.sock"
