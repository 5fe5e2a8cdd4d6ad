"""One symbol's feed within an actor: it folds rows into the view and hands them to those strategies that look.

This is the path of a million quotes: callbacks that a strategy does not define are never called.
"""

from __future__ import annotations

from collections.abc import Callable

from actors.strategy.bars import Bar, BarBuilder, BarSource
from actors.strategy.slot import Slot
from actors.strategy.strategy import BarSubscription, Strategy
from actors.strategy.view import SymbolView

TickCallback = Callable[[SymbolView], bool]


class Lane:
    """The view of one symbol and the strategies on it, made anew (strategies included) with each `Lane`."""

    __slots__ = ("_bar_slots", "_builders", "_on_quote", "_on_trade", "slots", "view")

    def __init__(self, symbol: str, slots: tuple[Slot, ...]) -> None:
        self.view = SymbolView(symbol)
        self.slots = slots
        self._builders: dict[BarSubscription, BarBuilder] = {}
        self._bar_slots: dict[BarSubscription, list[Slot]] = {}
        for slot in slots:
            slot.view = self.view
            slot.strategy.on_start()
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
            (slot, getattr(slot.strategy, name))
            for slot in self.slots
            if getattr(type(slot.strategy), name) is not getattr(Strategy, name)
        )

    def quote(
        self, row: int, time: int, event_time: int, bid: float, bid_size: float, ask: float, ask_size: float
    ) -> bool:
        """Fold a quote; True when a strategy is due or the price is where a position has to be looked at."""
        view = self.view
        if not view.fold_quote(time, event_time, bid, bid_size, ask, ask_size):
            return False
        due = False
        if self._builders:
            due = self._build(row, time, BarSource.QUOTES, (bid + ask) * 0.5, 0.0)
        for slot, on_quote in self._on_quote:
            if on_quote(view):
                slot.due_row = row
                due = True
        for slot in self.slots:
            if slot.watched:
                price = bid if slot.watched > 0 else ask
                if price <= slot.low or price >= slot.high or time >= slot.hold_until:
                    due = True
        return due

    def trade(self, row: int, time: int, price: float, size: float, side: float) -> bool:
        """Fold a trade; True when a strategy is due."""
        view = self.view
        if not view.fold_trade(time, price, size, side):
            return False
        due = False
        if self._builders:
            due = self._build(row, time, BarSource.TRADES, price, size)
        for slot, on_trade in self._on_trade:
            if on_trade(view):
                slot.due_row = row
                due = True
        return due

    def feed_bar(self, row: int, bar: Bar) -> bool:
        """Hand on a bar that the feed made; True when a strategy is due."""
        return self._deliver(row, BarSubscription(BarSource.FEED, None), bar)

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
            if slot.strategy.on_bar(bar, self.view):
                slot.due_row = row
                due = True
        return due
