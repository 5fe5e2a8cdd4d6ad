"""The gate: which orders are refused, and with which reason."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from actors.venues.matching.admission import RULES, RULES_ASLEEP
from actors.venues.matching.engine import MatchingEngine
from actors.venues.matching.events import CancelRejected
from actors.venues.matching.instruments import (
    AccountSettings,
    EngineSettings,
    Instrument,
    MarketModel,
    OpeningPosition,
)
from actors.venues.matching.orders import CancelRequest, NewOrder
from messages.errors import ConfigurationError, DataProviderError
from messages.intents import OrderType, Side, TimeInForce
from messages.reasons import Reason
from tests.actors.venues.matching.builders import Desk, amount, instrument, names, of, rejection

pytestmark = pytest.mark.unit


@pytest.fixture
def desk() -> Desk:
    desk = Desk(instrument(min_quantity=amount("0.05"), min_notional=amount(10)))
    desk.quote(100.0, 5, 100.2, 5)
    return desk


@pytest.mark.parametrize(
    ("reason", "terms"),
    [
        (Reason.SYMBOL_UNKNOWN, {"quantity": 1, "symbol": "DOGE-USDT"}),
        (Reason.TICK_SIZE, {"quantity": 1, "price": "99.95"}),
        (Reason.TICK_SIZE, {"quantity": 1, "price": "0"}),
        (Reason.TICK_SIZE, {"quantity": 1, "price": "-1"}),
        (Reason.TICK_SIZE, {"quantity": 1, "stop": "110.01"}),
        (Reason.LOT_SIZE, {"quantity": "0.105"}),
        (Reason.LOT_SIZE, {"quantity": 0}),
        (Reason.LOT_SIZE, {"quantity": -1}),
        (Reason.LOT_SIZE, {"quantity": "1E+400"}),
        (Reason.LOT_SIZE, {"quantity": "NaN"}),
        (Reason.MIN_QUANTITY, {"quantity": "0.04"}),
        (Reason.MIN_NOTIONAL, {"quantity": "0.09"}),
        (Reason.MIN_NOTIONAL, {"quantity": "0.1", "price": "99.9"}),
        (Reason.MIN_NOTIONAL, {"quantity": "0.05", "stop": "110"}),
        (Reason.INTENT_MALFORMED, {"quantity": 1, "post_only": True}),
        (Reason.INTENT_MALFORMED, {"quantity": 1, "price": 99, "post_only": True, "tif": TimeInForce.IOC}),
        (Reason.INTENT_MALFORMED, {"quantity": 1, "id": ""}),
        (Reason.FILL_OR_KILL, {"quantity": 6, "tif": TimeInForce.FOK}),
        (Reason.POST_ONLY_WOULD_TAKE, {"quantity": 1, "price": "100.2", "post_only": True}),
        (Reason.REDUCE_ONLY_WOULD_INCREASE, {"quantity": 1, "reduce_only": True}),
    ],
)
def test_what_is_refused_and_why(desk: Desk, reason: Reason, terms: dict[str, Any]) -> None:
    events = desk.buy(**terms)
    assert names(events) == ["OrderRejected"]
    assert rejection(events) is reason
    assert events[0].venue_order_id is None
    assert desk.engine.open_orders("a") == []


@pytest.mark.parametrize(
    ("kind", "limit_price", "stop_price"),
    [
        (OrderType.MARKET, amount(100), None),
        (OrderType.LIMIT, None, None),
        (OrderType.STOP, None, None),
        (OrderType.STOP_LIMIT, amount(100), None),
        (OrderType.LIMIT, amount(100), amount(100)),
    ],
)
def test_prices_must_fit_the_type(
    desk: Desk, kind: OrderType, limit_price: Decimal | None, stop_price: Decimal | None
) -> None:
    order = NewOrder("a", "x", "BTC-USDT", Side.BUY, kind, amount(1), limit_price, stop_price)
    assert rejection(desk.place(order)) is Reason.INTENT_MALFORMED


def test_a_minimum_that_is_met_exactly_is_met(desk: Desk) -> None:
    assert rejection(desk.buy("0.1", "100.0")) is None


def test_a_client_order_id_is_used_once_for_ever(desk: Desk) -> None:
    desk.buy(1, id="x")
    assert rejection(desk.buy(1, id="x")) is Reason.DUPLICATE_CLIENT_ORDER_ID
    desk.buy(1, "99.0", id="y")
    desk.cancel("y")
    assert rejection(desk.buy(1, "99.0", id="y")) is Reason.DUPLICATE_CLIENT_ORDER_ID


def test_the_id_of_a_rejected_order_is_used_too(desk: Desk) -> None:
    desk.buy("0.001", id="x")
    assert desk.engine.knows("a", "x")
    assert rejection(desk.buy(1, id="x")) is Reason.DUPLICATE_CLIENT_ORDER_ID


def test_accounts_do_not_share_client_order_ids(desk: Desk) -> None:
    desk.buy(1, id="x", account="a")
    assert rejection(desk.buy(1, id="x", account="b")) is None


def test_a_cancel_needs_a_living_order(desk: Desk) -> None:
    desk.buy(1, id="done")
    for name in ("done", "never"):
        (event,) = of(CancelRejected, desk.cancel(name))
        assert (event.client_order_id, event.reason) == (name, Reason.UNKNOWN_ORDER)


def test_nobody_cancels_the_order_of_another_account(desk: Desk) -> None:
    desk.buy(1, "99.0", id="x", account="a")
    assert names(desk.cancel("x", account="b")) == ["CancelRejected"]
    desk.engine.cancel(CancelRequest("b", venue_order_id="a:x"), desk.engine.now)
    desk.engine.advance(desk.engine.now)
    assert names(desk.engine.drain()) == ["CancelRejected"]


def test_a_cancel_may_name_the_venue_order_id(desk: Desk) -> None:
    (accepted,) = desk.buy(1, "99.0", id="x")
    desk.engine.cancel(CancelRequest("a", venue_order_id=accepted.venue_order_id), desk.engine.now)
    desk.engine.advance(desk.engine.now)
    assert names(desk.engine.drain()) == ["OrderCancelled"]


def test_the_rules_are_asked_in_one_fixed_order() -> None:
    assert [rule.__name__ for rule in RULES] == [
        "_min_quantity",
        "_price_for_funds",
        "_min_notional",
        "_reduce_only",
        "_post_only",
        "_funds",
        "_fill_or_kill",
    ]
    assert [rule.__name__ for rule in RULES_ASLEEP] == ["_min_quantity", "_min_notional", "_funds"]


@pytest.mark.parametrize(
    ("field", "change"),
    [
        ("tick", {"tick": amount(0)}),
        ("lot", {"lot": amount(-1)}),
        ("min_quantity", {"min_quantity": amount(-1)}),
        ("min_notional", {"min_notional": amount(-1)}),
        ("multiplier", {"multiplier": amount(0)}),
        ("maker_fee", {"maker_fee": amount(5)}),
        ("taker_fee", {"taker_fee": amount(1)}),
        ("market.slippage", {"market": MarketModel(slippage=amount(1))}),
        ("market.slippage_levels", {"market": MarketModel(slippage_levels=-1)}),
        ("market.assumed_size", {"market": MarketModel(assumed_size=amount(0))}),
    ],
)
def test_an_instrument_that_makes_no_sense_is_named(field: str, change: dict[str, Any]) -> None:
    values: dict[str, Any] = {"symbol": "X-Y", "tick": amount(1), "lot": amount(1)} | change
    with pytest.raises(ConfigurationError, match="X-Y") as caught:
        MatchingEngine([Instrument(**values)], EngineSettings(), [])
    assert caught.value.field == f"instruments.X-Y.{field}"


@pytest.mark.parametrize(
    "account",
    [
        AccountSettings(account=""),
        AccountSettings(account="a:b"),
        AccountSettings(account="a", initial_margin=amount(0)),
        AccountSettings(account="a", positions={"BTC-USDT": OpeningPosition(amount(-1), amount(1))}),
        AccountSettings(account="a", positions={"BTC-USDT": OpeningPosition(amount("0.001"), amount(1))}),
        AccountSettings(account="a", positions={"DOGE-USDT": OpeningPosition(amount(1), amount(1))}),
    ],
)
def test_an_account_that_makes_no_sense_is_refused(account: AccountSettings) -> None:
    with pytest.raises(ConfigurationError):
        MatchingEngine([instrument()], EngineSettings(), [account])


def test_names_are_given_once() -> None:
    with pytest.raises(ConfigurationError, match="given twice"):
        MatchingEngine([instrument(), instrument()], EngineSettings(), [])
    with pytest.raises(ConfigurationError, match="given twice"):
        MatchingEngine([], EngineSettings(), [AccountSettings(account="a"), AccountSettings(account="a")])


def test_what_the_caller_gets_wrong_raises(desk: Desk) -> None:
    with pytest.raises(ConfigurationError, match="no such symbol"):
        desk.engine.on_quote("DOGE-USDT", 99, 1.0, 1.0, 1.1, 1.0)
    with pytest.raises(ConfigurationError, match="no such account"):
        desk.buy(1, account="nobody")
    with pytest.raises(ConfigurationError, match="no such account"):
        desk.engine.account("nobody")
    with pytest.raises(DataProviderError, match="back in time"):
        desk.engine.on_quote("BTC-USDT", desk.engine.now - 1, 1.0, 1.0, 1.1, 1.0)
