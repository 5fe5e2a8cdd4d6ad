"""The projection: what the journals say, whoever's is read first, and never more than it has room for."""

from __future__ import annotations

import random
from decimal import Decimal

import pytest

from cluster.observe.fingerprint import fingerprint
from cluster.observe.latency import Hop
from cluster.observe.projection import Bounds, Projection
from cluster.observe.summary import run_summary
from messages.control import DeadLettered, Mode
from messages.events import EventType
from messages.intents import SubmitOrder, Verdict
from messages.order_events import FillReceived, IntentEnded, OrderSettled
from messages.orders import OrderState
from messages.reasons import Layer, Reason
from messages.routing import RouteEnded, RoutePolicy, RouteSlice, RouteStage, RouteStarted
from tests.cluster.observe import stories
from tests.cluster.observe.stories import INTENT, MS, T0, D, Journal, record

pytestmark = pytest.mark.unit


def folded(journal: Journal, bounds: Bounds | None = None) -> Projection:
    """The projection of these records."""
    projection = Projection(bounds)
    for address, each in journal:
        projection.apply(address, each)
    return projection


def shuffled(journal: Journal, seed: int) -> Journal:
    """The same journals, read in another order of actors but each in its own order."""
    chooser = random.Random(seed)
    queues: dict[str, Journal] = {}
    for item in journal:
        queues.setdefault(item[0], []).append(item)
    found: Journal = []
    while queues:
        address = chooser.choice(sorted(queues))
        found.append(queues[address].pop(0))
        if not queues[address]:
            del queues[address]
    return found


def test_a_trade_is_followed_from_quote_to_ledger() -> None:
    desk = folded(stories.one_trade()).orders
    intent, order = desk.intents[INTENT], desk.orders["rdaaa"]

    assert intent.verdict is Verdict.APPROVED
    assert intent.decision is not None
    assert intent.decision.trace["fast"] == 2.0
    assert [check.check for check in intent.checks] == ["kill_switch", "symbol_exposure"]
    assert intent.orders == ["rdaaa"]
    assert (intent.outcome, intent.outcome_layer) == (OrderState.FILLED, Layer.EXECUTION)
    assert [entry.fill_id for entry in intent.ledger] == ["F1"]
    assert [change.state for change in order.history] == [
        OrderState.PLACING,
        OrderState.WORKING,
        OrderState.FILLED,
    ]
    assert (order.filled, order.average_price, order.fees) == (D("0.5"), D("60000"), {"USDT": D("6.00")})


def test_an_intent_of_several_orders_ends_with_its_plan_and_not_with_one_of_them() -> None:
    submit = SubmitOrder(INTENT, "strategy/BTC-USDT", "ema", stories.terms(), 1, True)
    whole = (RouteSlice(D("0.5"), T0, RouteStage.MAKER),)
    began = RouteStarted(submit, whole, None, RoutePolicy(), RoutePolicy(), T0)
    refused = stories.moved(OrderState.REJECTED, T0 + 30 * MS, reason=Reason.POST_ONLY_WOULD_TAKE)
    first = (began, stories.placing(), refused, OrderSettled("rdaaa", D(0), T0 + 30 * MS))
    journal = [("execution/paper", record(1, T0 + 30 * MS, *first))]
    desk = folded(journal).orders
    assert desk.intents[INTENT].outcome is None
    ended = RouteEnded(INTENT, OrderState.FILLED, D("0.5"), Reason.ACCEPTED, T0 + 60 * MS)
    again = stories.placing("rdbbb", at=T0 + 31 * MS)
    desk = folded([*journal, ("execution/paper", record(2, T0 + 60 * MS, again, ended))]).orders
    intent = desk.intents[INTENT]
    assert intent.orders == ["rdaaa", "rdbbb"]
    assert (intent.outcome, intent.outcome_filled) == (OrderState.FILLED, D("0.5"))


def test_the_books_are_those_of_risk() -> None:
    books = folded(stories.one_trade()).books

    assert books.cash == D("69994.00")
    assert books.nav == D("69994.00") + D("0.5") * D("60010")
    assert books.unrealised == D("5")
    assert books.realised == 0
    assert books.exposure == D("30005")


def test_nav_is_unknown_while_a_held_position_has_no_mark() -> None:
    journal = [item for item in stories.one_trade() if item != ("risk", item[1]) or item[1].step < 4]
    books = folded(journal).books

    assert books.open_positions()
    assert books.nav is None
    assert books.unrealised is None


@pytest.mark.parametrize("seed", range(12))
def test_journals_may_be_read_in_any_order_of_actors(seed: int) -> None:
    journal = [*stories.one_trade(), *stories.a_given_up_child()]
    projection, other = folded(journal), folded(shuffled(journal, seed))

    assert run_summary(other, (), "h") == run_summary(projection, (), "h")
    assert other.orders.intents == projection.orders.intents
    assert other.family.rows() == projection.family.rows()
    assert {hop: h.count for hop, h in other.latencies.items() if hop is not Hop.ACK_TO_FILL} == {
        hop: 1 for hop in Hop if hop is not Hop.ACK_TO_FILL
    }


def test_a_step_that_was_folded_already_changes_nothing() -> None:
    projection = folded(stories.one_trade())
    before = run_summary(projection, (), "h")
    for address, each in stories.one_trade():
        projection.apply(address, each)

    assert run_summary(projection, (), "h") == before
    assert projection.actors["risk"].records == 4


