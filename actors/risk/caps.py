"""What is used of those limits on exposure that are off unless set: for people, and for facts to be held to."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from actors.risk.exposure import open_worth
from actors.risk.following import GroupSums, standing
from actors.risk.limit_book import LimitBook
from actors.risk.limits import ONE, ZERO, RiskLimits, RiskSettings
from actors.risk.margins import account_worth, liquidation_distance, maintenance
from actors.risk.state import RiskState
from messages.intents import Side

Row = tuple[str, Decimal | None, Decimal | None, str]
"""A limit's name, what it is, what is used of it, and the unit of both."""


def capped(
    state: RiskState, settings: RiskSettings, book: LimitBook, sums: GroupSums | None = None
) -> Iterator[Row]:
    """Those limits on exposure that are off unless they are set; where `sums` are kept they are not added up."""
    yield from _directions(state, book.desk, sums)
    yield from _caps(state, book, sums)
    yield from _accounts(state, settings, book.desk, sums)


def _directions(state: RiskState, limits: RiskLimits, sums: GroupSums | None) -> Iterator[Row]:
    nav, totals = state.nav, state.totals
    if limits.max_net_exposure is not None:
        most, worth = part_of(limits.max_net_exposure, nav), open_worth if sums is None else sums.open_worth
        yield "net_exposure:long", most, totals.value + worth(state, Side.BUY), "quote"
        yield "net_exposure:short", most, worth(state, Side.SELL) - totals.value, "quote"
    if limits.max_total_at_risk is not None:
        yield "total_at_risk", part_of(limits.max_total_at_risk, nav), totals.exposure, "quote"


def _caps(state: RiskState, book: LimitBook, sums: GroupSums | None) -> Iterator[Row]:
    for cap in book.caps():
        if sums is None:
            holdings = [state.holdings[listing] for listing in cap.listings if listing in state.holdings]
            used = sum((holding.exposure for holding in holdings), ZERO)
        else:
            used = sums.beside(state, cap, "")
        yield f"{cap.kind}_cap:{cap.scope.partition(':')[2]}", part_of(cap.part, state.nav), used, "quote"


def _accounts(
    state: RiskState, settings: RiskSettings, limits: RiskLimits, sums: GroupSums | None
) -> Iterator[Row]:
    if limits.max_leverage is limits.max_margin_use is limits.min_liquidation_distance is None:
        return
    for venue, account in state.accounts.items():
        worth = None
        if state.nav is not None:
            worth = standing(sums, account_worth, state, venue, settings.base_currency)
        if limits.max_leverage is not None:
            exposure = sum((one.exposure for one in state.holdings.values() if one.venue == venue), ZERO)
            yield f"leverage:{venue}", part_of(limits.max_leverage, worth), exposure, "quote"
        if not account.margins:
            continue
        if limits.max_margin_use is not None:
            most, used = part_of(limits.max_margin_use, worth), standing(sums, maintenance, state, venue)
            yield f"margin:{venue}", most, used, "quote"
        if limits.min_liquidation_distance is not None:
            distance = standing(sums, liquidation_distance, state, venue)
            if distance is not None:
                # how near it is, so that it is used up at the limit as every other is
                yield f"liquidation:{venue}", ONE - limits.min_liquidation_distance, ONE - distance, "ratio"


def part_of(ratio: Decimal, whole: Decimal | None) -> Decimal | None:
    """A part of what may not be known."""
    return None if whole is None else ratio * whole
