"""Settings of the outside: venues, the instruments listed there and the feed of their prices."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from config.duration import HOUR, MILLISECOND, SECOND, Duration, PositiveDuration
from config.ratio import PositiveShare, Ratio, Share, SignalRatio, SignedRatio
from config.schema.base import (
    ByKind,
    Contradiction,
    Count,
    Currency,
    EntryName,
    Money,
    Port,
    PositiveCount,
    PositiveMoney,
    Settings,
    Symbol,
    SymbolChoice,
    Text,
)


class FeeSettings(Settings):
    """What a venue takes of each fill's value."""

    maker: SignedRatio = Field(
        default=Decimal("0.0002"), description="Fee on passive fills; negative is a rebate."
    )
    taker: Ratio = Field(default=Decimal("0.0004"), description="Fee on fills that take liquidity.")


class FillSettings(Settings):
    """How a paper venue decides that an order is filled."""

    market: Literal["top", "depth", "trades", "bars"] = Field(
        default="top",
        description="What stands for the market: the best bid and ask, the book's depth, the trades, or bars; "
        "`docs/reference.md` says what each fills.",
    )
    queue_position: bool = Field(
        default=True, description="Whether a passive order waits for the size that was displayed before it."
    )
    slippage: Ratio = Field(
        default=Decimal("0.0001"),
        description="Price given up for each further displayed size that an order takes beyond the best; by bars, "
        "for all that it takes.",
    )
    max_participation: PositiveShare | None = Field(
        default=Decimal(1),
        description="Part of a bar's volume that all orders of the venue in it may fill; null for no bound, also "
        "where the volume is not known.",
    )


class FaultSettings(Settings):
    """Misbehaviour that a paper venue shows on purpose; all off by default."""

    late_ratio: Share = Field(default=Decimal(0), description="Part of the answers that are late.")
    late_by: Duration = Field(default=2 * SECOND, description="How late those answers are.")
    duplicate_ratio: Share = Field(default=Decimal(0), description="Part of the answers that are sent twice.")
    drop_ratio: Share = Field(default=Decimal(0), description="Part of the answers that are never sent.")
    seed: Count = Field(default=7, description="Seed that chooses which answers.")


class FundingSettings(Settings):
    """What positions at a paper venue pay each other as perpetuals do: longs a positive rate, shorts a negative one."""

    rate: SignedRatio = Field(
        default=Decimal(0), description="Part of a position's value that is due each time; 0 for none."
    )
    interval: PositiveDuration = Field(
        default=8 * HOUR, description="Time between payments, counted from midnight UTC."
    )
    symbols: SymbolChoice = Field(
        default="all", description="The symbols of the venue that pay it: a list, or all."
    )

    def contradictions(self) -> Iterator[Contradiction]:
        if abs(self.rate) >= 1:
            yield Contradiction(("rate",), self.rate, "is the whole value or more", "write 1bps or 0.01%")


class PaperVenueSettings(Settings):
    """A venue that fills on paper: a process of the desk's own with its own store."""

    kind: Literal["paper"] = Field(description="What the venue is; paper fills orders against the feed.")
    starting_balances: Mapping[Currency, Money] = Field(
        min_length=1, description="Balances the account is opened with, by currency."
    )
    fees: FeeSettings = Field(default=FeeSettings(), description="Fees by liquidity.")
    fill: FillSettings = Field(default=FillSettings(), description="When orders are filled.")
    funding: FundingSettings = Field(
        default=FundingSettings(), description="What holding a position costs or brings at fixed times."
    )
    faults: FaultSettings = Field(default=FaultSettings(), description="Misbehaviour on purpose.")
    latency_order: Duration = Field(
        default=5 * MILLISECOND,
        description="Time from a request being sent to its arrival at the matching engine.",
    )
    latency_report: Duration = Field(
        default=5 * MILLISECOND,
        description="Time from an event in the matching engine to its report's arrival.",
    )
    allow_short: bool = Field(default=True, description="Whether positions may be negative.")
    initial_margin: Share = Field(
        default=Decimal("0.1"), description="Part of an order's value that must be free on the account."
    )
    order_ttl: PositiveDuration | None = Field(
        default=None, description="Time to live of resting orders that name none; null lets them rest."
    )
    read_only: bool = Field(
        default=False, description="Whether placing and cancelling stop before the socket."
    )
    host: Text = Field(default="127.0.0.1", description="Address that the venue listens on.")
    port: Port | None = Field(default=None, description="Port of the venue; null chooses a free one.")


