"""A routed intent as it is told: its plan and stages in the trace, its orders with the price they have."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec
import pytest

from cluster.cli import pictures
from cluster.cli.output import console
from cluster.cli.traces import render_trace
from cluster.observe.trace import trace
from messages.base import Message
from messages.intents import Route, SubmitOrder
from messages.orders import OrderState
from messages.reasons import Reason
from messages.routing import (
    ReplaceEnded,
    ReplaceStarted,
    RouteEnded,
    RoutePolicy,
    RouteQuote,
    RouterRecord,
    RouteSlice,
    RouteStage,
    RouteStaged,
    RouteStarted,
)
from tests.cluster.observe import stories
from tests.cluster.observe.stories import EXECUTION, INTENT, MS, STRATEGY, T0, record, terms
from tests.cluster.observe.test_projection import folded

pytestmark = pytest.mark.unit

D = Decimal
POLICY = RoutePolicy()


def started() -> RouteStarted:
    routed = msgspec.structs.replace(terms(), route=Route.MAKER_FIRST)
    submit = SubmitOrder(INTENT, STRATEGY, "ema", routed, 1, True)
    arrival = RouteQuote(D("59999.9"), D("60000.1"), T0)
    slices = (RouteSlice(D("0.5"), T0, RouteStage.MAKER),)
    return RouteStarted(submit, slices, arrival, POLICY, POLICY, T0 + 20 * MS)


def recorded() -> RouterRecord:
    fields: dict[str, Any] = dict.fromkeys(RouterRecord.__struct_fields__)
    fields |= {"symbol": "BTC-USDT", "route": Route.MAKER_FIRST, "quantity": D("0.5")}
    fields |= {"intent_id": INTENT, "orders": 2, "reprices": 1, "rejects": 0, "filled": D("0.5")}
    fields |= {"maker_start": True, "is_maker_final": False, "used_fallback": True, "slippage_bps": 1.2345}
    fields |= {"fees": {"USDT": D("12.5")}, "policy_after": POLICY, "time": T0 + 90 * MS}
    return RouterRecord(**fields)


def story(*, applied: bool = True) -> list[tuple[str, Any]]:
    """A passive order that is given another price, cancelled, and followed by one that takes."""
    events: list[Message] = [
        started(),
        stories.placing(post_only=True),
        stories.moved(OrderState.WORKING, T0 + 30 * MS),
        ReplaceStarted("rdaaa", D("60001.0"), D("0.5"), True, Reason.REPRICED, T0 + 40 * MS),
        ReplaceEnded("rdaaa", applied, Reason.ACCEPTED, T0 + 50 * MS),
        stories.moved(OrderState.CANCELLED, T0 + 60 * MS, reason=Reason.MAKER_FALLBACK),
        RouteStaged(INTENT, 0, RouteStage.TAKER, 1, 0, Reason.MAKER_FALLBACK, T0 + 60 * MS),
        stories.placing("rdaab", at=T0 + 70 * MS),
        stories.moved(OrderState.FILLED, T0 + 80 * MS, "rdaab"),
        RouteEnded(INTENT, OrderState.FILLED, D("0.5"), Reason.ACCEPTED, T0 + 90 * MS),
        recorded(),
    ]
    return [(EXECUTION, record(1, T0, *events))]


def test_the_trace_tells_plan_stages_end_and_record_of_a_routed_intent() -> None:
    found = trace(folded(story()), "rdaab")

    assert [step.title for step in found.steps if step.kind == "route"] == [
        "maker_first: 0.5, maker first",
        "slice 1 goes on as taker: maker_fallback",
        "ended: filled",
        "record: began as maker, fallback taken",
    ]
    assert found.orders == ("rdaaa", "rdaab")
    details = [step.details for step in found.steps if step.kind == "route"]
    assert details[0]["arrival_mid"] == "60000"
    assert details[-1]["slippage_bps"] == 1.23
    assert details[-1]["fees"] == "12.5 USDT"


def test_every_order_of_it_says_what_it_was_placed_and_changed_to(capsys: pytest.CaptureFixture[str]) -> None:
    console().print(render_trace(trace(folded(story()), INTENT)))
    shown = " ".join(capsys.readouterr().out.replace("│", " ").split())

    assert "buy 0.5 post only at 60000" in shown
    assert "0.5 at 60001, in place" in shown
    assert "buy 0.5 limit at 60000" in shown


@pytest.mark.parametrize(("applied", "price"), [(True, "60001"), (False, "60000")])
def test_an_order_is_shown_with_the_price_it_has(applied: bool, price: str) -> None:
    document = pictures.orders_document(
        "desk", folded(story(applied=applied)), states=[], symbol=None, open_only=False, limit=9
    )
    newest, first = document.orders

    assert (first.limit_price, first.route, first.number) == (D(price), "maker_first", 1)
    assert (newest.limit_price, newest.route, newest.number) == (D("60000"), "maker_first", 2)


def test_an_order_that_was_not_routed_has_no_route() -> None:
    document = pictures.orders_document(
        "desk", folded(stories.one_trade()), states=[], symbol=None, open_only=False, limit=9
    )
    assert [(each.route, each.number) for each in document.orders] == [(None, 1)]
