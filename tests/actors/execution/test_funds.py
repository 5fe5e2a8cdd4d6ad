"""Cash as execution keeps it, and orders that it does not suffice for."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec
import pytest

from actors.execution.settings import ExecutionSettings
from actors.precheck.funds import Collateral
from messages.account_events import BalancesTaken, VenueAccountDue
from messages.intents import Side
from messages.orders import OrderState
from messages.reasons import Reason
from messages.venue import Outcome, PlaceOrder
from messages.venue_account import AccountResult
from tests.actors.execution.rig import SAFE, START, SYMBOL, Rig, approved

pytestmark = pytest.mark.unit

D = Decimal


def settings(rate: str = "1", *, margin: bool = False, currency: str = "USDT") -> ExecutionSettings:
    """An account of which a part of each value must be free, with a fee of a hundredth."""
    return msgspec.structs.replace(
        SAFE,
        traits=msgspec.structs.replace(SAFE.traits, margin=margin),
        collateral={SYMBOL: Collateral(currency, D(rate))},
        taker_fee=D("0.01"),
    )


def account(cash: str, position: str = "0") -> AccountResult:
    """A reading of the account."""
    positions = {SYMBOL: D(position)} if D(position) else {}
    return AccountResult("paper", Outcome.ACCEPTED, (), {"USDT": D(cash)}, positions)


def desk(cash: str, rate: str = "1", position: str = "0", *, margin: bool = False) -> Rig:
    """A desk whose account was read."""
    return Rig(settings(rate, margin=margin), seeded=False).take(account(cash, position))


def refused(rig: Rig, number: int = 1, **changes: Any) -> Reason | None:
    """Why an intent was not placed, or None."""
    rig.take(approved(number, rig.now, **changes), sender="risk")
    if any(isinstance(effect, PlaceOrder) for effect in rig.effects):
        return None
    report = rig.final(number)
    assert report is not None
    assert report.state is OrderState.REJECTED
    return report.reason


def cash(rig: Rig) -> Decimal:
    return rig.state.at_venue.balances["USDT"]


@pytest.mark.parametrize(
    ("money", "rate", "reason"),
    [
        ("101", "1", None),
        ("100.99", "1", Reason.INSUFFICIENT_BALANCE),
        ("11", "0.1", None),
        ("10.99", "0.1", Reason.INSUFFICIENT_BALANCE),
    ],
)
def test_an_order_is_placed_if_the_account_can_carry_it_with_its_fee(
    money: str, rate: str, reason: Reason | None
) -> None:
    assert refused(desk(money, rate)) is reason


def test_it_is_never_made_smaller_or_larger_for_that() -> None:
    rig = desk("150")
    assert refused(rig, quantity=D(1)) is None
    [placed] = [effect for effect in rig.effects if isinstance(effect, PlaceOrder)]
    assert placed.quantity == 1


def test_what_works_already_counts_and_what_ended_does_not() -> None:
    rig = desk("150")
    first = rig.working(1)
    assert refused(rig, 2) is Reason.INSUFFICIENT_BALANCE
    rig.event(first, OrderState.CANCELLED)
    assert refused(rig, 3) is None


def test_what_only_reduces_needs_no_money() -> None:
    rig = desk("0", position="1")
    assert refused(rig, side=Side.SELL, increases_exposure=False) is None
    assert refused(rig, 2, side=Side.SELL, reduce_only=True) is None


def test_an_order_that_reduces_what_is_held_needs_its_fee_only() -> None:
    rig = desk("102")
    order = rig.working(1)
    rig.event(order, OrderState.FILLED, filled="1", fill="f1")
    assert cash(rig) == D("1.99")
    assert refused(rig, 2, side=Side.SELL, worst_price=D(100), limit_price=D(100)) is None
    assert refused(rig, 3) is Reason.INSUFFICIENT_BALANCE


@pytest.mark.parametrize(
    ("told", "currency"), [({}, "USDT"), ({"EUR": D(5)}, "USDT"), ({"USDT": D(0)}, "BTC")]
)
def test_cash_that_nobody_told_is_left_to_the_venue(told: dict[str, Decimal], currency: str) -> None:
    rig = Rig(settings(currency=currency), seeded=False)
    rig.take(AccountResult("paper", Outcome.ACCEPTED, (), told))
    assert refused(rig) is None


def test_positions_of_unknown_cost_are_left_to_the_venue() -> None:
    assert refused(desk("0", position="3")) is None


def test_without_settings_nothing_is_judged() -> None:
    rig = Rig(SAFE, seeded=False).take(account("0"))
    assert refused(rig) is None


def test_on_margin_only_what_is_realised_changes_the_cash() -> None:
    rig = desk("100", "0.1", margin=True)
    bought = rig.working(1)
    rig.event(bought, OrderState.FILLED, filled="1", fill="f1")
    assert cash(rig) == D("99.99")
    sold = rig.working(2, side=Side.SELL, worst_price=D(90), limit_price=D(90), quantity=D("0.5"))
    rig.event(sold, OrderState.FILLED, filled="0.5", fill="f2", price="120")
    assert cash(rig) == D("109.98")
    turned = rig.working(3, side=Side.SELL, worst_price=D(90), limit_price=D(90), quantity=D(2))
    rig.event(turned, OrderState.FILLED, filled="2", fill="f3", price="90")
    assert cash(rig) == D("104.97")
    covered = rig.working(4, quantity=D("1.5"))
    rig.event(covered, OrderState.FILLED, filled="1.5", fill="f4", price="100")
    assert cash(rig) == D("89.96")


def test_the_venues_word_is_taken_where_it_differs() -> None:
    rig = desk("100")
    for money, taken in (("100", 0), ("60", 1), ("60", 1)):
        rig.actor.apply(VenueAccountDue(0, 0, Reason.RECONCILED, START))
        rig.journal.append(VenueAccountDue(0, 0, Reason.RECONCILED, START))
        rig.take(account(money))
        assert len(rig.happened(BalancesTaken)) == taken
    assert cash(rig) == 60
    rig.restart()
    assert cash(rig) == 60


def test_a_restart_knows_the_cash() -> None:
    rig = desk("102")
    order = rig.working(1)
    rig.event(order, OrderState.FILLED, filled="1", fill="f1")
    rig.restart()
    assert cash(rig) == D("1.99")
