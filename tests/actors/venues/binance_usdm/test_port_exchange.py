"""The adapter against the local exchange: both were written from the venue's sheet, neither knows the other's code."""

from __future__ import annotations

import ast
import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest

from actors.venues.binance_usdm.port import BinanceUsdmPort
from actors.venues.binance_usdm.signing import Credentials
from cluster.exchange.faults import Fault, FaultRule, FaultSettings
from cluster.exchange.server import ExchangeServer
from cluster.exchange.settings import ServerSettings
from messages.errors import VenueConnectionError
from messages.intents import OrderType, Side, TimeInForce
from messages.orders import OrderState
from messages.reasons import Reason
from messages.venue import CancelOrder, Outcome, PlaceOrder, PlaceResult, QueryFills, QueryOrder, ReplaceOrder
from messages.venue_account import (
    ArmDeadMan,
    ConfigureAccount,
    MarginMode,
    QueryAccount,
    QueryInstruments,
    SymbolMargin,
)
from messages.venue_stream import StreamOpened, VenueEvent, VenueTransfer
from tests.actors.venues.binance_usdm.building import FAR, PATIENT, SYMBOL, order, settings_for
from tests.actors.venues.binance_usdm.test_stream import Ear
from tests.actors.venues.scripted import run

pytestmark = pytest.mark.integration

ROOT = Path(__file__).parents[4]
ORDERS = "* /fapi/v1/order"


@asynccontextmanager
async def exchange(
    home: Path, *rules: FaultRule, **more: Any
) -> AsyncIterator[tuple[ExchangeServer, BinanceUsdmPort]]:
    server = ExchangeServer(ServerSettings(home=str(home), **more))
    address = await server.start()
    key = server.keys["desk"]
    settings = settings_for(
        address.rest,
        address.stream,
        phases=PATIENT,
        cancel_patience_s=1.0,
    )
    port = BinanceUsdmPort(settings, Credentials(key.api_key, key.secret))
    try:
        await port.connect()
        server.replace_faults(FaultSettings(rules=rules))
        yield server, port
    finally:
        await port.close()
        await server.stop()


async def bid_far_below(port: BinanceUsdmPort) -> Decimal:
    """A price for bids that rest: 3 % below the best."""
    body = await port.rest.get("/fapi/v1/ticker/bookTicker", {"symbol": "BTCUSDT"}, 2)
    best = Decimal(msgspec.json.decode(body)["bidPrice"])
    return (best * Decimal("0.97")).quantize(Decimal(1))


def market(client_order_id: str, side: Side = Side.BUY, quantity: str = "0.010", **more: Any) -> PlaceOrder:
    terms = {"order_type": OrderType.MARKET, "limit_price": None, "side": side, "quantity": Decimal(quantity)}
    return order(client_order_id, **(terms | more))


def of(ear: Ear, client_order_id: str) -> list[VenueEvent]:
    return [
        event
        for event in ear.heard
        if isinstance(event, VenueEvent) and event.client_order_id == client_order_id
    ]


async def ended(ear: Ear, client_order_id: str, state: OrderState) -> list[VenueEvent]:
    while not any(event.state is state for event in of(ear, client_order_id)):
        await asyncio.sleep(0.01)
    return of(ear, client_order_id)


def test_the_whole_life_of_orders(tmp_path: Path) -> None:
    async def work() -> None:
        async with exchange(tmp_path) as (_, port):
            ear = Ear(port, 0)
            await ear.until(1)
            assert isinstance(ear.heard[0], StreamOpened)
            (rules,) = (await port.instruments(QueryInstruments("usdm", (SYMBOL,)))).instruments
            assert rules.taker_fee is not None
            low = await bid_far_below(port)
            await _taker(port, ear)
            await _maker(port, ear, low)
            await _refusals(port, low)
            ear.task.cancel()

    run(work())


async def _taker(port: BinanceUsdmPort, ear: Ear) -> None:
    taken = await port.place(market("taker"), 0)
    assert taken.outcome is Outcome.ACCEPTED
    events = await ended(ear, "taker", OrderState.FILLED)
    fills = {event.fill.fill_id: event.fill for event in events if event.fill is not None}
    assert sum(fill.quantity for fill in fills.values()) == Decimal("0.010")
    listed = await port.fills(QueryFills("usdm", SYMBOL, client_order_id="taker"))
    assert {trade.fill.fill_id: trade.fill for trade in listed.trades} == fills
    since = await port.fills(QueryFills("usdm", SYMBOL, since=time.time_ns() - 60 * 10**9))
    assert {trade.client_order_id for trade in since.trades} == {"taker"}
    account = await port.account(QueryAccount("usdm"))
    assert account.positions == {SYMBOL: Decimal("0.010")}
    assert account.margins is not None
    assert account.margins[SYMBOL].maintenance > 0
    fee = sum(fill.fee for fill in fills.values())
    assert account.balances["USDT"] == Decimal(1_000_000) - fee


