"""Accounts of one owner, accounts whose funds are answered for elsewhere, and orders made smaller in their place."""

from __future__ import annotations

import pytest
from msgspec.msgpack import encode

from actors.venues.matching.engine import MatchingEngine
from actors.venues.matching.events import OrderCancelled
from actors.venues.matching.instruments import AccountSettings, MarketKind, SelfTrade
from messages.errors import ConfigurationError
from messages.intents import Side, TimeInForce
from messages.reasons import Reason
from tests.actors.venues.matching.builders import (
    SYMBOL,
    Desk,
    amount,
    ending,
    fills,
    instrument,
    of,
    rejection,
    rich,
)

pytestmark = pytest.mark.unit


def desk(*accounts: AccountSettings) -> Desk:
    return Desk(instrument(MarketKind.DEPTH), accounts=accounts)


def maker_ends(name: str, owner: str | None = None) -> AccountSettings:
    return rich(name, self_trade=SelfTrade.EXPIRE_MAKER, owner=owner)


def test_where_the_maker_ends_the_taker_walks_on():
    market = desk(maker_ends("a"), rich("b"))
    market.sell(1, 100, id="mine")
    market.sell(1, 100, id="other", account="b")
    events = market.buy(1, 101, id="taker")
    (cancelled,) = of(OrderCancelled, events)
    assert (cancelled.client_order_id, cancelled.reason) == ("mine", Reason.SELF_TRADE)
    assert fills(events, "a") == [(1.0, 100.0)]


def test_accounts_of_one_owner_do_not_trade_with_each_other():
    market = desk(rich("a/long", owner="a"), rich("a/short", owner="a"), rich("b"))
    market.sell(1, 100, account="a/short")
    events = market.buy(1, 100, account="a/long")
    assert (fills(events), ending(events)) == ([], Reason.SELF_TRADE)
    assert fills(market.buy(1, 100, account="b"), "b") == [(1.0, 100.0)]


def test_own_makers_that_would_end_do_not_fill_a_fill_or_kill():
    market = desk(maker_ends("a"), rich("b"))
    market.sell(1, 100)
    market.sell(1, 101, account="b")
    assert rejection(market.buy(2, 101, tif=TimeInForce.FOK)) is Reason.FILL_OR_KILL
    assert fills(market.buy(1, 101, tif=TimeInForce.FOK), "a") == [(1.0, 101.0)]


def test_an_unlimited_account_is_not_asked_for_funds():
    poor = AccountSettings(account="a", allow_short=True)
    assert rejection(desk(poor).buy(1, 100)) is Reason.INSUFFICIENT_BALANCE
    unlimited = AccountSettings(account="a", allow_short=True, unlimited=True)
    market = desk(unlimited, rich("b"))
    market.sell(5, 100, account="b")
    assert fills(market.buy(5, 100), "a") == [(5.0, 100.0)]
    assert market.engine.account("a").balances == {"USDT": amount(-500)}


def test_an_order_made_smaller_keeps_its_place():
    market = desk(rich("a"), rich("b"), rich("c"))
    market.buy(3, 100, id="first")
    market.buy(3, 100, id="second", account="b")
    assert market.engine.reduce("a", "first", amount(2))
    events = market.sell(3, 100, account="c")
    assert (fills(events, "a"), fills(events, "b")) == ([(2.0, 100.0)], [(1.0, 100.0)])
    assert market.engine.open_orders("a") == []


@pytest.mark.parametrize("quantity", ["3", "4", "1", "0.5", "2.005", "0"])
def test_only_what_is_above_the_filled_and_below_the_whole_is_smaller(quantity: str):
    market = desk(rich("a"), rich("b"))
    market.buy(3, 100, id="x")
    market.sell(1, 100, account="b")
    before = encode(market.engine.snapshot())
    assert not market.engine.reduce("a", "x", amount(quantity))
    assert encode(market.engine.snapshot()) == before
    assert not market.engine.reduce("a", "unknown", amount(2))


def test_making_an_order_smaller_releases_what_it_held():
    market = desk(AccountSettings(account="a", balances={"USDT": amount(300)}), rich("b"))
    market.buy(3, 100, id="x")
    assert rejection(market.buy(1, 100)) is Reason.INSUFFICIENT_BALANCE
    assert market.engine.reduce("a", "x", amount(2))
    assert rejection(market.buy(1, 100)) is None
    market.cancel("x")
    market.cancel("o3")
    assert rejection(market.buy(3, 100)) is None


def test_what_is_displayed_is_everybodys_less_what_was_taken():
    market = desk(rich("a"), rich("b"))
    market.depth([(99.0, 1.0)], [(100.0, 2.0)], snapshot=True)
    market.sell(1, 100)
    market.buy("0.5", 100, account="b")
    assert market.engine.displayed(SYMBOL, Side.SELL, 1000) == 250
    assert market.engine.displayed(SYMBOL, Side.BUY, 990) == 100
    assert market.engine.displayed(SYMBOL, Side.BUY, 980) == 0


def test_an_account_can_be_opened_later_and_a_snapshot_knows_owners():
    market = desk(rich("a", owner="x"))
    market.engine.open_account(rich("b", owner="x"))
    with pytest.raises(ConfigurationError, match="twice"):
        market.engine.open_account(rich("b"))
    market.engine = MatchingEngine.restore(market.engine.snapshot())
    market.sell(1, 100)
    assert ending(market.buy(1, 100, account="b")) is Reason.SELF_TRADE
