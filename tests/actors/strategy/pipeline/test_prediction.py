"""Prediction: no history is shared, what is missing stays missing, and the memory comes back to the bit."""

from __future__ import annotations

import statistics

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.strategy.pipeline.correlation import Correlations
from actors.strategy.pipeline.prediction import PredictionSettings, Standardiser, confidence, standing
from actors.strategy.pipeline.ranking import probit, rank_scores
from actors.strategy.pipeline.rings import Rings, RingsState
from messages.errors import ConfigurationError, StoreError

pytestmark = pytest.mark.unit

SHAPE = (3, 2, 4)


def predictions(
    seed: int, rounds: int, shape: tuple[int, int, int] = SHAPE, missing: float = 0.2
) -> np.ndarray:
    rng = np.random.default_rng(seed)
    raw = rng.normal(0, 1e-3, (rounds, *shape))
    raw[rng.random(raw.shape) < missing] = np.nan
    return raw


def by_hand(series: list[float]) -> float:
    """z of the last of a series by the plain definition."""
    kept = [each for each in series if not np.isnan(each)][-10:]
    if np.isnan(series[-1]):
        return np.nan
    if len(kept) < 3:
        return float(np.clip(kept[-1], -3, 3))
    deviation = statistics.pstdev(kept)
    return 0.0 if deviation < 1e-9 else float(np.clip((kept[-1] - statistics.fmean(kept)) / deviation, -3, 3))


@pytest.mark.property
@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10_000), rounds=st.integers(1, 35))
def test_each_series_is_standardised_by_itself(seed: int, rounds: int) -> None:
    raw = predictions(seed, rounds)
    standardiser = Standardiser(SHAPE)
    for each in raw:
        found = standardiser.standardise(each)
    for index in np.ndindex(*SHAPE):
        assert found[index] == pytest.approx(
            by_hand(raw[(slice(None), *index)].tolist()), rel=1e-9, nan_ok=True
        )


@pytest.mark.property
def test_one_symbol_alone_has_the_bits_it_has_among_many() -> None:
    raw = predictions(1, 30, (40, 3, 2))
    together, alone = Standardiser((40, 3, 2)), [Standardiser((1, 3, 2)) for _ in range(40)]
    alike, pairs = Correlations((40, 3, 2)), [Correlations((1, 3, 2)) for _ in range(40)]
    for each in raw:
        found = together.standardise(each)
        alike.push(found)
        for symbol, (one, two) in enumerate(zip(alone, pairs, strict=True)):
            z = one.standardise(each[symbol : symbol + 1])
            np.testing.assert_array_equal(z[0], found[symbol])
            two.push(z)
    for symbol, two in enumerate(pairs):
        for mine, all_of_them in zip(two.agreement(), alike.agreement(), strict=True):
            np.testing.assert_array_equal(mine[0], all_of_them[symbol])


def test_an_infinite_prediction_is_none_and_is_not_remembered() -> None:
    standardiser = Standardiser((1, 1, 2))
    for value in (1.0, 2.0, 3.0, np.inf, -np.inf):
        found = standardiser.standardise(
            np.array([value, value if np.isfinite(value) else 4.0]).reshape(1, 1, 2)
        )
    assert np.isnan(found[0, 0, 0])
    assert found[0, 0, 1] > 0.0
    assert standardiser.rings.counts().tolist() == [[[3, 5]]]


@pytest.mark.parametrize("rounds", [0, 1, 7, 33])
def test_the_standardiser_comes_back_to_the_bit(rounds: int) -> None:
    raw = predictions(2, rounds + 5)
    before = Standardiser(SHAPE)
    for each in raw[:rounds]:
        before.standardise(each)
    stored = msgspec.msgpack.decode(msgspec.msgpack.encode(before.to_state()), type=RingsState)
    after = Standardiser.from_state(stored)
    for each in raw[rounds:]:
        np.testing.assert_array_equal(after.standardise(each), before.standardise(each))
    assert after.to_state() == before.to_state()


