"""What lies ready for a simulated actor's next step: the counterpart of `cluster.host.intake`, without an event loop.

It hands inputs out in the same order: control, urgent mail, answers, the venue's events, signals, due timers, other
mail, and last the observation, which is made on what came before.
"""

from __future__ import annotations

from collections import deque

from cluster.feeds.cursor import FeedCursor
from cluster.simulator.ports import Mail
from cluster.steps.journal import InputKind
from cluster.steps.machine import StepMachine
from cluster.steps.requests import Input
from cluster.store.port import Position, Section, StreamName
from messages.base import Effect, Message
from messages.market import ObservationDue
from messages.venue_stream import StreamEvent

_URGENT, _CONTROL, _MAILBOX = StreamName.URGENT, StreamName.CONTROL, StreamName.MAILBOX
_RESULT, _VENUE, _OBSERVATION = InputKind.RESULT, InputKind.VENUE, InputKind.OBSERVATION
"""Bound once: to look a member up on its enum class costs 0.2 µs, which counts where every input passes."""


class SimulatedIntake:
    """See the module docstring. Mail is read as it is taken; the cursors move on until a restart sets them back."""

    __slots__ = (
        "_address",
        "_answers",
        "_control",
        "_mail",
        "_mailbox",
        "_observed",
        "_position",
        "_signalled",
        "_signals",
        "_urgent",
        "_venue",
        "feed",
        "machine",
        "observing",
        "venue_seen",
    )

    def __init__(self, machine: StepMachine, mail: Mail, feed: FeedCursor | None) -> None:
        self.machine = machine
        self._address = machine.address
        self.feed = feed
        self.venue_seen = 0
        self.observing = False
        """only the observation is to be taken next"""
        self._mail = mail
        self._urgent = self._control = self._mailbox = 0
        self._answers: list[tuple[int, Input]] = []
        self._venue: deque[StreamEvent] = deque()
        self._signals: deque[Message] = deque()
        self._signalled = 0
        self._observed: ObservationDue | None = None
        self._position = 0

    def restart(self, position: Position) -> None:
        """Forget what was collected and begin where the actor's last commit stands."""
        self._urgent = _ordinal(position.urgent)
        self._control = _ordinal(position.control)
        self._mailbox = _ordinal(position.mailbox)
        self._answers.clear()
        self._venue.clear()
        self._observed = None
        self._position = position.feed
        self.venue_seen = position.venue

    def rebuild(self, position: int) -> None:
        """Fold the feed again up to `position` rows, without deciding."""
        if self.feed is not None:
            self.feed.rebuild(self.machine.actor.observe, position)

    @property
    def feed_position(self) -> int:
        """How many rows the view has folded."""
        return self.feed.position if self.feed is not None else self._position

    def answer(self, ordinal: int, effect: Effect, result: Message) -> None:
        """The outside has answered the `ordinal`-th effect."""
        self._answers.append((ordinal, Input(_RESULT, effect.lane, result)))

    def venue_event(self, event: StreamEvent) -> None:
        """An event of the venue's private stream; one that was taken already is passed over."""
        if event.sequence > self.venue_seen:
            self.venue_seen = event.sequence
            self._venue.append(event)

    def signal(self, message: Message) -> None:
        """Something the host itself has to say, by value."""
        self._signals.append(message)

    def observation(self, due: ObservationDue) -> None:
        """A decision that is due on a feed which somebody else folds; handed out after everything else."""
        self._observed = due

    def folded(self, position: int) -> None:
        """Somebody else has folded the feed up to so many rows, without the one on which a decision is due."""
        self._position = position

    @property
    def answered(self) -> bool:
        """Whether every answer has been taken."""
        return not self._answers

    def gather(self, now: int, limit: int) -> list[Input]:
        """Up to `limit` inputs that are there at desk time `now`."""
        found: list[Input] = []
        if self.observing:
            self._hand_out_observation(found)
            return found
        address, mail = self._address, self._mail
        urgent, control, mailbox = mail.heads(address)
        if control > self._control:
            found = mail.read_inputs(address, _CONTROL, self._control, limit)
            self._control += len(found)
        if urgent > self._urgent and len(found) < limit:
            letters = mail.read_inputs(address, _URGENT, self._urgent, limit - len(found))
            self._urgent += len(letters)
            found += letters
        if self._answers or self._venue or self._signals:
            self._gather_by_value(found, limit)
        due = self.machine.next_due
        if due is not None and due <= now:
            found += self._due_timers(now)[: limit - len(found)]
        if mailbox > self._mailbox and len(found) < limit:
            letters = mail.read_inputs(address, _MAILBOX, self._mailbox, limit - len(found))
            self._mailbox += len(letters)
            found += letters
        if self.feed is not None:
            if len(found) < limit:
                self._observe(self.feed, now, found)
        elif self._observed is not None and len(found) < limit:
            self._hand_out_observation(found)
        return found

    def is_exhausted(self, section: Section, now: int, all_taken: bool) -> bool:
        """Whether nothing can lie ready right after this step was committed, so that nobody has to look.

        `all_taken` says that the step took all there was. What a step itself can add is mail to its own actor or to
        everybody, mail of its own that comes back refused, and a timer that is due at once.
        """
        due = section.next_timer
        if not all_taken or self.feed is not None or (due is not None and due <= now):
            return False
        if self._answers or self._venue or self._signals or self._observed is not None:
            return False
        return self._mail.heads(self._address) == (self._urgent, self._control, self._mailbox)

    def _hand_out_observation(self, found: list[Input]) -> None:
        if self._observed is not None:
            due, self._observed = self._observed, None
            self._position = due.position
            found.append(Input(_OBSERVATION, str(due.position), due))

    def _gather_by_value(self, found: list[Input], limit: int) -> None:
        if self._answers:
            self._answers.sort(key=_ordinal_of_answer)
            taken = self._answers[: max(0, limit - len(found))]
            del self._answers[: len(taken)]
            found += [item for _, item in taken]
        while self._venue and len(found) < limit:
            event = self._venue.popleft()
            found.append(Input(_VENUE, str(event.sequence), event))
        while self._signals and len(found) < limit:
            self._signalled += 1
            found.append(Input(InputKind.SIGNAL, str(self._signalled), self._signals.popleft()))

    def _observe(self, feed: FeedCursor, now: int, found: list[Input]) -> None:
        due = feed.fold(self.machine.actor.observe, now)
        if due is not None:
            message = ObservationDue(feed.symbol, feed.position, due)
            found.append(Input(_OBSERVATION, str(feed.position), message))

    def _due_timers(self, now: int) -> list[Input]:
        timers = self.machine.timers
        due = sorted((timer.due, key) for key, timer in timers.items() if timer.due <= now)
        return [Input(InputKind.TIMER, key, timers[key].message) for _, key in due]

    def next_time(self) -> int | None:
        """The desk time at which a timer or a row of the feed comes up next."""
        times = [timer.due for timer in self.machine.timers.values()]
        if self.feed is not None and (row := self.feed.next_time) is not None:
            times.append(row)
        return min(times, default=None)


def _ordinal(cursor: str) -> int:
    return int(cursor.split("-", 1)[0])


def _ordinal_of_answer(answer: tuple[int, Input]) -> int:
    return answer[0]
