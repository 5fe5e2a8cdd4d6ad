"""What trades have paid: golden values, turns and partial fills, and the loss that is learned from."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.strategy.pipeline.learning.rewards import (
    DAY_NS,
    Reward,
    RewardSettings,
    Trade,
    after_fill,
    bounded_loss,
    is_stale,
)
from messages.errors import ConfigurationError

pytestmark = pytest.mark.unit

REAL = RewardSettings()
ASSUMED = RewardSettings(assumed_cost_bps=6.0)
"""1 bp of fees and 5 bps of slippage, as the original charges without looking at fills."""


def fill(
    trade: Trade | None,
    quantity: float,
    price: float,
    fee: float = 0.0,
    time: int = 0,
    settings: RewardSettings = REAL,
    horizon: str = "5m",
) -> tuple[Trade | None, Reward | None]:
    return after_fill(
        trade,
        signed_quantity=quantity,
        price=price,
        fee=fee,
        time=time,
        horizon=horizon,
        shares={"gbm": 1.0},
        settings=settings,
    )


def round_trip(quantity: float, entry: float, out: float, fee: float, settings: RewardSettings) -> Reward:
    trade, nothing = fill(None, quantity, entry, fee, settings=settings)
    assert nothing is None
    left, reward = fill(trade, -quantity, out, 0.0, time=7, settings=settings)
    assert left is None
    assert reward is not None
    return reward


@pytest.mark.golden
def test_the_reward_of_a_long_from_150_to_151() -> None:
    reward = round_trip(100, 150, 151, 0.5, ASSUMED)
    assert reward.gross_bps == pytest.approx(66.66666666666667, rel=1e-13)
    assert reward.cost_bps == pytest.approx(6.333333333333333, rel=1e-14)
    assert reward.net_bps == pytest.approx(60.333333333333336, rel=1e-13)
    # real fills hold their slippage and their fees: nothing else is charged
    assert round_trip(100, 150, 151, 0.5, REAL).net_bps == pytest.approx(66.66666666666667 - 1 / 3, rel=1e-13)


@pytest.mark.golden
def test_the_reward_of_the_same_move_for_a_short_without_a_fee() -> None:
    assert round_trip(-100, 150, 151, 0.0, ASSUMED).net_bps == pytest.approx(-72.66666666666667, rel=1e-13)


@pytest.mark.parametrize(
    ("net", "loss"), [(0.0, 0.5), (50.0, 0.25), (100.0, 0.0), (1e9, 0.0), (-100.0, 1.0), (-1e9, 1.0)]
)
def test_the_loss_is_an_affine_map_of_clipped_bps(net: float, loss: float) -> None:
    assert bounded_loss(net, REAL) == loss


def test_a_trade_in_parts_is_rewarded_once_with_all_its_fees() -> None:
    trade, _ = fill(None, 1, 100, 0.1, time=10)
    trade, _ = fill(trade, 1, 110, 0.1)
    trade, reward = fill(trade, -1.5, 120, 0.2)
    assert reward is None
    trade, reward = fill(trade, -0.5, 100, 0.1, time=50)
    assert trade is None
    assert reward == Reward(
        "5m", {"gbm": 1.0}, pytest.approx(20 / 210 * 1e4), pytest.approx(0.5 / 210 * 1e4), 40
    )


def test_a_fill_beyond_flat_ends_one_trade_and_begins_another_and_shares_the_fee() -> None:
    trade, _ = fill(None, 1, 100, 0.0, time=10)
    after, reward = fill(trade, -3, 101, 0.3, time=20, horizon="1d")
    assert reward is not None
    assert (reward.horizon, reward.net_bps, reward.held_ns) == ("5m", pytest.approx(100 - 10), 10)
    assert after is not None
    assert (after.direction, after.quantity, after.horizon, after.opened_at) == (-1, 2.0, "1d", 20)
    assert after.fees == pytest.approx(0.2)


def test_rounding_leaves_no_dust_of_a_trade() -> None:
    trade, _ = fill(None, 0.3, 100)
    trade, _ = fill(trade, -0.1, 100)
    trade, reward = fill(trade, -0.2, 100)
    assert trade is None
    assert reward is not None


@pytest.mark.parametrize(
    ("quantity", "price"), [(0.0, 100.0), (1.0, 0.0), (float("nan"), 1.0), (1.0, float("inf"))]
)
def test_a_fill_that_is_none_changes_nothing(quantity: float, price: float) -> None:
    trade, _ = fill(None, 1, 100)
    assert fill(trade, quantity, price) == (trade, None)


def test_a_reward_is_stale_after_a_day_and_twice_its_horizon() -> None:
    held = Reward("5m", {}, 0.0, 0.0, DAY_NS + 1)
    assert is_stale(held, 300_000_000_000, REAL)
    assert not is_stale(held, DAY_NS, REAL)
    assert not is_stale(Reward("5m", {}, 0.0, 0.0, DAY_NS), 1, REAL)


FILLS = st.lists(
    st.tuples(st.integers(-5, 5).filter(bool), st.floats(50, 150), st.floats(-0.1, 1.0)),
    min_size=1,
    max_size=25,
)


@pytest.mark.property
@given(FILLS)
def test_rewards_and_what_is_open_account_for_all_money(fills: list[tuple[int, float, float]]) -> None:
    trade: Trade | None = None
    booked = position = cash = 0.0
    for quantity, price, fee in fills:
        entered = trade
        trade, reward = fill(trade, quantity, price, fee)
        position += quantity
        cash -= quantity * price + fee
        if reward is not None:
            assert entered is not None
            booked += reward.net_bps / 1e4 * entered.entry_value
    open_value = 0.0
    if trade is not None:
        assert trade.quantity * trade.direction == pytest.approx(position)
        open_value = trade.direction * (trade.exit_value - trade.entry_value) - trade.fees
    else:
        assert position == 0
    assert booked + open_value == pytest.approx(cash, abs=1e-6)


@pytest.mark.parametrize(
    "make", [lambda: RewardSettings(range_bps=0.0), lambda: RewardSettings(stale_after_ns=-1)]
)
def test_settings_out_of_range_are_refused(make) -> None:
    with pytest.raises(ConfigurationError, match=r"learning\.rewards\."):
        make()
