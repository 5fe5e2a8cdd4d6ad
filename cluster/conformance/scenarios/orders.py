"""The life of orders that nothing goes wrong with."""

from __future__ import annotations

from decimal import Decimal

from actors.venues.port import AmendingVenue
from cluster.conformance.bench import Offer, Target, Trouble
from cluster.conformance.desk import ASK, BID, INSIDE, LOW, D, Desk
from cluster.conformance.scenario import Group, demand, equal
from messages.intents import PositionLeg, Side, TimeInForce
from messages.orders import Liquidity, OrderState
from messages.reasons import Reason
from messages.venue import Outcome, ReplaceOrder, ReplaceResult

ORDERS = Group("order life")


@ORDERS.scenario()
async def a_market_order_is_filled_at_once_as_taker(desk: Desk) -> None:
    """Told by the stream, known to the venue, and in its log."""
    await desk.accepted(desk.market("taker"))
    await desk.becomes("taker", OrderState.FILLED)
    (fill,) = desk.ear.fills("taker").values()
    equal((fill.price, fill.quantity, fill.liquidity), (D(ASK), D("0.010"), Liquidity.TAKER), "fill")
    logged = desk.log.one("taker")
    equal((logged.state, logged.filled), ("filled", D("0.010")), "log")


@ORDERS.scenario()
async def a_limit_order_rests_and_is_filled_as_maker(desk: Desk) -> None:
    """A print at its price fills it."""
    await desk.rests(desk.limit("maker", INSIDE))
    await desk.bench.print_trade(INSIDE, "1", Side.SELL)
    await desk.becomes("maker", OrderState.FILLED)
    (fill,) = desk.ear.fills("maker").values()
    equal((fill.price, fill.liquidity), (D(INSIDE), Liquidity.MAKER), "fill")
    equal(desk.log.one("maker").state, "filled", "log")


@ORDERS.scenario()
async def a_limit_order_through_the_book_trades_at_the_books_price(desk: Desk) -> None:
    """The limit is a bound, not the price."""
    await desk.accepted(desk.limit("eager", "50010.0"))
    await desk.becomes("eager", OrderState.FILLED)
    equal([fill.price for fill in desk.ear.fills("eager").values()], [D(ASK)], "price")
    equal([fill.price for fill in desk.log.one("eager").fills], [D(ASK)], "price in the log")


@ORDERS.scenario()
async def an_order_is_cancelled(desk: Desk) -> None:
    """Working, then cancelled, with nothing filled."""
    await desk.rests(desk.limit("brief"))
    await desk.cancelled("brief")
    last = desk.ear.of("brief")[-1]
    equal((last.reason, last.filled), (Reason.CANCEL_REQUESTED, D(0)), "the end")
    equal(desk.log.one("brief").state, "cancelled", "log")


@ORDERS.scenario(Offer.POST_ONLY)
async def a_post_only_order_rests_and_makes(desk: Desk) -> None:
    """It pays the maker's fee."""
    await desk.rests(desk.limit("quiet", INSIDE, post_only=True))
    await desk.bench.print_trade(INSIDE, "1", Side.SELL)
    await desk.becomes("quiet", OrderState.FILLED)
    equal([fill.liquidity for fill in desk.ear.fills("quiet").values()], [Liquidity.MAKER], "liquidity")
    demand(desk.log.one("quiet").fills[0].maker, "the log calls it a taker")


@ORDERS.scenario(Offer.IMMEDIATE_OR_CANCEL)
async def an_immediate_or_cancel_order_takes_what_is_there(desk: Desk) -> None:
    """The rest ends by itself."""
    await desk.bench.show([(BID, "5")], [(ASK, "0.004")])
    await desk.accepted(desk.limit("grab", ASK, "0.010", time_in_force=TimeInForce.IOC))
    events = await desk.becomes("grab", OrderState.EXPIRED)
    equal((events[-1].filled, events[-1].reason), (D("0.004"), Reason.IMMEDIATE_OR_CANCEL), "the end")
    logged = desk.log.one("grab")
    equal((logged.state, logged.filled), ("expired", D("0.004")), "log")


