"""The whole pipeline on real bars: models trained on the first half of them trade the second, and learn from it.

Ten days of LTC/BTC in bars of five minutes, as another project's tests have them. Of such bars the close stands for bid
and ask, so that a good part of what looks predictable is the bounce between the two: the tests show that all stages
work together, not that this would have earned money. The venue's fee is set to 1 bp for the same reason.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
import yaml

from actors.strategy.models import Target
from actors.strategy.pipeline.learning import bandit, returns
from actors.strategy.pipeline.memory import PipelineState
from cluster.backtest.export import recorded_run
from cluster.backtest.result import BacktestResult
from cluster.backtest.runner import prepare, result_of
from cluster.feeds import RecordedFeed, Recording
from cluster.models.bars import Bars, bars_of
from cluster.models.dataset import window_features
from cluster.models.loading import ModelRun
from cluster.models.training import TrainingPlan, train, write_run
from config import LoadedConfig, load_config
from messages.base import Message
from messages.decisions import Decision, DecisionMade, ExitTriggered, IntentRaised
from messages.errors import ModelLoadError
from messages.intents import Side
from messages.learning import RewardBooked
from messages.reasons import Reason

pytestmark = pytest.mark.integration

DATA = Path(__file__).resolve().parents[4] / "shared" / "data"
MINUTE = 60_000_000_000
DAY = 1440 * MINUTE
INTERVAL = 5 * MINUTE
SYMBOL, LISTING = "LTC-BTC", "LTC/BTC"
ACTOR = f"strategy/{SYMBOL}"
RETURNS = {"deep": {"num_leaves": 15}, "flat": {"num_leaves": 4}}
"""Two models for each horizon, so that there is something to blend."""


class Played(NamedTuple):
    """A run: its result, what the pipeline knew at the end, and its events in order."""

    result: BacktestResult
    learned: PipelineState
    events: list[Message]

    def of(self, kind: type[Message]) -> list[Any]:
        return [each for each in self.events if type(each) is kind]


@pytest.fixture(scope="module")
def bars(tmp_path_factory: pytest.TempPathFactory) -> Bars:
    file = DATA / "freqtrade" / "LTC_BTC-5m.feather"
    if not file.exists():
        pytest.skip("skipped: no recorded data")
    recording = Recording([file], {LISTING: SYMBOL}, cache_folder=tmp_path_factory.mktemp("cache"))
    return bars_of(RecordedFeed.of(recording, SYMBOL), INTERVAL)


@pytest.fixture(scope="module")
def runs(bars: Bars, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Models of the first half: two of returns at two horizons, and those of peaks and valleys for the barrier gate."""
    folder = tmp_path_factory.mktemp("runs")
    half = [bars.until(int(bars.closes[len(bars) // 2]))]
    plans = {
        name: TrainingPlan(
            horizons=("5m", "15m"), name=name, folds=2, parameters={"rounds": 40, **parameters}
        )
        for name, parameters in RETURNS.items()
    }
    plans["barrier"] = TrainingPlan(
        horizons=("15m",),
        targets=(Target.PEAK, Target.VALLEY),
        name="barrier",
        folds=2,
        parameters={"rounds": 20, "num_leaves": 4},
    )
    return [write_run(folder / name, train(half, plan)) for name, plan in plans.items()]


def settings(folder: Path, runs: list[Path]) -> LoadedConfig:
    """A desk that trades the models with all gates but chop."""
    parts: dict[str, Any] = {
        "desk": {"name": "learnt", "environment": "paper", "base_currency": "BTC", "seed": 1},
        "redis": {"mode": "embedded"},
        "feed": {"mode": "recorded"},
        "venues": {
            "bars": {
                "kind": "paper",
                "starting_balances": {"BTC": 100},
                "fees": {"maker": "1bps", "taker": "1bps"},
                "fill": {"market": "bars"},
            }
        },
        "symbols": {SYMBOL: {"venue": "bars", "listing": LISTING, "tick": "0.00000001", "lot": "0.001"}},
        "strategies": {
            "learnt": {
                "kind": "pipeline",
                "symbols": [SYMBOL],
                "models": [str(run) for run in runs],
                "budget": 50,
                "order": {"notional": 5},
                "stop": "1%",
                "max_holding": "2h",
                "parameters": {
                    "interval": "5m",
                    "bars": "feed",
                    "costs": {"taker_fee_bps": 1.0},
                    "gates": {"chop": {"enabled": False}},
                    "learning": {"bandit": {"warm_up": 20, "ramp": 20}},
                },
            }
        },
        "risk": {
            "min_notional": "0.01",
            "max_order_notional": 20,
            "max_symbol_exposure": "50%",
            "max_gross_exposure": "50%",
        },
    }
    path = folder / "learnt.yaml"
    path.write_text(yaml.safe_dump(parts))
    return load_config(path, environ={})


def play(folder: Path, runs: list[Path], start: int, end: int | None = None) -> Played:
    loaded = settings(folder, runs)
    files = [DATA / "freqtrade" / "LTC_BTC-5m.feather"]
    desk, market = prepare(loaded, files, start=start, end=end, cache=folder / "cache", keep_journal=True)
    desk.run()
    learned = desk.actors[ACTOR].state.learned["learnt"]
    assert desk.store is not None
    result = result_of(loaded, desk, market)
    recorded = recorded_run(loaded, desk, market, str(folder / "cache"))
    events = [event for step in recorded.actors[ACTOR].records() for event in step.events]
    return Played(result, learned, events)


@pytest.fixture(scope="module")
def played(bars: Bars, runs: list[Path], tmp_path_factory: pytest.TempPathFactory) -> Played:
    start = ModelRun.open(runs[0], interval_minutes=5).manifest.trained_to + 1
    return play(tmp_path_factory.mktemp("desk"), runs, start, start + 5 * DAY)


def test_it_trades_long_and_short_by_models_that_have_not_seen_the_market(played: Played) -> None:
    sides = Counter(each.side for each in played.result.fills)
    assert sides[Side.BUY] > 20
    assert sides[Side.SELL] > 20
    assert {trade.side for trade in played.result.trades} == {"long", "short"}
    assert not [note for note in played.result.record.notes if "proves nothing" in note]


def test_every_trade_has_the_whole_trace_of_its_decision(played: Played) -> None:
    trades = [each for each in played.of(DecisionMade) if each.decision is Decision.TRADE]
    assert len(trades) > 20
    waited = [each for each in played.of(DecisionMade) if each.reason is Reason.INTENT_OPEN]
    assert all(each.stages is not None for each in waited)
    for each in trades:
        if each.trace.get("deferred"):
            assert any(before.time < each.time for before in waited)
            continue
        assert each.stages is not None
        assert each.stages.decision is not None
        assert {model.model for model in each.stages.predictions.horizons[0].models} == set(RETURNS)


def test_it_leaves_by_its_stop_its_time_and_its_signal(played: Played) -> None:
    reasons = {each.reason for each in played.of(ExitTriggered)}
    assert {Reason.STOP, Reason.SIGNAL} <= reasons, reasons
    raised = played.of(IntentRaised)
    assert any(each.leaving for each in raised)
    assert played.of(RewardBooked)


def test_it_learns(played: Played, runs: list[Path]) -> None:
    """Weights of models, and the return that a prediction stands for, are not what they were at the start."""
    learned = played.learned
    assert learned.models == ["deep", "flat"]
    weights = bandit.model_weights(learned.bandit)
    assert learned.bandit.updates[0] > 20, "past its warm-up"
    assert np.abs(weights - 0.5).max() > 0.01
    assert learned.returns.updates > 1000
    pairs = learned.returns.horizons[0]
    assert len(pairs.pending) <= 8
    names = learned.models
    prior = np.full((2, 2), np.nan)
    for run in runs[:2]:
        for model in ModelRun.open(run, interval_minutes=5).models():
            assert model.calibration is not None
            prior[names.index(model.name), learned.horizons.index(model.horizon)] = model.calibration.slope
    known = returns.statistics(learned.returns, returns.ReturnsSettings(), prior)
    assert known.pairs.min() > 1000
    assert np.abs(known.slope[0] / prior - 1.0).min() > 0.01
    assert known.ic[0, :, 0].min() != 0.0


def test_the_report_tells_costs_and_who_made_the_money(played: Played, tmp_path: Path) -> None:
    statistics = played.result.statistics
    assert statistics.costs.fees > 0
    assert statistics.costs.slippage is not None
    (symbol,), (strategy,) = statistics.by_symbol, statistics.by_strategy
    assert (symbol.name, strategy.name) == (SYMBOL, "learnt")
    assert symbol.net == strategy.net == symbol.gross - symbol.costs.fees
    played.result.write_report(tmp_path / "report")
    page = (tmp_path / "report" / "report.html").read_text()
    assert "learnt" in page
    assert "Costs" in page


def test_what_comes_later_changes_nothing_of_what_was_done(
    played: Played, runs: list[Path], tmp_path: Path
) -> None:
    """The run ends two days earlier: decisions and fills until then are the same to the last digit."""
    start, end = played.result.record.start, played.result.record.start + 3 * DAY
    short = play(tmp_path, runs, start, end)
    fills = [each for each in played.result.fills if each.event_time <= end]
    assert len(fills) > 20
    assert short.result.fills == fills
    decided = [each for each in played.of(DecisionMade) if each.time <= end]
    assert short.of(DecisionMade) == decided


def test_models_that_have_seen_the_market_are_said_to_prove_nothing(
    runs: list[Path], bars: Bars, tmp_path: Path
) -> None:
    start = int(bars.closes[len(bars) // 2]) - 2 * DAY
    seen = play(tmp_path, runs, start, start + 6 * 60 * MINUTE)
    assert any("proves nothing" in note for note in seen.result.record.notes)


def test_a_planted_leak_ends_the_training(bars: Bars) -> None:
    """The return of the bar to come, hidden among the desk's own features."""

    def leaking(series: Bars) -> Any:
        made = window_features(series).copy()
        closes = series.values[:, 3]
        made[:-1, 0] = closes[1:] / closes[:-1] - 1.0
        return made

    with pytest.raises(ModelLoadError, match="looks ahead"):
        train([bars], TrainingPlan(horizons=("5m",), folds=2, parameters={"rounds": 5}), build=leaking)
