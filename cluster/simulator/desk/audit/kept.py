"""What risk keeps of its statistics step by step is, bit for bit, what is made anew of the state after a crash."""

from __future__ import annotations

from actors.risk.actor import RiskActor
from actors.risk.limits import RiskSettings
from actors.risk.state import RiskState
from actors.risk.var import PortfolioStatistics
from cluster.simulator.desk.audit.finding import Finding

_SIDES = (True, False)


def check_kept(live: RiskActor, state: RiskState, settings: RiskSettings) -> None:
    """Raises `Finding` where the figures of a live actor are not those of `state`, its committed one."""
    kept = live._made
    if kept is None:
        return
    fresh = PortfolioStatistics(settings.statistics, float(settings.limits.correlation_threshold))
    own, anew = _figures(kept, live.state), _figures(fresh, state)
    if own != anew:
        raise Finding(5, "statistics kept are not those of the state", actors=("risk",), value=(own, anew))


def _figures(statistics: PortfolioStatistics, state: RiskState) -> list[object]:
    figures: list[object] = [statistics.value_at_risk(state)]
    for symbol in state.listings:
        figures += [statistics.outlook(state, symbol, is_buy=side) for side in _SIDES]
        figures.append(statistics.exposure_with(state, symbol))
    return figures
