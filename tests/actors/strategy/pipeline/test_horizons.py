"""Horizons: how they are written, their order, and what follows from their length."""

from __future__ import annotations

import pytest

from actors.strategy.pipeline.horizons import (
    EQUITY_SESSION_MINUTES,
    horizon_divisors,
    horizon_of_target,
    minutes_of,
    parse_horizon,
    parse_horizons,
    taus_s,
)
from messages.errors import ConfigurationError

pytestmark = pytest.mark.unit


@pytest.mark.golden
@pytest.mark.parametrize(
    ("target", "horizon"),
    [
        ("fwd_ret_30m", "30m"),
        ("spread_1h", "1h"),
        ("ret_1d", "1d"),
        ("foo", None),
        ("will_peak_5m", "5m"),
        ("ret_5m_60m", "60m"),
        ("alpha5m", None),
        ("5m_vol", "5m"),
        ("ret_0m", None),
    ],
)
def test_the_horizon_of_a_target(target: str, horizon: str | None) -> None:
    assert horizon_of_target(target) == horizon


@pytest.mark.parametrize(
    ("name", "day", "minutes"),
    [
        ("5m", 1440, 5),
        ("1h", 1440, 60),
        ("90m", 390, 90),
        ("1d", 1440, 1440),
        ("2d", EQUITY_SESSION_MINUTES, 780),
    ],
)
def test_minutes(name: str, day: int, minutes: int) -> None:
    assert parse_horizon(name, day) == (name, minutes)


@pytest.mark.parametrize("name", ["", "5", "m", "0m", "05m", "-5m", "5s", "5M", "1.5h", "5m ", "٥m", "5m\n"])
def test_other_forms_are_refused(name: str) -> None:
    with pytest.raises(ConfigurationError, match="5m, 1h, 1d"):
        parse_horizon(name)


@pytest.mark.parametrize("day", [0, -1, 1441])
def test_a_day_of_trading_has_a_length(day: int) -> None:
    with pytest.raises(ConfigurationError, match="day_minutes"):
        parse_horizon("5m", day)


def test_horizons_are_ordered_by_length_not_by_name() -> None:
    assert [each.name for each in parse_horizons(["1d", "10m", "5m", "1h"])] == ["5m", "10m", "1h", "1d"]


@pytest.mark.parametrize("names", [[], ["60m", "1h"], ["5m", "5m"], ["1d", "1440m"]])
def test_none_and_two_of_a_length_are_refused(names: list[str]) -> None:
    with pytest.raises(ConfigurationError, match="horizons"):
        parse_horizons(names)


@pytest.mark.golden
@pytest.mark.parametrize("day", [390, 1440])
def test_taus_and_divisors(day: int) -> None:
    minutes = minutes_of(parse_horizons(day_minutes=day))
    assert taus_s(minutes).tolist() == [150.0, 300.0, 450.0, 900.0, 1800.0, 7200.0]
    assert horizon_divisors(minutes)[0] == 1.0
    assert horizon_divisors(minutes)[-1] == pytest.approx((day / 5) ** 0.5, rel=1e-15)