async def _maker(port: BinanceUsdmPort, ear: Ear, low: Decimal) -> None:
    maker = await port.place(order("maker", limit_price=low, post_only=True), 0)
    assert maker.outcome is Outcome.ACCEPTED
    again = await port.place(order("maker", limit_price=low, post_only=True), 0)
    assert (again.outcome, again.venue_order_id) == (Outcome.ACCEPTED, maker.venue_order_id)
    other = await port.place(order("maker", limit_price=low - 1, post_only=True), 0)
    assert (other.outcome, other.reason) == (Outcome.REJECTED, Reason.DUPLICATE_CLIENT_ORDER_ID)
    replaced = await port.replace(
        ReplaceOrder("maker", SYMBOL, Side.BUY, Decimal("0.020"), low - 10, FAR, 1, increases_exposure=True),
        0,
    )
    assert replaced.outcome is Outcome.ACCEPTED
    found = (await port.query(QueryOrder("maker", SYMBOL))).order
    assert found is not None
    assert (found.quantity, found.limit_price, found.state) == (
        Decimal("0.020"),
        low - 10,
        OrderState.WORKING,
    )
    assert (await port.cancel(CancelOrder("maker", SYMBOL), 0)).outcome is Outcome.ACCEPTED
    assert (await port.cancel(CancelOrder("maker", SYMBOL), 0)).reason is Reason.UNKNOWN_ORDER
    await ended(ear, "maker", OrderState.CANCELLED)


async def _refusals(port: BinanceUsdmPort, low: Decimal) -> None:
    rows: list[tuple[PlaceOrder, Reason]] = [
        (order("tick", limit_price=low + Decimal("0.01")), Reason.TICK_SIZE),
        (order("lot", limit_price=low, quantity=Decimal("0.0105")), Reason.LOT_SIZE),
        (order("small", limit_price=Decimal(40_000), quantity=Decimal("0.0001")), Reason.LOT_SIZE),
        (
            order("band", limit_price=(low / 2).quantize(Decimal(1)), side=Side.SELL),
            Reason.PRICE_BAND,
        ),
        (order("maker-only", limit_price=low + 5_000, post_only=True), Reason.POST_ONLY_WOULD_TAKE),
        (
            order("all", limit_price=low, time_in_force=TimeInForce.FOK),
            Reason.FILL_OR_KILL,
        ),
        (market("reduce", reduce_only=True), Reason.REDUCE_ONLY_WOULD_INCREASE),
        (
            order("stop", order_type=OrderType.STOP, limit_price=None, stop_price=low, side=Side.BUY),
            Reason.STOP_WOULD_TRIGGER,
        ),
        (order("rich", limit_price=low, quantity=Decimal(300)), Reason.INSUFFICIENT_BALANCE),
    ]
    for refused, reason in rows:
        result = await port.place(refused, 0)
        assert result.outcome is Outcome.REJECTED, refused
        assert result.reason is reason, (refused, result)
        assert (await port.query(QueryOrder(refused.client_order_id, SYMBOL))).order is None


def test_a_stop_waits_triggers_and_goes_on_under_its_id(tmp_path: Path) -> None:
    async def work() -> None:
        async with exchange(tmp_path) as (_, port):
            ear = Ear(port, 0)
            await ear.until(1)
            await port.place(market("long", quantity="0.100"), 0)
            low = await bid_far_below(port)
            near = (low / Decimal("0.97") * Decimal("0.9998")).quantize(Decimal(1))
            common = {
                "order_type": OrderType.STOP,
                "limit_price": None,
                "side": Side.SELL,
            }
            for name, price, whole in (("stop", near, False), ("safety", low, True)):
                result = await port.place(order(name, stop_price=price, close_position=whole, **common), 0)
                assert result.outcome is Outcome.ACCEPTED, result
            waiting = (await port.query(QueryOrder("stop", SYMBOL, conditional=True))).order
            if waiting is not None and waiting.conditional:
                account = await port.account(QueryAccount("usdm"))
                assert {each.client_order_id for each in account.open_orders if each.conditional} >= {
                    "safety"
                }
            number = 0
            while not any(event.state is OrderState.FILLED for event in of(ear, "stop")):
                number += 1
                # there and back, or the margin is used up; not so hard that no bid is left for the stop itself
                await port.place(market(f"push{number}", Side.SELL, quantity="1"), 0)
                await port.place(market(f"back{number}", Side.BUY, quantity="1"), 0)
                await asyncio.sleep(0.05)
                # bought back, so that pushing never uses up the margin that the stop's own order needs
                await port.place(market(f"back{number}", Side.BUY, quantity="2"), 0)
            events = await ended(ear, "stop", OrderState.FILLED)
            assert events[0].venue_order_id != events[-1].venue_order_id
            assert sum(event.fill.quantity for event in events if event.fill is not None) == Decimal("0.010")
            done = (await port.query(QueryOrder("stop", SYMBOL, conditional=True))).order
            assert done is not None
            assert (done.state, done.conditional) == (OrderState.FILLED, False)
            gone = await port.cancel(CancelOrder("stop", SYMBOL, conditional=True), 0)
            assert gone.reason is Reason.UNKNOWN_ORDER
            ear.task.cancel()

    run(work())


