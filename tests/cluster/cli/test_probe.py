"""`raydesk probe`: what a person reads of the strategies' answers, and who is asked."""

from __future__ import annotations

import msgspec
import pytest

from actors.strategy.probing import ProbeAnswer
from cluster.cli.exits import Exit
from cluster.cli.probe import ProbeDocument
from messages import codec
from messages.reasons import Reason
from tests.actors.strategy.pipeline.pipelines import OPEN_GATES, Minutes, Told, pipeline
from tests.actors.strategy.stage import strategy
from tests.cluster.cli.conftest import Command
from tests.cluster.cli.desks import StoredDesk

pytestmark = pytest.mark.integration

BTC = "strategy/BTC-USDT"


def answers(**parameters: object) -> tuple[ProbeAnswer, ...]:
    """Those of a pipeline and of a strategy that waits for a signal, after 40 minutes."""
    stage = Minutes(strategy(), pipeline(**parameters), models=[Told()])
    stage.play(range(40))
    return stage.actor.probe(stage.now, "BTC-USDT")


def told(desk: StoredDesk, *given: ProbeAnswer) -> None:
    desk.answers[BTC] = codec.pack(codec.to_plain(given))


def test_a_person_reads_why_nothing_would_be_traded(empty_desk: StoredDesk, command: Command) -> None:
    told(empty_desk, *answers(costs={"threshold_bps": 100.0}))
    said = command("probe", "BTC-USDT", on=empty_desk)
    assert said.code == Exit.OK
    assert "flow/BTC-USDT (pipeline): would not trade now: score_below_threshold" in said.out
    assert "Over 5m the models expect" in said.out
    assert "not enough" in said.out
    assert "may enter at its next signal" in said.out
    for gate in ("bad_tick", "fees", "mode", "cooldown", "budget", "precedence_buy"):
        assert gate in said.out
    assert empty_desk.asked == [(BTC, "probe", "BTC-USDT", None)]


def test_an_input_that_is_missing_is_named(empty_desk: StoredDesk, command: Command) -> None:
    waiting, flow = sorted(
        answers(gates={**OPEN_GATES, "barrier": {"enabled": True}}), key=lambda each: each.trades is not None
    )
    lacks = "no model of peaks is loaded"
    told(empty_desk, msgspec.structs.replace(flow, reason=Reason.MISSING, missing="p_peak", lacks=lacks))
    said = command("probe", "BTC-USDT", on=empty_desk)
    assert "would not trade now: missing:p_peak (no model of peaks is loaded)" in said.out
    assert waiting.trades is None


def test_a_sizer_in_shadow_is_compared_with_the_one_that_decides(
    empty_desk: StoredDesk, command: Command
) -> None:
    told(empty_desk, *answers(sizing={"shadow": "atr"}))
    said = " ".join(command("probe", "BTC-USDT", on=empty_desk).out.split())
    assert "In shadow the sizer atr would hold " in said
    assert "of the budget (" in said
    assert "; the one that decides, " in said


def test_with_json_it_is_the_document(empty_desk: StoredDesk, command: Command) -> None:
    given = answers()
    told(empty_desk, *given)
    said = command("probe", "BTC-USDT", "--strategy", "ema", "--json", on=empty_desk)
    document = msgspec.json.decode(said.out, type=ProbeDocument, strict=False)
    assert [each.strategy for each in document.answers] == [each.strategy for each in given]
    assert document.answers[0].gates == given[0].gates
    assert document.answers[0].time == given[0].time
    assert empty_desk.asked == [(BTC, "probe", "BTC-USDT", "ema")]


def test_an_actor_that_does_not_answer_is_told_of(empty_desk: StoredDesk, command: Command) -> None:
    said = command("probe", "BTC-USDT", on=empty_desk)
    assert said.code == Exit.TROUBLE
    assert "strategy/BTC-USDT does not answer" in said.out


@pytest.mark.parametrize("arguments", [("DOGE-USDT",), ("BTC-USDT", "--strategy", "nobody")])
def test_what_nobody_trades_is_bad_usage(
    empty_desk: StoredDesk, command: Command, arguments: tuple[str, ...]
) -> None:
    said = command("probe", *arguments, on=empty_desk)
    assert said.code == Exit.USAGE
    assert "raydesk strategies list" in said.err
