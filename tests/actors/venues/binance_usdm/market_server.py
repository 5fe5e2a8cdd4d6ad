"""A scripted venue: market streams on a real WebSocket server, public questions answered from a table."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

import msgspec
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed

from actors.venues.binance_usdm.market import BinanceUsdmMarket, MarketSettings
from actors.venues.binance_usdm.market_line import LineSettings
from actors.venues.market_port import MarketDataPort
from messages.errors import VenueConnectionError
from messages.market import TickKind

START_MS = 1_723_161_255_000
LISTINGS = {"BTC-USDT-PERP": "BTCUSDT", "ETH-USDT-PERP": "ETHUSDT"}


class Client:
    """One connection to the scripted venue."""

    def __init__(self, connection: ServerConnection, path: str) -> None:
        self.connection = connection
        self.path = path
        self.streams: set[str] = set()
        self.commands: list[tuple[float, dict[str, Any]]] = []


class ScriptedMarket:
    """Tells what a test wants it to tell. `answers` are bodies by path, or functions of the parameters."""

    def __init__(self) -> None:
        self.clients: list[Client] = []
        self.opened = 0
        self.refusing = False
        self.mute = False
        """No command is answered."""
        self.url = ""
        self.answers: dict[str, Any] = {}
        self.asked: list[tuple[str, dict[str, Any], int]] = []
        self.changed = asyncio.Event()

    async def handle(self, connection: ServerConnection) -> None:
        assert connection.request is not None
        client = Client(connection, connection.request.path.split("/")[1])
        self.opened += 1
        if self.refusing:
            return
        self.clients.append(client)
        self.changed.set()
        try:
            async for text in connection:
                command = json.loads(text)
                client.commands.append((asyncio.get_running_loop().time(), command))
                client.streams |= set(command["params"])
                if not self.mute:
                    await connection.send(json.dumps({"result": None, "id": command["id"]}))
                self.changed.set()
        except ConnectionClosed:
            pass
        finally:
            self.clients.remove(client)
            self.changed.set()

    async def get(self, path: str, parameters: Mapping[str, str | int], weight: int) -> bytes:
        self.asked.append((path, dict(parameters), weight))
        answer = self.answers.get(path)
        if answer is None:
            raise VenueConnectionError("no answer", field=path)
        if callable(answer):
            answer = answer(parameters)
            if asyncio.iscoroutine(answer):
                answer = await answer
        return msgspec.json.encode(answer)

    def listeners(self, stream: str) -> list[Client]:
        return [client for client in self.clients if stream in client.streams]

    async def tell(self, stream: str, data: Mapping[str, Any], *, only: Client | None = None) -> None:
        frame = json.dumps({"stream": stream, "data": data})
        for client in [only] if only is not None else self.listeners(stream):
            await client.connection.send(frame)

    async def drop(self) -> None:
        for client in list(self.clients):
            await client.connection.close()

    async def until(self, condition: Callable[[], Any], seconds: float = 30.0) -> None:
        async with asyncio.timeout(seconds):
            while not condition():
                await asyncio.sleep(0.005)


class Sink:
    """Remembers what it was told."""

    def __init__(self) -> None:
        self.rows: list[tuple[Any, ...]] = []
        self.notes: list[tuple[str, tuple[str, ...]]] = []

    def tick(self, symbol: str, kind: int, event_time: int, *values: float) -> None:
        self.rows.append((symbol, kind, event_time, *values))

    def interrupted(self, symbols: Sequence[str], detail: str) -> None:
        self.notes.append(("interrupted", tuple(symbols)))

    def restored(self, symbols: Sequence[str]) -> None:
        self.notes.append(("restored", tuple(symbols)))

    def of(self, kind: int) -> list[tuple[Any, ...]]:
        return [row for row in self.rows if row[1] == kind]

    @property
    def book(self) -> tuple[dict[float, float], dict[float, float]]:
        """The book its rows make, in plain words."""
        sides: dict[float, dict[float, float]] = {1.0: {}, -1.0: {}}
        fresh = True
        for _, _, _, side, price, size, snapshot, last in self.of(TickKind.DEPTH):
            if snapshot and fresh:
                sides = {1.0: {}, -1.0: {}}
            fresh = bool(last)
            if size:
                sides[side][price] = size
            else:
                sides[side].pop(price, None)
        return sides[1.0], sides[-1.0]


FAST = {
    "shortest_pause_s": 0.01,
    "longest_pause_s": 0.05,
    "overlap_s": 0.05,
    "idle_s": 5.0,
    "commands_per_s": 200.0,
}


@asynccontextmanager
async def scripted() -> AsyncIterator[ScriptedMarket]:
    """A scripted venue that listens."""
    market = ScriptedMarket()
    async with serve(market.handle, "127.0.0.1", 0) as server:
        market.url = f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        yield market


def adapter(
    market: ScriptedMarket, listings: Mapping[str, str] = LISTINGS, **lines: Any
) -> BinanceUsdmMarket:
    """The desk's side of a scripted venue, in a hurry."""
    settings = MarketSettings(lines=LineSettings(base_url=market.url, **{**FAST, **lines}), book_pause_s=0.01)
    return BinanceUsdmMarket("binance", listings, market, settings)


