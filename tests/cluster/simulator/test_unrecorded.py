"""Steps of which nothing is recorded: the same inputs in the same order, the same decisions, as steps that are."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from actors.base import Actor, Context, receives
from cluster.simulator.driver import MemoryMail, SimulatedHost
from cluster.simulator.ports import VirtualClock
from cluster.simulator.rounds import PostingStore, Rounds
from cluster.simulator.unrecorded import UnrecordedRounds
from cluster.steps.machine import PoisonError, StepMachine
from cluster.steps.settings import StepSettings
from cluster.store.port import Incarnation
from messages.base import CONTROL, Effect, Message
from messages.control import StoreRenewed
from messages.errors import InvariantError
from messages.intents import Refused, Side
from messages.market import ObservationDue
from messages.orders import OrderState
from messages.reasons import Reason
from messages.venue_stream import VenueEvent
from tests.samples import Answer, Ask, Counted, Ping, RefusablePing, UrgentPing, WakeUp, counter

pytestmark = pytest.mark.unit

NAMES = ("ann", "bob", "cid")
CAPACITY = 3
BURST = 127

Heard = list[tuple[object, ...]]
Act = Callable[["Chatterer", int, Context], None]


class NoState(msgspec.Struct):
    """Chatterers remember nothing."""


def _letter(kind: type[Ping] | type[UrgentPing] | type[RefusablePing], to: int) -> Act:
    return lambda me, left, ctx: ctx.send(NAMES[(NAMES.index(me.address) + to) % 3], kind(left)) and None


def _burst(me: Chatterer, left: int, ctx: Context) -> None:
    for _ in range(BURST):
        ctx.send(NAMES[(NAMES.index(me.address) + 1) % 3], UrgentPing(0))


ACTS: tuple[Act, ...] = (
    _letter(Ping, 1),
    _letter(UrgentPing, 2),
    _letter(RefusablePing, 1),
    _letter(Ping, 0),
    lambda me, left, ctx: ctx.send(CONTROL, Ping(left // 9)) and None,
    lambda me, left, ctx: ctx.after(left % 4, WakeUp(left), key=f"wake/{left % 2}"),
    lambda me, left, ctx: ctx.cancel_timer(f"wake/{left % 2}"),
    lambda me, left, ctx: ctx.perform(Ask(left)),
    _burst,
)
"""What a chatterer does by the last digit (to the base 9) of what it is told; it passes the other digits on."""


class Chatterer(Actor[NoState]):
    """Writes down all it hears, in one book with the others, and does as it is told."""

    def __init__(self, address: str, heard: Heard) -> None:
        super().__init__(address, NoState())
        self.heard = heard

    @receives(Ping, UrgentPing, RefusablePing, WakeUp, Answer)
    def on_number(self, message: Ping, ctx: Context) -> None:
        self._hear(message, message.number, ctx)

    @receives(ObservationDue)
    def on_observation(self, due: ObservationDue, ctx: Context) -> None:
        self._hear(due, due.position, ctx)

    @receives(VenueEvent)
    def on_venue(self, event: VenueEvent, ctx: Context) -> None:
        self._hear(event, event.sequence, ctx)

    @receives(Refused, StoreRenewed)
    def on_notice(self, notice: Message, ctx: Context) -> None:
        self._hear(notice, 0, ctx)

    def _hear(self, message: Message, number: int, ctx: Context) -> None:
        self.heard.append((self.address, ctx.now, ctx.sender, ctx.message_id, ctx.cycle, message))
        if number:
            ACTS[number % 9](self, number // 9, ctx)


class Echo:
    """An outside that answers what it is asked, or not, and now and then says something besides."""

    def __init__(self) -> None:
        self.tell: Callable[[VenueEvent], None]
        self.told = 0

    def latency(self, effect: Effect) -> tuple[int, int]:
        return 0, 0

    def perform(self, effect: Effect, now: int) -> Message | None:
        assert isinstance(effect, Ask)
        if effect.number % 3 == 1:
            self.told += 1
            self.tell(venue_event(self.told))
        return None if effect.number % 5 == 4 else Answer(effect.number)

    def withheld(self, effect: Effect, reason: Reason) -> Message | None:
        return None


def _recorded(clock: VirtualClock, heard: Heard) -> tuple[Rounds, dict[str, Any]]:
    store = PostingStore(CAPACITY, keep_journal=True)
    hosts = {}
    for name in NAMES:
        machine = StepMachine(Chatterer(name, heard), Incarnation("here", "now", 1, 0), StepSettings())
        outside = Echo()
        host = hosts[name] = SimulatedHost(machine, store, clock, mail=MemoryMail(store), outside=outside)
        outside.tell = host.intake.venue_event
    return Rounds(store, hosts), {name: host.intake for name, host in hosts.items()}


def _unrecorded(clock: VirtualClock, heard: Heard) -> tuple[UnrecordedRounds, dict[str, Any]]:
    rounds = UnrecordedRounds(clock, capacity=CAPACITY, takers={})
    for name in NAMES:
        outside = Echo()
        outside.tell = rounds.add(Chatterer(name, heard), outside=outside).venue_event
    return rounds, dict(rounds.hosts)


def venue_event(sequence: int) -> VenueEvent:
    return VenueEvent(
        "v", sequence, 1, "c", "o", "X", Side.BUY, OrderState.WORKING, Decimal(0), None, Reason.ACCEPTED
    )


Command = tuple[str, str, int]


def _play(
    make: Callable[[VirtualClock, Heard], tuple[Rounds | UnrecordedRounds, dict[str, Any]]],
    script: list[Command],
) -> tuple[Heard, int, int]:
    """All that is heard, how many steps were taken, and how many effects were not answered."""
    clock, heard = VirtualClock(1_000), Heard()
    rounds, intakes = make(clock, heard)
    rounds.begin("g1")
    for what, name, number in script:
        if what == "time":
            clock.now += number % 5
            for address in rounds.alarms.take(clock.now):
                rounds.settle(address)
        elif what == "delay":
            clock.now += number % 5
        elif what == "control":
            rounds.post(Ping(number), "operator", clock.now)
            rounds.settle_addressed()
        elif what == "observation":
            intakes[name].observation(ObservationDue("X", number, clock.now))
        elif what == "venue":
            intakes[name].venue_event(venue_event(number))
        else:
            rounds.settle(name)
    for name in NAMES:
        rounds.settle(name)
    return heard, rounds.steps, rounds.outstanding


def _observations_once(script: list[Command]) -> Iterator[Command]:
    """A feed stops at a decision that is due: there is never a second one before the first was taken."""
    waiting: set[str] = set()
    for what, name, number in script:
        if what == "observation" and name in waiting:
            continue
        if what == "observation":
            waiting.add(name)
        elif what == "settle":
            waiting.discard(name)
        yield what, name, number


_LATE_TIMER = [
    ("observation", "bob", 5 + 9 * 1),  # wake up in 1 ns
    ("settle", "bob", 0),
    ("delay", "bob", 1),
    ("observation", "ann", 8),  # more for bob than he takes in a step, while his timer is due
    ("settle", "ann", 0),
]
_ANSWER_AND_EVENT = [("observation", "ann", 7 + 9 * 1)]


@example(_LATE_TIMER)
@example(_ANSWER_AND_EVENT)
@settings(max_examples=150, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(("time", "delay", "control", "observation", "venue", "settle")),
            st.sampled_from(NAMES),
            st.integers(0, 9**5),
        ),
        max_size=14,
    )
)
def test_nobody_can_tell_whether_steps_are_recorded(script: list[Command]) -> None:
    script = list(_observations_once(script))
    assert _play(_unrecorded, script) == _play(_recorded, script)


def test_more_than_a_step_takes_is_taken_in_as_many_steps() -> None:
    script = [("observation", "ann", 8)]  # a burst from ann to bob
    heard, steps, _ = _play(_unrecorded, script)
    assert (heard, steps) == _play(_recorded, script)[:2]
    assert sum(each[0] == "bob" for each in heard) == 1 + BURST
    assert steps == 3 + 1 + 2


def test_mail_that_finds_a_mailbox_full_comes_back_to_its_sender() -> None:
    clock, heard = VirtualClock(), Heard()
    rounds, _ = _unrecorded(clock, heard)
    ann = rounds.hosts["ann"].context
    for number in range(CAPACITY + 2):
        ann.send("bob", RefusablePing(number))
    ann.send("bob", UrgentPing(0))
    assert [each[4] for each in rounds.hosts["bob"].inbox] == [
        *map(RefusablePing, range(CAPACITY)),
        UrgentPing(0),
    ]
    assert [each[4] for each in rounds.hosts["ann"].inbox] == [
        Refused(message_id=f"ann#{number}", recipient="bob", kind="RefusablePing")
        for number in (CAPACITY + 1, CAPACITY + 2)
    ]


def test_mail_to_nobody_is_dropped() -> None:
    rounds, _ = _unrecorded(VirtualClock(), [])
    assert rounds.hosts["ann"].context.send("zoe", Ping(1)) == "ann#1"
    rounds.settle_addressed()
    assert rounds.steps == 0


class Clumsy(Actor[NoState]):
    """Fails on what it is told."""

    @receives(Ping)
    def on_ping(self, ping: Ping, ctx: Context) -> None:
        raise ZeroDivisionError("mine")


def test_an_input_that_an_actor_fails_on_is_named() -> None:
    rounds = UnrecordedRounds(VirtualClock(), capacity=CAPACITY, takers={})
    rounds.add(Clumsy("clumsy", NoState()))
    rounds.post(Ping(1), "operator", 0)
    with pytest.raises(PoisonError, match=r"ZeroDivisionError while deciding: mine.*operator#1") as raised:
        rounds.settle_addressed()
    assert isinstance(raised.value.__cause__, ZeroDivisionError)


def test_an_effect_without_an_outside_is_an_error() -> None:
    rounds = UnrecordedRounds(VirtualClock(), capacity=CAPACITY, takers={})
    rounds.add(Chatterer("ann", []))
    rounds.post(Ping(7 + 9), "operator", 0)
    with pytest.raises(InvariantError, match="nobody to perform"):
        rounds.settle_addressed()


def test_events_are_applied_and_shown_to_their_takers_at_once() -> None:
    shown: list[Message] = []
    rounds = UnrecordedRounds(VirtualClock(), capacity=CAPACITY, takers={Counted: shown.append})
    host = rounds.add(counter())
    event = Counted(number=4)
    host.context.emit(event)
    assert shown == [event]
    assert host.actor.state.numbers == [4]
    with pytest.raises(InvariantError, match="no method to apply"):
        host.context.emit(Ping(1))
