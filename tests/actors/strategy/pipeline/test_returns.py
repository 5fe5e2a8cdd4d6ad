"""Realised returns: IC, RMSE and slope from pairs, what waits and for how long, and a state equal after storing."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import spearmanr

from actors.strategy.pipeline.arrays import Floats
from actors.strategy.pipeline.horizons import parse_horizons
from actors.strategy.pipeline.learning.ranks import average_ranks, spearman
from actors.strategy.pipeline.learning.returns import (
    PENDING,
    ReturnsSettings,
    ReturnsState,
    new_returns,
    next_due,
    realise,
    record,
    root_mean_square,
    statistics,
    wanted,
    with_axes,
)
from messages.codec import from_plain, pack, to_plain, unpack
from messages.errors import ConfigurationError, InvariantError, StoreError

pytestmark = pytest.mark.unit

MINUTE = 60_000_000_000
DEFAULT = ReturnsSettings()
NAN = np.nan


def memory(symbols: int = 1, models: int = 1, horizons: tuple[str, ...] = ("5m",)) -> ReturnsState:
    return new_returns(
        [f"S{index}" for index in range(symbols)],
        [f"m{index}" for index in range(models)],
        parse_horizons(horizons),
    )


def pair(
    state: ReturnsState, z: Floats, earned: Floats, expected: Floats | None = None, start: int = 0
) -> None:
    """One prediction of the first horizon, and the return that follows it: z [S,M], earned [S]."""
    base = np.full(len(state.symbols), 100.0)
    told = np.full(z.shape, NAN) if expected is None else expected
    horizon = state.horizons[0]
    record(state, start, base, z[:, :, None], told[:, :, None], [horizon.name])
    realise(state, start + horizon.length_ns, base * (1 + earned), DEFAULT)


def history(
    state: ReturnsState, z: list[float], earned: list[float], expected: list[float] | None = None
) -> None:
    for index, (one, other) in enumerate(zip(z, earned, strict=True)):
        told = None if expected is None else np.array([[expected[index]]])
        pair(state, np.array([[one]]), np.array([other]), told, start=index * 5 * MINUTE)


def known(state: ReturnsState, prior: float | None = None) -> tuple[float, float, float, float]:
    """IC, RMSE, slope and number of pairs of the only key."""
    found = statistics(state, DEFAULT, None if prior is None else np.array([[prior]]))
    return tuple(float(each[0, 0, 0]) for each in found)  # type: ignore[return-value]


# ---------------------------------------------------------------- golden


@pytest.mark.golden
def test_the_rmse_of_three_errors_gives_the_golden_stability() -> None:
    rmse = root_mean_square(np.array([[0.01, 0.02, 0.03]]), 3)[0]
    assert 1 / (1 + rmse) == pytest.approx(0.9788543296924971, rel=1e-14)


@pytest.mark.golden
def test_four_pairs_have_no_ic_and_two_errors_no_rmse() -> None:
    state = memory()
    history(state, [1, 2, 3, 2.5], [0.01, 0.02, 0.03, 0.025], [NAN, NAN, 0.01, 0.02])
    assert known(state)[:2] == (0.0, pytest.approx(NAN, nan_ok=True))
    assert np.isnan(known(state)[1])
    history(state, [1.5], [0.015], [0.015])
    ic, rmse, _, pairs = known(state)
    assert (ic, pairs) == (pytest.approx(1.0), 5)
    assert rmse == pytest.approx(np.sqrt((0.02**2 + 0.005**2 + 0) / 3))


@pytest.mark.golden
def test_ties_share_the_average_of_their_ranks() -> None:
    ranks = average_ranks(np.array([5.0, 7.0, 7.0, 9.0]), np.ones(4, bool))
    assert (ranks / 4).tolist() == [0.25, 0.625, 0.625, 1.0]


def test_a_constant_prediction_orders_nothing() -> None:
    state = memory()
    history(state, [1.0] * 8, [0.01 * index for index in range(8)])
    assert known(state)[0] == 0.0


def test_the_ic_is_of_the_last_20_pairs_and_the_rmse_of_the_last_10_errors() -> None:
    random = np.random.default_rng(1)
    z, earned = random.normal(size=60), random.normal(0, 0.01, 60)
    expected = random.normal(0, 0.01, 60)
    state = memory()
    history(state, z.tolist(), earned.tolist(), expected.tolist())
    assert known(state)[0] == pytest.approx(spearmanr(z[-20:], earned[-20:]).statistic, rel=1e-12)
    assert known(state)[1] == pytest.approx(np.sqrt(np.mean((expected[-10:] - earned[-10:]) ** 2)), rel=1e-9)


# ---------------------------------------------------------------- slope


def test_the_slope_finds_what_a_unit_of_z_was_worth() -> None:
    random = np.random.default_rng(2)
    z = random.normal(size=400)
    state = memory()
    history(state, z.tolist(), (0.002 * z + random.normal(0, 0.001, 400)).tolist())
    assert known(state)[2] == pytest.approx(0.002, rel=0.05)


def test_there_is_no_slope_before_20_pairs_without_a_prior_and_the_prior_counts_as_50() -> None:
    state = memory()
    assert np.isnan(known(state)[2])
    assert known(state, 0.001)[2] == pytest.approx(0.001)
    history(state, [1.0] * 19, [0.003] * 19)
    assert np.isnan(known(state)[2])
    keep = 0.5 ** (1 / 200)
    square = sum(keep**age for age in range(19))
    assert known(state, 0.001)[2] == pytest.approx((0.003 * square + 50 * 0.001) / (square + 50), rel=1e-9)
    assert np.isnan(known(state, NAN)[2])
    history(state, [1.0], [0.003])
    assert known(state)[2] == pytest.approx(0.003)
    assert known(state, NAN)[2] == pytest.approx(0.003)


def test_a_model_that_was_wrong_has_a_slope_below_zero() -> None:
    state = memory()
    history(state, [1.0, -1.0] * 15, [-0.01, 0.01] * 15)
    assert known(state)[2] == pytest.approx(-0.01)
    assert known(state)[0] == pytest.approx(-1.0)


# ---------------------------------------------------------------- waiting


def test_a_quarter_of_a_horizon_lies_between_two_predictions_of_it() -> None:
    state = memory(horizons=("5m", "60m"))
    nothing = np.zeros((1, 1, 2))
    assert wanted(state, 0, DEFAULT) == ["5m", "60m"]
    record(state, 0, np.ones(1), nothing, nothing, ["5m", "60m"])
    assert wanted(state, MINUTE, DEFAULT) == []
    assert wanted(state, 2 * MINUTE, DEFAULT) == ["5m"]
    assert wanted(state, 15 * MINUTE - 1_000, DEFAULT) == [
        "5m",
        "60m",
    ]  # a bar that closes a little early counts


def test_a_prediction_is_paired_within_its_time_and_dropped_after_it() -> None:
    def made(after: float, mid: float = 101.0) -> tuple[int, int]:
        state = memory()
        record(state, 0, np.array([100.0]), np.ones((1, 1, 1)), np.ones((1, 1, 1)), ["5m"])
        return realise(state, int(after * 5 * MINUTE), np.array([mid]), DEFAULT), state.horizons[0].missed

    assert made(0.94) == (0, 0)
    assert made(0.95) == (1, 0)
    assert made(1.25) == (1, 0)
    assert made(1.26) == (0, 1)
    assert made(1.0, NAN) == (0, 0)
    assert made(1.0, 0.0) == (0, 0)


def test_the_next_due_time_is_that_of_the_first_that_waits() -> None:
    state = memory(horizons=("5m", "60m"))
    assert next_due(state, DEFAULT) is None
    nothing = np.zeros((1, 1, 1))
    record(state, 0, np.ones(1), nothing, nothing, ["60m"])
    record(state, 10 * MINUTE, np.ones(1), nothing, nothing, ["5m"])
    due = next_due(state, DEFAULT)
    assert due == 10 * MINUTE + round(0.95 * 5 * MINUTE)
    assert realise(state, due, np.ones(1), DEFAULT) == 1
    assert next_due(state, DEFAULT) == round(0.95 * 60 * MINUTE)


def test_what_is_missing_gives_no_pair_and_leaves_the_others_theirs() -> None:
    state = memory(symbols=2, models=2)
    for step in range(6):
        z = np.array([[1.0 + step, NAN], [NAN, -1.0 - step]])
        pair(state, z, np.array([0.01 * (step + 1), 0.02 * (step + 1)]), start=step * 5 * MINUTE)
    found = statistics(state, DEFAULT)
    assert found.pairs[:, :, 0].tolist() == [[6, 0], [0, 6]]
    assert found.ic[:, :, 0] == pytest.approx(np.array([[1, 0], [0, -1]]))
    updates = state.updates
    pair(state, np.full((2, 2), NAN), np.zeros(2), start=40 * MINUTE)
    assert state.updates == updates


def test_only_so_many_wait() -> None:
    state = memory(horizons=("1d",))
    nothing = np.zeros((1, 1, 1))
    for index in range(PENDING + 3):
        record(state, index, np.ones(1), nothing, nothing, ["1d"])
    assert len(state.horizons[0].pending) == PENDING
    assert state.horizons[0].missed == 3


def test_predictions_of_other_axes_are_refused() -> None:
    nothing = np.zeros((1, 1, 1))
    for mid, z, names in (
        (np.ones(1), nothing, ["10m"]),
        (np.ones(2), nothing, ["5m"]),
        (np.ones(1), np.zeros((1, 2, 1)), ["5m"]),
    ):
        with pytest.raises(InvariantError, match="other axes"):
            record(memory(), 0, mid, z, z, names)


def test_memory_that_does_not_fit_its_axes_is_refused() -> None:
    state = memory()
    state.models.append("another")
    with pytest.raises(StoreError, match="don't fit"):
        statistics(state, DEFAULT)


# ---------------------------------------------------------------- axes


def test_axes_change_and_what_stays_keeps_what_is_known() -> None:
    state = memory(symbols=2, models=2, horizons=("5m", "10m"))
    for step in range(6):
        at = step * 5 * MINUTE
        pair(
            state,
            np.array([[1.0, 2.0], [3.0, 4.0]]) * (step + 1),
            np.array([0.01, 0.02]) * (step + 1),
            start=at,
        )
    before = statistics(state, DEFAULT)
    record(state, 60 * MINUTE, np.ones(2), np.zeros((2, 2, 1)), np.zeros((2, 2, 1)), ["10m"])
    changed = with_axes(state, ["S1", "S9"], ["m1", "m0", "m7"], parse_horizons(("5m", "10m", "1d")))
    after = statistics(changed, DEFAULT)
    assert after.pairs[0, :, 0].tolist() == [6, 6, 0]
    assert after.ic[0, 0, 0] == before.ic[1, 1, 0]
    assert after.pairs[1].tolist() == np.zeros((3, 3)).tolist()
    assert [len(each.pending) for each in changed.horizons] == [0, 0, 0]
    assert changed.horizons[1].missed == 1
    assert changed.updates > state.updates
    same = with_axes(state, state.symbols, state.models, parse_horizons(("5m", "10m")))
    assert same.horizons[1].pending == state.horizons[1].pending
    longer = with_axes(state, state.symbols, state.models, parse_horizons(("5m", "1d"), 390))
    assert statistics(longer, DEFAULT).pairs[:, :, 1].tolist() == [[0, 0], [0, 0]]


def test_axes_without_names_or_with_one_twice_are_refused() -> None:
    for symbols, models in (([], ["m"]), (["S"], []), (["S", "S"], ["m"])):
        with pytest.raises(ConfigurationError, match=r"learning\.(symbols|models)"):
            new_returns(symbols, models, parse_horizons(("5m",)))


# ---------------------------------------------------------------- for any history

NUMBER = st.one_of(st.floats(-3, 3), st.sampled_from([0.0, 1.0]), st.just(NAN))


@pytest.mark.property
@given(st.lists(st.tuples(NUMBER, NUMBER), min_size=20, max_size=20))
@settings(deadline=None, max_examples=60)
def test_the_rank_correlation_is_that_of_scipy(pairs: list[tuple[float, float]]) -> None:
    x, y = np.array(pairs).T
    whole = ~(np.isnan(x) | np.isnan(y))
    found = float(spearman(x[None], y[None])[0])
    if whole.sum() < 5 or len(set(x[whole])) == 1 or len(set(y[whole])) == 1:
        assert found == 0.0
    else:
        assert found == pytest.approx(spearmanr(x[whole], y[whole]).statistic, abs=1e-12)


STEPS = st.lists(st.tuples(st.integers(1, 4), st.lists(NUMBER, min_size=4, max_size=4)), max_size=25)


def live(state: ReturnsState, steps: list[tuple[int, list[float]]], time: int = 0) -> int:
    """Decide every few minutes; the mid follows from the predictions. Returns the time of the last decision."""
    for minutes, values in steps:
        time += minutes * MINUTE
        mid = 100.0 + np.array(values[:2])
        realise(state, time, mid, DEFAULT)
        names = wanted(state, time, DEFAULT)
        z = np.repeat(np.array(values).reshape(2, 2, 1), len(names), axis=2)
        record(state, time, mid, z, z * 0.001, names)
    return time


@pytest.mark.property
@given(STEPS, STEPS)
@settings(deadline=None, max_examples=40)
def test_a_stored_state_goes_on_to_the_same_bits(
    before: list[tuple[int, list[float]]], after: list[tuple[int, list[float]]]
) -> None:
    state = memory(2, 2, ("5m", "10m"))
    time = live(state, before)
    restored = from_plain(unpack(pack(to_plain(state))), ReturnsState, where="returns")
    live(restored, after, time)
    live(state, after, time)
    assert to_plain(restored) == to_plain(state)


@pytest.mark.property
@given(STEPS)
@settings(deadline=None, max_examples=40)
def test_one_symbol_alone_learns_what_it_learns_among_others(steps: list[tuple[int, list[float]]]) -> None:
    both, alone = memory(2, 2, ("5m",)), memory(1, 2, ("5m",))
    time = 0
    for minutes, values in steps:
        time += minutes * MINUTE
        mid, z = 100.0 + np.array(values[:2]), np.array(values).reshape(2, 2, 1)
        for state, rows in ((both, slice(0, 2)), (alone, slice(0, 1))):
            realise(state, time, mid[rows], DEFAULT)
            names = wanted(state, time, DEFAULT)
            record(state, time, mid[rows], z[rows][:, :, : len(names)], z[rows][:, :, : len(names)], names)
    for many, single in zip(statistics(both, DEFAULT), statistics(alone, DEFAULT), strict=True):
        assert many[:1].tobytes() == single.tobytes()


def test_thirty_days_leave_the_size_as_it_was() -> None:
    state = memory(1, 2, ("30m", "60m", "1d"))
    random = np.random.default_rng(3)
    sizes = []
    for step in range(30 * 48):
        time, mid = step * 30 * MINUTE, 100 + random.normal(size=1)
        realise(state, time, mid, DEFAULT)
        names = wanted(state, time, DEFAULT)
        z = random.normal(size=(1, 2, len(names)))
        record(state, time, mid, z, z * 0.001, names)
        if step % 48 == 47:
            sizes.append(len(pack(to_plain(state))))
    assert max(sizes) < sizes[1] + 64
    assert sum(each.missed for each in state.horizons) == 0
    assert statistics(state, DEFAULT).pairs[0, 0].tolist() == [1439, 1438, 117]


@pytest.mark.parametrize(
    "make",
    [
        lambda: ReturnsSettings(overlap=7),
        lambda: ReturnsSettings(late=0.6),
        lambda: ReturnsSettings(half_life=0.0),
    ],
)
def test_settings_out_of_range_are_refused(make) -> None:
    with pytest.raises(ConfigurationError, match=r"learning\.returns\."):
        make()
