"""People who change limits while the desk trades: tighter, looser, for a part of it, and back."""

from __future__ import annotations

from decimal import Decimal
from random import Random
from typing import Final

from actors.risk.limit_table import write
from config.schema import DeskConfig
from messages.limits import DESK, SetLimit

CHANGED: Final = (
    "max_gross_exposure",
    "max_symbol_exposure",
    "max_order_notional",
    "max_open_orders",
    "max_open_positions",
    "min_cash_reserve",
)
"""Limits that are changed; those that the auditor judges every approval by."""

CHANGED_IF_SET: Final = (
    "max_portfolio_var",
    "max_position_cvar",
    "max_correlated_exposure",
    "cooldown_after_fill",
    "cooldown_after_win",
    "cooldown_after_loss",
    "cooldown_after_stop",
    "symbol_spacing",
    "global_spacing",
    "max_consecutive_losses",
    "losing_streak_cooldown",
    "max_burst",
    "burst_window",
)
"""Limits that are changed where the settings have them: what they go by is counted from the start there."""

_FACTORS: Final = (Decimal("0.02"), Decimal("0.2"), Decimal("0.5"), Decimal("0.8"), Decimal("1.2"))


def drawn_change(chance: Random, config: DeskConfig) -> SetLimit:
    """A command that changes one limit of the desk or of a part of it, or takes an earlier change back."""
    name, scope = chance.choice(_changed(config)), _scope(chance, config)
    if chance.random() < 0.15 and scope.startswith("venue:"):
        part = chance.choice((Decimal("0.001"), Decimal("0.05"), Decimal("0.5")))
        return SetLimit("operator", "max_exposure", scope, write(part))
    if chance.random() < 0.2:
        return SetLimit("operator", name, scope, None)
    configured: Decimal | int = getattr(config.risk, name)
    changed: Decimal | int = configured * chance.choice(_FACTORS)
    if isinstance(configured, int):
        changed = max(1, int(changed))
    return SetLimit("operator", name, scope, write(changed))


def changes_taken_back(config: DeskConfig) -> list[SetLimit]:
    """The commands after which every limit is that of the settings again."""
    scopes = [DESK, *_parts(config)]
    taken = [SetLimit("operator", name, scope, None) for scope in scopes for name in _changed(config)]
    return [*taken, *(SetLimit("operator", "max_exposure", f"venue:{name}", None) for name in config.venues)]


def _changed(config: DeskConfig) -> tuple[str, ...]:
    more = [name for name in CHANGED_IF_SET if getattr(config.risk, name) is not None]
    if config.risk.max_consecutive_losses is None:
        more = [name for name in more if name != "losing_streak_cooldown"]
    if config.risk.max_burst is None:
        more = [name for name in more if name != "burst_window"]
    return (*CHANGED, *more)


def _scope(chance: Random, config: DeskConfig) -> str:
    return DESK if chance.random() < 0.5 else chance.choice(_parts(config))


def _parts(config: DeskConfig) -> list[str]:
    return [
        *(f"symbol:{name}" for name in config.symbols),
        *(f"strategy:{name}" for name in config.strategies),
        *(f"venue:{name}" for name in config.venues),
    ]