def test_the_memory_does_not_grow() -> None:
    standardiser, alike = Standardiser((1, 2, 1)), Correlations((1, 2, 1))
    sizes = set()
    for each in predictions(3, 500, (1, 2, 1)):
        alike.push(standardiser.standardise(each))
        sizes.add(
            (
                len(msgspec.msgpack.encode(standardiser.to_state())),
                len(msgspec.msgpack.encode(alike.to_state())),
            )
        )
    assert len(sizes) == 1


def test_a_model_added_begins_anew_and_the_others_go_on() -> None:
    raw = predictions(4, 12, missing=0.0)
    old = Standardiser(SHAPE)
    for each in raw[:-1]:
        old.standardise(each)
    new = old.selected(symbols=[2, 0], models=[1, -1, 0], horizons=[0, 3])
    chosen = raw[-1][np.ix_([2, 0], [1, 1, 0], [0, 3])]
    found, expected = new.standardise(chosen), old.standardise(raw[-1])
    np.testing.assert_array_equal(found[:, [0, 2]], expected[np.ix_([2, 0], [1, 0], [0, 3])])
    np.testing.assert_array_equal(found[:, 1], chosen[:, 1])


def test_a_memory_of_another_window_is_refused() -> None:
    state = Standardiser((1, 1, 1)).to_state()
    with pytest.raises(ConfigurationError, match="keep 10"):
        Standardiser.from_state(state, PredictionSettings(window=20))


def test_a_memory_that_was_cut_is_refused() -> None:
    state = msgspec.structs.replace(Rings(3, (2,)).to_state(), cells=b"1234")
    with pytest.raises(StoreError, match="don't fit"):
        Rings.from_state(state)


@pytest.mark.parametrize(
    "changes", [{"minimum": 0}, {"minimum": 11}, {"clip": 0.0}, {"flat": -1.0}, {"ic_floor": float("nan")}]
)
def test_settings_that_make_no_sense_are_refused(changes: dict[str, float]) -> None:
    with pytest.raises(ConfigurationError, match=f"prediction.{next(iter(changes))}"):
        PredictionSettings(**changes)


@pytest.mark.property
@settings(deadline=None)
@given(
    ic=st.floats(-1, 1),
    rmse=st.floats(0, 1e3),
    age=st.floats(0, 1e6),
    planned=st.floats(0, 1e12),
    adv=st.floats(1e-3, 1e12),
)
def test_confidence_is_a_share_that_falls_with_age_size_and_error(
    ic: float, rmse: float, age: float, planned: float, adv: float
) -> None:
    one, tau = np.ones((1, 1, 1)), np.array([150.0])

    def total(age: float, planned: float, rmse: float) -> float:
        found = confidence(
            standing(ic * one, rmse * one), age * one, tau, np.array([planned]), np.array([adv])
        )
        return float(found.total[0, 0, 0])

    found = total(age, planned, rmse)
    assert 0.0 <= found <= 1.0
    assert total(age * 1.1 + 1, planned, rmse) <= found
    assert total(age, planned * 1.1 + 1, rmse) <= found
    assert total(age, planned, rmse * 1.1 + 1) <= found


# ---------------------------------------------------------------- correlation


