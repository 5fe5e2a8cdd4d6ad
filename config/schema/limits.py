"""Limits that are off until they are set: for the whole desk, or for a symbol, tier, theme, strategy or venue."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from config.duration import MINUTE, PositiveDuration
from config.ratio import PositiveRatio, PositiveShare, Ratio, Share
from config.schema.base import Contradiction, Count, PositiveCount, PositiveMoney, Settings, Symbol, matches

Scope = Annotated[
    str,
    matches(
        r"(symbol|tier|theme|strategy|venue):[A-Za-z0-9_-]{1,64}",
        "symbol:, tier:, theme:, strategy: or venue: with a name, such as symbol:BTC-USDT",
    ),
]
"""A part of the desk that has limits of its own."""

GroupName = Annotated[
    str, matches(r"[a-z0-9][a-z0-9_-]{0,31}", "1 to 32 of a-z, 0-9, '_' and '-', such as layer1")
]
"""The name of a tier, theme or regime."""


def _as_list(value: object) -> object:
    return [each.strip() for each in value.split(",")] if isinstance(value, str) else value


SymbolList = Annotated[tuple[Symbol, ...], BeforeValidator(_as_list)]


class ScopedLimits(Settings):
    """Limits that are off while they are null. What can't increase exposure passes all of them but min_profit."""

    whitelist: SymbolList | None = Field(
        default=None, description="The only symbols in which exposure may grow; null: all."
    )
    block_side: Literal["buy", "sell", "both"] | None = Field(
        default=None, description="Side of orders that may not increase exposure."
    )
    prevent_self_trade: bool = Field(
        default=False, description="Whether an order is refused that could trade with one of the desk's own."
    )
    max_quantity: PositiveMoney | None = Field(default=None, description="Largest order, in base units.")
    max_position_quantity: PositiveMoney | None = Field(
        default=None, description="Largest position with all open orders of its side, in base units."
    )
    max_trade_nav: PositiveRatio | None = Field(
        default=None, description="Largest value of an order, part of NAV."
    )
    fat_finger_multiple: PositiveMoney | None = Field(
        default=None,
        description="Times the average value of the symbol's entries at which an order looks like a slip.",
    )
    max_mark_move: PositiveRatio | None = Field(
        default=None, description="How far the mark may be from the quote that was decided on."
    )
    max_spread: PositiveRatio | None = Field(
        default=None, description="Largest spread between bid and ask, part of their middle."
    )
    max_depth_share: PositiveRatio | None = Field(
        default=None, description="Largest order beside the size at the best price it takes from."
    )
    strict: bool = Field(
        default=False,
        description="Whether an unknown quote, spread or depth refuses where a limit needs it; always in live.",
    )
    min_profit: Ratio | None = Field(
        default=None,
        description="What a sell out of a long must bring beyond its average cost, fees and slippage included; stops "
        "and closings by command or policy are free.",
    )
    max_nav_age: PositiveDuration | None = Field(
        default=None,
        description="Age of the oldest mark of anything held, at which NAV is too old to approve exposure on.",
    )
    max_leverage: PositiveMoney | None = Field(
        default=None, description="Largest exposure at a venue, in times the worth of that account."
    )
    max_margin_use: PositiveShare | None = Field(
        default=None,
        description="Largest maintenance margin at a venue with margin, part of that account's worth; at 100 % it "
        "liquidates.",
    )
    min_liquidation_distance: PositiveShare | None = Field(
        default=None,
        description="Least distance of the mark from the price at which a venue with margin liquidates a position; "
        "part of the mark.",
    )
    max_net_exposure: PositiveRatio | None = Field(
        default=None, description="Largest difference between longs and shorts, part of NAV."
    )
    max_concentration: PositiveShare | None = Field(
        default=None,
        description="Largest exposure to one symbol, part of all exposure; see concentration_floor.",
    )
    max_total_at_risk: PositiveRatio | None = Field(
        default=None,
        description="Largest sum of all exposures with everything pending, part of NAV; an intent beyond it is refused "
        "as a whole.",
    )
    max_symbol_orders: PositiveCount | None = Field(
        default=None, description="Orders of one symbol that may be open at the same time."
    )
    global_spacing: PositiveDuration | None = Field(default=None, description="Time between any two entries.")
    symbol_spacing: PositiveDuration | None = Field(
        default=None, description="Time between two entries of one symbol."
    )
    cooldown_after_fill: PositiveDuration | None = Field(
        default=None, description="Time after a fill before the symbol is entered again."
    )
    cooldown_after_win: PositiveDuration | None = Field(
        default=None, description="Time after a position was closed with a profit."
    )
    cooldown_after_loss: PositiveDuration | None = Field(
        default=None, description="Time after a position was closed with a loss."
    )
    cooldown_after_stop: PositiveDuration | None = Field(
        default=None, description="Time after a position was closed by its stop with a loss."
    )
    max_consecutive_losses: PositiveCount | None = Field(
        default=None, description="Positions lost in a row after which the desk waits losing_streak_cooldown."
    )
    max_errors: Annotated[PositiveCount, Field(le=100)] | None = Field(
        default=None, description="Orders of a symbol refused by its venue within error_window."
    )
    max_burst: Annotated[PositiveCount, Field(le=1_000)] | None = Field(
        default=None, description="Entries within any burst_window."
    )
    max_symbol_hourly_trades: Count | None = Field(
        default=None, description="Entries of one symbol in an hour of UTC."
    )
    max_hourly_trades: Count | None = Field(default=None, description="Entries in an hour of UTC.")
    max_daily_trades: Count | None = Field(default=None, description="Entries in a day of the desk.")
    max_cycle_orders: Count | None = Field(default=None, description="Entries in a cycle.")
    max_cycle_notional: PositiveMoney | None = Field(
        default=None, description="Value of all entries of a cycle together, in base currency."
    )


