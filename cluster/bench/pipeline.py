"""The decision pipeline: one full decision for one symbol, and for a thousand in one call.

What is measured is all that a decision computes from bars, quotes and predictions to the weights to hold, by the code
that the strategy runs: features, the memory of predictions with what trades have taught, the market's measures, and the
planning kernel with its stages. Two things are apart: asking models, for they are libraries of others, and how many
there are is the user's choice; and judging the predictions whose horizons have passed, which has a timer of its own.
Time is the process's own CPU time, so that others on the machine count little.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, Final

import msgspec
import numpy as np

from actors.strategy.models import Target
from actors.strategy.pipeline.arrays import Floats
from actors.strategy.pipeline.features import FEATURES, bars_needed, features
from actors.strategy.pipeline.gathering import measured, words_of
from actors.strategy.pipeline.gating import spread_bps
from actors.strategy.pipeline.horizons import (
    DEFAULT_HORIZONS,
    minutes_of,
    parse_horizons,
    taus_s,
    temperatures,
)
from actors.strategy.pipeline.kernel import Axes, Held, KernelSettings, Market, Plan, plan
from actors.strategy.pipeline.learning import returns
from actors.strategy.pipeline.memory import LearningSettings, PipelineMemory
from cluster.bench.crew import BenchError
from cluster.bench.figures import Figures, percentile
from messages.errors import ModelLoadError
from messages.learning import LearningBegan, PredictionsKept, PredictionsMade, ReturnsRealised

_MODELS: Final = ("first", "second", "third")
_HORIZONS: Final = parse_horizons(DEFAULT_HORIZONS)
_NAMES: Final = tuple(each.name for each in _HORIZONS)
_MINUTE_NS: Final = 60_000_000_000
_BARS_A_DAY: Final = 1440.0
_VOLATILITY_BARS: Final = 20
_WARM_UP: Final = 60
_TRADES: Final = 200
_PREPARING: Final = ("features", "memory", "market")
STAGES: Final = (*_PREPARING, "prediction", "blending", "arbitration", "gating", "sizing")
"""The parts of a decision, in order; the last five are the kernel's."""

CASES: Final = {"one": 1, "thousand": 1_000}


class PipelinePlan(msgspec.Struct, frozen=True):
    """How many decisions are measured of each case."""

    one: int = 2_000
    thousand: int = 200


def measure_pipeline(plan: PipelinePlan) -> dict[str, Any]:
    """Per case: a decision's time, that of a symbol in it, each stage's share, and a model's inference apart.

    Raises `BenchError` when the decisions were none: nothing traded, so that not all stages had work.
    """
    return {case: _measure(symbols, getattr(plan, case)) for case, symbols in CASES.items()}


