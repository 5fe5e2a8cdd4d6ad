"""What must hold after every drill, whatever the fault was: the books, the orders, the desk at rest."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal

from cluster.drill.drill import Check, Finding, counted, none_of
from cluster.drill.evidence import ZERO, Evidence
from messages.intents import Verdict
from messages.portfolio import IntentDecided


def _venue_fills_booked(run: Evidence, calm: Evidence) -> Finding:
    """Every fill that a venue made is in the ledger once, and there is no other."""
    told = Counter(event.fill.fill_id for event in run.venue_events() if event.fill is not None)
    booked = Counter(
        entry.fill_id for view in run.projection.orders.intents.values() for entry in view.ledger
    )
    wrong = [
        f"{name}: {told[name]} at the venue, {booked[name]} booked"
        for name in told | booked
        if told[name] != booked[name]
    ]
    return Finding(True, f"{sum(told.values())} fills") if not wrong else none_of(wrong)


def _books_equal(run: Evidence, calm: Evidence) -> Finding:
    """Cash and positions of risk are those of the venues."""
    risk, wrong = run.desk.hosts["risk"].machine.actor.state, []
    for venue in run.desk.venues.values():
        truth = venue.engine.account(run.desk.config.desk.name)
        account = risk.accounts.get(venue.name)
        for currency in truth.balances:
            here = ZERO if account is None else account.balances.get(currency, ZERO)
            if here != truth.balances[currency]:
                wrong.append(f"{currency}: {here} here, {truth.balances[currency]} at {venue.name}")
        for symbol, held in truth.positions.items():
            holding = risk.holdings.get(f"{venue.name}/{symbol}")
            here = ZERO if holding is None else holding.position
            if here != held.quantity:
                wrong.append(f"{symbol}: {here} here, {held.quantity} at {venue.name}")
    return none_of(wrong) if wrong else Finding(True, "equal")


def _within_approval(run: Evidence, calm: Evidence) -> Finding:
    """No intent was filled beyond what risk approved, and none has two orders at a venue."""
    approved: dict[str, Decimal] = {
        each.event.intent_id: each.event.quantity
        for each in run.events(IntentDecided)
        if each.event.verdict is not Verdict.REJECTED
    }
    intents = {order.client_order_id: order.intent_id or "" for order in run.orders}
    filled: Counter[str] = Counter()
    at_venue: dict[str, set[str]] = {}
    for event in run.venue_events():
        intent = intents.get(event.client_order_id, event.client_order_id)
        at_venue.setdefault(intent, set()).add(event.venue_order_id)
        if event.fill is not None:
            filled[intent] += event.fill.quantity  # type: ignore[assignment]
    wrong = [f"{name}: {len(orders)} orders" for name, orders in at_venue.items() if len(orders) > 1]
    wrong += [
        f"{name}: {filled[name]} filled of {approved.get(name)}"
        for name in filled
        if filled[name] > approved.get(name, ZERO)
    ]
    return none_of(wrong) if wrong else Finding(True, f"{len(at_venue)} intents at the venue")


def _at_rest(run: Evidence, calm: Evidence) -> Finding:
    """Every order has ended and nothing is owed."""
    wrong = [f"{order.client_order_id} is {order.state.value}" for order in run.orders if order.open]
    wrong += [
        f"{address} owes {host.machine.position.outstanding}"
        for address, host in run.desk.hosts.items()
        if host.machine.position.outstanding
    ]
    return none_of(wrong) if wrong else Finding(True, f"{len(run.orders)} orders ended")


def _nothing_lost(run: Evidence, calm: Evidence) -> Finding:
    """No message was put aside and no decision failed."""
    lost = run.projection.dead_lettered + run.projection.failed_decisions
    return Finding(lost == 0, f"{lost}")


STANDING = (
    Check("the desk trades when nothing is wrong", lambda run, calm: counted(len(calm.placements()))),
    Check("every fill of the venue is booked once", _venue_fills_booked),
    Check("cash and positions are the venue's", _books_equal),
    Check("no order is doubled, none filled beyond its approval", _within_approval),
    Check("every order has ended, nothing is owed", _at_rest),
    Check("no message put aside, no decision failed", _nothing_lost),
)
"""Asserted after the drill's own."""
