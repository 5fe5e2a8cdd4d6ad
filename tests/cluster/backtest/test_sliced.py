"""A backtest on the replay clock trades what the replay trades, and is reported and exported as any other."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from cluster.backtest.runner import EXACT_TIME, SLICES, Progress, backtest, prepare
from cluster.observe.fingerprint import fingerprint
from cluster.replaying.cast import Cast, market_of
from cluster.replaying.replay import replay
from cluster.replaying.settings import restored
from cluster.session_feed import replay_plan
from cluster.simulator.lockstep import LockstepDesk
from config import LoadedConfig, load_config
from tests.cluster.backtest.market import DESK, SECOND, small_desk
from tests.cluster.backtest.test_export import START, bars

pytestmark = pytest.mark.unit


def replayed(loaded: LoadedConfig, folder: Path, data: Sequence[Path] = ()) -> str:
    """The fingerprint of the replay in lockstep, in which something was traded."""
    desk = LockstepDesk(loaded.config, replay_plan(loaded.config, data, folder))
    desk.run()
    found = desk.projection()
    assert found.orders.orders_seen > 10
    return fingerprint(found)


@pytest.mark.parametrize("slice_", ["100ms", "37ms", "1s"])
@pytest.mark.parametrize("keep_journal", [False, True])
def test_it_has_the_fingerprint_of_the_replay(tmp_path: Path, slice_: str, keep_journal: bool) -> None:
    loaded = small_desk(tmp_path, f"feed.slice={slice_}")
    result = backtest(loaded, lockstep=True, keep_journal=keep_journal)
    assert result.record.fingerprint == replayed(loaded, tmp_path)


def test_bars_are_traded_as_in_the_replay(tmp_path: Path) -> None:
    bars(tmp_path)
    loaded = load_config(tmp_path / "small.yaml", environ={}, overrides=["feed.slice=2s"])
    data = [tmp_path / "BTCUSDT.csv"]
    result = backtest(loaded, data, cache=tmp_path / "cache", lockstep=True)
    assert result.record.fingerprint == replayed(loaded, tmp_path / "cache", data)


def test_funding_is_paid_as_in_the_replay(tmp_path: Path) -> None:
    paper = {**DESK["venues"]["paper"], "funding": {"rate": "0.1%", "interval": "3s"}}
    loaded = small_desk(tmp_path, venues={"paper": paper})
    result = backtest(loaded, lockstep=True)
    assert result.record.funding
    assert result.record.fingerprint == replayed(loaded, tmp_path)


def test_a_slice_delays_what_exact_time_does_not_and_the_report_says_which_it_was(tmp_path: Path) -> None:
    loaded = small_desk(tmp_path)
    exact, sliced = backtest(loaded), backtest(loaded, lockstep=True)
    assert exact.record.fingerprint != sliced.record.fingerprint
    assert EXACT_TIME in exact.record.notes
    assert SLICES.format(100) in sliced.record.notes
    assert sliced.record.rows == exact.record.rows
    orders = sliced.record.orders
    assert orders.placed == orders.filled + orders.cancelled + orders.expired + orders.rejected_by_venue


def test_a_window_is_kept_to_and_progress_is_told(tmp_path: Path) -> None:
    told: list[Progress] = []
    window = {"start": START + 4 * SECOND, "end": START + 15 * SECOND}
    result = backtest(small_desk(tmp_path), lockstep=True, progress=told.append, **window)
    assert len(result.fills) > 5
    assert all(window["start"] <= fill.event_time <= window["end"] + 4 * SECOND for fill in result.fills)
    assert [each.rows for each in told] == sorted(each.rows for each in told)
    assert told[-1].rows == result.record.rows


def test_its_export_is_decided_again_bit_for_bit(tmp_path: Path) -> None:
    result = backtest(small_desk(tmp_path), lockstep=True, keep_journal=True)
    recorded = result.recorded
    assert recorded is not None
    config = restored(recorded.header.config)
    cast = Cast(config, recorded.header.feed, market_of(config, recorded.header.feed, [], tmp_path))
    found = replay(recorded, cast)
    assert sum(each.steps for each in found) > 100
    assert [each.difference or each.skipped for each in found] == [None] * len(found)


def test_mail_is_let_go_of_unless_journals_are_kept(tmp_path: Path) -> None:
    desk, _ = prepare(small_desk(tmp_path, "feed.synthetic.duration=120s"), lockstep=True)
    desk.run()
    risk = desk.store.actors["risk"]
    assert risk.mailbox.last > 1_000
    assert len(risk.mailbox.entries) < 1_000
    assert not risk.journal
