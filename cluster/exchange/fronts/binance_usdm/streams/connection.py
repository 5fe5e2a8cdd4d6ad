"""One stream connection: what it subscribes to, what waits to be sent, and the faults its events meet."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable

from starlette.websockets import WebSocket

from cluster.exchange.faults import Fate, Fault, FaultPlan
from cluster.exchange.fronts.binance_usdm.streams.names import StreamClass

_INCOMING_WINDOW_S = 1.0


class Message:
    """An event to be sent, encoded once for all who get it."""

    __slots__ = ("_wrapped", "raw", "stream")

    def __init__(self, stream: str, raw: str) -> None:
        self.stream = stream
        self.raw = raw
        self._wrapped: str | None = None

    @property
    def wrapped(self) -> str:
        """As combined connections get it."""
        if self._wrapped is None:
            self._wrapped = f'{{"stream":"{self.stream}","data":{self.raw}}}'
        return self._wrapped


class Connection:
    """What is sent to one client, in order, without ever waiting for it.

    A client that lets more than `queue` messages wait is dropped: `abort` ends its connection at once.
    """

    def __init__(
        self,
        socket: WebSocket,
        stream_class: StreamClass,
        *,
        combined: bool,
        queue: int,
        faults: FaultPlan,
        abort: Callable[[], None],
    ) -> None:
        self.socket = socket
        self.stream_class = stream_class
        self.combined = combined
        self.subscriptions: dict[str, None] = {}
        self.events: frozenset[str] | None = None
        """Which private events are wanted; None = all."""
        self.sent = 0
        self.too_slow = False
        self._waiting: deque[str] = deque()
        self._wake = asyncio.Event()
        self._queue = queue
        self._faults = faults
        self._abort = abort
        self._silent_until = 0.0
        self._held: str | None = None
        self._incoming: deque[float] = deque()
        self._close: tuple[int, str] | None = None

    def offer(self, message: Message, label: str) -> None:
        """Send an event, unless its fate is another. `label` is what fault rules match."""
        text = message.wrapped if self.combined else message.raw
        fate = self._faults.of_event(label)
        if self._silent_until and asyncio.get_running_loop().time() < self._silent_until:
            return
        if fate is not None:
            self._suffer(fate, text)
            return
        self._push(text)
        if self._held is not None:
            self._release()

    def answer(self, text: str) -> None:
        """Send an answer to a control message."""
        self._push(text)

    def count_incoming(self, now: float, most: int) -> bool:
        """Count a frame from the client; whether it is still within `most` per second."""
        self._incoming.append(now)
        while self._incoming[0] <= now - _INCOMING_WINDOW_S:
            self._incoming.popleft()
        return len(self._incoming) <= most

    def close(self, code: int, reason: str) -> None:
        """Close once everything that waits is sent."""
        self._close = (code, reason)
        self._wake.set()

    def cut(self) -> None:
        """End the connection at once."""
        self._abort()

    async def send_waiting(self) -> None:
        """Send what waits, until the connection is to be closed."""
        while True:
            while self._waiting:
                self.sent += 1
                await self.socket.send_text(self._waiting.popleft())
            if self._close is not None:
                await self.socket.close(*self._close)
                return
            self._wake.clear()
            await self._wake.wait()

    def _push(self, text: str) -> None:
        if len(self._waiting) >= self._queue:
            self.too_slow = True
            self._waiting.clear()
            self._abort()
            return
        self._waiting.append(text)
        self._wake.set()

    def _suffer(self, fate: Fate, text: str) -> None:
        loop = asyncio.get_running_loop()
        match fate.kind:
            case Fault.DUPLICATE:
                self._push(text)
                self._push(text)
            case Fault.STALE:
                loop.call_later(fate.wait_s, self._push, text)
            case Fault.REORDER:
                self._release()
                self._held = text
                loop.call_later(fate.wait_s, self._release)  # nothing may follow
            case Fault.SILENT:
                self._silent_until = loop.time() + fate.wait_s
            case Fault.CUT:
                self._abort()
            case _:  # DROP: it never comes
                pass

    def _release(self) -> None:
        held, self._held = self._held, None
        if held is not None:
            self._push(held)
