"""What a scenario has in its hands: orders in a few words, what became of them, and waiting that ends."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import msgspec

from actors.venues.port import VenuePort
from cluster.conformance.bench import Bench, Target, Trouble
from cluster.conformance.ear import Ear
from cluster.conformance.scenario import Violation, demand, equal
from cluster.conformance.venue_log import VenueLog
from messages.intents import OrderType, Side, TimeInForce
from messages.orders import TERMINAL, OrderState
from messages.reasons import Reason
from messages.venue import (
    CancelOrder,
    CancelResult,
    Outcome,
    PlaceOrder,
    PlaceResult,
    QueryFills,
    QueryOrder,
    VenueOrder,
    VenueTrade,
)
from messages.venue_account import AccountResult, QueryAccount
from messages.venue_stream import VenueEvent

PATIENCE_S = 20.0
"""How long a scenario waits for what must come."""

D = Decimal
BID, ASK = "50000.0", "50001.0"
"""The best prices of a new bench."""
INSIDE = "50000.5"
"""Between them: a bid or offer there is the first to be reached."""
LOW, HIGH = "48000.0", "52000.0"
"""Where orders rest and nothing trades."""


class Desk:
    """One scenario's desk. The stream is listened to from the beginning."""

    def __init__(self, bench: Bench) -> None:
        self.bench = bench
        self.ear = Ear(bench.port)
        self._ears = [self.ear]

    @property
    def port(self) -> VenuePort:
        """The port under test."""
        return self.bench.port

    @property
    def symbol(self) -> str:
        """The listing that orders are for unless another is named."""
        return self.bench.symbols[0]

    @property
    def log(self) -> VenueLog:
        """The venue's own record."""
        return self.bench.log

    async def close(self) -> None:
        """Stop listening."""
        for ear in self._ears:
            await ear.close()

    def listen(self, port: VenuePort, after: int = 0) -> Ear:
        """Another ear, closed with the desk."""
        self._ears.append(Ear(port, after))
        return self._ears[-1]

    # orders in a few words

    def limit(self, name: str, price: str = LOW, quantity: str = "0.010", **more: Any) -> PlaceOrder:
        """A limit order to buy, unless told otherwise."""
        return self._order(name, quantity, order_type=OrderType.LIMIT, limit_price=D(price), **more)

    def market(self, name: str, quantity: str = "0.010", **more: Any) -> PlaceOrder:
        """A market order to buy, unless told otherwise."""
        return self._order(name, quantity, order_type=OrderType.MARKET, **more)

    def stop(self, name: str, price: str, quantity: str = "0.010", **more: Any) -> PlaceOrder:
        """A stop to sell at the market, unless told otherwise."""
        terms = {"side": Side.SELL, "order_type": OrderType.STOP, "stop_price": D(price)}
        return self._order(name, quantity, **(terms | more))

    def _order(self, name: str, quantity: str, **more: Any) -> PlaceOrder:
        plain = PlaceOrder(
            client_order_id=name,
            symbol=self.symbol,
            side=Side.BUY,
            quantity=D(quantity),
            order_type=OrderType.MARKET,
            time_in_force=TimeInForce.GTC,
            post_only=False,
            reduce_only=False,
            limit_price=None,
            stop_price=None,
            deadline=self.bench.now() + 3_600_000_000_000,
            mode_version=1,
            increases_exposure=True,
        )
        return msgspec.structs.replace(plain, **more)

    # doing

    async def place(self, order: PlaceOrder) -> PlaceResult:
        """Place an order, whatever comes of it."""
        return await self.port.place(order, self.bench.now())

    async def accepted(self, order: PlaceOrder) -> str:
        """Place an order that must be taken; the venue's id of it."""
        result = await self.place(order)
        demand(result.outcome is Outcome.ACCEPTED, result)
        demand(result.venue_order_id is not None, "an accepted order has no venue order id")
        return result.venue_order_id or ""

    async def rests(self, order: PlaceOrder) -> None:
        """Place an order that must be taken, and wait until the stream says that it works."""
        await self.accepted(order)
        await self.becomes(order.client_order_id, OrderState.WORKING)

    async def cancel(self, name: str, *, port: VenuePort | None = None, **more: Any) -> CancelResult:
        """Ask for a cancel, whatever comes of it."""
        return await (port or self.port).cancel(CancelOrder(name, self.symbol, **more), self.bench.now())

    async def cancelled(self, name: str, **more: Any) -> None:
        """Cancel an order that must be open, and wait for its end."""
        result = await self.cancel(name, **more)
        equal(result.outcome, Outcome.ACCEPTED, f"cancel of {name} ({result.detail})")
        await self.becomes(name, OrderState.CANCELLED)

    async def refused(self, order: PlaceOrder) -> Reason:
        """Place an order that must not live; the reason, be it answered at once or told as an event."""
        name = order.client_order_id
        result = await self.place(order)
        if result.outcome is Outcome.ACCEPTED:
            events = await self.becomes(name, OrderState.REJECTED)
            reason = events[-1].reason
        else:
            equal(result.outcome, Outcome.REJECTED, f"{name} ({result.detail})")
            reason = result.reason
        found = await self.find(name)
        demand(found is None or found.state is OrderState.REJECTED, found)
        demand(not self.log.of(name) or self.log.one(name).state == "rejected", self.log.of(name))
        return reason

    async def buy_position(self, quantity: str = "0.010", **more: Any) -> None:
        """Hold this much, bought at the market."""
        await self.accepted(self.market("opening", quantity, **more))
        await self.becomes("opening", OrderState.FILLED)

    async def move_market(self, bid: str, ask: str, *, size: str = "5") -> None:
        """The outside's book and last trade go there."""
        await self.bench.show([(bid, size)], [(ask, size)])
        await self.bench.print_trade(bid, "0.002", Side.SELL)

    async def strike(self, trouble: Trouble, target: Target = Target.PLACE) -> None:
        """Let the next request of this kind meet this trouble."""
        await self.bench.strike(trouble, target)

    # asking

    async def find(self, name: str, *, conditional: bool = False) -> VenueOrder | None:
        """What the venue knows of an order; it must answer."""
        result = await self.port.query(QueryOrder(name, self.symbol, None, conditional))
        equal(result.outcome, Outcome.ACCEPTED, f"query of {name} ({result.detail})")
        return result.order

    async def there(self, name: str, *, conditional: bool = False) -> VenueOrder:
        """What the venue knows of an order that must be there."""
        found = await self.find(name, conditional=conditional)
        if found is None:
            raise Violation(f"the venue does not know {name}")
        return found

    async def account(self) -> AccountResult:
        """The account; the venue must answer."""
        result = await self.port.account(QueryAccount(self.port.venue))
        equal(result.outcome, Outcome.ACCEPTED, f"account ({result.detail})")
        return result

    async def trades(self, **which: Any) -> tuple[VenueTrade, ...]:
        """Executions; the venue must answer."""
        result = await self.port.fills(QueryFills(self.port.venue, self.symbol, **which))
        equal(result.outcome, Outcome.ACCEPTED, f"fills ({result.detail})")
        return result.trades

    # waiting

    async def until(self, holds: Callable[[], bool], what: str) -> None:
        """Wait until it holds. Raises `Violation` when it takes too long."""
        end = asyncio.get_running_loop().time() + PATIENCE_S
        while not holds():
            demand(asyncio.get_running_loop().time() < end, f"never seen: {what}")
            error = self.ear.error
            if error is not None:
                raise Violation(f"the stream ended: {error}") from error
            await self.bench.pause()

    async def becomes(self, name: str, state: OrderState) -> list[VenueEvent]:
        """Wait until the stream has told this state of an order; its events so far."""
        await self.until(
            lambda: any(event.state is state for event in self.ear.of(name)),
            f"{name} {state.value}; told is {[each.state.value for each in self.ear.of(name)]}",
        )
        return self.ear.of(name)

    async def opened(self, times: int = 1) -> None:
        """Wait until the stream has begun so often; for venues that resume it, that it is connected."""
        if self.port.traits.stream_resumes:
            await self.until(lambda: self.port.health().stream_up is True, "the stream is up")
        else:
            await self.until(lambda: self.ear.openings >= times, f"the stream opened {times} times")

    async def settle(self, seconds: float = 0.1) -> None:
        """Let time pass in which something wrong could show."""
        end = asyncio.get_running_loop().time() + seconds
        while asyncio.get_running_loop().time() < end:
            await self.bench.pause()

    def is_over(self, name: str) -> bool:
        """Whether the stream has told the end of an order."""
        return any(event.state in TERMINAL for event in self.ear.of(name))
