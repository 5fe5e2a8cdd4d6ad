"""Recordings as data frames: every row once, by name, in order."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from cluster.recording.frames import frames
from messages.errors import ConfigurationError, DataProviderError
from tests.cluster.feeds.recordings import MS, START, quote_line, trade_line

pytest.importorskip("pandas")
pytestmark = pytest.mark.unit


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Quotes and trades of raw streams in one file, bars in another that tells no venue's time."""
    (tmp_path / "raw.gz").write_text(
        quote_line(START, "100.1", "100.2")
        + trade_line(START + MS, "100.2", "0.5")
        + quote_line(START + 2 * MS)
    )
    lines = ["close_time,open,high,low,close,volume"]
    lines += [f"2024-08-08T00:0{n}:00Z,1,3,0.5,2,{n}" for n in (1, 2, 3)]
    (tmp_path / "BTC_USDT-1m.csv").write_text("\n".join(lines) + "\n")
    return tmp_path


def test_each_kind_of_row_is_a_table_with_its_own_names(folder: Path) -> None:
    found = frames([folder])
    assert set(found) == {"quotes", "trades", "bars"}
    assert list(found["quotes"].columns) == [
        "time",
        "event_time",
        "listing",
        "bid",
        "bid_size",
        "ask",
        "ask_size",
    ]
    assert found["quotes"]["bid"].tolist() == [100.1, 100.1]
    assert found["trades"].loc[0, ["listing", "price", "size", "aggressor"]].tolist() == [
        "BTCUSDT",
        100.2,
        0.5,
        1.0,
    ]
    assert found["bars"]["volume"].tolist() == [1.0, 2.0, 3.0]
    assert found["bars"]["high"].tolist() == [3.0] * 3


def test_times_are_utc_and_in_order(folder: Path) -> None:
    found = frames([folder / "raw.gz", folder / "BTC_USDT-1m.csv"])
    for table in found.values():
        assert str(table["time"].dt.tz) == "UTC"
        assert table["time"].is_monotonic_increasing
    assert found["quotes"]["time"].iloc[0].value == START
    assert found["quotes"]["event_time"].notna().all()


def test_without_pandas_the_remedy_is_told(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(ConfigurationError, match=r"raydesk\[pandas\]"):
        frames([folder])


def test_what_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(DataProviderError):
        frames([tmp_path / "nothing"])
