"""`raydesk backtest` as a person runs it: a summary or one JSON document, a report, and clear words for bad input."""

from __future__ import annotations

import json
from decimal import Decimal
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from cluster.backtest.costs import Costs
from cluster.backtest.runner import backtest as played
from cluster.cli.backtesting import _costs, _money, _summary, instant
from cluster.cli.exits import Exit
from cluster.cli.main import run
from messages.errors import ConfigurationError
from tests.cluster.backtest.market import small_desk
from tests.cluster.cli.conftest import Command

pytestmark = pytest.mark.e2e


@pytest.fixture
def settings(tmp_path: Path) -> str:
    """The path of a small desk's settings."""
    small_desk(tmp_path)
    return str(tmp_path / "small.yaml")


def test_it_ends_in_a_summary_and_a_report(
    settings: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["backtest", settings, "--report", str(tmp_path / "out")]) == Exit.OK
    told = capsys.readouterr()
    for word in ("period", "profit", "decisions", "intents", "fingerprint", "BTC-USDT", "ETH-USDT"):
        assert word in told.out
    assert "report.html" in told.err
    assert {path.name for path in (tmp_path / "out").iterdir()} >= {"report.html", "report.json", "fills.csv"}


def test_the_fingerprint_is_whole_on_80_columns(tmp_path: Path) -> None:
    result = played(small_desk(tmp_path))
    out = StringIO()
    Console(file=out, width=80).print(_summary(result))
    assert result.record.fingerprint in out.getvalue()


@pytest.mark.parametrize(
    ("amount", "shown"),
    [(-0.02281, "-0.02281"), (Decimal("1234.567"), "1,234.57"), (-0.0, "0.00"), (None, "-")],
)
def test_small_money_keeps_its_digits(amount: float | Decimal | None, shown: str) -> None:
    assert _money(amount) == shown


@pytest.mark.parametrize(
    ("funding", "shown"), [("-0.2269", "0.2269 paid"), ("12.5", "12.50 received"), ("0", "0.00")]
)
def test_the_costs_say_who_paid_the_funding(funding: str, shown: str) -> None:
    """All else in that line is positive when it was paid."""
    zero = Decimal(0)
    costs = Costs(zero, zero, zero, zero, Decimal(funding), None, None, None)
    assert _costs(costs) == f"fees 0.00, spread -, slippage -, funding {shown}"


def test_json_is_the_report_itself(settings: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["backtest", settings, "--json", "--report", str(tmp_path / "out")]) == Exit.OK
    printed = capsys.readouterr().out
    assert printed == (tmp_path / "out" / "report.json").read_text()
    assert json.loads(printed)["run"]["fingerprint"]


def test_periods_per_year_are_the_users(settings: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["backtest", settings, "--json", "--periods-per-year", "252"]) == Exit.OK
    assert json.loads(capsys.readouterr().out)["statistics"]["periods_per_year"] == 252


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--from", "yesterday"], "--from"),
        (["--from", "2031-01-01"], "window"),
        (["--data", "nowhere.csv"], "nowhere.csv"),
        (["--set", "risk.no_such=1"], "no_such"),
    ],
)
def test_bad_input_is_told_in_one_line(
    settings: str, capsys: pytest.CaptureFixture[str], arguments: list[str], said: str
) -> None:
    assert run(["backtest", settings, *arguments]) != Exit.OK
    told = capsys.readouterr()
    assert said in told.err
    assert "Traceback" not in told.err


def test_times_are_utc_and_a_last_day_is_whole() -> None:
    assert instant("--from", "2024-08-08") == 1_723_075_200_000_000_000
    assert instant("--to", "2024-08-08", last=True) == 1_723_161_599_999_999_999
    assert instant("--from", "2024-08-08T02:00:00+02:00") == instant("--from", "2024-08-08")
    with pytest.raises(ConfigurationError, match="--from"):
        instant("--from", "08/08/24")


@pytest.mark.parametrize("name", ["backtest", "sweep", "run", "up"])
def test_data_that_is_not_there_is_bad_usage(command: Command, tmp_path: Path, name: str) -> None:
    grid = ("--grid", "strategies.ema.parameters.fast=4,8") if name == "sweep" else ()
    said = command(name, "replay", "--data", str(tmp_path / "none.gz"), *grid)
    assert said.code == Exit.USAGE
    assert "--data: there is no market data file" in said.err
