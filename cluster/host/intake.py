"""What lies ready for an actor's next step: mail, answers of the outside, events, due timers, a due observation."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING

from cluster.host.inbox import Inbox
from cluster.steps.journal import InputKind
from cluster.steps.machine import StepMachine
from cluster.steps.requests import Input
from cluster.store.port import Position, StreamName
from cluster.store.redis_store import RedisStore
from messages.base import Effect, Message
from messages.market import ObservationDue
from messages.venue_stream import StreamEvent

if TYPE_CHECKING:
    from cluster.feeds.grouped import Cursor


class Intake:
    """Collects inputs as they come and hands them out in one order: control, urgent mail, answers, the venue's
    events, signals, due timers, other mail, and last the observation, which is made on what came before.
    """

    def __init__(
        self,
        machine: StepMachine,
        store: RedisStore,
        wake: asyncio.Event,
        feed: Cursor | None,
        stale_after: int,
    ) -> None:
        self.machine = machine
        self.wake = wake
        self.feed = feed
        self.inbox = Inbox(store, machine.address, wake)
        self.venue_seen = 0
        self.folded_to = -1
        self._stale_after = stale_after
        self._answers: list[tuple[int, Input]] = []
        self._venue: deque[StreamEvent] = deque()
        self._signals: deque[Message] = deque()
        self._signalled = 0
        self._due: int | None = None

    def restart(self, position: Position) -> None:
        """Forget what was collected and begin where the actor's last commit stands."""
        self.inbox.restart(position)
        self._answers.clear()
        self._venue.clear()
        self.venue_seen = position.venue
        self._due = None

    def rebuild(self, position: int) -> None:
        """Fold the feed again up to `position` rows, without deciding."""
        if self.feed is not None:
            self.feed.rebuild(self.machine.actor.observe, position)
        self.folded_to = -1

    @property
    def feed_position(self) -> int:
        """How many rows the view has folded, without the one on which a decision is due and not yet taken: a step
        committed in between must not make its successor pass over that decision.
        """
        if self.feed is None:
            return 0
        return self.feed.position - (self._due is not None)

    def answer(self, ordinal: int, effect: Effect, result: Message) -> None:
        """The outside has answered the `ordinal`-th effect."""
        self._answers.append((ordinal, Input(InputKind.RESULT, effect.lane, result)))
        self.wake.set()

    def venue_event(self, event: StreamEvent) -> None:
        """An event of the venue's private stream; one that was taken already is passed over."""
        if event.sequence > self.venue_seen:
            self.venue_seen = event.sequence
            self._venue.append(event)
            self.wake.set()

    def signal(self, message: Message) -> None:
        """Something the host itself has to say, by value."""
        self._signals.append(message)
        self.wake.set()

    @property
    def answered(self) -> bool:
        """Whether every answer has been taken."""
        return not self._answers

    def gather(self, now: int, limit: int) -> list[Input]:
        """Up to `limit` inputs that are there at desk time `now`."""
        position = self.machine.position
        found = self.inbox.take(StreamName.CONTROL, limit, position.control)
        found += self.inbox.take(StreamName.URGENT, limit - len(found), position.urgent)
        self._answers.sort(key=lambda answer: answer[0])
        while self._answers and len(found) < limit:
            found.append(self._answers.pop(0)[1])
        while self._venue and len(found) < limit:
            event = self._venue.popleft()
            found.append(Input(InputKind.VENUE, str(event.sequence), event))
        while self._signals and len(found) < limit:
            self._signalled += 1
            found.append(Input(InputKind.SIGNAL, str(self._signalled), self._signals.popleft()))
        found += self._due_timers(now)[: limit - len(found)]
        found += self.inbox.take(StreamName.MAILBOX, limit - len(found), position.mailbox)
        if len(found) < limit:
            found += self._fresh_observation(now)
        return found

    def advance(self, until: int) -> int | None:
        """Fold the feed up to `until`, or to the first row on which a decision is due; returns that row's time."""
        if self._due is None and self.feed is not None:
            self._due = self.feed.fold(self.machine.actor.observe, until)
        if self._due is None:
            self.folded_to = until
        return self._due

    def observation(self) -> list[Input]:
        """The observation that is due, if one is."""
        if self._due is None or self.feed is None:
            return []
        time, self._due = self._due, None
        position = self.feed.position
        return [Input(InputKind.OBSERVATION, str(position), ObservationDue(self.feed.symbol, position, time))]

    def _fresh_observation(self, now: int) -> list[Input]:
        """Fold on; what came due so long ago that its quote is stale by now is seen, but not decided on."""
        while (due := self.advance(now)) is not None:
            if now - due <= self._stale_after:
                return self.observation()
            self._due = None
        return []

    def _due_timers(self, now: int) -> list[Input]:
        due = sorted((timer.due, key) for key, timer in self.machine.timers.items() if timer.due <= now)
        return [Input(InputKind.TIMER, key, self.machine.timers[key].message) for _, key in due]

    def next_time(self) -> int | None:
        """The desk time at which a timer or a row of the feed comes up next."""
        times = [timer.due for timer in self.machine.timers.values()]
        if self.feed is not None and (row := self.feed.next_time) is not None:
            times.append(row)
        return min(times, default=None)
