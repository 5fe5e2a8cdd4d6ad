"""The planning kernel as a whole: pure, the same for one symbol and many, and without a trade on what is missing."""

from __future__ import annotations

from typing import Any, TypeVar

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.strategy.pipeline.arbitration import horizon_preference
from actors.strategy.pipeline.arrays import Floats
from actors.strategy.pipeline.correlation import Correlations
from actors.strategy.pipeline.gating import ChopSettings, GateSettings
from actors.strategy.pipeline.horizons import minutes_of, parse_horizons, taus_s, temperatures
from actors.strategy.pipeline.kernel import Axes, Held, KernelSettings, Market, Plan, Words, plan
from actors.strategy.pipeline.learning.returns import Statistics
from actors.strategy.pipeline.prediction import standing
from actors.strategy.pipeline.sizing import SizeSettings

pytestmark = pytest.mark.property

HORIZONS = parse_horizons(("5m", "15m", "60m"))
MODELS = 3
SETTINGS = KernelSettings(
    gates=GateSettings(chop=ChopSettings(enabled=False)), sizing=SizeSettings(max_gross=1e9)
)
"""Without a bound on all positions, the one stage by which symbols see each other."""

S = TypeVar("S", bound=msgspec.Struct)


def axes() -> Axes:
    minutes = minutes_of(HORIZONS)
    return Axes(minutes, taus_s(minutes), temperatures(minutes), np.zeros(MODELS, dtype=np.bool_))


def scene(count: int, seed: int = 1) -> tuple[Words, Market, Held]:
    """Some symbols on which most things are known and many are worth a trade."""
    draw = np.random.default_rng(seed)
    shape = count, MODELS, len(HORIZONS)
    correlations = Correlations(shape)
    for _ in range(8):
        correlations.push(np.clip(draw.normal(size=shape), -3, 3))
    z = np.clip(draw.normal(size=shape), -3, 3)
    z[draw.random(shape) < 0.05] = np.nan
    statistics = Statistics(
        ic=draw.uniform(-0.1, 0.3, shape),
        rmse=draw.uniform(0, 0.01, shape),
        slope=draw.uniform(0, 0.01, shape),
        pairs=np.full(shape, 50.0),
    )
    share = draw.uniform(0, 0.3, count)
    words = Words(
        raw=z * 0.01,
        z=z,
        age_s=draw.uniform(0, 20, shape),
        statistics=statistics,
        standing=standing(statistics.ic, statistics.rmse),
        agreement=correlations.agreement(),
        learned=draw.random(shape),
        learned_share=share,
        preference=horizon_preference(draw.dirichlet(np.ones(shape[2]), count), share),
    )
    market = Market(
        spread_bps=draw.uniform(0.5, 14, count),
        quote_age_ns=draw.uniform(0, 6e9, count),
        price_deviation=draw.uniform(0, 0.12, count),
        volume_ratio=draw.uniform(0, 2, count),
        bars=np.full(count, 200.0),
        atr_ratio=draw.uniform(0.9, 1.5, count),
        atr=draw.uniform(0.001, 0.01, count),
        volatility_daily=draw.uniform(0.01, 0.05, count),
        adv=draw.uniform(1e6, 1e9, count),
        planned=np.full(count, 1e4),
        fee_bps=np.full(count, 4.0),
        p_peak=draw.uniform(0, 0.8, count),
        p_valley=draw.uniform(0, 0.8, count),
        y_peak=draw.uniform(0, 0.8, count),
    )
    weights = np.where(draw.random(count) < 0.5, draw.uniform(-0.1, 0.1, count), 0.0)
    held = Held(
        weight=weights,
        held_ns=np.where(weights == 0, np.nan, 1e12),
        since_close_ns=np.full(count, np.inf),
        horizon=draw.integers(-1, len(HORIZONS), count),
    )
    return words, market, held


def taken(part: S, rows: list[int]) -> S:
    """The same part for these symbols alone."""
    fields: dict[str, Any] = {}
    for name, value in msgspec.structs.asdict(part).items():
        if isinstance(value, np.ndarray):
            fields[name] = value[rows]
        elif isinstance(value, tuple):
            fields[name] = type(value)(*(each[rows] for each in value))
        else:
            fields[name] = value
    return type(part)(**fields)


