"""The account's cash as execution knows it, and whether it suffices for an order: one that is sure to be refused for
want of money costs no request.

Cash is that of the venue's last reading, with every fill, fee and payment of funding since. What is not known is not
judged, and left to the venue: a currency it did not name, a symbol whose margin nobody told, positions of others.
Between readings it is near and not exact: on margin a venue realises by the account's net position, and here each
holding by its own cost; what was under way at a reading counts twice. This spares requests, and protects nothing.
"""

from __future__ import annotations

from decimal import Decimal

from actors.base import Context
from actors.execution.memory import ExecutionMemory
from actors.execution.order import ZERO
from actors.precheck.funds import Collateral, Exposure, required
from messages.account_events import BalancesTaken
from messages.intents import Side
from messages.reasons import Reason
from messages.venue import PlaceOrder
from messages.venue_account import AccountResult

_BUY = Side.BUY


def take_balances(actor: ExecutionMemory, ctx: Context, result: AccountResult) -> None:
    """Take the venue's cash where it is not what the fills made of it; the caller knows that positions are alike."""
    if not explains_cash(actor, result):
        ctx.emit(BalancesTaken(result.balances, ctx.now))


def explains_cash(actor: ExecutionMemory, result: AccountResult) -> bool:
    """Whether the venue's cash is what the fills made of it, where it is kept here."""
    return not actor.settings.collateral or result.balances == actor.state.at_venue.balances


def refusal_of(actor: ExecutionMemory, order: PlaceOrder, worst_price: Decimal) -> Reason | None:
    """INSUFFICIENT_BALANCE for an order that the account can't carry next to all that is open; None also where
    nobody knows. What only reduces needs no money."""
    collateral = actor.settings.collateral.get(order.symbol)
    if collateral is None or not order.increases_exposure or order.reduce_only:
        return None
    balance = actor.state.at_venue.balances.get(collateral.currency)
    values = None if balance is None else _positions(actor, collateral.currency)
    if balance is None or values is None:
        return None
    equity = balance if actor.settings.traits.margin else balance + sum(values.values(), ZERO)
    value = order.quantity * (order.limit_price or order.stop_price or worst_price) * collateral.multiplier
    exposures = _exposures(actor, collateral.currency, values)
    _add(exposures, order.symbol, order.side, value, collateral)
    needed = required(exposures.values(), value * actor.settings.taker_fee)
    return Reason.INSUFFICIENT_BALANCE if equity < needed else None


def _positions(actor: ExecutionMemory, currency: str) -> dict[str, Decimal] | None:
    """The account's positions in a currency at what they cost, signed; None when that is not known of one."""
    costs: dict[str, Decimal] = {}
    sizes: dict[str, Decimal] = {}
    for holding in actor.state.holdings.values():
        size = abs(holding.quantity)
        sizes[holding.symbol] = sizes.get(holding.symbol, ZERO) + size
        costs[holding.symbol] = costs.get(holding.symbol, ZERO) + size * holding.average_price
    values = {}
    for symbol, quantity in actor.state.positions.items():
        collateral = _of(actor, symbol, currency)
        if collateral is not None and symbol not in costs:
            return None
        if collateral is not None:
            values[symbol] = quantity * costs[symbol] / sizes[symbol] * collateral.multiplier
    return values


def _exposures(actor: ExecutionMemory, currency: str, values: dict[str, Decimal]) -> dict[str, Exposure]:
    """Positions and open orders in a currency, by symbol."""
    exposures = {
        symbol: Exposure(actor.settings.collateral[symbol].rate, value) for symbol, value in values.items()
    }
    for order in actor.state.live_orders():
        collateral = _of(actor, order.symbol, currency)
        terms, left = order.terms, order.terms.quantity - order.filled
        if collateral is None or order.terminal or terms.reduce_only or left <= 0:
            continue
        value = left * (terms.limit_price or terms.stop_price or terms.worst_price) * collateral.multiplier
        _add(exposures, order.symbol, terms.side, value, collateral)
    return exposures


def _add(
    exposures: dict[str, Exposure], symbol: str, side: Side, value: Decimal, collateral: Collateral
) -> None:
    """Count an order of this value among the open ones of its symbol."""
    rate, position, buys, sells = exposures.get(symbol) or (collateral.rate, ZERO, ZERO, ZERO)
    if side is _BUY:
        buys += value
    else:
        sells += value
    exposures[symbol] = Exposure(rate, position, buys, sells)


def _of(actor: ExecutionMemory, symbol: str, currency: str) -> Collateral | None:
    collateral = actor.settings.collateral.get(symbol)
    return collateral if collateral is not None and collateral.currency == currency else None
