"""Orders whose answer does not come, or says nothing: never guessed, never sent twice; and those surely not taken."""

from __future__ import annotations

from cluster.conformance.bench import Offer, Target, Trouble, Tuning
from cluster.conformance.desk import D, Desk
from cluster.conformance.scenario import Group, Run, demand, equal
from messages.orders import OrderState
from messages.reasons import Reason
from messages.venue import Outcome, QueryFills, QueryOrder
from messages.venue_account import QueryAccount

UNCERTAIN_ORDERS = Group("uncertain orders")
_IMPATIENT = Tuning(answer_s=2.0)

_DONE = {
    Trouble.TIMEOUT_AFTER: "a time out after acceptance",
    Trouble.RESET_AFTER: "a reset after acceptance",
    Trouble.HALF_ANSWER: "half an answer",
}
_NOT_DONE = {
    Trouble.TIMEOUT_BEFORE: "a time out before acceptance",
    Trouble.RESET_BEFORE: "a reset before acceptance",
}
_OPEN_ENDED_DONE = {
    Trouble.UNKNOWN_DONE: "503 unknown error though it was carried out",
    Trouble.SERVER_ERROR_DONE: "500 though it was carried out",
    Trouble.BACKEND_TIMEOUT_DONE: "408 though it was carried out",
    Trouble.GATEWAY_DONE: "a gateway's page though it was carried out",
    Trouble.PAGE_DONE: "200 with a page though it was carried out",
}
_OPEN_ENDED_NOT_DONE = {
    Trouble.UNKNOWN_NOT_DONE: "503 unknown error and it was not carried out",
    Trouble.SERVER_ERROR_NOT_DONE: "500 and it was not carried out",
    Trouble.BACKEND_TIMEOUT_NOT_DONE: "408 and it was not carried out",
    Trouble.GATEWAY_NOT_DONE: "a gateway's page and it was not carried out",
    Trouble.PAGE_NOT_DONE: "200 with a page and it was not carried out",
}


def _uncertain(trouble: Trouble, *, done: bool) -> Run:
    async def run(desk: Desk) -> None:
        await desk.strike(trouble)
        result = await desk.place(desk.limit("doubt"))
        equal((result.outcome, result.reason), (Outcome.NO_ANSWER, Reason.UNKNOWN_OUTCOME), "place")
        await desk.settle()  # nothing may be sent again meanwhile
        equal(len(desk.log.of("doubt")), int(done), "orders in the log")
        found = await desk.find("doubt")
        equal(found is not None, done, f"query finds {found}")
        if done:
            await desk.becomes("doubt", OrderState.WORKING)

    return run


def _not_sent(trouble: Trouble, reason: Reason) -> Run:
    async def run(desk: Desk) -> None:
        await desk.strike(trouble)
        result = await desk.place(desk.limit("turned"))
        equal((result.outcome, result.reason), (Outcome.NOT_SENT, reason), f"place ({result.detail})")
        await desk.settle()
        equal(desk.log.of("turned"), [], "log")

    return run


def _sent_again(trouble: Trouble) -> Run:
    """What execution does with it: the same id once more, which has made no order yet."""

    async def run(desk: Desk) -> None:
        await desk.strike(trouble)
        equal((await desk.place(desk.limit("again"))).outcome, Outcome.NOT_SENT, "first")
        await desk.accepted(desk.limit("again"))
        await desk.becomes("again", OrderState.WORKING)
        equal([order.state for order in desk.log.of("again")], ["working"], "log")

    return run


for _trouble, _name in _DONE.items():
    UNCERTAIN_ORDERS.add(_name, _uncertain(_trouble, done=True), tuning=_IMPATIENT)
for _trouble, _name in _NOT_DONE.items():
    UNCERTAIN_ORDERS.add(_name, _uncertain(_trouble, done=False), tuning=_IMPATIENT)
for _trouble, _name in _OPEN_ENDED_DONE.items():
    UNCERTAIN_ORDERS.add(_name, _uncertain(_trouble, done=True), Offer.OPEN_ENDED_REFUSALS)
for _trouble, _name in _OPEN_ENDED_NOT_DONE.items():
    UNCERTAIN_ORDERS.add(_name, _uncertain(_trouble, done=False), Offer.OPEN_ENDED_REFUSALS)
UNCERTAIN_ORDERS.add(
    "503 unavailable is certainly not done",
    _not_sent(Trouble.UNAVAILABLE, Reason.NOT_SENT),
    Offer.OPEN_ENDED_REFUSALS,
)
UNCERTAIN_ORDERS.add(
    "503 throttled is certainly not done",
    _not_sent(Trouble.THROTTLED, Reason.NOT_SENT),
    Offer.OPEN_ENDED_REFUSALS,
)
for _trouble, _name in {Trouble.UNAVAILABLE: "unavailable", Trouble.THROTTLED: "throttled"}.items():
    UNCERTAIN_ORDERS.add(
        f"after 503 {_name} the id is taken as new", _sent_again(_trouble), Offer.OPEN_ENDED_REFUSALS
    )
