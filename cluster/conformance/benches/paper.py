"""The paper venue as a bench: a server and its port over real sockets, at the machine's pace or with granted time."""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from decimal import Decimal
from pathlib import Path

import httpx

from actors.venues.matching.instruments import (
    AccountSettings,
    EngineSettings,
    Instrument,
    MarketKind,
    MarketModel,
)
from actors.venues.paper import Endpoint, PaperPort, PaperTimeouts
from actors.venues.paper_traits import PAPER_TRAITS
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
from cluster.conformance.benches.hand_feed import HandFeed
from cluster.conformance.venue_log import VenueLog, read_paper_log
from cluster.paper.funding import ConstantFunding
from cluster.paper.server import Address, PaperServer
from cluster.paper.settings import PaperSettings, SyntheticSource, TimeMode, TimeSettings
from messages.errors import ConfigurationError
from messages.intents import Side

_SYMBOLS = ("BTC-USDT", "ETH-USDT")
_MILLISECOND = 1_000_000
_SECOND = 1_000_000_000
_LATENCY = _MILLISECOND
_GRANT = 20 * _MILLISECOND
_PAUSE_S = 0.002
_RATE = Decimal("0.0001")
_FAULTS = {
    Trouble.LATE: "late",
    Trouble.TIMEOUT_BEFORE: "silent",
    Trouble.TIMEOUT_AFTER: "late",
    Trouble.RESET_BEFORE: "lost_before",
    Trouble.RESET_AFTER: "lost_after",
    Trouble.HALF_ANSWER: "half",
    Trouble.TOO_MANY: "rate_limited",
    Trouble.UNAVAILABLE: "unavailable",
}


class PaperBench:
    """See `Bench`. Opened by `opened_paper`."""

    def __init__(self, folder: Path, tuning: Tuning, mode: TimeMode) -> None:
        self._folder = folder
        self._tuning = tuning
        self._mode = mode
        self._now = time.time_ns()
        self._feeds = {symbol: HandFeed(symbol, self._now) for symbol in _SYMBOLS}
        self._settings = _settings(folder, tuning, mode, self._now)
        self._server = PaperServer(self._settings, feeds=self._feeds)
        self._address = Address("", 0, 0)
        self._http = httpx.AsyncClient(trust_env=False, verify=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT))
        self._ports: list[PaperPort] = []
        self.port = self._new_port()

    @property
    def symbols(self) -> tuple[str, str]:
        """See `Bench.symbols`."""
        return _SYMBOLS

    @property
    def log(self) -> VenueLog:
        """See `Bench.log`."""
        return read_paper_log(self._folder / "orders.jsonl")

    def now(self) -> int:
        """See `Bench.now`."""
        return time.time_ns() if self._mode is TimeMode.PACED else self._now

    async def pause(self) -> None:
        """See `Bench.pause`."""
        if self._mode is TimeMode.GRANTED and self._server.time:
            self._now += _GRANT
            await self.port.advance(self._now)
        await asyncio.sleep(_PAUSE_S)

    async def show(self, bids: Sequence[Level], asks: Sequence[Level], *, symbol: str | None = None) -> None:
        """See `Bench.show`."""
        feed = self._feeds[symbol or _SYMBOLS[0]]
        await self._happens(lambda at: feed.show(at, bids, asks))

    async def print_trade(self, price: str, quantity: str, aggressor: Side) -> None:
        """See `Bench.print_trade`."""
        feed = self._feeds[_SYMBOLS[0]]
        await self._happens(lambda at: feed.print_trade(at, price, quantity, aggressor))

    async def strike(self, trouble: Trouble, target: Target) -> None:
        """See `Bench.strike`. The venue strikes its next request, whatever it is."""
        fault = _FAULTS.get(trouble)
        if fault is None:
            raise _not_there(trouble)
        wait_s = LATE_S if trouble is Trouble.LATE else 1.3 * self._tuning.answer_s
        await self._control({"next": [fault], "settings": {"late_by": int(wait_s * _SECOND)}})

    async def calm(self) -> None:
        """See `Bench.calm`."""
        await self._control({"settings": {}, "forget": True})

    async def shake(self, trouble: StreamTrouble | None, *, skip: int = 0, count: int | None = None) -> None:
        """See `Bench.shake`."""
        if trouble not in (None, StreamTrouble.DUPLICATE) or skip or count is not None:
            raise _not_there(trouble)
        await self._control({"settings": {"duplicated_events": 0.0 if trouble is None else 1.0}})

    async def cut_stream(self) -> None:
        """See `Bench.cut_stream`."""
        await self._control({"disconnect_streams": True})

    async def stop(self) -> None:
        """See `Bench.stop`."""
        await self._server.stop()

    async def start(self) -> None:
        """See `Bench.start`."""
        self._server = PaperServer(self._settings, feeds=self._feeds)
        self._address = await self._server.start()

    async def port_of_another(self) -> PaperPort:
        """See `Bench.port_of_another`."""
        port = self._new_port()
        await port.connect()
        return port

    async def port_beside(self) -> PaperPort:
        """The venue has no request budget to share."""
        raise _not_there("a request budget")

    def port_without_access(self) -> PaperPort:
        """See `Bench.port_without_access`."""
        port = PaperPort("paper", lambda: Endpoint(self._address.host, self._address.port, "wrong"))
        self._ports.append(port)
        return port

    async def set_clock(self, ahead_s: float) -> None:
        """The venue has no clock of its own."""
        raise _not_there("a clock")

    async def change_rules(self, **changes: str | int | bool) -> None:
        """The venue's rules are fixed."""
        raise _not_there("a change of rules")

    async def set_mark(self, price: str) -> None:
        """The venue values positions by its book."""
        raise _not_there("a mark price")

    async def expire_stream_keys(self) -> None:
        """The venue's stream has no keys."""
        raise _not_there("a stream key")

    def statuses(self) -> dict[str, int]:
        """The venue does not count."""
        return {}

    async def open(self) -> None:
        """Start the venue, give it a market, connect."""
        await self.start()
        for symbol in _SYMBOLS:
            await self.show([("50000.0", "5")], [("50001.0", "5")], symbol=symbol)
        await self.print_trade("50000.0", "0.002", Side.SELL)
        await self.port.connect()

    async def close(self) -> None:
        """Let go of everything."""
        for port in self._ports:
            await port.close()
        await self._http.aclose()
        await self._server.stop()

    async def _happens(self, write: Callable[[int], None]) -> None:
        """Something of the market happens now; returns when the venue has taken it in."""
        due = self._server.time + 1
        write(due)
        self._server.look_again()
        while self._server.time <= due + 2 * _LATENCY:
            await self.pause()

    async def _control(self, body: dict[str, object]) -> None:
        headers = {"authorization": f"Bearer {(self._folder / 'token').read_text()}"}
        url = f"http://{self._address.host}:{self._address.port}/faults"
        (await self._http.post(url, json=body, headers=headers)).raise_for_status()

    def _new_port(self) -> PaperPort:
        timeouts = PaperTimeouts(answer_s=self._tuning.answer_s)
        port = PaperPort.of_folder("paper", self._folder, timeouts=timeouts)
        self._ports.append(port)
        return port


