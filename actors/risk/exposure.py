"""What is at risk under the worst fate of everything open, kept incrementally for each listing and in total.

Any subset of the open orders may be filled. A listing then ends anywhere between "all sells filled" and "all buys
filled", and its exposure is largest at one of the two ends:

- a position is worth its mark's ask, the dearer side, long or short;
- an open order is worth the price it was reserved at (the dearer of its worst price and the ask at approval), and
  never less than the ask of now;
- where orders first close a position and then open the other side, what they open is worth their average.

Each change costs the same however many orders are open. Sums are exact: values have at most as many digits as
price and quantity together, and the one division is rounded up to `QUANTUM`.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import ROUND_CEILING, Decimal

from actors.risk.state import ZERO, Holding, RiskState, Totals
from messages.intents import Side

QUANTUM = Decimal("0.00000001")
_BUY = Side.BUY


def long_fate(position: Decimal, buys: Decimal, buys_value: Decimal, unit: Decimal) -> Decimal:
    """The value of the long position if all buys are filled and no sell is; 0 if that is not long.

    `unit` is the ask of one unit of quantity, `buys_value` what the buys are reserved at, both in base currency.
    """
    up = position + buys
    if up <= 0:
        return ZERO
    worth, priced = buys_value, buys * unit
    if priced > worth:  # not `max`, which takes three times as long: every change of a listing passes here
        worth = priced
    if position >= 0:
        return position * unit + worth
    return (worth * up / buys).quantize(QUANTUM, ROUND_CEILING)


def short_fate(position: Decimal, sells: Decimal, sells_value: Decimal, unit: Decimal) -> Decimal:
    """The value of the short position if all sells are filled and no buy is; 0 if that is not short."""
    return long_fate(-position, sells, sells_value, unit)


def reducible(position: Decimal, buys: Decimal, sells: Decimal, side: Side) -> Decimal:
    """The largest quantity of an order of `side` that can't increase exposure under any fate of what is open.

    Whatever subset of the open orders is filled before, between or after, it stays on its side of flat.
    """
    room = -(position + buys) if side is _BUY else position - sells
    return max(room, ZERO)


def symbol_exposure(state: RiskState, symbol: str) -> Decimal:
    """The exposure to a symbol over all its listings."""
    return sum((state.holdings[listing].exposure for listing in state.listings.get(symbol, ())), ZERO)


def open_worth(state: RiskState, side: Side) -> Decimal:
    """What all open orders of a side are worth: at what they are reserved at, and never less than the ask of now.

    Costs by the open orders, not by the listings.
    """
    worth = ZERO
    for listing in dict.fromkeys(one.listing for one in state.reservations.values() if one.side is side):
        buys, sells = open_worths(state, listing)
        worth += buys if side is _BUY else sells
    return worth


def open_worths(state: RiskState, listing: str) -> tuple[Decimal, Decimal]:
    """What the open buys and the open sells of one listing are worth; see `open_worth`."""
    holding = state.holdings[listing]
    if not (holding.buys or holding.sells):
        return ZERO, ZERO
    mark = state.marks.get(holding.symbol)
    unit = ZERO if mark is None else mark.ask * holding.multiplier * holding.rate
    return max(holding.buys_value, holding.buys * unit), max(holding.sells_value, holding.sells * unit)


def refresh(state: RiskState, listing: str) -> None:
    """Bring a listing's exposure and value up to date, and the totals with them."""
    holding, totals = state.holdings[listing], state.totals
    mark = state.marks.get(holding.symbol)
    position = holding.position
    scale = holding.multiplier * holding.rate
    unit = ZERO if mark is None else mark.ask * scale
    buys, sells = holding.buys, holding.sells
    if position >= 0 and not sells:  # what can't end on one side need not be valued there
        exposure = long_fate(position, buys, holding.buys_value, unit)
    elif position <= 0 and not buys:
        exposure = short_fate(position, sells, holding.sells_value, unit)
    else:
        exposure = max(
            long_fate(position, buys, holding.buys_value, unit),
            short_fate(position, sells, holding.sells_value, unit),
        )
    value: Decimal | None = ZERO
    if position:
        value = None if mark is None else valued(position, mark.bid, mark.ask, scale)
    totals.exposure += exposure - holding.exposure
    totals.value += (value or ZERO) - (holding.value or ZERO)
    holding.exposure, holding.value = exposure, value
    if (value is None) is not (listing in totals.unvalued):
        _belongs(totals.unvalued, listing, value is None)
    is_active = bool(position or buys or sells)
    if is_active is not (listing in totals.active):
        _belongs(totals.active, listing, is_active)


def valued(position: Decimal, bid: Decimal, ask: Decimal, scale: Decimal) -> Decimal:
    """A position at its mark: what closing it would bring, a long at the bid, a short at the ask.

    `scale` is multiplier x rate.
    """
    return position * (bid if position > 0 else ask) * scale


def recompute(state: RiskState, base_currency: str) -> tuple[dict[str, Holding], Totals]:
    """Holdings and totals from positions, balances, marks and reservations alone, by scanning all of them.

    The slow way to what is kept with each change: for tests and audits.
    """
    fresh = RiskState(marks=state.marks)
    for listing, holding in state.holdings.items():
        fresh.holdings[listing] = Holding(
            **{name: getattr(holding, name) for name in _BOOK_FIELDS},
            venue=holding.venue,
            symbol=holding.symbol,
            multiplier=holding.multiplier,
            rate=holding.rate,
            fifo=holding.fifo,
            lots=list(holding.lots),
        )
    for reservation in state.reservations.values():
        if not reservation.counted:
            continue
        holding = fresh.holdings[reservation.listing]
        holding.orders += 1
        value = reservation.remaining * reservation.unit_value
        if reservation.side is Side.BUY:
            holding.buys += reservation.remaining
            holding.buys_value += value
        else:
            holding.sells += reservation.remaining
            holding.sells_value += value
    for listing in fresh.holdings:
        refresh(fresh, listing)
    fresh.totals.buys_value = sum((holding.buys_value for holding in fresh.holdings.values()), ZERO)
    fresh.totals.cash = sum(
        (in_base(account.balances, state.rates, base_currency) for account in state.accounts.values()), ZERO
    )
    return fresh.holdings, fresh.totals


def in_base(balances: Mapping[str, Decimal], rates: Mapping[str, Decimal], base_currency: str) -> Decimal:
    """What balances are worth in base currency; those of a currency without a rate are not counted."""
    worth = balances.get(base_currency, ZERO)
    for currency, rate in rates.items():
        if currency in balances:
            worth += balances[currency] * rate
    return worth


_BOOK_FIELDS = ("position", "cost", "open_fees", "realised", "net", "fees", "funding")


def _belongs(members: dict[str, None], name: str, is_member: bool) -> None:
    if is_member:
        members[name] = None
    else:
        members.pop(name, None)
