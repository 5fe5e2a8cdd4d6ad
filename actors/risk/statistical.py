"""Between the risk actor's exact amounts and statistics, which are floats: how to get them, how to round them.

Apart from `var`, which computes them and needs numpy: this is loaded by every risk actor.
"""

from __future__ import annotations

import math
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import TYPE_CHECKING

from actors.risk.limits import ZERO

if TYPE_CHECKING:
    from actors.risk.limits import RiskLimits, RiskSettings
    from actors.risk.var import PortfolioStatistics

_CENT = Decimal("0.01")
_MOST = Decimal("1E15")
"""What is too large to tell is as large as any."""


def make_statistics(settings: RiskSettings, limits: RiskLimits) -> PortfolioStatistics:
    """A view of the portfolio's statistics; loads numpy."""
    from actors.risk.var import PortfolioStatistics

    return PortfolioStatistics(settings.statistics, float(limits.correlation_threshold))


def money_up(value: float) -> Decimal:
    """An amount in whole hundredths, rounded up."""
    return Decimal(value).quantize(_CENT, ROUND_CEILING) if math.isfinite(value) else _MOST


def money_down(value: float) -> Decimal:
    """An amount in whole hundredths, rounded down; never less than 0."""
    return max(Decimal(value).quantize(_CENT, ROUND_FLOOR), ZERO) if math.isfinite(value) else _MOST
