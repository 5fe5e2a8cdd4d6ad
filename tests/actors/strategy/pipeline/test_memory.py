"""What a pipeline has learned: it outlives a crash, stays small, comes from fills, and counts in decisions."""

from __future__ import annotations

from decimal import Decimal

import msgspec
import numpy as np
import pytest

from actors.strategy.intelligence import (
    ClosedTrade,
    IntelligenceSettings,
    IntelligenceState,
    size_factor,
    symbol_score,
)
from messages.decisions import DecisionMade, SetStrategyBudget
from messages.learning import FillLearned, LearningBegan, PlanAdopted, PredictionsMade, RewardBooked
from tests.actors.strategy.pipeline.pipelines import Minutes, Told, learned, pipeline
from tests.actors.strategy.stage import packed

pytestmark = pytest.mark.unit


def test_what_was_learned_survives_a_kill_to_the_bit() -> None:
    stage = Minutes(pipeline("Wave"))
    stage.play(range(90))
    before = packed(stage.actor.state)
    stage.crash(fold=True)
    assert packed(stage.actor.state) == before
    undisturbed = Minutes(pipeline("Wave"))
    undisturbed.play(range(120))
    stage.play(range(90, 120))
    assert packed(stage.actor.state) == packed(undisturbed.actor.state)
    assert stage.journal == undisturbed.journal


def test_a_snapshot_brings_the_memory_back_as_plain_values() -> None:
    from actors.strategy.actor import StrategyActor
    from actors.strategy.state import StrategyActorState
    from messages.codec import from_plain, unpack

    stage = Minutes(pipeline("Wave"))
    stage.play(range(60))
    data = packed(stage.actor.state)
    restored = from_plain(unpack(data), StrategyActorState, where="state")
    actor = StrategyActor(stage.address, stage.settings, restored)
    assert packed(actor.state) == data
    actor.state = from_plain(unpack(data), StrategyActorState, where="state")
    actor.apply(stage.of(PredictionsMade)[-1])
    stage.actor.apply(stage.of(PredictionsMade)[-1])
    assert packed(actor.state) == packed(stage.actor.state)


def test_a_month_leaves_the_memory_as_large_as_a_day() -> None:
    stage = Minutes(pipeline("Wave"))
    stage.play(range(200))
    size = len(packed(stage.actor.state))
    stage.play(range(200, 700))
    assert len(packed(stage.actor.state)) <= size * 1.1


def test_other_models_go_on_with_what_is_known_of_those_that_stay() -> None:
    one, two = Told("one"), Told("two", factor=-1.0)
    stage = Minutes(pipeline(), models=[one, two])
    stage.play(range(60))
    known = learned(stage).returns.horizons[0].known
    stage.models = {"flow": (Told("three"), two)}  # type: ignore[dict-item]
    stage.crash(fold=True)
    stage.play(range(60, 62))
    began = stage.of(LearningBegan)
    assert [each.models for each in began] == [("one", "two"), ("three", "two")]  # type: ignore[attr-defined]
    before = np.frombuffer(known).reshape(1, 2, -1)
    after = np.frombuffer(learned(stage).returns.horizons[0].known).reshape(1, 2, -1)
    assert np.array_equal(before[0, 1], after[0, 1], equal_nan=True)
    assert not np.array_equal(before[0, 0], after[0, 0], equal_nan=True)
    super(Minutes, stage).check_replay()


def test_settings_of_the_memory_that_change_are_journalled() -> None:
    stage = Minutes(pipeline("Wave"))
    stage.play(range(30))
    changed = pipeline("Wave", learning={"rewards": {"range_bps": 50.0}})
    stage.settings = msgspec.structs.replace(stage.settings, strategies=(changed,))
    stage.crash(fold=True)
    stage.play(range(30, 32))
    assert [each.figures["rewards.range_bps"] for each in stage.of(LearningBegan)] == [100.0, 50.0]  # type: ignore[attr-defined]


def test_a_trade_is_rewarded_for_those_that_opened_it() -> None:
    stage = Minutes(pipeline("Wave"))
    stage.play(range(100))
    adopted = stage.of(PlanAdopted)[0]
    assert adopted.flat  # type: ignore[attr-defined]
    reward = stage.events(RewardBooked)[0]
    assert reward.shares == {"alpha": 1.0}
    assert reward.horizon == "5m"
    assert reward.cost_bps > 0
    assert reward.loss is not None
    assert 0 <= reward.loss < 0.5


@pytest.mark.parametrize(
    ("currency", "fee", "counted"),
    [("USDT", "0.5", 0.5), ("BTC", "0.001", 1.0), ("BNB", "0.01", 0.01), ("BNB", "0", 0.0)],
)
def test_fees_count_in_quote_currency(currency: str, fee: str, counted: float) -> None:
    stage = Minutes(pipeline("Wave"))
    stage.play(range(60), fills=False)
    stage.fill(quantity="1", price=1_000.0, fee=Decimal(fee), fee_currency=currency)
    (learnt,) = stage.events(FillLearned)
    assert learnt.fee == pytest.approx(counted)


def test_what_horizons_have_paid_counts_in_their_choice_and_is_in_the_trace() -> None:
    stage = Minutes(
        pipeline(
            "Wave", horizons=["5m", "15m"], learning={"bandit": {"warm_up": 1, "ramp": 0}}, trace_every=1
        )
    )
    stage.play(range(200))
    assert stage.events(RewardBooked)
    told = [
        [each.preference for each in decided.stages.arbitration.horizons]
        for decided in stage.events(DecisionMade)
        if decided.stages is not None and decided.stages.arbitration is not None
    ]
    assert told[0] == [None, None], "nothing is learned yet"
    first, second = told[-1]
    assert first is not None
    assert second is not None
    assert 0.7 <= first < 1.0 < second <= 1.3, "a horizon that was never tried counts for more"
    assert first + second == pytest.approx(2.0)


def test_what_closed_trades_have_shown_scales_the_next_sizes() -> None:
    """Ten trades that paid: their score is above one half, and what is wished for grows by what follows from it."""
    judged, plain = (pipeline("Wave", trace_every=1, sizing={"band": 0.0, "max_weight": 1.0}) for _ in "ab")
    judged = msgspec.structs.replace(judged, intelligence=IntelligenceSettings())
    targets = {}
    for name, chosen in (("judged", judged), ("plain", plain)):
        stage = Minutes(chosen)
        stage.play(range(30))
        if name == "judged":
            state = stage.state("flow", "BTC-USDT")
            state.intelligence = IntelligenceState(None, [_paid(stage.now - each) for each in range(10)])
        stage.take(SetStrategyBudget("flow", "ann", Decimal(200_000)))  # so that there is something to trade
        answer = stage.actor.probe(stage.now, "BTC-USDT")[0]
        assert answer.stages is not None
        assert answer.stages.sizing is not None
        assert answer.trades
        targets[name] = answer.stages.sizing
    factor = size_factor(symbol_score([_paid(0)] * 10).score, IntelligenceSettings())  # type: ignore[union-attr]
    assert 1.0 < factor <= 1.25
    assert targets["judged"].raw == targets["plain"].raw
    assert targets["judged"].target == pytest.approx(targets["plain"].target * factor)


def _paid(closed_at: int) -> ClosedTrade:
    return ClosedTrade(closed_at - 1, closed_at, 1_000.0, 10.0, 0.5, 1.0, 0.0, 0.0)
