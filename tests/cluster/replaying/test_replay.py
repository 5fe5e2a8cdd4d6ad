"""Replay: the recorded inputs give the recorded decisions again, bit for bit; whatever differs is found and shown."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest

from cluster.replaying.cast import Cast, market_of
from cluster.replaying.recorded import Recorded
from cluster.replaying.replay import replay
from cluster.replaying.results import ActorReplay, Difference
from cluster.steps.journal import JournalRecord
from cluster.steps.machine import DEADLY, StepSettings
from cluster.store.port import StoredSnapshot
from messages import codec
from messages.portfolio import IntentDecided
from tests.cluster.replaying.sessions import (
    StageCast,
    cast_of,
    stage_recording,
    with_actor,
    with_record,
)
from tests.cluster.steps.stage import Raw, Stage
from tests.cluster.steps.test_poison import bad, fragile
from tests.samples import Counted, Counter, CounterState, Ping, UrgentPing, counter

pytestmark = pytest.mark.unit

BTC, ETH = "strategy/BTC-USDT", "strategy/ETH-USDT"
TRADERS = {BTC, ETH, "risk", "execution/paper"}


def only(results: tuple[ActorReplay, ...]) -> ActorReplay:
    """The result of the one actor that was replayed."""
    [result] = results
    return result


def found(results: tuple[ActorReplay, ...]) -> Difference:
    """The difference at the one actor that was replayed."""
    difference = only(results).difference
    assert difference is not None
    return difference


def first_decided(recorded: Recorded) -> tuple[JournalRecord, IntentDecided]:
    """The first answer of risk, and the step that gave it."""
    for record in recorded.actors["risk"].records():
        for event in record.events:
            if isinstance(event, IntentDecided):
                return record, event
    raise AssertionError("risk has decided nothing")


def test_a_session_of_real_actors_is_bit_identical(recorded: Recorded) -> None:
    results = {each.actor: each for each in replay(recorded, cast_of(recorded))}
    assert set(results) == TRADERS
    for address, result in results.items():
        assert (result.difference, result.skipped, result.from_step) == (None, None, 0)
        assert result.steps == len(recorded.actors[address].journal) > 20
    assert sum(each.events for each in results.values()) > 300


def test_only_the_named_actor_is_replayed(recorded: Recorded) -> None:
    assert only(replay(recorded, cast_of(recorded), ["risk"])).actor == "risk"


def test_a_tampered_event_is_found_and_both_sides_are_shown(recorded: Recorded) -> None:
    record, event = first_decided(recorded)
    forged = msgspec.structs.replace(event, quantity=event.quantity + 1)
    events = [forged if each is event else each for each in record.events]
    tampered = with_record(recorded, "risk", msgspec.structs.replace(record, events=events))
    difference = found(replay(tampered, cast_of(tampered), ["risk"]))
    assert (difference.actor, difference.step, difference.time) == ("risk", record.step, record.now)
    assert difference.what == "events"
    assert difference.inputs == tuple(f"mailbox:{item.reference}" for item in record.inputs)
    index = events.index(forged)
    assert difference.recorded[index]["quantity"] == event.quantity + 1
    assert difference.replayed[index]["quantity"] == event.quantity
    assert f"-    quantity: {event.quantity + 1}" in difference.lines
    assert f"+    quantity: {event.quantity}" in difference.lines


def test_the_other_actors_are_replayed_to_their_end_all_the_same(recorded: Recorded) -> None:
    record, _ = first_decided(recorded)
    tampered = with_record(recorded, "risk", msgspec.structs.replace(record, events=()))
    results = {each.actor: each for each in replay(tampered, cast_of(tampered))}
    assert results["risk"].difference is not None
    assert all(results[address].difference is None for address in TRADERS - {"risk"})


def test_equal_numbers_of_another_form_are_a_difference(recorded: Recorded) -> None:
    record, event = first_decided(recorded)
    longer = msgspec.structs.replace(event, requested=Decimal(f"{event.requested}0"))
    assert longer == event
    events = [longer if each is event else each for each in record.events]
    tampered = with_record(recorded, "risk", msgspec.structs.replace(record, events=events))
    assert found(replay(tampered, cast_of(tampered), ["risk"])).step == record.step


@pytest.mark.parametrize(
    ("field", "value"),
    [("outputs", "0" * 16), ("sequence", 999), ("ordinal", 999), ("outstanding", 7), ("now", 1)],
)
def test_everything_a_record_vouches_for_is_compared(recorded: Recorded, field: str, value: Any) -> None:
    record, _ = first_decided(recorded)
    tampered = with_record(recorded, "risk", msgspec.structs.replace(record, **{field: value}))
    difference = found(replay(tampered, cast_of(tampered), ["risk"]))
    assert difference.step == record.step


def test_a_forged_digest_is_found(recorded: Recorded) -> None:
    record = next(each for each in recorded.actors["risk"].records() if each.digest is not None)
    forged = f"{(record.digest or '').rpartition('-')[0]}-{'0' * 16}"
    tampered = with_record(recorded, "risk", msgspec.structs.replace(record, digest=forged))
    difference = found(replay(tampered, cast_of(tampered), ["risk"]))
    assert (difference.step, difference.what, difference.replayed) == (record.step, "digest", record.digest)


def test_a_digest_of_another_versions_state_is_no_difference(recorded: Recorded) -> None:
    record = next(each for each in recorded.actors["risk"].records() if each.digest is not None)
    earlier = with_record(recorded, "risk", msgspec.structs.replace(record, digest="0" * 16))
    assert only(replay(earlier, cast_of(earlier), ["risk"])).difference is None


def test_mail_that_was_delivered_otherwise_is_found_at_its_sender(recorded: Recorded) -> None:
    entries = list(recorded.actors["execution/paper"].mailbox)
    entry_id, data = entries[0]
    envelope = codec.decode_envelope(data)
    forged = msgspec.structs.replace(envelope, cause="nobody#1")
    entries[0] = (entry_id, codec.encode_envelope(forged))
    tampered = with_actor(recorded, "execution/paper", mailbox=tuple(entries))
    difference = found(replay(tampered, cast_of(tampered), ["risk"]))
    assert difference.what == "delivered"
    assert (difference.recorded["cause"], difference.replayed["cause"]) == ("nobody#1", envelope.cause)


def test_other_limits_than_recorded_are_a_difference_in_the_first_decision_they_change(
    recorded: Recorded,
) -> None:
    cast = cast_of(recorded, "risk.max_order_notional=500")
    difference = found(replay(recorded, cast, ["risk"]))
    assert difference.step == first_decided(recorded)[0].step
    assert difference.what == "events"


# ---------------------------------------------------------------------- where it begins, and what it needs


def test_a_strategy_without_its_market_data_is_passed_over_and_the_others_are_replayed(
    recorded: Recorded,
) -> None:
    whole = cast_of(recorded)
    results = {each.actor: each for each in replay(recorded, Cast(whole.config, whole.plan, None))}
    for address in (BTC, ETH):
        assert "can't be folded again" in (results[address].skipped or "")
        assert "--data" in (results[address].skipped or "")
    for address in TRADERS - {BTC, ETH}:
        assert (results[address].skipped, results[address].difference) == (None, None)
        assert results[address].steps > 20


def test_strategies_on_live_prices_are_passed_over_and_the_others_are_replayed(recorded: Recorded) -> None:
    """The history of a desk holds no market data, and live prices are nowhere else."""
    whole = cast_of(recorded)
    live = whole.config.model_copy(update={"feed": whole.config.feed.model_copy(update={"mode": "auto"})})
    cast = Cast(live, whole.plan, market_of(live, whole.plan, (), Path("cache")))
    results = {each.actor: each for each in replay(recorded, cast)}
    for address in (BTC, ETH):
        assert "its prices were live" in (results[address].skipped or "")
        assert "--data" not in (results[address].skipped or "")
    assert (results["risk"].skipped, results["risk"].difference) == (None, None)


def test_recordings_that_are_gone_are_named(recorded: Recorded, tmp_path: Any) -> None:
    cast = cast_of(recorded, "feed.mode=recorded")
    gone = tmp_path / "gone.gz"
    market = market_of(cast.config, cast.plan, [gone], tmp_path)
    result = only(replay(recorded, Cast(cast.config, cast.plan, market), [BTC]))
    assert str(gone) in (result.skipped or "")


def test_a_trimmed_journal_is_replayed_from_its_oldest_snapshot(recorded: Recorded) -> None:
    risk = recorded.actors["risk"]
    oldest = risk.snapshots[-1].step
    assert oldest > 1
    shorter = with_actor(recorded, "risk", journal=risk.journal[3:], mailbox=risk.mailbox[3:])
    result = only(replay(shorter, cast_of(shorter), ["risk"]))
    assert (result.from_step, result.difference, result.skipped) == (oldest, None, None)
    assert result.steps == risk.journal[-1][0] - oldest


def test_a_whole_journal_whose_first_mail_is_gone_is_replayed_from_a_snapshot(recorded: Recorded) -> None:
    shorter = with_actor(recorded, "risk", mailbox=recorded.actors["risk"].mailbox[1:])
    result = only(replay(shorter, cast_of(shorter), ["risk"]))
    assert result.from_step == recorded.actors["risk"].snapshots[-1].step
    assert result.difference is None


def test_a_damaged_snapshot_is_passed_over_with_a_note(recorded: Recorded) -> None:
    risk = recorded.actors["risk"]
    spoiled = StoredSnapshot(risk.snapshots[-1].step, b"spoiled", risk.snapshots[-1].checksum)
    shorter = with_actor(
        recorded, "risk", journal=risk.journal[3:], snapshots=(*risk.snapshots[:-1], spoiled)
    )
    result = only(replay(shorter, cast_of(shorter), ["risk"]))
    if len(risk.snapshots) > 1:
        assert result.from_step == risk.snapshots[-2].step
        assert str(spoiled.step) in result.notes[0]
    else:
        assert "no place to begin at" in (result.skipped or "")


def test_nothing_to_begin_at_is_said(recorded: Recorded) -> None:
    shorter = with_actor(recorded, "risk", journal=recorded.actors["risk"].journal[3:], snapshots=())
    result = only(replay(shorter, cast_of(shorter), ["risk"]))
    assert "no place to begin at" in (result.skipped or "")
    assert result.steps == 0


# ---------------------------------------------------------------------- crashes and poison


def crashing(stage: Stage) -> None:
    """Two lives, the first of which dies after a commit, with an effect and a timer under way."""
    stage.post(Ping(number=3), Ping(number=5))
    stage.dies_at("after_commit")
    stage.start()
    stage.clock.now += 5_000
    stage.start()
    stage.post(UrgentPing(number=6), Ping(number=7))
    stage.start()


def poisoned(stage: Stage) -> None:
    """A message that is put aside after its attempts, between others."""
    stage.post(Ping(number=1), bad(), Ping(number=2))
    stage.fails(2)
    stage.start()


def undecodable(stage: Stage) -> None:
    """Bytes that are no message."""
    stage.post(Ping(number=1), Raw(b"rubbish"), Ping(number=2))
    stage.fails(2)
    stage.start()


def poison_timer(stage: Stage) -> None:
    """A timer whose message can't be processed."""
    stage.post(Ping(number=5))
    stage.start()
    stage.clock.now += 5_000
    stage.fails(2)
    stage.start()


