"""A session on recorded market data is replayed from its export, the recordings lying elsewhere by then."""

from __future__ import annotations

import gzip
from itertools import islice
from pathlib import Path

import pytest

from cluster.replaying.cast import Cast, market_of
from cluster.replaying.export_file import read_export, write_export
from cluster.replaying.recorded import Header, recorded_in_memory
from cluster.replaying.replay import replay
from cluster.replaying.settings import recorded_settings, restored
from cluster.session_feed import replay_plan
from cluster.simulator.lockstep import LockstepDesk
from config import load_config

pytestmark = pytest.mark.integration

DATA = Path(__file__).parents[3].parent / "shared" / "data" / "binance_raw_l2"
LINES = 8_000
"""Of each recording; about half a minute."""


def beginning(name: str, folder: Path) -> Path:
    """The first lines of a recording, in a file of the same name."""
    if not (DATA / name).exists():
        pytest.skip("skipped: no recorded data")
    with gzip.open(DATA / name, "rb") as whole, gzip.open(folder / name, "wb", compresslevel=1) as part:
        part.writelines(islice(whole, LINES))
    return folder / name


def test_a_recorded_session_is_replayed_where_its_recordings_lie_now(tmp_path: Path) -> None:
    then, now = tmp_path / "then", tmp_path / "now"
    then.mkdir()
    files = [beginning(f"usdm_{listing}_20240808.gz", then) for listing in ("btcusdt", "ethusdt")]
    loaded = load_config("replay", environ={})
    plan = replay_plan(loaded.config, files, then / "cache")
    desk = LockstepDesk(loaded.config, plan)
    desk.run()
    settled = recorded_settings(loaded.config)
    header = Header("replay", settled, loaded.hash, "", loaded.config.desk.seed, desk.store.generation, plan)
    write_export(recorded_in_memory(desk.store, header), tmp_path / "desk.export")
    then.rename(now)

    recorded = read_export(tmp_path / "desk.export")
    config = restored(recorded.header.config)
    moved = [now / file.name for file in files]
    market = market_of(config, recorded.header.feed, moved, tmp_path / "cache")
    results = replay(recorded, Cast(config, recorded.header.feed, market))
    traders = ("execution/paper", "risk", "strategy/BTC-USDT", "strategy/ETH-USDT")
    found = {each.actor: (each.difference, each.skipped) for each in results}
    assert found == dict.fromkeys(traders, (None, None))
    assert sum(each.steps for each in results) > 100
