"""Facts against the limits that a desk may set besides: net exposure, leverage, caps of tiers, themes, venues.

Apart from `facts`, which judges what every desk has. A concentration is no fact to reduce for: what others close makes
it larger. Pure functions.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import TYPE_CHECKING

from actors.risk import modes
from actors.risk.caps import capped
from actors.risk.exposure import symbol_exposure
from actors.risk.facts import Findings, judge_fact
from actors.risk.limit_book import LimitBook
from actors.risk.limits import ONE, ZERO, RiskSettings
from actors.risk.state import RiskState
from messages.reasons import Reason

if TYPE_CHECKING:
    from actors.risk.following import GroupSums

_REASONS = {
    "net_exposure": Reason.NET_EXPOSURE,
    "total_at_risk": Reason.TOTAL_AT_RISK,
    "tier_cap": Reason.TIER_CAP,
    "theme_cap": Reason.THEME_CAP,
    "venue_cap": Reason.VENUE_CAP,
    "leverage": Reason.LEVERAGE_CAP,
    "margin": Reason.MARGIN_CAP,
    "liquidation": Reason.LIQUIDATION_DISTANCE,
    "symbol_exposure": Reason.SYMBOL_EXPOSURE,
}


def judge_caps(
    state: RiskState,
    settings: RiskSettings,
    book: LimitBook,
    now: int,
    findings: Findings,
    unreserved: str | None,
    sums: GroupSums | None = None,
) -> None:
    """Add what these limits say; a source whose limit is no more ends. Nothing while NAV is not known.

    Where `sums` of groups are kept, they need not be added up.
    """
    if state.nav is None:
        return
    slack = ONE if unreserved else ONE + book.desk.breach_tolerance
    judged: dict[str, None] = {}
    for name, limit, observed in _rows(state, settings, book, sums):
        source = modes.LIMIT + name
        judged[source] = None
        reason = _REASONS[name.partition(":")[0]]
        # no tolerance takes a position nearer to its liquidation
        bound = limit if reason is Reason.LIQUIDATION_DISTANCE else limit * slack
        judge_fact(state, findings, now, source, reason, limit, observed, bound)
    findings.ended += [name for name in state.sources if name.startswith(modes.LIMIT) and name not in judged]


def _rows(
    state: RiskState, settings: RiskSettings, book: LimitBook, sums: GroupSums | None
) -> Iterator[tuple[str, Decimal, Decimal]]:
    for name, limit, used, _ in capped(state, settings, book, sums):
        yield name, limit or ZERO, used or ZERO
    if not book.narrows_symbols:
        return
    nav = state.nav or ZERO
    for listing in state.totals.active:
        holding = state.holdings[listing]
        # by the scopes that do not depend on who asked
        part = book.of("", holding.venue, holding.symbol).limits.max_symbol_exposure
        if part < book.desk.max_symbol_exposure:
            yield f"symbol_exposure:{listing}", part * nav, symbol_exposure(state, holding.symbol)
