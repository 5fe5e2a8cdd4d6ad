"""The conductor: bars to models to the kernel to target weights, with everything learned in the journal."""

from __future__ import annotations

from decimal import Decimal

import msgspec
import numpy as np
import pytest

from actors.strategy.models import Target
from actors.strategy.settings import StrategySettings
from actors.strategy.strategy import History
from messages.decisions import Decision, DecisionMade, DisableStrategy, IntentRaised
from messages.errors import ConfigurationError, GatingError, InvariantError
from messages.intents import Side
from messages.learning import (
    PredictionsKept,
    PredictionsMade,
    PredictorMissing,
    ReturnsRealised,
    RewardBooked,
)
from messages.reasons import Reason
from tests.actors.strategy.pipeline.pipelines import (
    FREE,
    MINUTE,
    OPEN_GATES,
    Certain,
    Minutes,
    Told,
    learned,
    pipeline,
    price_at,
)
from tests.actors.strategy.stage import BTC, ETH

pytestmark = pytest.mark.unit


def reasons(stage: Minutes) -> set[tuple[Decision, Reason]]:
    return {(each.decision, each.reason) for each in stage.events(DecisionMade)}


def test_an_alpha_of_ones_own_trades_both_ways_turns_and_learns() -> None:
    stage = Minutes(pipeline("Wave"))
    stage.play(range(200))
    sides = {each.intent.terms.side for each in stage.events(IntentRaised)}
    assert sides == {Side.BUY, Side.SELL}
    assert len(stage.events(RewardBooked)) >= 2
    assert all(each.net_bps > 0 for each in map(_net, stage.events(RewardBooked)))
    assert len(stage.of(PredictionsMade)) == 198
    assert stage.of(PredictionsKept)
    assert stage.of(ReturnsRealised)
    assert learned(stage).returns.updates > 10
    super(Minutes, stage).check_replay()


class _Net(msgspec.Struct):
    net_bps: float


def _net(reward: RewardBooked) -> _Net:
    return _Net(reward.gross_bps - reward.cost_bps)


def test_a_loaded_model_trades_by_its_calibration() -> None:
    stage = Minutes(pipeline(), models=[Told()])
    stage.play(range(60))
    assert stage.intents
    trades = [each for each in stage.events(DecisionMade) if each.decision is Decision.TRADE]
    stages = trades[0].stages
    assert stages is not None
    assert stages.predictions is not None
    (horizon,) = stages.predictions.horizons
    (said,) = horizon.models
    assert said.model == "told"
    assert said.expected is not None
    assert said.z is not None
    assert np.sign(said.expected) == np.sign(said.z)
    assert stages.decision is not None
    assert stages.decision.horizon == "5m"
    assert stages.sizing is not None
    assert stages.sizing.target == pytest.approx(trades[0].trace["target"] / 100_000)  # type: ignore[operator]


def test_models_without_calibration_are_watched_before_they_trade() -> None:
    stage = Minutes(pipeline(), models=[Told(calibration=None)])
    stage.play(range(20))
    assert not stage.intents
    assert (Decision.NO_TRADE, Reason.UNCALIBRATED) in reasons(stage)
    stage.play(range(20, 200))
    assert stage.intents, "twenty pairs have given it a slope"


def test_without_models_it_says_so_once_and_the_others_go_on() -> None:
    stage = Minutes(pipeline(horizons=[]), other())
    stage.play(range(5))
    assert len(stage.of(PredictorMissing)) == 1
    assert reasons(stage) >= {(Decision.NO_TRADE, Reason.NO_PREDICTOR)}
    assert "obey" in {each.intent.strategy for each in stage.events(IntentRaised)}
    assert "flow" not in stage.actor.state.learned


def other() -> StrategySettings:
    """A rule beside the pipeline, which buys at once."""
    from tests.actors.strategy.stage import strategy

    return strategy("tests.actors.strategy.pipeline.pipelines:Buys", "obey")


def test_traces_that_do_not_trade_are_sampled_and_those_that_trade_kept() -> None:
    stage = Minutes(pipeline("Wave", trace_every=10))
    stage.play(range(101))
    decided = stage.events(DecisionMade)
    for each in decided:
        if each.decision is Decision.TRADE:
            assert each.stages is not None
    kept = [each for each in decided if each.decision is not Decision.TRADE and each.stages is not None]
    assert 1 <= len(kept) <= 10


