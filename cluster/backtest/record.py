"""What a backtest hands over when it is done: plain data, from which everything else is computed.

Nothing here is derived: fills and funding as the venues told them, prices as they were fed, counts as they were
counted. Two runs with equal records have equal reports.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

import msgspec
import numpy as np
import numpy.typing as npt

from messages.errors import DataProviderError
from messages.orders import Fill

Times = npt.NDArray[np.int64]
Values = npt.NDArray[np.float64]


class SymbolInfo(msgspec.Struct, frozen=True):
    """One instrument that was traded or could have been.

    `tick` in quote currency per base unit, `multiplier` in base units per unit of quantity, fees as fractions of
    the traded value (negative = rebate). One unit of the quote currency counts `rate` in base currency.
    """

    symbol: str
    venue: str
    quote_currency: str
    multiplier: Decimal
    tick: Decimal
    maker_fee: Decimal
    taker_fee: Decimal
    rate: Decimal = Decimal(1)

    @property
    def scale(self) -> Decimal:
        """What price x quantity is to be multiplied by to be worth base currency."""
        return self.multiplier * self.rate


class DataFile(msgspec.Struct, frozen=True):
    """One file that was read: its name without folder, the first 12 hex digits of its sha256, its rows and the
    times of the first and the last of them (ns UTC)."""

    name: str
    sha256: str
    rows: int
    first: int
    last: int


class FundingPayment(msgspec.Struct, frozen=True):
    """Funding of a perpetual: `amount` in base currency, positive when it was received.

    `strategy` is None where the payment can't be told apart between the strategies that hold the symbol.
    """

    time: int
    symbol: str
    strategy: str | None
    amount: Decimal


class OrderCounts(msgspec.Struct, frozen=True):
    """What became of intents and orders.

    `rejected` counts risk's rejections by reason code, `rejected_by_venue` orders that a venue refused;
    `partially_filled` counts orders that ended with a part of their quantity filled; `checks_per_intent` is the
    mean number of risk checks, None when there was no intent.
    """

    intents: int = 0
    approved: int = 0
    resized: int = 0
    rejected: dict[str, int] = {}
    placed: int = 0
    filled: int = 0
    partially_filled: int = 0
    cancelled: int = 0
    expired: int = 0
    rejected_by_venue: int = 0
    checks_per_intent: float | None = None


def in_base(
    amount: Decimal, currency: str, base_currency: str, rates: Mapping[str, Decimal]
) -> Decimal | None:
    """An amount of any currency in base currency; None when its currency has no rate."""
    if currency == base_currency:
        return amount
    rate = rates.get(currency)
    return None if rate is None else amount * rate


class RunRecord(msgspec.Struct, frozen=True):
    """All that the run loop hands over about one run.

    `starting_balances` by venue and currency; `start` and `end` in ns UTC; `fills` in the order they happened;
    `rows` counts market data rows, `decisions` decisions, `no_trades` decisions without an intent by reason;
    `fill_model` says in one sentence per venue how orders were filled. `rates` are what one unit of each other
    currency counts in base currency.
    """

    config_hash: str
    code_version: str
    seed: int
    name: str
    base_currency: str
    starting_balances: dict[str, dict[str, Decimal]]
    start: int
    end: int
    symbols: tuple[SymbolInfo, ...]
    files: tuple[DataFile, ...]
    fills: list[Fill]
    funding: list[FundingPayment]
    orders: OrderCounts
    rows: int
    decisions: int
    no_trades: dict[str, int]
    fill_model: dict[str, str]
    notes: tuple[str, ...]
    fingerprint: str
    rates: dict[str, Decimal] = {}


@dataclass(frozen=True, slots=True, eq=False)
class PriceSeries:
    """Every price of one symbol that the run saw: `times` in ns UTC, never decreasing, and the mids at them, in
    quote currency per base unit.

    Raises `DataProviderError` when the columns differ in length, the times decrease, or a mid is no price.
    """

    times: Times
    mids: Values

    def __post_init__(self) -> None:
        if len(self.times) != len(self.mids):
            raise DataProviderError(
                "the columns of a price series differ in length",
                field="prices",
                value=f"{len(self.times)} times, {len(self.mids)} mids",
                remedy="give one mid per time",
            )
        if len(self.times) and bool((self.times[1:] < self.times[:-1]).any()):
            raise DataProviderError(
                "the times of a price series decrease",
                field="prices",
                value=int(self.times[1:][self.times[1:] < self.times[:-1]][0]),
                remedy="give the prices in the order of their times",
            )
        wrong = ~(np.isfinite(self.mids) & (self.mids > 0))
        if bool(wrong.any()):
            raise DataProviderError(
                "a mid is no price",
                field="prices",
                value=float(self.mids[wrong][0]),
                remedy="leave out moments at which bid or ask is missing",
            )

    def __len__(self) -> int:
        return len(self.times)

    def last_before(self, times: Times) -> Values:
        """The last mid at or before each of `times`; nan where there is none yet."""
        if not len(self.times):
            return np.full(len(times), np.nan)
        index = np.searchsorted(self.times, times, side="right") - 1
        return np.where(index < 0, np.nan, self.mids[np.maximum(index, 0)])


Prices = Mapping[str, PriceSeries]
"""The prices by symbol."""

Arrivals = Mapping[str, tuple[float, float]]
"""Bid and ask of the quote that the decision was taken on, by intent id."""


class ReportSettings(msgspec.Struct, frozen=True):
    """How a run is judged.

    - `periods_per_year`: daily returns per year; 365 where every day trades, 252 for stocks.
    - `risk_free`: yearly rate that a return must exceed, a fraction.
    - `day_boundary`: time zone at whose midnight a day ends.
    - `points`: points of the equity curve, about.
    - `max_trades`: trades listed in the page; trades.csv has all of them.
    """

    periods_per_year: int = 365
    risk_free: float = 0.0
    day_boundary: str = "UTC"
    points: int = 2000
    max_trades: int = 500


DEFAULT_SETTINGS = ReportSettings()
"""Crypto: every day trades, days end at midnight UTC."""
