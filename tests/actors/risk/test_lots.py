"""First in, first out: which lots a fill closes, at what profit, and that nothing of them is ever lost."""

from __future__ import annotations

import random

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.risk.books.lots import closed_lots, enter_lots, lots_cost, lots_of, realised
from actors.risk.books.tax import closed_tax_lots, open_tax_lots
from actors.risk.ledger import unrealised
from actors.risk.state import Holding, Lot
from messages.portfolio import ClosedLot, FillBooked
from tests.actors.risk import sessions
from tests.actors.risk.desk import BUY, SELL, START, D, Desk, ready

pytestmark = pytest.mark.unit


def held(desk: Desk) -> Holding:
    return desk.risk.state.holdings["paper/BTC-USDT"]


def test_a_sale_closes_the_oldest_lots_first_and_the_average_keeps_its_own_profit() -> None:
    desk = ready()
    desk.trade(BUY, 2, 100)
    desk.trade(BUY, 3, 110)
    desk.trade(SELL, 4, 120)
    assert held(desk).fifo == 2 * 20 + 2 * 10
    assert held(desk).realised == 4 * (120 - D(106))
    assert [(lot.quantity, lot.value) for lot in held(desk).lots] == [(D(1), D(110))]


def test_a_short_is_closed_by_buying_its_oldest_lots_back() -> None:
    desk = ready()
    desk.trade(SELL, 2, 100)
    desk.trade(SELL, 2, 90)
    desk.trade(BUY, 3, 80)
    assert held(desk).fifo == 2 * 20 + 1 * 10
    assert [(lot.quantity, lot.value) for lot in held(desk).lots] == [(D(1), D(90))]
    assert lots_cost(held(desk)) == D(-90)


def test_a_fill_that_goes_through_flat_closes_all_lots_and_opens_one() -> None:
    desk = ready()
    desk.trade(BUY, 1, 100)
    desk.trade(SELL, 3, 110)
    assert held(desk).fifo == D(10)
    (lot,) = held(desk).lots
    assert (lot.quantity, lot.value, held(desk).position) == (D(2), D(220), D(-2))


def test_the_booking_names_what_it_closed() -> None:
    desk = ready()
    desk.trade(BUY, 2, 100)
    opened = held(desk).lots[0]
    intent_id = desk.intend(SELL, 1, worst=130)
    desk.fill(intent_id, SELL, 1, 130, fill_id="out")
    (booked,) = desk.events(FillBooked)
    assert booked.closed == (ClosedLot(opened.fill_id, opened.time, D(1), D(100), D(130)),)
    (tax,) = closed_tax_lots(booked)
    assert (tax.side, tax.cost, tax.proceeds, tax.gain) == ("long", D(100), D(130), D(30))
    assert (tax.opened_by, tax.opened_at, tax.closed_by) == (opened.fill_id, opened.time, "out")
    (left,) = open_tax_lots(desk.risk.state)
    assert (left.quantity, left.cost, left.proceeds, left.gain, left.closed_by) == (
        D(1),
        D(100),
        None,
        None,
        None,
    )


def test_the_tax_lot_of_a_short_has_its_proceeds_first() -> None:
    desk = ready()
    desk.trade(SELL, 2, 100)
    (left,) = open_tax_lots(desk.risk.state)
    assert (left.side, left.cost, left.proceeds) == ("short", None, D(200))
    intent_id = desk.intend(BUY, 2, worst=90)
    desk.fill(intent_id, BUY, 2, 90)
    (tax,) = closed_tax_lots(desk.events(FillBooked)[0])
    assert (tax.side, tax.cost, tax.proceeds, tax.gain) == ("short", D(180), D(200), D(20))


def test_what_was_there_before_is_one_lot_at_its_first_mark() -> None:
    desk = Desk().seed(1000, BTC_USDT="2")
    assert lots_of(held(desk)) == []
    assert lots_cost(held(desk)) is None
    desk.mark(bid=100)
    assert lots_of(held(desk)) == [Lot("", None, D(2), D(200))]
    desk.trade(SELL, 1, 105)
    assert held(desk).fifo == D(5)
    assert held(desk).lots == [Lot("", None, D(1), D(100))]


