"""The desk's tree, from its settings: what `supervisors.tree` is told that this desk consists of."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import msgspec

from cluster.host.strategy_places import StrategyPlace, strategy_places
from cluster.host.universe_map import has_universe, is_dynamic
from cluster.host.venue_map import has_relay, is_local
from cluster.session_feed import FeedPlan
from config import DeskConfig
from messages.base import Address
from messages.child_specs import (
    Backoff,
    ChildKind,
    ChildSpec,
    ExitPolicy,
    GiveUpPolicy,
    SupervisorSpec,
)
from supervisors.tree import (
    ROOT,
    DeskPlan,
    ServicePlan,
    StrategyPlan,
    SupervisionPlan,
    VenuePlan,
    desk_tree,
    strategy_child,
)

__all__ = ["ROOT", "strategy_spec", "tree_of"]


def tree_of(config: DeskConfig, feed: FeedPlan) -> Mapping[Address, SupervisorSpec]:
    """One spec per supervisor, by address."""
    venues = tuple(VenuePlan(name, services=tuple(_services(config, name))) for name in config.venues)
    operations = [ServicePlan("clock")] if feed.granted or feed.end is not None else []
    if config.metrics.enabled:
        operations.append(ServicePlan("metrics"))
    places: Sequence[StrategyPlace] = strategy_places(config)
    if has_universe(config, feed):
        operations.append(ServicePlan("universe", kind=ChildKind.ACTOR))
        places = [place for place in places if not is_dynamic(place)]  # the universe starts the others
    plan = DeskPlan(
        venues=venues,
        strategies=tuple(_strategy(config, place) for place in places),
        operations=tuple(operations),
        supervision=_rules(config),
    )
    return desk_tree(plan)


def strategy_spec(config: DeskConfig, place: StrategyPlace) -> ChildSpec:
    """The child spec of one strategy actor, as the tree has it and as the universe brings it."""
    return strategy_child(_strategy(config, place), _rules(config))


def _services(config: DeskConfig, venue: str) -> Iterator[ServicePlan]:
    """What must be up before a venue's execution actor: the venue itself where it is ours, and its relay."""
    if is_local(config, venue):
        yield ServicePlan(f"venue/{venue}")
    if has_relay(config, venue):
        yield ServicePlan(f"relay/{venue}")


def _strategy(config: DeskConfig, place: StrategyPlace) -> StrategyPlan:
    chosen = [config.strategies[name] for name in place.strategies]
    # several strategies share an actor: when it is given up, the strictest of their policies holds for all
    flatten = any(strategy.on_give_up == "flatten" for strategy in chosen)
    return StrategyPlan(
        address=place.address,
        symbols=place.symbols,
        venues=tuple(dict.fromkeys(config.symbols[symbol].venue for symbol in place.symbols)),
        on_give_up=GiveUpPolicy.FLATTEN if flatten else GiveUpPolicy.HOLD_WITH_STOP,
        stop=float(min(strategy.give_up_stop for strategy in chosen)),
        told=() if config.universe.mode == "off" else ("universe",),
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
