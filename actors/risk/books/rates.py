"""What currencies count, from one moment to the next. Pure.

Rates are dated by the journal: each `RatesTaken` holds from its time on. What is booked counts at the rate that holds
when it is booked, and keeps it; what is held counts at the rate of now, and what that moves is a result (`revalued`).
A rate is fixed by the settings, or follows the middle of a symbol's mark.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from decimal import ROUND_HALF_EVEN, Context, Decimal

import msgspec

from actors.risk.books.rate_settings import RateSettings
from actors.risk.limits import RATE_DIGITS, RiskInstrument, listing_id
from actors.risk.state import KnownMark, RiskState

_SHORT = Context(prec=RATE_DIGITS, rounding=ROUND_HALF_EVEN)
_SECOND = 1_000_000_000


def due_rates(state: RiskState, fixed: dict[str, Decimal], marked: RateSettings) -> dict[str, Decimal]:
    """The rates that the books are to take now; empty when they have them all.

    A fixed rate of a marked currency counts until its first mark.
    """
    known = state.rates
    due = {
        currency: rate
        for currency, rate in fixed.items()
        if known.get(currency) != rate and (currency not in marked.symbols or currency not in known)
    }
    for currency, symbol in marked.symbols.items():
        mark = state.marks.get(symbol)
        if mark is None:
            continue
        rate, before = middle(mark), known.get(currency)
        if before is None or abs(rate - before) > before * marked.step:
            due[currency] = rate
    return due


def middle(mark: KnownMark) -> Decimal:
    """The middle of a mark, rounded to the digits that a rate may have."""
    return _SHORT.plus((mark.bid + mark.ask) / 2)


def fit(instruments: dict[str, RiskInstrument], rates: dict[str, Decimal]) -> dict[str, Decimal]:
    """Let every instrument count at the rate that its quote currency has in the books; returns `rates`.

    Rates are replaced as a whole when they change, so that the same object says that there is nothing to do.
    """
    for listing, one in instruments.items():
        rate = rates.get(one.quote_currency)
        if rate is not None and rate != one.rate:
            instruments[listing] = msgspec.structs.replace(one, rate=rate)
    return rates


def unconverted(
    state: RiskState,
    instruments: Iterable[RiskInstrument],
    fixed: Mapping[str, Decimal],
    marked: RateSettings,
    standing: Iterable[str],
    now: int,
) -> Iterator[tuple[str, str]]:
    """Currencies that something is held in and that have no rate to go by, each with what is wrong.

    Their mark is missing or too old; or nobody says any more what they count: neither marked nor `fixed`, but with a
    rate in the books from before, or among `standing`, those that had none already.
    """
    wrong: dict[str, str] = {}
    for currency, symbol in marked.symbols.items():
        mark = state.marks.get(symbol)
        age = None if mark is None else now - mark.time
        if age is None or age > marked.max_age:
            seen = "no mark" if age is None else f"a mark {age / _SECOND:.0f} s old"
            wrong[currency] = f"{seen} of {symbol} for what one {currency} counts"
    held = _held(state, instruments) if wrong else {}
    yield from ((currency, text) for currency, text in wrong.items() if currency in held)
    for currency in {**state.rates, **dict.fromkeys(standing)}:
        # no symbol is quoted in it: the settings would be refused
        if currency not in fixed and currency not in marked.symbols and _has(state, currency):
            yield currency, f"the settings say nothing any more of what one {currency} counts"


def _has(state: RiskState, currency: str) -> bool:
    return any(account.balances.get(currency) for account in state.accounts.values())


def _held(state: RiskState, instruments: Iterable[RiskInstrument]) -> dict[str, None]:
    """The currencies of balances, and those that positions and open orders are quoted in."""
    found = {
        currency: None
        for account in state.accounts.values()
        for currency, amount in account.balances.items()
        if amount
    }
    for one in instruments:
        if listing_id(one.venue, one.symbol) in state.totals.active:
            found[one.quote_currency] = None
    return found
