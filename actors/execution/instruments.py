"""The venue's rules of each symbol, asked for at the start and from time to time, and what they refuse beforehand.

What is refused here would be refused there; it costs no request, and the reason is ours to explain. Where rules are
missing, too old, or say that the symbol does not trade, nothing that may increase exposure is placed; exits pass,
as they must be tried. Risk hears which symbols do not trade, and approves nothing of them that could grow.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from actors.base import Context
from actors.execution.acts import RISK
from actors.execution.memory import ExecutionMemory
from actors.execution.order import ZERO
from actors.execution.settings import doubling
from messages.account_setup import InstrumentsAsked, InstrumentsQueryDue, InstrumentsTaken
from messages.intents import OrderType
from messages.limits import ProductStatusChanged
from messages.reasons import Reason
from messages.venue import Outcome, PlaceOrder
from messages.venue_account import InstrumentsResult, ListingStatus, QueryInstruments, VenueInstrument

_UNLISTED = "not_listed"
AT_MARKET = frozenset({OrderType.MARKET, OrderType.STOP})

Check = Callable[[VenueInstrument, PlaceOrder, Decimal], bool]
"""Whether an order breaks a rule; the last argument is the price it is valued at, quote currency per base unit."""


def request(actor: ExecutionMemory) -> QueryInstruments:
    """The question for the rules of all symbols that are traded here."""
    settings = actor.settings
    return QueryInstruments(settings.venue, settings.symbols or tuple(settings.tick_sizes))


def is_open(actor: ExecutionMemory) -> bool:
    """Whether the rules are wanted and were never told."""
    return actor.settings.instruments_interval_ns is not None and actor.state.at_venue.instruments_at is None


def on_query_due(actor: ExecutionMemory, ctx: Context) -> None:
    """Ask for the rules, unless nobody wants them any more; once more, should the answer be lost with this process."""
    if actor.settings.instruments_interval_ns is not None:
        ctx.perform(request(actor))
        ctx.after(actor.settings.account_backoff_max_ns, InstrumentsQueryDue(), key="instruments")


def on_instruments_result(actor: ExecutionMemory, ctx: Context, result: InstrumentsResult) -> None:
    """Take the rules and ask again after the interval; without an answer after a wait that doubles."""
    settings = actor.settings
    interval = settings.instruments_interval_ns
    if interval is None:
        return
    if result.outcome is Outcome.ACCEPTED:
        before = _closed(actor)
        ctx.emit(InstrumentsTaken(result.instruments, ctx.now))
        closed = _closed(actor)
        if closed != before:
            ctx.send(RISK, ProductStatusChanged(settings.venue, closed))
        ctx.after(interval, InstrumentsQueryDue(), key="instruments")
        return
    attempt = actor.state.at_venue.instruments_attempt + 1
    ctx.emit(InstrumentsAsked(attempt, ctx.now))
    delay = doubling(settings.account_backoff_ns, attempt - 1, settings.account_backoff_max_ns)
    ctx.after(delay, InstrumentsQueryDue(), key="instruments")


def _closed(actor: ExecutionMemory) -> dict[str, str]:
    """What the venue does not trade fully, or does not list, with its word for it; nothing before it was asked."""
    venue, wanted = actor.state.at_venue, request(actor).symbols
    if venue.instruments_at is None:
        return {}
    told = {symbol: venue.instruments.get(symbol) for symbol in wanted}
    words = {symbol: _UNLISTED if each is None else each.status.value for symbol, each in told.items()}
    return {symbol: word for symbol, word in words.items() if word != ListingStatus.TRADING.value}


def tick_of(actor: ExecutionMemory, symbol: str) -> Decimal | None:
    """The tick as the venue tells it, else as it is configured; None when nobody knows."""
    told = actor.state.at_venue.instruments.get(symbol)
    return actor.settings.tick_sizes.get(symbol) if told is None else told.tick


def at_market(actor: ExecutionMemory, symbol: str, quantity: Decimal) -> Decimal:
    """As much of a quantity as an order at the market can be for; all of it where nobody knows the lot.

    A position may be off the lot when the venue has changed it since, or somebody else has traded.
    """
    told = actor.state.at_venue.instruments.get(symbol)
    if told is None:
        lot, least = actor.settings.lot_sizes.get(symbol), ZERO
    else:
        lot, least = told.market_lot or told.lot, told.min_quantity
    whole = quantity if lot is None else quantity // lot * lot
    return whole if whole >= least else ZERO


def one_at_market(actor: ExecutionMemory, symbol: str, quantity: Decimal) -> Decimal:
    """As `at_market`, in one order: no more than the venue takes at once."""
    told = actor.state.at_venue.instruments.get(symbol)
    most = None if told is None else _largest(told, OrderType.MARKET)
    return at_market(actor, symbol, quantity if most is None else min(quantity, most))


def refusal_of(
    actor: ExecutionMemory, ctx: Context, order: PlaceOrder, worst_price: Decimal
) -> Reason | None:
    """What in the venue's rules speaks against an order; None also where rules are not asked for."""
    settings, venue = actor.settings, actor.state.at_venue
    interval = settings.instruments_interval_ns
    if interval is None:
        return None
    told = venue.instruments.get(order.symbol)
    oldest = ctx.now - settings.instruments_stale_after * interval
    if told is None or venue.instruments_at is None or venue.instruments_at < oldest:
        return Reason.INSTRUMENT_STALE if order.increases_exposure else None
    if told.status is not ListingStatus.TRADING and order.increases_exposure:
        return Reason.INSTRUMENT_CLOSED
    return broken_rule(told, order, worst_price)


