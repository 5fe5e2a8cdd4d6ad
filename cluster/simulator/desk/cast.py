"""Who there is on a simulated desk: the supervision tree, its actors, its venues and the market they share."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from actors.base import Actor
from actors.execution.actor import ExecutionActor, initial_state
from actors.execution.settings import ExecutionSettings
from actors.venues.paper_traits import PAPER_TRAITS
from cluster.feeds.columns import Chunk, Feed
from cluster.feeds.window import rows_from
from cluster.host import settings_map
from cluster.host.tree_plan import tree_of
from cluster.paper.market import Market
from cluster.simulator.cast import (
    RISK,
    execution_addresses,
    make_actor,
    make_venue,
    open_market,
    strategy_addresses,
)
from cluster.simulator.desk.exchange import REQUEST_EXPIRY, Exchange, ExchangeWorld
from cluster.simulator.desk.faults import SECOND
from cluster.simulator.desk.shape import DeskShape
from cluster.simulator.faults import MILLISECOND
from messages.base import Address
from messages.child_specs import ChildKind, SupervisorSpec
from supervisors.supervisor import Supervisor

_SKEW = 200 * MILLISECOND
_OVERLAP = SECOND
"""Longer than clocks differ and than events are late."""


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
        self.steps = msgspec.structs.replace(
            settings_map.step_settings(config), poison_deaths=1_000_000, hash_outputs=False
        )
        """deaths are drawn here, so that they are held against no message"""
        self._shape = shape
        self._feeds = {symbol: HeldFeed(feed) for symbol, feed in open_market(config, shape.feed).items()}
        self.exchanges: dict[str, Exchange] = {}
        for name in config.venues:
            own: dict[str, Feed] = {
                symbol: feed for symbol, feed in self._feeds.items() if config.symbols[symbol].venue == name
            }
            venue = make_venue(config, name, start=shape.feed.start)
            market = Market(own, {}, venue.engine)
            skew = world.chance.randrange(_SKEW)
            self.exchanges[name] = Exchange(world, venue, market, skew, forgetful=shape.forgetful)

    def feed(self, address: Address) -> Feed | None:
        """The feed that the process of this address folds, if it is a strategy."""
        role, _, rest = address.partition("/")
        return self._feeds[rest] if role == "strategy" else None

    def make(self, address: Address, *, life: int) -> Actor[Any]:
        """A fresh actor for this address."""
        role, _, rest = address.partition("/")
        if role == "supervisor":
            return Supervisor(self.tree[address], life=life)
        if role == "execution":
            settings = self._execution(rest)
            return ExecutionActor(settings, initial_state(settings, ""))
        return make_actor(self._shape.config, address)

    def _execution(self, venue: str) -> ExecutionSettings:
        """As configured, but with waits that fit into a history of seconds."""
        shape = self._shape
        traits = msgspec.structs.replace(
            PAPER_TRAITS,
            never_accepts_id_twice=not shape.takes_ids_again,
            request_expiry_ns=REQUEST_EXPIRY,
            stream_resumes=not shape.forgetful,
            dead_man_switch=shape.forgetful,
            instruments_change=shape.forgetful,
        )
        return msgspec.structs.replace(
            settings_map.execution_settings(self._shape.config, venue, traits),
            probe_delays_ns=(200 * MILLISECOND, 600 * MILLISECOND),
            probe_base_ns=SECOND,
            probe_max_ns=4 * SECOND,
            escalate_at_probe=3,
            cancel_check_ns=SECOND // 2,
            account_backoff_ns=SECOND // 4,
            ward_grace_ns=2 * SECOND,
            fills_overlap_ns=_OVERLAP,
            reconcile_interval_ns=shape.reconcile_interval,
            dead_man_ns=shape.dead_man,
            instruments_interval_ns=SECOND if shape.forgetful else None,
        )


def _without_services(spec: SupervisorSpec) -> SupervisorSpec:
    """A supervisor's spec with actors and supervisors alone: services have nothing that could be judged here."""
    children = tuple(child for child in spec.children if child.kind is not ChildKind.SERVICE)
    return msgspec.structs.replace(spec, children=children)
