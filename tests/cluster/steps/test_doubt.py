"""In doubt: every way a commit can go wrong, and what the machine makes of it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import pytest

from cluster.simulator.driver import SimulatedHost
from cluster.simulator.ports import Crash, Turn
from cluster.steps import requests as ask
from cluster.store.port import Incarnation
from messages.base import CONTROL, Envelope
from messages.control import StoreRenewed
from messages.errors import FencedError, InDoubtError, StoreLostError
from tests.cluster.steps.stage import Stage
from tests.samples import Ping

pytestmark = pytest.mark.unit

ELSEWHERE = Incarnation("elsewhere", "boot", 99, 0)


def test_a_lost_request_is_sent_again(stage: Stage) -> None:
    stage.line.lose_request("commit")
    stage.post(Ping(number=1))
    host = stage.start()
    assert host.machine.position.step == 1
    assert stage.line.calls.count("commit") == 2
    assert [envelope.id for envelope in stage.sent("listener")] == ["counter#1"]


def test_a_commit_that_happened_unheard_is_not_sent_again(stage: Stage) -> None:
    stage.line.lose_reply("commit")
    stage.post(Ping(number=3))
    host = stage.start()
    assert stage.oracle.asked == [3], "its effects are performed all the same"
    assert host.machine.position.step == 2
    assert stage.line.calls.count("commit") == 2, "one for the ping, one for the answer"
    assert len(stage.sent("listener")) == 1


def test_it_asks_until_the_store_tells(stage: Stage) -> None:
    stage.line.lose_reply("commit")
    for _ in range(5):
        stage.line.lose_request("where")
    stage.post(Ping(number=1))
    assert stage.start().machine.position.step == 1
    assert len(stage.journal()) == 1


def test_every_repetition_may_get_lost_too(stage: Stage) -> None:
    for _ in range(4):
        stage.line.lose_request("commit")
    stage.line.lose_reply("commit")
    stage.post(Ping(number=1))
    assert stage.start().machine.position.step == 1
    assert len(stage.journal()) == 1


def test_a_late_first_try_and_its_repetition_are_one_step(stage: Stage) -> None:
    def arrives_late() -> None:
        stage.store.commit([stage.line.sections[0]])

    stage.line.lose_request("commit")
    stage.line.at_next("commit", arrives_late)
    stage.post(Ping(number=3))
    host = stage.start()
    assert host.ended is None
    assert len(stage.sent("listener")) == 1
    assert stage.oracle.asked == [3]


def test_a_refused_commit_of_a_replaced_incarnation_ends_it(stage: Stage) -> None:
    host = stage.start()
    stage.store.claim("counter", ELSEWHERE)
    stage.post(Ping(number=3))
    host.settle()
    assert isinstance(host.ended, FencedError)
    assert stage.sent("listener") == []
    assert stage.oracle.asked == []


def test_an_unanswered_commit_of_a_replaced_incarnation_ends_it(stage: Stage) -> None:
    host = stage.start()
    stage.line.lose_request("commit", then=lambda: stage.store.claim("counter", ELSEWHERE))
    stage.post(Ping(number=3))
    host.settle()
    assert isinstance(host.ended, FencedError)
    assert stage.oracle.asked == []


def test_a_commit_that_happened_just_before_the_replacement_has_no_effects_here(stage: Stage) -> None:
    host = stage.start()
    stage.line.lose_reply("commit", then=lambda: stage.store.claim("counter", ELSEWHERE))
    stage.post(Ping(number=3))
    host.settle()
    assert isinstance(host.ended, FencedError)
    assert stage.oracle.asked == []
    assert stage.start().machine.actor.state.numbers == [3]
    assert stage.oracle.asked == [3], "they are owed, and the next incarnation performs them"


def test_a_store_ahead_of_its_only_writer_stops_it(stage: Stage) -> None:
    def somebody_writes() -> None:
        section = stage.line.sections[-1]
        stage.store.commit([section])
        ahead = stage.store.actors["counter"]
        ahead.position = type(ahead.position)(step=5)

    host = stage.start()
    stage.line.at_next("commit", somebody_writes)
    stage.post(Ping(number=1))
    host.settle()
    assert isinstance(host.ended, InDoubtError)


def run_to_commit(stage: Stage, number: int, host: SimulatedHost) -> None:
    """Let the host take a signal, and stop it just before it commits."""
    host.intake.signal(Ping(number=number))
    while not isinstance(host.request, ask.Commit):
        assert host.turn() is Turn.WORKED


LOSSES: dict[str, Callable[[Stage], None]] = {
    "at once": lambda stage: None,
    "and the request is lost": lambda stage: stage.line.lose_request("commit"),
}


@pytest.mark.parametrize("how", LOSSES)
def test_lost_steps_make_it_start_over_under_a_new_generation(stage: Stage, how: str) -> None:
    stage.post(Ping(number=1))
    host = stage.start()
    backup = stage.store.copy()
    stage.post(Ping(number=3))
    host.settle()
    epoch = host.machine.epoch
    stage.store.become(backup)
    LOSSES[how](stage)
    run_to_commit(stage, 7, host)
    host.settle()
    assert host.ended is None
    assert host.machine.generation == stage.store.generation == "g2"
    assert host.machine.epoch == epoch + 1
    assert host.machine.actor.state.numbers == [1]
    assert [envelope.message for envelope in stage.store.control.entries] == [StoreRenewed(generation="g2")]


def test_a_claim_that_the_store_forgot_is_a_lost_store_not_a_newer_incarnation(stage: Stage) -> None:
    stage.post(Ping(number=1))
    first = stage.start()
    backup = stage.store.copy()
    first.die(Crash())
    host = stage.start()
    stage.store.become(backup)
    run_to_commit(stage, 2, host)
    host.settle()
    assert host.ended is None
    assert host.machine.epoch == 3, "above every epoch it knows of"
    assert host.machine.generation == "g2"
    assert host.machine.actor.state.numbers == [1]


def test_a_replaced_incarnation_stops_even_if_the_store_lost_history(stage: Stage) -> None:
    backup = stage.store.copy()
    stage.post(Ping(number=1))
    host = stage.start()
    stage.store.become(backup)
    stage.store.claim("counter", ELSEWHERE, None, 7)
    run_to_commit(stage, 2, host)
    host.settle()
    assert isinstance(host.ended, FencedError)
    assert stage.store.generation == "g1"


def test_nobody_commits_to_a_renewed_store_before_having_loaded_it(stage: Stage) -> None:
    host = stage.start()
    run_to_commit(stage, 1, host)
    stage.store.renew("g1", "g2", _notice("g2"))
    host.turn()
    assert stage.journal() == [], "the right epoch and the right step are not enough"
    host.settle()
    assert host.machine.generation == "g2"
    assert host.machine.epoch == 2


def test_a_store_rolled_back_behind_its_own_renewal_is_renewed_again(stage: Stage) -> None:
    stage.post(Ping(number=1))
    host = stage.start()
    backup = stage.store.copy()
    for number, expected in ((2, "g2"), (4, "g3")):
        stage.post(Ping(number=number))
        host.settle()
        stage.store.become(backup)
        stage.generation = partial(str, expected)  # type: ignore[method-assign]
        run_to_commit(stage, 8, host)
        host.settle()
        assert host.machine.generation == stage.store.generation == expected


def test_a_store_is_renewed_once_however_many_ask(stage: Stage) -> None:
    assert stage.store.renew("g1", "g2", _notice("g2")) == "g2"
    assert stage.store.renew("g1", "g3", _notice("g3")) == "g2"
    assert stage.store.renew("g1", "g2", _notice("g2")) == "g2"
    assert len(stage.store.control.entries) == 1


def test_a_lost_store_noticed_while_waiting_starts_over_as_well(stage: Stage) -> None:
    stage.post(Ping(number=1))
    host = stage.start()
    host.trouble = StoreLostError("noticed by a heartbeat")
    host.settle()
    assert host.ended is None
    assert host.machine.epoch == 2
    assert host.machine.generation == "g2"


def test_a_newer_incarnation_noticed_while_waiting_ends_it(stage: Stage) -> None:
    host = stage.start()
    stage.store.claim("counter", ELSEWHERE)
    host.beat()
    host.settle()
    assert isinstance(host.ended, FencedError)


def test_a_heartbeat_notices_a_rollback(stage: Stage) -> None:
    backup = stage.store.copy()
    stage.post(Ping(number=1))
    host = stage.start()
    stage.store.become(backup)
    host.beat()
    assert isinstance(host.trouble, StoreLostError)
    host.settle()
    assert host.machine.generation == "g2"


def test_a_heartbeat_between_claim_and_load_does_not_take_the_same_loss_for_another(stage: Stage) -> None:
    backup = stage.store.copy()
    stage.post(Ping(number=1))
    host = stage.start()
    stage.store.become(backup)
    host.beat()
    stage.line.at_next("load", host.beat)
    stage.generation = iter(("g2", "g3")).__next__  # type: ignore[method-assign]
    host.settle()
    assert host.trouble is None
    assert (host.machine.generation, host.machine.epoch) == ("g2", 2), "it started over once"


def _notice(generation: str) -> Envelope:
    return Envelope("store", 0, CONTROL, "", "", 0, StoreRenewed(generation=generation))


def test_mail_of_a_lost_history_is_not_taken(stage: Stage) -> None:
    """A host whose own steps are all there may still hold mail that the store has forgotten."""
    stage.post(Ping(number=1))
    host = stage.start()
    backup = stage.store.copy()
    stage.post(Ping(number=2))
    while not isinstance(host.request, ask.Commit):
        host.turn()
    stage.store.become(backup)
    host.settle()
    assert isinstance(host.ended, InDoubtError)
    stage.post(Ping(number=4))
    assert stage.start().machine.actor.state.numbers == [1, 4]