def deadly(stage: Stage) -> None:
    """A message that kills every process that takes it, until it is put aside untried."""
    stage.post(Ping(number=1), Ping(number=2))
    for _ in range(6):
        stage.dies_at("before_commit")
    stage.start()


STORIES: list[tuple[Callable[[Stage], None], Callable[[], Counter]]] = [
    (crashing, counter),
    (poisoned, counter),
    (undecodable, counter),
    (deadly, counter),
    (poison_timer, fragile),
]


@pytest.mark.parametrize(("story", "make"), STORIES, ids=lambda each: each.__name__)
def test_crashes_and_poison_are_replayed_as_they_were(
    story: Callable[[Stage], None], make: Callable[[], Counter]
) -> None:
    stage = Stage(make, StepSettings(snapshot_every=10_000, digest_every=1))
    story(stage)
    recording = stage_recording(stage)
    result = only(replay(recording, StageCast(make)))
    assert (result.difference, result.skipped) == (None, None)
    assert result.steps == len(stage.journal()) >= 2


def test_a_failure_that_was_not_recorded_is_shown_with_its_error(recorded: Recorded) -> None:
    stage = Stage()
    stage.post(Ping(number=1), Ping(number=5), Ping(number=2))
    stage.start()
    stage.clock.now += 5_000
    stage.start()
    difference = found(replay(stage_recording(stage), StageCast(fragile)))
    assert (difference.step, difference.what) == (2, "error")
    assert difference.replayed == "KeyError: 1000005"


