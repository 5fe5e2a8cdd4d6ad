"""The desk's mode: how its sources act together, who is told, what survives; each by itself: test_mode_matrix."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
import pytest

from actors.risk import modes
from messages.account_events import VenueCondition, VenueReconciled
from messages.base import CONTROL
from messages.control import ArmingDecided, DeadLettered, KillFileSeen, Mode, ModeChanged, Resume
from messages.intents import SubmitOrder
from messages.modes import Clearing, ModeDecided, ModeSource, ResumeRefused
from tests.actors.risk import desk as bench
from tests.actors.risk.causes import (
    HOUR,
    ask_for,
    clean,
    dead_letter,
    external,
    halt,
    resume,
    store_renewed,
)
from tests.actors.risk.desk import BUY, START, D, Desk, limits

pytestmark = pytest.mark.unit


def told(desk: Desk) -> list[ModeChanged]:
    return desk.messages_to(CONTROL, ModeChanged)


def loss(desk: Desk) -> None:
    desk.trade(BUY, 10)
    desk.mark(bid=94)


def deep_drawdown(desk: Desk) -> None:
    desk.trade(BUY, 10)
    desk.mark(bid=70)


LIMITS = limits(daily_loss_limit=D("0.05"), drawdown_reduce=D("0.10"), drawdown_halt=D("0.25"))
"""Of a NAV of 1,000: 50, 100 and 250."""


@pytest.mark.parametrize(
    "survivor", [halt, dead_letter, store_renewed, external, ask_for(Mode.REDUCE), deep_drawdown]
)
def test_what_waits_for_something_does_not_end_by_itself(survivor: Callable[[Desk], None]) -> None:
    desk = Desk(bench.settings(LIMITS)).seed(1000).mark()
    survivor(desk)
    mode = desk.mode
    desk.mark(bid=100).wait(48 * HOUR).mark(bid=100)
    assert desk.mode is mode


def test_the_strictest_source_wins() -> None:
    desk = Desk().seed().mark()
    dead_letter(desk)
    halt(desk)
    assert desk.mode is Mode.HALTED
    ask_for(Mode.OBSERVE)(desk)
    assert desk.mode is Mode.OBSERVE
    ask_for(Mode.NORMAL)(desk)
    assert desk.mode is Mode.HALTED
    resume(desk)
    assert desk.mode is Mode.NORMAL


def test_setting_normal_does_not_clear_the_kill_switch() -> None:
    desk = Desk()
    halt(desk)
    ask_for(Mode.NORMAL)(desk)
    assert desk.mode is Mode.HALTED


@pytest.mark.parametrize("acknowledgement", ["", "  \n"])
def test_resume_needs_an_acknowledgement(acknowledgement: str) -> None:
    desk = Desk()
    halt(desk)
    desk.give(Resume("anna", acknowledgement))
    assert desk.mode is Mode.HALTED
    assert desk.events(ResumeRefused)
    assert told(desk) == []


def test_resume_leaves_what_a_person_can_t_clear() -> None:
    desk = Desk(bench.settings(LIMITS)).seed(1000).mark()
    loss(desk)
    store_renewed(desk)
    halt(desk)
    resume(desk)
    assert list(desk.risk.state.sources) == ["daily_loss", "reconciliation:paper"]
    assert desk.mode is Mode.REDUCE


def test_the_version_grows_only_when_the_desk_is_told() -> None:
    desk = Desk().seed().mark()
    dead_letter(desk)
    assert desk.risk.state.version == 1
    external(desk)
    assert desk.events(ModeDecided)
    assert told(desk) == []
    assert desk.risk.state.version == 1
    halt(desk)
    halt(desk)
    assert desk.risk.state.version == 3


def test_an_approval_carries_the_version_of_its_mode() -> None:
    desk = Desk().seed().mark()
    halt(desk)
    resume(desk)
    desk.intend(BUY, 1)
    (order,) = desk.messages_to("execution/paper", SubmitOrder)
    assert order.mode_version == desk.risk.state.version == 2


def test_a_letter_that_is_not_grave_changes_nothing() -> None:
    desk = Desk()
    desk.give(DeadLettered("risk", "m1", "Marks", False, "poison"), "host")
    assert desk.mode is Mode.NORMAL


def test_a_lost_store_waits_for_every_venue() -> None:
    two = bench.settings(instruments=(bench.instrument("BTC-USDT"), bench.instrument("BTC-USDT", "other")))
    desk = Desk(two)
    store_renewed(desk)
    clean(desk)
    assert desk.mode is Mode.REDUCE
    desk.give(VenueReconciled("other", True, "", "g2"), "execution/other")
    assert desk.mode is Mode.NORMAL


def test_a_lost_store_outdates_every_approval_even_where_the_mode_stays() -> None:
    desk = Desk().seed().mark()
    dead_letter(desk)
    version = desk.risk.state.version
    store_renewed(desk)
    (message,) = told(desk)
    assert (message.mode, message.version) == (Mode.REDUCE, version + 1)


def test_a_comparison_that_came_before_the_word_of_the_loss_counts() -> None:
    desk = Desk()
    clean(desk)
    store_renewed(desk)
    assert desk.mode is Mode.NORMAL


def test_a_comparison_under_an_older_generation_clears_nothing() -> None:
    desk = Desk()
    store_renewed(desk)
    desk.give(VenueReconciled("paper", True, "", "g1"), "execution/paper")
    assert desk.mode is Mode.REDUCE


def test_an_accepted_drawdown_is_measured_anew() -> None:
    desk = Desk(bench.settings(LIMITS)).seed(1000).mark()
    deep_drawdown(desk)
    resume(desk)
    assert desk.risk.state.peak == D(700)
    desk.mark(bid=69)
    assert "drawdown" not in desk.risk.state.sources
    desk.mark(bid=50)
    assert "drawdown" in desk.risk.state.sources


def test_the_configured_kill_switch_holds_from_the_first_input_on_and_a_resume_does_not_clear_it() -> None:
    desk = Desk(bench.settings(kill_switch=True)).seed().mark()
    assert desk.mode is Mode.HALTED
    resume(desk)
    assert list(desk.risk.state.sources) == ["configuration"]
    desk.risk._settings = msgspec.structs.replace(desk.settings, kill_switch=False)
    desk.mark()
    assert desk.mode is Mode.NORMAL


def test_pure_functions_on_sources() -> None:
    one = ModeSource(Mode.REDUCE, "a", Clearing.PERSON, 1)
    later = ModeSource(Mode.REDUCE, "b", Clearing.PERSON, 2)
    stricter = ModeSource(Mode.HALTED, "c", Clearing.FACT, 3)
    assert modes.effective({}) is Mode.NORMAL
    assert modes.with_sources({"x": one}, {"x": later}) == {"x": one}
    assert modes.with_sources({"x": one}, {"x": stricter}) == {"x": stricter}
    assert modes.without({"x": one, "y": later}, ("x", "z")) == {"y": later}
    assert modes.without_clearing({"x": one, "y": stricter}, Clearing.PERSON) == {"y": stricter}
    assert modes.effective({"x": one, "y": stricter}) is Mode.HALTED


def test_time_is_that_of_the_desk() -> None:
    desk = Desk()
    halt(desk)
    assert desk.risk.state.sources["operator"].since == START


def file_is(desk: Desk, present: bool) -> None:
    desk.give(KillFileSeen("/run/halt", present, ""), "risk")


def test_neither_a_resume_lifts_the_kill_file_nor_its_being_gone_the_kill_switch() -> None:
    desk = Desk(bench.settings(kill_file="/run/halt"))
    file_is(desk, True)
    resume(desk)
    assert (desk.mode, list(desk.risk.state.sources)) == (Mode.HALTED, ["kill_file"])
    file_is(desk, False)
    assert (desk.mode, list(desk.risk.state.sources)) == (Mode.HALTED, ["operator"])
    desk.restart()
    resume(desk)
    assert desk.mode is Mode.NORMAL


def test_a_kill_file_that_is_told_again_changes_nothing() -> None:
    desk = Desk(bench.settings(kill_file="/run/halt"))
    file_is(desk, True)
    version = desk.risk.state.version
    file_is(desk, True)
    assert (desk.risk.state.version, told(desk)) == (version, [])


def test_a_kill_file_that_is_not_watched_any_more_leaves_what_waits_for_a_person() -> None:
    desk = Desk(bench.settings(kill_file="/run/halt"))
    file_is(desk, True)
    desk.settings = bench.settings()
    desk.restart()
    desk.mark()
    assert (desk.mode, list(desk.risk.state.sources)) == (Mode.HALTED, ["operator"])


def test_a_kill_file_that_a_person_resumed_beside_still_waits_for_one_when_nobody_watches_it_any_more() -> (
    None
):
    desk = Desk(bench.settings(kill_file="/run/halt"))
    file_is(desk, True)
    resume(desk)
    desk.settings = bench.settings()
    desk.restart()
    desk.mark()
    assert (desk.mode, list(desk.risk.state.sources)) == (Mode.HALTED, ["operator"])
    resume(desk)
    assert desk.mode is Mode.NORMAL


def test_what_waits_for_a_person_at_a_venue_is_not_over_because_the_venue_says_so() -> None:
    desk = Desk().seed().mark()
    desk.give(
        VenueCondition("paper", "positions_differ", Mode.REDUCE, "2 here, 3 there", True), "execution/paper"
    )
    desk.give(VenueCondition("paper", "positions_differ", Mode.NORMAL, ""), "execution/paper")
    assert (desk.mode, desk.last_events) == (Mode.REDUCE, [])
    resume(desk)
    assert desk.mode is Mode.NORMAL


def test_what_only_a_venue_could_end_waits_for_a_person_once_the_settings_have_no_such_venue() -> None:
    two = (bench.instrument("BTC-USDT"), bench.instrument("BTC-USDT", venue="old"))
    desk = Desk(bench.settings(instruments=two)).seed().seed(venue="old").mark()
    desk.give(VenueCondition("old", "stream_down", Mode.REDUCE, "silent"), "execution/old")
    desk.give(VenueReconciled("old", False, "1 here, 2 there", ""), "execution/old")
    desk.settings = bench.settings(instruments=two[:1], venues=("old",))
    desk.restart()
    desk.mark()
    assert Clearing.PERSON not in {source.clearing for source in desk.risk.state.sources.values()}
    desk.settings = bench.settings(instruments=two[:1])
    desk.restart()
    desk.mark()
    assert desk.mode is Mode.REDUCE
    assert {source.clearing for source in desk.risk.state.sources.values()} == {Clearing.PERSON}
    version = desk.risk.state.version
    desk.mark()
    assert desk.risk.state.version == version, "said once"
    resume(desk)
    assert desk.mode is Mode.NORMAL


def test_an_arming_is_journalled() -> None:
    desk = Desk()
    decided = ArmingDecided("live", False, ("kill_switch",))
    desk.give(decided)
    assert desk.events(ArmingDecided) == [decided]
    assert desk.replayed().state == desk.risk.state
