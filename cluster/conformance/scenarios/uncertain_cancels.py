"""Cancels whose answer does not come."""

from __future__ import annotations

from cluster.conformance.bench import Offer, Target, Trouble, Tuning
from cluster.conformance.desk import Desk
from cluster.conformance.scenario import Group, Run, equal
from messages.orders import OrderState
from messages.reasons import Reason
from messages.venue import Outcome

UNCERTAIN_CANCELS = Group("uncertain cancels")
_IMPATIENT = Tuning(answer_s=2.0)


def _uncertain(trouble: Trouble, *, done: bool) -> Run:
    async def run(desk: Desk) -> None:
        await desk.rests(desk.limit("doubt"))
        await desk.strike(trouble, Target.CANCEL)
        result = await desk.cancel("doubt")
        equal((result.outcome, result.reason), (Outcome.NO_ANSWER, Reason.UNKNOWN_OUTCOME), "cancel")
        await desk.settle()
        if done:
            await desk.becomes("doubt", OrderState.CANCELLED)
        state = OrderState.CANCELLED if done else OrderState.WORKING
        equal((await desk.there("doubt")).state, state, "query")
        equal(desk.log.one("doubt").state, state.value, "log")
        if not done:
            await desk.cancelled("doubt")

    return run


def _not_sent(trouble: Trouble, reason: Reason) -> Run:
    async def run(desk: Desk) -> None:
        await desk.rests(desk.limit("kept"))
        await desk.strike(trouble, Target.CANCEL)
        result = await desk.cancel("kept")
        equal((result.outcome, result.reason), (Outcome.NOT_SENT, reason), f"cancel ({result.detail})")
        equal(desk.log.one("kept").state, "working", "log")

    return run


for _trouble, _name in (
    (Trouble.TIMEOUT_AFTER, "a time out after the cancel"),
    (Trouble.RESET_AFTER, "a reset after the cancel"),
    (Trouble.HALF_ANSWER, "half an answer"),
):
    UNCERTAIN_CANCELS.add(_name, _uncertain(_trouble, done=True), tuning=_IMPATIENT)
for _trouble, _name in (
    (Trouble.TIMEOUT_BEFORE, "a time out before the cancel"),
    (Trouble.RESET_BEFORE, "a reset before the cancel"),
):
    UNCERTAIN_CANCELS.add(_name, _uncertain(_trouble, done=False), tuning=_IMPATIENT)
UNCERTAIN_CANCELS.add(
    "503 unknown error though it was cancelled",
    _uncertain(Trouble.UNKNOWN_DONE, done=True),
    Offer.OPEN_ENDED_REFUSALS,
)
UNCERTAIN_CANCELS.add(
    "503 unknown error and it was not cancelled",
    _uncertain(Trouble.UNKNOWN_NOT_DONE, done=False),
    Offer.OPEN_ENDED_REFUSALS,
)
UNCERTAIN_CANCELS.add(
    "200 with a page though it was cancelled",
    _uncertain(Trouble.PAGE_DONE, done=True),
    Offer.OPEN_ENDED_REFUSALS,
)
UNCERTAIN_CANCELS.add(
    "200 with a page and it was not cancelled",
    _uncertain(Trouble.PAGE_NOT_DONE, done=False),
    Offer.OPEN_ENDED_REFUSALS,
)
UNCERTAIN_CANCELS.add(
    "503 unavailable leaves the order",
    _not_sent(Trouble.UNAVAILABLE, Reason.NOT_SENT),
    Offer.OPEN_ENDED_REFUSALS,
)
UNCERTAIN_CANCELS.add("429 leaves the order", _not_sent(Trouble.TOO_MANY, Reason.RATE_LIMIT))
