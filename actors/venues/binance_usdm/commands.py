"""What changes something at the venue: place, cancel, replace. One request each, and never a second try."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from decimal import Decimal

import msgspec

from actors.venues.binance_usdm.bodies import ConditionalBody, OrderBody
from actors.venues.binance_usdm.codes import DUPLICATE_CLIENT_ID, NOTHING_TO_MODIFY, TOO_MANY_DIGITS
from actors.venues.binance_usdm.ids import OrderIds
from actors.venues.binance_usdm.listings import Listings, unlisted
from actors.venues.binance_usdm.orders import (
    Impossible,
    Request,
    cancel_request,
    is_conditional,
    place_request,
    replace_request,
)
from actors.venues.binance_usdm.questions import Questions
from actors.venues.binance_usdm.rest import Answer, BinanceRest, decoded
from actors.venues.binance_usdm.settings import BinanceUsdmSettings
from actors.venues.port import FAILURES, Failure
from actors.venues.transport.budget import Priority
from messages.errors import DataProviderError
from messages.reasons import Reason
from messages.venue import (
    CancelOrder,
    CancelResult,
    Outcome,
    PlaceOrder,
    PlaceResult,
    QueryOrder,
    ReplaceOrder,
    ReplaceResult,
    VenueOrder,
)

_SECOND = 1_000_000_000


class _Replaced(msgspec.Struct, rename="camel"):
    order_id: int
    status: str


class Commands:
    """`expect` is told when the private stream ought to tell something of a request that began at its argument;
    `grid` tells tick and lot of a listing, as far as they are known."""

    def __init__(
        self,
        settings: BinanceUsdmSettings,
        rest: BinanceRest,
        listings: Listings,
        ids: OrderIds,
        questions: Questions,
        expect: Callable[[int], None],
        grid: Callable[[str], tuple[Decimal, Decimal] | None],
    ) -> None:
        self._settings = settings
        self._rest = rest
        self._listings = listings
        self._ids = ids
        self._questions = questions
        self._expect = expect
        self._grid = grid

    async def place(self, order: PlaceOrder, now: int) -> PlaceResult:
        """See `VenuePort.place`."""
        listing = self._listings.listing(order.symbol)
        if listing is None:
            return _placed(order, Outcome.REJECTED, Reason.SYMBOL_UNKNOWN, unlisted(order.symbol))
        request = place_request(order, listing, self._settings.trigger_by)
        if isinstance(request, Impossible):
            return _placed(order, Outcome.REJECTED, request.reason, request.detail)
        began = time.monotonic_ns()
        answer = await self._order(request, order.increases_exposure, order.deadline, now)
        if answer.code == DUPLICATE_CLIENT_ID:
            return await self._duplicate(order, answer)
        if answer.failure is not None:
            reason = self._reason(answer, listing, (order.limit_price, order.stop_price), order.quantity)
            return _placed(order, answer.outcome, reason, answer.detail)
        try:
            venue_order_id = _order_id_of(answer, order)
        except DataProviderError as error:
            return _placed(order, *FAILURES[Failure.UNCERTAIN], str(error)[:300])
        if not is_conditional(order):
            self._ids.note(order.symbol, venue_order_id, order.client_order_id)
        self._expect(began)
        return PlaceResult(order.client_order_id, Outcome.ACCEPTED, Reason.ACCEPTED, venue_order_id)

    async def cancel(self, cancel: CancelOrder) -> CancelResult:
        """See `VenuePort.cancel`. A stop that is not known among stops may have triggered: then it is a plain order."""
        listing = self._listings.listing(cancel.symbol)
        if listing is None:
            return CancelResult(
                cancel.client_order_id, Outcome.REJECTED, Reason.SYMBOL_UNKNOWN, unlisted(cancel.symbol)
            )
        began = time.monotonic_ns()
        answer = await self._cancel(cancel_request(cancel, listing, conditional=cancel.conditional))
        if cancel.conditional and answer.reason is Reason.UNKNOWN_ORDER:
            answer = await self._cancel(cancel_request(cancel, listing, conditional=False))
        if answer.failure is None:
            self._expect(began)
        return CancelResult(cancel.client_order_id, answer.outcome, answer.reason, answer.detail)

    async def replace(self, replace: ReplaceOrder, now: int) -> ReplaceResult:
        """See `AmendingVenue.replace`.

        The venue ends an order whose change can't stand (post-only that would take, less than what is filled) instead
        of refusing the change; that is told as NO_ANSWER, so that the order is asked for.
        """
        listing = self._listings.listing(replace.symbol)
        if listing is None:
            detail = unlisted(replace.symbol)
            return ReplaceResult(
                replace.client_order_id, Outcome.REJECTED, Reason.SYMBOL_UNKNOWN, None, detail
            )
        request = replace_request(replace, listing)
        began = time.monotonic_ns()
        answer = await self._order(request, replace.increases_exposure, replace.deadline, now)
        if answer.code == NOTHING_TO_MODIFY:
            return ReplaceResult(
                replace.client_order_id,
                Outcome.ACCEPTED,
                Reason.ACCEPTED,
                replace.venue_order_id,
                answer.detail,
            )
        if answer.failure is not None:
            reason = self._reason(answer, listing, (replace.limit_price,), replace.quantity)
            return ReplaceResult(replace.client_order_id, answer.outcome, reason, None, answer.detail)
        self._expect(began)
        unsure = FAILURES[Failure.UNCERTAIN]
        try:
            body = decoded(answer, _Replaced)
        except DataProviderError as error:
            return ReplaceResult(replace.client_order_id, *unsure, None, str(error)[:300])
        if body.status not in ("NEW", "PARTIALLY_FILLED"):
            detail = f"the venue ended the order instead: {body.status}"
            return ReplaceResult(replace.client_order_id, *unsure, str(body.order_id), detail)
        return ReplaceResult(replace.client_order_id, Outcome.ACCEPTED, Reason.ACCEPTED, str(body.order_id))

    def _reason(
        self, answer: Answer, listing: str, prices: Iterable[Decimal | None], quantity: Decimal
    ) -> Reason:
        """The venue's reason; where it only says that a number has too many digits, which grid it is off."""
        grid = self._grid(listing) if answer.code == TOO_MANY_DIGITS else None
        if grid is None:
            return answer.reason
        tick, lot = grid
        if any(price is not None and price % tick for price in prices):
            return Reason.TICK_SIZE
        return Reason.LOT_SIZE if quantity % lot else answer.reason

    async def _order(self, request: Request, increases: bool, deadline: int, now: int) -> Answer:
        settings, left_s = self._settings, max(0.0, (deadline - now) / _SECOND)
        return await self._rest.call(
            request.endpoint,
            request.parameters,
            priority=Priority.ORDER if increases else Priority.EXIT,
            patience_s=min(settings.order_patience_s, left_s),
            within_s=min(settings.order_patience_s + settings.order_ready_s, left_s),
            expires_s=left_s,
        )

    async def _cancel(self, request: Request) -> Answer:
        return await self._rest.call(
            request.endpoint,
            request.parameters,
            priority=Priority.CANCEL,
            patience_s=self._settings.cancel_patience_s,
        )

    async def _duplicate(self, order: PlaceOrder, refusal: Answer) -> PlaceResult:
        """An open order has this id. If it is this very one, an earlier request has placed it."""
        query = QueryOrder(order.client_order_id, order.symbol, None, is_conditional(order))
        found = await self._questions.query(query)
        if found.outcome is not Outcome.ACCEPTED or found.order is None:
            return _placed(order, *FAILURES[Failure.UNCERTAIN], f"{refusal.detail}; {found.detail}"[:300])
        if not _same(found.order, order):
            return _placed(order, Outcome.REJECTED, Reason.DUPLICATE_CLIENT_ORDER_ID, refusal.detail)
        return PlaceResult(
            order.client_order_id,
            Outcome.ACCEPTED,
            Reason.ACCEPTED,
            found.order.venue_order_id,
            "an earlier request had placed it",
        )


def _order_id_of(answer: Answer, order: PlaceOrder) -> str:
    if is_conditional(order):
        conditional = decoded(answer, ConditionalBody)
        told, number = conditional.client_algo_id, conditional.algo_id
    else:
        placed = decoded(answer, OrderBody)
        told, number = placed.client_order_id, placed.order_id
    if told != order.client_order_id:
        raise DataProviderError(
            "the venue answered with another order", field="clientOrderId", value=told, remedy="ask for ours"
        )
    return str(number)


def _same(found: VenueOrder, order: PlaceOrder) -> bool:
    return (
        found.symbol == order.symbol
        and found.side is order.side
        and (order.close_position or found.quantity == order.quantity)
        and found.limit_price == order.limit_price
    )


def _placed(order: PlaceOrder, outcome: Outcome, reason: Reason, detail: str) -> PlaceResult:
    return PlaceResult(order.client_order_id, outcome, reason, None, detail)
