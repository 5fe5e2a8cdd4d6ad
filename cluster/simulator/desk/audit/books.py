"""Invariant 2, once all is at rest: what the venues filled is in everybody's books, to the last unit."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from decimal import Decimal

from actors.execution.state import ExecutionState
from actors.risk.state import RiskState
from actors.strategy.state import StrategyActorState
from cluster.paper.lines import EventLine
from cluster.simulator.desk.audit.finding import Finding
from cluster.simulator.desk.audit.orders import OrderAudit
from cluster.simulator.desk.audit.portfolio import Portfolio
from cluster.simulator.desk.audit.transfers import Moved
from cluster.simulator.venue import SimulatedVenue
from messages.base import Address
from messages.venue_account import QueryAccount

ZERO = Decimal(0)
Held = dict[tuple[str, str], Decimal]


def check_books(
    states: Mapping[Address, object],
    venues: Mapping[str, SimulatedVenue],
    orders: OrderAudit,
    portfolio: Portfolio,
    opening: Mapping[str, Mapping[str, Decimal]],
    *,
    strategies: bool,
    moved: Collection[Moved] = (),
    conversions: Collection[str] = (),
) -> None:
    """Raises `Finding` where somebody's books differ from the venues'.

    `opening` is the cash that each venue account began with, by currency, `moved` what people moved there since; fills
    of `conversions` move cash of two currencies and no position. With `strategies` theirs are compared, too: a store
    that lost history takes with it which strategy a fill was for: the desk's books are whole then and theirs are not.
    """
    fills = orders.fills
    for (venue, fill_id), line in fills.items():
        if portfolio.booked.get((venue, fill_id), 0) != 1 and venue in portfolio.opened:
            _raise(f"fill {fill_id} is not in risk's books", ("risk", f"execution/{venue}"), line)
    for venue, fill_id in portfolio.booked:
        if (venue, fill_id) not in fills and (venue, fill_id) not in orders.corrections.booked:
            _raise(f"risk booked fill {fill_id}, which {venue} never gave", ("risk",), fill_id)
    _check_transfers(moved, portfolio)
    positions = _positions(fills, conversions)
    _compare("the auditor's books", positions, _nonzero(portfolio.positions), "risk")
    for name, venue_ in venues.items():
        _check_positions(name, venue_, positions, states)
        expected = dict(opening[name])
        _add_fills(expected, name, fills, conversions)
        for each in moved:
            if each.venue == name:
                expected[each.currency] = expected.get(each.currency, ZERO) + each.amount
        _check_cash(name, venue_, expected, states)
    if strategies:
        _compare("strategies", _expected(fills, orders, conversions), _booked_by_strategies(states), "risk")


def _check_positions(
    name: str, venue: SimulatedVenue, positions: Held, states: Mapping[Address, object]
) -> None:
    account = venue.account(QueryAccount(name))
    own = {key: quantity for key, quantity in positions.items() if key[0] == name}
    _compare("the venue's account", _keyed(name, account.positions), own, f"execution/{name}")
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


def _check_cash(
    name: str,
    venue: SimulatedVenue,
    expected: Mapping[str, Decimal],
    states: Mapping[Address, object],
) -> None:
    risk = states["risk"]
    assert isinstance(risk, RiskState)
    booked = risk.accounts.get(name)
    truth = venue.account(QueryAccount(name)).balances
    for who, found in (("risk's cash", booked.balances if booked else {}), ("the venue's cash", truth)):
        for currency in dict.fromkeys([*found, *expected]):
            if found.get(currency, ZERO) != expected.get(currency, ZERO):
                what = f"{who} at {name} is not what fills and transfers make it: {currency}"
                differ = (found.get(currency), expected.get(currency))
                _raise(what, ("risk", f"execution/{name}"), differ)


def _check_transfers(moved: Collection[Moved], portfolio: Portfolio) -> None:
    """All that people have moved is booked, once, and nothing else."""
    known = {(each.venue, each.transfer_id): each for each in moved}
    for key, each in known.items():
        if portfolio.transferred.get(key) != 1:
            actors = ("risk", f"execution/{each.venue}")
            _raise(f"money that was moved is not booked once: {each.transfer_id}", actors, each)
    for venue, transfer_id in portfolio.transferred:
        if (venue, transfer_id) not in known:
            _raise(f"money is booked that nobody moved: {transfer_id}", ("risk",), venue)


def _add_fills(
    cash: dict[str, Decimal],
    name: str,
    fills: Mapping[tuple[str, str], EventLine],
    conversions: Collection[str],
) -> None:
    """What the fills at a venue make of its cash, by currency."""
    for (where, _), line in fills.items():
        if where != name or line.fill is None:
            continue
        base, quote = line.symbol.split("-")[:2]
        signed = line.fill.quantity * line.side.sign
        paid = [(quote, -line.fill.price * signed), (line.fill.fee_currency, -line.fill.fee)]
        if line.symbol in conversions:
            paid.append((base, signed))
        for currency, amount in paid:
            cash[currency] = cash.get(currency, ZERO) + amount


def _positions(fills: Mapping[tuple[str, str], EventLine], conversions: Collection[str]) -> Held:
    held: Held = {}
    for (venue, _), line in fills.items():
        assert line.fill is not None
        if line.symbol in conversions:
            continue
        key = (venue, line.symbol)
        held[key] = held.get(key, ZERO) + line.fill.quantity * line.side.sign
    return _nonzero(held)


def _expected(
    fills: Mapping[tuple[str, str], EventLine], orders: OrderAudit, conversions: Collection[str]
) -> Held:
    """Strategy and symbol: what the fills of its orders, and corrections, make of its position."""
    held: Held = dict(orders.corrections.moved)
    for line in fills.values():
        if line.client_order_id in orders.by_hand or line.symbol in conversions:
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