def by_numpy(rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Correlation and number of common rows of each pair of models among the last fifty rows that have any."""
    kept = rows[np.isfinite(rows).any(axis=1)][-50:]
    models = rows.shape[1]
    correlation, samples = np.eye(models), np.zeros((models, models))
    for i in range(models):
        for j in range(models):
            common = kept[np.isfinite(kept[:, i]) & np.isfinite(kept[:, j])]
            samples[i, j] = len(common)
            if i != j and len(common) > 1 and np.ptp(common[:, i]) > 0 and np.ptp(common[:, j]) > 0:
                correlation[i, j] = np.corrcoef(common[:, i], common[:, j])[0, 1]
    return correlation, samples


@pytest.mark.property
@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000), rounds=st.integers(0, 130), missing=st.sampled_from([0.0, 0.3, 0.8]))
def test_correlations_are_what_numpy_finds(seed: int, rounds: int, missing: float) -> None:
    rng = np.random.default_rng(seed)
    shared = rng.normal(0, 1, (rounds, 2, 1, 2))
    z = np.clip(shared + rng.normal(0, 1, (rounds, 2, 3, 2)), -3, 3)
    z[rng.random(z.shape) < missing] = np.nan
    alike = Correlations((2, 3, 2))
    for each in z:
        alike.push(each)
    found = alike.agreement()
    for symbol, horizon in np.ndindex(2, 2):
        correlation, samples = by_numpy(z[:, symbol, :, horizon])
        np.testing.assert_array_equal(found.samples[symbol, horizon], samples)
        np.testing.assert_allclose(found.correlation[symbol, horizon], correlation, atol=1e-3)


@pytest.mark.property
@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000), rounds=st.integers(0, 130))
def test_sums_kept_up_to_date_have_the_bits_of_sums_made_anew(seed: int, rounds: int) -> None:
    alike = Correlations((2, 3, 2))
    for each in predictions(seed, rounds, (2, 3, 2)):
        alike.push(np.clip(each * 1e3, -3, 3))
    stored = msgspec.msgpack.decode(msgspec.msgpack.encode(alike.to_state()), type=RingsState)
    for found, expected in zip(Correlations.from_state(stored).agreement(), alike.agreement(), strict=True):
        np.testing.assert_array_equal(found, expected)
    same = alike.selected(symbols=[0, 1], models=[0, 1, 2], horizons=[0, 1])
    for found, expected in zip(same.agreement(), alike.agreement(), strict=True):
        np.testing.assert_array_equal(found, expected)


def test_a_model_that_never_moves_is_not_correlated() -> None:
    alike = Correlations((1, 2, 1))
    for value in np.random.default_rng(5).normal(0, 1, 200):
        alike.push(np.array([0.1, value]).reshape(1, 2, 1))
    assert alike.agreement().correlation[0, 0].tolist() == [[1.0, 0.0], [0.0, 1.0]]


@pytest.mark.parametrize("history", [1, 65])
def test_a_history_that_can_not_be_added_up_exactly_is_refused(history: int) -> None:
    with pytest.raises(ConfigurationError, match="between 2 and 64"):
        Correlations((1, 1, 1), history)


# ---------------------------------------------------------------- ranking


def test_the_inverse_normal_is_that_of_the_standard_library() -> None:
    probabilities = np.concatenate([np.linspace(1e-4, 1 - 1e-4, 5001), [1e-300, 1e-30, 1e-12, 1 - 1e-12]])
    expected = [statistics.NormalDist().inv_cdf(each) for each in probabilities]
    np.testing.assert_allclose(probit(probabilities), expected, rtol=1e-12, atol=1e-15)
    assert np.isnan(probit(np.array([0.0, 1.0, -1.0, 2.0, np.nan]))).all()


@pytest.mark.property
@settings(deadline=None)
@given(values=st.lists(st.one_of(st.integers(-5, 5), st.just(None)), min_size=1, max_size=30), data=st.data())
def test_ranks_follow_the_symbols_and_only_their_order_counts(
    values: list[int | None], data: st.DataObject
) -> None:
    raw = np.array([np.nan if each is None else float(each) for each in values])
    found = rank_scores(raw)
    assert np.isnan(found[np.isnan(raw)]).all()
    if np.isfinite(raw).sum() < 5:
        assert np.isnan(found).all()
        return
    order = np.array(data.draw(st.permutations(range(len(values)))))
    np.testing.assert_array_equal(rank_scores(raw[order]), found[order])
    np.testing.assert_array_equal(rank_scores(raw * 7 - 3), found)
    known = np.isfinite(raw)
    assert (np.abs(found[known]) <= 3.0).all()
    assert (np.sign(raw[known][:, None] - raw[known]) == np.sign(found[known][:, None] - found[known])).all()


def test_each_column_is_ranked_by_itself() -> None:
    raw = predictions(6, 1, (9, 2, 3))[0]
    found = rank_scores(raw)
    for model, horizon in np.ndindex(2, 3):
        np.testing.assert_array_equal(found[:, model, horizon], rank_scores(raw[:, model, horizon]))