UNCERTAIN_ORDERS.add(
    "a firewall's page is certainly not done",
    _not_sent(Trouble.FIREWALL, Reason.RATE_LIMIT),
    Offer.OPEN_ENDED_REFUSALS,
)
UNCERTAIN_ORDERS.add("429 is certainly not done", _not_sent(Trouble.TOO_MANY, Reason.RATE_LIMIT))


@UNCERTAIN_ORDERS.scenario()
async def a_venue_out_of_order_takes_no_order_and_refuses_none(desk: Desk) -> None:
    """Its 503 is no word about the order, unless the venue says so."""
    await desk.strike(Trouble.UNAVAILABLE)
    result = await desk.place(desk.limit("turned"))
    demand(result.outcome in (Outcome.NOT_SENT, Outcome.NO_ANSWER), result)
    equal(await desk.find("turned"), None, "query")
    equal(desk.log.of("turned"), [], "log")


@UNCERTAIN_ORDERS.scenario()
async def an_answer_that_is_late_but_comes_is_an_answer(desk: Desk) -> None:
    """Accepted, and one order."""
    await desk.strike(Trouble.LATE)
    await desk.accepted(desk.limit("slow"))
    equal(desk.log.one("slow").state, "working", "log")


@UNCERTAIN_ORDERS.scenario()
async def an_order_in_doubt_is_found_filled(desk: Desk) -> None:
    """With its executions."""
    await desk.strike(Trouble.RESET_AFTER)
    result = await desk.place(desk.market("filled"))
    equal(result.outcome, Outcome.NO_ANSWER, "place")
    await desk.becomes("filled", OrderState.FILLED)
    found = await desk.there("filled")
    equal((found.state, found.filled), (OrderState.FILLED, D("0.010")), "query")
    (trade,) = await desk.trades(client_order_id="filled")
    equal(trade.fill.quantity, desk.log.one("filled").fills[0].quantity, "execution")


@UNCERTAIN_ORDERS.scenario(Offer.STOPS)
async def a_stop_in_doubt_is_found(desk: Desk) -> None:
    """Where such a venue keeps its stops."""
    await desk.strike(Trouble.RESET_AFTER)
    result = await desk.place(desk.stop("guard", "49000.0"))
    equal(result.outcome, Outcome.NO_ANSWER, "place")
    equal((await desk.there("guard", conditional=True)).state, OrderState.WORKING, "query")
    equal(desk.log.one("guard").state, "working", "log")


@UNCERTAIN_ORDERS.scenario()
async def a_venue_that_is_away_gets_nothing_and_is_told_so(desk: Desk) -> None:
    """No connection: certainly not sent; and nothing is sent once it is back."""
    await desk.bench.stop()
    result = await desk.place(desk.limit("nobody"))
    equal((result.outcome, result.reason), (Outcome.NOT_SENT, Reason.NOT_SENT), f"place ({result.detail})")
    await desk.bench.start()
    await desk.settle()
    equal(await desk.find("nobody"), None, "query")
    equal(desk.log.of("nobody"), [], "log")


@UNCERTAIN_ORDERS.scenario()
async def a_question_without_an_answer_is_no_absence(desk: Desk) -> None:
    """NO_ANSWER for a query, the account and the fills."""
    port, venue = desk.port, desk.port.venue
    await desk.rests(desk.limit("there"))
    await desk.strike(Trouble.RESET_AFTER, Target.QUERY)
    equal((await port.query(QueryOrder("there", desk.symbol))).outcome, Outcome.NO_ANSWER, "query")
    await desk.strike(Trouble.RESET_AFTER, Target.ACCOUNT)
    equal((await port.account(QueryAccount(venue))).outcome, Outcome.NO_ANSWER, "account")
    await desk.strike(Trouble.HALF_ANSWER, Target.QUERY)
    equal((await port.query(QueryOrder("there", desk.symbol))).outcome, Outcome.NO_ANSWER, "half a query")
    await desk.bench.stop()
    equal((await port.fills(QueryFills(venue, desk.symbol))).outcome, Outcome.NO_ANSWER, "fills")
    await desk.bench.start()
    demand((await desk.there("there")).state is OrderState.WORKING, "the order is gone")


@UNCERTAIN_ORDERS.scenario()
async def after_many_failures_cancels_and_questions_still_go(desk: Desk) -> None:
    """Orders may be held back for a while, ways out may not."""
    await desk.rests(desk.limit("open"))
    for number in range(8):
        await desk.strike(Trouble.RESET_BEFORE)
        result = await desk.place(desk.limit(f"lost{chr(97 + number)}"))
        demand(result.outcome in (Outcome.NO_ANSWER, Outcome.NOT_SENT), result)
    await desk.bench.calm()
    equal((await desk.there("open")).state, OrderState.WORKING, "query")
    await desk.cancelled("open")
    equal([(order.client_order_id, order.state) for order in desk.log.orders], [("open", "cancelled")], "log")
