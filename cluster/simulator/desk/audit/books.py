"""Invariant 2, once all is at rest: what the venues filled is in everybody's books, to the last unit."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal

from actors.execution.state import ExecutionState
from actors.risk.state import RiskState
from actors.strategy.state import StrategyActorState
from cluster.paper.lines import EventLine
from cluster.simulator.desk.audit.finding import Finding
from cluster.simulator.desk.audit.orders import OrderAudit
from cluster.simulator.desk.audit.portfolio import Portfolio
from cluster.simulator.venue import SimulatedVenue
from messages.base import Address
from messages.venue import QueryAccount

ZERO = Decimal(0)
Held = dict[tuple[str, str], Decimal]


def check_books(
    states: Mapping[Address, object],
    venues: Mapping[str, SimulatedVenue],
    orders: OrderAudit,
    portfolio: Portfolio,
    opening: Mapping[str, Decimal],
    *,
    strategies: bool,
) -> None:
    """Raises `Finding` where somebody's books differ from the venues'.

    `opening` is the cash that each venue account began with. With `strategies` theirs are compared, too: a store that
    lost history takes with it which strategy a fill was for, so that the desk's books are whole and theirs are not.
    """
    fills = orders.fills
    for (venue, fill_id), line in fills.items():
        if portfolio.booked.get((venue, fill_id), 0) != 1 and venue in portfolio.opened:
            _raise(f"fill {fill_id} is not in risk's books", ("risk", f"execution/{venue}"), line)
    for venue, fill_id in portfolio.booked:
        if (venue, fill_id) not in fills and (venue, fill_id) not in orders.corrections.booked:
            _raise(f"risk booked fill {fill_id}, which {venue} never gave", ("risk",), fill_id)
    positions = _positions(fills)
    _compare("the auditor's books", positions, _nonzero(portfolio.positions), "risk")
    for name, venue_ in venues.items():
        _check_account(name, venue_, fills, positions, opening[name], states)
    if strategies:
        _compare("strategies", _expected(fills, orders), _booked_by_strategies(states), "risk")


def _check_account(
    name: str,
    venue: SimulatedVenue,
    fills: Mapping[tuple[str, str], EventLine],
    positions: Held,
    opening: Decimal,
    states: Mapping[Address, object],
) -> None:
    account = venue.account(QueryAccount(name))
    own = {key: quantity for key, quantity in positions.items() if key[0] == name}
    _compare("the venue's account", _keyed(name, account.positions), own, f"execution/{name}")
    paid = sum(
        (
            line.fill.price * line.fill.quantity * line.side.sign + line.fill.fee
            for (where, _), line in fills.items()
            if where == name and line.fill is not None
        ),
        ZERO,
    )
    execution, risk = states[f"execution/{name}"], states["risk"]
    assert isinstance(execution, ExecutionState)
    assert isinstance(risk, RiskState)
    _compare("execution", own, _keyed(name, execution.positions), f"execution/{name}")
    held = {
        (holding.venue, holding.symbol): holding.position
        for holding in risk.holdings.values()
        if holding.venue == name
    }
    _compare("risk", own, _nonzero(held), f"execution/{name}")
    booked = risk.accounts.get(name)
    cash = None if booked is None else booked.balances.get("USDT", ZERO)
    for who, found in (("risk's cash", cash), ("the venue's cash", account.balances["USDT"])):
        if found != opening - paid:
            actors = ("risk", f"execution/{name}")
            _raise(f"{who} at {name} is not what its fills make it", actors, (found, opening - paid))


def _positions(fills: Mapping[tuple[str, str], EventLine]) -> Held:
    held: Held = {}
    for (venue, _), line in fills.items():
        assert line.fill is not None
        key = (venue, line.symbol)
        held[key] = held.get(key, ZERO) + line.fill.quantity * line.side.sign
    return _nonzero(held)


def _expected(fills: Mapping[tuple[str, str], EventLine], orders: OrderAudit) -> Held:
    """Strategy and symbol: what the fills of its orders, and corrections, make of its position."""
    held: Held = dict(orders.corrections.moved)
    for line in fills.values():
        if line.client_order_id in orders.by_hand:
            continue
        promise = orders.promises[line.client_order_id]
        if promise.beneficiary.startswith("strategy/") and line.fill is not None:
            key = (promise.strategy, line.symbol)
            held[key] = held.get(key, ZERO) + line.fill.quantity * line.side.sign
    return _nonzero(held)


def _booked_by_strategies(states: Mapping[Address, object]) -> Held:
    held: Held = {}
    for state in states.values():
        if isinstance(state, StrategyActorState):
            for each in state.strategies.values():
                held[each.strategy, each.symbol] = each.position.quantity
    return _nonzero(held)


def _keyed(venue: str, positions: Mapping[str, Decimal]) -> Held:
    return _nonzero({(venue, symbol): quantity for symbol, quantity in positions.items()})


def _nonzero(held: Mapping[tuple[str, str], Decimal]) -> Held:
    return {key: quantity for key, quantity in held.items() if quantity}


def _compare(who: str, expected: Held, found: Held, address: Address) -> None:
    for key in _keys(expected, found):
        if expected.get(key, ZERO) != found.get(key, ZERO):
            actors = (address, "risk") if address != "risk" else ("risk",)
            differ = (found.get(key), expected.get(key))
            _raise(f"{who} and the venue's fills differ in {'/'.join(key)}", actors, differ)


def _keys(*held: Held) -> Iterator[tuple[str, str]]:
    yield from dict.fromkeys(key for each in held for key in each)


def _raise(what: str, actors: tuple[Address, ...], value: object) -> None:
    raise Finding(2, what, actors=actors, value=value)
