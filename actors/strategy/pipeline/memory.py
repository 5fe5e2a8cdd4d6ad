"""What a pipeline knows from its own past: the scale of predictions, what became of them, what its trades paid.

It changes by the events of `messages.learning` alone, each a function of this state and of what the event holds, so
that a replay ends with the same bits. The state is plain, and of a size fixed by its axes, whatever it has seen.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import msgspec
import numpy as np

from actors.strategy.pipeline.arbitration import horizon_preference
from actors.strategy.pipeline.arrays import Floats
from actors.strategy.pipeline.blending import BlendSettings
from actors.strategy.pipeline.correlation import Correlations
from actors.strategy.pipeline.horizons import Horizon
from actors.strategy.pipeline.learning import bandit, returns, rewards, sizes
from actors.strategy.pipeline.learning.bandit import BanditSettings, BanditState
from actors.strategy.pipeline.learning.returns import ReturnsSettings, ReturnsState
from actors.strategy.pipeline.learning.rewards import RewardSettings, Trade
from actors.strategy.pipeline.learning.sizes import SizerState
from actors.strategy.pipeline.prediction import PredictionSettings, Standardiser, Standing, standing
from actors.strategy.pipeline.rings import RingsState
from messages.base import Message
from messages.codec import from_plain
from messages.learning import (
    FillLearned,
    LearningBegan,
    PlanAdopted,
    PredictionsKept,
    PredictionsMade,
    ReturnsRealised,
    RewardBooked,
    SizerTaught,
)

Figures = dict[str, int | float]

_SETTINGS: dict[str, type[msgspec.Struct]] = {
    "prediction": PredictionSettings,
    "returns": ReturnsSettings,
    "bandit": BanditSettings,
    "rewards": RewardSettings,
}


class LearningSettings(msgspec.Struct, frozen=True):
    """All that the memory depends on besides its events; `history` rows of scores tell how alike models are."""

    prediction: PredictionSettings = PredictionSettings()
    returns: ReturnsSettings = ReturnsSettings()
    bandit: BanditSettings = BanditSettings()
    rewards: RewardSettings = RewardSettings()
    history: int = BlendSettings().history

    def figures(self) -> Figures:
        """As numbers by name, for the event that fixes them."""
        found: Figures = {"history": self.history}
        for part in _SETTINGS:
            for name, value in msgspec.structs.asdict(getattr(self, part)).items():
                found[f"{part}.{name}"] = value
        return found

    @classmethod
    def of_figures(cls, figures: Figures) -> LearningSettings:
        """The settings of these numbers; a name that is missing has its default, one that is unknown is left out."""
        parts: dict[str, Any] = {}
        for part, kind in _SETTINGS.items():
            known = {
                name: figures[f"{part}.{name}"]
                for name in kind.__struct_fields__
                if f"{part}.{name}" in figures
            }
            parts[part] = kind(**known)
        return cls(**parts, history=int(figures.get("history", cls().history)))


class Adopted(msgspec.Struct, frozen=True):
    """The decision that a symbol's position follows: its horizon, and the models' shares in it."""

    horizon: str
    shares: dict[str, float]
    time: int


class Learned(NamedTuple):
    """What closed trades say: weights of the `models` float64[S,M,H], the `share` of the say that they have float64[S],
    and what scores of horizons count for, float64[S,H]; see `arbitration.horizon_preference`."""

    models: Floats
    share: Floats
    preference: Floats


class PipelineState(msgspec.Struct):
    """Everything, as snapshots store it.

    Axes are `symbols`, `models`, `horizons` (of `minutes`). `z` and `raw` are float64[S,M,H], the last word of each
    model, said on bars that ended at `bars` (ns UTC, 0 for never); `closed_at` is when a symbol's position was closed
    last. `predictions` counts how often models were asked.
    """

    symbols: list[str]
    models: list[str]
    horizons: list[str]
    minutes: list[int]
    ranked: list[bool]
    figures: Figures
    z: bytes
    raw: bytes
    bars: list[int]
    scale: RingsState
    agreement: RingsState
    returns: ReturnsState
    bandit: BanditState
    trades: dict[str, Trade] = {}
    adopted: dict[str, Adopted] = {}
    closed_at: dict[str, int] = {}
    predictions: int = 0
    sizer: SizerState | None = None


class PipelineMemory:
    """The state, and what is kept at hand of it so that an event costs no decoding."""

    __slots__ = ("_correlations", "_learned", "_standardiser", "_statistics", "settings", "state")

    def __init__(self, state: PipelineState) -> None:
        self.state = state
        self.settings = LearningSettings.of_figures(state.figures)
        self._standardiser = Standardiser.from_state(state.scale, self.settings.prediction)
        self._correlations = Correlations.from_state(state.agreement)
        # to encode both at each prediction would cost more than the prediction's place in the memory
        state.scale, state.agreement = self._standardiser.live(), self._correlations.live()
        self._statistics: tuple[tuple[int, bytes], tuple[returns.Statistics, Standing]] | None = None
        self._learned: Learned | None = None

    @classmethod
    def restored(cls, stored: object) -> PipelineMemory:
        """The memory of a state, or of what a snapshot made of one. Raises `MessageFieldError`."""
        if not isinstance(stored, PipelineState):
            stored = from_plain(stored, PipelineState, where="learned")
        return cls(stored)

    @classmethod
    def begun(cls, event: LearningBegan, before: PipelineMemory | None) -> PipelineMemory:
        """The memory that follows from the event: empty, or what `before` knows of the axes that stay."""
        if before is None:
            return cls(_empty(event))
        return cls(_carried(event, before))

    # reading

    @property
    def shape(self) -> tuple[int, int, int]:
        """How many symbols, models and horizons."""
        return len(self.state.symbols), len(self.state.models), len(self.state.horizons)

    @property
    def z(self) -> Floats:
        """float64[S,M,H]: the standardised last words."""
        return np.frombuffer(self.state.z, dtype="<f8").reshape(self.shape)

    @property
    def raw(self) -> Floats:
        """float64[S,M,H]: the last words as the models said them."""
        return np.frombuffer(self.state.raw, dtype="<f8").reshape(self.shape)

    @property
    def correlations(self) -> Correlations:
        """How alike the models predict."""
        return self._correlations

    def statistics(self, prior_slope: Floats) -> tuple[returns.Statistics, Standing]:
        """What is known of every model; `prior_slope` float64[M,H] is what their manifests say, NaN for nothing."""
        key = self.state.returns.updates, prior_slope.tobytes()
        if self._statistics is None or self._statistics[0] != key:
            made = returns.statistics(self.state.returns, self.settings.returns, prior_slope)
            proven = standing(made.ic, made.rmse, self.settings.prediction)
            self._statistics = key, (made, proven)
        return self._statistics[1]

    @property
    def learned(self) -> Learned:
        """What the closed trades say by now."""
        if self._learned is None:
            state = self.state.bandit
            share = bandit.learned_shares(state, self.settings.bandit)
            preference = horizon_preference(bandit.horizon_weights(state), share)
            self._learned = Learned(bandit.model_weights(state), share, preference)
        return self._learned

    def sizer_knows(self, sizer: str, columns: int) -> Floats:
        """float64[S,columns]: what this sizer has learned of each symbol."""
        return sizes.known(self.state.sizer, sizer, self.state.symbols, columns)

    def sizer_trades(self, sizer: str | None, symbol: str) -> int:
        """Of how many closed trades of the symbol this sizer has heard."""
        state = self.state.sizer
        return 0 if state is None or state.name != sizer else state.trades.get(symbol, 0)

    def follows(self, event: LearningBegan) -> bool:
        """Whether it has the axes and settings of the event already."""
        state = self.state
        mine = (state.symbols, state.models, state.horizons, state.minutes, state.ranked, state.figures)
        theirs = (
            *(
                list(each)
                for each in (event.symbols, event.models, event.horizons, event.minutes, event.ranked)
            ),
            event.figures,
        )
        return mine == theirs

    # remembering

    def apply(self, event: Message) -> None:
        """Remember one event other than `LearningBegan`."""
        _APPLY[type(event)](self, event)

    def _predicted(self, event: PredictionsMade) -> None:
        state = self.state
        said = np.frombuffer(event.raw, dtype="<f8").reshape(self.shape)
        every_one = min(event.bars) > 0
        if not every_one:
            fresh = (np.array(event.bars, dtype=np.int64) > 0)[:, None, None]
            said = np.where(fresh, said, np.nan)
        z = self._standardiser.standardise(said)
        rings = self._standardiser.rings
        if not rings.full:
            # with fewer observations the raw prediction stands in for its z, in whatever unit the model has
            z[rings.pushed < self.settings.prediction.minimum] = np.nan
        if any(state.ranked):
            z = np.where(np.array(state.ranked, dtype=np.bool_)[:, None], said, z)
        self._correlations.push(z)
        if every_one:
            state.z, state.raw, state.bars = z.tobytes(), bytes(event.raw), list(event.bars)
        else:
            state.z = np.where(fresh, z, self.z).tobytes()
            state.raw = np.where(fresh, said, self.raw).tobytes()
            state.bars = [bar or before for bar, before in zip(event.bars, state.bars, strict=True)]
        state.predictions += 1

    def _kept(self, event: PredictionsKept) -> None:
        state = self.state
        names = list(event.horizons)
        columns = [state.horizons.index(name) for name in names]
        symbols, models, _ = self.shape
        expected = np.frombuffer(event.expected, dtype="<f8").reshape(symbols, models, len(names))
        new = np.array(event.new, dtype=np.bool_)[:, None, None]
        z = np.where(new, self.z[:, :, columns], np.nan)
        returns.record(state.returns, event.time, np.frombuffer(event.mids, dtype="<f8"), z, expected, names)

    def _realised(self, event: ReturnsRealised) -> None:
        mids = np.frombuffer(event.mids, dtype="<f8")
        returns.realise(self.state.returns, event.time, mids, self.settings.returns)

    def _adopted(self, event: PlanAdopted) -> None:
        if event.flat:  # what closed the trade before did not come by here: a person's flatten, a correction
            self.state.trades.pop(event.symbol, None)
        self.state.adopted[event.symbol] = Adopted(event.horizon, dict(event.shares), event.time)

    def _filled(self, event: FillLearned) -> None:
        trade, reward = self.after_fill(event)
        if trade is None:
            self.state.trades.pop(event.symbol, None)
        else:
            self.state.trades[event.symbol] = trade
        if reward is not None:
            self.state.closed_at[event.symbol] = event.time

    def after_fill(self, event: FillLearned) -> tuple[Trade | None, rewards.Reward | None]:
        """The symbol's trade after the fill, and what the one paid that it closed."""
        adopted = self.state.adopted.get(event.symbol, Adopted("", {}, 0))
        return rewards.after_fill(
            self.state.trades.get(event.symbol),
            signed_quantity=event.quantity,
            price=event.price,
            fee=event.fee,
            time=event.time,
            horizon=adopted.horizon,
            shares=adopted.shares,
            settings=self.settings.rewards,
        )

    def _rewarded(self, event: RewardBooked) -> None:
        if event.loss is not None:
            self._learned = None
            bandit.book(
                self.state.bandit, event.symbol, event.horizon, event.shares, event.loss, self.settings.bandit
            )

    def _taught(self, event: SizerTaught) -> None:
        self.state.sizer = sizes.after_lesson(self.state.sizer, event.sizer, event.symbol, event.figures)


