"""The rules of what is traded."""

from __future__ import annotations

from cluster.conformance.bench import Offer
from cluster.conformance.desk import D, Desk
from cluster.conformance.scenario import Group, demand, equal
from messages.reasons import Reason
from messages.venue import Outcome
from messages.venue_account import InstrumentsResult, ListingStatus, QueryInstruments

INSTRUMENTS = Group("instruments")


async def _rules(desk: Desk, *symbols: str) -> InstrumentsResult:
    result = await desk.port.instruments(QueryInstruments(desk.port.venue, symbols or (desk.symbol,)))
    equal(result.outcome, Outcome.ACCEPTED, f"instruments ({result.detail})")
    return result


@INSTRUMENTS.scenario()
async def the_rules_are_complete_and_exact(desk: Desk) -> None:
    """Those that orders are refused by."""
    (told,) = (await _rules(desk)).instruments
    equal((told.symbol, told.status), (desk.symbol, ListingStatus.TRADING), "listing")
    equal((told.tick, told.lot, told.min_quantity), (D("0.1"), D("0.001"), D("0.002")), "grid")
    equal(told.min_notional, D(100), "least value")
    equal((told.maker_fee, told.taker_fee), (D("0.0002"), D("0.0004")), "fees")
    equal(
        (told.base_currency, told.quote_currency, told.settle_currency), ("BTC", "USDT", "USDT"), "currencies"
    )


@INSTRUMENTS.scenario(Offer.MAX_QUANTITY, Offer.PRICE_BAND, Offer.MAX_ORDERS)
async def the_upper_bounds_are_told_too(desk: Desk) -> None:
    """So that nothing is sent that will be refused."""
    (told,) = (await _rules(desk)).instruments
    equal((told.max_quantity, told.market_max_quantity), (D(100), D(50)), "largest quantities")
    equal((told.price_up, told.price_down), (D("1.1"), D("0.9")), "price band")
    equal((told.max_open_orders, told.max_conditional_orders), (200, 200), "open orders")


@INSTRUMENTS.scenario()
async def a_symbol_that_is_not_there_is_left_out(desk: Desk) -> None:
    """The others are told."""
    told = (await _rules(desk, *desk.bench.symbols, "NONE-USDT")).instruments
    equal({each.symbol for each in told}, set(desk.bench.symbols), "symbols")


@INSTRUMENTS.scenario()
async def without_an_answer_nothing_is_told(desk: Desk) -> None:
    """Not an empty list."""
    await desk.bench.stop()
    query = QueryInstruments(desk.port.venue, (desk.symbol,))
    result = await desk.port.instruments(query)
    demand(result.outcome in (Outcome.NO_ANSWER, Outcome.NOT_SENT), result)


@INSTRUMENTS.scenario(Offer.INSTRUMENTS_CHANGE)
async def a_change_of_rules_is_seen(desk: Desk) -> None:
    """And holds for the next order."""
    await desk.bench.change_rules(tick="0.5", min_notional="200")
    (told,) = (await _rules(desk)).instruments
    equal((told.tick, told.min_notional), (D("0.5"), D(200)), "rules")
    equal(await desk.refused(desk.limit("old", "48000.1")), Reason.TICK_SIZE, "an order by the old rules")
    await desk.rests(desk.limit("new", "48000.5"))
    equal(desk.log.one("new").state, "working", "log")


@INSTRUMENTS.scenario(Offer.CLOSED_LISTING)
async def a_listing_that_is_closed_is_told_so(desk: Desk) -> None:
    """And open again when it is."""
    await desk.bench.change_rules(trading=False)
    (told,) = (await _rules(desk)).instruments
    demand(told.status is not ListingStatus.TRADING, told.status)
    await desk.bench.change_rules(trading=True)
    (told,) = (await _rules(desk)).instruments
    equal(told.status, ListingStatus.TRADING, "status")
