"""The engine on a recorded market: both sides quoted passively, and the books must balance."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from decimal import Decimal
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from actors.venues.matching.engine import MatchingEngine
from actors.venues.matching.events import OrderFilled
from actors.venues.matching.instruments import EngineSettings, MarketKind
from actors.venues.matching.orders import CancelRequest
from messages.intents import Side
from tests.actors.venues.matching.builders import SYMBOL, amount, instrument, make_order, rich

pytestmark = pytest.mark.integration

DATA = Path(__file__).parents[4] / ".." / "shared" / "data" / "binance_raw_l2" / "usdm_btcusdt_20240808.gz"
FRAMES = 25_000


@pytest.mark.parametrize("kind", [MarketKind.TOP, MarketKind.DEPTH, MarketKind.TRADES])
def test_cash_and_position_follow_from_the_fills_of_a_recorded_session(kind: MarketKind) -> None:
    if not DATA.exists():
        pytest.skip("skipped: no recorded data")
    traded = instrument(kind, tick=amount("0.1"), lot=amount("0.001"), maker_fee=amount("0.0002"))
    engine = MatchingEngine([traded], EngineSettings(order_latency=5_000_000), [rich("a")])
    fills = _quote_both_sides(engine)
    assert len(fills) > 5
    cash, held = Decimal(1_000_000_000), Decimal(0)
    for fill in fills:
        sign = 1 if fill.side is Side.BUY else -1
        cash -= sign * fill.price * fill.quantity + fill.fee
        held += sign * fill.quantity
    view = engine.account("a")
    assert view.balances["USDT"] == cash
    assert (view.positions[SYMBOL].quantity if SYMBOL in view.positions else 0) == held


def _quote_both_sides(engine: MatchingEngine) -> list[OrderFilled]:
    """Every 200 prints, replace a bid and an ask around the last price."""
    fills: list[OrderFilled] = []
    prints = 0
    for time, stream, data in islice(_frames(), FRAMES):
        _feed(engine, time, stream, data)
        if stream == "trade":
            prints += 1
            if prints % 200 == 0:
                last = Decimal(data["p"])
                arrival = engine.settings.arrival_time(time)
                for side, price in ((Side.BUY, last - 3), (Side.SELL, last + 3)):
                    engine.cancel(CancelRequest("a", f"{side}{prints - 200}"), arrival)
                    engine.submit(make_order(side, "0.005", str(price), id=f"{side}{prints}"), arrival)
        fills += [event for event in engine.drain() if isinstance(event, OrderFilled)]
    return fills


def _feed(engine: MatchingEngine, time: int, stream: str, data: dict[str, Any]) -> None:
    if stream == "bookTicker":
        engine.on_quote(SYMBOL, time, float(data["b"]), float(data["B"]), float(data["a"]), float(data["A"]))
    elif stream == "trade":
        engine.on_trade(SYMBOL, time, float(data["p"]), float(data["q"]), -1 if data["m"] else 1)
    elif stream == "depth":
        engine.on_depth(SYMBOL, time, _levels(data["b"]), _levels(data["a"]), False)
    else:
        engine.on_depth(SYMBOL, time, _levels(data["bids"]), _levels(data["asks"]), True)


def _levels(rows: list[list[str]]) -> list[tuple[float, float]]:
    return [(float(price), float(size)) for price, size in rows]


def _frames() -> Iterator[tuple[int, str, dict[str, Any]]]:
    """(receive time, stream, data) of the recording; the REST snapshot is stream `snapshot`."""
    with gzip.open(DATA, "rt") as lines:
        for line in lines:
            time, _, text = line.partition(" ")
            document = json.loads(text)
            if "lastUpdateId" in document:
                yield int(time), "snapshot", document
            else:
                yield int(time), document["stream"].split("@")[1], document["data"]
