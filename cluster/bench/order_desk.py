"""The desk on which the way from quote to order is measured: one perpetual on a local exchange, one strategy that
trades when it is told to.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from actors.strategy.strategy import Strategy
from actors.strategy.view import SymbolView
from cluster.host.clocks import PaceAnchor
from cluster.host.launch import Launch
from cluster.session_feed import FeedPlan
from config.loader import load_config
from messages.base import Address

if TYPE_CHECKING:
    from actors.strategy.desk import Desk
    from cluster.exchange.settings import ServerSettings

DESK = "bench-order"
VENUE = "binance"
SYMBOL = "BTC-USDT-PERP"
STRATEGY: Address = f"strategy/{SYMBOL}"
RISK: Address = "risk"
EXECUTION: Address = f"execution/{VENUE}"
BOOK_UPDATES_PER_SECOND = 50

_PROFILE = "demo"
_UNLIMITED = 1_000_000_000


def order_launch(url: str, folder: Path) -> Launch:
    """The desk on the Redis at `url` that lives below `folder`: the demo's, with one symbol and one strategy."""
    demo = load_config(_PROFILE, environ={}).config
    without = {f"symbols.{symbol}": None for symbol in demo.symbols if symbol != SYMBOL}
    without |= {f"strategies.{name}": None for name in demo.strategies}
    loaded = load_config(
        _PROFILE,
        environ={},
        overrides={
            **without,
            "desk.name": DESK,
            "feed.warm_up": "0s",
            f"venues.{VENUE}.exchange.updates_per_second": BOOK_UPDATES_PER_SECOND,
            f"venues.{VENUE}.exchange.starting_balances": {"USDT": 10_000_000},
            "strategies.on_cue": {
                "kind": f"{__name__}:OnCue",
                "symbols": [SYMBOL],
                "order": {"style": "market", "notional": 1000},
            },
            "ray.dashboard": False,
            "metrics.enabled": False,
        },
    )
    return Launch(
        desk=DESK,
        namespace=DESK,
        config=loaded.config,
        config_hash=loaded.hash,
        code_version="bench",
        redis_url=url,
        folder=str(folder),
        feed=FeedPlan(speed="1", slice_ns=loaded.config.feed.slice, anchor=PaceAnchor(0, 0, 1.0)),
    )


def exchange_settings(launch: Launch) -> ServerSettings:
    """The exchange that the desk's settings ask for, without limits of requests: they would be what is measured."""
    from cluster.exchange.fronts.binance_usdm.context import FrontSettings
    from cluster.exchange.fronts.binance_usdm.limits import LimitSettings
    from cluster.host.venue_map import exchange_of

    limits = LimitSettings(
        weight_per_minute=_UNLIMITED, orders_per_ten_seconds=_UNLIMITED, orders_per_minute=_UNLIMITED
    )
    return msgspec.structs.replace(exchange_of(launch, VENUE), front=FrontSettings(limits=limits))


class OnCue(Strategy):
    """Trades on the next quote when it was told to: buys what is not held, sells what is.

    `cued` is set from outside; `decided_on` is the venue's time (ns UTC) of the quote of the last decision.
    """

    cued = False
    decided_on = 0

    def on_quote(self, view: SymbolView) -> bool:
        return self.cued

    def decide(self, desk: Desk) -> None:
        self.cued = False
        self.decided_on = desk.view.quote_event_time
        if desk.position.direction > 0:
            desk.sell(quantity=desk.position.size)
        else:
            desk.buy()
