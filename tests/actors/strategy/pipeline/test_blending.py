"""Blending: weights are weights whatever comes in, what is missing has none, and symbols don't see each other."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.strategy.pipeline.blending import Blend, BlendSettings, blend, ridge_weights, temper
from actors.strategy.pipeline.correlation import Agreement, Correlations
from messages.errors import ConfigurationError

pytestmark = pytest.mark.unit

TEMPERATURE = np.array([0.75, 1.0])


def inputs(seed: int, symbols: int = 3, models: int = 4, missing: float = 0.3) -> dict[str, Any]:
    """Whatever the stages before could bring, with values of any size and holes in all of them."""
    rng = np.random.default_rng(seed)
    shape = (symbols, models, 2)
    alike = Correlations(shape)
    shared = rng.normal(0, rng.uniform(0, 3), (20, symbols, 1, 2))
    for each in np.clip(shared + rng.normal(0, 1, (20, *shape)), -3, 3):
        each[rng.random(shape) < 0.2] = np.nan
        alike.push(each)
    found = {
        "expected": rng.normal(0, 1, shape) * 10.0 ** rng.integers(-9, 3, shape),
        "confidence": rng.random(shape),
        "ic": rng.uniform(-1, 1, shape),
        "learned": rng.uniform(-0.2, 1, shape),
    }
    for each in found.values():
        each[rng.random(shape) < missing] = np.nan
    return {
        **found,
        "agreement": alike.agreement(),
        "cost_share": np.where(rng.random((symbols, 2)) < 0.2, np.nan, rng.uniform(0, 2, (symbols, 2))),
        "temperature": TEMPERATURE,
        "learned_share": rng.uniform(0, 0.3, symbols),
    }


def only(given: dict[str, Any], symbols: Any) -> dict[str, Any]:
    """The inputs of these symbols."""
    return {
        name: Agreement(*(each[symbols] for each in value))
        if name == "agreement"
        else value
        if name == "temperature"
        else value[symbols]
        for name, value in given.items()
    }


def assert_equal(found: Blend, expected: Blend, symbols: Any) -> None:
    for mine, theirs in zip(found, expected, strict=True):
        np.testing.assert_array_equal(mine, theirs[symbols])


@pytest.mark.property
@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 100_000), models=st.integers(1, 9), missing=st.sampled_from([0.0, 0.3, 0.9]))
def test_weights_are_not_negative_and_sum_to_one_where_anything_is_known(
    seed: int, models: int, missing: float
) -> None:
    some = inputs(seed, models=models, missing=missing)
    found = blend(**some)
    known = np.isfinite(some["expected"])
    any_known = known.any(axis=1)
    for weights in (found.ridge, found.tempered, found.weights):
        assert (weights >= 0.0).all()
        assert (weights[~known] == 0.0).all()
        np.testing.assert_allclose(weights.sum(axis=1), any_known, atol=1e-12)
    np.testing.assert_array_equal(np.isnan(found.alpha), ~any_known)
    low = np.where(known, some["expected"], np.inf).min(axis=1)[any_known]
    high = np.where(known, some["expected"], -np.inf).max(axis=1)[any_known]
    slack = 1e-12 * np.maximum(np.abs(low), np.abs(high))
    alpha = found.alpha[any_known]
    assert ((alpha >= low - slack) & (alpha <= high + slack)).all()


@pytest.mark.property
@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 100_000), models=st.integers(1, 12))
def test_one_symbol_alone_has_the_bits_it_has_among_many(seed: int, models: int) -> None:
    some = inputs(seed, symbols=12, models=models)
    together = blend(**some)
    for symbol in range(12):
        assert_equal(blend(**only(some, slice(symbol, symbol + 1))), together, slice(symbol, symbol + 1))
    order = np.random.default_rng(seed).permutation(12)
    assert_equal(blend(**only(some, order)), together, order)


@pytest.mark.property
@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 100_000), models=st.integers(2, 9))
def test_the_solution_is_that_of_linear_algebra(seed: int, models: int) -> None:
    some = inputs(seed, models=models, missing=0.0)
    mu = np.abs(some["ic"]) + 0.01
    found = ridge_weights(mu, some["agreement"], np.ones(mu.shape, dtype=bool))
    for symbol, horizon in np.ndindex(mu.shape[0], 2):
        matrix = some["agreement"].correlation[symbol, horizon] + 0.15 * np.eye(models)
        if np.linalg.eigvalsh(matrix)[0] < 1e-6:
            continue
        raw = np.maximum(np.linalg.solve(matrix, mu[symbol, :, horizon]), 0.0)
        if (some["agreement"].samples[symbol, horizon] >= 5).all() and raw.sum() > 1e-9:
            np.testing.assert_allclose(found[symbol, :, horizon], raw / raw.sum(), atol=1e-9)


@pytest.mark.property
@settings(max_examples=60, deadline=None)
@given(
    weights=st.lists(st.floats(0.01, 1), min_size=2, max_size=6),
    lower=st.floats(0.01, 0.99),
    upper=st.floats(0.01, 0.99),
)
def test_a_lower_temperature_is_flatter(weights: list[float], lower: float, upper: float) -> None:
    lower, upper = sorted((lower, upper))
    column = (np.array(weights) / sum(weights)).reshape(1, -1, 1)
    flat, steep = (temper(column, np.array([each])) for each in (lower, upper))
    assert flat.max() <= steep.max() + 1e-12 <= column.max() + 2e-12
    assert flat.min() >= steep.min() - 1e-12


def test_a_model_that_is_missing_does_not_disturb_the_others() -> None:
    some = inputs(1, missing=0.0)
    some["expected"][:, 2] = np.nan
    without = {
        **{name: np.delete(some[name], 2, axis=1) for name in ("expected", "confidence", "ic", "learned")},
        "agreement": Agreement(
            *(np.delete(np.delete(each, 2, axis=2), 2, axis=3) for each in some["agreement"])
        ),
    }
    found, expected = blend(**some), blend(**{**some, **without})
    np.testing.assert_allclose(np.delete(found.weights, 2, axis=1), expected.weights, rtol=1e-12)
    np.testing.assert_allclose(found.alpha, expected.alpha, rtol=1e-12)


def test_a_model_that_is_missing_and_new_does_not_make_the_others_equal() -> None:
    samples = np.full((1, 1, 3, 3), 50.0)
    samples[..., 2, :] = samples[..., :, 2] = 0.0
    mu = np.array([0.2, 0.1, 0.3]).reshape(1, 3, 1)
    agreement = Agreement(np.eye(3)[None, None], samples)
    known = np.array([True, True, False]).reshape(1, 3, 1)
    np.testing.assert_allclose(ridge_weights(mu, agreement, known)[0, :, 0], [2 / 3, 1 / 3, 0.0], rtol=1e-14)
    equal = ridge_weights(mu, agreement, np.ones((1, 3, 1), dtype=bool))
    np.testing.assert_allclose(equal[0, :, 0], [1 / 3] * 3, rtol=1e-14)


def test_nothing_learned_leaves_the_weights_as_they_are() -> None:
    some = inputs(2)
    del some["learned"]
    found = blend(**some)
    np.testing.assert_array_equal(found.weights, found.tempered)


def test_a_share_of_the_learner_may_differ_by_symbol() -> None:
    some = inputs(3, missing=0.0)
    some["learned_share"] = np.array([0.0, 0.3, 1.0])
    found = blend(**some)
    np.testing.assert_allclose(found.weights[0], found.tempered[0], rtol=1e-12)
    positive = np.maximum(some["learned"][2], 0.0)
    np.testing.assert_allclose(found.weights[2], positive / positive.sum(axis=0), rtol=1e-12)


@pytest.mark.parametrize(
    "changes", [{"ridge": -0.1}, {"mu_floor": 0.0}, {"cost_weight": -1.0}, {"minimum": 0}]
)
def test_settings_that_make_no_sense_are_refused(changes: dict[str, float]) -> None:
    with pytest.raises(ConfigurationError, match=f"blending.{next(iter(changes))}"):
        BlendSettings(**changes)
