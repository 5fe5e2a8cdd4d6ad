"""Golden values of sheet F sections 2 and 15: standardised scores, confidence, ranks."""

from __future__ import annotations

import numpy as np
import pytest

from actors.strategy.pipeline.horizons import minutes_of, parse_horizons, taus_s
from actors.strategy.pipeline.prediction import (
    Standardiser,
    capacity,
    confidence,
    expected_returns,
    freshness,
    stability,
    standing,
)
from actors.strategy.pipeline.ranking import percentiles, probit, rank_scores

pytestmark = [pytest.mark.unit, pytest.mark.golden]

TAUS = taus_s(minutes_of(parse_horizons()))


def standardised(values: list[float]) -> list[float]:
    standardiser = Standardiser((1, 1, 1))
    return [float(standardiser.standardise(np.full((1, 1, 1), value))[0, 0, 0]) for value in values]


def test_nine_zeros_and_a_ten_are_three_deviations() -> None:
    assert standardised([0.0] * 9 + [10.0])[-1] == 3.0


def test_the_third_of_one_two_three_and_the_clipped_raw_values_before_it() -> None:
    assert standardised([1.0, 2.0, 3.0]) == [1.0, 2.0, pytest.approx(1.224744871391589, rel=1e-15)]
    assert standardised([-7.0, 4.0]) == [-3.0, 3.0]


def test_a_constant_series_is_zero_from_the_third_on() -> None:
    assert standardised([0.5] * 12) == [0.5, 0.5] + [0.0] * 10


def test_only_the_last_ten_observations_count() -> None:
    assert standardised([1e6] * 5 + [0.0] * 9 + [10.0])[-1] == 3.0


@pytest.mark.parametrize(
    ("age_s", "expected"),
    [
        (
            60.0,
            [
                0.6703200460356393,
                0.8187307530779818,
                0.8751733190429475,
                0.9355069850316178,
                0.9672161004820059,
                0.991701292638876,
            ],
        ),
        (150.0, [0.36787944117144233, None, None, None, None, None]),
        (-5.0, [1.0] * 6),
    ],
)
def test_freshness(age_s: float, expected: list[float | None]) -> None:
    found = freshness(np.full((1, 1, 6), age_s), TAUS)[0, 0]
    for value, wanted in zip(found, expected, strict=True):
        assert wanted is None or value == pytest.approx(wanted, rel=1e-15)


def test_capacity() -> None:
    planned, adv = np.array([500e3, 50e3, 0.0, 0.0]), np.array([1e6, 1e6, 1e6, np.nan])
    np.testing.assert_allclose(capacity(planned, adv), [0.2, 1.0, 1.0, 1.0], rtol=1e-15)


def test_a_volume_that_is_not_known_is_not_enough_of_it() -> None:
    """The sheet takes 1 there; missing is not neutral here."""
    assert np.isnan(capacity(np.array([500e3, 1.0, np.nan]), np.array([np.nan, 0.0, 1e6]))).all()


def test_stability() -> None:
    rmse = np.sqrt(np.mean(np.square([0.01, 0.02, 0.03])))
    found = stability(np.array([rmse, np.nan]))
    assert found.tolist() == [pytest.approx(0.9788543296924971, rel=1e-15), 0.5]


@pytest.mark.parametrize(
    ("ic", "rmse", "planned", "total", "shrink"),
    [
        (0.05, 0.02, 500e3, 0.0065717651572121515, 0.6703200460356393 * 0.2 / 1.02),
        (-0.2, np.nan, 0.0, 0.0033516002301781965, 0.6703200460356393 * 0.5),
    ],
)
def test_confidence(ic: float, rmse: float, planned: float, total: float, shrink: float) -> None:
    one = np.ones((1, 1, 1))
    found = confidence(
        standing(ic * one, rmse * one), 60.0 * one, TAUS[:1], np.array([planned]), np.array([1e6])
    )
    assert found.total[0, 0, 0] == pytest.approx(total, rel=1e-15)
    assert found.shrink[0, 0, 0] == pytest.approx(shrink, rel=1e-15)


def test_expected_returns_have_units() -> None:
    """z x slope x shrink: two deviations at 5 bps each, half trusted, are 5 bps (16.10.2)."""
    shape = (1, 4, 1)
    z = np.array([2.0, -2.0, 2.0, 2.0]).reshape(shape)
    slope = np.array([5e-4, 5e-4, np.nan, -5e-4]).reshape(shape)
    found = expected_returns(z, slope, np.full(shape, 0.5), z, np.zeros(4, dtype=bool))
    np.testing.assert_array_equal(found[0, :, 0], [5e-4, -5e-4, np.nan, 0.0])


def test_a_model_that_speaks_in_returns_needs_no_slope() -> None:
    raw = np.full((1, 2, 1), 0.002)
    found = expected_returns(
        raw * 100, np.full(raw.shape, np.nan), np.full(raw.shape, 0.5), raw, np.array([True, False])
    )
    np.testing.assert_array_equal(found[0, :, 0], [0.001, np.nan])


def test_percentiles_with_ties() -> None:
    assert percentiles(np.array([1.0, 2.0, 2.0, 3.0])).tolist() == [0.25, 0.625, 0.625, 1.0]
    assert percentiles(np.array([7.0])).tolist() == [1.0]


def test_the_percentiles_of_five_sum_to_three() -> None:
    assert percentiles(np.array([3.0, 1.0, 5.0, 4.0, 2.0])).sum() == 3.0


def test_probit() -> None:
    found = probit(np.array([0.2, 0.4, 0.95]))
    np.testing.assert_allclose(
        found, [-0.8416212335729142, -0.2533471031357998, 1.6448536269514715], rtol=1e-14, atol=0
    )


def test_the_best_of_a_ranking_is_clipped_to_three() -> None:
    assert probit(np.array([0.999]))[0] > 3.0
    found = rank_scores(np.array([3.0, 1.0, 5.0, 4.0, 2.0]))
    np.testing.assert_allclose(
        found,
        [0.2533471031357998, -0.8416212335729142, 3.0, 0.8416212335729142, -0.2533471031357998],
        rtol=1e-14,
    )


def test_fewer_than_five_are_not_ranked() -> None:
    assert np.isnan(rank_scores(np.array([1.0, 2.0, np.nan, 3.0, 4.0]))).all()