def test_what_was_there_before_without_a_mark_is_worth_what_its_first_fill_says() -> None:
    desk = Desk().seed(1000, BTC_USDT="2")
    desk.fill("unknown", SELL, 1, 105)
    assert held(desk).fifo == D(0)
    assert held(desk).lots == [Lot("", None, D(1), D(105))]


def test_an_account_found_anew_forgets_the_lots_of_before() -> None:
    desk = Desk()
    desk.fill("unknown", BUY, 1, 105)
    desk.seed(1000, BTC_USDT="1")
    assert held(desk).lots == []
    desk.mark(bid=90)
    assert lots_cost(held(desk)) == D(90)


def test_a_journal_from_before_lots_were_kept_gives_the_same_lots() -> None:
    desk = ready()
    for side, quantity, price in ((BUY, 2, 100), (BUY, 1, 103), (SELL, "2.5", 110), (SELL, 2, 90)):
        desk.trade(side, quantity, price)
    known, old = held(desk), Holding(venue="paper", symbol="BTC-USDT", multiplier=D(1))
    for event in desk.journal:
        if isinstance(event, FillBooked):
            enter_lots(old, msgspec.structs.replace(event, closed=None))
            old.position, old.cost = event.desk.position, event.desk.cost
    assert (old.lots, old.fifo) == (known.lots, known.fifo)


def test_parts_of_a_lot_lose_nothing_to_rounding() -> None:
    holding = Holding(venue="paper", symbol="BTC-USDT", multiplier=D(1), position=D(3), cost=D(100))
    holding.lots = [Lot("f", START, D(3), D(100))]
    first = closed_lots(holding, SELL, D(1), D(50))
    assert first[0].opened_value == D("33.333333333333")
    through_flat = closed_lots(holding, SELL, D(7), D(100))
    assert through_flat[0].opened_value == D(100)
    assert realised(SELL, through_flat) == D("42.857142857143") - 100


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**32))
def test_both_ways_of_counting_come_to_the_same_money(seed: int) -> None:
    """NAV = deposits + profit + what open positions are ahead - fees + funding, by lots as by average; sessions with
    resizes, late and doubled fills, flattening, restarts of the mode, rates that are no round numbers."""
    world = sessions.run(seed)
    state = world.state
    for holding in state.holdings.values():
        lots = lots_of(holding)
        assert sum(lot.quantity for lot in lots) == abs(holding.position)
        assert all(lot.quantity > 0 for lot in lots)
        cost = lots_cost(holding)
        assert cost is not None
        assert holding.cost is not None
        assert holding.fifo - cost == holding.realised - holding.cost
    profit = sum((each.fifo for each in state.holdings.values()), D(0))
    cost = sum((lots_cost(each) or D(0) for each in state.holdings.values()), D(0))
    fees = sum((each.fees for each in state.holdings.values()), D(0))
    funding = sum((each.funding for each in state.holdings.values()), D(0))
    assert unrealised(state) is not None
    assert state.nav == state.deposits + profit + (state.totals.value - cost) - fees + funding
    gains = [
        lot.gain
        for event in world.desk.journal
        if isinstance(event, FillBooked)
        for lot in closed_tax_lots(event)
    ]
    assert sum((gain for gain in gains if gain is not None), D(0)) == profit


@settings(max_examples=80, deadline=None)
@given(st.integers(0, 2**32))
def test_lots_equal_a_count_unit_by_unit(seed: int) -> None:
    """Against the plainest bookkeeping there is: every single unit with its own price, in a queue."""
    draw = random.Random(seed)
    desk = ready()
    queue: list[tuple[int, int]] = []
    profit = 0
    for _ in range(draw.randint(1, 15)):
        side, quantity, price = draw.choice((BUY, SELL)), draw.randint(1, 6), draw.randint(50, 150)
        desk.fill("unknown", side, quantity, price, fill_id=str(len(desk.journal)))
        for _ in range(quantity):
            if queue and queue[0][0] == -side.sign:
                sign, opened = queue.pop(0)
                profit += sign * (price - opened)
            else:
                queue.append((side.sign, price))
    assert held(desk).fifo == profit
    assert lots_cost(held(desk)) == sum(sign * price for sign, price in queue)
    assert held(desk).position == sum(sign for sign, _ in queue)
