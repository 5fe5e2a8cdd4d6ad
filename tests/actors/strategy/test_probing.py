"""Asking a strategy whether it would trade: the answer is that of its next decision, and nothing comes of it."""

from __future__ import annotations

from decimal import Decimal

import pytest

from actors.strategy.probing import ProbeAnswer
from messages import codec
from messages.decisions import Decision, DecisionMade, DisableStrategy, SetStrategyBudget
from messages.intents import Side
from messages.reasons import Reason
from tests.actors.strategy.pipeline.pipelines import OPEN_GATES, Minutes, Told, pipeline
from tests.actors.strategy.stage import BTC, ETH, packed, strategy

pytestmark = pytest.mark.unit


def asked(stage: Minutes, symbol: str = "BTC-USDT", strategy: str | None = None) -> ProbeAnswer:
    """The one answer; that asking has changed nothing is seen to."""
    state, journal, sent = packed(stage.actor.state), list(stage.journal), list(stage.sent)
    (answer,) = stage.actor.probe(stage.now, symbol, strategy)
    assert packed(stage.actor.state) == state
    assert (stage.journal, stage.sent) == (journal, sent)
    return answer


def test_a_pipeline_tells_why_it_would_not_trade() -> None:
    stage = Minutes(pipeline(costs={"threshold_bps": 10_000}), models=[Told()])
    stage.play(range(40))
    answer = asked(stage)
    assert answer.trades is False
    assert (answer.decision, answer.reason) == (Decision.NO_TRADE, Reason.SCORE_BELOW_THRESHOLD)
    assert answer.may_enter
    assert answer.stages is not None
    assert [each.gate for each in answer.stages.gates] == [
        "bad_tick",
        "spread",
        "chop",
        "barrier",
        "churn",
        "fees",
    ]


def test_a_pipeline_tells_the_order_that_it_would_send() -> None:
    stage = Minutes(pipeline("Wave", sizing={"band": 0.0001}))
    minute = 0
    while not stage.actor.state.strategies or not stage.state("flow", "BTC-USDT").position.direction:
        stage.play(range(minute, minute + 1))
        minute += 1
    held = asked(stage).position
    stage.take(SetStrategyBudget("flow", "ann", Decimal(200_000)))  # twice as much is to be held now
    answer = asked(stage)
    assert answer.trades
    assert answer.decision is Decision.TRADE
    assert answer.side is not None
    assert answer.side.sign == (1 if held > 0 else -1)
    assert answer.quantity == pytest.approx(abs(held), rel=Decimal("0.1"))


def test_what_it_says_is_what_it_decides() -> None:
    """At each bar of an hour: asked at once after a decision, it says what that decision said."""
    stage = Minutes(pipeline("Wave", trace_every=1))
    said = 0
    for minute in range(60):
        stage.play(range(minute, minute + 1), fills=False)
        decided = [each for each in stage.events(DecisionMade) if each.time == stage.now]
        if not decided or decided[-1].decision is Decision.TRADE:
            stage.fill_open(minute)
            continue
        answer = asked(stage)
        assert (answer.decision, answer.reason) == (decided[-1].decision, decided[-1].reason)
        said += 1
    assert said > 10


def test_asking_changes_nothing_of_what_is_decided_later() -> None:
    plain, probed = Minutes(pipeline("Wave")), Minutes(pipeline("Wave"))
    plain.play(range(120))
    for minute in range(120):
        probed.play(range(minute, minute + 1))
        asked(probed)
    assert probed.journal == plain.journal
    assert packed(probed.actor.state) == packed(plain.actor.state)


def test_a_missing_input_is_named() -> None:
    gates = {**OPEN_GATES, "barrier": {"enabled": True}}
    stage = Minutes(pipeline(gates=gates), models=[Told()])
    found = {}
    for minute in range(40):
        stage.play(range(minute, minute + 1))
        answer = asked(stage)
        if answer.reason is Reason.MISSING:
            found[answer.missing] = answer
    named = {"p_peak", "p_valley"} & set(found)
    assert named
    stages = found[named.pop()].stages
    assert stages is not None
    assert stages.decision is not None
    assert stages.decision.side is None


@pytest.mark.parametrize(
    ("minutes", "parameters", "model", "said"),
    [
        (9, {}, Told(), "7 of 21 bars of 1m; told/5m needs 11 bars for return_10"),
        (8, {}, Told(input_mode="raw_sequence", features=(), sequence_length=9), "told/5m needs 9 bars"),
        (13, {"volatility_bars": 2}, Told(), "told/5m has fewer than 3 predictions"),
        (15, {"volatility_bars": 28}, Told(), "13 of 29 bars of 1m; volatility needs 29 bars"),
        (38, {}, Told(calibration=None), "told/5m has 9 of 20 judged predictions"),
        (
            40,
            {"gates": {**OPEN_GATES, "barrier": {"enabled": True}}},
            Told(),
            "no model of valleys is loaded",
        ),
    ],
)
def test_what_is_missing_is_told_with_how_much_there_is_and_how_much_is_needed(
    minutes: int, parameters: dict[str, object], model: Told, said: str
) -> None:
    stage = Minutes(pipeline(**parameters), models=[model])
    told = []
    for minute in range(minutes):
        stage.play(range(minute, minute + 1))
        told.append(asked(stage).lacks or "")
    assert any(said in words for words in told[-2:])


def test_of_a_strategy_that_waits_for_a_signal_the_gates_answer() -> None:
    stage = Minutes(strategy(), pipeline())
    stage.play(range(3))
    answer = asked(stage, strategy="obey")
    assert answer.trades is None
    assert answer.may_enter
    assert answer.bid is not None
    stage.take(DisableStrategy("obey", "ann"))
    answer = asked(stage, strategy="obey")
    assert not answer.may_enter
    assert [each.reason for each in answer.gates if not each.allowed] == [Reason.DISABLED]


def test_without_a_fresh_quote_nothing_is_decided() -> None:
    stage = Minutes(pipeline("Wave"))
    stage.play(range(20))
    stage.wait(600_000_000_000)
    answer = asked(stage)
    assert answer.trades is None
    assert not answer.may_enter
    assert Reason.STALE_QUOTE in {each.reason for each in answer.gates}


def test_of_a_group_the_symbol_that_is_asked_about_answers() -> None:
    stage = Minutes(pipeline("Wave", ETH, group=True), pipeline("Wave", BTC, group=True))
    stage.play(range(30))
    for symbol in stage.symbols:
        assert asked(stage, symbol).symbol == symbol
    assert stage.actor.probe(stage.now, "LTC-USDT") == ()


def test_an_answer_travels_as_it_is() -> None:
    stage = Minutes(pipeline("Wave"))
    stage.play(range(30))
    answer = asked(stage)
    plain = codec.unpack(codec.pack(codec.to_plain((answer,))))
    assert codec.from_plain(plain, tuple[ProbeAnswer, ...], where="probe") == (answer,)
    assert answer.room is not None
    assert answer.room <= Decimal(100_000)
    assert answer.side in (None, Side.BUY, Side.SELL)
