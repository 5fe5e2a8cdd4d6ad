"""Round trips: which fills closed which, what they made, and how far the market went against and for them.

Each strategy's fills in each symbol are paired on their own. A trade is what one closing order closed: fills of one
order are one leg, a partial close is a trade of its own, and a fill that goes through flat closes one position and
opens the next, its fee split by quantity. `average` closes at the mean price of the whole position (entry time: when
it left flat); `fifo` closes the oldest lots first, one trade per entry order and closing order.

Amounts are exact: what a partial close releases is rounded to `QUANTUM` and the rest stays, so that all trades and
open positions add up to the fills. Funding belongs to positions over time and is told in the attribution.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Hashable, Iterable, Sequence
from decimal import ROUND_HALF_EVEN, Decimal
from enum import StrEnum
from typing import Literal

import msgspec
import numpy as np

from cluster.backtest.equity import last_price, symbols_of
from cluster.backtest.extremes import RangeExtremes
from cluster.backtest.record import Prices, PriceSeries, RunRecord, in_base
from messages.intents import Side
from messages.orders import Fill

QUANTUM = Decimal("0.000000000001")
ZERO = Decimal(0)

Direction = Literal["long", "short"]


class Matching(StrEnum):
    """Which entries a closing fill closes."""

    AVERAGE = "average"
    FIFO = "fifo"


class Trade(msgspec.Struct, frozen=True):
    """One round trip. Times ns UTC, prices in quote currency per base unit, money in base currency.

    `value` is what was entered with (price x quantity x multiplier x rate); `gross` the profit before fees, `net` after
    those in base currency. `mae` and `mfe` are the largest loss (<= 0) and profit (>= 0) the trade had shown at a
    mid while it was open, or at its exit.
    """

    strategy: str
    symbol: str
    side: Direction
    quantity: Decimal
    entry_time: int
    exit_time: int
    entry_price: Decimal
    exit_price: Decimal
    value: Decimal
    gross: Decimal
    fees: Decimal
    net: Decimal
    mae: float
    mfe: float
    entry_intent: str
    exit_intent: str

    @property
    def holding(self) -> int:
        """How long it was held, ns."""
        return self.exit_time - self.entry_time


class OpenPosition(msgspec.Struct, frozen=True):
    """What a strategy still held at the end: entry as in `Trade`, `unrealised` profit at the last mid before fees,
    `fees` those of its entry."""

    strategy: str
    symbol: str
    side: Direction
    quantity: Decimal
    entry_time: int
    entry_price: Decimal
    last_price: Decimal
    unrealised: Decimal
    fees: Decimal


class RoundTrips(msgspec.Struct, frozen=True):
    """All trades in the order of their exits, and what was left open."""

    trades: tuple[Trade, ...]
    open: tuple[OpenPosition, ...]


def round_trips(record: RunRecord, prices: Prices, matching: Matching = Matching.AVERAGE) -> RoundTrips:
    """Pair the fills of a run. Raises `InvariantError` when the record contradicts itself (`symbols_of`)."""
    symbols = symbols_of(record)
    books: dict[tuple[str, str], _Book] = {}
    drafts: list[_Draft] = []
    for fill in sorted(record.fills, key=lambda each: each.event_time):
        key = (fill.strategy, fill.symbol)
        book = books.get(key)
        if book is None:
            book = books[key] = _Book(symbols[fill.symbol].scale, matching, drafts)
        fee = in_base(fill.fee, fill.fee_currency, record.base_currency, record.rates)
        book.take(fill, ZERO if fee is None else fee)
    drafts.sort(key=lambda draft: draft.exit_time)
    excursions = _excursions(drafts, prices)
    trades = tuple(draft.trade(*each) for draft, each in zip(drafts, excursions, strict=True))
    still_open = (book.left(prices) for _, book in sorted(books.items()))
    return RoundTrips(trades, tuple(each for each in still_open if each is not None))


class _Lot:
    """A quantity that was entered, and what is left of it. `key` says which trades its parts belong to."""

    __slots__ = ("fees", "intent", "key", "quantity", "time", "value")

    def __init__(self, fill: Fill, quantity: Decimal, fee: Decimal, key: Hashable) -> None:
        self.key, self.intent, self.time = key, fill.intent_id, fill.event_time
        self.quantity, self.value, self.fees = quantity, fill.price * quantity, fee

    def release(self, part: Decimal) -> tuple[Decimal, Decimal]:
        """Take `part` out: its value and its share of the fees."""
        if part == self.quantity:
            value, fees = self.value, self.fees
        else:
            value, fees = _share(self.value, part, self.quantity), _share(self.fees, part, self.quantity)
        self.quantity -= part
        self.value -= value
        self.fees -= fees
        return value, fees


class _Draft:
    """A trade that the fills of one closing order still add to. `scale` is multiplier x rate."""

    __slots__ = (
        "entry_intent",
        "entry_time",
        "entry_value",
        "exit_intent",
        "exit_time",
        "exit_value",
        "fees",
        "quantity",
        "scale",
        "sign",
        "strategy",
        "symbol",
    )

    def __init__(self, fill: Fill, lot: _Lot, scale: Decimal) -> None:
        self.strategy, self.symbol, self.sign = fill.strategy, fill.symbol, -fill.side.sign
        self.entry_intent, self.exit_intent = lot.intent, fill.intent_id
        self.entry_time, self.exit_time = lot.time, fill.event_time
        self.quantity = self.entry_value = self.exit_value = self.fees = ZERO
        self.scale = scale

    @property
    def entry_price(self) -> Decimal:
        return self.entry_value / self.quantity

    @property
    def exit_price(self) -> Decimal:
        return self.exit_value / self.quantity

    def trade(self, mae: float, mfe: float) -> Trade:
        gross = self.sign * (self.exit_value - self.entry_value) * self.scale
        return Trade(
            strategy=self.strategy,
            symbol=self.symbol,
            side=_direction(self.sign),
            quantity=self.quantity,
            entry_time=self.entry_time,
            exit_time=self.exit_time,
            entry_price=_rounded(self.entry_price),
            exit_price=_rounded(self.exit_price),
            value=self.entry_value * self.scale,
            gross=gross,
            fees=self.fees,
            net=gross - self.fees,
            mae=mae,
            mfe=mfe,
            entry_intent=self.entry_intent,
            exit_intent=self.exit_intent,
        )


class _Book:
    """What one strategy holds in one symbol."""

    def __init__(self, scale: Decimal, matching: Matching, drafts: list[_Draft]) -> None:
        self._scale, self._matching, self._drafts = scale, matching, drafts
        self._side, self._lots = Side.BUY, deque[_Lot]()
        self._episode = 0
        self._closing: dict[tuple[Hashable, str], _Draft] = {}
        self._owner: tuple[str, str] = ("", "")

    def take(self, fill: Fill, fee: Decimal) -> None:
        """Close what the fill closes, then open with the rest of it."""
        self._owner = (fill.strategy, fill.symbol)
        rest, rest_fee = fill.quantity, fee
        while rest and self._lots and fill.side is not self._side:
            lot = self._lots[0]
            part = min(lot.quantity, rest)
            part_fee = rest_fee if part == rest else _share(rest_fee, part, rest)
            self._close(fill, lot, part, part_fee)
            rest, rest_fee = rest - part, rest_fee - part_fee
            if not lot.quantity:
                self._lots.popleft()
        if rest:
            self._open(fill, rest, rest_fee)

    def left(self, prices: Prices) -> OpenPosition | None:
        """What is still held."""
        quantity = sum((lot.quantity for lot in self._lots), ZERO)
        strategy, symbol = self._owner
        last = last_price(prices.get(symbol))
        if not quantity or last is None:
            return None
        value = sum((lot.value for lot in self._lots), ZERO)
        return OpenPosition(
            strategy=strategy,
            symbol=symbol,
            side=_direction(self._side.sign),
            quantity=quantity,
            entry_time=self._lots[0].time,
            entry_price=_rounded(value / quantity),
            last_price=last,
            unrealised=self._side.sign * (last * quantity - value) * self._scale,
            fees=sum((lot.fees for lot in self._lots), ZERO),
        )

    def _open(self, fill: Fill, quantity: Decimal, fee: Decimal) -> None:
        if not self._lots:
            self._side, self._episode = fill.side, self._episode + 1
            self._closing = {}
        elif self._matching is Matching.AVERAGE:
            whole = self._lots[0]
            whole.quantity += quantity
            whole.value += fill.price * quantity
            whole.fees += fee
            return
        key = self._episode if self._matching is Matching.AVERAGE else (self._episode, fill.intent_id)
        self._lots.append(_Lot(fill, quantity, fee, key))

    def _close(self, fill: Fill, lot: _Lot, part: Decimal, fee: Decimal) -> None:
        draft = self._closing.get((lot.key, fill.intent_id))
        if draft is None:
            draft = self._closing[lot.key, fill.intent_id] = _Draft(fill, lot, self._scale)
            self._drafts.append(draft)
        value, entry_fees = lot.release(part)
        draft.quantity += part
        draft.entry_value += value
        draft.exit_value += fill.price * part
        draft.fees += entry_fees + fee
        draft.exit_time = fill.event_time


def _excursions(drafts: Sequence[_Draft], prices: Prices) -> Iterable[tuple[float, float]]:
    """Largest loss and profit of each trade while it was open."""
    worst, best = np.zeros(len(drafts)), np.zeros(len(drafts))
    by_symbol: dict[str, list[int]] = {}
    for index, draft in enumerate(drafts):
        by_symbol.setdefault(draft.symbol, []).append(index)
    for symbol, indices in by_symbol.items():
        chosen = np.array(indices, np.int64)
        series = prices.get(symbol) or PriceSeries(np.empty(0, np.int64), np.empty(0))
        worst[chosen], best[chosen] = _excursions_of([drafts[index] for index in indices], series)
    return zip(worst.tolist(), best.tolist(), strict=True)


def _excursions_of(drafts: Sequence[_Draft], series: PriceSeries) -> tuple[np.ndarray, np.ndarray]:
    start = np.searchsorted(series.times, np.array([each.entry_time for each in drafts]), side="left")
    stop = np.searchsorted(series.times, np.array([each.exit_time for each in drafts]), side="right")
    entry = np.array([float(each.entry_price) for each in drafts])
    exits = np.array([float(each.exit_price) for each in drafts])
    sign = np.array([each.sign for each in drafts])
    size = np.array([float(each.quantity * each.scale) for each in drafts])
    ranges = RangeExtremes(series.mids)
    low, high = np.minimum(ranges.lowest(start, stop), exits), np.maximum(ranges.highest(start, stop), exits)
    down, up = (low - entry) * size, (high - entry) * size
    worst, best = np.where(sign > 0, down, -up), np.where(sign > 0, up, -down)
    return np.minimum(worst, 0.0), np.maximum(best, 0.0)


def _direction(sign: int) -> Direction:
    return "long" if sign > 0 else "short"


def _share(amount: Decimal, part: Decimal, whole: Decimal) -> Decimal:
    return (amount * part / whole).quantize(QUANTUM, ROUND_HALF_EVEN)


def _rounded(price: Decimal) -> Decimal:
    return price.quantize(QUANTUM, ROUND_HALF_EVEN).normalize()
