"""Who gets what: streams and their subscribers, private events by account, and the beat of the cadences."""

from __future__ import annotations

import msgspec

from cluster.exchange.api import (
    AccountChanged,
    BookChanged,
    Event,
    MarkChanged,
    OrderChanged,
    PublicTrade,
    Refusal,
)
from cluster.exchange.fronts.binance_usdm.context import FrontState
from cluster.exchange.fronts.binance_usdm.streams.connection import Connection, Message
from cluster.exchange.fronts.binance_usdm.streams.names import StreamClass, StreamName, parse_stream
from cluster.exchange.fronts.binance_usdm.streams.producers import Producer, producer_of
from cluster.exchange.fronts.binance_usdm.streams.user_events import EventBody, UserEvents

USER = "user"
"""What fault rules call the private stream."""
EVERY = ""
"""The listing of streams over all listings."""

_encoder = msgspec.json.Encoder()


class _Stream:
    """A stream with its producer and whoever subscribes to it."""

    __slots__ = ("connections", "label", "name", "producer")

    def __init__(self, label: str, name: StreamName, producer: Producer) -> None:
        self.label = label
        self.name = name
        self.producer = producer
        self.connections: set[Connection] = set()


class StreamHub:
    """All subscriptions of one front end."""

    def __init__(self, front: FrontState) -> None:
        self.user_events = UserEvents(front)
        self._front = front
        self._streams: dict[str, _Stream] = {}
        self._by_listing: dict[str, list[_Stream]] = {}
        self._by_cadence: dict[int, list[_Stream]] = {}
        self._last_beat: dict[int, int] = {}
        self._private: dict[str, dict[Connection, str]] = {}

    def subscribe(self, connection: Connection, label: str) -> bool:
        """Add a stream or a listen key; False for a name that means nothing."""
        account = self._front.listen_keys.account(label, self._front.now)
        name = None if account is not None else parse_stream(label)
        if account is None and name is None:
            return False
        connection.subscriptions[label] = None
        if account is not None:
            if connection.stream_class in (StreamClass.PRIVATE, StreamClass.LEGACY):
                self.user_events.know(account)
                self._private.setdefault(account, {})[connection] = label
            return True
        assert name is not None
        if name.stream_class is connection.stream_class:  # elsewhere it is taken, and stays silent
            stream = self._streams.get(label) or self._open(label, name)
            if stream is not None:
                stream.connections.add(connection)
        return True

    def unsubscribe(self, connection: Connection, label: str) -> None:
        """Take a stream or listen key off a connection."""
        connection.subscriptions.pop(label, None)
        stream = self._streams.get(label)
        if stream is not None:
            stream.connections.discard(connection)
            if not stream.connections:
                self._close(stream)
        for account, listeners in list(self._private.items()):
            if listeners.get(connection) == label:
                del listeners[connection]
                if not listeners:
                    del self._private[account]

    def leave(self, connection: Connection) -> None:
        """Forget a connection."""
        for label in list(connection.subscriptions):
            self.unsubscribe(connection, label)

    def take(self, event: Event) -> None:
        """Something happened at the exchange."""
        if isinstance(event, BookChanged):
            self._book(event)
        elif isinstance(event, PublicTrade):
            self._front.record.trade(event)
            for stream in self._by_listing.get(event.listing, ()):
                stream.producer.trade(event)
        elif isinstance(event, MarkChanged):
            self._front.record.mark(event)
        elif isinstance(event, OrderChanged):
            if event.order.account in self._private:
                for body in self.user_events.of_order(event):
                    self.tell(event.order.account, body)
        elif isinstance(event, AccountChanged) and event.account in self._private:
            self.tell(event.account, self.user_events.of_account(event))

    def tell(self, account: str, body: EventBody) -> None:
        """Send a private event to an account's streams."""
        listeners = self._private.get(account)
        if not listeners:
            return
        raw = _encoder.encode({"e": body["e"], "E": self._front.now, **body}).decode()
        for connection, key in list(listeners.items()):
            if connection.events is None or body["e"] in connection.events:
                connection.offer(Message(key, raw), USER)

    def beat(self) -> None:
        """Send whatever streams have become due."""
        now = self._front.now
        for cadence, streams in self._by_cadence.items():
            if not cadence or now // cadence == self._last_beat.get(cadence):
                continue
            self._last_beat[cadence] = now // cadence
            for stream in streams:
                for body in stream.producer.due():
                    self._send(stream, body)

    def end_key(self, key: str) -> None:
        """A listen key is over: tell it, and send nothing more under it."""
        raw = _encoder.encode({"e": "listenKeyExpired", "E": self._front.now, "listenKey": key}).decode()
        for listeners in list(self._private.values()):
            for connection, label in list(listeners.items()):
                if label == key:
                    connection.answer(Message(key, raw).wrapped if connection.combined else raw)
                    self.unsubscribe(connection, key)

    @property
    def streams(self) -> int:
        """How many market streams are subscribed to."""
        return len(self._streams)

    def _book(self, event: BookChanged) -> None:
        for listing in (event.listing, EVERY):
            for stream in self._by_listing.get(listing, ()):
                body = stream.producer.book(event)
                if body is not None:
                    self._send(stream, body)

    def _send(self, stream: _Stream, body: object) -> None:
        message = Message(stream.label, _encoder.encode(body).decode())
        for connection in list(stream.connections):
            connection.offer(message, stream.label)

    def _open(self, label: str, name: StreamName) -> _Stream | None:
        """Begin a stream; None for a listing that is not there."""
        if name.listing is not None:
            try:
                self._front.rules(name.listing)
            except Refusal:
                return None
        stream = _Stream(label, name, producer_of(self._front, name))
        self._streams[label] = stream
        self._by_listing.setdefault(name.listing or EVERY, []).append(stream)
        self._by_cadence.setdefault(name.cadence, []).append(stream)
        return stream

    def _close(self, stream: _Stream) -> None:
        del self._streams[stream.label]
        self._by_listing[stream.name.listing or EVERY].remove(stream)
        self._by_cadence[stream.name.cadence].remove(stream)
