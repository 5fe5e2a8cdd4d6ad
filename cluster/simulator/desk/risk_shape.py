"""What only some seeds' desks have risk do: tail limits, pace, anomalies, splits of capital, limits that adapt.

All of it is drawn from a source of its own, so that a desk that has none of it is the same as without this file.
"""

from __future__ import annotations

from decimal import Decimal
from random import Random
from typing import Any

import msgspec

from actors.risk.allocation_settings import AdaptationSettings, AllocationSettings
from actors.risk.limits import RiskSettings
from actors.risk.statistics_settings import StatisticsSettings
from cluster.simulator.desk.extras import WATCHER
from cluster.simulator.faults import MILLISECOND

Document = dict[str, Any]


class RiskShape(msgspec.Struct, frozen=True):
    """Waits of risk that fit into a history of seconds, each used where the desk's settings switch its part on.

    - `tells_transfers`: the venues whose streams tell of money that is moved there; elsewhere a person records it.
    - `statistics`, `allocation`, `adaptation`: as in the desk's settings, which know longer waits alone.
    """

    tells_transfers: tuple[str, ...] = ()
    statistics: StatisticsSettings = StatisticsSettings()
    allocation: AllocationSettings = AllocationSettings()
    adaptation: AdaptationSettings = AdaptationSettings()


def drawn_risk(chance: Random, document: Document) -> RiskShape:
    """Draw what risk does besides, and change the desk's document accordingly."""
    _draw_rates(chance, document)
    if chance.random() < 0.2:
        _draw_pace(chance, document)
    if chance.random() < 0.2:
        _draw_anomalies(chance, document)
    if chance.random() < 0.15:
        _draw_tails(chance, document)
    return RiskShape(
        tells_transfers=tuple(name for name in document["venues"] if chance.random() < 0.6),
        statistics=_drawn_statistics(chance),
        allocation=_drawn_allocation(chance, document),
        adaptation=_drawn_adaptation(chance),
    )


def risk_at(base: RiskSettings, shape: RiskShape) -> RiskSettings:
    """Settings of the risk actor: as configured, with waits that fit into a history of seconds."""
    return msgspec.structs.replace(
        base, statistics=shape.statistics, allocation=shape.allocation, adaptation=shape.adaptation
    )


def _draw_rates(chance: Random, document: Document) -> None:
    """What a currency counts follows its symbol's mark, closely or by steps, where a desk has two currencies."""
    rates = document["desk"].get("rates", {})
    if rates and chance.random() < 0.7:
        document["desk"] |= {
            "rate_symbols": {currency: f"{currency}-USDT" for currency in rates},
            "rate_step": chance.choice(("0%", "0.05%")),
            "max_rate_age": chance.choice(("60ms", "60s")),
        }


def _draw_pace(chance: Random, document: Document) -> None:
    """Waits after fills and after how positions ended, and bounds on how many entries come at a time."""
    waits = {
        "cooldown_after_fill": (20, 200),
        "cooldown_after_win": (20, 400),
        "cooldown_after_loss": (50, 900),
        "cooldown_after_stop": (50, 900),
        "symbol_spacing": (20, 300),
        "global_spacing": (10, 100),
    }
    chosen: Document = {
        name: f"{chance.randrange(*span)}ms" for name, span in waits.items() if chance.random() < 0.5
    }
    if chance.random() < 0.5:
        chosen |= {
            "max_consecutive_losses": chance.choice((1, 3)),
            "losing_streak_cooldown": f"{chance.randrange(200, 1_500)}ms",
        }
    if chance.random() < 0.5:
        chosen |= {
            "max_burst": chance.choice((2, 5)),
            "burst_window": f"{chance.randrange(100, 1_000)}ms",
        }
    document["risk"] |= chosen


def _draw_anomalies(chance: Random, document: Document) -> None:
    """Looks every so often, and levels that come and go within seconds."""
    document["risk"]["anomalies"] = {
        "enabled": True,
        "interval": f"{chance.randrange(150, 400)}ms",
        "stale_after": chance.choice(("100ms", "1s")),
        "latency": chance.choice(("60ms", "500ms")),
        "rejects": chance.choice((1, 3)),
        "reject_window": "1s",
        "clock_skew": chance.choice(("50ms", "5s")),
        "divergence_warn": chance.choice((1, 50)),
        "divergence_error": 200,
        "warn_streak": chance.choice((1, 2)),
        "more_streak": chance.choice((2, 4)),
        "hold": f"{chance.randrange(200, 1_000)}ms",
        "hold_error": f"{chance.randrange(200, 1_500)}ms",
        "stable": chance.choice((1, 2)),
        "stable_last": chance.choice((1, 3)),
    }


def _draw_tails(chance: Random, document: Document) -> None:
    """Limits on what the portfolio may lose in bad times."""
    chosen = {
        "max_portfolio_var": chance.choice(("0.1%", "0.3%", "2%")),
        "max_position_cvar": chance.choice(("0.2%", "1%", "5%")),
        "max_correlated_exposure": chance.choice(("5%", "20%", "80%")),
    }
    kept = [name for name in chosen if chance.random() < 0.6] or ["max_portfolio_var"]
    document["risk"] |= {name: chosen[name] for name in kept}
    document["risk"]["correlation_threshold"] = chance.choice(("5%", "20%", "50%"))


def _drawn_statistics(chance: Random) -> StatisticsSettings:
    spacing = chance.randrange(80, 250) * MILLISECOND
    return StatisticsSettings(
        spacing=spacing,
        lookback=chance.choice((12, 40)),
        halflife=chance.choice((3, 5, 30)),
        min_samples=chance.choice((2, 8)),
        tail_samples=12,
        horizon=spacing * chance.choice((10, 100)),
    )


def _drawn_allocation(chance: Random, document: Document) -> AllocationSettings:
    """Splits of capital over all strategies that trade, or over some."""
    names = [name for name, each in document["strategies"].items() if each.get("symbols") != []]
    names = [name for name in names if name != WATCHER]
    return AllocationSettings(
        enabled=chance.random() < 0.2,
        strategies=tuple(names if chance.random() < 0.85 else names[:1]),
        every=chance.randrange(200, 1_200) * MILLISECOND,
        share=Decimal(chance.choice(("0.05", "0.3", "1"))),
        min_observations=chance.choice((2, 4)),
        lookback=6,
        max_weight=Decimal(chance.choice(("0.6", "1"))),
        max_turnover=Decimal(chance.choice(("0.25", "1"))),
        min_change=Decimal(chance.choice(("0.0001", "0.01"))),
    )


def _drawn_adaptation(chance: Random) -> AdaptationSettings:
    """Cycles of about a second, of which a few make a change."""
    return AdaptationSettings(
        enabled=chance.random() < 0.2,
        cycle=chance.randrange(200, 1_000) * MILLISECOND,
        window=3,
        max_changes=chance.choice((1, 3)),
        floor=Decimal(chance.choice(("0.2", "0.9"))),
        reject_spike=1,
        drawdown_part=Decimal(chance.choice(("0.002", "0.05"))),
        healthy_cycles=chance.choice((1, 3)),
        worse_loss=Decimal("0.00001"),
    )
