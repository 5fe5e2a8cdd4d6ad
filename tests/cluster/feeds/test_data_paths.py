"""Files, folders and patterns given as data."""

from __future__ import annotations

from pathlib import Path

import pytest

from cluster.feeds import expand_data, expand_funding
from messages.errors import DataProviderError

pytestmark = pytest.mark.unit

NAMES = (
    "a/btc.csv",
    "a/deep/eth.GZ",
    "a/deep/quotes.parquet",
    "a/deep/X_Y-5m.feather",
    "a/deep/X_Y_Y-8h-funding_rate.feather",
    "a/deep/X_Y_Y-1h-mark.feather",
    "a/notes.md",
    "a/.hidden.csv",
    "a/.cache/entry.csv",
    "b/20131007_trade.zip",
    "b/20131007_quote.zip",
    "odd[1]/c.csv",
    "raw",
)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for name in NAMES:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    return tmp_path


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (["a"], ["a/btc.csv", "a/deep/X_Y-5m.feather", "a/deep/eth.GZ", "a/deep/quotes.parquet"]),
        (["b"], ["b/20131007_quote.zip", "b/20131007_trade.zip"]),
        (["b/*_trade.zip"], ["b/20131007_trade.zip"]),
        (["*/*.zip", "b"], ["b/20131007_quote.zip", "b/20131007_trade.zip"]),
        (["**/*.csv"], ["a/btc.csv", "odd[1]/c.csv"]),
        (["?/deep/*"], ["a/deep/X_Y-5m.feather", "a/deep/eth.GZ", "a/deep/quotes.parquet"]),
        (["b/20131007_trade.zip", "a/btc.csv", "a/btc.csv"], ["a/btc.csv", "b/20131007_trade.zip"]),
        (["raw"], ["raw"]),
        (["a/notes.md"], ["a/notes.md"]),  # a file that is named is meant; reading it tells what is wrong
        (["odd[1]/c.csv"], ["odd[1]/c.csv"]),  # a name that looks like a pattern
        (["odd[1]"], ["odd[1]/c.csv"]),
        (["a/deep/X_Y_Y-8h-funding_rate.feather"], ["a/deep/X_Y_Y-8h-funding_rate.feather"]),
    ],
)
def test_what_is_given_stands_for_these_files(root: Path, given: list[str], expected: list[str]) -> None:
    assert expand_data(root / name for name in given) == [root / name for name in expected]


def test_a_pattern_may_be_relative(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(root)
    assert expand_data(["b/*_quote.zip"]) == [Path("b/20131007_quote.zip")]
    assert expand_data(["*/btc.csv"]) == [Path("a/btc.csv")]
    assert expand_data(["."])[-1] == Path("odd[1]/c.csv")


@pytest.mark.parametrize("given", ["nothing", "nothing.csv", "b/*.csv", "nowhere/*.csv", "a/.cache", "empty"])
def test_what_stands_for_no_file_is_refused(root: Path, given: str) -> None:
    (root / "empty").mkdir()
    (root / "a/.cache/entry.csv").unlink()
    with pytest.raises(DataProviderError, match="there is no market data file") as caught:
        expand_data([root / "b", root / given])
    assert (caught.value.field, caught.value.value) == ("data", str(root / given))


def test_funding_is_what_market_data_leaves_out(root: Path) -> None:
    funding = [root / "a/deep/X_Y_Y-8h-funding_rate.feather"]
    assert expand_funding([root / "a", root / "b"]) == funding
    assert expand_funding([root / "a/deep/X_Y_Y-8h-funding_rate.feather", root / "a/btc.csv"]) == funding
    assert expand_funding([root / "b"]) == []
    with pytest.raises(DataProviderError, match="there is no file"):
        expand_funding([root / "nothing"])