@ORDERS.scenario(Offer.IMMEDIATE_OR_CANCEL)
async def an_immediate_or_cancel_order_that_reaches_nothing_ends_unfilled(desk: Desk) -> None:
    """It never rests."""
    await desk.accepted(desk.limit("miss", LOW, time_in_force=TimeInForce.IOC))
    events = await desk.becomes("miss", OrderState.EXPIRED)
    equal(events[-1].filled, D(0), "filled")
    equal((await desk.account()).open_orders, (), "open orders")
    equal(desk.log.one("miss").filled, D(0), "log")


@ORDERS.scenario(Offer.FILL_OR_KILL)
async def a_fill_or_kill_order_is_filled_whole(desk: Desk) -> None:
    """Over several levels, if need be."""
    await desk.bench.show([(BID, "5")], [(ASK, "0.004"), ("50002.0", "5")])
    await desk.accepted(desk.limit("whole", "50002.0", "0.010", time_in_force=TimeInForce.FOK))
    await desk.becomes("whole", OrderState.FILLED)
    prices = sorted(fill.price for fill in desk.ear.fills("whole").values())
    equal(prices, [D(ASK), D("50002.0")], "prices")
    equal(desk.log.one("whole").filled, D("0.010"), "log")


@ORDERS.scenario(Offer.REDUCE_ONLY)
async def a_reduce_only_order_closes_a_position(desk: Desk) -> None:
    """And the account is flat."""
    await desk.buy_position()
    closing = desk.market("closing", side=Side.SELL, reduce_only=True, increases_exposure=False)
    await desk.accepted(closing)
    await desk.becomes("closing", OrderState.FILLED)
    demand(not (await desk.account()).positions, "a position is left")
    equal(desk.log.one("closing").filled, D("0.010"), "log")


@ORDERS.scenario(Offer.REDUCE_ONLY)
async def a_reduce_only_order_that_rests_opens_nothing_once_the_position_is_gone(desk: Desk) -> None:
    """Whether the venue ends it with the position or when it is reached; it is never filled."""
    await desk.buy_position()
    await desk.rests(desk.limit("take", "50600.0", side=Side.SELL, reduce_only=True))
    await desk.accepted(desk.market("closing", side=Side.SELL, reduce_only=True))
    await desk.becomes("closing", OrderState.FILLED)
    await desk.move_market("50700.0", "50701.0")
    await desk.settle(0.2)
    equal((await desk.account()).positions, {}, "positions")
    equal(sum((order.filled for order in desk.log.of("take")), D(0)), D(0), "filled in the log")


@ORDERS.scenario(Offer.REDUCE_ONLY)
async def reduce_only_orders_for_more_than_the_position_close_no_more_than_it(desk: Desk) -> None:
    """Two that rest, each for all of it: together they are filled for the position and not a lot more."""
    await desk.buy_position()
    for name, price in (("first", "50500.0"), ("second", "50600.0")):
        placed = await desk.place(desk.limit(name, price, side=Side.SELL, reduce_only=True))
        demand(placed.outcome in (Outcome.ACCEPTED, Outcome.REJECTED), placed)
    await desk.move_market("50700.0", "50701.0")
    await desk.settle(0.2)
    equal((await desk.account()).positions, {}, "positions")
    sold = [*desk.log.of("first"), *desk.log.of("second")]
    equal(sum((order.filled for order in sold), D(0)), D("0.010"), "sold in the log")


@ORDERS.scenario(Offer.AMEND)
async def an_order_is_changed_in_place(desk: Desk) -> None:
    """Price and quantity; it stays one order."""
    await desk.rests(desk.limit("moved"))
    equal((await _replace(desk, "moved", "0.020", "48500.0")).outcome, Outcome.ACCEPTED, "replace")
    found = await desk.there("moved")
    equal((found.limit_price, found.quantity), (D("48500.0"), D("0.020")), "order")
    logged = desk.log.one("moved")
    equal((logged.price, logged.quantity, logged.state), (D("48500.0"), D("0.020"), "working"), "log")