_APPLY: dict[type[Message], Callable[[PipelineMemory, Any], None]] = {
    PredictionsMade: PipelineMemory._predicted,
    PredictionsKept: PipelineMemory._kept,
    ReturnsRealised: PipelineMemory._realised,
    PlanAdopted: PipelineMemory._adopted,
    FillLearned: PipelineMemory._filled,
    RewardBooked: PipelineMemory._rewarded,
    SizerTaught: PipelineMemory._taught,
}


def _empty(event: LearningBegan) -> PipelineState:
    shape = len(event.symbols), len(event.models), len(event.horizons)
    settings = LearningSettings.of_figures(event.figures)
    silent = np.full(shape, np.nan).tobytes()
    return PipelineState(
        symbols=list(event.symbols),
        models=list(event.models),
        horizons=list(event.horizons),
        minutes=list(event.minutes),
        ranked=list(event.ranked),
        figures=dict(event.figures),
        z=silent,
        raw=silent,
        bars=[0] * len(event.symbols),
        scale=Standardiser(shape, settings.prediction).to_state(),
        agreement=Correlations(shape, settings.history).to_state(),
        returns=returns.new_returns(event.symbols, event.models, _horizons(event)),
        bandit=bandit.new_bandit(event.symbols, event.models, event.horizons),
    )


