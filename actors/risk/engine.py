"""The one pure entry to risk's judgement: for the actor, for tests, and for any what-if.

`check` judges one intent against a portfolio, as the actor does; `check_all` several one after the other, the most
confident first, each against what was approved before it. Neither changes the portfolio it is given.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import TYPE_CHECKING

from actors.risk.activity import count_entry
from actors.risk.answers import decided
from actors.risk.books.rates import fit
from actors.risk.checks import CHECKS, Check, Judge
from actors.risk.checks.surroundings import DEGRADE
from actors.risk.decision import Decision, decide
from actors.risk.limit_book import InForce, LimitBook, check_overrides
from actors.risk.limits import RiskInstrument, RiskLimits, RiskSettings, listing_id
from actors.risk.pacing import entry_of
from actors.risk.reservations import reserve
from actors.risk.state import RiskState
from actors.risk.view import Surroundings
from messages.intents import OrderIntent, Verdict

if TYPE_CHECKING:
    from actors.risk.following import GroupSums
    from actors.risk.var import PortfolioStatistics  # brings numpy

_Key = tuple[str, str, str, bool]
"""Strategy, venue, symbol, and whether the desk is degraded."""
_Prepared = tuple[InForce, tuple[Judge, ...], Surroundings]


class RiskEngine:
    """Judges intents by the limits of `settings` and of what operators changed since.

    Raises `RiskLimitError` for overrides of what there is not.

    What it keeps besides is derived: which limits and which checks hold for a strategy's intents on a listing, and
    `instruments` by listing, each at the rate of its quote currency.
    """

    def __init__(self, settings: RiskSettings) -> None:
        check_overrides(settings)
        self._settings = settings
        self.instruments: dict[str, RiskInstrument] = {
            listing_id(one.venue, one.symbol): one for one in settings.instruments
        }
        self._fitted_to: object = None
        self._book: LimitBook | None = None
        self._judged: dict[_Key, _Prepared] = {}
        self._alike: dict[tuple[int, frozenset[str], bool], tuple[Judge, ...]] = {}

    def book(self, state: RiskState) -> LimitBook:
        """The limits in force in a state."""
        book = self._book
        # both are replaced as a whole when they change, never filled: the same object says the same
        if book is None or book.changes is not state.limit_changes or book.tiers is not state.tiers:
            book = self._book = LimitBook(self._settings, state)
            self._judged, self._alike = {}, {}
        return book

    def fit(self, state: RiskState) -> None:
        """Let `instruments` count at the rates of a state."""
        if state.rates is not self._fitted_to:
            self._fitted_to = fit(self.instruments, state.rates)

    def limits(self, state: RiskState) -> RiskLimits:
        """The desk's own limits in force."""
        return self.book(state).desk

    def counts(self, state: RiskState) -> bool:
        """Whether a limit in force asks for the desk's pace to be counted."""
        return self.book(state).counts

    def check(
        self,
        state: RiskState,
        intent: OrderIntent,
        now: int,
        *,
        regime: str | None = None,
        statistics: PortfolioStatistics | None = None,
        sums: GroupSums | None = None,
    ) -> Decision:
        """Judge one intent at desk time `now` (ns UTC); `regime` in place of the one that was set, else told.

        `statistics` of the same portfolio are needed where a limit goes by them; without them it refuses. Where `sums`
        of groups are kept, they need not be added up.
        """
        terms = intent.terms
        self.fit(state)
        book = self.book(state)
        degrade = state.degrade
        key = (intent.strategy, terms.venue, terms.symbol, bool(degrade.found or degrade.manual))
        in_force, judges, around = self._judged.get(key) or self._prepare(key, book)
        told = state.regime if self._settings.has_universe else None
        if not (regime is None and statistics is None and sums is None and told is None):
            named = regime or around.regime or told
            around = Surroundings(around.base_currency, named, statistics, sums)
        instrument = self.instruments.get(f"{terms.venue}/{terms.symbol}")
        return decide(state, intent, instrument, in_force, judges, now, around)

    def _prepare(self, key: _Key, book: LimitBook) -> _Prepared:
        """What intents of one strategy on one listing are judged by, kept until limits change."""
        strategy, venue, symbol, degraded = key
        in_force = book.of(strategy, venue, symbol)
        # by identity: the book keeps its limits, and most listings have the same
        kinds = frozenset(cap.kind for cap in in_force.caps)
        alike = id(in_force.limits), kinds, degraded
        judges = self._alike.get(alike)
        if judges is None:
            judges = tuple(each.judge for each in active(in_force, degraded=degraded))
            self._alike[alike] = judges
        around = Surroundings(self._settings.base_currency, in_force.limits.regime)
        self._judged[key] = in_force, judges, around
        return in_force, judges, around

    def check_all(
        self,
        intents: Sequence[OrderIntent],
        portfolio: RiskState,
        now: int,
        *,
        regime: str | None = None,
        statistics: PortfolioStatistics | None = None,
    ) -> tuple[Decision, ...]:
        """Judge intents that are raised together, in their own order.

        They take their room in the order of their confidence, the highest first and those without one last; each is
        judged as if those before it were reserved.
        """
        state = copy.deepcopy(portfolio)
        order = sorted(range(len(intents)), key=lambda i: (-(intents[i].confidence or 0.0), i))
        answers: dict[int, Decision] = {}
        for index in order:
            intent = intents[index]
            answer = answers[index] = self.check(state, intent, now, regime=regime, statistics=statistics)
            if answer.verdict is not Verdict.REJECTED:
                self._take(state, intent, f"what-if#{index}", answer, now)
        return tuple(answers[index] for index in range(len(intents)))

    def _take(self, state: RiskState, intent: OrderIntent, name: str, answer: Decision, now: int) -> None:
        instrument = self.instruments[listing_id(intent.terms.venue, intent.terms.symbol)]
        event = decided(intent, name, "", name, answer, instrument, state.version, now)
        reserve(state, event, flattening=False)
        if answer.increases_exposure and self.counts(state):
            count_entry(state.activity, entry_of(event, self.limits(state)), state.day_ends_at)


def active(in_force: InForce, *, degraded: bool = False) -> tuple[Check, ...]:
    """The checks whose limit is set, in their order; `degraded`: a degrade level is one of a kind."""
    limits, kinds = in_force.limits, {cap.kind for cap in in_force.caps}
    if degraded:
        kinds.add(DEGRADE)
    return tuple(check for check in CHECKS if _is_active(check, limits, kinds))


def _is_active(check: Check, limits: RiskLimits, kinds: set[str]) -> bool:
    if not check.needs:
        return True
    return any(name in kinds or _is_set(getattr(limits, name, None)) for name in check.needs)


def _is_set(value: object) -> bool:
    # by identity: a limit of 0 is one, and equal to False
    return value is not None and value is not False and value != {}