def test_rejections_are_counted_by_layer_and_reason() -> None:
    journal = [
        ("risk", record(1, T0, stories.decided("a#1", T0, Verdict.REJECTED, Reason.SYMBOL_EXPOSURE))),
        ("risk", record(2, T0, stories.decided("a#2", T0))),
        ("execution/paper", record(1, T0, IntentEnded("a#2", OrderState.REJECTED, Reason.HALTED, T0))),
    ]
    desk = folded(journal).orders

    assert dict(desk.rejected) == {Reason.SYMBOL_EXPOSURE: 1}
    assert dict(desk.rejected_by_layer) == {
        (Layer.RISK, Reason.SYMBOL_EXPOSURE): 1,
        (Layer.EXECUTION, Reason.HALTED): 1,
    }
    assert desk.intents["a#2"].outcome is OrderState.REJECTED


def test_an_order_the_venue_refused_ends_its_intent_at_the_venue() -> None:
    journal = [
        ("execution/paper", record(1, T0, stories.placing(at=T0))),
        (
            "execution/paper",
            record(
                2,
                T0 + MS,
                stories.moved(OrderState.REJECTED, T0 + MS, reason=Reason.POST_ONLY_WOULD_TAKE, seen=False),
                OrderSettled("rdaaa", D(0), T0 + MS),
            ),
        ),
    ]
    desk = folded(journal).orders

    assert desk.rejected_by_layer[Layer.VENUE, Reason.POST_ONLY_WOULD_TAKE] == 1
    assert desk.intents[INTENT].outcome is OrderState.REJECTED


def test_a_fill_is_counted_once_however_often_it_is_journalled() -> None:
    journal = [
        ("execution/paper", record(1, T0, stories.placing(), FillReceived(stories.fill(), D("0.5")))),
        ("execution/paper", record(2, T0, FillReceived(stories.fill(), D("0.5")))),
    ]
    desk = folded(journal).orders

    assert desk.fills_seen == 1
    assert desk.orders["rdaaa"].filled == D("0.5")
    assert desk.fees == {"USDT": D("6.00")}


def test_each_hop_of_a_trade_is_timed_in_desk_time() -> None:
    latencies = folded(stories.one_trade()).latencies

    assert {hop: latencies[hop].total_ns // MS for hop in Hop} == {
        Hop.QUOTE_TO_INTENT: 4,
        Hop.INTENT_TO_DECISION: 10,
        Hop.DECISION_TO_PLACING: 10,
        Hop.PLACING_TO_ACK: 10,
        Hop.ACK_TO_FILL: 10,
    }


def test_the_mode_is_shown_with_its_sources() -> None:
    projection = folded([("risk", record(1, T0, stories.normal_mode(), stories.halted_mode()))])

    assert projection.mode.mode is Mode.HALTED
    assert projection.mode.version == 2
    assert projection.mode.sources["operator"].reason == "halted by hand"


def test_what_happened_last_is_kept_in_one_line_each() -> None:
    projection = folded(stories.one_trade(), Bounds(happenings=3))

    assert len(projection.happenings) == 3
    assert projection.event_counts[EventType.TRADE_FILLED] == 1
    assert projection.happenings[-1].text == "rdaaa settled, filled 0.5"


def test_a_dead_letter_in_the_journal_is_counted() -> None:
    fault = DeadLettered(
        address="risk", message_id="m", kind="Marks", grave_kind=False, error="ValueError: no"
    )
    projection = folded([("risk", record(1, T0, fault=fault))])

    assert projection.dead_lettered == 1
    assert projection.actors["risk"].faults == 1


def test_a_hole_in_a_journal_is_told() -> None:
    projection = folded([("risk", record(1, T0)), ("risk", record(3, T0))])

    assert not projection.complete


def test_decisions_on_market_data_are_counted_per_strategy() -> None:
    assert folded(stories.one_trade()).actor("strategy/BTC-USDT").observations == 1


def many_orders(count: int) -> Journal:
    """So many settled orders with a fill each, and the intents they came from."""
    journal: Journal = []
    for index in range(count):
        at, intent = T0 + index * MS, f"strategy/BTC-USDT#{index}"
        name = f"rd{index:06d}"
        journal.append(
            (
                "execution/paper",
                record(
                    index + 1,
                    at,
                    stories.placing(name, intent, at),
                    FillReceived(stories.fill(f"F{index}", intent, name, at=at), D("0.5")),
                    stories.moved(OrderState.FILLED, at, name),
                    OrderSettled(name, D("0.5"), at),
                    IntentEnded(intent, OrderState.FILLED, Reason.ACCEPTED, at),
                ),
            )
        )
    return journal


def test_memory_is_bounded_and_forgotten_orders_still_count() -> None:
    bounds = Bounds(intents=20, orders=20, fills=20)
    small, whole = folded(many_orders(200), bounds), folded(many_orders(200))

    assert max(len(small.orders.orders), len(small.orders.fills), len(small.orders.intents)) <= 20
    assert small.orders.states() == whole.orders.states() == {OrderState.FILLED: 200}
    assert (small.orders.fills_seen, small.orders.fees) == (200, {"USDT": Decimal(1200)})
    assert fingerprint(small) == fingerprint(whole)
    assert small.sealed.out_of_order == 0


def test_an_open_order_is_never_forgotten() -> None:
    journal = [("execution/paper", record(1, T0 - MS, stories.placing("rdopen", "a#1", T0 - MS)))]
    journal += [(address, record(each.step + 1, each.now, *each.events)) for address, each in many_orders(60)]
    desk = folded(journal, Bounds(intents=20, orders=20, fills=20)).orders

    assert desk.orders["rdopen"].open
