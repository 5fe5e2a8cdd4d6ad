"""The report: one page that needs nothing, documents that are equal for equal runs, tables that hold every row."""

from __future__ import annotations

import csv
import importlib
import io
import json
import re
import subprocess
import sys
import xml.etree.ElementTree as xml
from decimal import Decimal
from html.parser import HTMLParser
from pathlib import Path

import msgspec
import numpy as np
import pandas as pd
import pytest

from cluster.backtest.record import (
    DEFAULT_SETTINGS,
    Arrivals,
    DataFile,
    Prices,
    PriceSeries,
    ReportSettings,
    RunRecord,
)
from cluster.backtest.report import details, wording
from cluster.backtest.report.axes import Scale, number_ticks, time_ticks
from cluster.backtest.report.page import report_page
from cluster.backtest.result import BacktestResult
from messages.errors import ConfigurationError
from messages.orders import Fill
from tests.cluster.backtest.runs import DAY, HOUR, SECOND, START, fill, made_up, record, series

FILES = {"report.html", "report.json", "fills.csv", "trades.csv", "trades_fifo.csv", "equity.csv"}
ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def run() -> tuple[RunRecord, Prices, Arrivals]:
    return made_up(1)


@pytest.fixture(scope="module")
def result(run: tuple[RunRecord, Prices, Arrivals]) -> BacktestResult:
    return BacktestResult(*run)


@pytest.fixture(scope="module")
def folder(result: BacktestResult, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return result.write_report(tmp_path_factory.mktemp("report") / "made" / "here").parent


def rows_of(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(path.read_text())))


