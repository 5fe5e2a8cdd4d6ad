"""Routes whose orders follow from the size: TWAP in slices, flips, and both legs of an account in hedge mode."""

from __future__ import annotations

from decimal import Decimal

import msgspec
import pytest

from actors.execution.settings import SECOND
from messages.intents import PositionLeg, Route, Side
from messages.orders import OrderState
from messages.reasons import Reason
from tests.actors.execution.rig import SYMBOL, kinds
from tests.actors.execution.routing.routed import AMENDING, RoutedRig, placed

pytestmark = pytest.mark.unit


def test_a_twap_works_equal_slices_one_after_the_other() -> None:
    rig = RoutedRig()
    first = placed(rig.route(Route.TWAP, "5"))
    assert first.quantity == Decimal("1.5")
    assert [each.quantity for each in rig.plan.slices] == [Decimal("1.5"), Decimal("1.5"), Decimal(2)]
    rig.accept()
    rig.fill("1.5", "99", OrderState.FILLED)
    assert rig.effects == []
    second = placed(rig.wait(3 * SECOND))
    assert second.quantity == Decimal("1.5")


def test_a_slice_is_worked_passively_as_long_as_any_however_early_the_one_before_was_filled() -> None:
    hasty = msgspec.structs.replace(AMENDING.routing, maker_patience_ns=2 * SECOND)
    rig = RoutedRig(msgspec.structs.replace(AMENDING, routing=hasty))
    rig.route(Route.TWAP, "3")
    rig.accept()
    rig.fill("1", "99", OrderState.FILLED)
    second = placed(rig.wait(3 * SECOND))
    assert second.post_only
    rig.accept()
    assert rig.wait(2 * SECOND - 1) == []
    assert kinds(rig.wait(1)) == ["CancelOrder"]


def test_what_a_slice_leaves_goes_into_the_next() -> None:
    rig = RoutedRig()
    rig.route(Route.TWAP, "3")
    rig.accept()
    rig.fill("0.5", "99", OrderState.PARTIALLY_FILLED)
    assert kinds(rig.wait(3 * SECOND)) == ["CancelOrder"]
    second = placed(rig.ended(OrderState.CANCELLED, Reason.CANCEL_REQUESTED))
    assert second.quantity == Decimal("1.5")


def test_a_twap_goes_on_after_a_crash_between_slices() -> None:
    rig = RoutedRig()
    rig.route(Route.TWAP, "3")
    rig.accept()
    rig.fill("1", "99", OrderState.FILLED)
    assert rig.restart() == []
    assert placed(rig.wait(3 * SECOND)).quantity == 1


@pytest.mark.parametrize(
    ("quantity", "rules", "slices"),
    [
        ("1.5", {}, 1),  # worth 150, less than 200
        ("3", {}, 3),
        ("3", {"min_notional": "120"}, 2),
        ("3", {"lot": "1.5"}, 2),
    ],
)
def test_small_slices_are_made_fewer(quantity: str, rules: dict[str, str], slices: int) -> None:
    rig = RoutedRig(**rules)
    rig.route(Route.TWAP, quantity)
    assert len(rig.plan.slices) == slices
    assert sum(each.quantity for each in rig.plan.slices) == Decimal(quantity)


def holding(quantity: str, side: Side) -> RoutedRig:
    """A desk whose account holds a position of this size, by an order of its own."""
    rig = RoutedRig()
    order = rig.working(9, quantity=Decimal(quantity), side=side)
    rig.event(order, OrderState.FILLED, filled=quantity, fill="before")
    return rig


def test_a_flip_closes_first_and_opens_the_rest_once_that_is_filled() -> None:
    rig = holding("1", Side.BUY)
    closing = placed(rig.route(Route.FLIP, "3", Side.SELL))
    assert (closing.quantity, closing.reduce_only) == (1, True)
    rig.accept()
    opening = placed(rig.fill("1", "99", OrderState.FILLED, maker=False))
    assert (opening.quantity, opening.reduce_only) == (2, False)
    rig.accept()
    rig.fill("2", "99", OrderState.FILLED, maker=False)
    assert (rig.outcome.state, rig.outcome.filled) == (OrderState.FILLED, 3)


def test_a_flip_whose_close_is_not_filled_opens_nothing() -> None:
    rig = holding("1", Side.BUY)
    rig.route(Route.FLIP, "3", Side.SELL)
    rig.accept()
    rig.fill("0.5", "99", OrderState.PARTIALLY_FILLED)
    assert rig.ended(OrderState.CANCELLED, Reason.IMMEDIATE_OR_CANCEL) == []
    assert (rig.outcome.reason, rig.outcome.filled) == (Reason.FLIP_UNFILLED, Decimal("0.5"))


@pytest.mark.parametrize(("quantity", "side"), [("1", Side.SELL), ("2", Side.BUY)])
def test_an_order_that_only_closes_or_only_opens_is_one(quantity: str, side: Side) -> None:
    rig = holding("1", Side.BUY)
    rig.route(Route.FLIP, quantity, side)
    assert len(rig.plan.slices) == 1


def hedged_rig() -> RoutedRig:
    """Long 2, on an account that keeps long and short apart."""
    rig = RoutedRig(msgspec.structs.replace(AMENDING, hedge_mode=True))
    rig.state.at_venue.configured = rig.actor.configuration
    rig.state.positions[SYMBOL] = Decimal(2)
    return rig


def test_an_order_that_turns_a_hedged_position_closes_one_leg_and_opens_the_other() -> None:
    rig = hedged_rig()
    closing = placed(rig.route(Route.DIRECT, "5", Side.SELL))
    assert (closing.quantity, closing.leg, closing.reduce_only) == (2, PositionLeg.LONG, True)
    rig.accept()
    opening = placed(rig.fill("2", "99", OrderState.FILLED))
    assert (opening.quantity, opening.leg, opening.reduce_only) == (3, PositionLeg.SHORT, False)
    rig.accept()
    rig.fill("3", "99", OrderState.FILLED)
    assert (rig.outcome.state, rig.outcome.filled) == (OrderState.FILLED, 5)


@pytest.mark.parametrize(("quantity", "side"), [("2", Side.SELL), ("5", Side.BUY)])
def test_an_order_of_one_leg_alone_is_one_order(quantity: str, side: Side) -> None:
    rig = hedged_rig()
    assert placed(rig.route(Route.DIRECT, quantity, side)).quantity == Decimal(quantity)
    assert not rig.state.routing.plans
