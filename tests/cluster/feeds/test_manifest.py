"""Every file of the recorded data's manifest gives the rows and the times that the manifest tells."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from cluster.feeds import FeedCursor, RecordedFeed, Recording, expand_data, expand_funding, read_funding
from cluster.feeds.readers import Coverage, read
from messages.errors import DataProviderError
from messages.market import TickKind

pytestmark = pytest.mark.integration

DATA = Path(__file__).resolve().parents[3] / ".." / "shared" / "data"
MANIFEST = DATA / "MANIFEST.md"

SECOND = 1_000_000_000
INTERVALS = {"/minute/": 60 * SECOND, "/second/": SECOND, "-5m": 300 * SECOND}
"""From the manifest's times, which are those of the files, to the time at which a row is known."""

RECORDS_WITHOUT_A_ROW = re.compile(r'"(depth|depth_snapshot)": (\d+)')


@dataclass(frozen=True)
class Listed:
    """One line of the manifest; times in ns UTC."""

    name: str
    rows: int
    first: int
    last: int


def listed() -> Iterator[Listed]:
    if not MANIFEST.exists():
        return
    for line in MANIFEST.read_text().splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if len(cells) == 7 and cells[2].isdigit():
            name, _, rows, first, last, content, _ = cells
            without = sum(int(count) for _, count in RECORDS_WITHOUT_A_ROW.findall(content))
            zone = ZoneInfo("America/New_York" if "/equity/" in name else "UTC")
            yield Listed(name, int(rows) - without, moment(first, zone), moment(last, zone))


def moment(text: str, zone: ZoneInfo) -> int:
    """The manifest writes a fraction of any length; whole seconds of 5 minute bars end in `:0000`."""
    if text.count(":") == 2 and "." not in text and len(text.rpartition(":")[2]) == 4:
        text = text[:-2]
    whole, _, fraction = text.partition(".")
    seconds = datetime.fromisoformat(whole).replace(tzinfo=zone).astimezone(UTC).timestamp()
    return int(seconds) * SECOND + int(fraction[:3].ljust(3, "0")) * 1_000_000


def places() -> list[Listed]:
    return list(listed())


def recorded(name: str = "") -> Path:
    path = DATA / name
    if not path.exists():
        pytest.skip("skipped: no recorded data")
    return path


def shift(name: str) -> int:
    return next((interval for part, interval in INTERVALS.items() if part in name), 0)


def test_the_manifest_can_be_read() -> None:
    recorded()
    assert len(places()) == 80


@pytest.mark.parametrize("place", places() or [None], ids=lambda place: place.name if place else "none")
def test_every_file_has_the_rows_and_times_of_the_manifest(place: Listed | None) -> None:
    if place is None:
        pytest.skip("skipped: no recorded data")
    path = recorded(place.name)
    if "funding_rate" in place.name:
        times, rates = read_funding(path)
        assert (len(times), int(times[0]), int(times[-1])) == (place.rows, place.first, place.last)
        assert np.abs(rates).max() < 0.01
        return
    coverage = Coverage()
    rows = sum(len(chunk) for _, chunk in read(path, coverage=coverage))
    assert rows == coverage.rows == place.rows
    later = shift(place.name)
    assert coverage.first_time is not None
    assert coverage.last_time is not None
    # the manifest cuts times to a millisecond
    assert coverage.first_time // 1_000_000 == (place.first + later) // 1_000_000
    assert coverage.last_time // 1_000_000 == (place.last + later) // 1_000_000


def test_all_markets_of_leans_minutes_make_one_recording_of_many_symbols(tmp_path: Path) -> None:
    paths = expand_data([recorded("lean/equity/usa/minute"), recorded("lean/crypto/coinbase")])
    listings = {"AIG": "AIG", "spy": "SPY", "BTC/USD": "BTC-USD", "ETHUSD": "ETH-USD"}
    recording = Recording(paths, listings, cache_folder=tmp_path)
    assert recording.symbols == ("AIG", "BTC-USD", "ETH-USD", "SPY")
    expected = {"AIG": "/aig/", "SPY": "/spy/", "BTC-USD": "/btcusd/", "ETH-USD": "/ethusd/"}
    for symbol, folder in expected.items():
        named = [place for place in places() if folder in place.name and "/minute/" in place.name]
        named = [place for place in named if "cryptofuture" not in place.name]
        assert RecordedFeed.of(recording, symbol).rows == sum(place.rows for place in named)
    feed = RecordedFeed.of(recording, "BTC-USD")
    times = np.concatenate([chunk.time for chunk in feed.open()])
    assert (np.diff(times) >= 0).all()
    tail = np.concatenate([chunk.time for chunk in feed.open(3000)])
    assert (tail == times[3000:]).all()


def test_a_whole_folder_of_equities_holds_its_trades_at_three_resolutions_and_is_refused(
    tmp_path: Path,
) -> None:
    paths = [path for path in expand_data([recorded("lean/equity/usa")]) if "/aig/" in str(path)]
    with pytest.raises(DataProviderError, match="of AIG are of another resolution"):
        Recording(paths, {"AIG": "AIG"}, cache_folder=tmp_path)


def test_freqtrades_folder_is_market_data_and_one_file_of_funding(tmp_path: Path) -> None:
    folder = recorded("freqtrade")
    listings = {"ETH/BTC": "ETH-BTC", "XRP/ETH": "XRP-ETH", "XRP/USDT:USDT": "XRP-PERP"}
    recording = Recording(expand_data([folder]), listings, cache_folder=tmp_path)
    rows = {symbol: RecordedFeed.of(recording, symbol).rows for symbol in recording.symbols}
    assert rows == {"ETH-BTC": 5760, "XRP-ETH": 12477, "XRP-PERP": 1999}
    assert [path.name for path in expand_funding([folder])] == ["XRP_USDT_USDT-8h-funding_rate.feather"]


def test_a_million_carried_quotes_are_a_market_with_two_sides(tmp_path: Path) -> None:
    path = recorded("lean/equity/usa/tick/aig/20131007_quote.zip")
    open_feed = partial(RecordedFeed, [path], {"AIG": "AIG"}, "AIG", cache_folder=tmp_path)
    absent = open_feed().recording.files[0]
    assert dict(absent.noted) == {"one-sided quote": 1_079_935}
    feed = open_feed(one_sided="carry")
    file = feed.recording.files[0]
    assert file.rows == 1_079_935
    assert file.noted["one-sided quote"] == 1  # the first: nothing is known of the other side yet
    assert file.noted["crossed quote"] < 1000
    kinds: set[int] = set()
    spreads: list[float] = []

    def observe(
        _symbol: str, kind: int, _t: int, _e: int, bid: float, _b: float, ask: float, *_: float
    ) -> bool:
        kinds.add(kind)
        spreads.append(ask - bid)
        return False

    FeedCursor(feed).fold(observe)
    assert kinds == {TickKind.QUOTE}
    assert 0.005 < float(np.nanmedian(spreads)) < 0.02
