"""Settings of one strategy: what decides, on which symbols, and how its decisions become orders."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from config.duration import SECOND, Duration, PositiveDuration
from config.ratio import PositiveRatio, Share
from config.schema.base import Contradiction, PositiveMoney, Settings, SymbolChoice, WholeNumber, matches

BUILT_IN_STRATEGIES = ("ema_cross", "momentum")
"""The strategies that come with the desk; any other is named by its import path."""

_IMPORT_PATH = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*:[A-Za-z_]\w*", re.ASCII)


def _strategy_kind(value: object) -> object:
    if isinstance(value, str) and (value in BUILT_IN_STRATEGIES or _IMPORT_PATH.fullmatch(value)):
        return value
    raise ValueError(
        f"must be {', '.join(BUILT_IN_STRATEGIES)} or an import path such as package.module:Class"
    )


def _scalar(value: object) -> object:
    # parameters meet market data, which is float64; YAML's decimals are read exactly, as Decimal
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, bool | int | float | str):
        return value
    raise ValueError("must be a number, a text, true or false")


StrategyKind = Annotated[str, BeforeValidator(_strategy_kind)]
ParameterName = Annotated[str, matches(r"[A-Za-z_][A-Za-z0-9_]{0,63}", "a name of letters, digits and '_'")]
Parameter = Annotated[bool | int | float | str, BeforeValidator(_scalar)]
"""A setting of the strategy's own; text such as 5s or 2bps is read by the strategy's Parameters."""


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


class StrategySettings(Settings):
    """One strategy; it has an actor for each of its symbols."""

    kind: StrategyKind = Field(
        description="A built-in strategy (ema_cross, momentum) or the import path package.module:Class."
    )
    enabled: bool = Field(default=True, description="Whether its actors are started.")
    symbols: SymbolChoice = Field(
        default="all", description="A list of the symbols it trades, or all of the desk's."
    )
    parameters: Mapping[ParameterName, Parameter] = Field(
        default_factory=dict, description="Settings of the strategy's own, checked by its Parameters."
    )
    order: OrderSettings = Field(description="How its decisions become orders.")
    cooldown: Duration = Field(default=0, description="Time after a decision in which it makes no other.")
    stop: PositiveRatio | None = Field(
        default=None,
        description="Loss at which a position is closed, part of its average price; null for none.",
    )
    target: PositiveRatio | None = Field(
        default=None,
        description="Gain at which a position is closed, part of its average price; null for none.",
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