@ORDERS.scenario(Offer.AMEND)
async def a_change_to_what_is_there_already_is_no_failure(desk: Desk) -> None:
    """Repeating a change is harmless."""
    await desk.rests(desk.limit("same"))
    for _ in range(2):
        equal((await _replace(desk, "same", "0.010", LOW)).outcome, Outcome.ACCEPTED, "replace")
    equal(desk.log.one("same").state, "working", "log")


@ORDERS.scenario(Offer.AMEND)
async def a_change_that_breaks_a_rule_leaves_the_order_as_it_was(desk: Desk) -> None:
    """Refused with the reason."""
    await desk.rests(desk.limit("steady"))
    result = await _replace(desk, "steady", "0.010", "48000.05")
    equal((result.outcome, result.reason), (Outcome.REJECTED, Reason.TICK_SIZE), "replace")
    found = await desk.there("steady")
    equal((found.state, found.limit_price), (OrderState.WORKING, D(LOW)), "order")
    equal(desk.log.one("steady").price, D(LOW), "log")


@ORDERS.scenario(Offer.AMEND)
async def a_change_of_an_order_that_is_over_is_refused(desk: Desk) -> None:
    """Whatever ended it."""
    await desk.rests(desk.limit("gone"))
    await desk.cancelled("gone")
    result = await _replace(desk, "gone", "0.010", "48500.0")
    equal(result.outcome, Outcome.REJECTED, f"replace ({result.detail})")
    equal(desk.log.one("gone").state, "cancelled", "log")


@ORDERS.scenario(Offer.AMEND)
async def a_change_that_is_not_answered_is_not_guessed(desk: Desk) -> None:
    """The order then tells what became of it."""
    await desk.rests(desk.limit("perhaps"))
    await desk.bench.strike(Trouble.RESET_AFTER, Target.REPLACE)
    equal((await _replace(desk, "perhaps", "0.020", LOW)).outcome, Outcome.NO_ANSWER, "replace")
    equal((await desk.there("perhaps")).quantity, D("0.020"), "order")
    equal(desk.log.one("perhaps").quantity, D("0.020"), "log")


@ORDERS.scenario(Offer.AMEND)
async def a_change_that_was_not_carried_out_is_not_guessed_either(desk: Desk) -> None:
    """The order then tells that it is as it was."""
    await desk.rests(desk.limit("perhaps"))
    await desk.bench.strike(Trouble.RESET_BEFORE, Target.REPLACE)
    equal((await _replace(desk, "perhaps", "0.020", LOW)).outcome, Outcome.NO_ANSWER, "replace")
    equal((await desk.there("perhaps")).quantity, D("0.010"), "order")
    equal(desk.log.one("perhaps").quantity, D("0.010"), "log")


@ORDERS.scenario(Offer.AMEND)
async def the_quantity_of_a_change_contains_what_is_filled(desk: Desk) -> None:
    """Of 0.010 with 0.004 filled, a change to 0.006 leaves 0.002."""
    await desk.rests(desk.limit("partly", INSIDE))
    await desk.bench.print_trade(INSIDE, "0.004", Side.SELL)
    await desk.becomes("partly", OrderState.PARTIALLY_FILLED)
    equal((await _replace(desk, "partly", "0.006", INSIDE)).outcome, Outcome.ACCEPTED, "replace")
    found = await desk.there("partly")
    equal((found.quantity, found.filled), (D("0.006"), D("0.004")), "order")
    await desk.bench.print_trade(INSIDE, "1", Side.SELL)
    await desk.becomes("partly", OrderState.FILLED)
    equal(desk.log.one("partly").filled, D("0.006"), "log")


@ORDERS.scenario(Offer.AMEND, Offer.POST_ONLY)
async def a_change_that_ends_the_order_is_not_called_a_change(desk: Desk) -> None:
    """Post-only at a price that would take: refused, or the order is asked for."""
    await desk.rests(desk.limit("pushed", post_only=True))
    result = await _replace(desk, "pushed", "0.010", ASK)
    demand(result.outcome in (Outcome.REJECTED, Outcome.NO_ANSWER), result)
    found, logged = await desk.there("pushed"), desk.log.one("pushed")
    equal(found.state.value, logged.state, "state")
    equal((logged.filled, desk.ear.fills("pushed")), (D(0), {}), "fills")
    if result.outcome is Outcome.REJECTED:
        equal(found.state, OrderState.WORKING, "a change that is refused leaves the order")


