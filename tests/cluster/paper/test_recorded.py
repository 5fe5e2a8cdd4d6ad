"""The venue over recorded market data."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from cluster.feeds import Recording
from cluster.paper.settings import RecordedSource, TimeMode, TimeSettings
from tests.cluster.paper.building import SECOND, go, open_venue, order, resting, settings_of, told

pytestmark = pytest.mark.integration

DATA = Path(__file__).parents[3] / ".." / "shared" / "data"
QUOTES = """time,symbol,bid,bid_size,ask,ask_size
1700000000000000000,BTCUSDT,100.0,5,100.1,5
1700000001000000000,BTCUSDT,100.2,5,100.3,5
1700000002000000000,BTCUSDT,99.0,5,99.1,5
"""


def test_orders_meet_the_recorded_quotes_also_after_a_restart(tmp_path: Path) -> None:
    path = tmp_path / "quotes.csv"
    path.write_text(QUOTES)
    opening = 1_700_000_000_000_000_000
    settings = settings_of(
        tmp_path / "venue",
        symbols=("BTC-USDT",),
        source=RecordedSource(
            paths=(str(path),), listings={"BTCUSDT": "BTC-USDT"}, cache_folder=str(tmp_path / "cache")
        ),
        time=TimeSettings(mode=TimeMode.GRANTED, start=opening),
    )
    venue = open_venue(settings)
    go(venue, opening)
    venue.place(order("taker", quantity=Decimal(1), sent_at=opening + SECOND))
    venue.place(resting("maker", limit_price=Decimal("99.5"), quantity=Decimal(2), sent_at=opening))
    go(venue, opening + SECOND + SECOND // 2)
    venue.close()
    venue = open_venue(settings)
    go(venue, opening + 4 * SECOND)
    fills = [(each["client_order_id"], each["fill"]["price"]) for each in told(venue) if each["fill"]]
    assert fills == [("taker", "100.3"), ("maker", "99.5")]
    assert venue.next_market_time is None
    venue.close()


def test_a_real_recording_fills_orders_all_the_way(tmp_path: Path) -> None:
    files = sorted(DATA.rglob("usdm_btcusdt*.gz"))
    if not files:
        pytest.skip("skipped: no recorded data")
    source = RecordedSource(
        paths=(str(files[0]),), listings={"BTCUSDT": "BTC-USDT"}, cache_folder=str(tmp_path / "cache")
    )
    window = Recording(source.paths, source.listings, cache_folder=source.cache_folder)
    settings = settings_of(
        tmp_path / "venue",
        symbols=("BTC-USDT",),
        source=source,
        time=TimeSettings(mode=TimeMode.GRANTED, start=window.first_time),
    )
    venue = open_venue(settings)
    step = (window.last_time - window.first_time) // 50
    for number in range(50):
        go(venue, window.first_time + number * step)
        if number:
            venue.place(order(f"o{number}", sent_at=venue.time))
    go(venue, window.last_time + SECOND)
    states = {each["client_order_id"]: each["state"] for each in told(venue)}
    assert list(states.values()) == ["filled"] * 49
    venue.close()