def outcome(made: Plan) -> tuple[Floats, ...]:
    return (
        made.sizes.target,
        made.sizes.trade,
        made.sizes.code,
        made.blend.alpha,
        made.arbitration.score,
        made.gates.headline,
        made.exits.leave,
        made.alpha,
    )


def assert_same(one: tuple[Floats, ...], other: tuple[Floats, ...]) -> None:
    for left, right in zip(one, other, strict=True):
        assert np.array_equal(left, right, equal_nan=left.dtype.kind == "f")


def test_it_trades_at_all() -> None:
    made = plan(axes(), *scene(200), SETTINGS)
    sides = np.sign(made.sizes.target[made.sizes.trade])
    assert {-1.0, 1.0} <= set(sides)
    assert 10 < made.sizes.trade.sum() < 190


@given(st.integers(0, 10_000))
def test_permuting_the_symbols_permutes_the_plan(seed: int) -> None:
    parts = scene(12, seed)
    order = list(np.random.default_rng(seed).permutation(12))
    whole = outcome(plan(axes(), *parts, SETTINGS))
    mixed = outcome(plan(axes(), *(taken(each, order) for each in parts), SETTINGS))
    assert_same(tuple(each[order] for each in whole), mixed)


@pytest.mark.parametrize("row", [0, 417, 999])
def test_one_symbol_alone_is_the_same_among_a_thousand(row: int) -> None:
    parts = scene(1_000)
    whole = outcome(plan(axes(), *parts, SETTINGS))
    alone = outcome(plan(axes(), *(taken(each, [row]) for each in parts), SETTINGS))
    assert_same(tuple(each[[row]] for each in whole), alone)


def test_equal_arrays_give_equal_plans() -> None:
    assert_same(outcome(plan(axes(), *scene(50), SETTINGS)), outcome(plan(axes(), *scene(50), SETTINGS)))


NEEDED = (
    "spread_bps",
    "quote_age_ns",
    "price_deviation",
    "volatility_daily",
    "adv",
    "fee_bps",
    "p_peak",
    "p_valley",
)


@pytest.mark.parametrize("name", NEEDED)
def test_what_is_missing_of_the_market_never_enters(name: str) -> None:
    words, market, held = scene(300)
    blind = msgspec.structs.replace(market, **{name: np.full(300, np.nan)})
    made = plan(axes(), words, blind, held, SETTINGS)
    grown = np.abs(made.sizes.target) > np.abs(held.weight)
    turned = made.sizes.target * held.weight < 0
    assert not (made.sizes.trade & (grown | turned)).any()


@pytest.mark.parametrize("part", ["z", "slope"])
def test_without_predictions_or_calibration_nothing_is_entered(part: str) -> None:
    words, market, held = scene(300)
    silent = np.full(words.z.shape, np.nan)
    words = (
        msgspec.structs.replace(words, z=silent)
        if part == "z"
        else msgspec.structs.replace(words, statistics=words.statistics._replace(slope=silent))
    )
    made = plan(axes(), words, market, held, SETTINGS)
    assert (made.arbitration.direction == 0).all()
    assert not (made.sizes.trade & (np.abs(made.sizes.target) > np.abs(held.weight))).any()


@given(st.integers(0, 10_000), st.floats(0.01, 0.3), st.floats(0.05, 1.0))
def test_no_target_is_beyond_the_caps(seed: int, most: float, gross: float) -> None:
    words, market, held = scene(20, seed)
    settings = KernelSettings(sizing=SizeSettings(max_weight=most, max_gross=gross, band=0.0))
    target = plan(axes(), words, market, held, settings).sizes.target
    assert (np.abs(target) <= most * (1 + 1e-12)).all()
    assert np.abs(target).sum() <= gross * (1 + 1e-9)


def test_a_position_is_judged_by_the_horizon_it_was_opened_on() -> None:
    words, market, held = scene(300)
    made = plan(axes(), words, market, held, SETTINGS)
    idle = (made.arbitration.chosen < 0) & (held.weight != 0) & (held.horizon >= 0)
    assert idle.any()
    assert (made.horizon[idle] == held.horizon[idle]).all()
    flat = (made.arbitration.chosen < 0) & (held.weight == 0)
    assert (made.horizon[flat] == made.arbitration.best[flat]).all()


def test_a_watch_hears_of_every_stage_in_its_order() -> None:
    heard: list[str] = []
    plan(axes(), *scene(2), SETTINGS, heard.append)
    assert heard == ["prediction", "blending", "arbitration", "gating", "sizing"]