def test_barrier_models_are_heard_and_their_absence_is_no_neutral_word() -> None:
    silent = Minutes(
        pipeline(gates={**OPEN_GATES, "barrier": {"enabled": True}}, trace_every=1), models=[Told()]
    )
    silent.play(range(40))
    assert not silent.intents
    assert (Decision.NO_TRADE, Reason.MISSING) in reasons(silent)
    assert any(each.trace.get("missing") in ("p_peak", "p_valley") for each in silent.events(DecisionMade))
    heard = Minutes(
        pipeline(gates={**OPEN_GATES, "barrier": {"enabled": True}}),
        models=[Told(), Certain(Target.PEAK, 0.7), Certain(Target.VALLEY, 0.1)],
    )
    heard.play(range(130))
    entered = [each.intent.terms for each in heard.events(IntentRaised)]
    assert {each.side for each in entered if not each.reduce_only} == {Side.SELL}
    assert (Decision.BLOCKED, Reason.PEAK_PROBABLE) in reasons(heard)


def test_in_strict_mode_a_gate_that_lacks_an_input_raises() -> None:
    stage = Minutes(
        pipeline(gates={**OPEN_GATES, "barrier": {"enabled": True}}, strict=True), models=[Told()]
    )
    with pytest.raises(GatingError, match="barrier"):
        stage.play(range(40))
    live = Minutes(pipeline(gates={**OPEN_GATES, "barrier": {"enabled": True}}), models=[Told()], strict=True)
    with pytest.raises(GatingError, match="barrier"):
        live.play(range(40))


def test_warming_up_is_a_known_state_also_in_strict_mode_and_said_once() -> None:
    asked = {**OPEN_GATES, "chop": {"enabled": True, "min_atr_ratio": 0.0}, "barrier": {"enabled": True}}
    heard = [Certain(Target.PEAK, 0.1), Certain(Target.VALLEY, 0.1)]
    stage = Minutes(pipeline("Wave", gates=asked), models=heard, strict=True)
    assert stage.actor.histories == (History(100, MINUTE),), "what the chop gate looks back on"
    stage.play(range(28))
    assert not stage.intents, "no range of the market is known yet"
    said = [(each.decision, each.reason) for each in stage.events(DecisionMade)]
    assert said.count((Decision.NO_TRADE, Reason.WARMING_UP)) <= 2, "once, and once as a sample"
    assert Reason.MISSING not in {reason for _, reason in said}
    stage.play(range(28, 60))
    assert stage.intents, "what is known suffices, although the window is not full"


def test_a_market_that_stands_still_is_no_missing_input() -> None:
    asked = {**OPEN_GATES, "chop": {"enabled": True}}
    stage = Minutes(pipeline("Wave", gates=asked), strict=True)
    stage.price_at = lambda minute, place: price_at(min(minute, 10), place)
    stage.play(range(140))
    assert not stage.intents
    assert (Decision.NO_TRADE, Reason.MISSING) in reasons(stage), "a ratio to nothing is none"


def test_in_strict_mode_costs_without_a_volume_raise_once_the_bars_are_there() -> None:
    costs = {"timing_weight": 0}
    stage = Minutes(pipeline("Wave", bars="quotes", costs=costs), strict=True)
    with pytest.raises(GatingError, match=r"costs\.volume"):
        stage.play(range(30))
    assert (Decision.NO_TRADE, Reason.WARMING_UP) in reasons(stage)
    lenient = Minutes(pipeline("Wave", bars="quotes", costs=costs))
    lenient.play(range(30))
    assert (Decision.NO_TRADE, Reason.MISSING) in reasons(lenient)


def test_an_alpha_of_an_unknown_horizon_is_a_mistake() -> None:
    with pytest.raises(InvariantError, match="does not have") as caught:
        Minutes(pipeline("Lost")).play(range(3))
    assert caught.value.value == "7m"


def test_a_switched_off_pipeline_decides_nothing() -> None:
    stage = Minutes(pipeline("Wave"))
    stage.take(DisableStrategy("flow", "me"))
    stage.play(range(30))
    assert not stage.of(PredictionsMade)
    assert not stage.intents


# groups