def _carried(event: LearningBegan, before: PipelineMemory) -> PipelineState:
    """As `_empty`, with what is known of symbols, models and horizons that stay.

    A scale made with another window, and an agreement of another history, begin anew.
    """
    state, old, settings = _empty(event), before.state, LearningSettings.of_figures(event.figures)
    lengths = dict(zip(old.horizons, old.minutes, strict=True))
    axes = (
        _places(event.symbols, old.symbols),
        _places(event.models, old.models),
        [
            old.horizons.index(name) if lengths.get(name) == minutes else -1
            for name, minutes in zip(event.horizons, event.minutes, strict=True)
        ],
    )
    if settings.prediction.window == before.settings.prediction.window:
        state.scale = before._standardiser.selected(*axes).to_state()
    if settings.history == before.settings.history:
        state.agreement = before._correlations.selected(*axes).to_state()
    state.z, state.raw = _selected(before.z, axes), _selected(before.raw, axes)
    state.bars = [old.bars[place] if place >= 0 else 0 for place in axes[0]]
    state.returns = returns.with_axes(old.returns, event.symbols, event.models, _horizons(event))
    state.bandit = bandit.with_arms(old.bandit, event.symbols, event.models, event.horizons)
    kept = set(event.symbols)
    state.trades = {name: each for name, each in old.trades.items() if name in kept}
    state.adopted = {name: each for name, each in old.adopted.items() if name in kept}
    state.closed_at = {name: each for name, each in old.closed_at.items() if name in kept}
    state.predictions = old.predictions
    state.sizer = sizes.kept(old.sizer, kept)
    return state


def _horizons(event: LearningBegan) -> list[Horizon]:
    return [Horizon(name, minutes) for name, minutes in zip(event.horizons, event.minutes, strict=True)]


def _places(names: Sequence[str], old: Sequence[str]) -> list[int]:
    """Where each name was; -1 for one that is new."""
    known = {name: place for place, name in enumerate(old)}
    return [known.get(name, -1) for name in names]


def _selected(values: Floats, axes: tuple[list[int], list[int], list[int]]) -> bytes:
    places = np.ix_(*(np.asarray(each, dtype=np.int64) for each in axes))
    known = np.ones(tuple(len(each) for each in axes), dtype=np.bool_)
    for each in places:
        known &= each >= 0
    return np.where(known, values[places], np.nan).tobytes()
