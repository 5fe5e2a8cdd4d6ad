"""A scenario of the reference systems about the freeze: what is unknown keeps it, whatever a comparison says."""

from __future__ import annotations

import pytest

from actors.execution.settings import SECOND
from messages.account_events import VenueReconciled
from messages.orders import OrderState
from messages.reasons import Reason
from messages.venue import Outcome
from messages.venue_account import AccountResult
from tests.actors.execution.rig import SAFE, Rig, approved, kinds, told
from tests.actors.execution.test_account import account, gap

pytestmark = pytest.mark.golden


def test_neither_a_failed_nor_a_clean_comparison_ends_the_freeze_before_nothing_is_unknown() -> None:
    """Sheet B 14: after a reconcile that fails the freeze stays; it clears only once nothing is unknown."""
    rig = Rig(SAFE)
    orders = [rig.submit(1), rig.submit(2)]
    for order in orders:
        rig.place_result(order, Outcome.NO_ANSWER, Reason.UNKNOWN_OUTCOME)
    gap(rig)
    rig.take(AccountResult("paper", Outcome.NO_ANSWER))
    assert rig.state.frozen == {"BTC-USDT": 2}
    assert "QueryAccount" in kinds(rig.wait(2 * SECOND))
    rig.take(account())
    assert told(rig.envelopes, VenueReconciled, "risk")[-1].clean
    assert rig.state.frozen == {"BTC-USDT": 2}
    rig.found(orders[0], OrderState.WORKING)
    assert rig.state.frozen == {"BTC-USDT": 1}
    rig.take(approved(3), sender="risk")
    assert rig.reports()[-1].reason is Reason.SYMBOL_FROZEN
    rig.found(orders[1], OrderState.CANCELLED)
    assert rig.state.frozen == {}
    rig.take(approved(4), sender="risk")
    assert "PlaceOrder" in kinds(rig.effects)
