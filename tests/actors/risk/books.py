"""Books in a currency that is not the base currency, with odd rates and multipliers, for the tests of the ledger."""

from __future__ import annotations

import msgspec

from actors.risk.ledger import book, booking
from actors.risk.limits import RiskInstrument
from actors.risk.reservations import holding_of
from actors.risk.state import Account, Reservation, RiskState
from messages.orders import Fill, Liquidity
from messages.portfolio import FillBooked
from tests.actors.risk.desk import BUY, START, D, instrument

LISTING = "paper/BTC-EUR"
CONTRACT = instrument("BTC-EUR", multiplier=D(2), quote_currency="EUR", rate=D(3))
"""Two base units per unit of quantity, quoted in a currency worth 3 of the base currency."""

FILL = Fill(
    fill_id="f1",
    venue="paper",
    symbol="BTC-EUR",
    strategy="ema",
    intent_id="i1",
    client_order_id="c1",
    venue_order_id="v1",
    side=BUY,
    price=D(10),
    quantity=D(4),
    fee=D(5),
    fee_currency="EUR",
    liquidity=Liquidity.TAKER,
    event_time=START,
)
"""Four units at 10: 80 EUR are paid, and 5 EUR of fees; that is 240 and 15 in base currency."""


def fill(**changes: object) -> Fill:
    """`FILL` with changes."""
    return msgspec.structs.replace(FILL, **changes)


def reservation(listing: str = LISTING, **changes: object) -> Reservation:
    """Six units at 60 each, for the strategy."""
    made = Reservation(
        requester="strategy/BTC",
        strategy="ema",
        listing=listing,
        side=BUY,
        quantity=D(6),
        unit_value=D(60),
        submit_id="risk#1",
    )
    return msgspec.structs.replace(made, **changes)


def desk() -> RiskState:
    """Two balances, a rate for one of them, and an intent under way."""
    state = RiskState(accounts={"paper": Account({"USDT": D(500), "EUR": D(1000), "BNB": D(9)}, True)})
    state.rates = {"EUR": D(3), "BNB": D(7)}
    state.totals.cash = D(500) + D(3000) + D(63)
    holding = holding_of(state, "paper", "BTC-EUR", D(2), D(3))
    holding.buys, holding.buys_value = D(6), D(360)
    state.totals.buys_value = D(360)
    state.reservations["i1"] = reservation()
    return state


def booked(state: RiskState, made: Fill = FILL, contract: RiskInstrument | None = CONTRACT) -> FillBooked:
    """Judge a fill and put it into the books."""
    event = booking(state, made, contract, "USDT", START + 7)
    book(state, event)
    return event
