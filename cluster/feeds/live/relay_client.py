"""A strategy process's side of a relay: the same face as a venue's stream, and connected again by itself."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

import msgspec

from actors.venues.market_port import MarketSink, StreamHealth, Subscription
from actors.venues.transport.reconnecting import Backoff
from cluster.feeds.live.relay_wire import (
    DOWN,
    VERSION,
    WHOLE,
    Batch,
    Hello,
    Refusal,
    Welcome,
    decode_from_relay,
    framed,
    read_frame,
)
from cluster.feeds.live.sources import refuse_books
from messages.errors import ConfigurationError, VenueConnectionError

_BROKEN = (OSError, TimeoutError, VenueConnectionError, msgspec.DecodeError)


class RelayClient:
    """Streams from the relay at `socket`. `idle_s` without a sign of life is a dead relay."""

    def __init__(
        self,
        socket: Path,
        *,
        idle_s: float = 5.0,
        connect_s: float = 2.0,
        shortest_pause_s: float = 0.1,
        longest_pause_s: float = 2.0,
    ) -> None:
        self._socket = socket
        self._idle_s = idle_s
        self._connect_s = connect_s
        self._backoff = Backoff(first_s=shortest_pause_s, longest_s=longest_pause_s)
        self._health = StreamHealth(connections=1, detail="not connected yet")
        self._reconnects = 0
        self._shed_before = self._shed = 0

    async def stream(self, subscriptions: Sequence[Subscription], sink: MarketSink) -> None:
        """See `MarketDataPort.stream`. Raises `ConfigurationError` when the relay does not have what is wanted."""
        refuse_books(subscriptions)
        _refuse_bars(subscriptions)
        while True:
            whole: set[str] = set()
            try:
                await self._one_connection(subscriptions, sink, whole)
            except _BROKEN as error:
                detail = f"relay: {type(error).__name__} {error}".rstrip()
            self._health = StreamHealth(connections=1, detail=detail)
            self._shed_before += self._shed
            self._shed = 0
            self._reconnects += 1
            if whole:
                sink.interrupted([each.symbol for each in subscriptions if each.symbol in whole], detail)
            await asyncio.sleep(self._backoff.pause_s())

    async def _one_connection(
        self, subscriptions: Sequence[Subscription], sink: MarketSink, whole: set[str]
    ) -> None:
        """What one connection tells, until it breaks; `whole` are then the symbols that were."""
        async with asyncio.timeout(self._connect_s):
            reader, writer = await asyncio.open_unix_connection(str(self._socket))
        try:
            hello = Hello(
                VERSION,
                tuple(each.symbol for each in subscriptions),
                tuple(each.trades for each in subscriptions),
            )
            writer.write(framed(hello))
            self._greet(await self._next(reader))
            while True:
                told = await self._next(reader)
                if not isinstance(told, Batch):
                    raise VenueConnectionError(
                        "not a batch of rows", field="relay", value=type(told).__name__
                    )
                self._shed = told.shed
                if told.health is not None:
                    self._health = told.health
                _tell(told, subscriptions, sink, whole)
        finally:
            writer.transport.abort()

    async def _next(self, reader: asyncio.StreamReader) -> Welcome | Refusal | Batch:
        async with asyncio.timeout(self._idle_s):
            told: Welcome | Refusal | Batch = decode_from_relay(await read_frame(reader))
            return told

    def _greet(self, told: Welcome | Refusal | Batch) -> None:
        if isinstance(told, Refusal):
            raise ConfigurationError(
                f"the relay refuses: {told.detail}",
                field="relay.socket",
                value=str(self._socket),
                remedy="start relay and strategies from the same settings",
            )
        self._backoff.reset()
        self._health = StreamHealth(connections=1, connected=1)

    def health(self) -> StreamHealth:
        """See `MarketDataPort.health`: that of the relay's own stream, with the ways between added."""
        return msgspec.structs.replace(
            self._health,
            reconnects=self._health.reconnects + self._reconnects,
            shed=self._shed_before + self._shed,
        )


def _tell(batch: Batch, subscriptions: Sequence[Subscription], sink: MarketSink, whole: set[str]) -> None:
    for place, kind, event_time, v0, v1, v2, v3, v4 in batch.rows:
        symbol = subscriptions[place].symbol
        if kind == WHOLE:
            whole.add(symbol)
            sink.restored([symbol])
        elif kind == DOWN:
            whole.discard(symbol)
            sink.interrupted([symbol], "the relay's stream is interrupted")
        else:
            sink.tick(symbol, kind, event_time, v0, v1, v2, v3, v4)


def _refuse_bars(subscriptions: Sequence[Subscription]) -> None:
    for each in subscriptions:
        if each.bar_ns is not None:
            raise ConfigurationError(
                "a relay forwards quotes and trades alone, and no bars",
                field=f"subscriptions.{each.symbol}.bar_ns",
                value=each.bar_ns,
                remedy="have the feed make them of what comes",
            )
