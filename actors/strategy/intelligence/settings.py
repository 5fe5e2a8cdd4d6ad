"""How closed trades are judged: over which time, what they do to sizes, and what a symbol may lose in a day."""

from __future__ import annotations

import msgspec

from messages.errors import ConfigurationError

SECOND = 1_000_000_000
HOUR = 3_600 * SECOND


class IntelligenceSettings(msgspec.Struct, frozen=True):
    """`window` (ns) is what expectancy looks back on; fewer than `min_trades` in it say nothing.

    Sizes are multiplied by a factor from `min_factor` to `max_factor`, if `feedback`. A symbol whose trades of the last
    `drawdown_window` ns fell by `max_drawdown` of the capital (the budget, else the size of one order) from their best
    is left alone for `rest` ns; None for never. `fee_rate` (fraction) stands for fees paid in a third currency.
    """

    window: int = 48 * HOUR
    min_trades: int = 10
    feedback: bool = True
    min_factor: float = 0.5
    max_factor: float = 1.25
    max_drawdown: float | None = 0.03
    drawdown_window: int = 24 * HOUR
    rest: int = 24 * HOUR
    fee_rate: float = 0.001

    def __post_init__(self) -> None:
        for name in ("window", "min_trades", "min_factor", "drawdown_window", "rest", "max_drawdown"):
            value = getattr(self, name)
            if value is not None and not value > 0:
                raise ConfigurationError(
                    "must be above zero",
                    field=f"intelligence.{name}",
                    value=value,
                    remedy="set a positive value",
                )
        if not self.min_factor <= 1.0 <= self.max_factor:
            raise ConfigurationError(
                "the factor must be able to be 1",
                field="intelligence.min_factor",
                value=f"{self.min_factor} to {self.max_factor}",
                remedy="min_factor at most 1, max_factor at least 1",
            )
