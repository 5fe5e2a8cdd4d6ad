"""What the universe actor remembers, and how that follows from its events."""

from __future__ import annotations

import msgspec

from actors.base import Actor, applies
from actors.operations.universe.settings import DAY
from messages.base import Address
from messages.universe import (
    CycleBegun,
    LeaverHandedOver,
    LeaverReported,
    LeavingSymbol,
    SymbolBan,
    SymbolBanned,
    SymbolChosen,
    SymbolFigures,
    SymbolGone,
    SymbolStanding,
    SymbolUnbanned,
    TraderGivenUp,
    TraderRetried,
    UniverseCommandRefused,
    UniverseJudged,
    UniverseMember,
    UniverseSet,
    UniverseThin,
)


class UniverseState(msgspec.Struct):
    """The whole state; version 0 before the first snapshot.

    `chosen` is what persons want in (True) or out, `reported` which actors of a leaving symbol hold nothing of it.
    `asked` is the cycle whose figures are awaited, with its `symbols`. `changes` are the times (ns UTC) of the changes
    by figures within a day, `left_at` when a symbol left last. `given_up` are strategy actors that their supervisor has
    given up, `regime` the market's as it was last known.
    """

    version: int = 0
    members: dict[str, UniverseMember] = {}
    leaving: dict[str, LeavingSymbol] = {}
    reported: dict[str, dict[Address, None]] = {}
    chosen: dict[str, bool] = {}
    bans: dict[str, SymbolBan] = {}
    streaks: dict[str, int] = {}
    standings: dict[str, SymbolStanding] = {}
    figures: dict[str, SymbolFigures] = {}
    frozen: dict[str, None] = {}
    left_at: dict[str, int] = {}
    changes: list[int] = []
    cycle: int = 0
    asked: int | None = None
    symbols: tuple[str, ...] = ()
    next_due: int | None = None
    judged_at: int | None = None
    given_up: dict[Address, None] = {}
    regime: str | None = None


class UniverseMemory(Actor[UniverseState]):
    """The remembering half of the universe actor: one method per kind of event."""

    @applies(CycleBegun)
    def _begun(self, event: CycleBegun) -> None:
        self.state.cycle, self.state.asked = event.cycle, event.cycle
        self.state.symbols, self.state.next_due = event.symbols, event.next_due

    @applies(UniverseJudged)
    def _judged(self, event: UniverseJudged) -> None:
        state = self.state
        state.asked, state.judged_at = None, event.time
        state.regime = event.regime
        for standing in event.standings:
            state.standings[standing.symbol] = standing
            state.streaks[standing.symbol] = standing.streak
        for figures in event.figures:
            state.figures[figures.symbol] = figures
        state.frozen = dict.fromkeys(event.frozen)

    @applies(UniverseSet)
    def _set(self, event: UniverseSet) -> None:
        state = self.state
        members = {each.symbol: each for each in event.members}
        for symbol in state.members:
            if symbol not in members:
                state.left_at[symbol] = event.time
        leaving = {each.symbol: each for each in event.leaving}
        state.reported = {
            symbol: told
            for symbol, told in state.reported.items()
            if symbol in leaving and leaving[symbol] == state.leaving.get(symbol)
        }
        state.version, state.members, state.leaving = event.version, members, leaving
        state.changes = [time for time in state.changes if event.time - time < DAY]
        state.changes += [event.time] * len(event.changes)

    @applies(SymbolChosen)
    def _chosen(self, event: SymbolChosen) -> None:
        self.state.chosen[event.symbol] = event.wanted

    @applies(SymbolBanned)
    def _banned(self, event: SymbolBanned) -> None:
        self.state.bans[event.ban.symbol] = event.ban

    @applies(SymbolUnbanned)
    def _unbanned(self, event: SymbolUnbanned) -> None:
        del self.state.bans[event.symbol]

    @applies(LeaverReported)
    def _reported(self, event: LeaverReported) -> None:
        self.state.reported.setdefault(event.symbol, {})[event.address] = None

    @applies(SymbolGone)
    def _gone(self, event: SymbolGone) -> None:
        del self.state.leaving[event.symbol]
        self.state.reported.pop(event.symbol, None)

    @applies(TraderGivenUp)
    def _given_up(self, event: TraderGivenUp) -> None:
        self.state.given_up[event.address] = None

    @applies(TraderRetried)
    def _retried(self, event: TraderRetried) -> None:
        self.state.given_up.pop(event.address, None)

    @applies(UniverseCommandRefused, UniverseThin, LeaverHandedOver)
    def _noted(self, event: UniverseCommandRefused | UniverseThin | LeaverHandedOver) -> None:
        """Nothing changes; the event is the record."""