def test_under_faults_of_every_kind_what_is_certain_is_true(tmp_path: Path) -> None:
    kinds = (
        Fault.TIMEOUT_AFTER,
        Fault.TIMEOUT_BEFORE,
        Fault.RESET_BEFORE,
        Fault.RESET_AFTER,
        Fault.SERVER_ERROR,
        Fault.UNKNOWN,
        Fault.BACKEND_TIMEOUT,
        Fault.UNAVAILABLE,
        Fault.THROTTLED,
        Fault.SKEW,
    )
    rules = [
        FaultRule(kind=kind, match=f"POST {ORDERS[2:]}", rate=0.06, low_s=0.1, high_s=0.1) for kind in kinds
    ]

    async def work() -> None:
        async with exchange(tmp_path, *rules) as (server, port):
            low = await bid_far_below(port)
            results = [await port.place(order(f"storm{number}", limit_price=low), 0) for number in range(80)]
            outcomes = Counter(result.outcome for result in results)
            assert outcomes[Outcome.ACCEPTED] > 10
            assert outcomes[Outcome.NO_ANSWER] > 3
            assert outcomes[Outcome.NOT_SENT] > 3
            server.replace_faults(FaultSettings())
            there = {
                each.client_order_id: each.venue_order_id
                for each in (await port.account(QueryAccount("usdm"))).open_orders
            }
            for result in results:
                await _is_true(port, result, there)

    run(work())


async def _is_true(port: BinanceUsdmPort, result: PlaceResult, there: dict[str, str]) -> None:
    name = result.client_order_id
    if result.outcome is Outcome.ACCEPTED:
        assert there[name] == result.venue_order_id
    elif result.outcome is not Outcome.NO_ANSWER:
        assert name not in there
    found = await port.query(QueryOrder(name, SYMBOL))
    assert found.outcome is Outcome.ACCEPTED
    assert (found.order is not None) == (name in there)


def test_under_ten_times_the_load_nobody_is_banned_and_cancels_overtake_orders(tmp_path: Path) -> None:
    async def work() -> None:
        async with exchange(tmp_path) as (server, port):
            low = await bid_far_below(port)
            placed = await asyncio.gather(
                *(port.place(order(f"load{number}", limit_price=low), 0) for number in range(150))
            )
            assert {each.outcome for each in placed} == {Outcome.ACCEPTED}
            flood = asyncio.gather(
                *(
                    port.place(order(f"more{number}", limit_price=low, time_in_force=TimeInForce.IOC), 0)
                    for number in range(2_850)
                )
            )
            began = time.monotonic()
            cancels = await asyncio.gather(
                *(port.cancel(CancelOrder(f"load{number}", SYMBOL), 0) for number in range(150))
            )
            took = time.monotonic() - began
            assert {each.outcome for each in cancels} == {Outcome.ACCEPTED}
            refused = Counter(result.reason for result in await flood)
            assert took < 20, "none of them waits longer than its patience of a second for the budget"
            assert set(refused) == {Reason.ACCEPTED, Reason.RATE_LIMIT}
            assert refused[Reason.RATE_LIMIT] > 2_500
            statistics: Any = server.statistics()
            statuses = {status for told in statistics["requests"].values() for status in told}
            assert statuses == {"200"}
            assert not statistics["bans"]

    run(work())


