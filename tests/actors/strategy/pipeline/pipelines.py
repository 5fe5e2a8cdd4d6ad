"""Pipelines for tests: models that say what they are told to, and a stage that plays minutes of trades."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from math import cos, sin

import numpy as np

from actors.strategy import Desk, Strategy
from actors.strategy.models import Calibration, InputMode, Target
from actors.strategy.pipeline.arrays import Floats
from actors.strategy.pipeline.memory import PipelineState
from actors.strategy.pipeline.strategy import Pipeline
from actors.strategy.settings import Instrument, StrategySettings
from actors.strategy.view import SymbolView
from messages.base import Message
from messages.market import TickKind
from tests.actors.strategy.stage import BTC, SECOND, START, Models, Stage, strategy

MINUTE = 60 * SECOND
HERE = "tests.actors.strategy.pipeline.pipelines"
OPEN_GATES: dict[str, object] = {
    "barrier": {"enabled": False},
    "chop": {"enabled": False},
    "churn": {"enabled": False},
}
"""All gates that ask for models or for patience are off."""
FREE: dict[str, object] = {"impact_weight": 0, "timing_weight": 0, "taker_fee_bps": 0.1}


class Wave(Pipeline):
    """Knows that prices go up and down in a wave."""

    def alpha(self, view: SymbolView) -> Mapping[str, float]:
        return {"5m": 0.004 * cos(phase(view.quote_time))}


class Lost(Pipeline):
    """Speaks of a horizon that it does not have."""

    def alpha(self, view: SymbolView) -> Mapping[str, float]:
        return {"7m": 0.1}


class Buys(Strategy):
    """A rule that buys at every quote."""

    def on_quote(self, view: SymbolView) -> bool:
        return True

    def decide(self, desk: Desk) -> None:
        desk.target(+1)


class Told:
    """A model that predicts a function of its first feature, the return of ten bars; `Model` in shape."""

    family = "python"
    target = Target.FORWARD_RETURN
    interval_minutes = 1
    input_mode: InputMode = "features"
    features = ("return_10",)
    sequence_length: int | None = None
    symbols: tuple[str, ...] | None = None
    cross_sectional = False

    def __init__(
        self,
        name: str = "told",
        horizon: str = "5m",
        factor: float = 1.0,
        calibration: Calibration | None = Calibration(0.004, 0.1, 0.01, 500, 10),  # noqa: B008 — frozen
        **changes: object,
    ) -> None:
        self.name, self.horizon, self.factor, self.calibration = name, horizon, factor, calibration
        for field, value in changes.items():
            setattr(self, field, value)

    def predict(self, inputs: Floats) -> Floats:
        """The last return times the factor; of a sequence the last close over the first."""
        if inputs.ndim == 3:
            return np.asarray(inputs[:, -1, 3] / inputs[:, 0, 3] - 1.0)
        return inputs[:, 0] * self.factor


class Certain(Told):
    """A barrier model that always says the same."""

    def __init__(self, target: Target, probability: float) -> None:
        super().__init__("barrier", calibration=None, target=target)
        self.probability = probability

    def predict(self, inputs: Floats) -> Floats:
        return np.full(len(inputs), self.probability)


def phase(time: int) -> float:
    """Where the wave is."""
    return (time - START) / MINUTE / 20


def price_at(minute: int, place: int = 0) -> float:
    """The price of that minute: a wave, a little of everything else, and another level for each symbol."""
    return (1_000.0 + 50.0 * sin(minute / 20) + (minute * 7919 % 13) * 0.3) * (1.0 + 0.1 * place)


def pipeline(
    kind: str = "pipeline", instrument: Instrument = BTC, group: bool = False, **parameters: object
) -> StrategySettings:
    """Settings of a pipeline on one-minute bars with a budget of 100,000."""
    chosen = {
        "interval": "1m",
        "horizons": ["5m"],
        "gates": OPEN_GATES,
        "costs": FREE,
        **parameters,
    }
    return strategy(
        kind if ":" in kind or kind == "pipeline" else f"{HERE}:{kind}",
        "flow",
        instrument=instrument,
        parameters=chosen,
        budget=Decimal(100_000),
        group=group,
    )


class Minutes(Stage):
    """A stage of pipelines. Replays are compared when asked, not at every step: minutes are many."""

    def __init__(
        self, *strategies: StrategySettings, models: Sequence[object] = (), **changes: object
    ) -> None:
        given: Models = {"flow": tuple(models)}  # type: ignore[arg-type]
        self.checks = False
        super().__init__(*strategies, models=given, **changes)
        self.symbols = list(self.actor._lanes)
        self.price_at: Callable[[int, int], float] = price_at

    def check_replay(self) -> None:
        if self.checks:
            super().check_replay()

    def play(self, minutes: range, *, fills: bool = True) -> None:
        """Quote and trade each symbol every minute; orders are filled at once at the price."""
        for minute in minutes:
            self.minute(minute)
            if fills:
                self.fill_open(minute)

    def minute(self, minute: int) -> None:
        """A quote and a trade of each symbol, a second after the minute began."""
        for place, symbol in enumerate(self.symbols):
            price = self.price_at(minute, place)
            start = START + minute * MINUTE + SECOND + place
            self.wait(max(start - self.now, 0))
            self.row(symbol, TickKind.QUOTE, self.now, price, 1.0, price + 0.1, 1.0, float("nan"))
            self.row(symbol, TickKind.TRADE, self.now, price, 2.0, 1.0, float("nan"), float("nan"))

    def fill_open(self, minute: int) -> None:
        """Fill whatever is open."""
        for place, symbol in enumerate(self.symbols):
            for intent_id in tuple(self.state("flow", symbol).intents):
                self.fill_all(intent_id, price=round(self.price_at(minute, place), 2))

    def of(self, kind: type[Message]) -> list[Message]:
        """The journalled events of one type."""
        return [each for each in self.journal if isinstance(each, kind)]


def learned(stage: Minutes) -> PipelineState:
    """What the pipeline of the stage knows."""
    found = stage.actor.state.learned["flow"]
    assert isinstance(found, PipelineState)
    return found
