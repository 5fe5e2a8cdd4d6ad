"""One strategy in its place: settings, state, view and the figures that every quote is compared with.

Apart from the state because nothing here is stored: it is derived from the state whenever that changes, so that a
quote costs a few comparisons of local numbers.
"""

from __future__ import annotations

from collections.abc import Callable
from math import inf
from typing import TYPE_CHECKING

import msgspec

from actors.strategy.settings import ExitSettings, StrategyActorSettings, StrategySettings
from actors.strategy.state import StrategyActorState, StrategyState
from actors.strategy.strategy import Strategy
from actors.strategy.view import SymbolView
from messages.control import Mode

if TYPE_CHECKING:
    from actors.strategy.desk import Desk
    from actors.strategy.pipeline.memory import PipelineMemory
    from messages.stages import StageRecords

_OBSERVE = Mode.OBSERVE
NEVER = (1 << 63) - 1
"""A desk time that no feed reaches."""


def _unwatched(stage: str) -> None:
    """Nobody measures how long stages take: so in replays and backtests."""


class Slot:
    """A strategy on a symbol. `due_row` is the row of the feed at which it last said that a decision is due.

    A long is to be looked at when the bid is at or below `low` or at or above `high`, a short when the ask is, and
    both from `hold_until` on; `watched` is the direction of the position, 0 when no price matters. `peers` are the
    other strategies on its symbol, `siblings` those of its own id by symbol, itself among them; `learners` the memories
    of the actor's pipelines by id; `stages` the trace of the decision that is being made, which comes to nothing while
    it is `probed`. What it does wrong is borne where it is `isolated`: then `broken` says what it failed with on the
    feed, or why it could not be made, and `raised` what it raised last while deciding, and in which callback.
    """

    __slots__ = (
        "actor_settings",
        "actor_state",
        "broken",
        "desk",
        "due_row",
        "high",
        "hold_until",
        "isolated",
        "key",
        "learners",
        "low",
        "peers",
        "probed",
        "raised",
        "settings",
        "siblings",
        "stages",
        "state",
        "strategy",
        "view",
        "watch",
        "watched",
    )

    desk: Desk
    strategy: Strategy
    view: SymbolView

    def __init__(self, settings: StrategySettings, actor_settings: StrategyActorSettings) -> None:
        self.settings = settings
        self.actor_settings = actor_settings
        self.key = settings.key
        self.due_row = 0
        self.peers: tuple[Slot, ...] = ()
        self.siblings: dict[str, Slot] = {settings.instrument.symbol: self}
        self.learners: dict[str, PipelineMemory] = {}
        self.stages: StageRecords | None = None
        self.probed = False
        self.isolated = False
        self.broken: str | None = None
        self.raised: tuple[Exception, str] | None = None
        self.watch: Callable[[str], None] = _unwatched
        self.watched = 0
        self.low, self.high, self.hold_until = -inf, inf, NEVER
        self.actor_state = StrategyActorState()
        self.state = self._blank()

    def bind(self, actor_state: StrategyActorState) -> None:
        """Work on this state from now on. What is not in it yet is put there by the first event that needs it."""
        self.actor_state = actor_state
        self.state = actor_state.strategies.get(self.key) or self._blank()
        self.refresh()

    def _blank(self) -> StrategyState:
        return StrategyState(strategy=self.settings.id, symbol=self.settings.instrument.symbol)

    @property
    def enabled(self) -> bool:
        """Whether it may decide: as last switched by a person, else as configured."""
        if self.settings.shadow and not self.state.shadow:  # what is real is left before it goes into shadow
            return False
        return self.settings.enabled if self.state.enabled is None else self.state.enabled

    @property
    def parked(self) -> bool:
        """Whether it is given up while the others on its symbol trade on."""
        fault = self.state.fault
        return self.broken is not None or (fault is not None and fault.parked)

    def may_call(self, callback: str, now: int) -> bool:
        """Whether the strategy may be called at desk time `now`: not while it is parked, nor rests from failing."""
        fault = self.state.fault
        if fault is None:
            return self.broken is None
        if self.parked:
            return False
        return now >= fault.rests_until or callback not in ("decide", fault.callback)

    @property
    def exits(self) -> ExitSettings:
        """When the position is closed: as configured, but for what a decision chose for it."""
        state = self.state
        direction = state.position.direction
        chosen = state.long_exits if direction > 0 else state.short_exits if direction < 0 else None
        settings = self.settings.exits
        if chosen is None:
            return settings
        return msgspec.structs.replace(
            settings,
            stop=settings.stop if chosen.stop is None else chosen.stop,
            target=settings.target if chosen.target is None else chosen.target,
            max_holding=settings.max_holding if chosen.max_holding is None else chosen.max_holding,
        )

    @property
    def observing(self) -> bool:
        """Whether the desk is in OBSERVE: no side effect at all."""
        return self.actor_state.mode is _OBSERVE

    @property
    def leads(self) -> bool:
        """Whether it stands for all symbols of its group: the first of them. One without a group stands for itself."""
        return next(iter(self.siblings.values())) is self

    def refresh(self) -> None:
        """Derive the figures that quotes are compared with from the state."""
        state = self.state
        self.watched = 0
        direction = state.position.direction
        if not direction or self.actor_state.mode is _OBSERVE:
            return
        if state.exiting is not None:
            if self._exit_is_idle():
                # wanted, but nothing under way (there was no quote to price it): any quote will do
                self.watched, self.low = direction, inf
            return
        levels = state.levels
        if levels is None:
            return
        self.watched = direction
        bounds = [each for each in (levels.target, levels.ratchet) if each is not None]
        if direction > 0:
            self.low = -inf if levels.stop is None else levels.stop
            self.high = min(bounds, default=inf)
        else:
            self.low = max(bounds, default=-inf)
            self.high = inf if levels.stop is None else levels.stop
        self.hold_until = NEVER if levels.hold_until is None else levels.hold_until

    def _exit_is_idle(self) -> bool:
        state = self.state
        direction = state.position.direction
        under_way = any(each.leaving or each.side.sign == -direction for each in state.intents.values())
        return not under_way and state.retry_due is None
