"""One symbol's feed within an actor: it folds rows into the view and hands them to those strategies that look.

This is the path of a million quotes: callbacks that a strategy does not define are never called.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import ParamSpec

from actors.strategy.bars import Bar, BarAggregator, BarBuilder, BarSource
from actors.strategy.isolating import described
from actors.strategy.schedule import DecideOn
from actors.strategy.slot import Slot
from actors.strategy.strategy import BarSubscription, Strategy
from actors.strategy.view import SymbolView
from messages.market import TickKind

_QUOTE, _TRADE, _BAR = int(TickKind.QUOTE), int(TickKind.TRADE), int(TickKind.BAR)
"""Plain numbers: to compare with a member of an enum takes longer, and every row is compared."""
_FEED_BARS = BarSubscription(BarSource.FEED, None)

TickCallback = Callable[[SymbolView], bool]
BarCallback = Callable[[Bar, SymbolView], bool]
Seen = ParamSpec("Seen")
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
        "_aggregators",
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
        self._aggregators: dict[BarSubscription, BarAggregator] = {}
        self._bar_slots: dict[BarSubscription, list[tuple[Slot, BarCallback]]] = {}
        for slot in self.slots:
            slot.due_row = -1
            slot.view = self.view
            slot.strategy = make(slot)
            for subscription in slot.strategy.subscriptions:
                self._subscribe(slot, subscription)
        self._on_quote = self._callbacks("on_quote")
        self._on_trade = self._callbacks("on_trade")

    def _subscribe(self, slot: Slot, subscription: BarSubscription) -> None:
        on_bar = slot.strategy.on_bar
        if slot.isolated:
            on_bar = _guarded(slot, on_bar)
        self._bar_slots.setdefault(subscription, []).append((slot, on_bar))
        interval = subscription.interval
        if interval is None or subscription in self._builders or subscription in self._aggregators:
            return
        if subscription.source is BarSource.FEED:
            self._aggregators[subscription] = BarAggregator(interval)
        else:
            self._builders[subscription] = BarBuilder(interval, subscription.source)

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
            due = self._deliver(row, _FEED_BARS, bar)
            for subscription, aggregator in self._aggregators.items():
                for whole in aggregator.add(bar):
                    due |= self._deliver(row, subscription, whole)
            return due
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
        for slot, on_bar in self._bar_slots.get(subscription, ()):
            said = on_bar(bar, self.view)
            if said and slot.settings.schedule.decide_on is not DecideOn.INTERVAL:
                slot.due_row = row
                due = True
        return due


def _heeded(slot: Slot, callback: TickCallback) -> TickCallback:
    """The callback, or one that only sees where the strategy decides by bars or by the clock."""
    if slot.isolated:
        callback = _guarded(slot, callback)
    if slot.settings.schedule.decide_on is DecideOn.SIGNAL:
        return callback

    def seen(view: SymbolView) -> bool:
        callback(view)
        return False

    return seen


def _guarded(slot: Slot, callback: Callable[Seen, bool]) -> Callable[Seen, bool]:
    """The callback, until it raises: from then on the strategy sees nothing more, and its neighbours go on.

    What it has seen by then depends on the feed alone, and so does that it broke.
    """

    def guarded(*seen: Seen.args, **named: Seen.kwargs) -> bool:
        if slot.broken is not None:
            return False
        try:
            return callback(*seen, **named)
        except Exception as error:  # noqa: BLE001 — a strategy's own code, and not the only strategy here
            slot.broken = described(error)
            return True

    return guarded
