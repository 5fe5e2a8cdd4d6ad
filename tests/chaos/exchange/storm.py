"""The load of a storm and its faults, and what must hold once it has passed."""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import Any

from actors.execution.settings import SECOND
from actors.execution.state import ExecutionState
from actors.execution.transitions import Trigger
from cluster.exchange.faults import STREAM_FAULTS, Fault, FaultRule, FaultSettings, Maintenance
from messages.account_events import ExternalSeen
from messages.intents import CancelIntent, OrderTerms, OrderType, Side, SubmitOrder, TimeInForce
from messages.order_events import FillReceived, IntentEnded, OrderEscalated, OrderTransitioned
from messages.orders import Fill, OrderReport, OrderState
from messages.reasons import Reason
from tests.chaos.exchange.exchange_log import OPEN, ExchangeLog
from tests.chaos.exchange.rig import MODE_VERSION, Rig, eventually, names
from tests.chaos.exchange.scaled import SYMBOLS
from tests.chaos.exchange.trader import VENUE

STRATEGY = "strategy/storm"
STRUCK = 0.3
"""The share of requests, and of events, that meet a fault."""

_RARE = {Fault.BAN: 0.002, Fault.RATE_LIMIT: 0.008, Fault.FIREWALL: 0.004}
"""After these nothing is asked for a second at least: as often as the others, a storm would be one long pause."""

_BACKLOG = 8
"""How many intents may wait to be read: a cancel that overtakes its intent proves nothing about the venue."""

_ENDED = {
    OrderState.FILLED: "filled",
    OrderState.CANCELLED: "canceled",
    OrderState.EXPIRED: "expired",
}


def storm_faults(seed: int) -> FaultSettings:
    """Every kind of fault: together they strike three of ten requests, and three of ten private events."""
    of_requests = [kind for kind in Fault if kind not in STREAM_FAULTS]
    often = [kind for kind in of_requests if kind not in _RARE]
    left = STRUCK - sum(_RARE.values())
    rules = [
        FaultRule(kind=kind, rate=_RARE.get(kind, left / len(often) * 1.18), low_s=0.05, high_s=0.7)
        for kind in of_requests
    ]
    rules += [
        FaultRule(kind=kind, match="user", rate=STRUCK / len(STREAM_FAULTS) * 1.15, low_s=0.05, high_s=0.5)
        for kind in sorted(STREAM_FAULTS)
    ]
    return FaultSettings(seed=seed, rules=tuple(rules), timed=(Maintenance(at_s=6.0, for_s=0.5),))


