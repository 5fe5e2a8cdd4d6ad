"""Gates and exits: what each refuses, in which order it is told, and what holds for any input."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.strategy.pipeline.gating import (
    GATES,
    BadTickSettings,
    BarrierSettings,
    ChopSettings,
    ChurnSettings,
    FeeSettings,
    GateInputs,
    GateResult,
    GateSettings,
    SpreadSettings,
    atr_ratio,
    bad_tick_measures,
    bars_seen,
    evaluate,
    exit_signals,
    is_missing,
    spread_bps,
    texts,
)
from messages.errors import ConfigurationError
from tests.actors.strategy.pipeline.gate_market import SECOND, filled, good

pytestmark = pytest.mark.unit

DEFAULT = GateSettings()
NAN = np.nan
NAMES = [gate.name for gate in GATES]
FIELDS = [name for name in GateInputs.__struct_fields__ if name != "y_peak"]


def said(**changed: float) -> str:
    """The headline for one symbol."""
    return texts(evaluate(good(**changed), DEFAULT).headline)[0]


def leaves(**changed: float) -> tuple[bool, str]:
    inputs = good(**{"position": 0.05, "held_ns": 600 * SECOND, **changed})
    exits = exit_signals(inputs, evaluate(inputs, DEFAULT), DEFAULT)
    return bool(exits.leave[0]), texts(exits.code)[0]


def test_a_good_market_passes_every_gate() -> None:
    result = evaluate(good(), DEFAULT)
    assert result.allowed.all()
    assert [verdict.allowed[0] for verdict in result.verdicts] == [True] * len(GATES)
    assert texts(result.headline) == ["normal_entry"]


@pytest.mark.parametrize(
    ("changed", "headline"),
    [
        ({"price_deviation": 0.2, "volume_ratio": 0.01}, "price_outlier"),
        ({"price_deviation": 0.2, "volume_ratio": NAN}, "price_outlier"),
        ({"price_deviation": NAN}, "missing:price_deviation"),
        ({"spread_bps": 12.01}, "wide_spread"),
        ({"spread_bps": np.inf}, "wide_spread"),
        ({"spread_bps": NAN}, "missing:spread"),
        ({"quote_age_ns": 5.001 * SECOND}, "stale_quote"),
        ({"quote_age_ns": -1.0}, "stale_quote"),
        ({"quote_age_ns": NAN}, "missing:quote_age"),
        ({"atr_ratio": 1.04}, "chop"),
        ({"atr_ratio": NAN}, "missing:atr_ratio"),
        ({"p_peak": 0.601}, "peak_prob"),
        ({"p_peak": 0.601, "p_valley": NAN}, "peak_prob"),
        ({"p_peak": NAN}, "missing:p_peak"),
        ({"p_peak": 1.5}, "missing:p_peak"),
        ({"p_valley": NAN}, "missing:p_valley"),
        ({"p_valley": 0.56}, "valley_bounce"),
        ({"y_peak": 0.601}, "peak_prob"),
        ({"y_peak": NAN}, "missing:y_peak"),
        ({"y_peak": 0.6}, "normal_entry"),
        ({"direction": -1, "edge_bps": -40, "p_valley": 0.551}, "valley_prob"),
        ({"direction": -1, "edge_bps": -40, "p_valley": NAN}, "missing:p_valley"),
        ({"direction": -1, "edge_bps": -40, "p_peak": 0.49}, "peak_rejection"),
        ({"direction": -1, "edge_bps": -40, "p_peak": 0.48, "y_peak": 0.9}, "normal_entry"),
        ({"since_close_ns": 299 * SECOND}, "reentry_cooldown"),
        ({"since_close_ns": NAN}, "missing:since_close"),
        ({"position": NAN}, "missing:position"),
        ({"position": -0.05, "held_ns": 119 * SECOND}, "min_hold"),
        ({"position": -0.05, "held_ns": NAN}, "missing:held"),
        ({"position": -0.05, "held_ns": 120 * SECOND, "since_close_ns": 0.0}, "normal_entry"),
        ({"position": 0.05, "since_close_ns": 0.0}, "normal_entry"),
        ({"edge_bps": 11.0}, "fees_not_covered"),
        ({"edge_bps": NAN}, "missing:edge"),
        ({"fee_bps": NAN}, "missing:fee"),
        ({"direction": 0}, "no_direction"),
        ({"direction": NAN}, "no_direction"),
        ({"direction": 0, "price_deviation": 0.2, "volume_ratio": 0.0}, "price_outlier"),
    ],
)
def test_the_headline(changed: dict[str, float], headline: str) -> None:
    assert said(**changed) == headline


def test_the_first_refusal_in_the_order_of_the_table_is_the_headline_and_all_are_told() -> None:
    result = evaluate(good(edge_bps=0, spread_bps=50, p_peak=0.9), DEFAULT)
    told = {name: texts(verdict.code)[0] for name, verdict in zip(NAMES, result.verdicts, strict=True)}
    assert told == {
        "bad_tick": "accepted",
        "spread": "wide_spread",
        "chop": "accepted",
        "barrier": "peak_prob",
        "churn": "accepted",
        "fees": "fees_not_covered",
    }
    assert texts(result.headline) == ["wide_spread"]


def test_a_gate_that_is_switched_off_lets_everything_pass_and_says_so() -> None:
    off = GateSettings(
        BadTickSettings(enabled=False),
        SpreadSettings(enabled=False),
        ChopSettings(enabled=False),
        BarrierSettings(enabled=False),
        ChurnSettings(enabled=False),
        FeeSettings(enabled=False),
    )
    nothing = msgspec.structs.replace(good(), **{name: filled(NAN) for name in FIELDS if name != "direction"})
    result = evaluate(nothing, off)
    assert result.allowed.all()
    assert [texts(verdict.code)[0] for verdict in result.verdicts] == ["disabled"] * len(GATES)


def test_a_bad_tick_holds_the_whole_decision_and_no_other_gate_does() -> None:
    assert not evaluate(good(price_deviation=0.2, volume_ratio=0), DEFAULT).decidable[0]
    refused = good(spread_bps=NAN, atr_ratio=NAN, p_peak=NAN, position=NAN, edge_bps=NAN)
    assert evaluate(refused, DEFAULT).decidable[0]


# ---------------------------------------------------------------- exits


@pytest.mark.parametrize(
    ("changed", "found"),
    [
        ({}, (False, "hold_position")),
        ({"alpha": 0.0}, (False, "hold_position")),
        ({"alpha": -1e-9}, (True, "alpha_exit")),
        ({"alpha": NAN}, (False, "hold_position")),
        ({"p_peak": 0.66}, (True, "peak_exit")),
        ({"p_peak": 0.65}, (False, "hold_position")),
        ({"p_peak": NAN, "alpha": -0.01}, (True, "alpha_exit")),
        ({"position": -0.05, "alpha": 0.001}, (True, "alpha_exit")),
        ({"position": -0.05, "alpha": -0.001, "p_valley": 0.61}, (True, "valley_exit")),
        ({"position": -0.05, "alpha": -0.001, "p_peak": 0.99}, (False, "hold_position")),
        ({"alpha": -0.01, "held_ns": 119 * SECOND}, (False, "min_hold")),
        ({"alpha": -0.01, "held_ns": NAN}, (True, "alpha_exit")),
        ({"alpha": -0.01, "price_deviation": 0.2, "volume_ratio": 0}, (False, "price_outlier")),
        ({"alpha": -0.01, "spread_bps": 99}, (True, "alpha_exit")),
        ({"position": 0.0, "alpha": -0.01}, (False, "accepted")),
        ({"position": NAN, "alpha": -0.01}, (False, "accepted")),
    ],
)
def test_exits(changed: dict[str, float], found: tuple[bool, str]) -> None:
    assert leaves(**changed) == found


# ---------------------------------------------------------------- measures


def test_the_spread_of_a_quote_that_is_none_is_infinite_and_of_a_missing_one_unknown() -> None:
    bid, ask = np.array([99.95, 0.0, 101.0, NAN]), np.array([100.05, 1.0, 100.0, 1.0])
    found = spread_bps(bid, ask)
    assert found[0] == pytest.approx(10.0)
    assert np.isposinf(found[1:3]).all()
    assert np.isnan(found[3])


def test_the_mean_that_a_close_is_compared_with_does_not_contain_it() -> None:
    bars = np.full((1, 21, 5), 100.0)
    bars[0, -1] = 200.0
    deviation, volume = bad_tick_measures(bars)
    assert (deviation[0], volume[0]) == (1.0, 2.0)  # with itself in the mean: 0.909 and 1.909


def test_bars_are_counted_from_the_last_backwards() -> None:
    bars = np.ones((3, 6, 5))
    bars[0, :2] = NAN
    bars[1, -1] = NAN
    assert bars_seen(bars).tolist() == [4.0, 0.0, 6.0]


def slow_atr_ratio(bars: np.ndarray, lookback: int) -> float:
    """The definition, bar by bar, of one symbol."""
    bars = bars[-lookback:]
    ranges = [
        max(high - low, abs(high - before), abs(low - before))
        for before, (_, high, low, _, _) in zip(bars[:-1, 3], bars[1:], strict=True)
    ]
    shares = [sum(ranges[end - 14 : end]) / 14 / bars[end, 3] for end in range(14, len(bars))]
    return float(shares[-1] / np.median(shares[:-1]))


@pytest.mark.parametrize("length", [28, 29, 60, 150])
def test_the_atr_ratio_is_its_definition(length: int) -> None:
    random = np.random.default_rng(length)
    close = 100 * np.exp(np.cumsum(random.normal(0, 0.01, (70, length)), axis=1))
    bars = np.stack([close, close * 1.01, close * 0.99, close, close], axis=2)
    bars[:, :, 1] += random.random((70, length))
    found = atr_ratio(bars)
    assert found == pytest.approx([slow_atr_ratio(each, 100) for each in bars], rel=1e-12)
    assert [float(atr_ratio(each[None])[0]) for each in bars] == found.tolist()


def test_27_bars_or_a_gap_at_the_end_give_no_atr_ratio_and_padding_changes_nothing() -> None:
    random = np.random.default_rng(5)
    bars = 100 + random.random((1, 40, 5))
    assert np.isnan(atr_ratio(bars[:, :27])).all()
    padded = np.concatenate([np.full((1, 30, 5), NAN), bars], axis=1)
    assert atr_ratio(padded)[0] == atr_ratio(bars)[0]
    bars[0, -5] = NAN
    assert np.isnan(atr_ratio(bars)).all()


# ---------------------------------------------------------------- for any input


def number() -> st.SearchStrategy[float]:
    return st.one_of(
        st.just(NAN), st.floats(-2, 2), st.sampled_from([0.0, 0.6, 12.0, 1e9, 6e9, np.inf, -np.inf])
    )


@st.composite
def inputs(draw: st.DrawFn, symbols: int = 6) -> GateInputs:
    """Anything, near to what passes so that not all is refused."""
    start = good(symbols)
    arrays = {name: getattr(start, name).copy() for name in FIELDS}
    for name in draw(st.lists(st.sampled_from(FIELDS), max_size=8)):
        arrays[name][draw(st.integers(0, symbols - 1))] = draw(number())
    arrays["direction"] = np.array(
        draw(st.lists(st.sampled_from([-1.0, 0.0, 1.0]), min_size=symbols, max_size=symbols))
    )
    arrays["edge_bps"] = np.abs(arrays["edge_bps"]) * np.where(arrays["direction"] < 0, -1.0, 1.0)
    return GateInputs(**arrays)


def rows(taken: GateInputs, order: list[int]) -> GateInputs:
    return GateInputs(**{name: getattr(taken, name)[order] for name in FIELDS})


def answers(result: GateResult) -> tuple[np.ndarray, ...]:
    return result.allowed, result.factor, result.decidable, result.headline, result.refusal


@pytest.mark.property
@given(inputs(), st.permutations(range(6)))
@settings(deadline=None, max_examples=60)
def test_permuting_symbols_permutes_the_answers_and_one_alone_is_one_among_many(
    taken: GateInputs, order: list[int]
) -> None:
    whole = evaluate(taken, DEFAULT)
    permuted = evaluate(rows(taken, order), DEFAULT)
    exits, permuted_exits = (
        exit_signals(taken, whole, DEFAULT),
        exit_signals(rows(taken, order), permuted, DEFAULT),
    )
    for before, after in (
        *zip(answers(whole), answers(permuted), strict=True),
        *zip(exits, permuted_exits, strict=True),
    ):
        assert before[order].tolist() == after.tolist()
    for row in range(6):
        alone = evaluate(rows(taken, [row]), DEFAULT)
        assert [each[0] for each in answers(alone)] == [each[row] for each in answers(whole)]


@pytest.mark.property
@given(inputs())
@settings(deadline=None, max_examples=60)
def test_what_is_allowed_has_a_direction_a_factor_and_every_input(taken: GateInputs) -> None:
    result = evaluate(taken, DEFAULT)
    for verdict in result.verdicts:
        assert not np.isnan(verdict.factor).any()
        assert ((verdict.factor >= 0) & (verdict.factor <= 1)).all()
        assert not (verdict.allowed & is_missing(verdict.code)).any()
    assert (result.factor[~result.allowed] == 0).all()
    assert (result.factor[result.allowed] >= 0.2).all()
    allowed = result.allowed
    assert (np.abs(taken.direction[allowed]) == 1).all()
    for name in (
        "edge_bps",
        "p_peak",
        "p_valley",
        "spread_bps",
        "quote_age_ns",
        "atr_ratio",
        "fee_bps",
        "position",
    ):
        assert not np.isnan(getattr(taken, name)[allowed]).any()


WORSE = {
    "spread_bps": 1,
    "quote_age_ns": 1,
    "price_deviation": 1,
    "volume_ratio": -1,
    "atr_ratio": -1,
    "since_close_ns": -1,
    "fee_bps": 1,
}
"""In which direction an input gets worse for an entry, whatever its side."""


@pytest.mark.property
@given(inputs(), st.sampled_from(sorted(WORSE)), st.floats(0, 1e10))
@settings(deadline=None, max_examples=60)
def test_gates_are_monotone(taken: GateInputs, name: str, by: float) -> None:
    worse = msgspec.structs.replace(taken, **{name: getattr(taken, name) + WORSE[name] * by})
    better = evaluate(taken, DEFAULT).allowed
    assert not (evaluate(worse, DEFAULT).allowed & ~better).any()


@pytest.mark.property
@given(st.floats(0, 1), st.floats(0, 1), st.floats(0, 1), st.sampled_from([-1.0, 1.0]))
@settings(deadline=None, max_examples=60)
def test_the_barrier_is_monotone(against: float, favour: float, more: float, side: float) -> None:
    def factor(against: float, favour: float) -> float:
        peak, valley = (against, favour) if side > 0 else (favour, against)
        return float(
            evaluate(good(direction=side, edge_bps=40 * side, p_peak=peak, p_valley=valley), DEFAULT).factor[
                0
            ]
        )

    assert factor(min(against + more, 1.0), favour) <= factor(against, favour)
    assert factor(against, min(favour + more, 1.0)) >= factor(against, favour)


@pytest.mark.parametrize(
    "make",
    [
        lambda: SpreadSettings(max_spread_bps=-1.0),
        lambda: SpreadSettings(max_spread_bps=np.inf),
        lambda: BarrierSettings(block_peak=60.0),
        lambda: BadTickSettings(max_deviation=NAN),
        lambda: ChopSettings(lookback=27),
    ],
)
def test_settings_out_of_range_are_refused(make) -> None:
    with pytest.raises(ConfigurationError, match=r"gates\.\w+\.\w+: must be at least"):
        make()
