"""The universe actor: decides which symbols are traded, tells everybody, starts and retires their strategies.

What is traded is one numbered snapshot. Each change of it goes to everybody as `UniverseChanged`: strategies and risk
let nothing be entered that is not in it. A symbol that comes is started through the supervisor; one that goes is
`leaving` until every actor that trades it has told that it holds nothing of it any more, and only then removed. One
that was given up can't tell: it is tried once more, and when that fails execution closes what it holds, and tells.
What is filled after the end of its order may be held by nobody who runs: its symbol is left once more.

Persons come before figures, and bans before both:

| a symbol is       | traded                                                  |
|-------------------|---------------------------------------------------------|
| banned            | not, until the ban ends                                 |
| on the blacklist  | never                                                   |
| removed by hand   | not, until it is added                                  |
| on the whitelist  | always                                                  |
| added by hand     | until it is removed                                     |
| anything else     | static: if it was at the start; dynamic: by its figures |
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from actors.base import Context, receives
from actors.operations.universe.leaving import Leaving
from actors.operations.universe.regime import regime_of
from actors.operations.universe.selecting import Before, judge, moves, silent_venues
from actors.operations.universe.settings import UniverseMode, UniverseSettings, check_settings
from messages.base import CONTROL, Address, Effect
from messages.control import SessionStarted
from messages.limits import RegimeChanged
from messages.reasons import Reason
from messages.universe import (
    AddSymbol,
    BanOver,
    BanSymbol,
    CycleBegun,
    LeavingSymbol,
    MarketObserved,
    ObserveMarket,
    RemoveSymbol,
    SymbolBan,
    SymbolBanned,
    SymbolChosen,
    SymbolFigures,
    SymbolHeld,
    SymbolStanding,
    SymbolUnbanned,
    UnbanSymbol,
    UniverseChanged,
    UniverseCommandRefused,
    UniverseCycleDue,
    UniverseJudged,
    UniverseMember,
    UniverseSet,
    UniverseThin,
)

UNIVERSE: Address = "universe"

_CYCLE = "cycle"
_FIGURES = "figures"
_THIN = 2
"""Fewer symbols than this are no choice: whoever lost the others is told."""
_DYNAMIC = UniverseMode.DYNAMIC

Command = AddSymbol | RemoveSymbol | BanSymbol | UnbanSymbol


class UniverseActor(Leaving):
    """See the module docstring. Raises `ConfigurationError` for settings that make no sense."""

    def __init__(self, settings: UniverseSettings, address: Address = UNIVERSE) -> None:
        check_settings(settings)
        super().__init__(settings, address)

    def outstanding(self) -> Sequence[Effect]:
        """Figures that were asked for and not told yet."""
        state = self.state
        return () if state.asked is None else (ObserveMarket(state.asked, state.symbols),)

    def summary(self) -> str:
        """Version, how many are traded, leaving and banned, and in which regime."""
        state = self.state
        regime = f", {state.regime}" if state.regime is not None else ""
        gone = f", {len(state.leaving)} leaving" if state.leaving else ""
        banned = f", {len(state.bans)} banned" if state.bans else ""
        return f"version {state.version}, {len(state.members)} of {len(self._candidates)} traded{gone}{banned}{regime}"

    # ------------------------------------------------------------------ beginning

    @receives(SessionStarted)
    def _on_session(self, message: SessionStarted, ctx: Context) -> None:
        """Begin, or go on: everybody is told anew, for settings or who hears may have changed; whoever is to be there
        is asked for again, which changes nothing where it is there.
        """
        self._lift_ended_bans(ctx)
        self._settle(ctx, "session", anew=True)
        for symbol in (*self.state.members, *self.state.leaving):
            self._start(symbol, ctx)
        if self.settings.mode is _DYNAMIC:
            self._begin_cycle(ctx)

    # ------------------------------------------------------------------ figures

    @receives(UniverseCycleDue)
    def _on_cycle(self, message: UniverseCycleDue, ctx: Context) -> None:
        if self.settings.mode is _DYNAMIC and message.due == self.state.next_due:
            self._begin_cycle(ctx)

    def _begin_cycle(self, ctx: Context) -> None:
        due = ctx.now + self.settings.every
        asking = self.state.asked is not None
        ctx.after(self.settings.every, UniverseCycleDue(due), key=_CYCLE)
        symbols = tuple(self._candidates)
        cycle = self.state.cycle if asking else self.state.cycle + 1
        ctx.emit(CycleBegun(cycle, symbols, due, ctx.now))
        if not asking:
            ctx.perform(ObserveMarket(cycle, symbols))

    @receives(MarketObserved)
    def _on_figures(self, message: MarketObserved, ctx: Context) -> None:
        """Judge the candidates, then let come and go who has been fit, or not, for long enough."""
        if message.cycle != self.state.asked:
            return
        settings, before = self.settings, self._before()
        excluded = {
            symbol: reason for symbol in self._candidates if (reason := self._forbidden(symbol)) is not None
        }
        regime = self._regime(message.figures)
        figures = tuple(each for each in message.figures if each.symbol in self._candidates)
        standings: tuple[SymbolStanding, ...] = ()
        silent = frozenset(self._candidates)
        if (
            settings.regime_symbol is None or regime is not None
        ):  # else nobody comes or goes until it is known
            standings = judge(settings, message.figures, excluded, before, regime)
            silent = silent_venues(settings, message.figures)
        frozen = tuple(sorted(silent))
        known = self.state.regime
        ctx.emit(UniverseJudged(message.cycle, standings, figures, frozen, ctx.now, regime))
        if regime != known:
            ctx.send("risk", RegimeChanged(regime))
        found = moves(settings, standings, before, ctx.now)
        wanted = {*self.state.members, *found.enter} - set(found.leave)
        self._settle(ctx, "first figures" if before.is_first else _FIGURES, wanted)

    def _regime(self, figures: Sequence[SymbolFigures]) -> str | None:
        """The market's regime by these figures, else as it was last known."""
        told = next((each for each in figures if each.symbol == self.settings.regime_symbol), None)
        found = None if told is None else regime_of(told.trend, told.volatility)
        if found is not None:
            return found.value
        return None if self.settings.regime_symbol is None else self.state.regime

    def _before(self) -> Before:
        state = self.state
        fixed = {symbol for symbol in self._candidates if self._demanded(symbol) is not None}
        members = frozenset(symbol for symbol in state.members if symbol not in fixed)
        return Before(members, state.streaks, state.left_at, state.changes, state.judged_at is None)

    # ------------------------------------------------------------------ persons

    @receives(AddSymbol)
    def _on_add(self, message: AddSymbol, ctx: Context) -> None:
        problem = self._unknown(message.symbol) or self._barred(message.symbol)
        if problem:
            self._refuse(message, problem, ctx)
            return
        ctx.emit(SymbolChosen(message.symbol, True, message.by, ctx.now))
        if message.symbol in self.state.members:
            # said again: a supervisor that was shut down in between knows nothing of it
            self._start(message.symbol, ctx)
        self._settle(ctx, f"{message.symbol} added by {message.by}")

    @receives(RemoveSymbol)
    def _on_remove(self, message: RemoveSymbol, ctx: Context) -> None:
        problem = self._unknown(message.symbol)
        if not problem and message.symbol in self.settings.whitelist:
            problem = "it is on universe.whitelist; ban it to have it out for a time"
        if problem:
            self._refuse(message, problem, ctx)
            return
        ctx.emit(SymbolChosen(message.symbol, False, message.by, ctx.now))
        if message.symbol in self.state.leaving:
            self._start(message.symbol, ctx)  # it can't be left by an actor that does not run
        self._settle(ctx, f"{message.symbol} removed by {message.by}")

    @receives(BanSymbol)
    def _on_ban(self, message: BanSymbol, ctx: Context) -> None:
        problem = self._unknown(message.symbol)
        if not problem and message.duration is not None and message.duration <= 0:
            problem = "a ban lasts longer than 0"
        if problem:
            self._refuse(message, problem, ctx)
            return
        lasts = self.settings.ban if message.duration is None else message.duration
        ban = SymbolBan(message.symbol, ctx.now + lasts, message.by, message.reason)
        ctx.emit(SymbolBanned(ban, ctx.now))
        ctx.after(lasts, BanOver(ban.symbol, ban.until), key=f"ban/{ban.symbol}")
        self._settle(ctx, f"{ban.symbol} banned by {ban.by}: {ban.reason}")

    @receives(UnbanSymbol)
    def _on_unban(self, message: UnbanSymbol, ctx: Context) -> None:
        if message.symbol not in self.state.bans:
            self._refuse(message, "it is not banned", ctx)
            return
        ctx.cancel_timer(f"ban/{message.symbol}")
        ctx.emit(SymbolUnbanned(message.symbol, message.by, ctx.now))
        self._settle(ctx, f"{message.symbol} unbanned by {message.by}")

    @receives(BanOver)
    def _on_ban_over(self, message: BanOver, ctx: Context) -> None:
        ban = self.state.bans.get(message.symbol)
        if ban is not None and ban.until == message.until:
            ctx.emit(SymbolUnbanned(message.symbol, "", ctx.now))
            self._settle(ctx, f"the ban of {message.symbol} has ended")

    def _lift_ended_bans(self, ctx: Context) -> None:
        for ban in list(self.state.bans.values()):
            if ban.until <= ctx.now:
                ctx.emit(SymbolUnbanned(ban.symbol, "", ctx.now))

    def _unknown(self, symbol: str) -> str:
        return "" if symbol in self._candidates else "no enabled strategy of the settings trades it"

    def _barred(self, symbol: str) -> str:
        if symbol in self.settings.blacklist:
            return "it is on universe.blacklist"
        return "it is banned: lift the ban first" if symbol in self.state.bans else ""

    def _refuse(self, message: Command, problem: str, ctx: Context) -> None:
        ctx.emit(UniverseCommandRefused(type(message).__name__, message.symbol, message.by, problem))

    # ------------------------------------------------------------------ the snapshot

    def _forbidden(self, symbol: str) -> Reason | None:
        """Why a symbol must not be traded, whatever its figures."""
        if symbol in self.state.bans:
            return Reason.BANNED
        if symbol in self.settings.blacklist:
            return Reason.BLACKLISTED
        return Reason.REMOVED if self.state.chosen.get(symbol) is False else None

    def _demanded(self, symbol: str) -> Reason | None:
        """Why a symbol is traded whatever its figures."""
        if self._forbidden(symbol) is not None:
            return None
        if symbol in self.settings.whitelist:
            return Reason.FORCE_ELIGIBLE
        return Reason.ADDED if self.state.chosen.get(symbol) else None

    def _settle(
        self,
        ctx: Context,
        cause: str,
        wanted: set[str] | None = None,
        *,
        anew: bool = False,
        again: str | None = None,
    ) -> None:
        """Make the snapshot what it should be; `wanted` are the members by figures, None to leave those as they are.

        Nobody is told where nothing has changed, unless `anew`. `again` is a symbol that left and has to be left anew.
        """
        state, settings = self.state, self.settings
        if wanted is None:
            first = state.version == 0 or settings.mode is UniverseMode.STATIC
            wanted = set(settings.start) if first else set(state.members)
        members: dict[str, UniverseMember] = {}
        for symbol in self._candidates:
            demanded = self._demanded(symbol)
            if self._forbidden(symbol) is None and (demanded is not None or symbol in wanted):
                members[symbol] = self._member(symbol, demanded, ctx.now)
        came, went = members.keys() - state.members.keys(), state.members.keys() - members.keys()
        left = {again} - members.keys() if again is not None else set()
        if not anew and not left and not came and not went and members == state.members:
            return
        leaving = {symbol: each for symbol, each in state.leaving.items() if symbol not in members}
        version = state.version + 1
        for symbol in sorted(went | left):
            leaving[symbol] = LeavingSymbol(symbol, self._why_gone(symbol), ctx.now, version)
        changes = tuple(sorted(came | went)) if cause == _FIGURES else ()
        told = tuple(members.values()), tuple(leaving.values())
        ctx.emit(UniverseSet(version, *told, changes, cause, ctx.now))
        outside = tuple(symbol for symbol in self._candidates if symbol not in members)
        ctx.send(CONTROL, UniverseChanged(version, *told, outside, cause))
        if len(members) < _THIN and went:
            ctx.emit(UniverseThin(version, len(members), ctx.now))
        for symbol in members:
            if symbol in came:
                self._start(symbol, ctx)
        for symbol in sorted(went | left):
            if symbol in left:
                self._start(symbol, ctx)
            self._try_once_more(symbol, ctx)
            self._end_if_flat(symbol, ctx)

    def _member(self, symbol: str, demanded: Reason | None, now: int) -> UniverseMember:
        known, standing = self.state.members.get(symbol), self.state.standings.get(symbol)
        reason = demanded or (Reason.ELIGIBLE if standing is None or not standing.fit else standing.reason)
        fit = standing is not None and standing.fit and demanded is None
        found = UniverseMember(
            symbol,
            standing.tier if fit and standing is not None else None,
            standing.score if fit and standing is not None else None,
            reason,
            now,
        )
        if known is None:
            return found
        # how it scores from cycle to cycle is told with the cycle: a snapshot is new when it says something else
        if demanded is None and not fit:
            return (
                known if known.reason not in (Reason.ADDED, Reason.FORCE_ELIGIBLE) else _since(found, known)
            )
        same = (known.tier, known.reason) == (found.tier, found.reason)
        return known if same else _since(found, known)

    def _why_gone(self, symbol: str) -> Reason:
        standing = self.state.standings.get(symbol)
        known = Reason.NOT_IN_UNIVERSE if standing is None or standing.fit else standing.reason
        return self._forbidden(symbol) or known

    @receives(SymbolHeld)
    def _on_held(self, message: SymbolHeld, ctx: Context) -> None:
        """What was told of a symbol that leaves is void, and of one that has left its actor must run to close it."""
        symbol = message.symbol
        if self.state.version and symbol in self._candidates and symbol not in self.state.members:
            self._settle(ctx, f"{symbol} is held again", again=symbol)


def _since(found: UniverseMember, known: UniverseMember) -> UniverseMember:
    return msgspec.structs.replace(found, since=known.since)
