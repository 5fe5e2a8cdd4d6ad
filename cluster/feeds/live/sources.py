"""Direct or through a relay: decided here and nowhere else, for relay, strategies and the supervision tree alike."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from actors.venues.market_port import Subscription
from messages.errors import ConfigurationError


def uses_relay(symbols: int, *, relay_above: int) -> bool:
    """Whether a venue's `symbols` traded by the desk are streamed through a relay: more than `relay_above` are."""
    return symbols > relay_above


def relay_socket(folder: Path, venue: str) -> Path:
    """Where the relay of a venue listens, below the session's folder."""
    return folder / f"relay-{venue}.sock"


def refuse_books(subscriptions: Iterable[Subscription]) -> None:
    """Raise `ConfigurationError` where the book is wanted through a relay: nothing of it would come."""
    for each in subscriptions:
        if each.depth:
            raise ConfigurationError(
                "a relay forwards quotes and trades alone, and no book",
                field=f"subscriptions.{each.symbol}.depth",
                value=True,
                remedy="stream it directly: raise the venue's relay_above, or trade fewer symbols there",
            )
