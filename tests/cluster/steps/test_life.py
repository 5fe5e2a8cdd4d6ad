"""The life of an actor: claim, recover, take, commit, perform, snapshot, leave."""

from __future__ import annotations

import msgspec
import pytest

from cluster.simulator.ports import Crash, Turn
from cluster.steps import requests as ask
from cluster.steps.recovery import state_digest
from cluster.store.port import Where
from messages.errors import FencedError
from messages.supervision import ExitReason
from tests.cluster.steps.stage import Stage, plain_state
from tests.samples import Answered, Asked, Counted, Ping, Pong

pytestmark = pytest.mark.unit


def pings(*numbers: int) -> list[Ping]:
    return [Ping(number=number) for number in numbers]


def test_a_first_life_claims_loads_rebuilds_and_takes(stage: Stage) -> None:
    host = stage.host()
    asked = []
    while not isinstance(host.request, ask.Take):
        asked.append(type(host.request))
        host.turn()
    assert asked == [ask.Claim, ask.Load, ask.Rebuild, ask.Report]
    assert host.machine.epoch == 1
    assert host.machine.generation == "g1"


def test_a_step_is_committed_with_inputs_events_and_mail(stage: Stage) -> None:
    stage.post(*pings(1, 2))
    host = stage.start()
    [record] = stage.journal()
    assert [item.reference for item in record.inputs] == ["1-0", "2-0"]
    assert [item.message for item in record.inputs] == [None, None]
    assert list(record.events) == [Counted(number=1), Counted(number=2)]
    assert [envelope.id for envelope in stage.sent("listener")] == ["counter#1", "counter#2"]
    assert host.machine.position.mailbox == "2-0"
    assert host.machine.position.step == 1


def test_nothing_to_take_is_no_step(stage: Stage) -> None:
    assert stage.start().turn() is Turn.WAITING
    control_only = stage.journal()
    assert len(control_only) == 0


def test_effects_leave_after_the_commit_and_their_answers_come_back(stage: Stage) -> None:
    stage.post(Ping(number=3))
    stage.line.at_next("commit", lambda: asked_before.append(len(stage.oracle.asked)))
    asked_before: list[int] = []
    host = stage.start()
    assert asked_before == [0]
    assert stage.oracle.asked == [3]
    assert [list(record.events) for record in stage.journal()] == [
        [Counted(number=3), Asked(number=3)],
        [Answered(number=3)],
    ]
    assert [record.outstanding for record in stage.journal()] == [1, 0]
    assert host.machine.actor.state.asked == {}


def test_an_unanswered_effect_is_performed_again_after_recovery(stage: Stage) -> None:
    stage.oracle.silent = True
    stage.post(Ping(number=3), Ping(number=6))
    stage.start()
    stage.oracle.silent = False
    host = stage.start()
    assert stage.oracle.asked == [3, 6, 3, 6]
    assert host.machine.actor.state.asked == {}
    assert host.machine.position.outstanding == 0


def test_outstanding_counts_what_is_owed_after_recovery(stage: Stage) -> None:
    stage.oracle.silent = True
    stage.post(Ping(number=3))
    stage.start()
    assert stage.start().machine.position.outstanding == 1


def test_a_successor_goes_on_where_the_last_commit_stood(stage: Stage) -> None:
    stage.post(*pings(1, 2))
    first = stage.start()
    stage.post(*pings(4))
    second = stage.start()
    assert second.machine.actor.state.numbers == [1, 2, 4]
    assert second.machine.epoch == 2
    assert [envelope.id for envelope in stage.sent("listener")][-1] == "counter#3"
    assert plain_state(second) != plain_state(first)


@pytest.mark.parametrize(
    "point", ["in_claim", "in_recovery", "before_commit", "after_commit", "before_effect"]
)
def test_a_death_at_any_point_loses_and_doubles_nothing(stage: Stage, point: str) -> None:
    stage.post(*pings(1, 2, 3))
    stage.dies_at(point)
    host = stage.start()
    assert host.machine.actor.state.numbers == [1, 2, 3]
    assert [envelope.message for envelope in stage.sent("listener")] == [
        Pong(number=number, total=number) for number in (1, 2, 3)
    ]
    assert host.machine.actor.state.asked == {}


