"""The universe as its actor's journal tells it: who is in, who leaves, who is banned, and how candidates stand."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from actors.operations.universe.memory import UniverseState
from messages.base import Message
from messages.universe import (
    LeavingSymbol,
    SymbolBan,
    SymbolBanned,
    SymbolFigures,
    SymbolGone,
    SymbolStanding,
    SymbolUnbanned,
    UniverseCommandRefused,
    UniverseJudged,
    UniverseMember,
    UniverseSet,
)

_REFUSALS_KEPT = 50


class UniverseBook:
    """What is known of the universe; version 0 while there is none.

    `came` and `gone` are when a symbol came last and when it was retired last, desk time in ns UTC. `judged_at` is when
    figures were judged last. `refusals` are the last commands that made no sense, by the number of refusals before.
    """

    def __init__(self) -> None:
        self.version = 0
        self.cause = ""
        self.members: dict[str, UniverseMember] = {}
        self.leaving: dict[str, LeavingSymbol] = {}
        self.bans: dict[str, SymbolBan] = {}
        self.standings: dict[str, SymbolStanding] = {}
        self.figures: dict[str, SymbolFigures] = {}
        self.frozen: tuple[str, ...] = ()
        self.judged_at: int | None = None
        self.came: dict[str, int] = {}
        self.gone: dict[str, int] = {}
        self.refusals: list[UniverseCommandRefused] = []
        self.refused = 0

    @property
    def running(self) -> frozenset[str] | None:
        """The symbols that are traded or being left; None where there is no universe."""
        return frozenset((*self.members, *self.leaving)) if self.version else None

    def take(self, event: Message) -> None:
        """Fold one event of the universe's actor in."""
        handler = _HANDLERS.get(type(event))
        if handler is not None:
            handler(self, event)

    def adopt(self, state: UniverseState) -> None:
        """Take over what the actor remembered at a snapshot."""
        self.version, self.members, self.leaving = state.version, dict(state.members), dict(state.leaving)
        self.bans, self.standings, self.figures = dict(state.bans), dict(state.standings), dict(state.figures)
        self.frozen, self.judged_at = tuple(state.frozen), state.judged_at
        self.came |= {each.symbol: each.since for each in state.members.values()}

    def _set(self, event: UniverseSet) -> None:
        members = {each.symbol: each for each in event.members}
        self.came |= {symbol: event.time for symbol in members if symbol not in self.members}
        self.version, self.cause, self.members = event.version, event.cause, members
        self.leaving = {each.symbol: each for each in event.leaving}

    def _judged(self, event: UniverseJudged) -> None:
        self.standings |= {each.symbol: each for each in event.standings}
        self.figures |= {each.symbol: each for each in event.figures}
        self.frozen, self.judged_at = event.frozen, event.time

    def _banned(self, event: SymbolBanned) -> None:
        self.bans[event.ban.symbol] = event.ban

    def _unbanned(self, event: SymbolUnbanned) -> None:
        self.bans.pop(event.symbol, None)

    def _retired(self, event: SymbolGone) -> None:
        self.leaving.pop(event.symbol, None)
        self.gone[event.symbol] = event.time

    def _refused(self, event: UniverseCommandRefused) -> None:
        self.refused += 1
        self.refusals = [*self.refusals, event][-_REFUSALS_KEPT:]


_HANDLERS: dict[type[Message], Callable[[UniverseBook, Any], None]] = {
    UniverseSet: UniverseBook._set,
    UniverseJudged: UniverseBook._judged,
    SymbolBanned: UniverseBook._banned,
    SymbolUnbanned: UniverseBook._unbanned,
    SymbolGone: UniverseBook._retired,
    UniverseCommandRefused: UniverseBook._refused,
}
