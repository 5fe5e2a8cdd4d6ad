"""Binance USD-M futures as a bench: the local exchange behind that protocol, and the desk's adapter to it."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from decimal import Decimal
from pathlib import Path

import msgspec

from actors.venues.binance_usdm.port import BinanceUsdmPort
from actors.venues.binance_usdm.settings import BinanceUsdmSettings, StreamSettings
from actors.venues.binance_usdm.signing import Credentials
from actors.venues.binance_usdm.traits import binance_usdm_traits
from actors.venues.transport.http import Phases
from actors.venues.transport.rate_gate import RateGate
from cluster.conformance.bench import (
    LATE_S,
    Bench,
    Level,
    Offer,
    StreamTrouble,
    Target,
    Trouble,
    Tuning,
    Venue,
    offers_of,
)
from cluster.conformance.benches.hand_market import HandMarket
from cluster.conformance.venue_log import VenueLog, read_exchange_log
from cluster.exchange.api import Kind, Rules
from cluster.exchange.core import ExchangeSettings
from cluster.exchange.faults import Fault, FaultRule, FaultSettings
from cluster.exchange.fronts.binance_usdm.context import FrontSettings
from cluster.exchange.fronts.binance_usdm.limits import LimitSettings
from cluster.exchange.server import ExchangeServer
from cluster.exchange.settings import AccountPlan, ServerSettings
from messages.intents import Side

_SYMBOLS = {"BTC-USDT-PERP": "BTCUSDT", "ETH-USDT-PERP": "ETHUSDT"}
_ACCOUNT = "desk"
_SECOND = 1_000_000_000
_PAUSE_S = 0.005
_NEVER = 10**18
_RATE = 0.0001
_TARGETS = {
    Target.PLACE: "POST /fapi/v1/*rder",
    Target.REPLACE: "PUT /fapi/v1/order",
    Target.CANCEL: "DELETE /fapi/v1/*rder",
    Target.QUERY: "GET /fapi/v1/*rder",
    Target.ACCOUNT: "GET /fapi/v3/balance",
    Target.FILLS: "GET /fapi/v1/userTrades",
}
_FAULTS: dict[Trouble, tuple[Fault, float]] = {
    Trouble.LATE: (Fault.LATE, 1.0),
    Trouble.TIMEOUT_BEFORE: (Fault.TIMEOUT_BEFORE, 1.0),
    Trouble.TIMEOUT_AFTER: (Fault.TIMEOUT_AFTER, 1.0),
    Trouble.RESET_BEFORE: (Fault.RESET_BEFORE, 1.0),
    Trouble.RESET_AFTER: (Fault.RESET_AFTER, 1.0),
    Trouble.HALF_ANSWER: (Fault.HALF_ANSWER, 1.0),
    Trouble.TOO_MANY: (Fault.RATE_LIMIT, 1.0),
    Trouble.UNAVAILABLE: (Fault.UNAVAILABLE, 1.0),
    Trouble.THROTTLED: (Fault.THROTTLED, 1.0),
    Trouble.UNKNOWN_DONE: (Fault.UNKNOWN, 1.0),
    Trouble.UNKNOWN_NOT_DONE: (Fault.UNKNOWN, 0.0),
    Trouble.SERVER_ERROR_DONE: (Fault.SERVER_ERROR, 1.0),
    Trouble.SERVER_ERROR_NOT_DONE: (Fault.SERVER_ERROR, 0.0),
    Trouble.BACKEND_TIMEOUT_DONE: (Fault.BACKEND_TIMEOUT, 1.0),
    Trouble.BACKEND_TIMEOUT_NOT_DONE: (Fault.BACKEND_TIMEOUT, 0.0),
    Trouble.GATEWAY_DONE: (Fault.GATEWAY, 1.0),
    Trouble.GATEWAY_NOT_DONE: (Fault.GATEWAY, 0.0),
    Trouble.PAGE_DONE: (Fault.PAGE, 1.0),
    Trouble.PAGE_NOT_DONE: (Fault.PAGE, 0.0),
    Trouble.FIREWALL: (Fault.FIREWALL, 1.0),
    Trouble.STALE_STAMP: (Fault.SKEW, 1.0),
}
"""The exchange's fault, and the share of struck requests that is carried out."""
_WAITS_S = {Trouble.LATE: LATE_S, Trouble.TOO_MANY: 2.0}
"""How long a request is held up, or its client told to wait, in seconds; others outlast the port's patience."""
_STREAM_FAULTS = {
    StreamTrouble.DUPLICATE: Fault.DUPLICATE,
    StreamTrouble.REORDER: Fault.REORDER,
    StreamTrouble.DROP: Fault.DROP,
    StreamTrouble.STALE: Fault.STALE,
    StreamTrouble.SILENT: Fault.SILENT,
}


