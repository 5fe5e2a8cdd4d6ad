"""The actors, venues and market of a configured desk, made for one process: the same classes as on Ray."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from actors.base import Actor
from actors.execution.actor import ExecutionActor, initial_state
from actors.operations.universe.actor import UniverseActor
from actors.risk.actor import RiskActor
from actors.strategy.actor import StrategyActor
from actors.venues.matching.instruments import AccountSettings, EngineSettings
from cluster.feeds import Feed, FundingRates
from cluster.host import paper_map, risk_map, settings_map, universe_map, venue_map
from cluster.host.strategy_places import strategy_addresses
from cluster.models.for_strategies import models_for
from cluster.paper.funding import FundingTimes
from cluster.paper.market import open_feeds
from cluster.session_feed import FeedPlan
from cluster.simulator.driver import MemoryMail, SimulatedHost
from cluster.simulator.ports import VirtualClock
from cluster.simulator.unrecorded import UnrecordedRounds
from cluster.simulator.venue import SimulatedVenue, VenueOutside
from cluster.steps.machine import StepMachine
from cluster.steps.settings import StepSettings
from cluster.store.memory import MemoryStore
from cluster.store.port import Incarnation
from config import DeskConfig
from messages.base import Address

__all__ = [
    "RISK",
    "add_unrecorded",
    "execution_addresses",
    "make_actor",
    "make_funding",
    "make_host",
    "make_venue",
    "open_market",
    "strategy_addresses",
]

RISK: Address = "risk"


def execution_addresses(config: DeskConfig) -> list[Address]:
    """One execution actor per venue account, in configured order."""
    return [f"execution/{venue}" for venue in config.venues]


def make_actor(config: DeskConfig, address: Address, *, isolates: bool = True) -> Actor[Any]:
    """A fresh actor for this address, set up as its process on the real desk sets it up.

    Without `isolates` a strategy that fails is not parked but ends the run, as it is to be where it is tried out.
    """
    role, _, rest = address.partition("/")
    if role == "strategy":
        settings = settings_map.strategy_settings(config, rest)
        settings = msgspec.structs.replace(settings, isolates=isolates)
        return StrategyActor(address, settings, models=models_for(settings))
    if role == "execution":
        settings = venue_map.execution_of(config, rest)
        return ExecutionActor(settings, initial_state(settings, ""))
    if role == "universe":
        return UniverseActor(universe_map.universe_settings(config), address)
    assert address == RISK, address
    return RiskActor(risk_map.risk_settings(config))


def make_venue(
    config: DeskConfig,
    name: str,
    *,
    start: int = 0,
    keep_events: bool = True,
    kind: type[SimulatedVenue] = SimulatedVenue,
) -> SimulatedVenue:
    """The venue `name` with its account, its instruments and its latencies; its market is folded by the caller."""
    chosen = config.venues[name].simulated
    return kind(
        name,
        paper_map.paper_instruments(config, name),
        AccountSettings(
            account=config.desk.name,
            balances=dict(chosen.starting_balances),
            allow_short=chosen.allow_short,
            initial_margin=chosen.initial_margin,
        ),
        EngineSettings(order_latency=chosen.latency_order, report_latency=chosen.latency_report),
        start=start,
        keep_events=keep_events,
    )


def make_host(
    config: DeskConfig,
    address: Address,
    store: MemoryStore,
    clock: VirtualClock,
    venue: SimulatedVenue | None,
    steps: StepSettings,
) -> SimulatedHost:
    """A fresh actor's host over `store`; `venue` is where an execution actor trades. A strategy that fails ends it."""
    actor = make_actor(config, address, isolates=False)
    machine = StepMachine(actor, Incarnation("simulation", "", 0, 0), steps, seed=config.desk.seed)
    outside = VenueOutside(venue, actor.gate) if venue is not None else None  # type: ignore[attr-defined]
    return SimulatedHost(machine, store, clock, mail=MemoryMail(store), outside=outside)


def add_unrecorded(
    config: DeskConfig, rounds: UnrecordedRounds, address: Address, venue: SimulatedVenue | None
) -> None:
    """As `make_host`, for a run of which no journal is kept, and which ends with the first strategy that fails."""
    actor = make_actor(config, address, isolates=False)
    outside = VenueOutside(venue, actor.gate) if venue is not None else None  # type: ignore[attr-defined]
    rounds.add(actor, outside=outside, seed=config.desk.seed)


def make_funding(
    config: DeskConfig, venue: SimulatedVenue, *, after: int, rates: Mapping[str, FundingRates] | None = None
) -> FundingTimes:
    """What positions at a venue pay each other after `after` (ns UTC): as configured, or by `rates` of a symbol."""
    own = {
        symbol: found for symbol, found in (rates or {}).items() if config.symbols[symbol].venue == venue.name
    }
    return FundingTimes(venue.engine, paper_map.paper_funding(config, venue.name), own, after=after)


def open_market(config: DeskConfig, plan: FeedPlan) -> dict[str, Feed]:
    """The feed of every symbol. Raises `ConfigurationError` or `DataProviderError` where one is missing."""
    source = paper_map.market_source(config, plan)
    return open_feeds(source, paper_map.paper_instruments(config))
