"""The part of the risk actor that samples returns and watches VaR. Apart from `var`, which computes.

numpy is loaded by those alone whose limits go by statistics, or that are told to take samples in advance.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from actors.base import Context, applies
from actors.risk import modes
from actors.risk.decision import Decision
from actors.risk.following import SUMMED, Follower, GroupSums, followed
from actors.risk.limits import ONE
from actors.risk.samples import is_due, keep, sample
from actors.risk.state import RiskState
from actors.risk.statistical import make_statistics, money_up
from actors.risk.universe import UniverseListener
from messages.intents import OrderIntent
from messages.modes import Clearing, LimitBreached, ModeSource
from messages.reasons import Reason
from messages.statistics import ReturnsSampled

if TYPE_CHECKING:
    from collections.abc import Mapping

    from actors.risk.var import PortfolioStatistics


class Measurer(UniverseListener):
    """Samples and watches; see the module's docstring."""

    _made: PortfolioStatistics | None = None

    def _measure_from_the_start(self) -> None:
        """Follow the books from now on, where the settings say that statistics will be asked for.

        Where a limit is set later they count everything anew when they are asked.
        """
        book, followers = self._engine.book(self.state), list[Follower]()
        if self._statistics is not None:
            followers.append(self._statistics)
        if book.has_groups or any(getattr(book.desk, name) is not None for name in SUMMED):
            self._sums = GroupSums()
            followers.append(self._sums)
        if followers:
            self._apply = followed(self._apply, tuple(followers), lambda: self.state)

    @property
    def _statistics(self) -> PortfolioStatistics | None:
        """Statistics of the portfolio, where anything goes by them."""
        if self._made is None and self._measures:
            self._made = make_statistics(self._settings, self._limits)
        return self._made

    @property
    def _measures(self) -> bool:
        return self._settings.statistics.enabled or self._engine.book(self.state).measures

    def _check(self, intent: OrderIntent, ctx: Context) -> Decision:
        return self._engine.check(self.state, intent, ctx.now, statistics=self._statistics, sums=self._sums)

    def forget_view(self) -> None:
        """Statistics are made anew of the state."""
        super().forget_view()
        if self._made is not None:
            self._made.forget()
        if self._sums is not None:
            self._sums.lost = True

    def _sample_returns(self, ctx: Context) -> None:
        """Take a sample when its time has come. To be called when marks were taken."""
        chosen, state, statistics = self._settings.statistics, self.state, self._statistics
        if statistics is None or not is_due(state.samples, chosen.spacing, ctx.now):
            return
        mids = _mids(state)
        ctx.emit(sample(state.samples, mids, chosen.spacing, chosen.lookback, ctx.now))
        statistics.refresh(state)  # now, rather than when the next order waits for it

    def _judge(
        self,
        ctx: Context,
        reason: str,
        *,
        unreserved: str | None = None,
        raised: Mapping[str, ModeSource] | None = None,
    ) -> None:
        """See `ModeKeeper._judge`; also compare VaR with its limit."""
        super()._judge(ctx, reason, unreserved=unreserved, raised=raised)
        part = self._limits.max_portfolio_var
        if part is not None:
            self._judge_var(part, ctx, unreserved=unreserved)
        elif modes.PORTFOLIO_VAR in self.state.sources:
            self._change_mode(modes.without(self.state.sources, (modes.PORTFOLIO_VAR,)), reason, ctx)

    def _judge_var(self, part: Decimal, ctx: Context, *, unreserved: str | None) -> None:
        """Reduce when facts have carried VaR beyond its limit; while it is not known, things stand as they are."""
        state, known = self.state, self._statistics
        found = None if known is None else known.value_at_risk(state)
        if found is None or state.nav is None:
            return
        limit, stands = part * state.nav, modes.PORTFOLIO_VAR in state.sources
        bound = limit if unreserved or stands else limit * (ONE + self._limits.breach_tolerance)
        if (found > float(bound)) is stands:
            return
        if stands:
            self._change_mode(modes.without(state.sources, (modes.PORTFOLIO_VAR,)), "portfolio_var", ctx)
            return
        reason = Reason.PORTFOLIO_VAR
        ctx.emit(LimitBreached(modes.PORTFOLIO_VAR, reason, limit, money_up(found), ctx.now))
        source = modes.reducing(reason.value, ctx.now, Clearing.FACT)
        self._add_sources(ctx, {modes.PORTFOLIO_VAR: source}, reason.value)

    @applies(ReturnsSampled)
    def remember_sample(self, event: ReturnsSampled) -> None:
        """Keep a sample."""
        keep(self.state.samples, event, _mids(self.state))


def _mids(state: RiskState) -> dict[str, float]:
    """The mids of all symbols that were marked since the last sample."""
    since = state.samples.taken_at
    return {
        symbol: float(mark.bid + mark.ask) / 2 for symbol, mark in state.marks.items() if mark.time > since
    }
