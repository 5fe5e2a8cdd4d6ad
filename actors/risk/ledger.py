"""The books: average cost, fees, realised and unrealised profit, cash. Exact in Decimal.

One accounting for spot and margined perpetuals: a fill moves the balance of its quote currency by -sign x price x
quantity x multiplier - fee, and NAV = cash + position at its mark, each balance and position times the fixed rate of
its currency. On a margin account this cash is not what the venue shows (there the
notional is not paid), but their difference is exactly the position's value, so that NAV is the same.

A fill is booked once. Three fences hold a double back: mailboxes deliver exactly once; execution forwards each of
the venue's fill ids once; and risk keeps every fill id of an intent for as long as it keeps the intent: while it is
open, and until `CLOSED_REMEMBERED` more have ended. A fill of an intent forgotten since is booked, because what the
venue says is a fact, and trading is reduced until a person has compared the books.
"""

from __future__ import annotations

from decimal import ROUND_CEILING, ROUND_HALF_EVEN, Decimal

from actors.risk.books.lots import closed_lots, enter_lots
from actors.risk.books.shares import COST_QUANTUM, share
from actors.risk.exposure import QUANTUM, in_base, recompute, refresh, valued
from actors.risk.limits import ONE, RiskInstrument, listing_id
from actors.risk.reservations import consume, holding_of, remember
from actors.risk.state import (
    ZERO,
    Account,
    Book,
    Capital,
    KnownMark,
    Reservation,
    RiskState,
    StrategyHolding,
    strategy_key,
)
from messages.account_events import ExternalActivity
from messages.intents import Side
from messages.orders import Fill
from messages.portfolio import AccountOpened, Exchanged, FillBooked, MarksTaken, Posting, RatesTaken
from messages.venue import VenueFill

PEAK_FACTOR = Decimal(3)
"""NAV above so many times its peak, deposits left out, is an anomaly and no new peak until a person accepts it."""


def fill_key(fill: Fill) -> str:
    """A fill's name among all venues."""
    return f"{fill.venue}/{fill.fill_id}"


def is_booked(state: RiskState, fill: Fill) -> bool:
    """Whether this fill is in the books already."""
    intent = state.reservations.get(fill.intent_id) or state.closed.get(fill.intent_id)
    return intent is not None and fill_key(fill) in intent.fills


def external_fill(activity: ExternalActivity, fill: VenueFill) -> Fill:
    """The fill of an order that no intent explains, under an intent of that order's own and no strategy."""
    return Fill(
        fill_id=fill.fill_id,
        venue=activity.venue,
        symbol=activity.symbol,
        strategy="",
        intent_id=f"external/{activity.venue_order_id}",
        client_order_id=activity.client_order_id,
        venue_order_id=activity.venue_order_id,
        side=activity.side,
        price=fill.price,
        quantity=fill.quantity,
        fee=fill.fee,
        fee_currency=fill.fee_currency,
        liquidity=fill.liquidity,
        event_time=activity.time,
    )


def post(book: Book, side: Side, quantity: Decimal, value: Decimal, fee: Decimal) -> Posting:
    """What a fill of `quantity` worth `value` makes of a book, at average cost; closes before it opens.

    Value and fee in base currency. A fill that goes through flat is split in proportion to the quantity.
    """
    sign, position = side.sign, book.position
    cost = book.cost if book.cost is not None else _at_price(position, value, quantity)
    after = position + sign * quantity
    if position * sign >= 0:
        return Posting(after, cost + sign * value, book.open_fees + fee, ZERO, ZERO)
    held = abs(position)
    if quantity <= held:
        part = quantity == held
        released = cost if part else share(cost, quantity, held)
        entry_fees = book.open_fees if part else share(book.open_fees, quantity, held)
        realised = -sign * value - released
        return Posting(
            after, cost - released, book.open_fees - entry_fees, realised, realised - entry_fees - fee
        )
    closing_value, closing_fee = share(value, held, quantity), share(fee, held, quantity)
    realised = -sign * closing_value - cost
    net = realised - book.open_fees - closing_fee
    return Posting(after, sign * (value - closing_value), fee - closing_fee, realised, net)


