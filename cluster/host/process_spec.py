"""What the process of a child is told, taken from the desk's settings by whoever starts it. One function per role."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from cluster.host import paper_map, risk_map, settings_map, universe_map, venue_map
from cluster.host.launch import ChildLaunch, ExecutionPart, ProcessSpec, StrategyPart, UniversePart, role_of
from cluster.host.strategy_places import place_of
from messages.base import Address

if TYPE_CHECKING:
    from cluster.host.launch import Part


def process_spec(child: ChildLaunch) -> ProcessSpec:
    """The specification of the process of `child`.

    Raises `ConfigurationError` for settings that an actor refuses.
    """
    launch, config = child.launch, child.launch.config
    part, about = _PARTS[role_of(child.address)](child)
    return ProcessSpec(
        address=child.address,
        kind=child.kind,
        parent=child.parent,
        about=about,
        desk=launch.desk,
        namespace=launch.namespace,
        config_hash=launch.config_hash,
        code_version=launch.code_version,
        redis_url=launch.redis_url,
        mailbox_capacity=config.redis.mailbox_capacity,
        seed=config.desk.seed,
        feed=launch.feed,
        logging=settings_map.log_settings(config),
        host=settings_map.host_settings(config),
        steps=settings_map.step_settings(config),
        part=part,
    )


def _strategy(child: ChildLaunch) -> tuple[Part, str]:
    config, place = child.launch.config, place_of(child.launch.config, child.address)
    part = StrategyPart(
        settings_map.strategy_settings(config, _second(child.address)),
        source=venue_map.live_sources(child.launch, place.symbols)
        if config.feed.live
        else paper_map.market_source(config, child.launch.feed),
        instruments=tuple(
            each for each in paper_map.paper_instruments(config) if each.symbol in place.symbols
        ),
    )
    about = ", ".join(place.strategies)
    return part, about if len(place.symbols) == 1 else f"{about} on {', '.join(place.symbols)}"


def _risk(child: ChildLaunch) -> tuple[Part, str]:
    config = child.launch.config
    return risk_map.risk_settings(config), f"desk {child.launch.desk}, {config.desk.environment}"


def _execution(child: ChildLaunch) -> tuple[Part, str]:
    launch, venue = child.launch, _second(child.address)
    part = ExecutionPart(venue_map.execution_of(launch.config, venue), venue_map.access_of(launch, venue))
    return part, f"{launch.config.venues[venue].kind} venue"


def _venue(child: ChildLaunch) -> tuple[Part, str]:
    launch, venue = child.launch, _second(child.address)
    if launch.config.venues[venue].kind == "paper":
        return paper_map.paper_settings(launch.config, launch, venue), ""
    return venue_map.exchange_of(launch, venue), "local exchange"


def _universe(child: ChildLaunch) -> tuple[Part, str]:
    config = child.launch.config
    settings = universe_map.universe_settings(config)
    asks = settings.mode == "dynamic"
    venues = dict.fromkeys(each.venue for each in settings.candidates) if asks else {}
    part = UniversePart(
        settings,
        access={venue: venue_map.public_access(child.launch, venue) for venue in venues},
        units=universe_map.symbol_units(config),
    )
    return part, f"{settings.mode.value}, {len(settings.candidates)} candidates"


def _relay(child: ChildLaunch) -> tuple[Part, str]:
    return venue_map.relay_of(child.launch, _second(child.address)), "market streams"


def _whole(child: ChildLaunch) -> tuple[Part, str]:
    """Supervisors map the settings for their children, and what serves the whole desk reads many of them."""
    return child, ""


def _second(address: Address) -> str:
    return address.split("/", 1)[1]


_PARTS: dict[str, Callable[[ChildLaunch], tuple[Part, str]]] = {
    "strategy": _strategy,
    "risk": _risk,
    "execution": _execution,
    "venue": _venue,
    "relay": _relay,
    "universe": _universe,
    "supervisor": _whole,
    "clock": _whole,
    "metrics": _whole,
}
