"""What `raydesk strategies` prints with `--json`, made from the settings and what the journals tell."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec

from actors.execution.routing.settings import RoutingSettings
from actors.risk.allocation import feedback
from cluster.observe.feedback import intelligence_of
from cluster.observe.strategies import StrategyView
from cluster.observe.summary import plain


class StrategyEntry(msgspec.Struct, frozen=True):
    """One strategy on one symbol.

    `started` is false for one that the settings don't start. `budget` is in base currency, for all its symbols
    together; null for no bound. `suspended_until` (desk time, ns UTC) is how long the symbol is disabled for what its
    trades lost; null if it never was. `decision` and `reason` are the last that were journalled, at desk time
    `decided_at`. In `shadow` its position and trades are simulated. `faults` is how often it failed beside others on
    the symbol, the last time with `error`; for that it may be `parked`. `sizer` is the one that was promoted from
    shadow (import path and parameters), null while the configured one decides.
    """

    strategy: str
    symbol: str
    kind: str
    started: bool
    enabled: bool
    weight: Decimal
    budget: Decimal | None
    position: Decimal
    average_price: Decimal | None
    decision: str | None
    reason: str | None
    decided_at: int | None
    trades: int
    suspended_until: int | None = None
    shadow: bool = False
    faults: int = 0
    error: str | None = None
    parked: bool = False
    sizer: str | None = None


class StrategiesDocument(msgspec.Struct, frozen=True):
    """`raydesk strategies list`: in the order of the settings; what is no longer configured comes last."""

    desk: str
    strategies: tuple[StrategyEntry, ...]


class StrategyCommandDocument(msgspec.Struct, frozen=True):
    """`raydesk strategies enable|disable|budget|sizer`: whether all actors concerned took it over; how they stand."""

    desk: str
    message_id: str
    confirmed: bool
    strategies: tuple[StrategyEntry, ...]


class SymbolSuggestion(msgspec.Struct, frozen=True):
    """A symbol: the weight suggested, and what is known of its trades. `drawdown` is part of what one enters with."""

    symbol: str
    weight: float
    score: float | None
    expectancy_bps: float | None
    quality: str
    drawdown: float


class SuggestionDocument(msgspec.Struct, frozen=True):
    """`raydesk strategies suggest`: nothing of it is in force. `mode` and caps are null while nothing is known."""

    desk: str
    mode: str | None
    symbols: tuple[SymbolSuggestion, ...]
    max_symbol_exposure: Decimal | None
    max_order_notional: Decimal | None
    max_open_positions: int | None
    rationale: tuple[str, ...]


def suggestion(config: Any, projection: Any) -> SuggestionDocument:
    """What the feedback allocator makes of the trades in the journals."""
    risk = config.risk
    known = intelligence_of(projection.strategies.views.values(), RoutingSettings())
    found = feedback(known, risk.max_symbol_exposure, risk.max_order_notional, risk.max_open_positions)
    if found is None:
        return SuggestionDocument(config.desk.name, None, (), None, None, None, ())
    rows = tuple(
        SymbolSuggestion(
            each.symbol,
            found.weights.get(each.symbol, 0.0),
            each.score,
            each.expectancy_bps,
            each.quality,
            each.drawdown,
        )
        for each in known
    )
    return SuggestionDocument(
        config.desk.name,
        found.mode.value,
        rows,
        found.max_symbol_exposure,
        found.max_order_notional,
        found.max_open_positions,
        found.rationale,
    )


def entries(config: Any, projection: Any) -> tuple[StrategyEntry, ...]:
    """A line per strategy and symbol, from the settings and what the journals tell."""
    known: dict[tuple[str, str], StrategyView] = dict(projection.strategies.views)
    rows = [
        _entry(config.strategies[name], StrategyView(name, symbol, ""), known.pop((name, symbol), None))
        for name in config.strategies
        for symbol in config.symbols_of(name)
    ]
    return (*rows, *(_entry(None, view, view) for view in known.values()))


def _entry(chosen: Any, named: StrategyView, view: StrategyView | None) -> StrategyEntry:
    told = view or named
    configured = chosen is not None and chosen.enabled
    return StrategyEntry(
        strategy=named.strategy,
        symbol=named.symbol,
        kind="not configured" if chosen is None else chosen.kind,
        started=configured,
        enabled=configured and told.enabled is not False,
        weight=Decimal(0) if chosen is None else chosen.weight,
        budget=told.budget if told.budget is not None or chosen is None else chosen.budget,
        position=plain(told.position),
        average_price=None if told.average_price is None else plain(told.average_price),
        decision=None if told.decision is None else told.decision.value,
        reason=None if told.reason is None else told.reason.value,
        decided_at=told.decided_at,
        trades=told.trades,
        suspended_until=told.suspended_until or None,
        shadow=told.shadow or (chosen is not None and chosen.shadow),
        faults=told.faults,
        error=told.error,
        parked=told.parked,
        sizer=told.sizer,
    )
