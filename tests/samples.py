"""A tiny actor and its messages, for the tests of the runtime: it counts pings, answers, and can be told to fail."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from actors.base import Actor, Context, applies, receives
from messages.base import Effect, Message, message_type


@message_type
class Ping(Message, frozen=True):
    """Counts; `fail` names what should go wrong."""

    number: int
    fail: str = ""


@message_type
class UrgentPing(Message, frozen=True):
    """A ping that is read first and is never refused."""

    urgent = True
    grave = True

    number: int


@message_type
class RefusablePing(Message, frozen=True):
    """A ping that a full mailbox refuses."""

    refusable = True

    number: int


@message_type
class Pong(Message, frozen=True):
    """The answer to a ping."""

    urgent = True

    number: int
    total: int


@message_type
class Counted(Message, frozen=True):
    """A ping was counted."""

    number: int


@message_type
class Asked(Message, frozen=True):
    """An effect was promised."""

    number: int


@message_type
class Answered(Message, frozen=True):
    """An effect was answered."""

    number: int


@message_type
class Ask(Effect, frozen=True):
    """Ask the outside."""

    number: int

    @property
    def lane(self) -> str:
        """One lane per number."""
        return str(self.number)


@message_type
class Answer(Message, frozen=True):
    """The outside's answer."""

    number: int


@message_type
class WakeUp(Message, frozen=True):
    """A timer's message."""

    number: int


class CounterState(msgspec.Struct):
    """Everything the counter remembers, in the order it happened."""

    numbers: list[int] = []
    asked: dict[str, int] = {}


class Counter(Actor[CounterState]):
    """Counts pings, answers them, asks the outside about every third, wakes itself for every fifth."""

    @receives(Ping, UrgentPing, RefusablePing)
    def on_ping(self, ping: Ping | UrgentPing | RefusablePing, ctx: Context) -> None:
        ctx.emit(Counted(number=ping.number))
        if getattr(ping, "fail", "") == "after_emit":
            raise ValueError(f"told to fail on {ping.number}")
        ctx.send("listener", Pong(number=ping.number, total=len(self.state.numbers)))
        if ping.number % 3 == 0 and str(ping.number) not in self.state.asked:
            ctx.emit(Asked(number=ping.number))
            ctx.perform(Ask(number=ping.number))
        if ping.number % 5 == 0:
            ctx.after(1_000, WakeUp(number=1_000_000 + ping.number), key=f"wake/{ping.number}")

    @receives(WakeUp)
    def on_wake_up(self, wake_up: WakeUp, ctx: Context) -> None:
        ctx.emit(Counted(number=wake_up.number))

    @receives(Answer)
    def on_answer(self, answer: Answer, ctx: Context) -> None:
        if str(answer.number) in self.state.asked:
            ctx.emit(Answered(number=answer.number))

    @applies(Counted)
    def count(self, event: Counted) -> None:
        self.state.numbers.append(event.number)

    @applies(Asked)
    def ask(self, event: Asked) -> None:
        self.state.asked[str(event.number)] = event.number

    @applies(Answered)
    def answered(self, event: Answered) -> None:
        self.state.asked.pop(str(event.number), None)

    def outstanding(self) -> Sequence[Effect]:
        return [Ask(number=number) for number in self.state.asked.values()]


def counter(address: str = "counter") -> Counter:
    """A counter that has seen nothing."""
    return Counter(address, CounterState(numbers=[], asked={}))