@asynccontextmanager
async def streaming(
    port: MarketDataPort, subscriptions: Sequence[Any], sink: Sink
) -> AsyncIterator[asyncio.Task[None]]:
    """The stream, running; a failure of it is the test's."""
    task = asyncio.create_task(port.stream(subscriptions, sink))
    try:
        yield task
    finally:
        task.cancel()
        for result in await asyncio.gather(task, return_exceptions=True):
            if isinstance(result, BaseException) and not isinstance(result, asyncio.CancelledError):
                raise result


def quote(number: int, bid: str = "100.1", ask: str = "100.2", listing: str = "BTCUSDT") -> dict[str, Any]:
    return {
        "e": "bookTicker", "u": number, "E": START_MS + number, "T": START_MS + number, "s": listing, "ps": listing,
        "b": bid, "B": "2.5", "a": ask, "A": "3.5", "st": 1,
    }  # fmt: skip


def trade(
    number: int, price: str = "100.2", listing: str = "BTCUSDT", buyer_is_maker: bool = False
) -> dict[str, Any]:
    return {
        "e": "aggTrade", "E": START_MS + number, "s": listing, "a": number, "p": price, "q": "0.5", "nq": "0.5",
        "f": number, "l": number, "T": START_MS + number, "m": buyer_is_maker, "st": 1,
    }  # fmt: skip


def depth(
    first: int,
    last: int,
    before: int,
    bids: Sequence[Any] = (),
    asks: Sequence[Any] = (),
    listing: str = "BTCUSDT",
) -> dict[str, Any]:
    return {
        "e": "depthUpdate", "E": START_MS + last, "T": START_MS + last, "s": listing, "U": first, "u": last,
        "pu": before, "b": list(bids), "a": list(asks),
    }  # fmt: skip


def book(last: int, bids: Sequence[Any], asks: Sequence[Any]) -> dict[str, Any]:
    return {
        "lastUpdateId": last,
        "E": START_MS + last,
        "T": START_MS + last,
        "bids": list(bids),
        "asks": list(asks),
    }


def kline(start_ms: int, closed: bool, listing: str = "BTCUSDT") -> dict[str, Any]:
    bar = {
        "t": start_ms, "T": start_ms + 59_999, "s": listing, "i": "1m", "f": 1, "L": 2, "o": "1.0", "c": "2.0",
        "h": "2.5", "l": "0.5", "v": "10", "n": 2, "x": closed, "q": "1", "V": "1", "Q": "1", "B": "1",
    }  # fmt: skip
    return {"e": "kline", "E": start_ms + 60_000, "s": listing, "k": bar}
