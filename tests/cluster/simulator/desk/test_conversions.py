"""Desks that must exchange money before they can buy live through drawn crashes and faults, between the legs as well.

The auditor compares cash of both currencies, positions and orders with the venue's in the end, as in any seed.
"""

from __future__ import annotations

from collections import Counter
from random import Random
from typing import Any

import msgspec
import pytest

from actors.strategy.strategy import Strategy
from actors.strategy.view import SymbolView
from cluster.simulator.desk import reached
from cluster.simulator.desk.seed import run_seed
from cluster.simulator.desk.shape import DeskShape, drawn_shape
from config import DeskConfig
from messages.treasury import ConversionEnded, ConversionStarted

pytestmark = pytest.mark.unit

SEEDS = 12


class Watcher(Strategy):
    """Brings the marks of its symbol, and never trades."""

    def on_quote(self, view: SymbolView) -> bool:
        return False

    def decide(self, desk: object) -> None:
        raise AssertionError("it is never asked")


def converting(shape: DeskShape) -> DeskShape:
    """The drawn desk, at one venue, with BTC quoted in a currency of which it has little."""
    document = shape.config.model_dump(mode="json")
    name = next(iter(document["venues"]))
    money = {"starting_balances": {"USDT": "50000", "USDC": "300"}, "initial_margin": "100%"}
    document["venues"] = {name: {**document["venues"][name], **money, "protective_stop": None}}
    document["desk"]["rates"] = {"USDC": "1"}
    listed = {"venue": name, "min_notional": "5"}
    document["symbols"] = {
        "BTC-USDC": {**listed, "listing": "BTCUSDC", "tick": "0.1", "lot": "0.001"},
        "USDC-USDT": {**listed, "listing": "USDCUSDT", "tick": "0.0001", "lot": "0.01", "converts": True},
    }
    document["feed"]["synthetic"]["start_prices"] = {"BTC-USDC": "60000", "USDC-USDT": "1"}
    for strategy in document["strategies"].values():
        strategy["symbols"] = ["BTC-USDC"]
    order = {"style": "market", "notional": "100"}
    watch = {"kind": f"{__name__}:Watcher", "symbols": ["USDC-USDT"], "order": order}
    document["strategies"]["watch"] = watch
    document["treasury"]["convert"] = {"enabled": True, "slippage": "1%"}
    document["risk"] |= {"price_collar": "5%", "max_symbol_exposure": "50%", "max_gross_exposure": "100%"}
    config = DeskConfig.model_validate(document)
    return msgspec.structs.replace(shape, config=config, venues={name: shape.venues[name]}, lame=None)


def test_two_legs_survive_whatever_strikes_between_them(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: Counter[str] = Counter()

    def note(kind: type) -> Any:
        return lambda _reached, event, _section: seen.update(
            [f"{kind.__name__} {getattr(event, 'reason', '')}"]
        )

    for kind in (ConversionStarted, ConversionEnded):
        monkeypatch.setitem(reached._LOOKS, kind, note(kind))
    crashes = 0
    for seed in range(SEEDS):
        chance = Random(f"conversions {seed}")
        shape = converting(drawn_shape(chance))
        outcome = run_seed(seed, chance=chance, shape=shape)
        crashes += sum(count for name, count in outcome.struck.items() if name.endswith("/risk"))
    assert seen["ConversionStarted "] > SEEDS / 2, seen
    assert seen["ConversionEnded conversion"] > SEEDS / 3, seen
    assert crashes > SEEDS