VENUE_KINDS: Mapping[str, type[Settings]] = {"paper": PaperVenueSettings}
"""Every kind of venue and its settings; a further kind is one more row."""

VenueSettings = Annotated[PaperVenueSettings, ByKind(VENUE_KINDS)]


class SymbolSettings(Settings):
    """One instrument: where it is traded, under which name, and in which steps."""

    venue: EntryName = Field(description="Venue that trades it; one of venues.")
    listing: Text = Field(description="The venue's own name of it, such as BTCUSDT.")
    tick: PositiveMoney = Field(description="Smallest step of the price.")
    lot: PositiveMoney = Field(description="Smallest step of the quantity.")
    min_quantity: Money = Field(default=Decimal(0), description="Smallest quantity of an order.")
    max_quantity: PositiveMoney | None = Field(
        default=None, description="Largest quantity of an order; null for no bound."
    )
    min_notional: Money = Field(
        default=Decimal(0), description="Smallest value of an order, in quote currency."
    )
    multiplier: PositiveMoney = Field(
        default=Decimal(1), description="Units of the base per unit of quantity."
    )

    def contradictions(self) -> Iterator[Contradiction]:
        bounds = (("min_quantity", self.min_quantity), ("max_quantity", self.max_quantity))
        for name, quantity in bounds:
            if quantity is not None and quantity % self.lot != 0:
                yield Contradiction(
                    (name,), quantity, f"is not a multiple of the lot {self.lot}", "round it to whole lots"
                )
        if self.max_quantity is not None and self.max_quantity < self.min_quantity:
            yield Contradiction(
                ("max_quantity",),
                self.max_quantity,
                "is below min_quantity",
                "raise it or lower min_quantity",
            )


def _speed(value: object) -> object:
    if isinstance(value, str) and value in ("max", "lockstep"):
        return value
    # `4x` is how people say it; `4` arrives as text from flags and the environment
    factor = str(value).removesuffix("x")
    if isinstance(value, bool) or _FACTOR.fullmatch(factor) is None or float(factor) == 0:
        raise ValueError("must be a factor above zero such as 1 or 10, max, or lockstep")
    return float(factor)


_FACTOR = re.compile(r"\d{1,6}(\.\d{1,6})?", re.ASCII)

Speed = Annotated[float | Literal["max", "lockstep"], BeforeValidator(_speed)]
"""How fast a recording is played: a factor, as fast as the desk can, or one actor's step at a time."""


class SyntheticSettings(Settings):
    """The seeded market of feed mode synthetic."""

    seed: Count = Field(default=7, description="Seed of the market; the same seed gives the same prices.")
    duration: PositiveDuration | None = Field(
        default=60 * SECOND,
        description="Length of the market in desk time; null goes on until the desk is stopped.",
    )
    start_prices: Mapping[Symbol, PositiveMoney] = Field(
        default_factory=dict, description="First price by symbol; required for each symbol in mode synthetic."
    )
    volatility: SignalRatio = Field(
        default=0.0002,
        ge=0,
        le=0.1,
        description="Standard deviation of the relative price move over one second.",
    )
    spread_ticks: PositiveCount = Field(default=1, description="Usual distance of bid and ask, in ticks.")
    quotes_per_second: PositiveCount = Field(
        default=20, le=100_000, description="Quotes per symbol and second."
    )


class FeedSettings(Settings):
    """Where prices come from and how fast."""

    mode: Literal["recorded", "synthetic"] = Field(
        default="recorded",
        description="recorded plays files given at start, synthetic makes a market from a seed.",
    )
    speed: Speed = Field(
        default=1.0,
        description="A factor such as 1 or 10, max for as fast as possible, lockstep for reproducible runs.",
    )
    slice: PositiveDuration = Field(
        default=100 * MILLISECOND, description="Span of desk time that a replay grants to all actors at once."
    )
    max_quote_age: PositiveDuration = Field(
        default=5 * SECOND, description="Age at which a quote is too old to decide on, by the venue's clock."
    )
    bar_time: Literal["auto", "open", "close"] = Field(
        default="auto",
        description="What the time of a recorded bar means; auto goes by the name of its column.",
    )
    one_sided: Literal["absent", "carry"] = Field(
        default="carry",
        description="What a recorded quote of one side says of the other: it is absent, or it is what it was.",
    )
    synthetic: SyntheticSettings = Field(
        default=SyntheticSettings(), description="The market of mode synthetic."
    )
