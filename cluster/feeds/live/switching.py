"""When a symbol's quotes are asked for by request: one rule with hysteresis. Pure; times are seconds of one clock."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from cluster.feeds.live.settings import FeedMode, LiveFeedSettings


class _Line:
    """The stream of one symbol."""

    __slots__ = ("changed", "heard", "polled", "proven", "up", "well")

    def __init__(self, now_s: float) -> None:
        self.up = False
        self.heard = now_s
        self.well = False
        self.changed = now_s
        self.polled = False
        self.proven = False
        """Whether it was ever well: one that comes up for the first time has not been flapping."""


class Switch:
    """Judges the stream symbol by symbol: a line that fails takes only its own symbols to polling."""

    def __init__(self, symbols: Sequence[str], settings: LiveFeedSettings, now_s: float) -> None:
        self._settings = settings
        self._lines = {symbol: _Line(now_s) for symbol in symbols}
        self.switches = 0
        """How often a symbol went to polling."""

    def interrupted(self, symbols: Iterable[str]) -> None:
        """The stream of these is down."""
        for symbol in symbols:
            self._lines[symbol].up = False

    def restored(self, symbols: Iterable[str], now_s: float) -> None:
        """The stream of these is whole."""
        for symbol in symbols:
            line = self._lines[symbol]
            line.up, line.heard = True, now_s

    def heard(self, symbol: str, now_s: float) -> None:
        """The stream told something of the symbol."""
        self._lines[symbol].heard = now_s

    def up(self, symbol: str) -> bool:
        """Whether the stream of the symbol is whole."""
        return self._lines[symbol].up

    @property
    def polling(self) -> list[str]:
        """The symbols that `polled` named last."""
        everything = self._settings.mode is FeedMode.POLL
        return [symbol for symbol, line in self._lines.items() if everything or line.polled]

    def polled(self, now_s: float) -> list[str]:
        """Judge, and name the symbols to ask for now."""
        mode = self._settings.mode
        if mode is FeedMode.POLL:
            return list(self._lines)
        if mode is FeedMode.STREAM:
            return []
        return [symbol for symbol, line in self._lines.items() if self._judge(line, now_s)]

    def _judge(self, line: _Line, now_s: float) -> bool:
        settings = self._settings
        well = line.up and now_s - line.heard <= settings.silent_s
        if well != line.well:
            line.well, line.changed = well, now_s
        lasted = now_s - line.changed
        if line.polled and well and (lasted >= settings.settle_s or not line.proven):
            line.polled = False
        elif not line.polled and not well and lasted >= settings.grace_s:
            line.polled = True
            self.switches += 1
        line.proven = line.proven or well
        return line.polled