def test_a_group_decides_on_all_symbols_in_one_call_when_all_have_their_bar() -> None:
    stage = Minutes(pipeline("Wave", ETH, group=True), pipeline("Wave", group=True))
    stage.play(range(60))
    made = stage.of(PredictionsMade)
    assert len(made) == 58
    assert all(len(each.bars) == 2 and all(each.bars) for each in made)  # type: ignore[attr-defined]
    assert {each.intent.terms.symbol for each in stage.events(IntentRaised)} == {"BTC-USDT", "ETH-USDT"}
    super(Minutes, stage).check_replay()


def test_a_group_does_not_wait_for_ever_for_a_symbol_without_bars() -> None:
    stage = Minutes(pipeline("Wave", ETH, group=True), pipeline("Wave", group=True))
    stage.symbols = ["BTC-USDT"]
    for minute in range(6):
        stage.minute(minute)
        stage.quote(after=3_000_000_000)
    assert [each.bars[1] for each in stage.of(PredictionsMade)] == [0] * 4  # type: ignore[attr-defined]


def test_ranked_models_need_five_symbols() -> None:
    stage = Minutes(
        pipeline(instrument=ETH, group=True), pipeline(group=True), models=[Told(cross_sectional=True)]
    )
    stage.play(range(30))
    assert not stage.intents


# settings


@pytest.mark.parametrize(
    ("models", "parameters", "said"),
    [
        ([Told(interval_minutes=5)], {}, "bars of 5 minutes"),
        ([Told(), Told()], {}, "one name and one horizon"),
        ([Told(horizon="7x")], {"horizons": []}, "not a horizon"),
        (
            [Told(), Told("b", calibration=msgspec.structs.replace(Told().calibration, window=20))],  # type: ignore[type-var]
            {},
            "different lengths",
        ),
        ([Told(features=("nonsense",))], {}, "no such feature"),
        ([], {"interval": "0s"}, "does not accept its parameters"),
        ([], {"gates": {"spreads": {}}}, "does not accept its parameters"),
    ],
)
def test_what_does_not_fit_is_refused_at_the_start(
    models: list[Told], parameters: dict[str, object], said: str
) -> None:
    with pytest.raises(ConfigurationError, match=said):
        Minutes(pipeline(**parameters), models=models)


def test_an_alpha_needs_horizons() -> None:
    with pytest.raises(ConfigurationError, match="no horizon is given"):
        Minutes(pipeline("Wave", horizons=[]))


def test_a_pipeline_needs_a_budget() -> None:
    with pytest.raises(ConfigurationError, match="parts of a budget") as caught:
        Minutes(msgspec.structs.replace(pipeline(), budget=None))
    assert caught.value.field == "strategies.flow.budget"


def test_sequence_models_get_the_last_bars_as_they_are() -> None:
    model = Told(input_mode="raw_sequence", features=(), sequence_length=8)
    stage = Minutes(pipeline(), models=[model])
    stage.play(range(40))
    assert stage.intents


def test_a_model_has_no_say_on_symbols_it_was_not_made_for() -> None:
    stage = Minutes(pipeline(), models=[Told(symbols=("ETH-USDT",))])
    stage.play(range(30))
    assert not stage.intents
    assert BTC.symbol in {each.symbol for each in stage.events(DecisionMade)}


def test_the_parameters_have_the_defaults_of_the_stages() -> None:
    from actors.strategy.pipeline.kernel import KernelSettings
    from actors.strategy.pipeline.memory import LearningSettings
    from actors.strategy.pipeline.settings import PipelineParameters

    defaults = PipelineParameters()
    assert defaults.kernel(10) == KernelSettings()
    assert defaults.learner(10) == LearningSettings()
    assert LearningSettings.of_figures(LearningSettings().figures()) == LearningSettings()


def test_fees_are_the_venues_unless_the_strategy_is_told_others() -> None:
    dear = msgspec.structs.replace(BTC, taker_fee=Decimal("0.05"))
    free = {"impact_weight": 0, "timing_weight": 0}
    stage = Minutes(pipeline("Wave", dear, costs=free))
    stage.play(range(60))
    assert not stage.intents
    assert (Decision.BLOCKED, Reason.FEES_NOT_COVERED) in reasons(stage)
    told = Minutes(pipeline("Wave", dear, costs=FREE))
    told.play(range(60))
    assert told.intents
