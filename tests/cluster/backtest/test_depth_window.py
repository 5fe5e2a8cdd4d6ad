"""A backtest that begins between two snapshots of an order book trades on the book as it was then."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from cluster.backtest.runner import backtest
from config import LoadedConfig
from tests.cluster.backtest.market import DESK, small_desk
from tests.cluster.feeds.recordings import MS, START, depth_line, quote_line, snapshot_line, write_stream

pytestmark = pytest.mark.unit

ROWS = 2_000
MIDDLE = START + ROWS * 5 * MS


def recording(folder: Path) -> Path:
    """20 s of quotes around a book whose one snapshot stands at the beginning; later only far levels change."""
    lines = [
        snapshot_line(START, [["100.1", "50"], ["99.9", "50"]], [["100.2", "50"], ["100.4", "50"]]),
    ]
    for row in range(1, ROWS):
        time = START + row * 10 * MS
        up = (row // 50) % 2
        lines.append(quote_line(time, f"{100.1 + up:.1f}", f"{100.2 + up:.1f}"))
        lines.append(depth_line(time + MS, [[f"{90 + row % 7}", "3"]], [[f"{110 + row % 7}", "3"]]))
    return write_stream(folder / "usdm_btcusdt.gz", lines)


def desk(folder: Path) -> LoadedConfig:
    paper = {**DESK["venues"]["paper"], "fill": {"market": "depth"}}
    return small_desk(
        folder,
        feed={"mode": "recorded", "max_quote_age": "5s"},
        venues={"paper": paper},
        symbols={"BTC-USDT": DESK["symbols"]["BTC-USDT"]},
        strategies={"ema": {**DESK["strategies"]["ema"], "stop": None}},
        risk={**DESK["risk"], "price_collar": "5%"},
    )


def test_it_begins_with_the_levels_that_the_rows_before_add_up_to(tmp_path: Path) -> None:
    data, loaded = recording(tmp_path), desk(tmp_path)
    whole = backtest(loaded, [data], cache=tmp_path / "cache")
    later = backtest(loaded, [data], cache=tmp_path / "cache", start=MIDDLE)
    assert min(len(whole.fills), len(later.fills)) > 3
    assert all(fill.event_time >= MIDDLE for fill in later.fills)
    levels = {Decimal(price) for price in ("99.9", "100.1", "100.2", "100.4")}
    assert {fill.price for fill in later.fills} <= levels
    assert later.fills[0].price in (Decimal("100.1"), Decimal("100.2"))