def test_a_death_in_a_snapshot_costs_nothing(stage: Stage) -> None:
    stage.settings = msgspec.structs.replace(stage.settings, snapshot_every=1)
    stage.post(*pings(1))
    stage.dies_at("in_snapshot")
    assert stage.start().machine.actor.state.numbers == [1]


def test_the_digest_of_the_last_commit_is_the_digest_recovered(stage: Stage) -> None:
    stage.post(*pings(1, 2, 3, 5))
    stage.start()
    stored = stage.store.status(["counter"])[0].digest
    assert state_digest(stage.start().machine.actor) == stored


def test_a_claim_under_a_superseded_supervisor_is_refused(stage: Stage) -> None:
    host = stage.start(parent=("tree", 1))
    assert isinstance(host.ended, FencedError)
    assert "superseded" in str(host.ended)


def test_claims_and_loads_are_repeated_until_the_store_answers(stage: Stage) -> None:
    stage.post(*pings(1))
    for method in ("claim", "where", "load"):
        stage.line.lose_request(method)
    stage.line.lose_reply("claim")
    host = stage.start()
    assert host.machine.actor.state.numbers == [1]
    assert host.machine.epoch == 2, (
        "the claim whose answer was lost has happened, and is superseded by the next"
    )


def test_a_stop_stores_a_snapshot_and_the_exit_reason(stage: Stage) -> None:
    stage.post(*pings(1, 2))
    host = stage.start()
    host.stop = ExitReason.SHUTDOWN
    assert host.settle() is Turn.ENDED
    assert host.ended is ExitReason.SHUTDOWN
    loaded = stage.store.load("counter")
    assert [snapshot.step for snapshot in loaded.snapshots] == [1]
    assert stage.store.status(["counter"])[0].exit_reason == "shutdown"


def test_a_stop_with_nothing_done_stores_no_snapshot(stage: Stage) -> None:
    host = stage.start()
    host.stop = ExitReason.NORMAL
    host.settle()
    assert stage.store.load("counter").snapshots == ()


def test_a_stop_waits_for_the_effects_under_way(stage: Stage) -> None:
    stage.post(Ping(number=3))
    host = stage.host()
    while not isinstance(host.request, ask.Perform):
        host.turn()
    host.stop = ExitReason.SHUTDOWN
    assert host.settle() is Turn.ENDED
    assert host.machine.actor.state.asked == {}


def test_a_claim_tells_the_predecessor_and_why_it_left(stage: Stage) -> None:
    host = stage.start()
    host.stop = ExitReason.SHUTDOWN
    host.settle()
    claimed = stage.start().machine.claimed
    assert claimed is not None
    assert (claimed.exit_reason, claimed.deaths) == ("shutdown", 0)
    assert claimed.predecessor is not None
    assert claimed.predecessor.pid == 1


def test_every_committed_step_is_reported_unless_that_is_off(stage: Stage) -> None:
    stage.post(*pings(1))
    stage.start()
    assert [report.level for report in stage.reports] == ["info", "step"]
    quiet = Stage(settings=msgspec.structs.replace(stage.settings, report_steps=False))
    quiet.post(*pings(1))
    quiet.start()
    assert [report.level for report in quiet.reports] == ["info"]


def test_the_hash_of_the_outputs_tells_outputs_apart(stage: Stage) -> None:
    stage.post(*pings(1))
    host = stage.start()
    stage.post(*pings(2))
    host.settle()
    other = Stage()
    other.post(*pings(1))
    other.start()
    first, second = stage.journal()
    assert first.outputs == other.journal()[0].outputs
    assert first.outputs != second.outputs


def test_a_killed_host_does_nothing_more(stage: Stage) -> None:
    host = stage.start()
    host.die(Crash())
    stage.post(*pings(1))
    assert host.turn() is Turn.ENDED
    assert stage.store.where("counter") == Where(1, 0, "g1")