@asynccontextmanager
async def _opened(folder: Path, tuning: Tuning, mode: TimeMode) -> AsyncIterator[Bench]:
    bench = PaperBench(folder, tuning, mode)
    try:
        await bench.open()
        yield bench
    finally:
        await bench.close()


def _paced(folder: Path, tuning: Tuning) -> AbstractAsyncContextManager[Bench]:
    return _opened(folder, tuning, TimeMode.PACED)


def _granted(folder: Path, tuning: Tuning) -> AbstractAsyncContextManager[Bench]:
    return _opened(folder, tuning, TimeMode.GRANTED)


def _settings(folder: Path, tuning: Tuning, mode: TimeMode, start: int) -> PaperSettings:
    funding = tuple(
        ConstantFunding(symbol=symbol, rate=_RATE, interval=int(tuning.funding_every_s * _SECOND))
        for symbol in _SYMBOLS
        if tuning.funding_every_s
    )
    return PaperSettings(
        folder=str(folder),
        venue="paper",
        instruments=tuple(_instrument(symbol) for symbol in _SYMBOLS),
        account=AccountSettings(
            account="desk",
            balances={"USDT": tuning.balance},
            allow_short=True,
            initial_margin=Decimal("0.05"),
        ),
        source=SyntheticSource(seed=1, start_time=start, shapes={}),  # the feeds are given by hand
        time=TimeSettings(mode=mode, start=start, wall_start=start),
        funding=funding,
        engine=EngineSettings(order_latency=_LATENCY, report_latency=_LATENCY),
    )


def _instrument(symbol: str) -> Instrument:
    return Instrument(
        symbol=symbol,
        tick=Decimal("0.1"),
        lot=Decimal("0.001"),
        min_quantity=Decimal("0.002"),
        min_notional=Decimal(100),
        maker_fee=Decimal("0.0002"),
        taker_fee=Decimal("0.0004"),
        market=MarketModel(kind=MarketKind.DEPTH),
    )


def _not_there(what: object) -> ConfigurationError:
    return ConfigurationError(
        "the paper venue does not have this",
        field="conformance",
        value=str(what),
        remedy="let the scenario say what it needs",
    )


PAPER = Venue("paper", offers_of(PAPER_TRAITS), _paced)
"""The paper venue at the machine's pace."""

REPLAY = Venue("replay", offers_of(PAPER_TRAITS, Offer.GRANTED_TIME), _granted)
"""The paper venue whose time is granted."""
