"""Decisions of a shadow held to those that traded: what counts as equal, and what as a difference."""

from __future__ import annotations

from decimal import Decimal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cluster.shadow.comparing import Comparison, compare
from cluster.shadow.reading import Decided
from messages.decisions import Decision

pytestmark = pytest.mark.unit

SECOND = 1_000_000_000


def order(
    time: float, side: int, quantity: str = "1", price: float | None = 100.0, symbol: str = "BTC-USDT"
) -> Decided:
    return Decided(
        symbol, int(time * SECOND), Decision.TRADE, "signal", side, Decimal(quantity), f"i{time}{symbol}", False, price
    )  # fmt: skip


def nothing(time: float, reason: str = "cooldown", symbol: str = "BTC-USDT") -> Decided:
    return Decided(symbol, int(time * SECOND), Decision.BLOCKED, reason)


def simulated(each: Decided) -> Decided:
    return msgspec.structs.replace(each, simulated=each.trades)


def held(live: list[Decided], shadow: list[Decided]) -> Comparison:
    return compare(live, [simulated(each) for each in shadow], names=("live", "dark"), within=SECOND)


def test_the_same_decisions_are_equal() -> None:
    made = [order(1, 1), nothing(2), order(3, -1, symbol="ETH-USDT")]
    found = held(made, made)
    assert found.is_equal
    assert (found.aligned, found.equal, found.live_trades, found.orders_sent) == (3, 3, 2, 0)
    assert found.size.largest == found.price.largest == 0.0


def test_a_veto_of_one_of_them_is_counted() -> None:
    found = held([order(1, 1), order(2, 1)], [order(1, 1), nothing(2)])
    assert not found.is_equal
    assert (found.veto_mismatches, found.veto_mismatch_share, found.equal_share) == (1, 0.5, 0.5)
    (difference,) = found.differences
    assert (difference.live, difference.shadow) == ("buy 1 (signal)", "blocked (cooldown)")


def test_sides_sizes_and_prices_are_compared_where_both_traded() -> None:
    live = [order(1, 1, "2", 100.0), order(2, -1, "2", 100.0), order(3, 1, "2", 100.0)]
    shadow = [order(1, 1, "1", 101.0), order(2, -1, "3", 101.0), order(3, -1, "2", 100.0)]
    found = held(live, shadow)
    assert found.side_mismatches == 1
    assert found.size.count == 3
    assert found.size.p95 == found.size.p50 == 0.5
    assert found.price.count == 2
    assert found.price.mean == pytest.approx(0.0)  # 100 bps worse to buy, as much better to sell
    assert found.price.p95 == pytest.approx(100.0)


def test_what_is_too_far_apart_in_time_has_no_counterpart() -> None:
    found = held([order(1, 1)], [order(2.5, 1)])
    assert (found.aligned, found.only_live, found.only_shadow) == (0, 1, 1)
    assert found.equal_share is None
    assert not found.is_equal


def test_each_goes_with_the_nearest() -> None:
    found = held([order(1, 1), order(1.6, -1)], [order(1.5, -1)])
    assert (found.aligned, found.equal, found.only_live) == (1, 1, 1)


def test_a_decision_is_never_held_to_that_of_another_symbol() -> None:
    found = held([order(1, 1)], [order(1, 1, symbol="ETH-USDT")])
    assert (found.aligned, found.only_live, found.only_shadow) == (0, 1, 1)


def test_a_shadow_that_sent_an_order_was_none() -> None:
    found = compare([order(1, 1)], [order(1, 1)], names=("live", "dark"), within=SECOND)
    assert found.orders_sent == 1
    assert not found.is_equal


made = st.builds(
    lambda time, side, symbol: order(time / 4, side, symbol=symbol) if side else nothing(time / 4, symbol=symbol),
    st.integers(0, 60),
    st.sampled_from([-1, 0, 1]),
    st.sampled_from(["BTC-USDT", "ETH-USDT"]),
)  # fmt: skip
decided = st.lists(made, min_size=1, max_size=25).map(
    lambda each: sorted(each, key=lambda one: (one.time, one.symbol))
)


@given(decided, decided)
def test_everything_is_counted_once(live: list[Decided], shadow: list[Decided]) -> None:
    found = held(live, shadow)
    assert found.aligned + found.only_live == len(live)
    assert found.aligned + found.only_shadow == len(shadow)
    assert found.equal <= found.aligned
    assert found.veto_mismatches + found.size.count <= found.aligned
    assert len(found.differences) == min(
        20, found.aligned - found.equal + found.only_live + found.only_shadow
    )


@given(decided)
def test_what_is_held_to_itself_is_equal(live: list[Decided]) -> None:
    assert held(live, live).is_equal
