"""A runtime by hand: it looks at what a step machine asks for, word for word, and answers as the test wants."""

from __future__ import annotations

from typing import Any

from actors.base import Actor
from cluster.steps import requests as ask
from cluster.steps.journal import InputKind
from cluster.steps.machine import StepMachine
from cluster.steps.requests import Input, Taken
from cluster.steps.settings import StepSettings
from cluster.store.port import Claimed, CommitStatus, Incarnation, Loaded, Position, StoredSnapshot
from messages import codec
from messages.base import Envelope, Message
from messages.errors import StoreUnavailableError
from messages.supervision import ExitReason
from tests.cluster.steps.stage import QUIET
from tests.samples import Counted, Ping, counter

ME = Incarnation("node", "boot", 1, 0)
NOTHING = Loaded(Position(), None, (), (), {})
NO_ANSWER = StoreUnavailableError("the line is dead")
REFUSED, COMMITTED = CommitStatus.OUT_OF_STEP, CommitStatus.COMMITTED


class Dialog:
    """A machine and its runtime: `expect` what it asks now, `answer` it, raise in it what the store raises."""

    def __init__(
        self, actor: Actor[Any] | None = None, settings: StepSettings = QUIET, **options: Any
    ) -> None:
        self.machine = StepMachine(actor or counter(), ME, settings, **options)
        self.reports: list[ask.Report] = []
        self.ended: Any = None
        self._steps = self.machine.run()
        self.request: Any = None
        self._go(lambda: next(self._steps))

    def _go(self, step: Any) -> Dialog:
        try:
            self.request = step()
            while isinstance(self.request, ask.Report):
                self.reports.append(self.request)
                self.request = next(self._steps)
        except StopIteration as stop:
            self.ended = stop.value
        return self

    def answer(self, answer: Any = None) -> Dialog:
        return self._go(lambda: self._steps.send(answer))

    def fail(self, error: Exception) -> Dialog:
        return self._go(lambda: self._steps.throw(error))

    def expect(self, request: Any) -> Dialog:
        assert self.request == request
        return self

    def begin(self, loaded: Loaded = NOTHING, epoch: int = 1, deaths: int = 0) -> Dialog:
        """Claim, load and rebuild."""
        self.answer(Claimed(epoch, "g1", None, None, deaths)).expect(ask.Load("counter")).answer(loaded)
        return self.expect(ask.Rebuild(loaded.position.feed)).answer()

    def take(self, *inputs: Input, now: int = 1_000, feed: int = 0, stop: ExitReason | None = None) -> Dialog:
        assert isinstance(self.request, ask.Take)
        return self.answer(Taken(now, inputs, feed, stop))

    def step(self, *inputs: Input, **taken: Any) -> ask.Commit:
        """Take these inputs, and commit what comes of them."""
        commit = self.take(*inputs, **taken).request
        assert isinstance(commit, ask.Commit)
        self.answer(COMMITTED)
        return commit


def mail(number: int, message: Message) -> Input:
    """The mailbox's letter of this number."""
    return Input(
        InputKind.MAILBOX, f"{number}-0", Envelope("operator", number, "counter", "", "c", 0, message)
    )


def bad(number: int = 1) -> Input:
    """A letter on which the counter raises."""
    return mail(number, Ping(number=99, fail="after_emit"))


def at(step: int, **position: Any) -> Loaded:
    """A stored counter that counted a number in each step, recovered from a snapshot."""
    actor = counter()
    for number in range(step):
        actor.apply(Counted(number=number))
    here = Position(step=step, **position)
    data = codec.pack([1, codec.to_plain(here), codec.to_plain(actor.state)])
    return Loaded(here, None, (StoredSnapshot(step, data, codec.digest(data)[:16]),), (), {})
