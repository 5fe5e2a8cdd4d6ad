"""Cash, positions, margin, reduce-only: what an account may do and what it has afterwards."""

from __future__ import annotations

from decimal import Decimal, localcontext

import pytest

from actors.venues.matching.account import PositionView
from actors.venues.matching.instruments import AccountSettings, MarketKind, OpeningPosition
from messages.intents import TimeInForce
from messages.reasons import Reason
from tests.actors.venues.matching.builders import (
    SYMBOL,
    Desk,
    amount,
    ending,
    fills,
    instrument,
    names,
    rejection,
    rich,
)

pytestmark = pytest.mark.unit


def cash_account(cash: str = "1000", held: str = "0") -> AccountSettings:
    return AccountSettings(
        account="a",
        balances={"USDT": amount(cash)},
        positions={SYMBOL: OpeningPosition(amount(held), amount(50))},
    )


def cash_desk(cash: str = "1000", held: str = "0") -> Desk:
    desk = Desk(instrument(taker_fee=amount("0.01")), accounts=(cash_account(cash, held), rich("b")))
    desk.quote(99.9, 50, 100.0, 50)
    return desk


def margin_desk(cash: str = "100") -> Desk:
    account = rich("a", balances={"USDT": amount(cash)}, initial_margin=amount("0.1"))
    desk = Desk(instrument(), instrument(symbol="ETH-USDT"), accounts=(account, rich("b")))
    desk.quote(99.9, 50, 100.0, 50)
    desk.quote(9.9, 50, 10.0, 50, symbol="ETH-USDT")
    return desk


def cash(desk: Desk, account: str = "a") -> Decimal:
    return desk.engine.account(account).balances["USDT"]


def position(desk: Desk, account: str = "a") -> PositionView | None:
    return desk.engine.account(account).positions.get(SYMBOL)


def test_a_fill_moves_cash_fee_and_position_exactly() -> None:
    desk = cash_desk()
    desk.buy("3.33")
    assert cash(desk) == amount(1000) - amount("333") - amount("3.33")
    assert position(desk) == PositionView(amount("3.33"), amount("100.0"))


def test_the_average_price_follows_increases_and_survives_decreases() -> None:
    desk = Desk()
    desk.quote(99.0, 50, 100.0, 50)
    desk.buy(1)
    desk.quote(109.0, 50, 110.0, 50)
    desk.buy(3)
    assert position(desk) == PositionView(amount(4), amount("107.5"))
    desk.sell(2)
    assert position(desk) == PositionView(amount(2), amount("107.5"))
    desk.sell(5)
    assert position(desk) == PositionView(amount(-3), amount("109.0"))
    desk.buy(3)
    assert position(desk) is None


def test_a_multiplier_scales_the_money() -> None:
    desk = Desk(instrument(multiplier=amount("0.1"), taker_fee=amount("0.001")), accounts=(cash_account(),))
    desk.quote(99.9, 50, 100.0, 50)
    desk.buy(2)
    assert cash(desk) == amount(1000) - 20 - amount("0.02")


def test_the_threads_decimal_context_plays_no_part() -> None:
    with localcontext() as context:
        context.prec = 3
        desk = cash_desk()
        desk.buy("3.33")
        assert cash(desk).compare_total(amount("663.67000000")) == 0


def test_a_cash_account_buys_what_it_can_pay_with_the_fee() -> None:
    assert rejection(cash_desk("100.99").buy(1)) is Reason.INSUFFICIENT_BALANCE
    assert fills(cash_desk("101").buy(1)) == [(1, 100.0)]


def test_open_buys_hold_their_cash_until_they_end() -> None:
    desk = cash_desk("101")
    desk.buy(1, "90.0", id="x")
    assert rejection(desk.buy(1, "90.0")) is Reason.INSUFFICIENT_BALANCE
    desk.cancel("x")
    assert rejection(desk.buy(1, "90.0")) is None


