"""What a strategy sees of one symbol: the last quote and trade, and how old the quote is.

A function of the feed alone. It is not journalled; after a crash it is folded again from the feed.
"""

from __future__ import annotations

from math import inf, isfinite, nan

from messages.market import QuoteSnapshot

OFFSET_WINDOW = 60_000_000_000
"""Over how long the venue's clock is estimated, in ns of desk time; twice that is kept."""

_UNKNOWN = -(1 << 63)  # less than any real offset, so that the first row with a venue time replaces it


class SymbolView:
    """The market of one symbol as far as it was folded.

    `bid`, `ask`, `trade_price` and the sizes are float64 and nan until the first row; callbacks of a quote can
    rely on bid and ask. Times are ns UTC: `quote_time` is desk time, `quote_event_time` the venue's. `refused`
    counts the rows that were no quote or trade (missing side, crossed, not a number).
    """

    __slots__ = (
        "_offset",
        "_offset_before",
        "_offset_window_end",
        "ask",
        "ask_size",
        "bid",
        "bid_size",
        "quote_event_time",
        "quote_time",
        "refused",
        "symbol",
        "trade_price",
        "trade_side",
        "trade_size",
        "trade_time",
    )

    def __init__(self, symbol: str) -> None:
        self.symbol = symbol
        self.bid = self.ask = self.bid_size = self.ask_size = nan
        self.trade_price = self.trade_size = self.trade_side = nan
        self.quote_time = self.quote_event_time = self.trade_time = 0
        self.refused = 0
        self._offset = self._offset_before = _UNKNOWN
        self._offset_window_end = 0

    def fold_quote(
        self, time: int, event_time: int, bid: float, bid_size: float, ask: float, ask_size: float
    ) -> bool:
        """Take a quote; False, and nothing is changed but `refused`, when it is none."""
        if not 0.0 < bid <= ask < inf:
            self.refused += 1
            return False
        self.bid = bid
        self.bid_size = bid_size
        self.ask = ask
        self.ask_size = ask_size
        self.quote_time = time
        self.quote_event_time = event_time
        if event_time:
            if time >= self._offset_window_end:
                self._offset_before = self._offset
                self._offset = event_time - time
                self._offset_window_end = time + OFFSET_WINDOW
            elif event_time - time > self._offset:
                self._offset = event_time - time
        return True

    def fold_trade(self, time: int, price: float, size: float, side: float) -> bool:
        """Take a trade; False when its price or size can't be one."""
        if not (0.0 < price < inf and 0.0 <= size < inf):
            self.refused += 1
            return False
        self.trade_price = price
        self.trade_size = size
        self.trade_side = side
        self.trade_time = time
        return True

    @property
    def has_quote(self) -> bool:
        """Whether a quote was seen."""
        return self.quote_time != 0

    @property
    def mid(self) -> float:
        """The middle of bid and ask; nan before the first quote."""
        return (self.bid + self.ask) * 0.5

    @property
    def spread(self) -> float:
        """Ask less bid; nan before the first quote."""
        return self.ask - self.bid

    @property
    def last_trade(self) -> float | None:
        """The price of the last trade; None before the first."""
        return self.trade_price if self.trade_time else None

    @property
    def quote(self) -> QuoteSnapshot | None:
        """The last quote as part of a message; None before the first."""
        if not self.quote_time:
            return None
        return QuoteSnapshot(
            self.bid,
            self.ask,
            self.bid_size if isfinite(self.bid_size) else None,
            self.ask_size if isfinite(self.ask_size) else None,
            self.quote_time,
            self.quote_event_time,
        )

    @property
    def clock_offset(self) -> int | None:
        """By how much the venue's clock is ahead of ours (ns), judged by the quotes that were fastest to come.

        It is at most too low by the shortest way from the venue; None while no row carried the venue's time.
        """
        offset, before = self._offset, self._offset_before
        if before > offset:
            offset = before
        return None if offset == _UNKNOWN else offset

    def quote_age(self, now: int) -> int | None:
        """How old the last quote is at desk time `now`, in ns, by the venue's clock; None before the first.

        A quote that tells no venue time is aged by when it was received.
        """
        if not self.quote_time:
            return None
        offset = self.clock_offset
        if offset is None or not self.quote_event_time:
            return now - self.quote_time
        return now + offset - self.quote_event_time
