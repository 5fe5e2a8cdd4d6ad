"""Market data as actors see it.

Quotes, trades and bars are never messages: they reach an actor as scalars, `observe(symbol, kind, time,
event_time, v0, v1, v2, v3, v4)`, so that a quote costs no object. What the five values mean:

| kind  | v0        | v1       | v2                | v3       | v4   |
|-------|-----------|----------|-------------------|----------|------|
| QUOTE | bid       | bid size | ask               | ask size | nan  |
| TRADE | price     | size     | aggressor (+1/-1) | nan      | nan  |
| BAR   | open      | high     | low               | close    | volume |
| DEPTH | side (+1 bid, -1 ask) | price | size (0 removes) | 1.0 = snapshot row | 1.0 = last row of the update |

`time` is desk time (when it was received), `event_time` the venue's own clock, both ns UTC.
"""

from __future__ import annotations

import msgspec

from messages.base import Message, message_type


class TickKind:
    """The kinds of market data rows, as small ints because they are compared a million times a second."""

    QUOTE = 1
    TRADE = 2
    BAR = 3
    DEPTH = 4


class QuoteSnapshot(msgspec.Struct, frozen=True, gc=False, forbid_unknown_fields=True):
    """The quote a decision was taken on. Prices and sizes are float64, times ns UTC; sizes may be unknown."""

    bid: float
    ask: float
    bid_size: float | None
    ask_size: float | None
    time: int
    event_time: int

    @property
    def mid(self) -> float:
        """The middle of bid and ask."""
        return (self.bid + self.ask) / 2


class Mark(msgspec.Struct, frozen=True, gc=False, forbid_unknown_fields=True):
    """The price of one symbol for valuation: bid and ask as last seen at desk time `time` (ns UTC)."""

    symbol: str
    bid: float
    ask: float
    time: int


@message_type
class Marks(Message, frozen=True):
    """The latest marks of all symbols of one strategy process, conflated (at most every 250 ms)."""

    refusable = True

    marks: tuple[Mark, ...]


@message_type
class ObservationDue(Message, frozen=True):
    """Input made by the host: `observe` said that a decision is due.

    `position` is the number of feed rows folded so far, `time` the row's desk time; both are recorded with the
    step, the market data itself is in the view.
    """

    decides = True

    symbol: str
    position: int
    time: int
