"""Whether the strategies that settings name could start: asked before a desk is, where a person reads the answer."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from actors.strategy import registry
from actors.strategy.settings import StrategyActorSettings, StrategySettings
from cluster.host.settings_map import strategy_settings
from cluster.host.strategy_places import strategy_places
from cluster.models.for_strategies import models_for
from config import DeskConfig
from config.problems import Problem, configuration_error
from messages.errors import DeskError


def strategy_problems(config: DeskConfig) -> tuple[Problem, ...]:
    """What keeps the strategies of a desk from starting, one record per strategy at the most; empty when nothing does.

    Each enabled strategy is made once as its actor would make it: class, parameters, budget, models. An actor that
    can't make one of its strategies is started again until it is given up, together with the others on its symbol.
    """
    return tuple(_problems(config))


def require_strategies(config: DeskConfig) -> None:
    """Raises `ConfigurationError` that lists `strategy_problems`, if there are any."""
    problems = strategy_problems(config)
    if problems:
        raise configuration_error(problems)


def _problems(config: DeskConfig) -> Iterator[Problem]:
    asked: set[str] = set()
    for place in strategy_places(config):
        actor = strategy_settings(config, place.address)
        for chosen in actor.strategies:
            if chosen.id in asked:
                continue
            asked.add(chosen.id)
            try:
                _start(actor, chosen, place.symbols)
            except DeskError as error:
                yield _problem(chosen.id, error)


def _start(actor: StrategyActorSettings, chosen: StrategySettings, symbols: tuple[str, ...]) -> None:
    made = registry.make(chosen)
    made.symbols = symbols
    made.models = models_for(msgspec.structs.replace(actor, strategies=(chosen,))).get(chosen.id, ())
    made.on_start()


def _problem(strategy: str, error: DeskError) -> Problem:
    """The error as a problem of the settings; one that names a field of its own is placed below its strategy."""
    prefix = f"strategies.{strategy}"
    named = error.field or ""
    path = named if named.startswith(prefix) else f"{prefix}.{named}" if _is_setting(named) else prefix
    return Problem(
        path,
        error.message if path.endswith(named) else f"{named}: {error.message}",
        None if error.value is None else repr(error.value),
        remedy=error.remedy,
    )


def _is_setting(field: str) -> bool:
    return field.partition(".")[0] in ("parameters", "models", "allow_pickle", "budget")
