"""The relay: one process holds a venue's market streams and forwards rows to the strategy processes of its node.

Where a venue limits connections, hundreds of processes can't have one each. Clients come over a Unix socket. Each has
a queue of its own in which quotes are conflated when it is slow, and a task of its own that writes: a slow client
waits for itself alone, and one that takes nothing for long is let go. Books are not relayed.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

import msgspec

from actors.venues.market_port import MarketDataPort, Subscription
from cluster.feeds.live.relay_wire import (
    DOWN,
    VERSION,
    WHOLE,
    Batch,
    Hello,
    Refusal,
    Welcome,
    WireRow,
    decode_hello,
    framed,
    read_frame,
)
from cluster.feeds.live.sources import refuse_books
from messages.errors import ConfigurationError, VenueConnectionError
from messages.market import TickKind

LOG = logging.getLogger("raydesk.relay")

LONGEST_SOCKET_PATH: Final = 100
"""What the kernel takes as the path of a Unix socket, with room to spare."""

_NOTHING: Final = (0.0, 0.0, 0.0, 0.0, 0.0)
_QUOTE: Final = TickKind.QUOTE
_TRADE: Final = TickKind.TRADE


class RelaySettings(msgspec.Struct, frozen=True, kw_only=True):
    """`capacity`: rows that may wait for a client before its quotes are conflated; `batch`: most rows of one frame;
    `heartbeat_s`: how often an idle client hears something; `patience_s`: how long a client may take nothing.
    """

    socket: Path
    capacity: int = 4096
    batch: int = 2000
    heartbeat_s: float = 1.0
    patience_s: float = 10.0
    hello_s: float = 5.0

    def __post_init__(self) -> None:
        if len(str(self.socket)) > LONGEST_SOCKET_PATH:
            raise ConfigurationError(
                "the path is too long for a socket",
                field="relay.socket",
                value=str(self.socket),
                remedy=f"choose a folder so that it has at most {LONGEST_SOCKET_PATH} characters",
            )


class RelayClientQueue:
    """What waits for one client. Like `LiveCursor` it sheds quotes and nothing else, but per symbol of many."""

    def __init__(self, capacity: int) -> None:
        self.rows: list[WireRow] = []
        self.shed = 0
        self._capacity = self._limit = capacity

    def push(self, row: WireRow) -> None:
        """Add a row."""
        self.rows.append(row)
        if len(self.rows) > self._limit:
            self._conflate()

    def take(self, most: int) -> list[WireRow]:
        """The oldest rows."""
        taken, self.rows = self.rows[:most], self.rows[most:]
        if not self.rows:
            self._limit = self._capacity
        return taken

    def _conflate(self) -> None:
        """Let go of all quotes but the last of each symbol, which keeps its place in the order."""
        last = {row[0]: index for index, row in enumerate(self.rows) if row[1] == _QUOTE}
        kept = [row for index, row in enumerate(self.rows) if row[1] != _QUOTE or last[row[0]] == index]
        self.shed += len(self.rows) - len(kept)
        self.rows = kept
        self._limit = max(self._capacity, 2 * len(kept))


class _Client:
    """One connection: its queue, and for each symbol it wants its place and whether it wants trades."""

    def __init__(self, writer: asyncio.StreamWriter, capacity: int) -> None:
        self.writer = writer
        self.queue = RelayClientQueue(capacity)
        self.wake = asyncio.Event()

    def push(self, row: WireRow) -> None:
        self.queue.push(row)
        self.wake.set()


class RelayService:
    """Serves the rows of `subscriptions` to whoever asks for some of them. A service: `ready`, and `run`.

    Raises `ConfigurationError` for a subscription to a book. Bars are not relayed either: feeds make them.
    """

    def __init__(
        self, port: MarketDataPort, subscriptions: Sequence[Subscription], settings: RelaySettings
    ) -> None:
        refuse_books(subscriptions)
        self.ready = asyncio.Event()
        self.port = port
        self._settings = settings
        self._subscriptions = [msgspec.structs.replace(each, bar_ns=None) for each in subscriptions]
        self._listeners: dict[str, dict[_Client, tuple[int, bool]]] = {
            each.symbol: {} for each in subscriptions
        }
        self._whole: set[str] = set()
        self._quotes: dict[str, tuple[int, float, float, float, float, float]] = {}
        self._serving: set[asyncio.Task[None]] = set()

    @property
    def clients(self) -> int:
        """How many clients are served."""
        return len(self._serving)

    async def run(self) -> None:
        """Stream and serve until cancelled."""
        path = self._settings.socket
        path.parent.mkdir(parents=True, exist_ok=True)
        with suppress(FileNotFoundError):
            path.unlink()  # left by the relay before this one, which unlinks nothing: it may be late
        server = await asyncio.start_unix_server(self._come, str(path))
        path.chmod(0o600)
        self.ready.set()
        try:
            await self.port.stream(self._subscriptions, self)
        finally:
            server.close()
            for task in self._serving:
                task.cancel()
            await asyncio.gather(*self._serving, return_exceptions=True)
            await self.port.close()

    # ------------------------------------------------------------------ the sink

    def tick(
        self, symbol: str, kind: int, event_time: int, v0: float, v1: float, v2: float, v3: float, v4: float
    ) -> None:
        """See `MarketSink.tick`."""
        if kind == _QUOTE:
            self._quotes[symbol] = (event_time, v0, v1, v2, v3, v4)
        for client, (place, trades) in self._listeners[symbol].items():
            if trades or kind != _TRADE:
                client.push((place, kind, event_time, v0, v1, v2, v3, v4))

    def interrupted(self, symbols: Sequence[str], detail: str) -> None:
        """See `MarketSink.interrupted`."""
        self._whole.difference_update(symbols)
        for symbol in symbols:
            self._quotes.pop(symbol, None)
        self._note(symbols, DOWN)
        LOG.warning("stream interrupted: %s", detail, extra={"symbols": list(symbols)})

    def restored(self, symbols: Sequence[str]) -> None:
        """See `MarketSink.restored`."""
        self._whole.update(symbols)
        self._note(symbols, WHOLE)

    def _note(self, symbols: Sequence[str], kind: int) -> None:
        for symbol in symbols:
            for client, (place, _) in self._listeners[symbol].items():
                client.push((place, kind, 0, *_NOTHING))

    # ------------------------------------------------------------------ clients

    def _come(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(self._serve(reader, writer))
        self._serving.add(task)
        task.add_done_callback(self._serving.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        client = _Client(writer, self._settings.capacity)
        try:
            async with asyncio.timeout(self._settings.hello_s):
                hello = decode_hello(await read_frame(reader))
            refusal = self._refusal(hello)
            await self._write(client, Welcome(self.port.venue) if refusal is None else refusal)
            if refusal is None:
                self._admit(client, hello)
                await self._feed(client)
        except (OSError, TimeoutError, VenueConnectionError, msgspec.DecodeError) as error:
            LOG.info("client let go: %s", error or type(error).__name__)
        finally:
            for listeners in self._listeners.values():
                listeners.pop(client, None)
            writer.transport.abort()  # what a dead client did not take is not waited for

    def _refusal(self, hello: Hello) -> Refusal | None:
        if hello.version != VERSION:
            return Refusal(f"this relay speaks version {VERSION}, not {hello.version}")
        unknown = [symbol for symbol in hello.symbols if symbol not in self._listeners]
        return Refusal(f"this relay does not have {', '.join(unknown)}") if unknown else None

    def _admit(self, client: _Client, hello: Hello) -> None:
        """From now on the client hears of its symbols, first what is known of them."""
        for place, (symbol, trades) in enumerate(zip(hello.symbols, hello.trades, strict=True)):
            if symbol in self._whole:
                client.push((place, WHOLE, 0, *_NOTHING))
            if symbol in self._quotes:
                event_time, v0, v1, v2, v3, v4 = self._quotes[symbol]
                client.push((place, _QUOTE, event_time, v0, v1, v2, v3, v4))
            self._listeners[symbol][client] = (place, trades)

    async def _feed(self, client: _Client) -> None:
        """Write what waits, as fast as the client takes it."""
        settings, queue = self._settings, client.queue
        while True:
            if not queue.rows:
                client.wake.clear()
                # not `wait_for`, which passes over a cancel that comes as the row does, and serves on for ever
                with suppress(TimeoutError):
                    async with asyncio.timeout(settings.heartbeat_s):
                        await client.wake.wait()
            health = None if queue.rows else self.port.health()
            await self._write(client, Batch(queue.take(settings.batch), queue.shed, health))

    async def _write(self, client: _Client, message: Welcome | Refusal | Batch) -> None:
        client.writer.write(framed(message))
        async with asyncio.timeout(self._settings.patience_s):
            await client.writer.drain()
