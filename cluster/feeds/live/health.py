"""How a live feed is: what metrics and `raydesk status` show of it."""

from __future__ import annotations

import msgspec

from actors.venues.market_port import StreamHealth
from cluster.feeds.live.settings import FeedMode


class SymbolHealth(msgspec.Struct, frozen=True, kw_only=True):
    """One symbol. `age` (ns) is that of its last row by the venue's clock; None while there is none, or that clock is
    not known: then it counts as stale.
    """

    up: bool
    polled: bool
    age: int | None
    stale: bool
    waiting: int


class FeedHealth(msgspec.Struct, frozen=True, kw_only=True):
    """All symbols of one process. `mode` is what is in use now, None for some of each.

    `shed` quotes of `received` rows were conflated away (here or in the relay), `outdated` came later than newer ones.
    `clock_offset` is the venue's clock minus the desk's (ns), known to +/- `clock_error`; `clock_refused` says that
    it is beyond its bound, so that no quote is believed.
    """

    mode: FeedMode | None
    stream: StreamHealth
    symbols: dict[str, SymbolHealth]
    received: int
    shed: int
    outdated: int
    polls: int
    polls_failed: int
    switches: int
    clock_offset: int | None
    clock_error: int | None
    clock_refused: bool
    warm_up: str

    @property
    def shed_share(self) -> float:
        """The part of all rows that nobody saw."""
        return self.shed / self.received if self.received else 0.0

    @property
    def stale(self) -> list[str]:
        """The symbols nobody should decide on."""
        return [symbol for symbol, health in self.symbols.items() if health.stale]
