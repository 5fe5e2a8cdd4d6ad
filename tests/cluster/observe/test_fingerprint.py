"""The fingerprint: equal for what was traded, whoever's processes traded it, and different for anything else."""

from __future__ import annotations

from decimal import Decimal

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cluster.observe.fingerprint import FingerprintBuilder, canonical, fingerprint
from cluster.observe.views import OrderView
from messages.base import Message
from messages.intents import OrderType, Side
from messages.order_events import FillReceived
from messages.orders import OrderState
from tests.cluster.observe import stories
from tests.cluster.observe.stories import T0
from tests.cluster.observe.test_projection import folded

pytestmark = pytest.mark.unit


def order(number: int, *, filled: str = "0", name: str = "rd") -> OrderView:
    """One of many orders."""
    return OrderView(
        f"{name}{number}",
        intent_id=f"strategy/BTC-USDT#{number}",
        symbol="BTC-USDT",
        side=Side.BUY,
        order_type=OrderType.LIMIT,
        quantity=Decimal("1.0"),
        limit_price=Decimal("60000.10"),
        state=OrderState.CANCELLED,
        filled=Decimal(filled),
        placed_at=T0 + number // 2,
    )


def renamed(event: Message) -> Message:
    """The same event about an order of another client order id."""
    if isinstance(event, FillReceived):
        fill = msgspec.structs.replace(event.fill, client_order_id="rdzzz", fill_id="F77")
        return msgspec.structs.replace(event, fill=fill)
    named = hasattr(event, "client_order_id")
    return msgspec.structs.replace(event, client_order_id="rdzzz") if named else event


def test_it_is_64_hex_digits_also_over_nothing() -> None:
    assert len(bytes.fromhex(fingerprint(folded([])))) == 32


def test_client_order_ids_epochs_and_venue_ids_are_no_part_of_it() -> None:
    journal = stories.one_trade()
    other = [
        (address, msgspec.structs.replace(each, epoch=5, events=[renamed(event) for event in each.events]))
        for address, each in journal
    ]

    assert fingerprint(folded(other)) == fingerprint(folded(journal))


@pytest.mark.parametrize("change", [{"filled": "0.1"}, {"name": "rd"}])
def test_another_quantity_is_another_fingerprint(change: dict[str, str]) -> None:
    plain = FingerprintBuilder().add([order(1), order(2)], [])
    changed = FingerprintBuilder().add([order(1), order(2, **change)], [])

    assert (changed == plain) is ("filled" not in change)


@pytest.mark.parametrize("field", ["price", "quantity", "fee", "event_time", "intent_id", "liquidity"])
def test_each_field_of_a_fill_counts(field: str) -> None:
    fill = stories.fill()
    changes: dict[str, object] = {
        "price": Decimal(1),
        "quantity": Decimal(1),
        "fee": Decimal(0),
        "event_time": 1,
        "intent_id": "x#1",
        "liquidity": "taker",
    }
    other = msgspec.structs.replace(fill, **{field: changes[field]})

    assert FingerprintBuilder().add([], [other]) != FingerprintBuilder().add([], [fill])


def test_the_ids_that_a_venue_draws_do_not_count() -> None:
    other = msgspec.structs.replace(stories.fill(), fill_id="F99", venue_order_id="V99")

    assert FingerprintBuilder().add([], [other]) == FingerprintBuilder().add([], [stories.fill()])


def test_equal_amounts_count_alike_however_they_are_written() -> None:
    assert canonical(Decimal("1.50")) == canonical(Decimal("1.5")) == "1.5"
    assert canonical(Decimal("1E+3")) == "1000"
    assert canonical(Decimal("-0.0")) == "0"
    assert canonical(None) is None


@pytest.mark.property
@settings(max_examples=60, deadline=None)
@given(st.permutations(list(range(12))), st.integers(0, 12))
def test_neither_reading_order_nor_when_old_rows_are_sealed_matters(
    order_read: list[int], sealed: int
) -> None:
    orders = [order(number) for number in range(12)]
    builder = FingerprintBuilder()
    for each in sorted(orders, key=lambda each: (each.placed_at or 0, each.intent_id or ""))[:sealed]:
        builder.seal_order(each)
        orders = [left for left in orders if left is not each]
    left = [each for number in order_read for each in orders if each.client_order_id == f"rd{number}"]

    assert builder.add(left, []) == FingerprintBuilder().add([order(n) for n in range(12)], [])
    assert builder.out_of_order == 0


def test_a_row_behind_a_sealed_one_is_told() -> None:
    builder = FingerprintBuilder()
    builder.seal_order(order(9))
    builder.add([order(1)], [])

    assert builder.out_of_order == 1