def test_a_partial_fill_releases_its_part() -> None:
    desk = cash_desk("202")
    desk.buy(2, "90.0")
    desk.quote(89.0, 1, 90.0, 1)
    assert rejection(desk.buy("0.2", "90.0")) is None
    assert rejection(desk.buy("0.25", "90.0")) is Reason.INSUFFICIENT_BALANCE


def test_a_cash_account_sells_only_what_it_has() -> None:
    desk = cash_desk(held="1")
    assert rejection(desk.sell("1.01")) is Reason.INSUFFICIENT_BALANCE
    desk.sell("0.6", "110.0")
    assert rejection(desk.sell("0.5", "110.0")) is Reason.INSUFFICIENT_BALANCE
    assert rejection(desk.sell("0.4", "110.0")) is None


def test_a_protective_stop_does_not_lock_the_position() -> None:
    desk = cash_desk(held="1")
    assert names(desk.sell(1, stop="90.0", reduce_only=True)) == ["OrderAccepted"]
    assert rejection(desk.sell(1, "110.0")) is None


def test_a_cash_account_never_goes_short_whatever_fills_first() -> None:
    desk = cash_desk(held="1")
    desk.sell(1, stop="90.0", reduce_only=True)
    desk.sell(1, "110.0", id="target")
    events = desk.quote(89.0, 5, 89.1, 5)
    assert fills(events) == [(1, 89.0)]
    assert ending(events) is Reason.INSUFFICIENT_BALANCE
    assert position(desk) is None
    assert desk.engine.open_orders("a") == []


def test_margin_is_asked_of_the_worst_case() -> None:
    desk = margin_desk("100")
    assert rejection(desk.buy("10.1", "100.0")) is Reason.INSUFFICIENT_BALANCE
    assert fills(desk.buy(10)) == [(10, 100.0)]


def test_open_orders_on_both_sides_are_not_added_up() -> None:
    desk = margin_desk("100")
    assert rejection(desk.buy(9, "99.0")) is None
    assert rejection(desk.sell(9, "101.0")) is None
    assert rejection(desk.sell(2, "101.0")) is Reason.INSUFFICIENT_BALANCE


def test_margin_spans_symbols() -> None:
    desk = margin_desk("100")
    desk.buy(9, "99.0")
    assert rejection(desk.buy(11, "10.0", symbol="ETH-USDT")) is Reason.INSUFFICIENT_BALANCE
    assert rejection(desk.buy(9, "10.0", symbol="ETH-USDT")) is None


def test_losses_not_realised_yet_count_against_margin() -> None:
    desk = margin_desk("100")
    desk.buy(5)
    desk.quote(84.9, 50, 85.0, 50)
    assert rejection(desk.buy(1)) is Reason.INSUFFICIENT_BALANCE
    assert rejection(desk.sell(5)) is None


def test_what_reduces_needs_no_funds() -> None:
    desk = margin_desk("100")
    desk.sell(10, "99.9")
    assert position(desk) == PositionView(amount(-10), amount("99.9"))
    assert fills(desk.buy(10)) == [(10, 100.0)]


def test_without_short_a_leveraged_account_still_needs_what_it_sells() -> None:
    desk = Desk(accounts=(rich("a", allow_short=False, initial_margin=amount("0.5")),))
    desk.quote(99.9, 50, 100.0, 50)
    assert rejection(desk.sell(1)) is Reason.INSUFFICIENT_BALANCE


def test_reduce_only_must_not_be_larger_than_the_position() -> None:
    desk = Desk()
    desk.quote(99.9, 50, 100.0, 50)
    desk.buy(2)
    assert rejection(desk.sell("2.01", reduce_only=True)) is Reason.REDUCE_ONLY_WOULD_INCREASE
    assert rejection(desk.buy(1, reduce_only=True)) is Reason.REDUCE_ONLY_WOULD_INCREASE
    assert fills(desk.sell(2, reduce_only=True)) == [(2, 99.9)]


