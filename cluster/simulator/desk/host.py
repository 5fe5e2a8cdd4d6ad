"""A process of the simulated desk: the simulated host, with an outside that takes its time and may fail.

What the Ray host does beyond the plain one is here: the last gate right before the socket, the private stream that is
read anew after every recovery, cancels without a commit while the store stays away, exceptions of a faulty actor.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from actors.base import Context
from cluster.simulator.desk.clocks import SkewedClock
from cluster.simulator.desk.faults import DeskMisfortune
from cluster.simulator.driver import SimulatedHost
from cluster.simulator.line import Line
from cluster.simulator.ports import Outside, Surroundings
from cluster.steps import requests as ask
from cluster.store.port import Loaded
from messages.base import Effect, Message

Reply = Callable[[Message | None], None]


class PlannedError(Exception):
    """What a faulty actor raises: planned by the campaign, and so no finding."""


class Errands(Outside, Protocol):
    """An outside that answers later: a venue behind a network, or an executor."""

    def held(self, effect: Effect, now: int) -> Message | None:
        """The result of an effect that the last gate holds back at desk time `now`; None when it may leave."""

    def carry_out(self, host: DeskHost, effect: Effect, reply: Reply) -> None:
        """Begin to carry the effect out on behalf of `host`; `reply` is called at most once."""

    def begun(self, host: DeskHost) -> None:
        """`host` has recovered, for the first time or again."""

    def interrupted(self, host: DeskHost) -> None:
        """`host` loads anew: what was read ahead for it is void."""

    def store_away(self) -> list[Effect]:
        """What is to be done without a commit once the store has been away for long."""


class DeskHost(SimulatedHost):
    """See the module docstring. `skew` is its desk clock, `errands` its outside if it has one."""

    errands: Errands | None = None
    line: Line
    skew: SkewedClock
    on_store_loss: int
    ready = False
    """whether it has claimed and recovered"""
    wake: Callable[[DeskHost], None]
    """tells the world that there may be something to take"""

    def arm(
        self, line: Line, skew: SkewedClock, on_store_loss: int, wake: Callable[[DeskHost], None]
    ) -> None:
        """Set up what differs from the plain host."""
        self.line, self.skew, self.on_store_loss, self.wake = line, skew, on_store_loss, wake
        self._store_seen = self.clock.now
        self._acted_without = False

    def _guarded(self, act: Callable[[], None]) -> None:
        super()._guarded(act)
        self.wake(self)

    @property
    def ended_here(self) -> bool:
        """Whether this process is over."""
        return self.request is None

    # ------------------------------------------------------------------ effects

    def _send(self, effect: Effect, ordinal: int, outside: Outside, surroundings: Surroundings) -> None:
        errands = self.errands
        assert errands is not None, self.address
        held = errands.held(effect, self.desk_clock.now)
        if held is not None:
            self._answered(effect, ordinal, held)
            return
        surroundings.acts(self.machine, self.machine.epoch, effect, self.clock.now)
        results: list[Message | None] = []
        answer = self.lanes.bound(lambda: self._answered(effect, ordinal, results[0]))

        def reply(result: Message | None) -> None:
            results.append(result)
            self._guarded(answer)

        errands.carry_out(self, effect, reply)
        self._pass("during_effect")

    def later(self, delay: int, act: Callable[[], None]) -> None:
        """Do something on this process's behalf in `delay` ns, if it is alive then; when it is paused, later."""
        assert self.surroundings is not None
        self.surroundings.at(self.clock.now + delay, lambda: self._guarded(act))

    # ------------------------------------------------------------------ recovery

    def _load(self, request: ask.Load) -> Loaded:
        if self.errands is not None:
            self.errands.interrupted(self)
        return super()._load(request)

    def recovered(self) -> None:
        """The state stands: the outside's own stream is read from there."""
        self.ready = True
        if self.errands is not None:
            self.errands.begun(self)

    # ------------------------------------------------------------------ the store away

    def beat(self) -> None:
        """See `SimulatedHost.beat`; what may be cancelled is cancelled once the store has been away for long."""
        if self.request is None or self.paused or not self.machine.epoch:
            return
        if self.line.away:
            if not self._acted_without and self.clock.now - self._store_seen > self.on_store_loss:
                self._acted_without = True
                self._act_without_store()
            return
        self._store_seen, self._acted_without = self.clock.now, False
        super().beat()

    def _act_without_store(self) -> None:
        errands = self.errands
        for effect in errands.store_away() if errands is not None else ():
            assert errands is not None
            errands.carry_out(self, effect, lambda result: None)


def make_faulty(host: DeskHost, misfortune: DeskMisfortune) -> None:
    """Let the actor of `host` raise at times, as a bug would that a second attempt does not meet again."""
    actor = host.machine.actor
    seen: dict[str, None] = {}
    receive = actor.receive

    def faulty(message: Message, ctx: Context) -> None:
        key = ctx.message_id
        if key not in seen and misfortune.strikes("actor_raises"):
            seen[key] = None
            receive(message, ctx)  # as far as it comes: what it has done is to be undone
            raise PlannedError("planned")
        receive(message, ctx)

    actor.receive = faulty  # type: ignore[method-assign]
