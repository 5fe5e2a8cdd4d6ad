"""What the tests of the paper venue are made of: settings, orders, the venue's record, a server process."""

from __future__ import annotations

import json
import os
import signal
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import msgspec

from actors.venues.matching.instruments import AccountSettings, EngineSettings, Instrument
from cluster.feeds import Feed
from cluster.paper.faults import FaultSettings
from cluster.paper.market import open_feeds
from cluster.paper.records import OrderRequest
from cluster.paper.settings import (
    MarketShapeSettings,
    PaperSettings,
    SyntheticSource,
    TimeMode,
    TimeSettings,
)
from cluster.paper.venue import PaperVenue
from messages.intents import OrderType, Side, TimeInForce

START = 1_700_000_000_000_000_000
SECOND = 1_000_000_000
MILLISECOND = 1_000_000
LATENCY = 5 * MILLISECOND
SYMBOLS = ("BTC-USDT", "ETH-USDT")
NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
PROJECT = Path(__file__).parents[3]


def instrument_of(symbol: str) -> Instrument:
    """An instrument whose minimums are easy to break."""
    return Instrument(
        symbol=symbol,
        tick=Decimal("0.1"),
        lot=Decimal("0.001"),
        min_quantity=Decimal("0.002"),
        min_notional=Decimal(100),
        maker_fee=Decimal("0.0002"),
        taker_fee=Decimal("0.0004"),
    )


def settings_of(
    folder: Path,
    *,
    symbols: tuple[str, ...] = SYMBOLS,
    latency: int = LATENCY,
    mode: TimeMode = TimeMode.GRANTED,
    faults: FaultSettings | None = None,
    **changes: Any,
) -> PaperSettings:
    """A venue with a synthetic market that opens at `START`."""
    shapes = {
        symbol: MarketShapeSettings(start_price=60_000.0 / (1 + 19 * index))
        for index, symbol in enumerate(symbols)
    }
    chosen: dict[str, Any] = {
        "folder": str(folder),
        "venue": "paper",
        "instruments": tuple(instrument_of(symbol) for symbol in symbols),
        "account": AccountSettings(
            account="desk",
            balances={"USDT": Decimal(1_000_000)},
            allow_short=True,
            initial_margin=Decimal("0.1"),
        ),
        "source": SyntheticSource(seed=11, start_time=START, shapes=shapes),
        "time": TimeSettings(mode=mode, start=START),
        "engine": EngineSettings(order_latency=latency, report_latency=latency),
        "faults": faults or FaultSettings(),
    }
    return PaperSettings(**(chosen | changes))


def open_venue(settings: PaperSettings, feeds: dict[str, Feed] | None = None) -> PaperVenue:
    """The venue over its folder, born or recovered."""
    opened = open_feeds(settings.source, settings.instruments) if feeds is None else feeds
    return PaperVenue(settings, opened, machine_time=START)


def order(client_order_id: str, **changes: Any) -> OrderRequest:
    """A market order over 0.01 BTC, bought; sent when the venue is born."""
    chosen: dict[str, Any] = {
        "client_order_id": client_order_id,
        "symbol": "BTC-USDT",
        "side": Side.BUY,
        "order_type": OrderType.MARKET,
        "quantity": Decimal("0.01"),
        "time_in_force": TimeInForce.GTC,
        "sent_at": START,
    }
    return OrderRequest(**(chosen | changes))


def resting(client_order_id: str, **changes: Any) -> OrderRequest:
    """A bid far below the market."""
    return order(
        client_order_id, **({"order_type": OrderType.LIMIT, "limit_price": Decimal("30000.0")} | changes)
    )


def go(venue: PaperVenue, until: int) -> None:
    """Let the venue go on to `until`."""
    while not venue.advance(until):
        pass


def told(venue: PaperVenue, after: int = 0) -> list[dict[str, Any]]:
    """The events that may be known, as anybody reads them."""
    return [json.loads(line) for line in venue.events(after)]


def record(folder: Path) -> list[dict[str, Any]]:
    """The venue's own record, read without any of its code."""
    return [json.loads(line) for line in (folder / "orders.jsonl").read_text().splitlines()]


class Server:
    """A paper venue in a process of its own."""

    def __init__(self, settings: PaperSettings) -> None:
        self.folder = Path(settings.folder)
        self._settings = self.folder.with_name(self.folder.name + ".json")
        self._settings.write_bytes(msgspec.json.encode(settings))
        self._process: subprocess.Popen[str] | None = None
        self._client = httpx.Client(trust_env=False, verify=NO_TLS)

    @property
    def url(self) -> str:
        """Where it listens, as published."""
        address = json.loads((self.folder / "address.json").read_text())
        return f"http://{address['host']}:{address['port']}"

    @property
    def headers(self) -> dict[str, str]:
        """What it wants to see."""
        return {"authorization": f"Bearer {(self.folder / 'token').read_text()}"}

    def start(self) -> None:
        """Start the process and wait until it answers."""
        self._process = self.launch()
        deadline = time.monotonic() + 90
        while not self._answers(self._process.pid):
            if self._process.poll() is not None:
                raise AssertionError(f"the venue ended: {self._process.communicate()[1]}")
            if time.monotonic() > deadline:
                self.kill()
                raise AssertionError("the venue does not answer")
            time.sleep(0.01)

    def launch(self) -> subprocess.Popen[str]:
        """Start a process on the same settings and leave it alone."""
        return subprocess.Popen(
            [sys.executable, "-m", "cluster.paper", "--settings", str(self._settings)],
            cwd=PROJECT,
            stderr=subprocess.PIPE,
            text=True,
        )

    def kill(self) -> None:
        """kill -9."""
        self._end(signal.SIGKILL)

    def stop(self) -> int:
        """Ask it to stop; returns its exit code."""
        return self._end(signal.SIGTERM)

    def request(self, method: str, path: str, **options: Any) -> httpx.Response:
        """One request with the venue's token."""
        chosen: dict[str, Any] = {"headers": self.headers, "timeout": 60.0} | options
        return self._client.request(method, f"{self.url}{path}", **chosen)

    def place(self, request: OrderRequest) -> httpx.Response:
        """Place an order as a person with curl would."""
        return self.request("POST", "/orders", content=msgspec.json.encode(request))

    def advance(self, until: int) -> dict[str, Any]:
        """Grant time."""
        answer: dict[str, Any] = self.request("POST", "/clock/advance", json={"time": until}).json()
        return answer

    def fail(self, *faults: str, **body: Any) -> None:
        """Let the next requests about orders meet these faults."""
        assert self.request("POST", "/faults", json={"next": list(faults), **body}).status_code == 200

    def close(self) -> None:
        """Let go of the connections to it."""
        self._client.close()

    def _answers(self, pid: int) -> bool:
        try:
            address = json.loads((self.folder / "address.json").read_text())
            return address["pid"] == pid and self._client.get(f"{self.url}/health").status_code == 200
        except (OSError, ValueError, httpx.HTTPError):
            return False

    def _end(self, number: int) -> int:
        process, self._process = self._process, None
        if process is None:
            return 0
        os.kill(process.pid, number)
        process.communicate(timeout=60)
        return process.returncode


@contextmanager
def served(settings: PaperSettings) -> Iterator[Server]:
    """A running venue, ended for certain."""
    server = Server(settings)
    try:
        server.start()
        yield server
    finally:
        server.kill()
        server.close()
