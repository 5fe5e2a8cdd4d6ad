"""Sizers of one's own: the protocol, the caps above them, shadow, promotion, and what survives a kill."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from pydantic import ValidationError

from actors.strategy.pipeline.gating import texts
from actors.strategy.pipeline.learning import sizes
from actors.strategy.pipeline.learning.rewards import Reward
from actors.strategy.pipeline.memory import PipelineMemory
from actors.strategy.pipeline.settings import SizeParameters
from actors.strategy.pipeline.sizers import Candidate, make_own
from actors.strategy.pipeline.sizing import (
    AtrSizer,
    SizeInputs,
    Sizer,
    SizeSettings,
    VolatilitySizer,
    Wish,
    size,
)
from messages import codec
from messages.decisions import Decision, DecisionMade, IntentRaised, PromoteSizer, SizerPromoted
from messages.errors import ConfigurationError, InvariantError
from messages.learning import LearningBegan, RewardBooked, SizerTaught
from tests.actors.strategy.pipeline.own_sizers import HERE
from tests.actors.strategy.pipeline.pipelines import Minutes, pipeline
from tests.actors.strategy.pipeline.test_sizing import inputs, one, rows, wants
from tests.actors.strategy.stage import BTC, ETH, packed

pytestmark = pytest.mark.unit

LEARNED = f"{HERE}:Learned"


def own(name: str, **parameters: object) -> Candidate:
    return make_own(f"{HERE}:{name}", parameters, "sizing.sizer")


def with_learned(taken: SizeInputs) -> SizeInputs:
    return msgspec.structs.replace(taken, learned=np.zeros((len(taken.direction), 2)))


# ---------------------------------------------------------------------- the protocol

SIZERS: list[Sizer] = [VolatilitySizer(), AtrSizer(), own("Fixed"), own("Learned")]


@pytest.mark.parametrize("sizer", SIZERS, ids=lambda each: each.name)
@pytest.mark.property
@given(taken=inputs())
@settings(deadline=None, max_examples=25)
def test_a_sizer_answers_for_each_symbol_alone_and_always_alike(sizer: Sizer, taken: SizeInputs) -> None:
    taken = with_learned(taken)
    with np.errstate(all="ignore"):
        whole, again = sizer.wish(taken), sizer.wish(taken)
        alone = [sizer.wish(rows(taken, [row])) for row in range(len(taken.direction))]
    assert whole.weight.shape == whole.code.shape == taken.direction.shape
    assert (whole.weight.dtype, whole.code.dtype) == (np.float64, np.int8)
    assert whole.weight.tobytes() == again.weight.tobytes()
    assert whole.weight.tobytes() == b"".join(each.weight.tobytes() for each in alone)
    assert whole.code.tolist() == [each.code[0] for each in alone]
    assert all(text.startswith("missing:") for text in texts(whole.code[~np.isfinite(whole.weight)]))


class Answers:
    """A sizer that says what it was told to say."""

    name = "answers"

    def __init__(self, weight: object, code: object) -> None:
        self.weight, self.code = weight, code

    def wish(self, inputs: SizeInputs) -> Wish:
        return Wish(self.weight, self.code)  # type: ignore[arg-type]


@pytest.mark.property
@given(data=st.data())
@settings(deadline=None, max_examples=100)
def test_caps_hold_whatever_a_sizer_answers(data: st.DataObject) -> None:
    count = data.draw(st.integers(1, 4))
    said = data.draw(arrays.arrays(np.float64, count, elements=st.floats(width=64)))
    code = data.draw(arrays.arrays(np.int8, count))
    caps = SizeSettings(data.draw(st.floats(0.05, 0.3)), data.draw(st.floats(0.05, 1.0)), 0.0)
    taken = wants([0.01, -0.01, 0.02, -0.02][:count])
    with np.errstate(over="ignore"):
        found = size(taken, caps, Answers(said, code))
    assert np.abs(found.target).max() <= caps.max_weight
    assert np.abs(found.target).sum() <= caps.max_gross * (1 + 1e-12)
    nothing = ~np.isfinite(said)
    assert not found.trade[nothing].any()
    assert all(text.startswith("missing:") for text in texts(found.code[nothing]))


@pytest.mark.parametrize(
    "weight",
    [None, "all", 0.1, np.ones(3), np.ones((1, 1)), np.ones(1, np.float32), np.array(["0.1"]), [0.1]],
    ids=repr,
)
def test_what_is_no_weight_for_each_symbol_is_no_wish(weight: object) -> None:
    assert one(wants(0.01), sizer=Answers(weight, None)) == (0.0, False, "missing:size")


def test_wishes_beyond_the_caps_are_cut_and_infinite_ones_are_none() -> None:
    assert one(wants(0.01), sizer=own("Greedy")) == (0.2, True, "capped")
    assert one(wants(0.01), sizer=own("Infinite")) == (0.0, False, "missing:size")
    assert one(wants(0.01, position=0.1), sizer=own("Infinite"))[:2] == (0.1, False)


def test_a_sizer_cannot_write_to_what_it_is_given() -> None:
    taken = wants(0.01, position=0.05)
    with pytest.raises(ValueError, match="read-only"):
        own("Meddler").wish(taken)
    assert taken.position.tolist() == [0.05]


@pytest.mark.parametrize("name", ["Broken", "Meddler", "Bare"])
def test_beside_another_it_may_fail_and_says_how(name: str) -> None:
    sizer = own(name).beside()
    assert one(wants([0.01]), sizer=sizer) == (0.0, False, "missing:size")
    assert sizer.error is not None


def test_what_it_learns_must_be_its_figures() -> None:
    reward = Reward("5m", {}, 12.0, 2.0, 1)
    assert own("Learned").learn(np.array([1.0, 5.0]), reward).tolist() == [2.0, 15.0]  # type: ignore[union-attr]
    nothing = Reward("5m", {}, np.nan, 0.0, 1)
    with pytest.raises(InvariantError, match="2 finite numbers"):
        own("Learned").learn(np.zeros(2), nothing)
    assert own("Learned").beside().learn(np.zeros(2), nothing) is None
    with pytest.raises(ZeroDivisionError):
        own("Broken").learn(np.zeros(1), reward)
    assert own("Broken").beside().learn(np.zeros(1), reward) is None


# ---------------------------------------------------------------------- the settings


def test_settings_name_sizers_by_path_with_parameters_of_their_own() -> None:
    chosen = SizeParameters(sizer=f"{HERE}:Fixed", parameters={"weight": 0.03}, shadow="atr")
    assert one(wants(0.01), sizer=chosen.chosen())[0] == 0.03
    beside = chosen.candidate()
    assert beside is not None
    assert (beside.name, beside.identity) == ("atr", 'atr{"min_strength": 0.25, "risk": 0.0025}')
    assert SizeParameters().candidate() is None
    same, other = own("Fixed", weight=0.02), own("Fixed", weight=0.03)
    assert own("Fixed").identity == same.identity != other.identity


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"sizer": "magic"}, "is no sizer"),
        ({"sizer": "no.such.module:Sizer"}, "can't be imported"),
        ({"sizer": f"{HERE}:Nobody"}, "is no sizer"),
        ({"sizer": "actors.strategy.pipeline.sizers:SizerBase"}, "is no sizer"),
        ({"sizer": f"{HERE}:Fixed", "parameters": {"weight": 2}}, "sizing.parameters.weight"),
        ({"sizer": f"{HERE}:Fixed", "parameters": {"wieght": 1}}, "its parameters are: weight"),
        ({"parameters": {"z_max": 2}}, "has its parameters beside"),
        ({"shadow": "atr", "shadow_parameters": {"risk": 1}}, "has its parameters beside"),
        ({"sizer": LEARNED}, "begins in shadow"),
    ],
)
def test_what_cannot_be_a_sizer_is_refused_by_name(given: dict[str, object], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        SizeParameters.model_validate(given)


def test_figures_beyond_the_bound_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.actors.strategy.pipeline.own_sizers.Learned.columns", 257)
    with pytest.raises(ConfigurationError, match="keeps 257 figures"):
        own("Learned")


# ---------------------------------------------------------------------- shadow and promotion


def promote(stage: Minutes, promoted: bool = True) -> None:
    stage.take(PromoteSizer("flow", "ann", promoted, "it has shown what it can"), sender="operator")


def wave(**sizing: object) -> Minutes:
    return Minutes(pipeline("Wave", trace_every=1, sizing=sizing))


def test_in_shadow_it_changes_nothing_and_each_decision_says_what_it_would_do() -> None:
    plain, beside = wave(), wave(shadow=LEARNED)
    for stage in (plain, beside):
        stage.play(range(150))
    orders = [[each.intent.terms for each in stage.events(IntentRaised)] for stage in (plain, beside)]
    assert orders[0] == orders[1] != []
    decided = beside.events(DecisionMade)
    assert {each.trace["shadow_sizer"] for each in decided} == {"learned"}
    traded = [each for each in decided if each.decision is Decision.TRADE and each.trace["shadow_wish"]]
    assert traded
    assert any(each.trace["shadow_target"] != each.trace["sizer_target"] for each in traded)
    assert not any("shadow_sizer" in each.trace for each in plain.events(DecisionMade))


def test_it_learns_from_each_closed_trade_and_decides_once_promoted() -> None:
    stage = wave(shadow=LEARNED)
    stage.play(range(200))
    rewards, lessons = stage.events(RewardBooked), stage.events(SizerTaught)
    assert len(rewards) == len(lessons) >= 2
    promote(stage)
    promote(stage)
    [told] = stage.events(SizerPromoted)
    assert (told.sizer, told.by, told.trades, told.time) == (f"{LEARNED}{{}}", "ann", len(lessons), stage.now)
    stage.play(range(200, 300))
    after = [each for each in stage.events(DecisionMade) if each.time > told.time and each.stages is not None]
    assert {each.stages.sizing.sizer for each in after} == {"learned"}  # type: ignore[union-attr]
    assert {each.trace["shadow_sizer"] for each in after} == {"volatility"}
    assert any(each.decision is Decision.TRADE for each in after)
    assert len(stage.events(SizerTaught)) > len(lessons)
    promote(stage, False)
    assert stage.events(SizerPromoted)[-1].sizer is None
    before = len(stage.events(DecisionMade))
    stage.play(range(300, 320))
    back = stage.events(DecisionMade)[before:]
    assert {each.trace["shadow_sizer"] for each in back} == {"learned"}
    super(Minutes, stage).check_replay()


def test_what_it_knows_and_that_it_decides_survive_a_kill() -> None:
    through, killed = wave(shadow=LEARNED), wave(shadow=LEARNED)
    for stage in (through, killed):
        stage.play(range(150))
        promote(stage)
    state = packed(killed.actor.state)
    killed.crash(fold=True)
    assert packed(killed.actor.state) == state
    for stage in (through, killed):
        stage.play(range(150, 260))
    assert [each.intent.terms for each in killed.events(IntentRaised)] == [
        each.intent.terms for each in through.events(IntentRaised)
    ]
    assert packed(killed.actor.state) == packed(through.actor.state)


def test_a_promotion_is_of_that_sizer_with_those_parameters() -> None:
    stage = wave(shadow=f"{HERE}:Fixed", shadow_parameters={"weight": 0.03})
    stage.play(range(60))
    promote(stage)
    changed = wave(shadow=f"{HERE}:Fixed", shadow_parameters={"weight": 0.19})
    for event in stage.journal:
        changed.actor.apply(event)
    changed.now = stage.now
    changed.play(range(61, 120))
    decided = [each for each in changed.events(DecisionMade) if each.stages is not None]
    assert {each.stages.sizing.sizer for each in decided} == {"volatility"}  # type: ignore[union-attr]
    assert {each.trace["shadow_sizer"] for each in decided} == {"fixed"}


def test_without_one_in_shadow_nothing_is_promoted() -> None:
    stage = wave()
    stage.play(range(10))
    promote(stage)
    promote(stage, False)
    assert not stage.events(SizerPromoted)


def test_a_group_has_one_sizer_with_figures_for_each_symbol() -> None:
    sizing = {"shadow": LEARNED}
    stage = Minutes(
        *(pipeline("Wave", each, True, trace_every=1, sizing=sizing) for each in (BTC, ETH)),
    )
    stage.play(range(200))
    assert {each.symbol for each in stage.events(SizerTaught)} == {"BTC-USDT", "ETH-USDT"}
    promote(stage)
    assert [each.symbol for each in stage.events(SizerPromoted)] == ["BTC-USDT", "ETH-USDT"]
    stage.play(range(200, 240))
    assert stage.events(DecisionMade)[-1].trace["shadow_sizer"] == "volatility"


def test_one_that_fails_in_shadow_costs_nothing_and_tells() -> None:
    plain, beside = wave(), wave(shadow=f"{HERE}:Broken")
    for stage in (plain, beside):
        stage.play(range(150))
    orders = [[each.intent.terms for each in stage.events(IntentRaised)] for stage in (plain, beside)]
    assert orders[0] == orders[1] != []
    assert beside.events(RewardBooked)
    assert not beside.events(SizerTaught)
    assert beside.events(DecisionMade)[-1].trace["shadow_error"] == "ZeroDivisionError: no size today"


def test_a_probe_compares_the_two() -> None:
    stage = wave(shadow=f"{HERE}:Fixed", shadow_parameters={"weight": 0.03})
    stage.play(range(40))
    (answer,) = stage.actor.probe(stage.now, "BTC-USDT")
    assert answer.shadow_sizer == "fixed"
    assert answer.shadow_target is not None
    assert answer.sizer_target is not None
    assert answer.shadow_reason


def test_symbols_that_stay_keep_what_was_learned_of_them() -> None:
    state = sizes.after_lesson(None, "a", "X", np.array([1.0]).tobytes())
    state = sizes.after_lesson(state, "a", "Y", np.array([2.0]).tobytes())
    assert sizes.known(sizes.kept(state, {"Y"}), "a", ("X", "Y"), 1).tolist() == [[0.0], [2.0]]
    assert sizes.known(state, "b", ("X",), 1).tolist() == [[0.0]]
    assert sizes.known(state, "a", ("X",), 2).tolist() == [[0.0, 0.0]]
    assert sizes.after_lesson(state, "b", "X", b"").trades == {"X": 1}
    assert sizes.kept(None, {"Y"}) is None


def test_it_begins_with_the_memory_of_the_strategy() -> None:
    stage = wave(shadow=LEARNED)
    stage.play(range(5))
    assert stage.events(LearningBegan)
    assert stage.actor.state.learned["flow"].sizer is None


def test_a_snapshot_holds_what_was_learned() -> None:
    stage = wave(shadow=LEARNED)
    stage.play(range(150))
    state = stage.actor.state.learned["flow"]
    assert sum(state.sizer.trades.values()) == len(stage.events(SizerTaught)) > 0
    restored = PipelineMemory.restored(codec.unpack(codec.pack(codec.to_plain(state))))
    assert restored.state.sizer == state.sizer
    known = restored.sizer_knows(f"{LEARNED}{{}}", 2)
    assert known.tolist() == stage.actor._learners["flow"].sizer_knows(f"{LEARNED}{{}}", 2).tolist()
    assert known.any()
