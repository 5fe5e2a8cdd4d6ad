"""Settings of the market: the instruments, where they are listed, and the feed of their prices."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from config.duration import HOUR, MILLISECOND, SECOND, Duration, PositiveDuration
from config.ratio import SignalRatio
from config.schema.base import (
    Contradiction,
    Count,
    EntryName,
    Money,
    PositiveCount,
    PositiveMoney,
    Settings,
    Symbol,
    Text,
)


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
    converts: bool = Field(
        default=False,
        description="Whether trading it exchanges cash of its base for cash of its quote and makes no position; paper "
        "venues only.",
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

    mode: Literal["recorded", "synthetic", "auto", "stream", "poll"] = Field(
        default="recorded",
        description="recorded plays files given at start, synthetic makes a market from a seed; the others take the "
        "venues' live prices: stream by WebSocket, poll by requests, auto by what works.",
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
    poll_interval: PositiveDuration = Field(
        default=1 * SECOND,
        description="Time between requests for prices where they are polled; it is jittered.",
    )
    idle_timeout: PositiveDuration = Field(
        default=30 * SECOND, description="Silence after which a stream is taken for dead."
    )
    clock_bound: PositiveDuration = Field(
        default=1 * SECOND,
        description="Largest difference of the venue's clock at which its quotes are believed.",
    )
    warm_up: Duration = Field(
        default=1 * HOUR,
        description="Span of the venue's bars that a strategy has seen when it begins, more where a pipeline needs "
        "more; 0s for none.",
    )
    bar_interval: PositiveDuration | None = Field(
        default=None,
        description="Length of the bars that live prices bring to strategies that subscribe to the feed's own; null "
        "for none.",
    )
    volume_max_age: PositiveDuration = Field(
        default=6 * HOUR, description="Age at which an average daily volume is asked for again."
    )
    synthetic: SyntheticSettings = Field(
        default=SyntheticSettings(), description="The market of mode synthetic."
    )

    @property
    def live(self) -> bool:
        """Whether prices come from the venues as they happen."""
        return self.mode in ("auto", "stream", "poll")
