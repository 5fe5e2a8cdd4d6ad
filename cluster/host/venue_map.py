"""The desk's settings of venues with a protocol of their own, mapped to what their processes are set up with."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from cluster.host import settings_map
from cluster.host.settings_map import traded_symbols
from cluster.host.venue_access import (
    EXCHANGE_ACCOUNT,
    BinanceUsdmAccess,
    LiveSource,
    PaperAccess,
    RelayPart,
    VenueAccess,
)
from config.schema.venues import BinanceUsdmSettings, LocalExchangeSettings, PaperVenueSettings
from messages.child_specs import SECOND

if TYPE_CHECKING:
    from actors.execution.settings import ExecutionSettings
    from actors.venues.binance_usdm.settings import BinanceUsdmSettings as AccountSettings
    from actors.venues.market_port import Subscription
    from actors.venues.port import VenueTraits
    from cluster.exchange.api import Rules
    from cluster.exchange.faults import FaultSettings
    from cluster.exchange.settings import ServerSettings
    from cluster.feeds.live.settings import LiveFeedSettings
    from cluster.host.launch import Launch
    from config import DeskConfig

_MILLISECOND = 1_000_000
_LOOPBACK = ("http://127.0.0.1", "ws://127.0.0.1")
"""Stands where a local exchange's addresses will be once it has published them."""


def access_of(launch: Launch, venue: str) -> VenueAccess:
    """How the desk's processes reach a venue."""
    chosen = launch.config.venues[venue]
    if isinstance(chosen, PaperVenueSettings):
        return PaperAccess(venue, str(launch.venue_folder(venue)))
    return _binance_usdm(launch, venue, chosen)


def traits_of(config: DeskConfig, venue: str) -> VenueTraits:
    """What the venue's port declares of the venue."""
    chosen = config.venues[venue]
    if isinstance(chosen, PaperVenueSettings):
        from actors.venues.paper_traits import PAPER_TRAITS

        return PAPER_TRAITS
    from actors.venues.binance_usdm.traits import binance_usdm_traits

    return binance_usdm_traits(account_settings(config, venue, chosen).request_expiry_ns)


def execution_of(config: DeskConfig, venue: str) -> ExecutionSettings:
    """The settings of a venue account's execution actor."""
    chosen = config.venues[venue]
    base = settings_map.execution_settings(config, venue, traits_of(config, venue))
    if isinstance(chosen, PaperVenueSettings):
        return base
    from actors.execution.settings import ExternalPolicy, ReconcilePolicy
    from messages.venue_account import MarginMode, SymbolMargin

    symbols = _listed(config, venue)
    margin = None if chosen.margin is None else MarginMode(chosen.margin)
    wanted = chosen.leverage is not None or margin is not None
    return msgspec.structs.replace(
        base,
        desk=config.desk.name,
        symbols=tuple(symbols),
        clock_bound_ns=chosen.clock_bound,
        reconcile_interval_ns=chosen.reconcile.interval,
        reconcile_policy=ReconcilePolicy(chosen.reconcile.policy),
        external_policy=ExternalPolicy(chosen.reconcile.external_orders),
        dead_man_ns=chosen.dead_man,
        max_order_age_ns=chosen.max_order_age,
        instruments_interval_ns=chosen.instruments_interval,
        margins=tuple(SymbolMargin(symbol, chosen.leverage, margin) for symbol in symbols if wanted),
        hedge_mode=chosen.hedge_mode,
    )


# ---------------------------------------------------------------------- live prices


def live_sources(launch: Launch, symbols: Sequence[str]) -> tuple[LiveSource, ...]:
    """Where the live prices of these symbols come from, a source for each of their venues."""
    venues: dict[str, list[str]] = {}
    for symbol in symbols:
        venues.setdefault(launch.config.symbols[symbol].venue, []).append(symbol)
    return tuple(_live_source(launch, venue, own) for venue, own in venues.items())


def _live_source(launch: Launch, venue: str, symbols: Sequence[str]) -> LiveSource:
    config = launch.config
    socket = str(_relay_socket(launch, venue)) if has_relay(config, venue) else ""
    wanted = _subscriptions(config, symbols)
    if socket:
        from cluster.feeds.live.sources import refuse_books

        refuse_books(wanted)
    return LiveSource(public_access(launch, venue), wanted, _live_feed(config), socket)


def relay_of(launch: Launch, venue: str) -> RelayPart:
    """What the relay of a venue holds for the desk."""
    wanted = _subscriptions(launch.config, _traded_at(launch.config, venue))
    return RelayPart(public_access(launch, venue), wanted, str(_relay_socket(launch, venue)))


def has_relay(config: DeskConfig, venue: str) -> bool:
    """Whether one process of its own holds the market streams of a venue."""
    from cluster.feeds.live.sources import uses_relay

    chosen = config.venues[venue]
    if not isinstance(chosen, BinanceUsdmSettings) or not config.feed.live:
        return False
    return uses_relay(len(_traded_at(config, venue)), relay_above=chosen.relay_above)


def is_local(config: DeskConfig, venue: str) -> bool:
    """Whether a venue is a process of the desk's own."""
    chosen = config.venues[venue]
    return isinstance(chosen, PaperVenueSettings) or chosen.exchange is not None


def public_access(launch: Launch, venue: str) -> BinanceUsdmAccess:
    """The way to a venue's prices: without the account's key."""
    access = access_of(launch, venue)
    assert isinstance(access, BinanceUsdmAccess), venue  # paper venues have no prices of their own: refused
    return msgspec.structs.replace(access, key="", secret="")


