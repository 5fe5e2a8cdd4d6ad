"""The portfolio on one page."""

from __future__ import annotations

import pytest

from messages.control import Mode
from tests.actors.risk import desk as bench
from tests.actors.risk.desk import BUY, SELL, D, Desk, limits

pytestmark = pytest.mark.unit


def test_the_page_shows_where_the_portfolio_stands() -> None:
    desk = Desk(bench.settings(limits(max_symbol_exposure=D("0.5"), max_open_orders=5))).seed(1000).mark()
    desk.trade(BUY, 2, fee=1)
    desk.mark(bid=110)
    open_id = desk.intend(SELL, 1, worst=110, strategy="momentum")
    page = desk.risk.portfolio()
    assert (page.nav, page.cash, page.deposits, page.fees) == (D(1019), D(799), D(1000), D(1))
    assert (page.realised, page.unrealised) == (D(0), D(20))
    assert (page.gross_exposure, page.mode, page.drawdown, page.day_loss) == (
        D(220),
        Mode.NORMAL,
        D(0),
        D(-19),
    )
    (position,) = page.positions
    assert (position.quantity, position.average_price, position.unrealised) == (D(2), D(100), D(20))
    assert (position.open_sells, position.exposure) == (D(1), D(220))
    (own,) = page.strategies
    assert (own.strategy, own.quantity, own.unrealised, own.open_sells) == ("ema", D(2), D(20), D(0))
    room = {row.name: row for row in page.room}
    assert room["symbol_exposure:BTC-USDT"].left == D("509.5") - 220
    assert room["open_orders"].left == D(4)
    (reservation,) = page.reservations
    assert (reservation.intent_id, reservation.remaining, reservation.value) == (open_id, D(1), D(110))


def test_what_is_not_known_is_none() -> None:
    desk = Desk().seed(1000, BTC_USDT="1")
    page = desk.risk.portfolio()
    assert (page.nav, page.unrealised, page.gross_exposure, page.drawdown, page.day_loss) == (None,) * 5
    assert page.positions[0].average_price is None
    assert page.positions[0].unrealised is None
    assert {row.left for row in page.room if row.unit == "quote"} == {None}
    assert "nav=unknown" in desk.risk.summary()


def test_the_short_form_is_for_lists() -> None:
    desk = Desk().seed(1000).mark()
    desk.intend(BUY, 1)
    assert desk.risk.summary() == "normal nav=1000.00 exposure=100.00 open_orders=1"
