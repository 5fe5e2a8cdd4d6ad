"""The USD-M front end whole: REST and streams over one exchange, on one port."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

from starlette.applications import Starlette
from starlette.routing import Route

from cluster.exchange.api import Exchange
from cluster.exchange.faults import FaultPlan
from cluster.exchange.fronts.binance_usdm.context import FrontSettings, FrontState
from cluster.exchange.fronts.binance_usdm.rest import RestFront
from cluster.exchange.fronts.binance_usdm.streams.hub import StreamHub
from cluster.exchange.fronts.binance_usdm.streams.sockets import StreamSockets

_METHODS = ["GET", "POST", "PUT", "DELETE"]


class BinanceUsdmFront:
    """Speaks the USD-M futures protocol for an exchange.

    `catch_up` brings the exchange to the present, `cut` ends the connection of a client (host, port) unanswered.
    """

    name = "binance_usdm"

    def __init__(
        self,
        exchange: Exchange,
        settings: FrontSettings,
        faults: FaultPlan,
        *,
        catch_up: Callable[[], None],
        cut: Callable[[tuple[str, int]], None],
    ) -> None:
        self.answered: Counter[tuple[str, int]] = Counter()
        self._state = FrontState(exchange, settings, catch_up)
        self._hub = StreamHub(self._state)
        self._state.tell_account = self._hub.tell
        self._state.end_key = self._hub.end_key
        self._sockets = StreamSockets(self._state, self._hub, faults)
        self._rest = RestFront(self._state, faults, cut, self.answered)
        self._unsubscribe = exchange.subscribe(self._hub.take)
        self.application = Starlette(
            routes=[
                *self._sockets.routes(),
                Route("/{path:path}", self._rest.answer, methods=_METHODS),
            ]
        )

    def beat(self) -> None:
        """Called often: streams that are due, listen keys that are over."""
        self._hub.beat()
        for key in self._state.listen_keys.expire(self._state.now):
            self._hub.end_key(key)

    def set_clock_offset(self, offset_s: float) -> None:
        """Let the server's time be ahead of the exchange's by so much."""
        self._state.clock_offset = round(offset_s * 1_000)

    def cut_streams(self) -> int:
        """Reset all stream connections; tells how many there were."""
        return self._sockets.cut()

    def expire_listen_keys(self) -> int:
        """End all listen keys; tells how many there were."""
        keys = self._state.listen_keys.expire(self._state.now, all_of_them=True)
        for key in keys:
            self._hub.end_key(key)
        return len(keys)

    def statistics(self) -> dict[str, object]:
        """What was asked and answered: by endpoint and status, where -1 is a request left without an answer."""
        requests: dict[str, dict[str, int]] = {}
        for (subject, status), count in sorted(self.answered.items()):
            requests.setdefault(subject, {})[str(status)] = count
        return {
            "requests": requests,
            "bans": self._state.limits.bans,
            "connections": len(self._sockets.connections),
            "connections_opened": self._sockets.opened,
            "slow_clients_dropped": self._sockets.dropped,
            "streams": self._hub.streams,
        }

    def sent_requests(self) -> list[object]:
        """The latest requests as they were sent, as many as the settings keep."""
        return list(self._rest.sent)

    def close(self) -> None:
        """Take no more of the exchange's events."""
        self._unsubscribe()