def test_a_reduce_only_order_may_be_below_the_minimum_notional() -> None:
    desk = Desk(instrument(min_notional=amount(50)))
    desk.quote(99.9, 50, 100.0, 50)
    desk.buy("1.1")
    desk.sell(1)
    assert fills(desk.sell("0.1", reduce_only=True)) == [(0.1, 99.9)]


def test_a_resting_reduce_only_order_ends_with_the_position() -> None:
    desk = Desk()
    desk.quote(99.9, 50, 100.0, 50)
    desk.buy(1)
    desk.sell(1, "110.0", reduce_only=True)
    assert ending(desk.sell(1)) is Reason.REDUCE_ONLY_WOULD_INCREASE


def test_a_resting_reduce_only_order_fills_no_more_than_the_position() -> None:
    desk = Desk()
    desk.quote(99.9, 50, 100.0, 50)
    desk.buy(2)
    desk.sell(2, "110.0", reduce_only=True)
    desk.sell("1.5")
    events = desk.quote(110.0, 50, 110.1, 50)
    assert fills(events) == [(0.5, 110.0)]
    assert ending(events) is Reason.REDUCE_ONLY_WOULD_INCREASE
    assert position(desk) is None


def test_a_reduce_only_stop_is_judged_when_it_wakes() -> None:
    desk = Desk()
    desk.quote(99.9, 50, 100.0, 50)
    assert names(desk.sell(2, stop="90.0", reduce_only=True)) == ["OrderAccepted"]
    desk.buy(1)
    events = desk.quote(89.0, 50, 89.1, 50)
    assert fills(events) == [(1, 89.0)]
    assert ending(events) is Reason.REDUCE_ONLY_WOULD_INCREASE


def test_reduce_only_makers_are_not_counted_by_a_fill_or_kill() -> None:
    desk = Desk(instrument(MarketKind.NONE))
    desk.sell(1, "100.0", account="b")
    desk.buy(1, account="a")
    desk.sell(1, "100.0", account="a", reduce_only=True)
    assert rejection(desk.buy(1, account="c", tif=TimeInForce.FOK)) is Reason.FILL_OR_KILL
    assert fills(desk.buy(1, "100.0", account="c", tif=TimeInForce.IOC), "c") == [(1, 100.0)]


def test_a_deposit_is_cash() -> None:
    desk = cash_desk("1")
    desk.engine.deposit("a", "USDT", amount("0.5"))
    desk.engine.deposit("a", "EUR", amount(3))
    assert desk.engine.account("a").balances == {"USDT": amount("1.5"), "EUR": amount(3)}


def test_an_opening_position_is_held_from_the_start() -> None:
    assert position(cash_desk(held="1.5")) == PositionView(amount("1.5"), amount(50))


def test_a_sell_below_the_market_is_held_at_the_bid_it_would_get() -> None:
    desk = margin_desk("100")
    assert rejection(desk.sell(11, "50.0")) is Reason.INSUFFICIENT_BALANCE
    assert fills(desk.sell(10, "50.0")) == [(10, 99.9)]


def test_an_account_counts_each_currency_on_its_own() -> None:
    account = rich("a", balances={"USDT": amount(10), "EUR": amount(10)}, initial_margin=amount("0.5"))
    euro = instrument(symbol="BTC-EUR", quote_currency="EUR")
    desk = Desk(instrument(), euro, accounts=(account,))
    desk.quote(9.9, 50, 10.0, 50)
    desk.quote(9.9, 50, 10.0, 50, symbol="BTC-EUR")
    assert rejection(desk.buy(2)) is None
    assert rejection(desk.buy(1)) is Reason.INSUFFICIENT_BALANCE
    assert rejection(desk.buy(3, symbol="BTC-EUR")) is Reason.INSUFFICIENT_BALANCE
    assert rejection(desk.buy(2, symbol="BTC-EUR")) is None
