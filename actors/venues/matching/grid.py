"""An instrument in integers: prices as ticks, quantities as lots, value as ticks x lots.

Everything inside the engine is counted in them, so that matching is exact and fast; Decimals appear only in
commands, events and accounts. Market data are floats and are brought onto the grid here, never in our favour.
"""

from __future__ import annotations

from decimal import (
    ROUND_HALF_EVEN,
    Context,
    Decimal,
    DivisionByZero,
    Inexact,
    InvalidOperation,
    Overflow,
)

from actors.venues.matching.instruments import ONE, ZERO, Instrument
from actors.venues.matching.orders import UNKNOWN_QUEUE

EXACT = Context(prec=100, traps=[Inexact, InvalidOperation, DivisionByZero, Overflow])
"""For sums and products of money: too many digits raise, they are never rounded away. The thread's own decimal
context plays no part."""

ROUNDED = Context(prec=100, rounding=ROUND_HALF_EVEN, traps=[InvalidOperation, DivisionByZero, Overflow])
"""Where rounding is meant: fees and funding."""

FEE_QUANTUM = Decimal("1e-8")

NOISE = 1e-4
"""A market price within this part of a tick (a size within this part of a lot) is taken to be on it: what
binary fractions and unit conversion add is far smaller, real differences are far larger."""

_MOST_DIGITS = 30
_CACHE_SIZE = 1 << 16


class Grid:
    """Conversions of one instrument, and its minimums in lots and in tick-lots.

    `unit` is the value of one tick x lot in quote currency, `fee_factor` the highest fee, `cost_factor` 1 more: by it
    a notional becomes what it may cost.
    """

    __slots__ = (
        "_assumed",
        "_lots",
        "_prices",
        "cost_factor",
        "fee_factor",
        "instrument",
        "lot",
        "lots_per_unit",
        "min_lots",
        "min_value",
        "tick",
        "ticks_per_unit",
        "unit",
    )

    def __init__(self, instrument: Instrument) -> None:
        self.instrument = instrument
        self.tick = instrument.tick
        self.lot = instrument.lot
        self.unit = EXACT.multiply(EXACT.multiply(self.tick, self.lot), instrument.multiplier)
        self.fee_factor = max(ZERO, instrument.maker_fee, instrument.taker_fee)
        self.cost_factor = EXACT.add(ONE, self.fee_factor)
        self.min_lots = _count_up(instrument.min_quantity, self.lot)
        self.min_value = _count_up(instrument.min_notional, self.unit)
        self.ticks_per_unit = float(1 / self.tick)
        self.lots_per_unit = float(1 / self.lot)
        assumed = instrument.market.assumed_size
        self._assumed = UNKNOWN_QUEUE if assumed is None else float(assumed) * self.lots_per_unit
        self._prices: dict[int, Decimal] = {}
        self._lots: dict[int, Decimal] = {}

    def price(self, ticks: int) -> Decimal:
        """The price of that many ticks, exactly."""
        known = self._prices.get(ticks)
        if known is None:
            known = _remember(self._prices, ticks, EXACT.multiply(self.tick, ticks))
        return known

    def quantity(self, lots: int) -> Decimal:
        """The quantity of that many lots, exactly, in base units."""
        known = self._lots.get(lots)
        if known is None:
            known = _remember(self._lots, lots, EXACT.multiply(self.lot, lots))
        return known

    def value(self, tick_lots: int) -> Decimal:
        """The quote currency value of ticks x lots, exactly."""
        return EXACT.multiply(self.unit, tick_lots)

    def to_ticks(self, price: Decimal) -> int | None:
        """The price in ticks; None when it is not positive or not on the grid."""
        return _count(price, self.tick)

    def to_lots(self, quantity: Decimal) -> int | None:
        """The quantity in lots; None when it is not positive or not on the grid."""
        return _count(quantity, self.lot)

    def ticks_down(self, price: float) -> int | None:
        """A market price rounded down to ticks: what a bid is worth at least. None when there is no price."""
        scaled = price * self.ticks_per_unit
        return int(scaled + NOISE) if NOISE < scaled < 1e15 else None

    def ticks_up(self, price: float) -> int | None:
        """A market price rounded up to ticks: what an ask costs at most. None when there is no price."""
        scaled = price * self.ticks_per_unit
        return int(scaled + (1.0 - NOISE)) if NOISE < scaled < 1e15 else None

    def size(self, size: float) -> float:
        """A market size in lots, with its fraction. An unknown one (nan) is the assumed size or UNKNOWN_QUEUE."""
        if size != size:
            return self._assumed
        return size * self.lots_per_unit if size > 0.0 else 0.0


def whole(lots: float) -> int:
    """The whole lots in a market size."""
    return int(lots + NOISE)


def fee(notional: Decimal, ratio: Decimal) -> Decimal:
    """The fee on a notional, quantised to 8 digits (half to even); negative for a rebate."""
    return EXACT.multiply(notional, ratio).quantize(FEE_QUANTUM, context=ROUNDED)


def rounded_money(amount: Decimal) -> Decimal:
    """An amount of money quantised to 8 digits, half to even."""
    return amount.quantize(FEE_QUANTUM, context=ROUNDED)


def _count(amount: Decimal, step: Decimal) -> int | None:
    # The bound on digits keeps a hostile 1E+999999 from becoming a million-digit integer.
    if not amount.is_finite() or amount <= 0 or amount.adjusted() > _MOST_DIGITS:
        return None
    count, rest = EXACT.divmod(amount, step)
    return None if rest else int(count)


def _count_up(amount: Decimal, step: Decimal) -> int:
    count, rest = EXACT.divmod(amount, step)
    return int(count) + (1 if rest else 0)


def _remember(cache: dict[int, Decimal], key: int, value: Decimal) -> Decimal:
    if len(cache) >= _CACHE_SIZE:
        cache.clear()
    cache[key] = value
    return value