class Storm:
    """Submits and cancels intents, drawn from a seed, at so many a second."""

    def __init__(self, rig: Rig, seed: int, per_second: float) -> None:
        self.rig = rig
        self.submitted: list[str] = []
        self._draw = random.Random(seed)
        self._pause_s = 1.0 / per_second
        self._cancels: set[asyncio.Task[None]] = set()
        self._prices: dict[str, tuple[Decimal, Decimal]] = {}
        self._priced_at = 0.0

    async def blow(self, count: int) -> None:
        """Send `count` more intents, and cancels for most of them after a while."""
        for _ in range(count):
            if time.monotonic() - self._priced_at > 2.0:
                self._prices, self._priced_at = await self.rig.prices(), time.monotonic()
            await self.submit()
            await asyncio.sleep(self._pause_s)
            while len(self.submitted) - len((await self.rig.state()).intents) > _BACKLOG:
                self.rig.require_alive()
                await asyncio.sleep(0.05)

    async def submit(self) -> str:
        """One intent."""
        draw = self._draw
        intent_id = f"{STRATEGY}#{len(self.submitted) + 1}"
        self.submitted.append(intent_id)
        terms, rests = self._terms()
        increases = draw.random() < 0.3
        await self.rig.post(SubmitOrder(intent_id, STRATEGY, "storm", terms, MODE_VERSION, increases))
        if rests or draw.random() < 0.2:
            self._cancel_later(intent_id, draw.choice((0.0, 0.05, 0.3, 1.0, 3.0)) * draw.random())
        return intent_id

    async def pass_over(self) -> ExecutionState:
        """End the faults, cancel what still works, and wait until the desk has come to know how everything ended."""
        await asyncio.gather(*self._cancels)
        await self.rig.control("DELETE", "faults")
        await eventually(self.rig, self._has_arrived, 60.0, "every intent was read")
        for intent_id in self.submitted:
            await self.rig.post(CancelIntent(intent_id, Reason.CANCEL_REQUESTED), sender=STRATEGY)
        return await eventually(self.rig, self._is_over, 90.0, "every order has an end")

    def _has_arrived(self, state: ExecutionState) -> bool:
        return all(intent_id in state.intents for intent_id in self.submitted) and not state.waiting

    def _is_over(self, state: ExecutionState) -> bool:
        venue = state.at_venue
        return self._has_arrived(state) and not state.live and not state.account_due and not venue.fills_due

    def _cancel_later(self, intent_id: str, after_s: float) -> None:
        waits = self._draw.random() < 0.9  # else the cancel may overtake its intent

        async def cancel() -> None:
            while waits and intent_id not in (await self.rig.state()).intents:
                await asyncio.sleep(0.1)
            await asyncio.sleep(after_s)
            await self.rig.post(CancelIntent(intent_id, Reason.CANCEL_REQUESTED), sender=STRATEGY)

        task = asyncio.create_task(cancel())
        self._cancels.add(task)
        task.add_done_callback(self._cancels.discard)

    def _terms(self) -> tuple[OrderTerms, bool]:
        """What to trade, and whether it is meant to rest."""
        draw = self._draw
        symbol = draw.choice(sorted(SYMBOLS))
        rules, (bid, ask) = SYMBOLS[symbol], self._prices[symbol]
        side = draw.choice((Side.BUY, Side.SELL))
        kind = draw.choice(("far", "far", "near", "near", "taker", "taker", "market"))
        away = {"far": Decimal("0.03"), "near": Decimal("0.0001"), "taker": Decimal("-0.002")}.get(
            kind, Decimal(0)
        )
        touch = bid if side is Side.BUY else ask
        limit = _on_grid(touch * (1 - side.sign * away), rules.tick, side)
        quantity = _on_grid(Decimal(draw.randint(20, 200)) / ask, rules.lot, Side.SELL)
        terms = OrderTerms(
            symbol,
            VENUE,
            side,
            max(quantity, rules.min_quantity),
            OrderType.MARKET if kind == "market" else OrderType.LIMIT,
            _on_grid(touch * (1 + side.sign * Decimal("0.05")), rules.tick, side),
            time.time_ns() + 20 * SECOND,
            limit_price=None if kind == "market" else limit,
            time_in_force=TimeInForce.IOC if kind == "market" else TimeInForce.GTC,
            post_only=kind == "near" and draw.random() < 0.5,
            time_to_live=draw.choice((None, SECOND // 2)) if kind in ("far", "near") else None,
        )
        return terms, kind in ("far", "near")


def _on_grid(value: Decimal, step: Decimal, side: Side) -> Decimal:
    rounding = ROUND_FLOOR if side is Side.BUY else ROUND_CEILING
    return (value / step).to_integral_value(rounding) * step


async def require_sound(rig: Rig, state: ExecutionState, submitted: list[str]) -> ExchangeLog:
    """The exchange's own log says what the desk says: orders, ends, fills, positions; each once."""
    log = rig.log()
    _require_equal_orders(state, log)
    await _require_equal_fills(rig, log)
    listings = {rules.listing: symbol for symbol, rules in SYMBOLS.items()}
    held = {listings[listing]: quantity for listing, quantity in log.positions.items()}
    ours = {symbol: quantity for symbol, quantity in state.positions.items() if quantity}
    assert ours == held
    await _require_resolved(rig, state)
    await _require_told_once(rig, submitted)
    return log


def _require_equal_orders(state: ExecutionState, log: ExchangeLog) -> None:
    assert not log.doubled_ids, f"doubled: {names(log.doubled_ids)}"
    assert not log.open_orders, f"left open at the exchange: {names(log.open_orders)}"
    accepted = {order.client_order_id: order for order in log.orders.values()}
    known = {name: order for name, order in state.orders.items() if order.seen}
    assert not accepted.keys() - state.orders.keys(), "orders at the exchange that the desk does not know"
    lost = accepted.keys() - known.keys()
    assert not lost, f"the exchange took them, the desk says it did not: {names(sorted(lost))}"
    imagined = known.keys() - accepted.keys()
    assert not imagined, f"the exchange never took them: {names(sorted(imagined))}"
    for name, order in accepted.items():
        assert order.status not in OPEN
        assert known[name].filled == order.filled, f"{name}: {known[name].filled} here, {order.filled} there"
        assert _ENDED.get(known[name].state) == order.status, (
            f"{name}: {known[name].state} here, {order.status} there"
        )


async def _require_equal_fills(rig: Rig, log: ExchangeLog) -> None:
    there = Counter(
        (f"{trade.listing}:{trade.order_id}:{trade.trade_id}", trade.price, trade.quantity, trade.fee)
        for trade in log.trades
    )
    booked = [event.fill for event in await rig.events(FillReceived)]
    here = Counter((fill.fill_id, fill.price, fill.quantity, fill.fee) for fill in booked)
    assert here == there, f"only here: {here - there}; only there: {there - here}"
    assert not await rig.events(ExternalSeen), "the desk took its own orders for somebody else's"


async def _require_resolved(rig: Rig, state: ExecutionState) -> None:
    moved = await rig.events(OrderTransitioned)
    late = {each.client_order_id for each in moved if each.trigger == Trigger.LATE_ACCEPTED}
    assert not late, f"taken for absent, and alive at the exchange: {names(sorted(late))}"
    unknown = {name for name, order in state.orders.items() if order.state is OrderState.UNKNOWN}
    escalated = {event.client_order_id for event in await rig.events(OrderEscalated)}
    assert unknown <= escalated, (
        f"of unknown fate, and nobody was called: {names(sorted(unknown - escalated))}"
    )
    assert not state.frozen.keys() - {state.orders[name].symbol for name in unknown}


async def _require_told_once(rig: Rig, submitted: list[str]) -> None:
    """Risk and the requester hear of each fill once, and of each intent's end."""
    booked = Counter(event.fill.fill_id for event in await rig.events(FillReceived))
    for address in ("risk", STRATEGY):
        mail = await rig.mail_of(address)
        assert Counter(each.fill_id for each in mail if isinstance(each, Fill)) == booked
        ended = {each.intent_id for each in mail if isinstance(each, OrderReport) and each.final}
        untold = set(submitted) - ended
        assert not untold, f"{address} was not told how they ended: {names(sorted(untold))}"


def require_faulty(statistics: dict[str, Any], *, every_kind: bool) -> None:
    """Three of ten requests were struck, and by every kind of fault if there were enough of them."""
    injected: dict[str, int] = statistics["faults"]
    requests = sum(sum(each.values()) for each in statistics["requests"].values())
    struck = sum(count for kind, count in injected.items() if kind not in STREAM_FAULTS)
    assert struck >= 0.9 * STRUCK * requests, f"{struck} of {requests} requests were struck"
    missing = {kind.value for kind in Fault} - injected.keys()
    assert not (every_kind and missing), f"never injected: {sorted(missing)}"


async def summary(rig: Rig, state: ExecutionState, log: ExchangeLog, statistics: dict[str, Any]) -> str:
    """What a storm has come to, in figures."""
    moved = await rig.events(OrderTransitioned)
    doubted = {event.client_order_id for event in moved if event.state is OrderState.UNKNOWN}
    ends = Counter(f"{order.state} {order.reason}" for order in state.orders.values())
    refused = Counter(event.reason.value for event in await rig.events(IntentEnded))
    requests = sum(sum(each.values()) for each in statistics["requests"].values())
    return (
        f"{len(state.intents)} intents, of which {dict(refused)} made no order; "
        f"{len(state.orders)} orders: {dict(ends)}; {len(log.orders)} at the exchange, "
        f"{len(log.trades)} fills; {len(doubted)} once of unknown fate, "
        f"{len(await rig.events(OrderEscalated))} escalated; {rig.deaths} deaths, exchange opened {log.opened} times; "
        f"{requests} requests, faults {statistics['faults']}; {rig.digests} digests equal"
    )
