"""What a treasury operation finds: which positions may not be held or are too large, which cash is idle. Pure.

Nothing here decides whether an order may go: closings are what can't increase exposure under any fate of what is open,
and a sweep's orders pass every check that a strategy's do.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import ROUND_CEILING, Decimal
from typing import TYPE_CHECKING

import msgspec

from actors.risk.flatten import closing_side
from actors.risk.limits import ONE, ZERO, RiskInstrument, listing_id
from actors.risk.state import Holding, RiskState
from actors.risk.treasury_settings import TreasurySettings
from messages.intents import Side
from messages.reasons import Reason
from messages.treasury import TreasuryLine, TreasuryOutcome

if TYPE_CHECKING:
    from actors.risk.limit_book import LimitBook

Instruments = dict[str, RiskInstrument]
"""By listing."""

_CALLS_FOR_IT = frozenset({Reason.INELIGIBLE, Reason.OVER_CAP})
"""Why a position is to be closed; any other reason says why it is not."""


class Excess(msgspec.Struct, frozen=True, gc=False):
    """A finding about a listing that is held: how much of it is to stay (base units, 0 = nothing)."""

    listing: str
    line: TreasuryLine
    keep: Decimal = ZERO


class Purchase(msgspec.Struct, frozen=True, gc=False):
    """A finding about idle cash: the order that uses it, at this worst price; no price where there is no order."""

    line: TreasuryLine
    worst_price: Decimal | None = None


# --- purge ----------------------------------------------------------------------------------------------------


def purges(
    state: RiskState, instruments: Instruments, settings: TreasurySettings, venue: str | None
) -> list[Excess]:
    """Every position that may not be held and is worth closing, the dearest first; those without a mark last."""
    found: list[Excess] = []
    for listing, holding in _held(state, venue):
        known = listing in instruments
        if known and (settings.eligible is None or holding.symbol in settings.eligible):
            continue
        worth = None if holding.value is None else abs(holding.value)
        reason = Reason.INELIGIBLE
        if listing in state.flattening:
            reason = Reason.DUPLICATE_INTENT
        elif worth is not None and worth < settings.purge_least:
            reason = Reason.MIN_NOTIONAL
        found.append(Excess(listing, _closing(holding, abs(holding.position), worth, reason)))
    return sorted(found, key=lambda each: (each.line.value is None, -(each.line.value or ZERO), each.listing))


# --- trim -----------------------------------------------------------------------------------------------------


def trims(
    state: RiskState,
    instruments: Instruments,
    book: LimitBook,
    settings: TreasurySettings,
    venue: str | None,
) -> list[Excess]:
    """Every position that is over its symbol's cap, then, of what the whole desk is over its own, the worst performers.

    A position counts at the dearer side of its mark, as in the limits. Nothing is known without NAV.
    """
    nav = state.nav
    if nav is None or nav <= 0:
        return []
    limits, over = book.desk, _over_symbol_caps(state, book, nav, settings)
    total = sum((_worth(state, holding) for _, holding in _held(state, None)), ZERO)
    total -= sum(over.values(), ZERO)
    if total > (limits.max_gross_exposure + settings.trim_tolerance) * nav:
        excess = total - max(limits.max_gross_exposure - settings.trim_below, ZERO) * nav
        for listing in sorted(state.holdings, key=lambda each: (_performance(state.holdings[each]), each)):
            left = _worth(state, state.holdings[listing]) - over.get(listing, ZERO)
            part = min(left, excess)
            if part > 0:
                over[listing] = over.get(listing, ZERO) + part
                excess -= part
    return [
        _trim(state, listing, value, instruments)
        for listing, value in over.items()
        if _at(state, listing, venue)
    ]


def _over_symbol_caps(
    state: RiskState, book: LimitBook, nav: Decimal, settings: TreasurySettings
) -> dict[str, Decimal]:
    """By listing, how much of its value is too much; the largest of a symbol's listings gives first.

    The cap is the strictest of the desk's and of the parts that the symbol is in, whoever would ask.
    """
    over: dict[str, Decimal] = {}
    for listings in state.listings.values():
        worths = {listing: _worth(state, state.holdings[listing]) for listing in listings}
        total = sum(worths.values(), ZERO)
        held = [state.holdings[listing] for listing in listings]
        cap = min(book.of("", one.venue, one.symbol).limits.max_symbol_exposure for one in held)
        if total <= (cap + settings.trim_tolerance) * nav:
            continue
        excess = total - max(cap - settings.trim_below, ZERO) * nav
        for listing in sorted(worths, key=lambda each: (-worths[each], each)):
            part = min(worths[listing], excess)
            if part > 0:
                over[listing] = part
                excess -= part
    return over


def _trim(state: RiskState, listing: str, value: Decimal, instruments: Instruments) -> Excess:
    """The order that takes `value` out of a position, in whole lots, rounded so that the cap holds."""
    holding, instrument = state.holdings[listing], instruments.get(listing)
    held = abs(holding.position)
    quantity = value / _worth(state, holding) * held
    lot = None if instrument is None else instrument.lot
    if lot is not None:
        quantity = (quantity / lot).to_integral_value(ROUND_CEILING) * lot
    quantity = min(quantity, held)
    reason = Reason.DUPLICATE_INTENT if listing in state.flattening else Reason.OVER_CAP
    return Excess(listing, _closing(holding, quantity, value, reason), held - quantity)


def _performance(holding: Holding) -> Decimal:
    """Profit on what a position cost; what is not known comes between losers and winners."""
    if not holding.cost or holding.value is None:
        return ZERO
    return (holding.value - holding.cost) / abs(holding.cost)


# --- sweep ----------------------------------------------------------------------------------------------------


def sweeps(
    state: RiskState, instruments: Instruments, settings: TreasurySettings, venue: str | None
) -> list[Purchase]:
    """What idle cash of each swept currency buys, venue by venue, in even parts; and the cash that can buy nothing."""
    found: list[Purchase] = []
    for name, account in state.accounts.items():
        if venue not in (None, name):
            continue
        for currency, reserve in settings.reserve.items():
            idle = (
                account.balances.get(currency, ZERO)
                - spoken_for(state, instruments, name, currency)
                - reserve
            )
            if idle > 0:
                found += _purchases(state, instruments, settings, name, currency, idle)
    return found


def _purchases(
    state: RiskState,
    instruments: Instruments,
    settings: TreasurySettings,
    venue: str,
    currency: str,
    idle: Decimal,
) -> Iterator[Purchase]:
    listed = [instruments.get(listing_id(venue, symbol)) for symbol in sorted(set(settings.into))]
    quoted = [one for one in listed if one is not None and one.quote_currency == currency]
    targets = [one for one in quoted if one.spot]
    rate = quoted[0].rate if quoted else state.rates.get(currency)
    if not targets:
        reason = Reason.NOT_OFFERED if quoted else Reason.NO_LISTING
        value = None if rate is None else idle * rate
        yield Purchase(TreasuryLine(venue, currency, None, None, value, TreasuryOutcome.LEFT, reason))
        return
    spendable = idle * (ONE - settings.fee_buffer)
    least = max(max(settings.sweep_least / one.rate, one.min_notional) for one in targets)
    # fewer of them where the parts would be too small
    count = max(1, min(len(targets), int(spendable // least) if least else len(targets)))
    for one in targets[:count]:
        yield _purchase(state, settings, one, spendable / count)


def _purchase(
    state: RiskState, settings: TreasurySettings, instrument: RiskInstrument, money: Decimal
) -> Purchase:
    listing = listing_id(instrument.venue, instrument.symbol)
    mark = state.marks.get(instrument.symbol)
    if mark is None:
        return Purchase(_unbought(instrument, None, Reason.MARK_MISSING))
    worst = (mark.ask * (ONE + settings.slippage) / instrument.tick).to_integral_value(ROUND_CEILING)
    worst *= instrument.tick
    quantity = money / (worst * instrument.multiplier) // instrument.lot * instrument.lot
    if instrument.max_quantity is not None:
        quantity = min(quantity, instrument.max_quantity)
    value = quantity * worst * instrument.multiplier * instrument.rate
    if listing in state.flattening:
        return Purchase(_unbought(instrument, value, Reason.MODE_REDUCE))
    small = quantity < instrument.min_quantity or value < instrument.min_notional * instrument.rate
    if quantity <= 0 or small or value < settings.sweep_least:
        return Purchase(_unbought(instrument, value, Reason.MIN_NOTIONAL))
    line = TreasuryLine(
        instrument.venue,
        instrument.symbol,
        Side.BUY,
        quantity,
        value,
        TreasuryOutcome.PLANNED,
        Reason.IDLE_CASH,
    )
    return Purchase(line, worst)


def _unbought(instrument: RiskInstrument, value: Decimal | None, reason: Reason) -> TreasuryLine:
    return TreasuryLine(instrument.venue, instrument.symbol, None, None, value, TreasuryOutcome.LEFT, reason)


def spoken_for(state: RiskState, instruments: Instruments, venue: str, currency: str) -> Decimal:
    """Cash of a currency that open buys may cost, and open conversions give away."""
    spoken = ZERO
    for listing, holding in state.holdings.items():
        instrument = instruments.get(listing)
        if instrument is None or holding.venue != venue:
            continue
        if instrument.quote_currency == currency:
            spoken += holding.buys_value / holding.rate
        elif instrument.converts and instrument.base_currency == currency:
            spoken += holding.sells
    return spoken


# --- holdings -------------------------------------------------------------------------------------------------


def _held(state: RiskState, venue: str | None) -> Iterator[tuple[str, Holding]]:
    for listing, holding in state.holdings.items():
        if holding.position and venue in (None, holding.venue):
            yield listing, holding


def _at(state: RiskState, listing: str, venue: str | None) -> bool:
    return venue in (None, state.holdings[listing].venue)


def _worth(state: RiskState, holding: Holding) -> Decimal:
    """A position's value as the limits count it, without what is open; 0 where there is no mark."""
    mark = state.marks.get(holding.symbol)
    return ZERO if mark is None else abs(holding.position) * mark.ask * holding.multiplier * holding.rate


def _closing(holding: Holding, quantity: Decimal, value: Decimal | None, reason: Reason) -> TreasuryLine:
    outcome = TreasuryOutcome.PLANNED if reason in _CALLS_FOR_IT else TreasuryOutcome.LEFT
    return TreasuryLine(
        holding.venue, holding.symbol, closing_side(holding), quantity, value, outcome, reason
    )
