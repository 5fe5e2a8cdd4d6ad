"""Who is told which symbols' books have moved: figures that are kept incrementally, beside the state.

An event that changes what is held or reserved changes it on few symbols; to find out which by looking at all of them
would cost more than what depends on it. What is kept so is view: it can be made anew of the state at any time, and
gives the same, exactly.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Any, TypeVar, TypeVarTuple

from actors.risk.exposure import open_worth, open_worths
from actors.risk.marks import oldest_mark
from actors.risk.state import ZERO, RiskState
from messages.account_events import MarginsTold
from messages.base import Message
from messages.intents import Side
from messages.modes import LimitBreached, ModeDecided
from messages.portfolio import (
    FillBooked,
    FinalFillsAwaited,
    IntentDecided,
    MarksTaken,
    ReservationReleased,
    ReservationReopened,
)

if TYPE_CHECKING:
    from actors.risk.limit_book import GroupCap

_BUY = Side.BUY

Apply = Callable[[Any], None]
Moved = Callable[[Any, RiskState], tuple[str, ...]]
T = TypeVar("T")
Of = TypeVarTuple("Of")


class Follower:
    """Keeps figures by symbol. `moved` are the symbols that have changed since it was up to date; `lost`: all may have.
    `revalued`: something else than reservations has changed.

    One that nobody tells of events does not `follow`: it has to count everything anew whenever it is asked.
    """

    def __init__(self) -> None:
        self.follows = False
        self.lost, self.moved, self.revalued = True, dict[str, None](), True


def followed(
    applies: Mapping[type[Message], Apply], followers: tuple[Follower, ...], state: Callable[[], RiskState]
) -> dict[type[Message], Apply]:
    """The table of what applies events, with each also telling the followers which symbols it moved.

    An event that is not known here is taken to have moved everything.
    """
    for follower in followers:
        follower.follows = True
    return {
        kind: apply if _is_still(kind) else _telling(apply, kind, followers, state)
        for kind, apply in applies.items()
    }


def _is_still(kind: type[Message]) -> bool:
    return kind in _MOVES_NOTHING or kind.__module__ in _MOVE_NOTHING


def _telling(
    apply: Apply, kind: type[Message], followers: tuple[Follower, ...], state: Callable[[], RiskState]
) -> Apply:
    def apply_and_lose(event: Message) -> None:
        apply(event)
        for follower in followers:
            follower.lost = True

    symbols_of, revalues = _MOVED.get(kind), kind not in _RESERVE
    if symbols_of is None:
        return apply_and_lose

    def apply_and_tell(event: Message) -> None:
        apply(event)
        symbols = symbols_of(event, state())
        for follower in followers:
            for symbol in symbols:
                follower.moved[symbol] = None
            if revalues:
                follower.revalued = True

    return apply_and_tell


def _of_release(event: ReservationReleased | ReservationReopened, state: RiskState) -> tuple[str, ...]:
    known = state.closed.get(event.intent_id) or state.reservations.get(event.intent_id)
    return tuple(state.listings) if known is None else (state.holdings[known.listing].symbol,)


_MOVED: dict[type[Message], Moved] = {
    IntentDecided: lambda event, state: (event.symbol,) if event.quantity else (),
    FillBooked: lambda event, state: (event.symbol,),
    MarksTaken: lambda event, state: tuple(
        each.symbol for each in event.marks if each.symbol in state.listings
    ),
    ReservationReleased: _of_release,
    ReservationReopened: _of_release,
    MarginsTold: lambda event, state: (),
}
"""Which symbols an event has moved, once it is applied."""

_RESERVE = (IntentDecided, ReservationReleased, ReservationReopened)
"""Events that change reservations alone: not what is held, nor what it is worth."""

_MOVES_NOTHING = (ModeDecided, LimitBreached, FinalFillsAwaited)
_MOVE_NOTHING = (
    "messages.anomalies",
    "messages.limits",
    "messages.pace",
    "messages.statistics",
    "messages.universe",
)
"""Events, and modules of events, that move none."""


SUMMED = ("max_net_exposure", "max_nav_age", "max_margin_use", "min_liquidation_distance")
"""Limits that go by what `GroupSums` keeps."""

_NO_WORTH = (ZERO, ZERO)


class GroupSums(Follower):
    """The exposure of each group of listings that is bounded as a whole, what all open orders of a side are worth, and
    since when everything held has been marked: one addition or comparison for each change, at any size.

    Figures that no reservation changes stand until something else happens: all intents of a batch share them.
    """

    def __init__(self) -> None:
        super().__init__()
        self._state: RiskState | None = None
        self._groups: dict[str, tuple[str, ...]] = {}
        self._sums: dict[str, Decimal] = {}
        self._groups_of: dict[str, list[str]] = {}
        self._known: dict[str, Decimal] = {}
        self._worths: dict[str, tuple[Decimal, Decimal]] | None = None
        self._buys = self._sells = ZERO
        self._marked_since = 0
        self._standing: dict[tuple[Any, ...], Any] = {}

    def beside(self, state: RiskState, cap: GroupCap, listing: str) -> Decimal:
        """The exposure of a group's listings but this one of them; all of them where there is no such listing."""
        self._refresh(state)
        if self._groups.get(cap.scope) is not cap.listings:
            self._begin(state, cap)
        return self._sums[cap.scope] - self._known.get(listing, ZERO)

    def open_worth(self, state: RiskState, side: Side) -> Decimal:
        """See `actors.risk.exposure.open_worth`."""
        if not self.follows:
            return open_worth(state, side)
        self._refresh(state)
        if self._worths is None:  # nobody has asked before
            self._worths, self._buys, self._sells = {}, ZERO, ZERO
            for listing in state.holdings:
                self._count_worth(state, listing, self._worths)
        return self._buys if side is _BUY else self._sells

    def marked_since(self, state: RiskState, moment: int) -> bool:
        """Whether every mark of what is held was seen at that moment (ns UTC) or later."""
        self._refresh(state)
        if self._marked_since < moment:  # a bound from before: marks only become younger
            oldest = oldest_mark(state)
            self._marked_since = moment if oldest is None else oldest
        return self._marked_since >= moment

    def standing(self, reckon: Callable[[RiskState, *Of], T], state: RiskState, *of: *Of) -> T:
        """See `standing`; reckoned anew when something else than reservations has changed."""
        self._refresh(state)
        if self.revalued:
            self._standing, self.revalued = {}, False
        key = (reckon, *of)
        if key not in self._standing:
            self._standing[key] = reckon(state, *of)
        found: T = self._standing[key]
        return found

    def _refresh(self, state: RiskState) -> None:
        if self.lost or not self.follows or state is not self._state:
            self._forget(state)
        elif self.moved:
            self._follow(state)

    def _forget(self, state: RiskState) -> None:
        self._state, self._groups, self._sums, self._groups_of, self._known = state, {}, {}, {}, {}
        self._worths = None
        self._marked_since = 0
        self.lost, self.moved, self.revalued = False, {}, True

    def _begin(self, state: RiskState, cap: GroupCap) -> None:
        """Sum a group up for the first time, or after its members have changed."""
        scope = cap.scope
        for listing in self._groups.get(scope, ()):
            self._groups_of[listing].remove(scope)
        total = ZERO
        for listing in cap.listings:
            self._groups_of.setdefault(listing, []).append(scope)
            total += self._exposure(state, listing)
        self._groups[scope], self._sums[scope] = cap.listings, total

    def _follow(self, state: RiskState) -> None:
        worths = self._worths
        for symbol in self.moved:
            mark = state.marks.get(symbol)
            if mark is None or mark.time < self._marked_since:
                self._marked_since = 0 if mark is None else mark.time
            for listing in state.listings.get(symbol, ()):
                if worths is not None:
                    self._count_worth(state, listing, worths)
                before = self._known.get(listing)
                if before is not None or listing in self._groups_of:
                    more = self._exposure(state, listing) - (before or ZERO)
                    for scope in self._groups_of.get(listing, ()):
                        self._sums[scope] += more
        self.moved = {}

    def _count_worth(
        self, state: RiskState, listing: str, worths: dict[str, tuple[Decimal, Decimal]]
    ) -> None:
        before, after = worths.get(listing, _NO_WORTH), open_worths(state, listing)
        if after != before:
            worths[listing] = after
            self._buys += after[0] - before[0]
            self._sells += after[1] - before[1]

    def _exposure(self, state: RiskState, listing: str) -> Decimal:
        holding = state.holdings.get(listing)
        found = self._known[listing] = ZERO if holding is None else holding.exposure
        return found


def standing(sums: GroupSums | None, reckon: Callable[[RiskState, *Of], T], state: RiskState, *of: *Of) -> T:
    """What `reckon` finds, which goes by what is held, its marks and the accounts alone.

    Where `sums` are kept it is shared: by what facts are held to and by all intents of a batch.
    """
    return reckon(state, *of) if sums is None else sums.standing(reckon, state, *of)