def test_a_restart_of_the_exchange_is_bridged_and_said(tmp_path: Path) -> None:
    async def work() -> None:
        async with exchange(tmp_path) as (server, port):
            low = await bid_far_below(port)
            ear = Ear(port, 0)
            await ear.until(1)
            await port.place(order("before", limit_price=low), 0)
            await ended(ear, "before", OrderState.WORKING)
            await server.stop()
            away = await port.place(order("while", limit_price=low), 0)
            assert away.outcome in (Outcome.NOT_SENT, Outcome.NO_ANSWER)
            with pytest.raises(VenueConnectionError):
                await port.server_time()
            await server.start()
            while sum(isinstance(event, StreamOpened) for event in ear.heard) < 2:
                await asyncio.sleep(0.02)
            found = (await port.query(QueryOrder("before", SYMBOL))).order
            assert found is not None
            assert found.state is OrderState.WORKING
            cancelled = await port.cancel(CancelOrder("before", SYMBOL), 0)
            assert cancelled.outcome is Outcome.ACCEPTED
            await ended(ear, "before", OrderState.CANCELLED)
            assert [event.sequence for event in ear.heard] == list(range(1, len(ear.heard) + 1))
            ear.task.cancel()

    run(work())


def test_modes_margin_and_the_dead_man(tmp_path: Path) -> None:
    async def work() -> None:
        async with exchange(tmp_path) as (_, port):
            wanted = ConfigureAccount("usdm", (SymbolMargin(SYMBOL, 7, MarginMode.CROSS),), hedge_mode=False)
            for _ in range(2):
                result = await port.configure(wanted)
                assert (result.outcome, result.refused) == (Outcome.ACCEPTED, {})
            absurd = ConfigureAccount("usdm", (SymbolMargin(SYMBOL, 1_000),))
            assert list((await port.configure(absurd)).refused) == [SYMBOL]
            low = await bid_far_below(port)
            ear = Ear(port, 0)
            await ear.until(1)
            await port.place(order("watched", limit_price=low), 0)
            armed = await port.arm_dead_man(ArmDeadMan("usdm", (SYMBOL,), 200_000_000))
            assert (armed.outcome, armed.symbols) == (Outcome.ACCEPTED, (SYMBOL,))
            await ended(ear, "watched", OrderState.CANCELLED)
            ear.task.cancel()

    run(work())


def test_wrong_credentials_are_told_at_once(tmp_path: Path) -> None:
    async def work() -> None:
        async with exchange(tmp_path) as (server, right):
            key = server.keys["desk"]
            for credentials in (Credentials("nobody", key.secret), Credentials(key.api_key, "wrong")):
                port = BinanceUsdmPort(right._settings, credentials)
                with pytest.raises(VenueConnectionError, match="auth"):
                    await port.connect()
                result = await port.place(order("auth"), 0)
                assert (result.outcome, result.reason) == (Outcome.REJECTED, Reason.AUTH)
                await port.close()

    run(work())


@pytest.mark.unit
def test_adapter_and_exchange_share_no_code_of_the_protocol() -> None:
    def imported(folder: str) -> set[str]:
        names: set[str] = set()
        for path in (ROOT / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.Import):
                    names |= {alias.name for alias in node.names}
                elif isinstance(node, ast.ImportFrom) and node.module:
                    names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
        return names

    theirs, ours = imported("cluster/exchange"), imported("actors/venues/binance_usdm")
    assert "cluster.exchange.api" in theirs
    assert not {name for name in theirs if name.startswith("actors.venues.binance_usdm")}
    assert not {name for name in ours if name.startswith("cluster")}


def test_money_moved_at_the_venue_is_told_once_with_its_sign(tmp_path: Path) -> None:
    async def work() -> None:
        async with exchange(tmp_path) as (server, port):
            before = await port.account(QueryAccount("usdm"))
            ear = Ear(port, 0)
            while not port.health().stream_up:
                await asyncio.sleep(0.01)
            server.deposit("desk", "USDT", "250.5")
            server.deposit("desk", "USDT", "-100")
            while len(moved := [each for each in ear.heard if isinstance(each, VenueTransfer)]) < 3:
                assert not ear.task.done(), ear.error
                await asyncio.sleep(0.01)
            ear.task.cancel()
            opening, *since = moved
            assert before.time is not None
            assert opening.time <= before.time, "what the account was opened with is in its first reading"
            assert [(each.currency, each.amount, each.kind) for each in since] == [
                ("USDT", Decimal("250.5"), "TRANSFER"),
                ("USDT", Decimal(-100), "TRANSFER"),
            ]
            assert len({each.transfer_id for each in moved}) == 3
            after = await port.account(QueryAccount("usdm"))
            assert after.balances["USDT"] == before.balances["USDT"] + Decimal("150.5")

    run(work())