def _relay_socket(launch: Launch, venue: str) -> Path:
    from cluster.feeds.live.sources import relay_socket

    return relay_socket(Path(launch.folder), venue)


def _traded_at(config: DeskConfig, venue: str) -> list[str]:
    return [symbol for symbol in traded_symbols(config) if config.symbols[symbol].venue == venue]


def _subscriptions(config: DeskConfig, symbols: Sequence[str]) -> tuple[Subscription, ...]:
    from actors.venues.market_port import Subscription

    return tuple(
        Subscription(symbol, config.symbols[symbol].listing, bar_ns=config.feed.bar_interval)
        for symbol in symbols
    )


def _live_feed(config: DeskConfig) -> LiveFeedSettings:
    from cluster.feeds.live.settings import FeedMode, LiveFeedSettings

    feed = config.feed
    return LiveFeedSettings(
        mode=FeedMode(feed.mode),
        poll_s=feed.poll_interval / SECOND,
        silent_s=feed.idle_timeout / SECOND,
        max_age=feed.max_quote_age,
        max_clock_offset=feed.clock_bound,
        warm_up=feed.warm_up,
    )


# ---------------------------------------------------------------------- Binance USD-M futures


def _listed(config: DeskConfig, venue: str) -> dict[str, str]:
    return {symbol: listed.listing for symbol, listed in config.symbols.items() if listed.venue == venue}


def _binance_usdm(launch: Launch, venue: str, chosen: BinanceUsdmSettings) -> BinanceUsdmAccess:
    def told(name: str) -> str:
        secret = getattr(chosen, name)
        return "" if secret is None else str(secret.get_secret_value())

    home = "" if chosen.exchange is None else str(launch.venue_folder(venue))
    settings = account_settings(launch.config, venue, chosen)
    writes = settings_map.may_write(launch.config, venue)
    return BinanceUsdmAccess(settings, told("api_key"), told("api_secret"), home, writes)


def account_settings(config: DeskConfig, venue: str, chosen: BinanceUsdmSettings) -> AccountSettings:
    """How an account at Binance USD-M futures is reached."""
    from actors.venues.binance_usdm.settings import BinanceUsdmSettings as Account
    from actors.venues.transport.http import Phases

    local = chosen.exchange is not None
    rest, stream = _LOOPBACK if local else (chosen.rest_url or "", chosen.stream_url or "")
    return Account(
        venue=venue,
        rest_url=rest.rstrip("/"),
        stream_url=stream.rstrip("/"),
        listings=_listed(config, venue),
        recv_window_ms=chosen.recv_window // _MILLISECOND,
        clock_bound_ns=min(chosen.clock_bound, SECOND),
        phases=Phases(connect_s=chosen.connect_timeout / SECOND, read_s=chosen.answer_timeout / SECOND),
    )


# ---------------------------------------------------------------------- the local exchange


def exchange_of(launch: Launch, venue: str) -> ServerSettings:
    """The local exchange that a venue's settings ask for: the desk's symbols as they say, an account for the desk."""
    from cluster.exchange.core import ExchangeSettings
    from cluster.exchange.settings import AccountPlan, ServerSettings

    config, chosen = launch.config, launch.config.venues[venue]
    assert isinstance(chosen, BinanceUsdmSettings), venue
    assert chosen.exchange is not None, venue
    local = chosen.exchange
    listed = _listed(config, venue)
    return ServerSettings(
        home=str(launch.venue_folder(venue)),
        market=ExchangeSettings(
            seed=local.seed,
            listings=tuple(_rules(config, symbol, chosen) for symbol in listed),
            updates_per_second=float(local.updates_per_second),
            start_prices={listed[each]: float(price) for each, price in local.start_prices.items()},
            volatility=local.volatility,
            funding_interval=local.funding_interval,
        ),
        accounts=(AccountPlan(name=EXCHANGE_ACCOUNT, balances=dict(local.starting_balances)),),
        port=local.port or 0,
        faults=_faults(local),
    )


def _rules(config: DeskConfig, symbol: str, chosen: BinanceUsdmSettings) -> Rules:
    """A perpetual as the desk's settings have it; what they leave open is as such contracts have it."""
    from cluster.exchange.core.listings import Profile, perpetual, usual_price

    listed = config.symbols[symbol]
    base, quote = symbol.split("-")[:2]
    assert chosen.exchange is not None
    price = float(chosen.exchange.start_prices.get(symbol) or usual_price(base, listed.tick))
    rules = perpetual(Profile(base, price, f"{listed.tick:f}", f"{listed.lot:f}"), quote)
    return msgspec.structs.replace(
        rules,
        listing=listed.listing,
        min_quantity=listed.min_quantity or rules.min_quantity,
        max_quantity=listed.max_quantity or rules.max_quantity,
        min_notional=listed.min_notional or rules.min_notional,
        maker_fee=chosen.fees.maker,
        taker_fee=chosen.fees.taker,
    )


def _faults(local: LocalExchangeSettings) -> FaultSettings:
    from cluster.exchange.fault_specs import fault_settings
    from cluster.exchange.faults import Fault, FaultRule

    found = fault_settings(local.faults, seed=local.seed)
    if not local.latency:
        return found
    slow = FaultRule(
        kind=Fault.LATENCY, match="* /*", low_s=local.latency / SECOND, high_s=local.latency / SECOND
    )
    return msgspec.structs.replace(found, rules=(*found.rules, slow))
