"""The desk's tree, from its settings: what `supervisors.tree` is told that this desk consists of."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import msgspec

from cluster.host.settings_map import traded_symbols
from cluster.host.venue_map import has_relay, is_local
from cluster.session_feed import FeedPlan
from config import DeskConfig
from messages.base import Address
from messages.child_specs import Backoff, ExitPolicy, GiveUpPolicy, SupervisorSpec
from supervisors.tree import (
    ROOT,
    DeskPlan,
    ServicePlan,
    StrategyPlan,
    SupervisionPlan,
    VenuePlan,
    desk_tree,
)

__all__ = ["ROOT", "tree_of"]


def tree_of(config: DeskConfig, feed: FeedPlan) -> Mapping[Address, SupervisorSpec]:
    """One spec per supervisor, by address."""
    venues = tuple(VenuePlan(name, services=tuple(_services(config, name))) for name in config.venues)
    operations = [ServicePlan("clock")] if feed.granted or feed.end is not None else []
    if config.metrics.enabled:
        operations.append(ServicePlan("metrics"))
    plan = DeskPlan(
        venues=venues,
        strategies=tuple(_strategy(config, symbol) for symbol in traded_symbols(config)),
        operations=tuple(operations),
        supervision=_rules(config),
    )
    return desk_tree(plan)


def _services(config: DeskConfig, venue: str) -> Iterator[ServicePlan]:
    """What must be up before a venue's execution actor: the venue itself where it is ours, and its relay."""
    if is_local(config, venue):
        yield ServicePlan(f"venue/{venue}")
    if has_relay(config, venue):
        yield ServicePlan(f"relay/{venue}")


def _strategy(config: DeskConfig, symbol: str) -> StrategyPlan:
    chosen = [
        strategy
        for name, strategy in config.strategies.items()
        if strategy.enabled and symbol in config.symbols_of(name)
    ]
    # several strategies share an actor: when it is given up, the strictest of their policies holds for all
    flatten = any(strategy.on_give_up == "flatten" for strategy in chosen)
    return StrategyPlan(
        address=f"strategy/{symbol}",
        symbols=(symbol,),
        venues=(config.symbols[symbol].venue,),
        on_give_up=GiveUpPolicy.FLATTEN if flatten else GiveUpPolicy.HOLD_WITH_STOP,
        stop=float(min(strategy.give_up_stop for strategy in chosen)),
    )


def _rules(config: DeskConfig) -> SupervisionPlan:
    supervision, backoff = config.supervision, config.supervision.backoff
    return SupervisionPlan(
        restarts=supervision.intensity.restarts,
        period=supervision.intensity.period,
        quiet_time=supervision.quiet_time,
        backoff=msgspec.structs.replace(
            Backoff(), minimum=backoff.minimum, maximum=backoff.maximum, jitter=float(backoff.jitter)
        ),
        shutdown_timeout=supervision.shutdown_timeout,
        exit_policy=ExitPolicy(flatten=config.risk.on_halt == "flatten"),
    )
