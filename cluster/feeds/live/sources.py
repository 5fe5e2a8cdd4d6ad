"""Direct or through a relay: decided here and nowhere else, by relay, strategies and the supervision tree alike."""

from __future__ import annotations

from pathlib import Path

from actors.venues.market_port import MarketDataPort
from cluster.feeds.live.feed import MarketSource
from cluster.feeds.live.relay_client import RelayClient


def uses_relay(symbols: int, *, relay_above: int) -> bool:
    """Whether a venue's `symbols` traded by the desk are streamed through a relay: more than `relay_above` are."""
    return symbols > relay_above


def relay_socket(folder: Path, venue: str) -> Path:
    """Where the relay of a venue listens, below the session's folder."""
    return folder / f"relay-{venue}.sock"


def market_source(port: MarketDataPort, folder: Path, symbols: int, *, relay_above: int) -> MarketSource:
    """What a strategy process streams from."""
    if uses_relay(symbols, relay_above=relay_above):
        return RelayClient(relay_socket(folder, port.venue))
    return port