def booking(
    state: RiskState, fill: Fill, instrument: RiskInstrument | None, base_currency: str, now: int
) -> FillBooked:
    """The event that books a fill, with what all books show afterwards.

    What is in no configured symbol counts as quoted in base currency: nobody knows better.
    """
    listing = listing_id(fill.venue, fill.symbol)
    multiplier, rate, currency = ONE, ONE, base_currency
    if instrument is not None:
        multiplier, rate, currency = instrument.multiplier, instrument.rate, instrument.quote_currency
    paid = fill.price * fill.quantity * multiplier
    value = paid * rate
    fee_rate, charged, fee = None, fill.fee, fill.fee * rate
    if fill.fee_currency != currency:
        fee_rate = rate_of(state, fill.fee_currency, base_currency)
        charged, fee = ZERO, ZERO if fee_rate is None else fill.fee * fee_rate
    holding = state.holdings.get(listing)
    desk: Book = holding or Book()
    own: Book = state.strategies.get(strategy_key(fill.strategy, listing)) or Book()
    account = state.accounts.get(fill.venue) or Account()
    intent = state.reservations.get(fill.intent_id) or state.closed.get(fill.intent_id)
    exchanged = None
    opening_value = _at_price(desk.position, value, fill.quantity) if desk.cost is None else None
    closed = closed_lots(holding, fill.side, fill.quantity, value, opening_value)
    postings = (
        post(desk, fill.side, fill.quantity, value, fee),
        post(own, fill.side, fill.quantity, value, fee),
    )
    if instrument is not None and instrument.converts:
        exchanged = _exchange(state, account, fill, instrument, base_currency)
        gain = fill.side.sign * (fill.quantity * exchanged.rate - value)
        postings, closed = (_made_cash(desk, gain, fee), _made_cash(own, gain, fee)), ()
    return FillBooked(
        fill_id=fill.fill_id,
        intent_id=fill.intent_id,
        requester=intent.requester if intent is not None else "",
        strategy=fill.strategy,
        venue=fill.venue,
        symbol=fill.symbol,
        side=fill.side,
        price=fill.price,
        quantity=fill.quantity,
        multiplier=multiplier,
        fee=fill.fee,
        fee_currency=fill.fee_currency,
        currency=currency,
        cash=account.balances.get(currency, ZERO) - fill.side.sign * paid - charged,
        opening_value=opening_value,
        desk=postings[0],
        own=postings[1],
        time=now,
        rate=rate,
        fee_rate=fee_rate,
        exchanged=exchanged,
        closed=closed,
    )


def _exchange(
    state: RiskState, account: Account, fill: Fill, instrument: RiskInstrument, base_currency: str
) -> Exchanged:
    currency = instrument.base_currency
    cash = account.balances.get(currency, ZERO) + fill.side.sign * fill.quantity
    return Exchanged(currency, cash, rate_of(state, currency, base_currency) or ZERO)


def _made_cash(before: Book, gain: Decimal, fee: Decimal) -> Posting:
    """A fill that exchanges currencies leaves the position as it is; what it gains at their rates is realised."""
    cost = ZERO if before.cost is None else before.cost
    return Posting(before.position, cost, before.open_fees, gain, gain - fee)


def rate_of(state: RiskState, currency: str, base_currency: str) -> Decimal | None:
    """What one unit of a currency is worth in base currency; None when nobody has said."""
    return ONE if currency == base_currency else state.rates.get(currency)


def book(state: RiskState, event: FillBooked) -> None:
    """Put a fill into the books: the listing's, the strategy's, the account's, and off its reservation."""
    listing = listing_id(event.venue, event.symbol)
    holding = holding_of(state, event.venue, event.symbol, event.multiplier, event.rate)
    if event.intent_id not in state.reservations and event.intent_id not in state.closed:
        remember(state, event.intent_id, _forgotten(event, listing))
    consume(state, event.intent_id, f"{event.venue}/{event.fill_id}", event.quantity)
    if state.corrections:
        state.corrections.pop(event.fill_id, None)
    fee = event.fee_in_base
    enter_lots(holding, event)
    _enter(holding, event.desk, fee)
    state.booked += 1
    _enter(_strategy_book(state, event, listing), event.own, fee)
    balances = state.accounts.setdefault(event.venue, Account()).balances
    state.totals.cash += (event.cash - balances.get(event.currency, ZERO)) * event.rate
    balances[event.currency] = event.cash
    if event.exchanged is not None:
        told = event.exchanged
        state.totals.cash += (told.cash - balances.get(told.currency, ZERO)) * told.rate
        balances[told.currency] = told.cash
    if event.fee_currency != event.currency:
        balances[event.fee_currency] = balances.get(event.fee_currency, ZERO) - event.fee
        state.totals.cash -= fee
    if event.opening_value is not None:
        _deposit(state, event.opening_value)
    refresh(state, listing)
    note_peak(state)


def open_account(state: RiskState, event: AccountOpened) -> None:
    """Take an account into the books as it was found; what it holds counts as deposited.

    What was booked at this venue before it was found is contained in what was found.
    """
    account = state.accounts.setdefault(event.venue, Account())
    before = in_base(account.balances, state.rates, event.currency)
    account.balances, account.opened = dict(event.balances), True
    account.unvalued = {
        currency: amount
        for currency, amount in event.balances.items()
        if amount and rate_of(state, currency, event.currency) is None
    }
    state.totals.cash += event.cash - before
    _deposit(state, event.cash - before)
    for listing, holding in state.holdings.items():
        if holding.venue == event.venue:
            _deposit(state, -(holding.cost or ZERO))
            holding.position, holding.cost, holding.open_fees = ZERO, ZERO, ZERO
            holding.lots = []
            refresh(state, listing)
    for opened in event.positions:
        listing = listing_id(event.venue, opened.symbol)
        holding = holding_of(state, event.venue, opened.symbol, opened.multiplier, opened.rate)
        holding.position, holding.cost = opened.quantity, None
        _price_opening(state, listing)
        refresh(state, listing)
    note_peak(state)