@ORDERS.scenario()
async def an_order_never_trades_with_the_accounts_own(desk: Desk) -> None:
    """One of the two ends instead."""
    await desk.rests(desk.limit("own", INSIDE, side=Side.SELL))
    await desk.accepted(desk.limit("cross", INSIDE))
    await desk.until(lambda: desk.is_over("own") or desk.is_over("cross"), "the end of one of them")
    equal((desk.ear.fills("own"), desk.ear.fills("cross")), ({}, {}), "fills")
    states = {order.client_order_id: order.state for order in desk.log.orders}
    ended = [name for name, state in states.items() if state != "working"]
    equal(len(ended), 1, f"orders that ended, of {states}")
    last = desk.ear.of(ended[0])[-1]
    equal((last.state.value, last.reason), (states[ended[0]], Reason.SELF_TRADE), "the end")


@ORDERS.scenario()
async def the_longest_client_id_is_kept_to_the_letter(desk: Desk) -> None:
    """All letters that the traits promise, on the way there and back."""
    traits = desk.port.traits
    alphabet, length = traits.client_id_alphabet, traits.client_id_max_length
    names = [(alphabet[start:] + alphabet)[:length] for start in range(0, len(alphabet), length)]
    for name in names:
        await desk.rests(desk.limit(name))
        equal((await desk.there(name)).client_order_id, name, "query")
        await desk.cancelled(name)
        equal(desk.log.one(name).state, "cancelled", "log")


@ORDERS.scenario()
async def a_closed_port_sends_nothing(desk: Desk) -> None:
    """And says so."""
    port = await desk.bench.port_of_another()
    await port.close()
    result = await port.place(desk.limit("late"), desk.bench.now())
    equal(result.outcome, Outcome.NOT_SENT, f"place ({result.detail})")
    equal(desk.log.of("late"), [], "log")


@ORDERS.scenario()
async def what_a_venue_does_not_offer_it_refuses(desk: Desk) -> None:
    """Never an order of another kind in its place."""
    traits, leg = desk.port.traits, PositionLeg.LONG
    rows = (
        (traits.close_position, desk.stop("closer", "48000.0", close_position=True)),
        (traits.hedge_mode, desk.limit("leg", leg=leg)),
        (traits.close_position, desk.stop("profit", "52000.0", take_profit=True)),
    )
    for offered, order in rows:
        if not offered:
            result = await desk.place(order)
            equal(
                (result.outcome, result.reason), (Outcome.REJECTED, Reason.NOT_OFFERED), order.client_order_id
            )
            equal(desk.log.of(order.client_order_id), [], "log")


@ORDERS.scenario()
async def orders_of_two_symbols_are_kept_apart(desk: Desk) -> None:
    """The same price, another book."""
    first, second = desk.bench.symbols
    await desk.rests(desk.limit("one"))
    await desk.rests(desk.limit("other", symbol=second))
    symbols = {order.client_order_id: order.symbol for order in (await desk.account()).open_orders}
    equal(symbols, {"one": first, "other": second}, "symbols")
    equal([order.state for order in desk.log.orders], ["working", "working"], "log")


async def _replace(desk: Desk, name: str, quantity: str, price: str) -> ReplaceResult:
    port = desk.port
    demand(isinstance(port, AmendingVenue), "the port can't amend, though its traits say so")
    assert isinstance(port, AmendingVenue)
    order = ReplaceOrder(
        client_order_id=name,
        symbol=desk.symbol,
        side=Side.BUY,
        quantity=Decimal(quantity),
        limit_price=Decimal(price),
        deadline=desk.bench.now() + 3_600_000_000_000,
        mode_version=1,
        increases_exposure=True,
    )
    return await port.replace(order, desk.bench.now())
