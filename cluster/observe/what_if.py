"""An order as an operator asks about it, made into the intent that a strategy would raise for it now."""

from __future__ import annotations

from decimal import Decimal

from actors.risk.limits import ONE, SECOND
from cluster.observe.portfolio import Portfolio
from messages.errors import ConfigurationError
from messages.intents import OrderIntent, OrderTerms, OrderType, Side, TimeInForce
from messages.market import QuoteSnapshot

_DEADLINE = 5 * SECOND
_MOST_LOTS = Decimal("1E15")


def asked_intent(portfolio: Portfolio, symbol: str, side: Side, value: Decimal, strategy: str) -> OrderIntent:
    """A market order of `value` (base currency) at the mark of now, with half of the price collar to spare.

    The quote it is decided on is the mark, whose sizes nobody has told. Raises `ConfigurationError` without a mark, and
    for less than a lot or more than anybody could trade.
    """
    state, settings = portfolio.state, portfolio.settings
    instrument = next(one for one in settings.instruments if one.symbol == symbol)
    mark = state.marks.get(symbol)
    if mark is None:
        raise ConfigurationError(
            "the symbol has no mark yet, so that nobody knows what that many are worth",
            field="SYMBOL",
            value=symbol,
            remedy="wait for its first quote",
        )
    collar = portfolio.engine.limits(state).price_collar / 2
    is_buy = side is Side.BUY
    worst = mark.ask * (ONE + collar) if is_buy else mark.bid * (ONE - collar)
    steps = worst / instrument.tick
    worst = steps.to_integral_value("ROUND_FLOOR" if is_buy else "ROUND_CEILING") * instrument.tick
    lot_value = (mark.ask if is_buy else mark.bid) * instrument.multiplier * instrument.rate * instrument.lot
    if not lot_value <= value < lot_value * _MOST_LOTS:
        raise ConfigurationError(
            "not the value of an order in this symbol",
            field="VALUE",
            value=value,
            remedy=f"one lot of it is worth {lot_value.normalize():f}",
        )
    terms = OrderTerms(
        symbol=symbol,
        venue=instrument.venue,
        side=side,
        quantity=value // lot_value * instrument.lot,
        order_type=OrderType.MARKET,
        worst_price=worst,
        deadline=portfolio.now + _DEADLINE,
        time_in_force=TimeInForce.IOC,
    )
    quote = QuoteSnapshot(float(mark.bid), float(mark.ask), None, None, mark.time, mark.time)
    return OrderIntent(strategy, terms, quote, "what if")
