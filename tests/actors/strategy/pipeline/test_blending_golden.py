"""Golden values of sheet F sections 3 and 15: ridge weights, temperature, the blended alpha."""

from __future__ import annotations

import numpy as np
import pytest

from actors.strategy.pipeline.blending import blend, mix_learned, ridge_weights, scores, temper
from actors.strategy.pipeline.correlation import Agreement
from actors.strategy.pipeline.horizons import DEFAULT_HORIZONS, minutes_of, parse_horizons, temperatures

pytestmark = [pytest.mark.unit, pytest.mark.golden]


def agreement(correlation: list[list[float]], samples: float = 50.0) -> Agreement:
    matrix = np.array(correlation)[None, None]
    return Agreement(matrix, np.full(matrix.shape, samples))


def column(values: list[float]) -> np.ndarray:
    return np.array(values).reshape(1, -1, 1)


def weights(mu: list[float], correlation: list[list[float]], samples: float = 50.0) -> list[float]:
    known = np.ones((1, len(mu), 1), dtype=bool)
    return ridge_weights(column(mu), agreement(correlation, samples), known)[0, :, 0].tolist()


def pair(correlation: float) -> list[list[float]]:
    return [[1.0, correlation], [correlation, 1.0]]


@pytest.mark.parametrize(
    ("mu", "correlation", "expected"),
    [
        ([0.05, 0.05], pair(0.0), [0.5, 0.5]),
        ([0.2, 0.1], pair(0.0), [2 / 3, 1 / 3]),
        ([0.06, 0.03], pair(0.5), [0.923076923076923, 0.0769230769230769]),
        ([0.10, 0.01], pair(0.9), [1.0, 0.0]),
        (
            [0.05, 0.05, 0.05],
            [[1.0, 0.9, 0.1], [0.9, 1.0, 0.1], [0.1, 0.1, 1.0]],
            [0.26582278481012656, 0.26582278481012656, 0.46835443037974683],
        ),
    ],
)
def test_ridge_weights(mu: list[float], correlation: list[list[float]], expected: list[float]) -> None:
    assert weights(mu, correlation) == pytest.approx(expected, rel=1e-13, abs=1e-15)


def test_the_raw_solution_that_was_clipped() -> None:
    """0.206829268292683 and -0.15317073170731717 before: the second is what makes the first 1 after normalisation."""
    raw = np.linalg.solve(np.array(pair(0.9)) + 0.15 * np.eye(2), [0.10, 0.01])
    assert raw.tolist() == pytest.approx([0.206829268292683, -0.15317073170731717], rel=1e-13)


@pytest.mark.parametrize("samples", [0.0, 2.0, 4.0])
def test_fewer_than_five_samples_mean_equal_weights(samples: float) -> None:
    assert weights([0.2, 0.1], pair(0.5), samples) == [0.5, 0.5]


def test_a_matrix_that_is_none_means_equal_weights() -> None:
    assert weights([0.2, 0.1], pair(-1.2)) == [0.5, 0.5]


def test_mu_is_the_ic_less_half_the_cost_share_and_at_least_a_hundredth() -> None:
    found = scores(column([0.2, 0.06, -0.3, np.nan]), np.array([[0.1]]))
    np.testing.assert_allclose(found[0, :, 0], [0.15, 0.01, 0.01, 0.01], rtol=1e-14)


@pytest.mark.parametrize(
    ("before", "temperature", "after"),
    [
        ([0.8, 0.2], 0.75, [0.7387961250362585, 0.2612038749637414]),
        ([0.5, 0.3, 0.2], 0.75, [0.45772770409486496, 0.3120474491767743, 0.23022484672836077]),
        ([0.8, 0.2], 0.85, [0.7646510369310004, 0.2353489630689996]),
        ([0.8, 0.2], 0.90, [0.7768953867957378, 0.2231046132042622]),
        ([0.8, 0.2], 1.0, [0.8, 0.2]),
        ([0.8, 0.2], 2.0, [0.8, 0.2]),
        ([0.8, 0.2, 0.0], 0.0, [1 / 3, 1 / 3, 1 / 3]),
        ([0.8, 0.2, 0.0], 0.75, [0.7387961250362585, 0.2612038749637414, 0.0]),
    ],
)
def test_temperature(before: list[float], temperature: float, after: list[float]) -> None:
    assert temper(column(before), np.array([temperature]))[0, :, 0].tolist() == pytest.approx(
        after, rel=1e-14
    )


def test_the_temperatures_of_the_horizons() -> None:
    assert DEFAULT_HORIZONS == ("5m", "10m", "15m", "30m", "60m", "1d")
    assert temperatures(minutes_of(parse_horizons())).tolist() == [0.75, 0.85, 0.9, 1.0, 1.0, 1.0]


def blended(expected: list[float], **changes) -> tuple[list[float], float]:
    values = column(expected)
    models = values.shape[1]
    inputs = {
        "confidence": np.full(values.shape, 0.5),
        "ic": np.full(values.shape, 0.05),
        "agreement": agreement(np.eye(models).tolist()),
        "cost_share": np.zeros((1, 1)),
        "temperature": np.ones(1),
        **changes,
    }
    found = blend(values, **inputs)
    return found.weights[0, :, 0].tolist(), float(found.alpha[0, 0])


def test_a_single_model_is_the_alpha() -> None:
    assert blended([0.5]) == ([1.0], 0.5)


def test_two_equal_models_meet_in_the_middle() -> None:
    assert blended([0.6, 0.4]) == ([0.5, 0.5], pytest.approx(0.5, rel=1e-15))


def test_what_was_learned_is_mixed_in_by_its_share() -> None:
    found = mix_learned(
        column([0.3, 0.4, 0.3]), column([0.5, 0.3, 0.2]), np.ones((1, 3, 1), dtype=bool), 0.15
    )
    assert found[0, :, 0].tolist() == pytest.approx([0.33, 0.385, 0.285], rel=1e-14)


def test_an_arm_that_was_not_learned_has_an_equal_part_and_a_negative_one_none() -> None:
    found = mix_learned(column([0.5, 0.5]), column([np.nan, -2.0]), np.ones((1, 2, 1), dtype=bool), 0.5)
    # (0.25 + 0.25, 0.25 + 0) normalised
    assert found[0, :, 0].tolist() == pytest.approx([2 / 3, 1 / 3], rel=1e-14)