class BinanceUsdmBench:
    """See `Bench`. Opened by `BINANCE_USDM.open`."""

    def __init__(self, folder: Path, tuning: Tuning) -> None:
        self._folder = folder
        self._tuning = tuning
        self._rules = tuple(_listing(name, tuning) for name in _SYMBOLS.values())
        self._market = HandMarket(self._rules, _RATE, bids=[("50000.0", "5")], asks=[("50001.0", "5")])
        self._server = ExchangeServer(_server_settings(folder, tuning, self._rules), market=self._market)
        self._faults = FaultSettings(clock_offset_s=tuning.clock_ahead_s)
        self._ports: list[BinanceUsdmPort] = []
        self._address = ("", "")
        self.port: BinanceUsdmPort

    @property
    def symbols(self) -> tuple[str, str]:
        """See `Bench.symbols`."""
        first, second = _SYMBOLS
        return first, second

    @property
    def log(self) -> VenueLog:
        """See `Bench.log`."""
        return read_exchange_log(self._folder / "exchange.log", _ACCOUNT)

    def now(self) -> int:
        """See `Bench.now`."""
        return time.time_ns()

    async def pause(self) -> None:
        """See `Bench.pause`."""
        await asyncio.sleep(_PAUSE_S)

    async def show(self, bids: Sequence[Level], asks: Sequence[Level], *, symbol: str | None = None) -> None:
        """See `Bench.show`."""
        listing = _SYMBOLS[symbol or self.symbols[0]]
        await self._happens(lambda at: self._market.show(at, listing, bids, asks))

    async def print_trade(self, price: str, quantity: str, aggressor: Side) -> None:
        """See `Bench.print_trade`."""
        listing = _SYMBOLS[self.symbols[0]]
        await self._happens(lambda at: self._market.print_trade(at, listing, price, quantity, aggressor))

    async def strike(self, trouble: Trouble, target: Target) -> None:
        """See `Bench.strike`."""
        kind, done = _FAULTS[trouble]
        wait_s = _WAITS_S.get(trouble, 1.3 * self._tuning.answer_s)
        rule = FaultRule(kind=kind, match=_TARGETS[target], low_s=wait_s, high_s=wait_s, done=done, count=1)
        self._set_faults(rules=(rule,))

    async def calm(self) -> None:
        """See `Bench.calm`."""
        self._set_faults()

    async def shake(self, trouble: StreamTrouble | None, *, skip: int = 0, count: int | None = None) -> None:
        """See `Bench.shake`."""
        if trouble is None:
            self._set_faults(rules=())
            return
        wait_s = 60.0 if trouble is StreamTrouble.SILENT else 0.2
        kind = _STREAM_FAULTS[trouble]
        rule = FaultRule(kind=kind, match="user", low_s=wait_s, high_s=wait_s, skip=skip, count=count)
        self._set_faults(rules=(rule,))

    async def cut_stream(self) -> None:
        """See `Bench.cut_stream`."""
        self._server.cut_streams()

    async def stop(self) -> None:
        """See `Bench.stop`."""
        await self._server.stop()

    async def start(self) -> None:
        """See `Bench.start`."""
        address = await self._server.start()
        self._address = (address.rest, address.stream)
        self._set_faults()

    async def port_of_another(self) -> BinanceUsdmPort:
        """See `Bench.port_of_another`."""
        port = self._new_port()
        await port.connect()
        return port

    async def port_beside(self) -> BinanceUsdmPort:
        """See `Bench.port_beside`."""
        port = self._new_port(gate=self.port.rest.gate)
        await port.connect()
        return port

    def port_without_access(self) -> BinanceUsdmPort:
        """See `Bench.port_without_access`."""
        return self._new_port(Credentials("nobody", self._server.keys[_ACCOUNT].secret))

    async def set_clock(self, ahead_s: float) -> None:
        """See `Bench.set_clock`."""
        self._set_faults(clock_offset_s=ahead_s)

    async def change_rules(self, **changes: str | int | bool) -> None:
        """See `Bench.change_rules`."""
        self._server.change_rules(_SYMBOLS[self.symbols[0]], changes)

    async def set_mark(self, price: str) -> None:
        """See `Bench.set_mark`."""
        self._market.mark[_SYMBOLS[self.symbols[0]]] = float(price)

    async def expire_stream_keys(self) -> None:
        """See `Bench.expire_stream_keys`."""
        self._server.expire_listen_keys()

    def statuses(self) -> dict[str, int]:
        """See `Bench.statuses`."""
        found: Counter[str] = Counter()
        requests = self._server.statistics()["requests"]
        for answered in msgspec.convert(requests, dict[str, dict[str, int]]).values():
            found.update(answered)
        return dict(found)

    async def open(self) -> None:
        """Start the venue, let it see a trade, connect."""
        await self.start()
        self.port = self._new_port()
        await self.print_trade("50000.0", "0.002", Side.SELL)
        await self.port.connect()

    async def close(self) -> None:
        """Let go of everything."""
        for port in self._ports:
            await port.close()
        await self._server.stop()

    async def _happens(self, write: Callable[[int], None]) -> None:
        """Something of the market happens now; returns when the exchange has taken it in."""
        write(time.time_ns())
        while self._market.next_time is not None:
            await self.pause()

    def _set_faults(self, *, rules: tuple[FaultRule, ...] = (), clock_offset_s: float | None = None) -> None:
        """Rules that have struck would begin to count anew, so that none outlives a change."""
        now = self._faults
        self._faults = msgspec.structs.replace(
            now,
            rules=rules,
            clock_offset_s=now.clock_offset_s if clock_offset_s is None else clock_offset_s,
        )
        self._server.replace_faults(self._faults)

    def _new_port(
        self, credentials: Credentials | None = None, gate: RateGate | None = None
    ) -> BinanceUsdmPort:
        key = self._server.keys[_ACCOUNT]
        port = BinanceUsdmPort(
            _port_settings(*self._address, self._tuning),
            credentials or Credentials(key.api_key, key.secret),
            gate=gate,
        )
        self._ports.append(port)
        return port


