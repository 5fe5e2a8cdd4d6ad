"""Percentiles, ratios and comparisons: the arithmetic behind what the bench shows."""

from __future__ import annotations

import pytest

from cluster.bench.figures import durations, flatten, latencies, percentile, rates, ratio

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("samples", "part", "expected"),
    [
        ([7.0], 0.99, 7.0),
        (list(range(1, 101)), 0.5, 51),
        (list(range(1, 101)), 0.99, 100),
        ([3, 1, 2], 0.5, 2),
    ],
)
def test_a_percentile_is_a_sample_that_was_taken(samples: list[float], part: float, expected: float) -> None:
    assert percentile(samples, part) == expected


def test_no_percentile_is_made_up_of_no_samples() -> None:
    with pytest.raises(ValueError, match="no samples"):
        percentile([], 0.5)


def test_a_latency_stands_beside_its_floor_in_microseconds() -> None:
    found = latencies("", [2_000, 4_000, 6_000], [1_000, 2_000, 3_000])
    assert found["p50_us"] == 4.0
    assert found["floor_p50_us"] == 2.0
    assert found["p50_ratio_to_floor"] == 2.0
    assert found["p99_us"] == 6.0


def test_a_rate_is_told_as_part_of_what_is_possible() -> None:
    assert rates("messages", 250.0, 1_000.0) == {
        "messages_per_s": 250,
        "floor_messages_per_s": 1_000,
        "messages_ratio_to_floor": 0.25,
    }


def test_a_duration_is_compared_by_medians_and_shows_its_extremes() -> None:
    found = durations("recovery", [0.7, 0.6, 0.9], [0.5, 0.4, 0.6])
    assert (found["recovery_min_ms"], found["recovery_p50_ms"], found["recovery_max_ms"]) == (600, 700, 900)
    assert found["recovery_above_floor_ms"] == 200.0


def test_a_ratio_to_nothing_is_nothing() -> None:
    assert ratio(5.0, 0.0) == 0.0


def test_nested_figures_get_dotted_names_and_only_numbers_count() -> None:
    nested = {"hop": {"always": {"p50_us": 1.5}}, "quick": True, "machine": {"python": "3.11", "cpus": 2}}
    assert flatten(nested) == {"hop.always.p50_us": 1.5, "machine.cpus": 2}