def take_rates(state: RiskState, event: RatesTaken) -> None:
    """Count balances, positions and reservations with these rates from here on; costs stay what they were.

    What came from outside before its currency had a rate counts as deposited now; the rest of what rates move is a
    result.
    """
    found = _first_valued(state, event)
    state.rates = {**state.rates, **event.rates}
    for listing, rate in event.listings.items():
        holding = state.holdings.get(listing)
        if holding is None or holding.rate == rate:
            continue
        for reservation in state.reservations.values():
            if reservation.listing == listing:
                worth = reservation.unit_value * rate / holding.rate
                reservation.unit_value = worth.quantize(QUANTUM, ROUND_CEILING)
        holding.rate = rate
    before = state.totals.cash
    state.holdings, state.totals = recompute(state, event.currency)
    state.revalued += state.totals.cash - before - found
    if found:
        _deposit(state, found)
    note_peak(state)


def _first_valued(state: RiskState, event: RatesTaken) -> Decimal:
    """The worth, at their first rate, of amounts that came from outside without one."""
    worth = ZERO
    for account in state.accounts.values():
        for currency in [each for each in account.unvalued if each in event.rates]:
            worth += account.unvalued.pop(currency) * event.rates[currency]
    return worth


def take_marks(state: RiskState, event: MarksTaken) -> None:
    """Value everything at newer marks."""
    for mark in event.marks:
        state.marks[mark.symbol] = KnownMark(mark.bid, mark.ask, mark.time)
        for listing in state.listings.get(mark.symbol, ()):
            if state.holdings[listing].cost is None:
                _price_opening(state, listing)
            refresh(state, listing)
    note_peak(state)


def unrealised(state: RiskState) -> Decimal | None:
    """The profit of all open positions at their marks, before fees; None while one of them has no mark."""
    if state.totals.unvalued:
        return None
    return state.totals.value - sum((holding.cost or ZERO for holding in state.holdings.values()), ZERO)


def unrealised_of(state: RiskState, book: StrategyHolding) -> Decimal | None:
    """The profit of a strategy's open position at its mark, before fees; None while that is not known."""
    if not book.position:
        return ZERO
    mark, holding = state.marks.get(book.symbol), state.holdings[listing_id(book.venue, book.symbol)]
    if mark is None or book.cost is None:
        return None
    price = mark.bid if book.position > 0 else mark.ask
    return book.position * price * holding.multiplier * holding.rate - book.cost


def _at_price(position: Decimal, value: Decimal, quantity: Decimal) -> Decimal:
    return (position * value / quantity).quantize(COST_QUANTUM, ROUND_HALF_EVEN) if quantity else ZERO


def _enter(target: Book, posting: Posting, fee: Decimal) -> None:
    target.position, target.cost, target.open_fees = posting.position, posting.cost, posting.open_fees
    target.realised += posting.realised
    target.net += posting.net
    target.fees += fee


def _strategy_book(state: RiskState, event: FillBooked, listing: str) -> StrategyHolding:
    key = strategy_key(event.strategy, listing)
    found = state.strategies.get(key)
    if found is None:
        found = StrategyHolding(
            strategy=event.strategy, venue=event.venue, symbol=event.symbol, holder=event.requester
        )
        state.strategies[key] = found
    return found


def _forgotten(event: FillBooked, listing: str) -> Reservation:
    return Reservation(
        requester=event.requester,
        strategy=event.strategy,
        listing=listing,
        side=event.side,
        quantity=ZERO,
        unit_value=ZERO,
        submit_id="",
    )


def _price_opening(state: RiskState, listing: str) -> None:
    """Give a position that was opened without a price its cost: what it is worth at the first mark."""
    holding = state.holdings[listing]
    mark = state.marks.get(holding.symbol)
    if holding.cost is None and mark is not None:
        holding.cost = valued(holding.position, mark.bid, mark.ask, holding.multiplier * holding.rate)
        _deposit(state, holding.cost)


def _deposit(state: RiskState, amount: Decimal) -> None:
    """Money from outside is no profit: it moves the anchors with it."""
    state.deposits += amount
    if state.capital.capital is not None:
        state.capital = Capital(
            state.capital.capital + amount,
            state.capital.treasury,
            state.capital.realised,
            state.capital.events,
        )
    if state.peak is not None:
        state.peak += amount
    if state.day_anchor is not None:
        state.day_anchor += amount
    if state.week_anchor is not None:
        state.week_anchor += amount


def note_peak(state: RiskState) -> None:
    """Remember the highest NAV, unless it is out of all proportion.

    A wrong mark must not turn all that comes after it into a drawdown.
    """
    nav, peak = state.nav, state.peak
    if nav is None or (peak is not None and nav <= peak):
        return
    if peak is None or peak <= 0 or nav <= peak * PEAK_FACTOR:
        state.peak = nav