def _measure(symbols: int, decisions: int) -> dict[str, Any]:
    scene = Scene(symbols)
    spans: dict[str, list[int]] = {stage: [] for stage in STAGES}
    totals, traded = [], 0
    for _ in range(decisions):
        began, marks = time.thread_time_ns(), []
        made = scene.decide(lambda stage, marks=marks: marks.append((stage, time.thread_time_ns())))  # type: ignore[misc]
        totals.append(marks[-1][1] - began)
        for stage, ended in marks:
            spans[stage].append(ended - began)
            began = ended
        traded += int(np.count_nonzero(made.sizes.trade))
    if not traded:
        raise BenchError("no decision led to a trade", field="pipeline", value=symbols)
    whole = sum(totals)
    judging = [scene.judge() for _ in range(max(20, decisions // 20))]
    return {
        **_spread("decision", totals, symbols),
        **{f"{stage}_share": round(sum(spans[stage]) / whole, 3) for stage in STAGES},
        "trades_per_decision": round(traded / decisions, 3),
        "decisions": decisions,
        "says": f"{symbols:,} in one call, {len(_MODELS)} models at {len(_HORIZONS)} horizons, 29 features",
        **_spread("judging", judging, symbols),
        **_model_figures(scene, max(20, decisions // 20)),
    }


def _spread(name: str, spans_ns: list[int], symbols: int) -> Figures:
    middle = percentile(spans_ns, 0.5) / 1e3
    return {
        f"{name}_p50_us": round(middle, 1),
        f"{name}_p99_us": round(percentile(spans_ns, 0.99) / 1e3, 1),
        f"{name}_per_symbol_us": round(middle / symbols, 3),
    }


class Scene:
    """Symbols with bars, quotes and a memory of predictions that came true often enough; decided on again and again.

    Those that are held at one decision are not at the next, so that entries and exits have their part.
    """

    def __init__(self, symbols: int, seed: int = 7) -> None:
        self._random = np.random.default_rng(seed)
        self._symbols = tuple(f"S{index:04}-USDT" for index in range(symbols))
        self._minutes = minutes_of(_HORIZONS)
        self._axes = Axes(
            self._minutes,
            taus_s(self._minutes),
            temperatures(self._minutes),
            np.zeros(len(_MODELS), np.bool_),
        )
        self._settings = KernelSettings()
        self._learner = LearningSettings()
        self._prior = np.full((len(_MODELS), len(_HORIZONS)), 0.004)
        self._now = 1_767_225_600_000_000_000
        self.bars = _bars(self._random, symbols, bars_needed())
        self._bid = self.bars[:, -1, 3] * (1 - 5e-5)
        self._ask = self.bars[:, -1, 3] * (1 + 5e-5)
        self._told = self._quotes()
        weights = np.where(self._random.random(symbols) < 0.3, 0.02, 0.0)
        self._held = self._holding(weights), self._holding(0.02 - weights)
        self._memory = self._warmed()
        self._said = [self._raw().tobytes() for _ in range(_WARM_UP)]
        self._decisions = 0

    def decide(self, watch: Callable[[str], None]) -> Plan:
        """One decision a minute after the one before; `watch` is called at the end of each stage."""
        self._now += _MINUTE_NS
        features(self.bars)
        watch("features")
        said = self._said[self._decisions % len(self._said)]
        self._decisions += 1
        ends = (self._now,) * len(self._symbols)
        self._memory.apply(PredictionsMade("bench", self._now, ends, said))
        words = words_of(self._memory, self._prior, self._now)
        watch("memory")
        found = measured(self.bars, _VOLATILITY_BARS, _BARS_A_DAY)
        seen = Market(spread_bps=spread_bps(self._bid, self._ask), **found._asdict(), **self._told)
        watch("market")
        return plan(self._axes, words, seen, self._held[self._decisions % 2], self._settings, watch)

    def judge(self) -> int:
        """Hold the predictions of the shortest horizon to what followed; the CPU time that took, in ns."""
        self._now += _HORIZONS[0].minutes * _MINUTE_NS
        mids = self._mids()
        began = time.thread_time_ns()
        self._memory.apply(ReturnsRealised("bench", self._now, mids))
        self._memory.statistics(self._prior)
        spent = time.thread_time_ns() - began
        self._keep(self._memory, mids)
        return spent

    def _quotes(self) -> dict[str, Floats]:
        """What desks and barrier models tell, by the names of `Market`."""
        told = {"quote_age_ns": 5e7, "planned": 10_000.0, "fee_bps": 4.0, "p_peak": 0.2, "p_valley": 0.3}
        return {name: np.full(len(self._symbols), value) for name, value in told.items()}

    def _holding(self, weights: Floats) -> Held:
        return Held(
            weight=weights,
            held_ns=np.where(weights > 0, 6e11, np.nan),
            since_close_ns=np.full(len(weights), np.inf),
            horizon=np.where(weights > 0, 0, -1),
        )

    def _raw(self) -> Floats:
        return self._random.normal(0, 1e-3, (len(self._symbols), len(_MODELS), len(_HORIZONS)))

    def _mids(self) -> bytes:
        return (self.bars[:, -1, 3] * (1 + self._random.normal(0, 1e-3, len(self._symbols)))).tobytes()

    def _keep(self, memory: PipelineMemory, mids: bytes) -> None:
        """Keep the predictions of now, to be judged later."""
        kept = tuple(returns.wanted(memory.state.returns, self._now, self._learner.returns))
        expected = np.ascontiguousarray(memory.raw[:, :, [_NAMES.index(name) for name in kept]])
        every_one = (True,) * len(self._symbols)
        memory.apply(PredictionsKept("bench", self._now, kept, mids, every_one, expected.tobytes()))

    def _warmed(self) -> PipelineMemory:
        minutes = tuple(each.minutes for each in _HORIZONS)
        figures = self._learner.figures()
        ranked = (False,) * len(_MODELS)
        began = LearningBegan("bench", self._symbols, _MODELS, _NAMES, minutes, ranked, figures, self._now)
        memory = PipelineMemory.begun(began, None)
        for _ in range(_WARM_UP):
            self._now += _MINUTE_NS
            mids, ends = self._mids(), (self._now,) * len(self._symbols)
            memory.apply(PredictionsMade("bench", self._now, ends, self._raw().tobytes()))
            memory.apply(ReturnsRealised("bench", self._now, mids))
            self._keep(memory, mids)
        # as many closed trades as give them their whole say, without playing each
        memory.state.bandit.weights = self._random.uniform(0.5, 1.0, memory.shape).tobytes()
        memory.state.bandit.updates = [_TRADES] * len(self._symbols)
        return PipelineMemory(memory.state)


def _bars(random: np.random.Generator, symbols: int, count: int) -> Floats:
    """float64[S,L,5] of minutes that move, the last ones more than those before."""
    steps = random.normal(0, 1e-3, (5, symbols, count))[0]
    steps[:, -15:] *= 2.0
    close = 100.0 * np.exp(np.cumsum(steps, axis=1))
    reach = close * np.abs(steps)
    volume = random.uniform(1e4, 2e4, close.shape)
    channels = np.stack([close, close + reach, close - reach, close, volume])
    return channels.transpose(1, 2, 0)  # the layout of the pipeline's windows: channels first


def _model_figures(scene: Scene, calls: int) -> Figures:
    """One LightGBM model of 100 trees asked for all symbols at once; empty where the library is not installed."""
    from cluster.models.families import open_model
    from cluster.models.fitting import entry_of
    from cluster.models.loading import LoadedModel
    from cluster.models.trainers import fit

    random = np.random.default_rng(3)
    x = random.normal(size=(2_000, len(FEATURES)))
    y = x[:, 0] + random.normal(size=len(x))
    try:
        data = fit("lightgbm", x, y, FEATURES, Target.FORWARD_RETURN, parameters={"rounds": 100}, seed=1)
        entry = entry_of("bench", "lightgbm", (Target.FORWARD_RETURN, "5m"), tuple(FEATURES), data)
        model = LoadedModel(entry, 1, open_model(data, entry))
    except ModelLoadError:
        return {}
    rows, spans = features(scene.bars), []
    for _ in range(calls):
        began = time.thread_time_ns()
        model.predict(rows)
        spans.append(time.thread_time_ns() - began)
    return _spread("model", spans, len(rows))
