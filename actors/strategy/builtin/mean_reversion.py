"""Mean reversion: trade against a price that is unusually far from its recent mean, back to it."""

from __future__ import annotations

from math import log
from typing import TYPE_CHECKING, Self

from pydantic import Field, model_validator

from actors.strategy.builtin.statistics import Away, RollingSamples
from actors.strategy.strategy import Strategy, StrategyParameters
from actors.strategy.view import SymbolView
from config.duration import MINUTE, PositiveDuration
from config.ratio import SignalRatio

if TYPE_CHECKING:
    from actors.strategy.desk import Desk


class ReversionParameters(StrategyParameters):
    """Samples are taken every `sampling_interval`; the mean and deviation are of the `lookback` samples before."""

    sampling_interval: PositiveDuration = Field(MINUTE, description="Time between samples of the mid price.")
    lookback: int = Field(60, ge=2, le=10_000, description="Samples that the mean and deviation are of.")
    entry: float = Field(2.0, gt=0, description="Deviations from the mean at which it enters.")
    leave: float = Field(0.5, ge=0, description="Deviations from the mean at which it leaves.")
    give_up: float = Field(
        4.0, gt=0, description="Deviations at which it leaves with a loss, until the mean has caught up."
    )
    least: SignalRatio = Field(
        0.002, ge=0, description="Least distance from the mean to enter; what a round trip costs must fit in."
    )

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if not self.leave < self.entry < self.give_up:
            raise ValueError(
                f"leave ({self.leave}) must be below entry ({self.entry}), and that below give_up ({self.give_up})"
            )
        return self


class ReversionSignal:
    """Which side of a figure to be on: +1 when it is far below its mean, -1 far above, 0 near it or given up."""

    __slots__ = ("_given_up", "_parameters", "_samples", "away", "direction")

    def __init__(self, parameters: ReversionParameters) -> None:
        self._parameters = parameters
        self._samples = RollingSamples(parameters.lookback)
        self._given_up = False
        self.direction = 0
        self.away: Away | None = None

    def update(self, price: float) -> bool:
        """Fold the next sample of a price (or ratio of prices); True when the wanted side changes."""
        away = self.away = self._samples.push(log(price))
        before = self.direction
        if away is not None:
            self.direction = self._side(away, before)
        return self.direction != before

    def _side(self, away: Away, held: int) -> int:
        chosen, size = self._parameters, abs(away.score)
        if size <= chosen.leave:
            self._given_up = False
            return 0
        if size >= chosen.give_up:
            self._given_up = True
        if self._given_up:
            return 0
        against = -1 if away.score > 0.0 else 1
        if held == -against:
            held = 0  # it went through the mean between two samples
        return against if size >= chosen.entry and abs(away.distance) >= chosen.least else held


class MeanReversion(Strategy):
    """Sells a price that is unusually high and buys one that is unusually low, until it is back near its mean.

    It bets that moves without news fade. It loses in a trend: each step away looks like a better price, until
    `give_up` closes the position at its worst. Costs are paid for small gains, so that `least` matters more than it
    looks.
    """

    class Parameters(ReversionParameters):
        """As the base, and whether it sells short."""

        allow_short: bool = Field(
            True, description="Whether an unusually high price goes short or only closes."
        )

    parameters: Parameters

    def on_start(self) -> None:
        self.signal = ReversionSignal(self.parameters)
        self._next_sample = 0

    @property
    def direction(self) -> int:
        """The side it wants to be on."""
        return self.signal.direction if self.parameters.allow_short else max(self.signal.direction, 0)

    def on_quote(self, view: SymbolView) -> bool:
        time = view.quote_time
        if time < self._next_sample:
            return False
        interval = self.parameters.sampling_interval
        self._next_sample = time - time % interval + interval
        return self.signal.update((view.bid + view.ask) * 0.5)

    def decide(self, desk: Desk) -> None:
        away = self.signal.away
        if away is not None:
            desk.explain(score=away.score, distance=away.distance)
        desk.target(self.direction)
