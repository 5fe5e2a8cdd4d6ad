"""The recorded history of a backtest that kept its journals: what replay, parity and exports work on."""

from __future__ import annotations

from cluster.backtest.desk import BacktestDesk
from cluster.backtest.market import MarketData
from cluster.backtest.sliced import SlicedDesk
from cluster.code_version import code_version
from cluster.replaying.recorded import Header, Recorded, recorded_in_memory
from cluster.replaying.settings import recorded_settings
from cluster.session_feed import FeedPlan
from config import LoadedConfig


def recorded_run(
    loaded: LoadedConfig, desk: BacktestDesk | SlicedDesk, market: MarketData, cache: str
) -> Recorded:
    """All that the desk's store has kept, of a run made with `keep_journal`; `cache` is where decoded files lie."""
    config = loaded.config
    assert desk.store is not None, "the run was made with keep_journal"
    header = Header(
        config.desk.name,
        recorded_settings(config),
        loaded.hash,
        code_version(),
        config.desk.seed,
        desk.store.generation,
        FeedPlan(
            files=market.paths,
            cache=cache,
            speed="backtest",
            start=market.start,
            end=market.end,
            slice_ns=config.feed.slice,
        ),
    )
    return recorded_in_memory(desk.store, header)