class Greedy(Counter):
    """Other code: it remembers every number twice."""

    def count(self, event: Counted) -> None:
        self.state.numbers += [event.number, event.number]


def test_other_code_is_found_by_what_it_says() -> None:
    stage = Stage()
    stage.post(Ping(number=1), Ping(number=2))
    stage.start()
    changed = StageCast(lambda: Greedy("counter", CounterState(numbers=[], asked={})))
    difference = found(replay(stage_recording(stage), changed))
    assert (difference.step, difference.what) == (1, "outputs")
    assert [each["total"] for each in difference.recorded["sent"]] == [1, 2]
    assert [each["total"] for each in difference.replayed["sent"]] == [2, 4]


def test_a_past_that_can_not_be_recovered_is_a_difference_where_the_next_life_begins() -> None:
    stage = Stage()
    stage.post(Ping(number=1))
    stage.start()
    stage.post(Ping(number=2))
    stage.start()
    makes = iter([counter, lambda: Greedy("counter", CounterState(numbers=[], asked={}))])
    difference = found(replay(stage_recording(stage), StageCast(lambda: next(makes)())))
    assert (difference.step, difference.what) == (2, "recovery")
    assert "differs from the one that was committed" in difference.replayed


def test_a_message_given_up_untried_is_not_tried_in_the_replay() -> None:
    taken: list[int] = []

    class Deadly(Counter):
        def receive(self, message: Any, ctx: Any) -> None:
            taken.append(message.number)
            super().receive(message, ctx)

    def make() -> Deadly:
        return Deadly("counter", CounterState(numbers=[], asked={}))

    stage = Stage(make)
    deadly(stage)
    faults = [record.fault for record in stage.journal() if record.fault is not None]
    assert [getattr(fault, "error", None) for fault in faults] == [DEADLY]
    taken.clear()
    result = only(replay(stage_recording(stage), StageCast(make)))
    assert (result.difference, result.skipped) == (None, None)
    assert taken == [2]
