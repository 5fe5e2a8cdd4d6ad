"""The drills, by name."""

from __future__ import annotations

from collections.abc import Mapping

from cluster.drill.drill import Drill
from cluster.drill.drills import (
    clock_skew,
    drawdown,
    kill_switch,
    reconcile_lag,
    retry_storm,
    stale_quotes,
)

DRILLS: Mapping[str, Drill] = {
    drill.name: drill
    for drill in (
        stale_quotes.DRILL,
        clock_skew.DRILL,
        retry_storm.DRILL,
        reconcile_lag.DRILL,
        kill_switch.DRILL,
        drawdown.REDUCE,
        drawdown.HALT,
    )
}
"""In the order in which they are listed."""