class LimitOverrides(ScopedLimits):
    """Limits of a part of the desk; the strictest of all that apply wins. `max_exposure` bounds the part as a whole."""

    max_exposure: PositiveRatio | None = Field(
        default=None, description="Largest exposure of a tier, theme or venue as a whole, part of NAV."
    )
    min_notional: PositiveMoney | None = Field(default=None, description="As risk.min_notional.")
    max_order_notional: PositiveMoney | None = Field(default=None, description="As risk.max_order_notional.")
    max_symbol_exposure: PositiveRatio | None = Field(
        default=None, description="As risk.max_symbol_exposure."
    )
    max_gross_exposure: PositiveRatio | None = Field(default=None, description="As risk.max_gross_exposure.")
    min_cash_reserve: Share | None = Field(default=None, description="As risk.min_cash_reserve.")
    max_open_positions: PositiveCount | None = Field(default=None, description="As risk.max_open_positions.")
    max_open_orders: PositiveCount | None = Field(default=None, description="As risk.max_open_orders.")
    max_mark_age: PositiveDuration | None = Field(default=None, description="As risk.max_mark_age.")
    max_intent_age: PositiveDuration | None = Field(default=None, description="As risk.max_intent_age.")
    price_collar: PositiveRatio | None = Field(default=None, description="As risk.price_collar.")
    regime: GroupName | None = Field(default=None, description="As risk.regime.")

    def own(self) -> dict[str, object]:
        """What is set here, by name."""
        values = {name: getattr(self, name) for name in type(self).model_fields}
        # by identity: 0 is a limit, and equal to False
        return {name: value for name, value in values.items() if value is not None and value is not False}


class DeskLimits(ScopedLimits):
    """Limits of the whole desk that are off until they are set, with what they go by."""

    concentration_floor: Share = Field(
        default=Decimal("0.05"),
        description="Exposure to one symbol that max_concentration leaves free, part of NAV.",
    )
    losing_streak_cooldown: PositiveDuration = Field(
        default=60 * MINUTE, description="How long the desk waits after max_consecutive_losses."
    )
    error_window: PositiveDuration = Field(
        default=5 * MINUTE, description="Time within which refused orders count for max_errors."
    )
    burst_window: PositiveDuration = Field(
        default=MINUTE, description="Time within which entries count for max_burst."
    )
    cycle: PositiveDuration = Field(
        default=MINUTE, description="Length of the cycles of max_cycle_orders and max_cycle_notional, of UTC."
    )
    regime: GroupName | None = Field(
        default=None,
        description="The market's regime, as somebody judges it, before that of universe.regime_symbol; `raydesk "
        "limits set regime` changes it.",
    )
    regime_caps: Mapping[GroupName, Ratio] = Field(
        default={},
        description="Factor of max_symbol_exposure by regime; the least of them while the regime is not told.",
    )
    tiers: Mapping[GroupName, SymbolList] = Field(
        default={}, description="Symbols of each tier; the universe's tiers where a symbol is in none."
    )
    themes: Mapping[GroupName, SymbolList] = Field(
        default={}, description="Symbols of each theme or correlation group; a symbol may be in several."
    )
    overrides: Mapping[Scope, LimitOverrides] = Field(
        default={}, description="Limits of parts of the desk, by `symbol:NAME`, `tier:NAME` and so on."
    )

    def contradictions(self) -> Iterator[Contradiction]:
        yield from super().contradictions()
        seen: dict[str, str] = {}
        for tier, symbols in self.tiers.items():
            for symbol in symbols:
                if symbol in seen:
                    yield Contradiction(
                        ("tiers", tier), symbol, f"is in tier {seen[symbol]} as well", "leave it in one"
                    )
                seen[symbol] = tier
        for scope, own in self.overrides.items():
            kind, _, name = scope.partition(":")
            if own.max_exposure is not None and kind not in ("tier", "theme", "venue"):
                yield Contradiction(
                    ("overrides", scope, "max_exposure"),
                    str(own.max_exposure),
                    "only a tier, a theme or a venue is bounded as a whole",
                    "use max_symbol_exposure, or a theme of these symbols",
                )
            if kind == "theme" and name not in self.themes:
                yield Contradiction(
                    ("overrides", scope),
                    name,
                    "there is no such theme",
                    "name its symbols in risk.themes",
                )
