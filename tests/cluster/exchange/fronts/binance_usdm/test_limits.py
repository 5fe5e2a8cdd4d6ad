"""Weights, order counts and the ladder of bans, in calendar windows."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cluster.exchange.fronts.binance_usdm.errors import ApiError
from cluster.exchange.fronts.binance_usdm.limits import Limits, LimitSettings, Window

pytestmark = pytest.mark.unit

MINUTE = 60_000
NOON = 1_000 * MINUTE
SMALL = LimitSettings(
    weight_per_minute=10, orders_per_ten_seconds=3, orders_per_minute=5, tolerated=2, first_ban_s=120
)


def refusal(do: Callable[[], object]) -> ApiError:
    with pytest.raises(ApiError) as caught:
        do()
    return caught.value


def test_weights_beyond_the_limit_are_refused_until_the_minute_is_over() -> None:
    limits = Limits(SMALL)
    for _ in range(2):
        limits.admit("a", 5, NOON + 30_000)
    error = refusal(lambda: limits.admit("a", 1, NOON + 30_001))
    assert (error.status, error.code, error.retry_after) == (429, -1003, 30)
    limits.admit("b", 1, NOON + 30_001)
    limits.admit("a", 1, NOON + MINUTE)
    assert limits.used("a", NOON + MINUTE) == 1


def test_who_goes_on_is_banned_and_each_ban_is_longer() -> None:
    limits, now = Limits(SMALL), NOON
    lengths = []
    for _ in range(3):
        statuses = []
        for _ in range(20):
            try:
                limits.admit("a", 10, now)
            except ApiError as error:
                statuses.append(error.status)
                last = error
        assert statuses == [429, 429, *[418] * 17]
        assert last.retry_after is not None
        lengths.append(last.retry_after)
        assert "IP banned until" in last.text
        now += (last.retry_after + 60) * 1_000
    assert lengths == [120, 240, 480]
    assert limits.bans == 3


def test_the_longest_ban_is_three_days() -> None:
    limits = Limits(LimitSettings(weight_per_minute=1, tolerated=0))
    now = NOON
    for _ in range(20):
        limits.ban("a", now)
    assert refusal(lambda: limits.admit("a", 1, now)).retry_after == 259_200


def test_orders_are_counted_per_account_in_two_windows() -> None:
    limits = Limits(SMALL)
    for _ in range(3):
        limits.count_orders("x", 1, NOON)
    error = refusal(lambda: limits.count_orders("x", 1, NOON + 9_999))
    assert (error.status, error.code, error.retry_after) == (429, -1015, 1)
    assert "3 orders per TEN_SECONDS" in error.text
    limits.count_orders("y", 3, NOON)
    limits.count_orders("x", 2, NOON + 10_000)
    assert limits.orders("x", NOON + 10_000) == (2, 5)
    error = refusal(lambda: limits.count_orders("x", 1, NOON + 20_000))
    assert "5 orders per MINUTE" in error.text


@given(st.lists(st.tuples(st.integers(0, 200_000), st.integers(1, 5)), max_size=60))
def test_a_window_counts_what_fell_into_its_own_minute(requests: list[tuple[int, int]]) -> None:
    window = Window(MINUTE)
    counted: dict[int, int] = {}
    for time, amount in sorted(requests):
        minute = time // MINUTE
        counted[minute] = counted.get(minute, 0) + amount
        assert window.add("a", amount, time) == counted[minute]
