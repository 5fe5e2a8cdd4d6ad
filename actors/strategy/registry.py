"""Finding strategy classes, by built-in name, import path or the name an installed package gives them, and making
instances with checked parameters."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from difflib import get_close_matches
from types import MappingProxyType

from pydantic import ValidationError

from actors.strategy.settings import StrategySettings
from actors.strategy.strategy import Strategy, StrategyParameters
from config.entry_points import STRATEGY_GROUP, strategy_entry_points
from messages.errors import ConfigurationError

BUILT_IN: Mapping[str, str] = MappingProxyType(
    {
        "breakout": "actors.strategy.builtin.breakout:Breakout",
        "ema_cross": "actors.strategy.builtin.ema_cross:EmaCross",
        "market_making": "actors.strategy.builtin.market_making:MarketMaking",
        "mean_reversion": "actors.strategy.builtin.mean_reversion:MeanReversion",
        "momentum": "actors.strategy.builtin.momentum:Momentum",
        "pipeline": "actors.strategy.pipeline.strategy:Pipeline",
        "portfolio_rebalance": "actors.strategy.builtin.portfolio_rebalance:PortfolioRebalance",
        "profit_taking": "actors.strategy.builtin.profit_taking:ProfitTaking",
        "relative_value": "actors.strategy.builtin.relative_value:RelativeValue",
        "rules": "actors.strategy.rules.strategy:Rules",
    }
)
"""The strategies that come with the desk, by name; imported when first asked for."""


def find(kind: str, *, field: str = "kind") -> type[Strategy]:
    """The strategy class of a built-in name, an import path `package.module:Class`, or a name that an installed package
    gives it in the entry point group `raydesk.strategies`.

    Raises `ConfigurationError`, naming `field`, when there is none, it can't be imported, or is no `Strategy`.
    """
    path = kind if ":" in kind else BUILT_IN.get(kind) or strategy_entry_points().get(kind, "")
    module_name, colon, class_name = path.partition(":")
    if not (colon and module_name and class_name):
        known = sorted({*BUILT_IN, *strategy_entry_points()})
        close = get_close_matches(kind, known, n=1)
        hint = f"did you mean {close[0]}? " if close else ""
        raise ConfigurationError(
            f"no built-in strategy has this name, and no installed one (entry points {STRATEGY_GROUP})",
            field=field,
            value=kind,
            remedy=f"{hint}use one of {', '.join(known)} or an import path package.module:Class",
        )
    try:
        module = importlib.import_module(module_name)
    except (ImportError, SyntaxError) as error:
        raise ConfigurationError(
            f"the module {module_name} can't be imported: {type(error).__name__}: {error}",
            field=field,
            value=kind,
            remedy="check the path, and that the module is installed where the desk runs",
        ) from error
    found = getattr(module, class_name, None)
    if not (isinstance(found, type) and issubclass(found, Strategy) and found is not Strategy):
        what = "has no such name" if found is None else "is not a class derived from Strategy"
        raise ConfigurationError(
            f"{class_name} in {module_name} {what}",
            field=field,
            value=kind,
            remedy="name a class derived from actors.strategy.Strategy",
        )
    return found


def checked_parameters(
    strategy: type[Strategy], parameters: Mapping[str, object], *, field: str = "parameters"
) -> StrategyParameters:
    """`parameters` as the strategy's own `Parameters`.

    Raises `ConfigurationError` that lists every parameter that is wrong, with its value and what is allowed.
    """
    try:
        return strategy.Parameters.model_validate(dict(parameters))
    except ValidationError as error:
        problems = error.errors(include_url=False)
        names = [".".join(str(part) for part in problem["loc"]) for problem in problems]
        lines = [
            f"{name or 'parameters'}: {problem['msg']}"
            + (f" (found {problem['input']!r})" if len(problems) > 1 else "")
            for name, problem in zip(names, problems, strict=True)
        ]
        known = ", ".join(strategy.Parameters.model_fields) or "none"
        raise ConfigurationError(
            f"{strategy.__name__} does not accept its parameters: {'; '.join(lines)}",
            field=f"{field}.{names[0]}" if names[0] else field,
            value=problems[0]["input"],
            remedy=f"its parameters are: {known}",
        ) from error


def make(settings: StrategySettings) -> Strategy:
    """A strategy as its settings say, not yet started. Raises `ConfigurationError`."""
    where = f"strategies.{settings.id}"
    kind = find(settings.kind, field=f"{where}.kind")
    if settings.group and not kind.decides_for_groups:
        raise ConfigurationError(
            f"{kind.__name__} decides on one symbol at a time",
            field=f"{where}.group",
            value=settings.group,
            remedy="remove it, or choose a strategy whose class says decides_for_groups",
        )
    if kind.needs_budget and settings.budget is None:
        raise ConfigurationError(
            f"{kind.__name__} sizes its positions as parts of a budget",
            field=f"{where}.budget",
            remedy="set the most that its positions may be worth, in base currency",
        )
    parameters = checked_parameters(kind, settings.parameters, field=f"{where}.parameters")
    return kind(settings.instrument.symbol, parameters)
