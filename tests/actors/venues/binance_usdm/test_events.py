"""Frames of the private stream, beginning with the sheet's own examples."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest

from actors.venues.binance_usdm.events import Events, kind_of
from actors.venues.binance_usdm.ids import OrderIds
from actors.venues.binance_usdm.listings import Listings
from messages.errors import DataProviderError
from messages.intents import Side
from messages.orders import Liquidity, OrderState
from messages.reasons import Reason
from messages.venue import VenueFill
from messages.venue_stream import VenueEvent
from tests.actors.venues.binance_usdm.building import SYMBOL

pytestmark = pytest.mark.unit

ORDER_FRAME = (
    '{"e":"ORDER_TRADE_UPDATE","E":1568879465651,"T":1568879465650,"o":{"s":"BTCUSDT","c":"TEST","S":"BUY",'
    '"o":"LIMIT","f":"GTC","q":"0.002","p":"7100.50","ap":"7100.50","sp":"0","x":"TRADE","X":"PARTIALLY_FILLED",'
    '"i":8886774,"l":"0.001","z":"0.001","L":"7100.50","N":"USDT","n":"0.01000000","T":1568879465651,'
    '"t":12345678,"b":"0","a":"0","m":true,"R":false,"wt":"CONTRACT_PRICE","ot":"LIMIT","ps":"BOTH","cp":false,'
    '"pP":false,"si":0,"ss":0,"rp":"12.34","V":"EXPIRE_MAKER","pm":"NONE","gtd":0,"er":"0"}}'
)
ALGO_FRAME = (
    '{"e":"ALGO_UPDATE","T":1765431097030,"E":1765431097037,"o":{"caid":"cid-1","aid":1000000033225453,'
    '"at":"CONDITIONAL","o":"STOP_MARKET","s":"DOGEUSDT","S":"BUY","ps":"BOTH","f":"GTC","q":"38","X":"TRIGGERED",'
    '"ai":"88937381063","ap":"0","aq":"0","act":"MARKET","tp":"0.13855","p":"0","V":"EXPIRE_MAKER",'
    '"wt":"CONTRACT_PRICE","pm":"NONE","cp":false,"pP":false,"R":false,"tt":1765431097019,"gtd":0}}'
)
FUNDING_FRAME = (
    '{"e":"ACCOUNT_UPDATE","E":1,"T":1,"a":{"m":"FUNDING_FEE","B":[{"a":"USDT","wb":"122624.12","cw":"100.12",'
    '"bc":"-50.12"}],"P":[]}}'
)


class Listener:
    """Events of frames, and how often a payment was announced."""

    def __init__(self) -> None:
        self.ids = OrderIds()
        self.paid: list[str] = []
        self._events = Events("usdm", Listings({SYMBOL: "BTCUSDT"}), self.ids, self._note)

    def _note(self, cause: str) -> None:
        self.paid.append(cause)

    def hear(self, frame: str) -> VenueEvent | None:
        return self._events.of_frame(kind_of(frame), frame)

    def order(self, **changes: Any) -> VenueEvent | None:
        frame = json.loads(ORDER_FRAME)
        frame["o"] |= changes
        return self.hear(json.dumps(frame))

    def stop(self, **changes: Any) -> VenueEvent | None:
        frame = json.loads(ALGO_FRAME)
        frame["o"] |= changes
        return self.hear(json.dumps(frame))


def test_an_execution_as_the_sheet_shows_it() -> None:
    listener = Listener()
    assert listener.hear(ORDER_FRAME) == VenueEvent(
        "usdm",
        0,
        1568879465651_000_000,
        "TEST",
        "8886774",
        SYMBOL,
        Side.BUY,
        OrderState.PARTIALLY_FILLED,
        Decimal("0.001"),
        VenueFill(
            "BTCUSDT:8886774:12345678",
            Decimal("7100.50"),
            Decimal("0.001"),
            Decimal("0.01000000"),
            "USDT",
            Liquidity.MAKER,
        ),
        Reason.ACCEPTED,
    )
    assert listener.ids.client_id(SYMBOL, "8886774") == "TEST"
    assert listener.hear(ORDER_FRAME) is None, "told twice, taken once"


NO_FILL: dict[str, Any] = {"l": "0", "L": "0", "t": 0, "n": None, "N": None}


@pytest.mark.parametrize(
    ("changes", "state", "reason"),
    [
        ({"x": "NEW", "X": "NEW"}, OrderState.WORKING, Reason.ACCEPTED),
        ({"x": "AMENDMENT", "X": "NEW"}, OrderState.WORKING, Reason.ACCEPTED),
        ({"x": "CANCELED", "X": "CANCELED"}, OrderState.CANCELLED, Reason.CANCEL_REQUESTED),
        ({"x": "EXPIRED", "X": "EXPIRED", "f": "IOC"}, OrderState.EXPIRED, Reason.IMMEDIATE_OR_CANCEL),
        ({"x": "EXPIRED", "X": "EXPIRED", "f": "FOK"}, OrderState.EXPIRED, Reason.FILL_OR_KILL),
        ({"x": "EXPIRED", "X": "EXPIRED", "f": "GTX"}, OrderState.EXPIRED, Reason.POST_ONLY_WOULD_TAKE),
        ({"x": "EXPIRED", "X": "EXPIRED", "o": "MARKET"}, OrderState.EXPIRED, Reason.NO_LIQUIDITY),
        ({"x": "EXPIRED", "X": "EXPIRED"}, OrderState.EXPIRED, Reason.EXPIRED),
        ({"x": "EXPIRED", "X": "EXPIRED_IN_MATCH"}, OrderState.EXPIRED, Reason.SELF_TRADE),
        ({"x": "REJECTED", "X": "REJECTED"}, OrderState.REJECTED, Reason.VENUE_REJECTED),
    ],
)
def test_a_change_without_an_execution(changes: dict[str, Any], state: OrderState, reason: Reason) -> None:
    event = Listener().order(**(NO_FILL | changes))
    assert event is not None
    assert (event.state, event.reason, event.fill) == (state, reason, None)


def test_a_liquidation_is_an_order_of_nobody_and_its_fill_counts_when_it_has_an_id() -> None:
    changes = {"c": "autoclose-17", "x": "CALCULATED", "X": "FILLED", "z": "0.002", "l": "0.002"}
    event = Listener().order(**changes)
    assert event is not None
    assert (event.client_order_id, event.state) == ("autoclose-17", OrderState.FILLED)
    assert event.fill is not None
    nameless = Listener().order(**changes, t=0)
    assert nameless is not None
    assert (nameless.filled, nameless.fill) == (Decimal("0.002"), None)


def test_executions_with_a_rebate_or_another_currency_or_an_unknown_listing() -> None:
    event = Listener().order(n="-0.5", N="BNB", s="DOGEUSDT", m=False)
    assert event is not None
    assert event.fill is not None
    assert (event.fill.fee, event.fill.fee_currency) == (Decimal("-0.5"), "BNB")
    assert event.fill.liquidity is Liquidity.TAKER
    assert event.symbol == "DOGEUSDT"


def test_a_stop_is_told_until_it_triggers_and_then_as_the_order_it_became() -> None:
    listener = Listener()
    new = listener.stop(X="NEW", ai="")
    assert new is not None
    assert (new.client_order_id, new.venue_order_id) == ("cid-1", "1000000033225453")
    assert (new.state, new.filled, new.fill) == (OrderState.WORKING, Decimal(0), None)
    assert listener.stop(X="TRIGGERING", ai="") is not None
    assert listener.hear(ALGO_FRAME) is None
    assert listener.ids.client_id("DOGEUSDT", "88937381063") == "cid-1"
    assert listener.stop(X="FINISHED") is None
    became = listener.order(c="cid-1", i=88937381063, X="FILLED")
    assert became is not None
    assert became.client_order_id == "cid-1"


@pytest.mark.parametrize(
    ("status", "state", "reason"),
    [
        ("CANCELED", OrderState.CANCELLED, Reason.CANCEL_REQUESTED),
        ("EXPIRED", OrderState.EXPIRED, Reason.EXPIRED),
        ("REJECTED", OrderState.REJECTED, Reason.VENUE_REJECTED),
    ],
)
def test_a_stop_that_ends_untriggered(status: str, state: OrderState, reason: Reason) -> None:
    event = Listener().stop(X=status, ai="", rm="margin")
    assert event is not None
    assert (event.state, event.reason) == (state, reason)


def test_a_payment_is_announced_once_and_other_changes_of_the_account_are_passed_over() -> None:
    listener = Listener()
    assert listener.hear(FUNDING_FRAME) is None
    assert listener.hear(FUNDING_FRAME) is None
    assert listener.hear(FUNDING_FRAME.replace("FUNDING_FEE", "ORDER")) is None
    assert listener.paid == ["FUNDING_FEE"]


@pytest.mark.parametrize(
    "cause", ["DEPOSIT", "WITHDRAW", "ADMIN_DEPOSIT", "MARGIN_TRANSFER", "ASSET_TRANSFER"]
)
def test_money_moved_is_announced_with_the_venue_s_word(cause: str) -> None:
    listener = Listener()
    frame = FUNDING_FRAME.replace("FUNDING_FEE", cause)
    assert listener.hear(frame) is None
    assert listener.hear(frame) is None
    assert listener.paid == [cause]


@pytest.mark.parametrize("kind", ["TRADE_LITE", "MARGIN_CALL", "ACCOUNT_CONFIG_UPDATE", "SOMETHING_NEW"])
def test_what_is_no_orders_is_passed_over(kind: str) -> None:
    assert Listener().hear(f'{{"e":"{kind}","E":1,"s":"BTCUSDT"}}') is None


@pytest.mark.parametrize(
    "frame",
    [
        '{"e":"ORDER_TRADE_UPDATE","E":1,"o":{}}',
        ORDER_FRAME.replace("PARTIALLY_FILLED", "MELTED"),
        ORDER_FRAME.replace('"z":"0.001"', '"z":"much"'),
        "not json",
    ],
)
def test_what_can_not_be_read_is_an_error_and_not_nothing(frame: str) -> None:
    with pytest.raises(DataProviderError):
        Listener().hear(frame)


def test_client_ids_are_forgotten_oldest_first() -> None:
    ids = OrderIds(keep=2)
    for number in ("1", "2", "1", "3"):
        ids.note(SYMBOL, number, f"c{number}")
    assert [ids.client_id(SYMBOL, number) for number in ("1", "2", "3")] == ["c1", None, "c3"]


@pytest.mark.parametrize("frame", [ORDER_FRAME, ALGO_FRAME.replace('"TRIGGERED"', '"NEW"'), FUNDING_FRAME])
@pytest.mark.parametrize(("product", "heard"), [(1, True), (2, False)])
def test_what_is_about_coin_margined_contracts_is_not_this_venues(
    frame: str, product: int, heard: bool
) -> None:
    listener = Listener()
    event = listener.hear(json.dumps(json.loads(frame) | {"st": product, "ps": "BTCUSD"}))
    assert (event is not None or bool(listener.paid)) is heard
    assert (listener.ids.client_id(SYMBOL, "8886774") == "TEST") is (heard and frame is ORDER_FRAME)


def test_a_stop_that_was_set_off_and_became_no_order_is_over() -> None:
    over = Listener().stop(X="FINISHED", ai="", aq="0", rm="Margin is insufficient.")
    assert over is not None
    assert (over.client_order_id, over.state, over.filled) == ("cid-1", OrderState.EXPIRED, Decimal(0))
