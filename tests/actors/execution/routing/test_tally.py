"""Every order leaves a router record, also one that goes to the venue exactly as its intent says."""

from __future__ import annotations

from decimal import Decimal

import msgspec
import pytest

from actors.base import Context
from actors.execution.order import Order
from actors.execution.routing.records import DIRECT_POLICY
from actors.execution.settings import SECOND
from messages.intents import OrderType, Route
from messages.market import QuoteSnapshot
from messages.orders import OrderState
from messages.reasons import Reason
from messages.routing import RouterRecord
from messages.venue import Outcome
from tests.actors.execution.rig import SAFE, SYMBOL, Rig, approved, intent, snapshot, venue_event

pytestmark = pytest.mark.unit


def quoted(rig: Rig, **terms: object) -> Order:
    """A direct order of 2, bounded at 110, decided on a market of 99 to 101."""
    fields = {"order_type": OrderType.MARKET, "limit_price": None, "worst_price": Decimal(110)}
    message = approved(1, rig.now, quantity=Decimal(2), **(fields | terms))
    quote = QuoteSnapshot(99.0, 101.0, None, None, rig.now, rig.now)
    rig.take(msgspec.structs.replace(message, quote=quote), sender="risk")
    order = rig.state.order_of(intent(1))
    assert order is not None
    return order


def fill(rig: Rig, order: Order, quantity: str, price: str, state: OrderState, number: int = 1) -> None:
    total = str(order.filled + Decimal(quantity))
    sequence = rig.state.stream_sequence + 1
    parts = {"filled": total, "fill": f"f{number}", "price": price, "quantity": quantity}
    rig.take(venue_event(order, state, sequence, **parts))


def test_a_direct_order_is_recorded_when_it_has_ended() -> None:
    rig = Rig()
    order = quoted(rig)
    rig.ctx.now += SECOND
    rig.place_result(order, Outcome.ACCEPTED, Reason.ACCEPTED)
    fill(rig, order, "1", "101", OrderState.PARTIALLY_FILLED)
    assert rig.happened(RouterRecord) == []
    fill(rig, order, "1", "103", OrderState.FILLED, 2)
    (record,) = rig.happened(RouterRecord)
    assert (record.intent_id, record.route, record.orders, record.state) == (
        intent(1),
        Route.DIRECT,
        1,
        OrderState.FILLED,
    )
    assert (record.filled, record.notional, record.average_price) == (2, 204, 102)
    assert (record.arrival_mid, record.slippage_bps, record.spread_bps) == (100, pytest.approx(200), 200.0)
    assert (record.ack_latency_ns, record.total_ns) == (SECOND, SECOND)
    assert (record.maker_start, record.is_maker_final, record.used_fallback) == (False, False, False)
    assert (record.policy_before, record.policy_after) == (DIRECT_POLICY, DIRECT_POLICY)


def test_where_nobody_reads_it_none_is_made_and_the_same_is_remembered(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def ended() -> Rig:
        rig = Rig()
        order = quoted(rig)
        rig.place_result(order, Outcome.ACCEPTED, Reason.ACCEPTED)
        fill(rig, order, "2", "101", OrderState.FILLED)
        return rig

    read = ended()
    monkeypatch.setattr(Context, "explains", False)
    unread = ended()
    assert len(read.happened(RouterRecord)) == 1
    assert unread.happened(RouterRecord) == []
    assert snapshot(read.actor) == snapshot(unread.actor)


def test_what_is_not_known_of_it_is_none() -> None:
    rig = Rig()
    order = rig.submit(1)
    rig.place_result(order, Outcome.REJECTED, Reason.INSUFFICIENT_BALANCE)
    (record,) = rig.happened(RouterRecord)
    assert (record.state, record.reason) == (OrderState.REJECTED, Reason.INSUFFICIENT_BALANCE)
    unknown = (record.arrival_mid, record.average_price, record.slippage_bps, record.spread_bps)
    assert unknown == (None, None, None, None)
    assert (record.ack_latency_ns, record.first_fill_ns) == (None, None)


def test_a_late_fill_is_recorded_anew_also_after_a_restart() -> None:
    rig = Rig()
    order = rig.working(1, quantity=Decimal(2))
    rig.cancel()
    rig.event(order, OrderState.CANCELLED)
    rig.restart()
    order = rig.state.orders[order.client_order_id]
    fill(rig, order, "1", "100", OrderState.CANCELLED)
    first, second = rig.happened(RouterRecord)
    assert (first.filled, second.filled, second.notional) == (0, 1, 100)


def test_a_withheld_order_is_recorded_too() -> None:
    rig = Rig(msgspec.structs.replace(SAFE, dry_run=True))
    rig.take(approved(1, rig.now), sender="risk")
    (record,) = rig.happened(RouterRecord)
    assert (record.state, record.filled) == (OrderState.SIMULATED, 0)


def test_a_direct_order_teaches_nothing_of_how_to_work_one() -> None:
    rig = Rig()
    order = rig.working(1)
    fill(rig, order, str(order.terms.quantity), "100", OrderState.FILLED)
    assert len(rig.happened(RouterRecord)) == 1
    assert SYMBOL not in rig.state.routing.quality