def broken_rule(told: VenueInstrument, order: PlaceOrder, worst_price: Decimal) -> Reason | None:
    """The first rule of the instrument that an order breaks; `worst_price` values one that has no limit price.

    Bands around the mark price are left to the venue: they move, and no mark is known here.
    """
    price = order.limit_price or order.stop_price or worst_price
    return next((reason for reason, breaks in RULES if breaks(told, order, price)), None)


def _off_tick(told: VenueInstrument, order: PlaceOrder, price: Decimal) -> bool:
    prices = (order.limit_price, order.stop_price)
    return any(each is not None and each % told.tick for each in prices)


def _outside_prices(told: VenueInstrument, order: PlaceOrder, price: Decimal) -> bool:
    prices = [each for each in (order.limit_price, order.stop_price) if each is not None]
    low = any(told.min_price is not None and each < told.min_price for each in prices)
    return low or any(told.max_price is not None and each > told.max_price for each in prices)


def _off_lot(told: VenueInstrument, order: PlaceOrder, price: Decimal) -> bool:
    lot = told.market_lot if order.order_type in AT_MARKET else None
    return bool(order.quantity % (lot or told.lot)) and not order.close_position


def _too_small(told: VenueInstrument, order: PlaceOrder, price: Decimal) -> bool:
    return order.quantity < told.min_quantity and not order.close_position


def _too_large(told: VenueInstrument, order: PlaceOrder, price: Decimal) -> bool:
    most = _largest(told, order.order_type)
    return most is not None and order.quantity > most


def _largest(told: VenueInstrument, order_type: OrderType) -> Decimal | None:
    if order_type in AT_MARKET and told.market_max_quantity is not None:
        return told.market_max_quantity
    return told.max_quantity


def _below_notional(told: VenueInstrument, order: PlaceOrder, price: Decimal) -> bool:
    if told.min_notional is None or order.reduce_only or order.close_position:
        return False
    return price * order.quantity * told.multiplier < told.min_notional


RULES: tuple[tuple[Reason, Check], ...] = (
    (Reason.TICK_SIZE, _off_tick),
    (Reason.PRICE_BAND, _outside_prices),
    (Reason.LOT_SIZE, _off_lot),
    (Reason.MIN_QUANTITY, _too_small),
    (Reason.MAX_QUANTITY, _too_large),
    (Reason.MIN_NOTIONAL, _below_notional),
)
"""In order; the first that is broken is the reason."""
