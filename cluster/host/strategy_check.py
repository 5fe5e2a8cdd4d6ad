"""Whether the strategies that settings name could start: asked before a desk is, where a person reads the answer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

import msgspec

from actors.strategy import registry
from actors.strategy.settings import StrategyActorSettings, StrategySettings
from actors.strategy.strategy import Strategy
from cluster.host.bar_check import WantedBars, available_from_settings, bar_problems, require_bars, wanted_by
from cluster.host.settings_map import strategy_settings
from cluster.host.strategy_places import strategy_places
from cluster.models.for_strategies import models_for
from config import DeskConfig
from config.problems import Problem, configuration_error
from messages.errors import DeskError

if TYPE_CHECKING:
    from cluster.feeds.columns import Feed


def strategy_problems(config: DeskConfig) -> tuple[Problem, ...]:
    """What keeps the strategies of a desk from starting, one record per strategy at the most; empty when nothing does.

    Each enabled strategy is made once as its actor would make it: class, parameters, budget, models. One that needs
    bars which the market of these settings never has is told too; where that is a recording, by `require_bars_in`.
    """
    found: list[Problem] = []
    wanted: list[WantedBars] = []
    for chosen, made in _made(config):
        if isinstance(made, DeskError):
            found.append(_problem(chosen, made))
        elif _hears_nothing(made):
            found.append(
                Problem(
                    f"strategies.{chosen}.kind",
                    f"{type(made).__name__} would never decide: it has no on_quote and no on_trade, and no on_bar with "
                    "bars that it subscribed to",
                    None,
                    remedy="have one of them say when a decision is due; bars come to a strategy that calls "
                    "subscribe_bars(interval) or subscribe_feed_bars() in on_start",
                )
            )
        else:
            wanted += wanted_by(chosen, made)
    available = available_from_settings(config)
    if available is not None:
        found += bar_problems(wanted, lambda symbol: available)
    return tuple(found)


def require_bars_in(config: DeskConfig, feeds: Mapping[str, Feed]) -> None:
    """Raises `ConfigurationError` for strategies that would wait for bars which these feeds do not have."""
    made = [(chosen, each) for chosen, each in _made(config) if not isinstance(each, DeskError)]
    require_bars([bars for chosen, each in made for bars in wanted_by(chosen, each)], feeds)


def require_strategies(config: DeskConfig) -> None:
    """Raises `ConfigurationError` that lists `strategy_problems`, if there are any."""
    problems = strategy_problems(config)
    if problems:
        raise configuration_error(problems)


def _made(config: DeskConfig) -> Iterator[tuple[str, Strategy | DeskError]]:
    """Every strategy by its id, made once and told all of its symbols; or what keeps it from being made."""
    symbols: dict[str, list[str]] = {}
    first: dict[str, tuple[StrategyActorSettings, StrategySettings, tuple[str, ...]]] = {}
    for place in strategy_places(config):
        actor = strategy_settings(config, place.address)
        for chosen in actor.strategies:
            known = symbols.setdefault(chosen.id, [])
            if chosen.instrument.symbol not in known:
                known.append(chosen.instrument.symbol)
            first.setdefault(chosen.id, (actor, chosen, place.symbols))
    for name, (actor, chosen, together) in first.items():
        try:
            made = _started(actor, chosen, together)
        except DeskError as error:
            yield name, error
        else:
            made.symbols = tuple(symbols[name])
            yield name, made


def _started(actor: StrategyActorSettings, chosen: StrategySettings, symbols: tuple[str, ...]) -> Strategy:
    made = registry.make(chosen)
    made.symbols = symbols
    made.models = models_for(msgspec.structs.replace(actor, strategies=(chosen,))).get(chosen.id, ())
    made.on_start()
    return made


def _hears_nothing(strategy: Strategy) -> bool:
    """Whether no row of a feed can make a decision of it due."""
    kind = type(strategy)
    if kind.on_quote is not Strategy.on_quote or kind.on_trade is not Strategy.on_trade:
        return False
    return kind.on_bar is Strategy.on_bar or not strategy.subscriptions


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
