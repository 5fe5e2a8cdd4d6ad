"""One symbol's feed within an actor: it folds rows into the view and hands them to those strategies that look.

This is the path of a million quotes: callbacks that a strategy does not define are never called.
"""

from __future__ import annotations

from collections.abc import Callable

from actors.strategy.bars import Bar, BarBuilder, BarSource
from actors.strategy.schedule import DecideOn
from actors.strategy.slot import Slot
from actors.strategy.strategy import BarSubscription, Strategy
from actors.strategy.view import SymbolView
from messages.market import TickKind

_QUOTE, _TRADE, _BAR = TickKind.QUOTE, TickKind.TRADE, TickKind.BAR
_FEED_BARS = BarSubscription(BarSource.FEED, None)

TickCallback = Callable[[SymbolView], bool]
Maker = Callable[[Slot], Strategy]
"""Makes the strategy of a slot, started."""


class MarksClock:
    """When the marks of an actor's symbols are due next: desk time in ns UTC, and `interval` ns later again."""

    __slots__ = ("due_at", "interval")

    def __init__(self, interval: int) -> None:
        self.interval = interval
        self.due_at = 0


class Lane:
    """The view of one symbol and the strategies on it, all of them made anew by `begin`.

    What a strategy says at rows of the feed makes a decision due as far as its schedule lets it: by the clock alone,
    it only sees; at the close of bars, only `on_bar` counts. `row` counts the rows seen; `marks_row` is the row at
    which the actor's marks were due, -1 before.
    """

    __slots__ = (
        "_bar_slots",
        "_builders",
        "_marks",
        "_on_quote",
        "_on_trade",
        "marks_row",
        "row",
        "slots",
        "view",
    )

    def __init__(self, symbol: str, slots: tuple[Slot, ...], marks: MarksClock, make: Maker) -> None:
        self.view = SymbolView(symbol)
        self.slots = slots
        self._marks = marks
        self.begin(make)

    def begin(self, make: Maker) -> None:
        """Begin with the first row of the feed, as if nothing had been seen."""
        self.row, self.marks_row = 0, -1
        self.view = SymbolView(self.view.symbol)
        self._builders: dict[BarSubscription, BarBuilder] = {}
        self._bar_slots: dict[BarSubscription, list[Slot]] = {}
        for slot in self.slots:
            slot.due_row = -1
            slot.view = self.view
            slot.strategy = make(slot)
            for subscription in slot.strategy.subscriptions:
                self._subscribe(slot, subscription)
        self._on_quote = self._callbacks("on_quote")
        self._on_trade = self._callbacks("on_trade")

    def _subscribe(self, slot: Slot, subscription: BarSubscription) -> None:
        self._bar_slots.setdefault(subscription, []).append(slot)
        if subscription.interval is not None and subscription not in self._builders:
            self._builders[subscription] = BarBuilder(subscription.interval, subscription.source)

    def _callbacks(self, name: str) -> tuple[tuple[Slot, TickCallback], ...]:
        return tuple(
            (slot, _heeded(slot, getattr(slot.strategy, name)))
            for slot in self.slots
            if getattr(type(slot.strategy), name) is not getattr(Strategy, name)
        )

    def observe(
        self,
        symbol: str,
        kind: int,
        time: int,
        event_time: int,
        v0: float,
        v1: float,
        v2: float,
        v3: float,
        v4: float,
    ) -> bool:
        """Fold one row; True when a strategy, an exit or the marks are due. See `messages.market`."""
        row = self.row = self.row + 1
        if kind == _QUOTE:
            view = self.view
            if not view.fold_quote(time, event_time, v0, v1, v2, v3):
                return False
            due = self._build(row, time, BarSource.QUOTES, (v0 + v2) * 0.5, 0.0) if self._builders else False
            for slot, on_quote in self._on_quote:
                if on_quote(view):
                    slot.due_row = row
                    due = True
            for slot in self.slots:
                if slot.watched:
                    price = v0 if slot.watched > 0 else v2
                    if price <= slot.low or price >= slot.high or time >= slot.hold_until:
                        due = True
            marks = self._marks
            if time >= marks.due_at:
                marks.due_at = time + marks.interval
                self.marks_row = row
                return True
            return due
        if kind == _TRADE:
            return self._trade(row, time, v0, v1, v2)
        if kind == _BAR:
            bar = Bar(BarSource.FEED, None, event_time or time, v0, v1, v2, v3, v4, None)
            return self._deliver(row, _FEED_BARS, bar)
        return False

    def _trade(self, row: int, time: int, price: float, size: float, side: float) -> bool:
        view = self.view
        if not view.fold_trade(time, price, size, side):
            return False
        due = self._build(row, time, BarSource.TRADES, price, size) if self._builders else False
        for slot, on_trade in self._on_trade:
            if on_trade(view):
                slot.due_row = row
                due = True
        return due

    def _build(self, row: int, time: int, source: BarSource, price: float, size: float) -> bool:
        due = False
        for subscription, builder in self._builders.items():
            if builder.end and time >= builder.end:
                bar = builder.close_before(time)
                if bar is not None and self._deliver(row, subscription, bar):
                    due = True
            if builder.source is source:
                builder.add(time, price, size)
        return due

    def _deliver(self, row: int, subscription: BarSubscription, bar: Bar) -> bool:
        due = False
        for slot in self._bar_slots.get(subscription, ()):
            said = slot.strategy.on_bar(bar, self.view)
            if said and slot.settings.schedule.decide_on is not DecideOn.INTERVAL:
                slot.due_row = row
                due = True
        return due


def _heeded(slot: Slot, callback: TickCallback) -> TickCallback:
    """The callback, or one that only sees where the strategy decides by bars or by the clock."""
    if slot.settings.schedule.decide_on is DecideOn.SIGNAL:
        return callback

    def seen(view: SymbolView) -> bool:
        callback(view)
        return False

    return seen
