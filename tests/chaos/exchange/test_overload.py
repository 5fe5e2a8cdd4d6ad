"""Ten times the load that the venue allows: it never has to ban us, and what must get through gets through."""

from __future__ import annotations

import asyncio
import time
from decimal import Decimal
from pathlib import Path
from statistics import median

import msgspec
import pytest

from actors.execution.settings import SECOND
from actors.execution.state import ExecutionState
from cluster.exchange.faults import Fault, FaultRule, FaultSettings
from cluster.exchange.fronts.binance_usdm.limits import LimitSettings
from messages.intents import CancelIntent, OrderTerms, OrderType, Side, SubmitOrder
from messages.orders import OrderState
from messages.reasons import Reason
from tests.chaos.exchange.exchange_log import ExchangeLog
from tests.chaos.exchange.rig import (
    EXECUTION_SETTINGS,
    MODE_VERSION,
    SYMBOLS,
    VENUE_SETTINGS,
    Rig,
    describe,
    eventually,
    is_ready,
    rig,
)
from tests.chaos.exchange.trader import VENUE

pytestmark = pytest.mark.chaos

TIMES, SECONDS = 10, 11.0
STRATEGY = "strategy/busy"
LIMITS = LimitSettings(weight_per_minute=1_200, orders_per_ten_seconds=30, orders_per_minute=120)
"""A tenth of the orders that the real venue takes, and half its weight; who ignores ten refusals is banned."""

_VENUE = msgspec.structs.replace(
    VENUE_SETTINGS,
    order_patience_s=11.5,
    address_limit=LIMITS.weight_per_minute,
    orders_10s=LIMITS.orders_per_ten_seconds,
    orders_1m=LIMITS.orders_per_minute,
)
"""An order is patient for more than the venue's window of ten seconds, so that orders wait while cancels pass."""

_EXECUTION = msgspec.structs.replace(EXECUTION_SETTINGS, reconcile_interval_ns=SECOND // 2)
"""A comparison of the account costs 90 units of weight, so that twice a second is nine times what is allowed."""


_LOST = FaultRule(kind=Fault.RESET_AFTER, match="POST /fapi/v1/order", rate=0.2)
"""Of these orders nobody knows: that they are asked for must get through, too."""


class Flood:
    """Resting orders at ten times the allowed rate, each cancelled once the desk knows that it works."""

    def __init__(self, running: Rig) -> None:
        self.running = running
        self.submitted: dict[str, float] = {}
        self.cancelled: dict[str, float] = {}
        """By intent: when each was posted, seconds UTC."""

    async def run(self, seconds: float) -> None:
        """Flood for so long."""
        prices = await self.running.prices()
        rate = TIMES * LIMITS.orders_per_ten_seconds / 10
        began = time.time()
        while (passed := time.time() - began) < seconds:
            await self._submit_up_to(passed * rate, prices)
            await self.cancel_what_works()
            await asyncio.sleep(0.2)
        await self._submit_up_to(seconds * rate, prices)

    async def _submit_up_to(self, count: float, prices: dict[str, tuple[Decimal, Decimal]]) -> None:
        while len(self.submitted) < count:
            symbol = sorted(SYMBOLS)[len(self.submitted) % len(SYMBOLS)]
            await self._submit(symbol, prices[symbol][0])

    async def end(self) -> ExecutionState:
        """Go on cancelling until every order has ended."""
        deadline = time.time() + 60.0  # orders that wait for the rate are due for 30
        while (state := await self.running.state()).live:
            assert time.time() < deadline, describe(state)
            self.running.require_alive()
            await self.cancel_what_works()
            await asyncio.sleep(0.2)
        return state

    async def _submit(self, symbol: str, bid: Decimal) -> None:
        rules = SYMBOLS[symbol]
        price = (bid * Decimal("0.95") / rules.tick).to_integral_value() * rules.tick
        quantity = (Decimal(50) / price / rules.lot).to_integral_value() * rules.lot + rules.lot
        intent_id = f"{STRATEGY}#{len(self.submitted) + 1}"
        deadline = time.time_ns() + 30 * SECOND
        terms = OrderTerms(symbol, VENUE, Side.BUY, quantity, OrderType.LIMIT, price, deadline, price)
        self.submitted[intent_id] = time.time()
        await self.running.post(SubmitOrder(intent_id, STRATEGY, "busy", terms, MODE_VERSION, True))

    async def cancel_what_works(self) -> None:
        """Cancel every order that is known to work."""
        for order in list((await self.running.state()).live_orders()):
            if order.state is OrderState.WORKING and order.intent_id not in self.cancelled:
                self.cancelled[order.intent_id] = time.time()
                await self.running.post(
                    CancelIntent(order.intent_id, Reason.CANCEL_REQUESTED), sender=STRATEGY
                )


def test_ten_times_the_allowed_load_brings_no_ban_and_cancels_overtake_new_orders(tmp_path: Path) -> None:
    async def run() -> None:
        faults = FaultSettings(rules=(_LOST,))
        async with rig(tmp_path, faults=faults, limits=LIMITS, venue=_VENUE, execution=_EXECUTION) as running:
            await eventually(running, is_ready, 30.0, "the account is set up and compared")
            flood = Flood(running)
            await flood.run(SECONDS)
            state = await flood.end()
            statistics = await running.control("GET", "stats")
            by_status: dict[str, int] = {}
            for answers in statistics["requests"].values():
                for status, count in answers.items():
                    by_status[status] = by_status.get(status, 0) + count
            log = running.log()
            ids = {order.client_order_id: order.intent_id for order in state.orders.values()}
            waits, overtaken = _overtaken(flood, log, ids)
            print(
                f"{len(flood.submitted)} submits, {len(log.orders)} at the exchange, {len(waits)} cancels after "
                f"{median(waits):.3f} s (longest {max(waits):.3f}), {overtaken} orders overtaken; {by_status}"
            )
            assert statistics["bans"] == 0
            assert "418" not in by_status
            assert by_status.get("429", 0) == 0
            assert len(flood.submitted) >= 0.9 * TIMES * SECONDS * LIMITS.orders_per_ten_seconds / 10
            assert len(log.orders) >= 0.5 * LIMITS.orders_per_ten_seconds, (
                "the allowed load did not get through"
            )
            assert not log.open_orders
            assert max(waits) < 5.0, "half of the window that an order waits for"
            assert overtaken >= len(waits), (
                "as many orders as there were cancels had come first and went later"
            )

    asyncio.run(run())


def _overtaken(flood: Flood, log: ExchangeLog, ids: dict[str, str]) -> tuple[list[float], int]:
    """How long each cancel took, and how many pairs there are of a cancel and an order that was posted before it and
    taken by the exchange after it."""
    waits, overtaken = [], 0
    accepted = [
        (flood.submitted[ids[order.client_order_id]], order.accepted_at / SECOND)
        for order in log.orders.values()
    ]
    for order in log.orders.values():
        posted = flood.cancelled.get(ids[order.client_order_id])
        if posted is None or order.status != "canceled":
            continue
        done = order.updated_at / SECOND
        waits.append(done - posted)
        overtaken += sum(submitted < posted and taken > done for submitted, taken in accepted)
    return waits, overtaken
