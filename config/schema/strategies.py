"""Settings of one strategy: what decides, on which symbols, and how its decisions become orders."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from config.duration import DAY, SECOND, Duration, PositiveDuration
from config.entry_points import strategy_entry_points
from config.ratio import PositiveRatio, PositiveShare, Share
from config.schema.base import (
    Contradiction,
    PositiveCount,
    PositiveMoney,
    Settings,
    SymbolChoice,
    Text,
    WholeNumber,
    matches,
)
from config.session_windows import parse_window

BUILT_IN_STRATEGIES = (
    "breakout",
    "ema_cross",
    "market_making",
    "mean_reversion",
    "momentum",
    "pipeline",
    "portfolio_rebalance",
    "profit_taking",
    "relative_value",
    "rules",
)
"""The strategies that come with the desk; any other is named by its import path."""

_IMPORT_PATH = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*:[A-Za-z_]\w*", re.ASCII)


def _strategy_kind(value: object) -> object:
    if isinstance(value, str):
        known = value in BUILT_IN_STRATEGIES or _IMPORT_PATH.fullmatch(value) is not None
        if known or value in strategy_entry_points():
            return value
    names = ", ".join((*BUILT_IN_STRATEGIES, *sorted(strategy_entry_points())))
    raise ValueError(f"must be {names} or an import path such as package.module:Class")


_DEEPEST = 8
"""How deep parameters may be nested."""


def _parameter(value: object) -> object:
    """A parameter as its class is given it: numbers, texts, and lists and mappings of them."""
    return _plain(value, "", _DEEPEST)


def _plain(value: object, where: str, depth: int) -> object:
    # parameters meet market data, which is float64; YAML's decimals are read exactly, as Decimal
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, list | tuple) and depth:
        return [_plain(each, f"{where}[{place}]", depth - 1) for place, each in enumerate(value)]
    if isinstance(value, Mapping) and depth:
        return {str(name): _plain(each, f"{where}.{name}", depth - 1) for name, each in value.items()}
    at = f"{where.lstrip('.')} " if where else ""
    raise ValueError(f"{at}must be a number, a text, true, false, or a list or mapping of them")


def _window(value: object) -> object:
    if not isinstance(value, str):
        raise ValueError("must be a window such as 08:00-16:00 or mon-fri 13:30-20:00, in UTC")
    parse_window(value)
    return value


StrategyKind = Annotated[str, BeforeValidator(_strategy_kind)]
ParameterName = Annotated[str, matches(r"[A-Za-z_][A-Za-z0-9_]{0,63}", "a name of letters, digits and '_'")]
Parameter = Annotated[object, BeforeValidator(_parameter)]
"""A setting of the strategy's own; text such as 5s or 2bps is read by the strategy's Parameters."""
SessionWindow = Annotated[str, BeforeValidator(_window)]
"""A span of the UTC day, with the days of the week it is on before it."""


_LEAST_ROUTED = 3 * SECOND
"""An entry that is worked passively needs more than the second that is kept for taking what is left."""


class OrderSettings(Settings):
    """How a decision becomes an order."""

    style: Literal["market", "limit", "post_only"] = Field(
        default="market", description="market takes, limit may do either, post_only never takes."
    )
    notional: PositiveMoney = Field(description="Value of one order, in base currency.")
    offset_ticks: WholeNumber = Field(
        default=0,
        description="Ticks from the best price of the order's own side; positive is further from the market.",
    )
    time_to_live: PositiveDuration | None = Field(
        default=None,
        description="Time after which a resting order is cancelled; null for the venue's order_ttl.",
    )
    deadline: PositiveDuration = Field(
        default=2 * SECOND, description="Time after the decision within which its order must have left."
    )
    route: Literal["direct", "maker_first", "twap", "flip"] = Field(
        default="direct",
        description="How an entry becomes orders: one; passive first, then taken; slices over time; close, then open.",
    )
    max_bump: Share = Field(
        default=Decimal(0), description="By how much an entry below the venue's minimum may grow to reach it."
    )

    def contradictions(self) -> Iterator[Contradiction]:
        if self.route in ("maker_first", "twap") and self.deadline < _LEAST_ROUTED:
            yield Contradiction(
                ("deadline",),
                self.deadline,
                f"leaves no time to work an order {self.route}: all of its orders must leave by then",
                "set 15s or more, or choose route direct",
            )
        if self.style != "market":
            return
        for name, value in (("offset_ticks", self.offset_ticks or None), ("time_to_live", self.time_to_live)):
            if value is not None:
                yield Contradiction(
                    (name,), None, "has no meaning for market orders", "remove it or choose style limit"
                )


class ScheduleSettings(Settings):
    """When a strategy decides, and when it may enter."""

    on: Literal["signal", "bar_close", "interval"] = Field(
        default="signal",
        description="When it decides: when it says so; only at the close of bars; every interval, asked or not.",
    )
    interval: PositiveDuration | None = Field(
        default=None, description="With on: interval, the time between decisions, in step with the UTC day."
    )
    windows: tuple[SessionWindow, ...] = Field(
        default=(),
        description="UTC windows outside which nothing is entered, such as mon-fri 08:00-16:00; exits always run.",
    )

    def contradictions(self) -> Iterator[Contradiction]:
        if (self.on == "interval") != (self.interval is not None):
            yield Contradiction(
                ("interval",),
                self.interval,
                "belongs to on: interval, and on: interval needs it",
                "set both, or neither",
            )


class IntelligenceSettings(Settings):
    """What the closed trades of a strategy on a symbol do to it."""

    enabled: bool = Field(default=False, description="Whether its closed trades are judged at all.")
    window: PositiveDuration = Field(
        default=2 * DAY, description="Time that the expectancy of trades looks back on."
    )
    min_trades: PositiveCount = Field(
        default=10, description="Trades in that time from which on it says something."
    )
    feedback: bool = Field(default=True, description="Whether the size of orders follows the symbol's score.")
    min_factor: PositiveRatio = Field(
        default=Decimal("0.5"), le=1, description="Least factor on the size of an order."
    )
    max_factor: Decimal = Field(default=Decimal("1.25"), ge=1, le=4, description="Largest factor on it.")
    max_drawdown: PositiveShare | None = Field(
        default=Decimal("0.03"),
        description="Loss of the trades of drawdown_window, part of the budget (else of one order), at which the "
        "symbol is disabled; null for never.",
    )
    drawdown_window: PositiveDuration = Field(default=DAY, description="Time in which that loss is counted.")
    rest: PositiveDuration = Field(default=DAY, description="Time for which the symbol is disabled then.")
    fee_rate: PositiveShare = Field(
        default=Decimal("0.001"),
        description="What fees in a third currency are taken for, part of the value.",
    )


class StrategySettings(Settings):
    """One strategy; it has an actor for each of its symbols."""

    kind: StrategyKind = Field(
        description="A built-in strategy, the name of an installed one, or an import path package.module:Class."
    )
    enabled: bool = Field(default=True, description="Whether its actors are started.")
    symbols: SymbolChoice = Field(
        default="all", description="A list of the symbols it trades, or all of the desk's."
    )
    parameters: Mapping[ParameterName, Parameter] = Field(
        default_factory=dict, description="Settings of the strategy's own, checked by its Parameters."
    )
    models: tuple[Text, ...] = Field(
        default=(),
        description="Run directories of trained models for it, or places that runs are promoted to; relative paths "
        "count from the working directory.",
    )
    allow_pickle: str | None = Field(
        default=None,
        description="Words of consent to open pickled models, which can run any code; see models.md.",
    )
    order: OrderSettings = Field(description="How its decisions become orders.")
    shadow: bool = Field(
        default=False,
        description="Whether its orders are simulated at the quote beside those that trade, and never sent.",
    )
    budget: PositiveMoney | None = Field(
        default=None,
        description="Most that its positions may be worth, in base currency, in equal parts for its actors.",
    )
    weight: PositiveMoney = Field(
        default=Decimal(1),
        description="Of several strategies on a symbol the one of greater weight decides first, and has its way.",
    )
    group: bool = Field(
        default=False, description="Whether one actor has all its symbols, to decide on them together."
    )
    deduplicate: bool = Field(
        default=False,
        description="Leave a side alone that a strategy of greater weight holds or works on the symbol already.",
    )
    schedule: ScheduleSettings = Field(
        default=ScheduleSettings(), description="When it decides, and when it may enter."
    )
    intelligence: IntelligenceSettings = Field(
        default=IntelligenceSettings(), description="How its closed trades are judged, symbol by symbol."
    )
    cooldown: Duration = Field(default=0, description="Time after a decision in which it makes no other.")
    stop: PositiveRatio | None = Field(
        default=None,
        description="Loss at which a position is closed, part of its average price; null for none.",
    )
    target: PositiveRatio | None = Field(
        default=None,
        description="Gain at which a position is closed, part of its average price; null for none.",
    )
    trailing: PositiveRatio | None = Field(
        default=None,
        description="Fall from the best price since entry at which a position is closed; null for none.",
    )
    max_holding: PositiveDuration | None = Field(
        default=None, description="Time after which a position is closed; null for no bound."
    )
    on_give_up: Literal["flatten", "hold_with_stop"] = Field(
        default="flatten", description="What becomes of its positions when it is given up."
    )
    give_up_stop: PositiveRatio = Field(
        default=Decimal("0.05"),
        description="Distance of the stop of hold_with_stop, part of the average price.",
    )

    def contradictions(self) -> Iterator[Contradiction]:
        if isinstance(self.symbols, tuple) and len(set(self.symbols)) < len(self.symbols):
            twice = sorted({symbol for symbol in self.symbols if self.symbols.count(symbol) > 1})
            yield Contradiction(("symbols",), ", ".join(twice), "is listed twice", "list each symbol once")
        if self.trailing is not None and self.trailing >= 1:
            yield Contradiction(
                ("trailing",), self.trailing, "must be below 100%", "use the fall that ends the trade"
            )
