"""The shape of a seed's desk: which symbols, venues, strategies, limits and faults, all drawn from the seed."""

from __future__ import annotations

from random import Random
from typing import Any

import msgspec

from cluster.session_feed import SYNTHETIC_START, FeedPlan
from cluster.simulator.desk.extras import (
    UniverseShape,
    draw_budgets,
    draw_conversions,
    draw_group,
    draw_treasury,
    draw_universe,
)
from cluster.simulator.desk.faults import SECOND, drawn_plan, with_rare_people
from cluster.simulator.desk.risk_shape import RiskShape, drawn_risk
from cluster.simulator.desk.venue_shape import VenueShape, drawn_venue
from cluster.simulator.faults import MILLISECOND, FaultPlan
from config import DeskConfig

_LISTED: dict[str, tuple[str, dict[str, Any]]] = {
    "BTC-USDT": ("60000", {"listing": "BTCUSDT", "tick": "0.1", "lot": "0.001", "min_notional": 50}),
    "ETH-USDT": ("3000", {"listing": "ETHUSDT", "tick": "0.01", "lot": "0.001", "min_notional": 20}),
    "XRP-USDT": ("0.5", {"listing": "XRPUSDT", "tick": "0.0001", "lot": "0.1", "min_notional": 5}),
}
"""The symbols of a simulated desk: first price, and how they are listed."""

_CALM = 3_500 * MILLISECOND
"""How long the market lasts after the faults."""
_CALM_TO_LEAVE = 6_500 * MILLISECOND
"""The same where symbols leave: their positions are to be closed while there is a market."""


class DeskShape(msgspec.Struct, frozen=True):
    """One seed's desk.

    - `trading`: how long the market lasts, ns; faults end at `plan.until`, before it does.
    - `pulse`: how often market data comes in, ns.
    - `venues`: what each venue is like, and how its account is looked after.
    - `remote`: the share of processes on a machine that nobody can look at, so that only the lease proves their end.
    - `tight`: supervisors bear few restarts only.
    - `lame`: a venue that stays out when the faults have ended, until the others have shown that they trade on.
    - `retries_strategies`: whether the operator brings parked strategies back in the end.
    - `digest_every`: every how many steps of an actor its state is compared byte for byte.
    - `universe`: how symbols come and go; None where all are traded all along.
    - `risk`: what risk does besides, by waits that fit into a history of seconds.
    """

    config: DeskConfig
    feed: FeedPlan
    plan: FaultPlan
    trading: int
    pulse: int
    venues: dict[str, VenueShape]
    remote: float
    tight: bool
    lame: str | None
    retries_strategies: bool
    digest_every: int
    universe: UniverseShape | None = None
    risk: RiskShape = RiskShape()


def drawn_shape(chance: Random, plan: FaultPlan | None = None) -> DeskShape:
    """Draw a desk and, unless `plan` is given, what goes wrong with it."""
    faulty = chance.randrange(2_000, 8_000) * MILLISECOND
    tight = chance.random() < 0.2
    start = SYNTHETIC_START
    document = _document(chance, tight)
    universe = _draw_extras(chance, document)
    trading = faulty + (_CALM if universe is None else _CALM_TO_LEAVE)
    document["feed"]["synthetic"]["duration"] = f"{trading // MILLISECOND}ms"
    apart = Random(f"risk {document['feed']['synthetic']['seed']}")
    risk = drawn_risk(apart, document)
    config = DeskConfig.model_validate(document)
    venues = list(config.venues)
    drawn = drawn_plan(chance, start + faulty)
    return DeskShape(
        config=config,
        feed=FeedPlan(
            # symbols come and go only where time is not granted
            speed="lockstep" if universe is None else "1",
            start=start,
            end=start + trading,
            slice_ns=50 * MILLISECOND,
        ),
        plan=plan or with_rare_people(drawn, apart),
        trading=trading,
        pulse=chance.randrange(15, 60) * MILLISECOND,
        venues={venue: drawn_venue(chance) for venue in venues},
        remote=chance.choice((0.0, 0.3, 1.0)),
        tight=tight,
        lame=chance.choice(venues) if len(venues) > 1 and chance.random() < 0.4 else None,
        retries_strategies=chance.random() < 0.7,
        digest_every=chance.choice((1, 3, 10)),
        universe=universe,
        risk=risk,
    )


def _draw_extras(chance: Random, document: dict[str, Any]) -> UniverseShape | None:
    draw_conversions(chance, document)
    if document.get("treasury"):
        return None
    draw_group(chance, document)
    draw_budgets(chance, document)
    draw_treasury(chance, document)
    return draw_universe(chance, document)


