"""The export of a backtest: replayed bit for bit, compared with other runs, opened as data frames."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pandas as pd
import pytest

from cluster.backtest.runner import backtest
from cluster.cli.main import run
from cluster.replaying.cast import Cast, market_of
from cluster.replaying.export_file import read_export
from cluster.replaying.frames import frames
from cluster.replaying.parity import parity, run_in_file, run_recorded
from cluster.replaying.recorded import Recorded
from cluster.replaying.replay import replay
from cluster.replaying.settings import restored
from config import LoadedConfig
from messages.errors import ConfigurationError
from tests.cluster.backtest.market import DESK, SECOND, small_desk

pytestmark = pytest.mark.unit

START = 1_767_225_600 * SECOND
ACTORS = {"execution/paper", "risk", "strategy/BTC-USDT", "strategy/ETH-USDT"}


def replayed(recorded: Recorded, folder: Path, files: Sequence[Path] = ()) -> dict[str, object]:
    """Per actor what kept its replay from being bit-identical; None where nothing did."""
    config = restored(recorded.header.config)
    market = market_of(config, recorded.header.feed, files, folder / "cache")
    results = replay(recorded, Cast(config, recorded.header.feed, market))
    assert sum(each.steps for each in results) > 100
    return {each.actor: each.difference or each.skipped for each in results}


def bars(folder: Path) -> LoadedConfig:
    """A desk that trades bars of a file."""
    rows = ["time,open,high,low,close,volume"]
    for minute in range(400):
        price = 60_000 + 400 * ((minute * 7919) % 23 - 11)
        rows.append(f"{START + minute * 60 * SECOND},{price},{price + 90},{price - 90},{price + 30},5")
    (folder / "BTCUSDT.csv").write_text("\n".join(rows) + "\n")
    paper = {**DESK["venues"]["paper"], "fill": {"market": "bars"}}
    order = {"style": "market", "notional": 2000, "deadline": "5m"}
    ema = {**DESK["strategies"]["ema"], "order": order, "parameters": {"fast": 2, "slow": 5}}
    return small_desk(
        folder,
        feed={"mode": "recorded", "bar_time": "close", "max_quote_age": "5m"},
        venues={"paper": paper},
        symbols={"BTC-USDT": DESK["symbols"]["BTC-USDT"]},
        strategies={"ema": ema},
    )


@pytest.mark.parametrize("window", [{}, {"start": START + 4 * SECOND, "end": START + 15 * SECOND}])
def test_an_exported_backtest_is_replayed_bit_for_bit(tmp_path: Path, window: dict[str, int]) -> None:
    result = backtest(small_desk(tmp_path), keep_journal=True, **window)
    assert len(result.fills) > 10
    assert result.write_export(tmp_path / "run.export") == (tmp_path / "run.export").stat().st_size
    recorded = read_export(tmp_path / "run.export")
    assert recorded == result.recorded
    assert replayed(recorded, tmp_path) == dict.fromkeys(ACTORS)


def test_a_backtest_of_bars_is_replayed_where_its_files_lie_now(tmp_path: Path) -> None:
    now = tmp_path / "now"
    now.mkdir()
    loaded = bars(tmp_path)
    window = {"start": START + 50 * 60 * SECOND, "end": START + 350 * 60 * SECOND}
    result = backtest(
        loaded, [tmp_path / "BTCUSDT.csv"], cache=tmp_path / "cache", keep_journal=True, **window
    )
    assert len(result.fills) > 10
    (tmp_path / "BTCUSDT.csv").rename(now / "BTCUSDT.csv")
    assert result.recorded is not None
    found = replayed(result.recorded, tmp_path, [now])
    assert found == dict.fromkeys(("execution/paper", "risk", "strategy/BTC-USDT"))
    missing = replayed(result.recorded, tmp_path)
    assert "no such file" in str(missing["strategy/BTC-USDT"])


def test_keeping_journals_changes_nothing_of_the_result(tmp_path: Path) -> None:
    loaded = small_desk(tmp_path)
    plain, kept = backtest(loaded), backtest(loaded, keep_journal=True)
    assert plain.record == kept.record
    assert kept.recorded is not None
    assert run_recorded(kept.recorded, "export").fingerprint == plain.record.fingerprint


def test_a_run_without_journals_says_how_to_keep_them(tmp_path: Path) -> None:
    result = backtest(small_desk(tmp_path, "feed.synthetic.duration=3s"))
    with pytest.raises(ConfigurationError, match="keep_journal=True"):
        result.write_export(tmp_path / "run.export")


def test_it_is_equal_to_itself_and_not_to_another_run(tmp_path: Path) -> None:
    for name, seed in (("one", 5), ("other", 6)):
        loaded = small_desk(tmp_path, f"feed.synthetic.seed={seed}")
        backtest(loaded, keep_journal=True).write_export(tmp_path / name)
    one, other = run_in_file(tmp_path / "one"), run_in_file(tmp_path / "other")
    assert parity(one, one).equal
    assert not parity(one, other).equal


def test_it_opens_as_data_frames(tmp_path: Path) -> None:
    result = backtest(small_desk(tmp_path), keep_journal=True)
    result.write_export(tmp_path / "run.export")
    found = frames(read_export(tmp_path / "run.export"))
    assert set(found) == {"steps", "events", "orders", "fills"}
    assert len(found["fills"]) == len(result.fills)
    assert found["fills"]["fee"].sum() == pytest.approx(float(sum(fill.fee for fill in result.fills)))
    assert found["fills"]["time"].min() == pd.Timestamp(
        min(fill.event_time for fill in result.fills), tz="UTC"
    )
    assert len(found["orders"]) == result.orders.placed
    assert set(found["steps"]["actor"]) == ACTORS
    decided = found["events"].query("actor == 'risk' and type == 'IntentDecided'")
    assert len(decided) == result.orders.intents
    assert {fields["symbol"] for fields in decided["fields"]} == {"BTC-USDT", "ETH-USDT"}


@pytest.mark.e2e
def test_the_commands_pass_it_on(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    small_desk(tmp_path)
    settings, out = str(tmp_path / "small.yaml"), str(tmp_path / "run.export")
    assert run(["backtest", settings, "--json", "--export", out]) == 0
    told = capsys.readouterr()
    assert out in told.err
    report = tmp_path / "report.json"
    report.write_text(told.out)
    assert run(["replay", "--export", out, "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert (document["identical"], {each["actor"] for each in document["actors"]}) == (True, ACTORS)
    assert run(["parity", out, out]) == 0
    assert run(["parity", out, str(report)]) == 0
    capsys.readouterr()
    assert run(["backtest", settings, "--export", str(tmp_path / "nowhere" / "run.export")]) == 1
    assert "can't be written" in capsys.readouterr().err


def test_exporting_needs_neither_ray_nor_redis(tmp_path: Path) -> None:
    small_desk(tmp_path, "feed.synthetic.duration=2s")
    script = (
        "import sys; from pathlib import Path; from cluster.backtest.runner import backtest\n"
        "folder = Path(sys.argv[1])\n"
        "backtest(folder / 'small.yaml', keep_journal=True).write_export(folder / 'run.export')\n"
        "print(*sorted({'ray', 'redis'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path)], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == ""