class Page(HTMLParser):
    """Which tags a page opens and leaves open, what it refers to and what it says."""

    VOID = ("meta", "br", "link", "img", "hr", "input")

    def __init__(self, source: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.open: list[str] = []
        self.references: list[str] = []
        self.words: list[str] = []
        self.feed(source)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.references += [
            value or "" for name, value in attrs if name in ("src", "href", "srcset", "action")
        ]
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words.append(data)


# --- files ----------------------------------------------------------------------------------------------------


def test_the_folder_holds_the_whole_report(folder: Path) -> None:
    assert {path.name for path in folder.iterdir()} == FILES


def test_equal_records_give_equal_bytes(
    run: tuple[RunRecord, Prices, Arrivals], folder: Path, tmp_path: Path
) -> None:
    # the same record after a journey: other objects, other orders of keys
    again = msgspec.json.decode(msgspec.json.encode(run[0]), type=RunRecord)
    shuffled = msgspec.structs.replace(
        again, symbols=tuple(again.symbols), no_trades=dict(reversed(again.no_trades.items()))
    )
    BacktestResult(shuffled, dict(reversed(run[1].items())), dict(reversed(run[2].items()))).write_report(
        tmp_path
    )
    for name in sorted(FILES):
        assert (tmp_path / name).read_bytes() == (folder / name).read_bytes(), name


def test_another_record_gives_another_document(run: tuple[RunRecord, Prices, Arrivals], folder: Path) -> None:
    other = msgspec.structs.replace(run[0], fills=run[0].fills[:-1])
    assert BacktestResult(other, *run[1:]).statistics != BacktestResult(*run).statistics


def test_the_document_holds_the_figures_and_no_place(result: BacktestResult, folder: Path) -> None:
    document = json.loads((folder / "report.json").read_text())
    assert document["run"]["fingerprint"] == result.record.fingerprint
    assert document["statistics"]["sharpe"] == pytest.approx(result.statistics.sharpe, rel=1e-11)
    assert document["statistics"]["costs"]["fees"] == f"{result.statistics.costs.fees.normalize():f}"
    assert document["statistics"]["trades"] == len(result.trades)
    assert document["orders"]["rejected"] == {"max_gross_nav_pct": 25, "stale_quote": 15}
    assert str(folder.parent) not in (folder / "report.json").read_text()


def test_tables_hold_every_row(result: BacktestResult, folder: Path) -> None:
    fills, trades = rows_of(folder / "fills.csv"), rows_of(folder / "trades.csv")
    assert [row["fill_id"] for row in fills] == [each.fill_id for each in result.fills]
    assert [Decimal(row["price"]) for row in fills] == [each.price for each in result.fills]
    assert sum(Decimal(row["net"]) for row in trades) == sum(trade.net for trade in result.trades)
    assert len(rows_of(folder / "trades_fifo.csv")) == len(result.fifo_trades)
    equity = rows_of(folder / "equity.csv")
    assert [float(row["nav"]) for row in equity] == pytest.approx(result.equity.nav.tolist(), rel=1e-11)
    assert equity[0]["time"] == "2024-01-01T00:00:00.000000000Z"


def test_a_folder_that_cant_be_written_is_told(result: BacktestResult, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigurationError, match="can't be written"):
        result.write_report(tmp_path / "file" / "below")


# --- the page -------------------------------------------------------------------------------------------------


def test_the_page_is_one_file_that_loads_and_runs_nothing(folder: Path) -> None:
    source = (folder / "report.html").read_text()
    page = Page(source)
    assert page.open == []
    assert page.references == []
    assert not {"script", "link", "img", "iframe", "object", "embed"} & set(page.tags)
    assert not re.search(r"https?:|url\(|@import|javascript:|\bon\w+=", source)
    assert "default-src 'none'" in source


def test_the_page_has_every_part(result: BacktestResult, folder: Path) -> None:
    said = " ".join(Page((folder / "report.html").read_text()).words)
    for part in (
        "Account",
        "Figures",
        "Months",
        "Daily returns",
        "Prices and trades",
        "Costs",
        "Attribution",
    ):
        assert part in said
    for fact in (result.record.name, result.record.config_hash, result.record.fingerprint, "At the touch"):
        assert fact in said
    assert "max_gross_nav_pct" in said
    assert wording.ratio(result.statistics.sharpe) in said
    assert wording.money(result.statistics.final_nav) in said


def test_drawings_are_well_formed_and_hold_only_numbers(folder: Path) -> None:
    drawings = re.findall(r"<svg.*?</svg>", (folder / "report.html").read_text(), re.DOTALL)
    assert len(drawings) == 2 + 3  # account, days, and a price chart per symbol
    for drawing in drawings:
        for element in xml.fromstring(drawing).iter():
            assert not re.search("nan|inf", " ".join(element.attrib.values()))


def test_names_are_text_and_not_markup() -> None:
    hostile = "<script>alert(1)</script>&\"'"
    run = msgspec.structs.replace(
        record([fill(0, "buy", "1", "100", strategy=hostile), fill(1, "sell", "1", "101", strategy=hostile)]),
        name=hostile,
        notes=(hostile,),
        fill_model={hostile: hostile},
        no_trades={hostile: 1},
        files=(DataFile(hostile, "0" * 12, 1, START, START),),
    )
    page = Page(source := page_of(run, {"BTC-USDT": series((0, 100.0))}))
    assert "script" not in page.tags
    assert source.count("&lt;script&gt;") >= 7


def test_the_page_lists_the_first_trades_and_says_so(
    run: tuple[RunRecord, Prices, Arrivals], result: BacktestResult
) -> None:
    short = page_of(*run, settings=ReportSettings(max_trades=3))
    assert f"Shown are the first 3 of {len(result.trades)} trades" in short
    assert "Shown are the first" not in page_of(*run)


def page_of(
    run: RunRecord,
    prices: Prices,
    arrivals: Arrivals | None = None,
    settings: ReportSettings = DEFAULT_SETTINGS,
) -> str:
    return report_page(BacktestResult(run, prices, arrivals or {}, settings))


# --- runs of all sizes ----------------------------------------------------------------------------------------

ONE_QUOTE = {"BTC-USDT": series((0, 100.0))}
ODD_RUNS: dict[str, tuple[RunRecord, Prices]] = {
    "nothing at all": (record(), {}),
    "prices and no fill": (record(), ONE_QUOTE),
    "no duration": (record(end=0), ONE_QUOTE),
    "one fill": (record([fill(HOUR, "buy", "1", "100")]), ONE_QUOTE),
    "one millisecond": (record([fill(5, "buy", "1", "100")], end=1_000_000), ONE_QUOTE),
    "no money": (record([fill(HOUR, "buy", "1", "100")], cash="0"), ONE_QUOTE),
    "ruin": (
        record([fill(HOUR, "buy", "200", "100")], end=9 * DAY),
        {"BTC-USDT": series((0, 100.0), (DAY, 10.0), (3 * DAY, 1.0), (5 * DAY, 200.0))},
    ),
    "twenty years": (
        record([fill(HOUR, "buy", "1", "100")], end=20 * 365 * DAY),
        {"BTC-USDT": series(*((day * DAY, 100.0 + day % 7) for day in range(0, 20 * 365, 3)))},
    ),
}


@pytest.mark.parametrize("name", ODD_RUNS)
def test_odd_runs_have_a_report(name: str, tmp_path: Path) -> None:
    run, prices = ODD_RUNS[name]
    page = BacktestResult(run, prices, {}).write_report(tmp_path)
    assert Page(page.read_text()).open == []
    assert not re.search(r"\b(nan|inf|None)\b", page.read_text())
    document = json.loads((tmp_path / "report.json").read_text(), parse_constant=pytest.fail)
    assert document["statistics"]["profit_factor"] is None


def test_many_symbols_and_prices_keep_the_page_small(tmp_path: Path) -> None:
    symbols = [f"C{number}-USDT" for number in range(30)]
    run, prices, arrivals = made_up(2, days=60, fills=3_000, prices=5_000, symbols=symbols)
    page = BacktestResult(run, prices, arrivals).write_report(tmp_path)
    assert page.stat().st_size < 3_000_000
    assert "Shown are the 24 symbols with most fills, of 30" in page.read_text()


@pytest.mark.long
def test_a_hundred_thousand_fills_over_a_million_prices(tmp_path: Path) -> None:
    run, prices, arrivals = made_up(3, days=30, fills=100_000, prices=1_000_000)
    page = BacktestResult(run, prices, arrivals).write_report(tmp_path)
    assert page.stat().st_size < 3_000_000
    assert len(rows_of(tmp_path / "fills.csv")) == len(run.fills) > 99_000


# --- data frames ----------------------------------------------------------------------------------------------


def test_frames_hold_the_tables(result: BacktestResult) -> None:
    frames = result.frames()
    assert set(frames) == {"equity", "daily", "monthly", "trades", "fifo_trades", "fills"}
    assert str(frames["fills"]["time"].dtype) == "datetime64[ns, UTC]"
    assert frames["fills"]["price"].dtype == np.float64
    assert frames["trades"]["net"].sum() == pytest.approx(float(sum(trade.net for trade in result.trades)))
    assert frames["equity"]["nav"].iloc[-1] == pytest.approx(result.statistics.final_nav)
    assert frames["fills"]["time"].iloc[0] == pd.Timestamp(result.fills[0].event_time, tz="UTC")


def test_without_pandas_frames_say_what_to_do(
    result: BacktestResult, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing(name: str) -> object:
        raise ModuleNotFoundError(name)

    monkeypatch.setattr(importlib, "import_module", missing)
    with pytest.raises(ConfigurationError, match="pandas"):
        result.frames()


def test_results_need_neither_ray_nor_redis_nor_pandas() -> None:
    code = (
        "import sys, cluster.backtest.result; print(*sorted({'ray', 'redis', 'pandas'} & set(sys.modules)))"
    )
    found = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert found.stdout.strip() == ""


# --- wording and axes -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("found", "wanted"),
    [
        (wording.money(1234567.891), "1,234,567.89"),
        (wording.money(-0.004567), "−0.004567"),
        (wording.money(-0.0), "0.00"),
        (wording.money(None), "–"),
        (wording.signed_money(Decimal("3")), "+3.00"),
        (wording.percent(0.12345), "12.35 %"),
        (wording.percent(0.000123), "0.0123 %"),
        (wording.percent(-0.5), "−50.00 %"),
        (wording.percent(2.31e20), "2.3e+22 %"),
        (wording.ratio(-1.234e9), "−1.2e+09"),
        (wording.price(60123.45), "60,123.45"),
        (wording.price(0.00001234), "0.00001234"),
        (wording.quantity(Decimal("0.0500")), "0.05"),
        (wording.quantity(Decimal("1E+3")), "1,000"),
        (wording.duration(2 * DAY + 3 * HOUR), "2 d 3 h"),
        (wording.duration(HOUR), "1 h"),
        (wording.duration(90 * SECOND), "1 min 30 s"),
        (wording.duration(80_000_000), "80 ms"),
        (wording.moment(START), "2024-01-01 00:00:00"),
        (wording.canonical_float(0.1 + 0.2), 0.3),
        (wording.canonical_float(float("inf")), None),
        (wording.plain_decimal(Decimal("1.500E+3")), "1500"),
        (wording.plain_decimal(Decimal("-0.00")), "0"),
    ],
)
def test_figures_are_written_as_people_write_them(found: object, wanted: object) -> None:
    assert found == wanted


@pytest.mark.parametrize(
    ("low", "high"), [(0.0, 1.0), (-3.7, 12.2), (9_850.0, 10_020.0), (1e-9, 5e-9), (5.0, 5.0)]
)
def test_ticks_are_few_and_within_their_range(low: float, high: float) -> None:
    ticks = number_ticks(low, high, 5)
    assert 1 <= len(ticks) <= 6
    assert all(low - 1e-12 <= tick <= high + 1e-12 for tick in ticks)


@pytest.mark.parametrize(("low", "high", "most"), [(-0.0412, 0.0388, 3), (-4.9, 4.9, 2), (0.1, 0.9, 1)])
def test_an_axis_has_two_marks_at_least(low: float, high: float, most: int) -> None:
    """Around zero the only round number may be zero itself, which tells nothing of the scale."""
    ticks = number_ticks(low, high, most)
    assert 2 <= len(ticks) <= 5
    assert all(low <= tick <= high for tick in ticks)


@pytest.mark.parametrize(
    "span", [1, 1_000_000, SECOND, 17 * SECOND, HOUR, DAY, 9 * DAY, 400 * DAY, 9_000 * DAY]
)
def test_moments_on_the_axis_are_few_and_within_the_run(span: int) -> None:
    ticks = time_ticks(START + 12_345, START + 12_345 + span)
    assert len(ticks) <= 12
    assert all(START <= time <= START + 12_345 + span for time, _ in ticks)
    assert len({label for _, label in ticks}) == len(ticks)


def test_a_scale_of_nothing_lands_in_the_middle() -> None:
    assert Scale(3.0, 3.0, 0.0, 10.0)(3.0) == 5.0
    assert Scale(0.0, 4.0, 10.0, 0.0)(np.array([0.0, 1.0])).tolist() == [10.0, 7.5]


def test_a_symbols_prices_fill_its_chart_however_short_a_part_of_the_run_they_are() -> None:
    def at(time: int) -> Fill:
        return msgspec.structs.replace(fill(0, "buy", "1", "1"), event_time=time)

    prices = PriceSeries(np.array([100, 200], np.int64), np.array([1.0, 2.0]))
    assert details._span(prices, [at(150)], 0, 10_000) == (100, 200)
    assert details._span(prices, [at(260)], 0, 10_000) == (100, 260)
    assert details._span(prices, [at(150)], 120, 180) == (120, 180)
    alone = PriceSeries(prices.times[:1], prices.mids[:1])
    assert details._span(alone, [at(100)], 0, 500) == (100, 101)
