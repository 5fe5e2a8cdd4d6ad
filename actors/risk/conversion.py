"""How cash of one currency is exchanged for another that an order is to be paid in. Pure.

Every listing of the pair at the venue is a way, buying the currency or selling what is given for it; `precheck.quotes`
says which is taken.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

import msgspec

from actors.precheck.quotes import QuoteOption, choose
from actors.risk.decision import Decision
from actors.risk.limits import ONE, ZERO, RiskInstrument
from actors.risk.state import KnownMark, RiskState
from actors.risk.treasury import Instruments, spoken_for
from messages.intents import OrderIntent, Side

MORE = Decimal("1.05")
"""How much more than is missing is exchanged where it is there: the price may move before it is spent."""


class Way(msgspec.Struct, frozen=True, gc=False):
    """An order that gets a currency: `yields` of it for each unit of quantity, at this worst price."""

    instrument: RiskInstrument
    side: Side
    worst_price: Decimal
    yields: Decimal
    most: Decimal
    """the largest quantity that what is given can pay"""


def missing(
    state: RiskState,
    instruments: Instruments,
    intent: OrderIntent,
    decision: Decision,
    bought: RiskInstrument,
) -> Decimal:
    """How much of its quote currency the account lacks for a spot buy as approved, fee included; 0 for others."""
    if intent.terms.side is not Side.BUY or not bought.spot or bought.converts:
        return ZERO
    account = state.accounts.get(bought.venue)
    if account is None or not decision.increases_exposure:
        return ZERO
    currency = bought.quote_currency
    free = account.balances.get(currency, ZERO) - spoken_for(state, instruments, bought.venue, currency)
    needed = decision.quantity * decision.price * bought.multiplier * (ONE + bought.taker_fee)
    return max(ZERO, needed - free)


def way_to(
    state: RiskState,
    instruments: Instruments,
    venue: str,
    currency: str,
    deficit: Decimal,
    slippage: Decimal,
) -> tuple[Way, Decimal] | None:
    """The best way to get so much of a currency at a venue, and the quantity to order; None where nobody has it."""
    ways: dict[str, Way] = {}
    options: list[QuoteOption] = []
    for instrument in instruments.values():
        if instrument.venue != venue or not instrument.converts:
            continue
        mark = state.marks.get(instrument.symbol)
        for way in _ways(state, instruments, instrument, mark, currency, slippage):
            spread = None if mark is None else (mark.ask - mark.bid) / mark.ask
            ways[instrument.symbol] = way
            options.append(
                QuoteOption(instrument.symbol, way.most * way.yields, spread, instrument.taker_fee)
            )
    choice = choose(options, deficit * MORE, least=deficit)
    if choice is None:
        return None
    way = ways[choice.option.name]
    quantity = _lots(choice.amount / way.yields, way.instrument, ROUND_CEILING)
    least = max(way.instrument.min_quantity, way.instrument.min_notional / way.worst_price)
    quantity = max(quantity, _lots(least, way.instrument, ROUND_CEILING))
    quantity = min(quantity, _lots(way.most, way.instrument, ROUND_FLOOR))
    return (way, quantity) if quantity * way.yields >= deficit else None


def _ways(
    state: RiskState,
    instruments: Instruments,
    instrument: RiskInstrument,
    mark: KnownMark | None,
    currency: str,
    slippage: Decimal,
) -> Iterator[Way]:
    if mark is None:
        return
    balances = state.accounts[instrument.venue].balances
    after_fee = ONE - instrument.taker_fee
    if instrument.base_currency == currency:
        given = instrument.quote_currency
        worst = _ticks(mark.ask * (ONE + slippage), instrument, ROUND_CEILING)
        free = balances.get(given, ZERO) - spoken_for(state, instruments, instrument.venue, given)
        yield Way(instrument, Side.BUY, worst, ONE, max(ZERO, free) * after_fee / worst)
    elif instrument.quote_currency == currency:
        given = instrument.base_currency
        worst = _ticks(mark.bid * (ONE - slippage), instrument, ROUND_FLOOR)
        free = balances.get(given, ZERO) - spoken_for(state, instruments, instrument.venue, given)
        if worst > 0:
            yield Way(instrument, Side.SELL, worst, worst * after_fee, max(ZERO, free))


def _ticks(price: Decimal, instrument: RiskInstrument, rounding: str) -> Decimal:
    return (price / instrument.tick).to_integral_value(rounding) * instrument.tick


def _lots(quantity: Decimal, instrument: RiskInstrument, rounding: str) -> Decimal:
    return (quantity / instrument.lot).to_integral_value(rounding) * instrument.lot
