"""From what is typed to points: grids whole and in order, draws within bounds and repeatable."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cluster.sweep.space import Axis, Range, grid_points, parse_axis, parse_range, random_points
from messages.errors import ConfigurationError

pytestmark = pytest.mark.unit


def test_a_grid_is_every_combination_and_the_last_axis_changes_fastest() -> None:
    points = grid_points([parse_axis("a.b=1,2"), parse_axis("c=x,y,z")])

    assert [point.label for point in points] == [
        f"a.b={first} c={second}" for first in (1, 2) for second in ("x", "y", "z")
    ]
    assert points[0].overrides == ("a.b=1", "c=x")


def test_commas_within_brackets_and_quotes_part_no_values() -> None:
    assert parse_axis('symbols=["A","B"],all').values == ('["A","B"]', "all")
    assert parse_axis('x="a,b",c').values == ('"a,b"', "c")


@pytest.mark.parametrize("text", ["", "=1,2", "a=", "a=1,,2", "a", "a=1,1"])
def test_what_is_no_axis_is_refused_with_a_remedy(text: str) -> None:
    with pytest.raises(ConfigurationError) as raised:
        parse_axis(text)
    assert raised.value.field == "--grid"
    assert raised.value.remedy


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a=1..5", Range("a", 1, 5)),
        ("a=2..40:int", Range("a", 2, 40, whole=True)),
        ("a=10ms..2000ms:log", Range("a", 10, 2000, "ms", logarithmic=True)),
        ("a=10..50bps", Range("a", 10, 50, "bps")),
        ("a=0.5%..2%", Range("a", 0.5, 2, "%")),
        ("a=1..64:log:int", Range("a", 1, 64, logarithmic=True, whole=True)),
        ("a=-1..1", Range("a", -1, 1)),
    ],
)
def test_ranges_are_read_with_their_unit_and_flags(text: str, expected: Range) -> None:
    assert parse_range(text) == expected


@pytest.mark.parametrize(
    "text", ["a=1", "a=5..1", "a=1..1", "a=1ms..2s", "a=0..1:log", "a=1.5..3:int", "=1..2", "a=1..2:cube"]
)
def test_what_is_no_range_is_refused(text: str) -> None:
    with pytest.raises(ConfigurationError) as raised:
        parse_range(text)
    assert raised.value.field == "--range"


@pytest.mark.property
@given(
    low=st.integers(1, 1000),
    span=st.integers(1, 1000),
    share=st.floats(0, 1, exclude_max=True),
    logarithmic=st.booleans(),
)
def test_whole_numbers_stay_within_their_bounds(low: int, span: int, share: float, logarithmic: bool) -> None:
    drawn = Range("a", low, low + span, logarithmic=logarithmic, whole=True).at(share)
    assert low <= int(drawn) <= low + span


@pytest.mark.property
@given(share=st.floats(0, 1), logarithmic=st.booleans())
def test_drawn_numbers_stay_within_their_bounds(share: float, logarithmic: bool) -> None:
    drawn = Range("a", 0.001, 250.0, "bps", logarithmic=logarithmic).at(share)
    number = re.fullmatch(r"([\d.e+-]+)bps", drawn)
    assert number is not None
    assert 0.001 <= float(number[1]) <= 250.0


def test_every_whole_number_of_a_range_is_drawn_about_as_often() -> None:
    drawn = [int(Range("a", 1, 4, whole=True).at((index + 0.5) / 1000)) for index in range(1000)]
    assert [drawn.count(number) for number in (1, 2, 3, 4)] == [250, 250, 250, 250]


def test_a_longer_draw_begins_with_the_shorter_one_and_another_seed_is_another() -> None:
    axes, ranges = [Axis("c", ("x", "y"))], [Range("a", 1, 100)]
    ten, four = random_points(axes, ranges, 10, 7), random_points(axes, ranges, 4, 7)

    assert len(ten) == len(set(ten)) == 10
    assert ten[:4] == four
    assert random_points(axes, ranges, 4, 8) != four


def test_where_there_are_fewer_points_than_asked_for_each_is_drawn_once() -> None:
    points = random_points([Axis("c", ("x", "y"))], [], 10, 7)
    assert sorted(point.label for point in points) == ["c=x", "c=y"]


def test_a_setting_named_twice_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="not something to sweep over"):
        grid_points([Axis("a", ("1",)), Axis("a", ("2",))])
    with pytest.raises(ConfigurationError, match="not something to sweep over"):
        random_points([Axis("a", ("1",))], [Range("a", 1, 2)], 3, 7)
