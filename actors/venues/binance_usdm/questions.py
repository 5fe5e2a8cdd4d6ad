"""What is asked of the venue about an account: orders, executions, balances, positions. Nothing here changes anything.

No answer, or one that can't be read, is never taken for absence.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from decimal import Decimal
from typing import TypeVar

from actors.venues.binance_usdm import endpoints as at
from actors.venues.binance_usdm.bodies import (
    BECAME_PLAIN,
    SIDES,
    BalanceBody,
    ConditionalBody,
    OrderBody,
    PositionBody,
    TradeBody,
    came_to_nothing,
    conditional_order,
    plain_order,
)
from actors.venues.binance_usdm.codes import NO_SUCH_ORDER
from actors.venues.binance_usdm.endpoints import Endpoint
from actors.venues.binance_usdm.ids import OrderIds
from actors.venues.binance_usdm.listings import Listings, unlisted
from actors.venues.binance_usdm.orders import Parameters, order_name
from actors.venues.binance_usdm.rest import BinanceRest, decoded
from actors.venues.binance_usdm.settings import BinanceUsdmSettings
from actors.venues.transport.budget import Priority
from messages.errors import DataProviderError
from messages.orders import Liquidity
from messages.venue import (
    FillsResult,
    Outcome,
    QueryFills,
    QueryOrder,
    QueryResult,
    VenueFill,
    VenueOrder,
    VenueTrade,
)
from messages.venue_account import AccountResult, PositionMargin, QueryAccount

T = TypeVar("T")

_MILLISECOND = 1_000_000
_PAGE = 1_000
_WINDOW_MS = 7 * 24 * 3_600_000 - 1
_LONGEST_DETAIL = 300
_NO_MARGIN = PositionMargin(Decimal(0), Decimal(0))
_OF_ALL = Priority.ORDER
"""Lists of everything cost most and can wait; a share of the budget stays for questions about single orders, as one of
unknown fate holds its symbol."""


class NoAnswer(Exception):
    """A question that the venue did not answer in a way that can be used."""


class Questions:
    """The questions of one account."""

    def __init__(
        self, settings: BinanceUsdmSettings, rest: BinanceRest, listings: Listings, ids: OrderIds
    ) -> None:
        self._settings = settings
        self._rest = rest
        self._listings = listings
        self._ids = ids

    async def query(self, query: QueryOrder) -> QueryResult:
        """See `VenuePort.query`. Absent only when the order itself and the list of open ones are without it."""
        try:
            listing = self._listing(query.symbol)
            order = await (
                self._conditional(query, listing) if query.conditional else self._plain(query, listing)
            )
        except NoAnswer as error:
            return QueryResult(query.client_order_id, Outcome.NO_ANSWER, None, _detail(error))
        if order is None:
            return QueryResult(query.client_order_id, Outcome.ACCEPTED, None, "the venue does not know it")
        self._note(order)
        return QueryResult(query.client_order_id, Outcome.ACCEPTED, order)

    async def fills(self, query: QueryFills) -> FillsResult:
        """See `VenuePort.fills`."""
        outcome, trades, detail = Outcome.ACCEPTED, [], ""
        try:
            listing = self._listing(query.symbol)
            if query.client_order_id is not None or query.venue_order_id is not None:
                bodies = await self._trades_of_order(query, listing)
            else:
                bodies = await self._trades_since(listing, query.since)
            trades = [self._trade(body) for body in bodies]
        except NoAnswer as error:
            outcome, detail = Outcome.NO_ANSWER, _detail(error)
        return FillsResult(
            query.venue,
            query.symbol,
            outcome,
            tuple(trades),
            query.since,
            query.client_order_id,
            query.venue_order_id,
            detail,
        )

    async def account(self, query: QueryAccount) -> AccountResult:
        """See `VenuePort.account`. All four lists are asked for at once; `time` is that of the question."""
        every = at.ALL_SYMBOLS_WEIGHT
        time = await self._rest.ask_venue_now()
        try:
            plain, conditional, balances, positions = await asyncio.gather(
                self._ask(at.OPEN_ORDERS, {}, list[OrderBody], weight=every, priority=_OF_ALL),
                self._ask(at.OPEN_CONDITIONALS, {}, list[ConditionalBody], weight=every, priority=_OF_ALL),
                self._ask(at.BALANCE, {}, list[BalanceBody], priority=_OF_ALL),
                self._ask(at.POSITIONS, {}, list[PositionBody], priority=_OF_ALL),
            )
            orders = [self._known(plain_order(body, self._listings.symbol(body.symbol))) for body in plain]
            orders += [
                self._known(conditional_order(body, self._listings.symbol(body.symbol)))
                for body in conditional
                if body.algo_status not in BECAME_PLAIN
            ]
        except NoAnswer as error:
            return AccountResult(query.venue, Outcome.NO_ANSWER, detail=_detail(error))
        for order in orders:
            self._note(order)
        return AccountResult(
            query.venue,
            Outcome.ACCEPTED,
            open_orders=tuple(orders),
            balances={body.asset: body.balance for body in balances if body.balance},
            positions=self._net(positions),
            time=time,
            margins=self._margins(positions),
        )

    async def _plain(self, query: QueryOrder, listing: str) -> VenueOrder | None:
        name = order_name(query.client_order_id, query.venue_order_id)
        body = await self._find(at.ORDER, {"symbol": listing} | name, OrderBody)
        if body is None:
            listed = await self._ask(at.OPEN_ORDERS, {"symbol": listing}, list[OrderBody])
            body = next((each for each in listed if _is_plain(each, query)), None)
        return None if body is None else self._known(plain_order(body, query.symbol))

    async def _conditional(self, query: QueryOrder, listing: str) -> VenueOrder | None:
        """A stop. Asked for first among stops: one that triggers between two questions is then found by the second."""
        by_client_id = bool(query.client_order_id) or query.venue_order_id is None
        name = (
            {"clientAlgoId": query.client_order_id}
            if by_client_id
            else {"algoId": query.venue_order_id or ""}
        )
        body = await self._find(at.CONDITIONAL, name, ConditionalBody)
        if body is not None and body.algo_status not in BECAME_PLAIN:
            return self._known(conditional_order(body, query.symbol))
        if body is not None and body.actual_order_id:
            became = {"symbol": listing, "orderId": str(body.actual_order_id)}
        else:
            became = {"symbol": listing, "origClientOrderId": query.client_order_id}
        plain = await self._find(at.ORDER, became, OrderBody)
        if plain is not None:
            return self._known(plain_order(plain, query.symbol))
        if body is not None and came_to_nothing(body):
            return self._known(conditional_order(body, query.symbol))
        if body is not None:
            raise NoAnswer(f"the stop is {body.algo_status}, but the order it became is not found")
        listed = await self._ask(at.OPEN_CONDITIONALS, {"symbol": listing}, list[ConditionalBody])
        found = next((each for each in listed if each.client_algo_id == query.client_order_id), None)
        return None if found is None else self._known(conditional_order(found, query.symbol))

    async def _trades_of_order(self, query: QueryFills, listing: str) -> list[TradeBody]:
        """One page tells whether it is all; which end of a longer list it is, the venue does not say."""
        order, order_id = None, query.venue_order_id
        if query.client_order_id is not None:
            order = await self._plain_order({"symbol": listing, "origClientOrderId": query.client_order_id})
            if order is None:
                return []
            order_id = str(order.order_id)
        name: Parameters = {"symbol": listing, "orderId": order_id or ""}
        page = await self._ask(at.TRADES, {**name, "limit": _PAGE}, list[TradeBody])
        if len(page) < _PAGE and (order is None or _traded(page) >= order.executed_qty):
            return page
        order = order or await self._plain_order(name)
        if order is None or not order.time:
            raise NoAnswer("it is not known when the order was placed, and its executions are not all told")
        later = await self._trades_since(listing, order.time * _MILLISECOND)
        found = [body for body in later if body.order_id == order.order_id]
        if _traded(found) < max(order.executed_qty, _traded(page)):
            raise NoAnswer("the order has traded more than the list of executions tells so far")
        return found

    async def _plain_order(self, name: Parameters) -> OrderBody | None:
        """The order executions are listed under. A stop's own id is not: it becomes another order when it triggers."""
        body = await self._find(at.ORDER, name, OrderBody)
        if body is not None:
            symbol = self._listings.symbol(body.symbol)
            self._ids.note(symbol, str(body.order_id), body.client_order_id)
        return body

    async def _trades_since(self, listing: str, since: int | None) -> list[TradeBody]:
        """All from a time on. Time finds the first page, from there on ids do: they have no gaps to fall into."""
        if since is None:
            return await self._trades_from(listing, 0)
        now = await self._rest.ask_venue_now()
        if now is None:
            raise NoAnswer("the venue's clock is not known")
        start, end = since // _MILLISECOND, now // _MILLISECOND
        while start <= end:
            asked: Parameters = {
                "symbol": listing,
                "startTime": start,
                "endTime": start + _WINDOW_MS,
                "limit": _PAGE,
            }
            page = await self._ask(at.TRADES, asked, list[TradeBody], priority=_OF_ALL)
            if page:
                page.sort(key=lambda body: body.id)
                return page + await self._trades_from(listing, page[-1].id + 1)
            start += _WINDOW_MS + 1
        return []

    async def _trades_from(self, listing: str, trade_id: int) -> list[TradeBody]:
        found: list[TradeBody] = []
        while True:
            asked: Parameters = {"symbol": listing, "fromId": trade_id, "limit": _PAGE}
            page = await self._ask(at.TRADES, asked, list[TradeBody], priority=_OF_ALL)
            page.sort(key=lambda body: body.id)
            found += page
            if len(page) < _PAGE:
                return found
            trade_id = page[-1].id + 1

    def _trade(self, body: TradeBody) -> VenueTrade:
        order_id, symbol = str(body.order_id), self._listings.symbol(body.symbol)
        side = SIDES.get(body.side)
        if side is None:
            raise NoAnswer(f"a trade has the side {body.side!r}")
        return VenueTrade(
            order_id,
            self._ids.client_id(symbol, order_id),
            symbol,
            side,
            body.time * _MILLISECOND,
            VenueFill(
                fill_id(body.symbol, body.order_id, body.id),
                body.price,
                body.qty,
                body.commission,
                body.commission_asset,
                Liquidity.MAKER if body.maker else Liquidity.TAKER,
            ),
        )

    def _note(self, order: VenueOrder) -> None:
        if not order.conditional:
            self._ids.note(order.symbol, order.venue_order_id, order.client_order_id)

    def _net(self, positions: list[PositionBody]) -> dict[str, Decimal]:
        net: dict[str, Decimal] = {}
        for body in positions:
            symbol = self._listings.symbol(body.symbol)
            net[symbol] = net.get(symbol, Decimal(0)) + body.position_amt
        return {symbol: quantity for symbol, quantity in net.items() if quantity}

    def _margins(self, positions: list[PositionBody]) -> dict[str, PositionMargin]:
        """By symbol; of two legs the larger one's price, as the account's position is on its side."""
        margins: dict[str, PositionMargin] = {}
        for body in sorted(positions, key=lambda each: abs(each.position_amt)):
            if body.position_amt:
                symbol = self._listings.symbol(body.symbol)
                other = margins.get(symbol, _NO_MARGIN)
                margins[symbol] = PositionMargin(
                    other.quantity + body.position_amt,
                    other.maintenance + body.maint_margin,
                    body.liquidation_price if body.liquidation_price > 0 else None,
                )
        return margins

    def _listing(self, symbol: str) -> str:
        listing = self._listings.listing(symbol)
        if listing is None:
            raise NoAnswer(unlisted(symbol))
        return listing

    def _known(self, order: VenueOrder | None) -> VenueOrder:
        if order is None:
            raise NoAnswer("an order has a status or side that is not known here")
        return order

    async def _find(self, endpoint: Endpoint, parameters: Mapping[str, str | int], kind: type[T]) -> T | None:
        """The answer, or None when the venue says that there is no such order."""
        return await self._answered(endpoint, parameters, kind, endpoint.weight, absent_is_none=True)

    async def _ask(
        self,
        endpoint: Endpoint,
        parameters: Mapping[str, str | int],
        kind: type[T],
        *,
        weight: int | None = None,
        priority: Priority = Priority.QUERY,
    ) -> T:
        cost = endpoint.weight if weight is None else weight
        found = await self._answered(
            endpoint, parameters, kind, cost, absent_is_none=False, priority=priority
        )
        if found is None:
            raise NoAnswer(f"{endpoint.path}: nothing")
        return found

    async def _answered(
        self,
        endpoint: Endpoint,
        parameters: Mapping[str, str | int],
        kind: type[T],
        weight: int,
        *,
        absent_is_none: bool,
        priority: Priority = Priority.QUERY,
    ) -> T | None:
        answer = await self._rest.call(
            endpoint,
            parameters,
            priority=priority,
            patience_s=self._settings.query_patience_s,
            weight=weight,
        )
        if absent_is_none and answer.code == NO_SUCH_ORDER and answer.failure is not None:
            return None
        if answer.failure is not None:
            raise NoAnswer(f"{endpoint.path}: {answer.detail}")
        try:
            return decoded(answer, kind)
        except DataProviderError as error:
            raise NoAnswer(f"{endpoint.path}: {error}") from error


def fill_id(listing: str, order_id: int, trade_id: int) -> str:
    """An execution's id in the desk. A trade id is unique per listing, but both sides of a self-trade have the same."""
    return f"{listing}:{order_id}:{trade_id}"


def _traded(bodies: list[TradeBody]) -> Decimal:
    return sum((body.qty for body in bodies), Decimal(0))


def _is_plain(body: OrderBody, query: QueryOrder) -> bool:
    if query.client_order_id:
        return body.client_order_id == query.client_order_id
    return str(body.order_id) == query.venue_order_id


def _detail(error: NoAnswer) -> str:
    return str(error)[:_LONGEST_DETAIL]
