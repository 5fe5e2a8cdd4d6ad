"""The backtest's scenarios at a tiny size: every strategy trades as its name says, and a run is told in full."""

from __future__ import annotations

import msgspec
import pytest

from cluster.bench.backtests import runs
from cluster.bench.backtests.market import START, Shape, made_feed
from cluster.bench.backtests.measure import Measured, measure, peak_memory_mb
from cluster.bench.backtests.scenarios import SCENARIOS
from cluster.bench.crew import BenchError
from messages.market import TickKind

pytestmark = pytest.mark.unit


def measured(name: str, rows: int) -> Measured:
    scenario = SCENARIOS[name]
    return measure(
        msgspec.structs.replace(scenario, shape=msgspec.structs.replace(scenario.shape, rows=rows))
    )


def test_a_market_order_goes_out_with_every_quote() -> None:
    found = measured("market_per_quote", 100)
    assert found.rows == found.callbacks == 100
    assert found.orders == found.fills == 100
    assert found.checks_per_intent == 18


def test_a_limit_order_and_its_cancel_go_out_with_every_quote() -> None:
    found = measured("limit_cancel", 100)
    assert found.callbacks == found.orders == found.cancels == 100
    assert found.fills == 0


@pytest.mark.parametrize(("name", "rows"), [("ema", 2_000), ("ten_symbols", 400)])
def test_the_average_is_called_with_every_quote(name: str, rows: int) -> None:
    found = measured(name, rows)
    assert found.callbacks == found.rows == rows * len(SCENARIOS[name].symbols)
    assert found.fills == found.orders > 0


def test_bars_are_traded_at_the_next_open() -> None:
    found = measured("bars", 300)
    assert found.callbacks == 300
    assert found.orders > 10


def test_equal_runs_trade_alike() -> None:
    assert measured("ema", 1_000).fingerprint == measured("ema", 1_000).fingerprint


def test_a_made_feed_is_the_same_from_any_position_on() -> None:
    shape = Shape(10_000, 1_000)

    def bids(position: int) -> list[float]:
        return [bid for chunk in made_feed("BTC-USDT", shape, 1).open(position) for bid in chunk.v0.tolist()]

    assert len(bids(0)) == 10_000
    assert bids(0)[9_000:] == bids(9_000)
    first = next(iter(made_feed("BTC-USDT", shape, 1, delay=7).open(0)))
    assert int(first.time[0]) == START + 7 + 1_000


def test_a_made_bar_spans_its_open_and_close() -> None:
    for chunk in made_feed("BTC-USDT", Shape(500, 1_000, bars=True, volatility=5.0), 1).open(0):
        bars = chunk.where(chunk.kind == TickKind.BAR)
        assert (bars.v1 >= bars.v0).all()
        assert (bars.v1 >= bars.v3).all()
        assert (bars.v2 <= bars.v0).all()
        assert (bars.v2 <= bars.v3).all()


def test_memory_is_this_process_alone() -> None:
    assert 1 < peak_memory_mb() < 100_000


def test_an_unknown_scenario_is_refused_before_anything_runs() -> None:
    with pytest.raises(BenchError, match="no such scenario"):
        runs.measure_backtests(["nonsense"])


def test_of_three_runs_the_one_of_median_time_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    times = iter((3.0, 1.0, 2.0))
    monkeypatch.setattr(runs, "_run", lambda name, quick: {"fingerprint": "f", "seconds": next(times)})
    assert runs.measure_backtests(["ema"])["ema"]["seconds"] == 2.0


def test_runs_that_trade_differently_are_no_measurement(monkeypatch: pytest.MonkeyPatch) -> None:
    traded = iter("abc")
    monkeypatch.setattr(runs, "_run", lambda name, quick: {"fingerprint": next(traded), "seconds": 1.0})
    with pytest.raises(BenchError, match="traded differently"):
        runs.measure_backtests(["ema"])


@pytest.mark.integration
def test_a_run_has_a_process_of_its_own() -> None:
    found = runs.measure_backtests(["market_per_quote"], quick=True)["market_per_quote"]
    assert found["orders"] == 2_000
    assert found["peak_mb"] < 250