@asynccontextmanager
async def _opened(folder: Path, tuning: Tuning) -> AsyncIterator[Bench]:
    bench = BinanceUsdmBench(folder, tuning)
    try:
        await bench.open()
        yield bench
    finally:
        await bench.close()


def _open(folder: Path, tuning: Tuning) -> AbstractAsyncContextManager[Bench]:
    return _opened(folder, tuning)


def _server_settings(folder: Path, tuning: Tuning, listings: tuple[Rules, ...]) -> ServerSettings:
    every_s = tuning.funding_every_s
    return ServerSettings(
        home=str(folder),
        market=ExchangeSettings(
            listings=listings,
            mark_interval=_SECOND // 20,
            funding_interval=int(every_s * _SECOND) if every_s else _NEVER,
        ),
        accounts=(AccountPlan(name=_ACCOUNT, balances={"USDT": tuning.balance}),),
        step_s=0.01,
        front=FrontSettings(
            limits=LimitSettings(
                weight_per_minute=tuning.weight_1m,
                orders_per_ten_seconds=tuning.orders_10s,
                orders_per_minute=tuning.orders_1m,
            ),
        ),
    )


def _port_settings(rest: str, stream: str, tuning: Tuning) -> BinanceUsdmSettings:
    answer_s = tuning.answer_s
    return BinanceUsdmSettings(
        venue="binance_usdm",
        rest_url=rest,
        stream_url=stream,
        listings=_SYMBOLS,
        phases=Phases(connect_s=answer_s, pool_s=answer_s, write_s=answer_s, read_s=answer_s),
        stream=StreamSettings(
            open_s=answer_s,
            keepalive_s=600.0,
            keepalive_retry_s=0.2,
            renewal_s=tuning.stream_renewal_s,
            overlap_s=0.2,
            silence_s=tuning.stream_silence_s,
            first_pause_s=0.05,
            longest_pause_s=0.2,
            storm_count=100,
        ),
        query_patience_s=2.0,
        cancel_patience_s=2.0,
        address_limit=tuning.weight_1m,
        orders_10s=tuning.orders_10s,
        orders_1m=tuning.orders_1m,
    )


def _listing(name: str, tuning: Tuning) -> Rules:
    return Rules(
        listing=name,
        kind=Kind.PERPETUAL,
        base=name.removesuffix("USDT"),
        quote="USDT",
        settle="USDT",
        tick=Decimal("0.1"),
        lot=Decimal("0.001"),
        min_quantity=Decimal("0.002"),
        max_quantity=Decimal(100),
        market_max_quantity=Decimal(50),
        min_notional=Decimal(100),
        price_up=Decimal("1.1"),
        price_down=Decimal("0.9"),
        max_open_orders=tuning.max_orders,
        max_conditional_orders=tuning.max_orders,
        maker_fee=Decimal("0.0002"),
        taker_fee=Decimal("0.0004"),
        max_leverage=39,
    )


BINANCE_USDM = Venue(
    "binance_usdm",
    offers_of(
        binance_usdm_traits(0),
        Offer.TAKE_PROFIT,
        Offer.PRICE_BAND,
        Offer.MAX_QUANTITY,
        Offer.MAX_ORDERS,
        Offer.CLOSED_LISTING,
        Offer.STOP_CHECK,
        Offer.REQUEST_LIMITS,
        Offer.OPEN_ENDED_REFUSALS,
        Offer.TIME_STAMPS,
        Offer.STREAM_KEYS,
        Offer.LOOSE_EVENTS,
        Offer.LIQUIDATION,
    ),
    _open,
)
"""Binance USD-M futures behind the local exchange."""
