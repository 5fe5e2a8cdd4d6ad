"""Who there is on a simulated desk: the supervision tree, its actors, its venues and the market they share."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from msgspec.structs import replace

from actors.base import Actor
from actors.execution.actor import ExecutionActor, initial_state
from actors.execution.settings import ExecutionSettings
from actors.operations.universe.actor import UNIVERSE, UniverseActor
from actors.risk.actor import RiskActor
from actors.strategy.actor import StrategyActor
from cluster.feeds.columns import Chunk, Feed
from cluster.feeds.cursor import FeedCursor
from cluster.feeds.grouped import GroupCursor, cursor_of
from cluster.feeds.window import rows_from
from cluster.host import risk_map, settings_map, universe_map
from cluster.host.strategy_places import place_of, strategy_places
from cluster.host.tree_plan import tree_of
from cluster.models.for_strategies import models_for
from cluster.paper.market import Market
from cluster.simulator.cast import (
    RISK,
    execution_addresses,
    make_venue,
    open_market,
    strategy_addresses,
)
from cluster.simulator.desk.amending import AmendingVenue
from cluster.simulator.desk.audit.views import ViewAudit
from cluster.simulator.desk.exchange import Exchange, ExchangeWorld
from cluster.simulator.desk.extras import universe_at
from cluster.simulator.desk.faults import SECOND
from cluster.simulator.desk.risk_shape import risk_at
from cluster.simulator.desk.shape import DeskShape
from cluster.simulator.desk.venue_shape import execution_at
from cluster.simulator.faults import MILLISECOND
from cluster.simulator.venue import SimulatedVenue
from messages.base import Address
from messages.child_specs import ChildKind, SupervisorSpec
from supervisors.supervisor import Supervisor

_SKEW = 200 * MILLISECOND
_MARKS_INTERVAL = 30 * MILLISECOND
_EXIT_RETRY = SECOND


class HeldFeed:
    """A feed whose rows are made once and kept, so that a restarted process folds them again for nothing."""

    def __init__(self, feed: Feed) -> None:
        self.symbol = feed.symbol
        self.first_time = feed.first_time
        self.last_time = feed.last_time
        self._chunks = list(feed.open())

    def open(self, position: int = 0) -> Iterator[Chunk]:
        """See `Feed.open`."""
        return rows_from(position, iter(self._chunks))


class DeskCast:
    """See the module docstring; actors are made as their processes on the real desk make them."""

    def __init__(self, world: ExchangeWorld, shape: DeskShape) -> None:
        config = shape.config
        self.tree = {
            address: _without_services(spec) for address, spec in tree_of(config, shape.feed).items()
        }
        self.addresses = [*self.tree, RISK, *execution_addresses(config), *strategy_addresses(config)]
        if shape.universe is not None:
            self.addresses.append(UNIVERSE)
        self.steps = replace(settings_map.step_settings(config), poison_deaths=1_000_000, hash_outputs=False)
        """deaths are drawn here, so that they are held against no message"""
        self._shape = shape
        self.risk_settings = risk_at(risk_map.risk_settings(config), shape.risk)
        if shape.universe is not None:
            self._universe = universe_map.universe_settings(config)
        self._feeds = {symbol: HeldFeed(feed) for symbol, feed in open_market(config, shape.feed).items()}
        self.views = ViewAudit(
            self._feeds, {place.address: place.symbols for place in strategy_places(config)}
        )
        self.exchanges: dict[str, Exchange] = {}
        for name in config.venues:
            own: dict[str, Feed] = {
                symbol: feed for symbol, feed in self._feeds.items() if config.symbols[symbol].venue == name
            }
            kind = AmendingVenue if shape.venues[name].amends else SimulatedVenue
            venue = make_venue(config, name, start=shape.feed.start, kind=kind)
            market = Market(own, {}, venue.engine)
            skew = world.chance.randrange(_SKEW)
            self.exchanges[name] = Exchange(world, venue, market, skew, shape.venues[name])

    def cursor(self, address: Address) -> FeedCursor | GroupCursor | None:
        """What the process of this address folds, if it is a strategy."""
        if not address.startswith("strategy/"):
            return None
        return cursor_of([self._feeds[symbol] for symbol in place_of(self._shape.config, address).symbols])

    def make(self, address: Address, *, life: int) -> Actor[Any]:
        """A fresh actor for this address."""
        role, _, rest = address.partition("/")
        if role == "supervisor":
            return Supervisor(self.tree[address], life=life)
        if role == "execution":
            settings = self._execution(rest)
            return ExecutionActor(settings, initial_state(settings, ""))
        if role == "strategy":
            return self._strategy(address, rest)
        if self._shape.universe is not None and address == UNIVERSE:
            return UniverseActor(universe_at(self._universe, self._shape.universe), address)
        assert address == RISK, address
        return RiskActor(self.risk_settings)

    def _execution(self, venue: str) -> ExecutionSettings:
        own = self._shape.venues[venue]
        return execution_at(settings_map.execution_settings(self._shape.config, venue, own.traits), own)

    def _strategy(self, address: Address, owner: str) -> StrategyActor:
        """As configured, but with waits that fit into a history of seconds: marks in time, exits tried again soon."""
        settings = settings_map.strategy_settings(self._shape.config, owner)
        chosen = tuple(
            replace(each, exits=replace(each.exits, retry_max=_EXIT_RETRY)) for each in settings.strategies
        )
        settings = replace(settings, marks_interval=_MARKS_INTERVAL, strategies=chosen)
        return StrategyActor(address, settings, models=models_for(settings))


def _without_services(spec: SupervisorSpec) -> SupervisorSpec:
    """A supervisor's spec with actors and supervisors alone: services have nothing that could be judged here."""
    children = tuple(child for child in spec.children if child.kind is not ChildKind.SERVICE)
    return replace(spec, children=children)