def _document(chance: Random, tight: bool) -> dict[str, Any]:
    symbols = chance.sample(tuple(_LISTED), chance.randrange(1, 4))
    venues = ["alpha", "beta"][: min(len(symbols), chance.randrange(1, 3))]
    homes = {symbol: venues[index % len(venues)] for index, symbol in enumerate(symbols)}
    return {
        "desk": {"name": "sim", "environment": "paper", "base_currency": "USDT", "seed": 1},
        "metrics": {"enabled": False},
        "redis": {
            "mailbox_capacity": chance.choice((1, 2, 10_000, 10_000)),
            "on_store_loss": f"{chance.randrange(100, 900)}ms",
        },
        "supervision": _supervision(chance, tight),
        "feed": {
            "mode": "synthetic",
            "speed": "lockstep",
            "synthetic": {
                "seed": chance.randrange(10**6),
                "volatility": f"{chance.choice((10, 20, 40))}bps",
                "quotes_per_second": chance.randrange(15, 40),
                "start_prices": {symbol: _LISTED[symbol][0] for symbol in symbols},
            },
        },
        "venues": {venue: _venue(chance) for venue in venues},
        "symbols": {symbol: {"venue": homes[symbol], **_LISTED[symbol][1]} for symbol in symbols},
        "strategies": _strategies(chance),
        "risk": _limits(chance),
    }


def _supervision(chance: Random, tight: bool) -> dict[str, Any]:
    return {
        "heartbeat_interval": "200ms",
        "hang_timeout": "1s",
        "lease": f"{chance.choice((400, 800, 1_500))}ms",
        "backoff": {"minimum": "20ms", "maximum": "400ms"},
        "intensity": {"restarts": chance.randrange(2, 5) if tight else 10_000, "period": "10s"},
        "quiet_time": chance.choice((None, "2s")),
        "snapshot_every": chance.choice((5, 20, 60)),
        "digest_every": chance.choice((1, 5)),
        "shutdown_timeout": "1s",
    }


def _venue(chance: Random) -> dict[str, Any]:
    return {
        "kind": "paper",
        "starting_balances": {"USDT": 50_000},
        "latency_order": f"{chance.randrange(1, 40)}ms",
        "latency_report": f"{chance.randrange(1, 40)}ms",
        "fill": {"queue_position": chance.random() < 0.5, "slippage": "5bps"},
        "initial_margin": chance.choice(("10%", "10%", "10%", "10%", "100%")),
        "protective_stop": chance.choice((None, "20bps", "1%")),
    }


def _strategies(chance: Random) -> dict[str, Any]:
    """Both built-in kinds, resting orders and market orders; short cooldowns, so that much happens."""
    made: dict[str, Any] = {
        "cross": {
            "kind": "ema_cross",
            "symbols": "all",
            "parameters": {"fast": 1, "slow": chance.choice((3, 12, 60)), "sampling_interval": "50ms"},
            "order": {
                "style": "market",
                "notional": chance.choice((500, 2_000, 12_000)),
                "deadline": f"{chance.choice((300, 2_000))}ms",
                **_route(chance),
            },
            "cooldown": f"{chance.randrange(20, 150)}ms",
            "stop": "30bps",
            "target": "30bps",
            "on_give_up": chance.choice(("flatten", "hold_with_stop")),
        },
        "rest": {
            "kind": "momentum",
            "symbols": "all",
            "parameters": {"lookback": "200ms", "threshold": "1bps"},
            "order": {
                "style": chance.choice(("post_only", "limit")),
                "notional": chance.choice((500, 3_000)),
                "time_to_live": f"{chance.randrange(100, 1_500)}ms",
                "deadline": "2s",
                **_route(chance),
            },
            "cooldown": f"{chance.randrange(20, 150)}ms",
            "max_holding": "1500ms",
            "on_give_up": "flatten",
        },
    }
    kept = chance.choice((("cross", "rest"), ("cross", "rest"), ("cross",), ("rest",)))
    return {name: made[name] for name in kept}


def _route(chance: Random) -> dict[str, Any]:
    """How entries at the market become orders; what takes its time needs a deadline that leaves it."""
    route = chance.choice(("direct", "maker_first", "maker_first", "twap", "twap", "flip"))
    return {"route": route, "deadline": "3s"} if route in ("maker_first", "twap") else {"route": route}


def _limits(chance: Random) -> dict[str, Any]:
    if chance.random() < 0.4:
        return {
            "max_order_notional": chance.choice((1_500, 2_500)),
            "max_symbol_exposure": "3%",
            "max_gross_exposure": "5%",
            "max_open_orders": chance.choice((2, 4)),
            "max_open_positions": 2,
            "on_halt": chance.choice(("cancel_only", "flatten")),
        }
    return {
        "max_order_notional": 15_000,
        "max_symbol_exposure": "60%",
        "max_gross_exposure": "150%",
        "on_halt": chance.choice(("cancel_only", "flatten")),
    }


def end_of_market(shape: DeskShape) -> int:
    """When the market ends, ns UTC."""
    return shape.feed.start + shape.trading


def settled_after(shape: DeskShape) -> int:
    """Desk time by which everything must be at rest: the market's end and all waits a doubt may need, ns UTC."""
    return end_of_market(shape) + 600 * SECOND
