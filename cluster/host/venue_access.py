"""How a venue is reached from a process of the desk, and the ports made of that. Plain data travels, ports are made
where they are used.
"""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from messages.errors import VenueConnectionError

if TYPE_CHECKING:  # a process loads the adapter it needs, and no other
    from actors.venues.binance_usdm.port import BinanceUsdmPort
    from actors.venues.binance_usdm.settings import BinanceUsdmSettings
    from actors.venues.market_port import MarketDataPort, Subscription
    from actors.venues.port import VenuePort
    from actors.venues.transport.http import Transport
    from actors.venues.transport.rate_gate import RateGate
    from cluster.feeds.live.settings import LiveFeedSettings

EXCHANGE_PATIENCE_S = 30.0
"""How long a process waits for the local exchange to tell where it listens."""

EXCHANGE_ACCOUNT = "desk"
"""The desk's account at a local exchange of its own."""

OWN_ADDRESS = "own"
"""The name of this machine's way out: all processes of the desk share one budget of requests at a venue."""

_BUDGET_ANSWER_S = 0.25
_LOOK_S = 0.05


class PaperAccess(msgspec.Struct, frozen=True, tag=True):
    """A paper venue of the desk's own: it tells in `folder` where it listens."""

    venue: str
    folder: str


class BinanceUsdmAccess(msgspec.Struct, frozen=True, tag=True):
    """An account at Binance USD-M futures: `key` and `secret` at the addresses of `settings`; or, where `home` is
    given, the desk's account at the local exchange that publishes its address and keys there. Who reads public prices
    alone is given neither key nor secret. Without `writes` nothing that changes the account gets to the socket.
    """

    settings: BinanceUsdmSettings
    key: str = ""
    secret: str = ""
    home: str = ""
    writes: bool = True


VenueAccess = PaperAccess | BinanceUsdmAccess


class LiveSource(msgspec.Struct, frozen=True):
    """Where live prices of one venue come from: straight from it, or from a relay's socket if one is named."""

    access: BinanceUsdmAccess
    subscriptions: tuple[Subscription, ...]
    settings: LiveFeedSettings
    relay_socket: str = ""


class RelayPart(msgspec.Struct, frozen=True):
    """What is a relay's own: the venue, what it holds of it, and where it serves it."""

    access: BinanceUsdmAccess
    subscriptions: tuple[Subscription, ...]
    socket: str


async def trading_port(access: VenueAccess, *, desk: str, redis_url: str, lease_ns: int) -> VenuePort:
    """The port of an account. Raises `VenueConnectionError` when a local exchange does not come up,
    `ConfigurationError` when a request could outlive the lease.
    """
    if isinstance(access, PaperAccess):
        from actors.venues.paper import PaperPort

        return PaperPort.of_folder(access.venue, Path(access.folder))
    from actors.venues.binance_usdm.port import BinanceUsdmPort
    from actors.venues.binance_usdm.signing import Credentials

    settings, (key, secret) = await _located(access), (access.key, access.secret)
    if access.home:
        from cluster.exchange.keys import read_keys

        own = read_keys(Path(access.home))[EXCHANGE_ACCOUNT]
        key, secret = own.api_key, own.secret
    gate = _gate(settings, desk, redis_url)
    transport = None if access.writes else reading_transport(settings)
    return BinanceUsdmPort(
        settings, Credentials(key, secret), lease_ns=lease_ns, gate=gate, transport=transport
    )


def reading_transport(settings: BinanceUsdmSettings) -> Transport:
    """A transport by which nothing can be changed at the venue."""
    from actors.venues.binance_usdm.endpoints import LISTEN_KEY_NEW
    from actors.venues.transport.lean import LeanTransport
    from actors.venues.transport.reading import ReadingTransport

    return ReadingTransport(LeanTransport(connections=settings.connections), {LISTEN_KEY_NEW.path})


async def market_port(access: BinanceUsdmAccess, *, desk: str, redis_url: str) -> MarketDataPort:
    """The public side of a venue. Raises `VenueConnectionError` when a local exchange does not come up."""
    from actors.venues.binance_usdm.market import BinanceUsdmMarket, MarketSettings
    from actors.venues.binance_usdm.market_line import LineSettings
    from actors.venues.binance_usdm.rest import BinanceRest
    from actors.venues.transport.pooled import PooledTransport

    settings = await _located(access)
    gate = _gate(settings, desk, redis_url)
    requests = BinanceRest(settings, None, gate=gate, transport=PooledTransport())
    lines = LineSettings(base_url=settings.stream_url)
    return BinanceUsdmMarket(settings.venue, settings.listings, requests, MarketSettings(lines=lines))


async def keep_connecting(port: BinanceUsdmPort) -> None:
    """Learn the venue's clock and limits, again and again until it answers. Orders need not wait for it."""
    pause_s = 0.5
    while True:
        try:
            await port.connect()
            return
        except VenueConnectionError:
            await asyncio.sleep(pause_s)
            pause_s = min(30.0, 2 * pause_s)


def _gate(settings: BinanceUsdmSettings, desk: str, redis_url: str) -> RateGate:
    """This process's part of the one budget of requests that the desk has at a venue."""
    from actors.venues.binance_usdm.limits import default_limits
    from actors.venues.transport.budget import Budget
    from actors.venues.transport.rate_gate import RateGate
    from cluster.host.rate_budget import RedisBudget
    from cluster.store.redis_store import connect

    limits = default_limits(settings.address_limit, settings.orders_10s, settings.orders_1m)
    shared = RedisBudget(
        connect(redis_url, timeout_s=_BUDGET_ANSWER_S),
        desk,
        settings.venue,
        OWN_ADDRESS,
        safety=settings.budget_safety,
    )
    return RateGate(Budget(limits, safety=settings.budget_safety), shared=shared)


async def _located(access: BinanceUsdmAccess) -> BinanceUsdmSettings:
    """The account's settings with the venue's addresses; a local exchange publishes its own once it serves."""
    if not access.home:
        return access.settings
    from cluster.exchange.published import read_address

    home, deadline = Path(access.home), time.monotonic() + EXCHANGE_PATIENCE_S
    while (address := read_address(home)) is None:
        if time.monotonic() >= deadline:
            raise VenueConnectionError(
                f"the local exchange has not told where it listens for {EXCHANGE_PATIENCE_S:g} s",
                field=f"venues.{access.settings.venue}.exchange",
                value=access.home,
                remedy="see what its process logs",
            )
        await asyncio.sleep(_LOOK_S)
    return msgspec.structs.replace(access.settings, rest_url=address.rest, stream_url=address.stream)
