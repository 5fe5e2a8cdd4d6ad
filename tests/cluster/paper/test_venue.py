"""The paper venue without sockets: orders, time, and what is told when."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest

from cluster.paper.gateway import Refusal
from cluster.paper.records import TimePassed
from cluster.paper.settings import PaperSettings, TimeMode
from cluster.paper.venue import PaperVenue
from messages.errors import ConfigurationError, DeskLockedError, InvariantError, StoreError
from messages.intents import Side, TimeInForce
from messages.orders import OrderState
from messages.reasons import Reason
from tests.cluster.paper.building import (
    LATENCY,
    MILLISECOND,
    SECOND,
    START,
    go,
    open_venue,
    order,
    record,
    resting,
    settings_of,
    told,
)

pytestmark = pytest.mark.unit


def test_a_market_order_arrives_after_its_latency_and_is_told_after_another(venue: PaperVenue) -> None:
    go(venue, START + SECOND)
    taken = venue.place(order("a", sent_at=START + SECOND))
    assert taken.state is OrderState.WORKING
    assert taken.arrival == START + SECOND + LATENCY
    go(venue, START + SECOND + 2 * LATENCY - 1)
    assert (venue.find("a") or taken).state is OrderState.FILLED
    assert told(venue) == []
    go(venue, START + SECOND + 2 * LATENCY)
    assert [(each["event"], each["time"] - START) for each in told(venue)] == [
        ("accepted", SECOND + LATENCY),
        ("filled", SECOND + LATENCY),
    ]


def test_an_order_sent_late_is_not_carried_into_the_past(venue: PaperVenue) -> None:
    go(venue, START + SECOND)
    assert venue.place(order("a", sent_at=START)).arrival == START + SECOND + LATENCY
    assert venue.place(order("b", sent_at=START + 2 * SECOND)).arrival == START + 2 * SECOND + LATENCY


def test_the_next_thing_due_is_known(venue: PaperVenue) -> None:
    go(venue, START + SECOND)
    assert venue.next_time is None
    venue.place(order("a", sent_at=START + SECOND))
    assert venue.next_time == START + SECOND + LATENCY
    go(venue, START + SECOND + LATENCY)
    assert venue.next_time == START + SECOND + 2 * LATENCY
    go(venue, START + SECOND + 2 * LATENCY)
    assert venue.next_time is None


def test_fills_cash_and_positions_agree(venue: PaperVenue) -> None:
    go(venue, START + SECOND)
    for number in range(4):
        side = Side.BUY if number < 3 else Side.SELL
        venue.place(order(f"a{number}", side=side, sent_at=venue.time))
        go(venue, venue.time + SECOND)
    fills = [(each["side"], each["fill"]) for each in told(venue) if each["fill"]]
    signed = [(1 if side == "buy" else -1, fill) for side, fill in fills]
    quantity = sum(sign * Decimal(fill["quantity"]) for sign, fill in signed)
    cash = sum(
        -sign * Decimal(fill["quantity"]) * Decimal(fill["price"]) - Decimal(fill["fee"])
        for sign, fill in signed
    )
    account = venue.account()
    assert account.positions["BTC-USDT"].quantity == quantity == Decimal("0.02")
    assert account.balances["USDT"] == Decimal(1_000_000) + cash


def test_a_resting_order_is_open_until_it_is_cancelled(venue: PaperVenue) -> None:
    go(venue, START + SECOND)
    venue.place(resting("a", sent_at=venue.time))
    go(venue, START + 2 * SECOND)
    assert [each.request.client_order_id for each in venue.open_orders()] == ["a"]
    venue.cancel("a", venue.time)
    go(venue, START + 3 * SECOND)
    assert venue.open_orders() == ()
    assert [each["event"] for each in told(venue)] == ["accepted", "cancelled"]
    assert [each["state"] for each in told(venue)] == ["working", "cancelled"]


def test_a_cancel_never_arrives_before_its_order(venue: PaperVenue) -> None:
    venue.place(resting("a", sent_at=START + SECOND))
    venue.cancel("a", START)
    go(venue, START + 2 * SECOND)
    assert [each["event"] for each in told(venue)] == ["accepted", "cancelled"]


def test_a_repeated_cancel_changes_nothing(venue: PaperVenue, settings: PaperSettings) -> None:
    venue.place(resting("a"))
    for _ in range(3):
        venue.cancel("a", START)
    go(venue, START + SECOND)
    assert [each["event"] for each in told(venue)] == ["accepted", "cancelled"]
    events = [each.get("event") for each in record(Path(settings.folder))]
    assert events.count("cancel_received") == 1


@pytest.mark.parametrize("known", [True, False])
def test_a_cancel_for_an_order_that_is_gone_or_never_was_is_refused(venue: PaperVenue, known: bool) -> None:
    if known:
        venue.place(order("a"))
        go(venue, START + SECOND)
    with pytest.raises(Refusal) as refused:
        venue.cancel("a", venue.time)
    assert refused.value.reason is Reason.UNKNOWN_ORDER


def test_a_client_order_id_is_good_for_one_order_for_ever(opened: Callable[[], PaperVenue]) -> None:
    venue = opened()
    venue.place(order("a"))
    go(venue, START + SECOND)
    for is_restarted in (False, True):
        if is_restarted:
            venue = opened()
        with pytest.raises(Refusal) as refused:
            venue.place(resting("a"))
        assert refused.value.reason is Reason.DUPLICATE_CLIENT_ORDER_ID


def test_a_refused_order_does_not_use_up_its_id(venue: PaperVenue) -> None:
    with pytest.raises(Refusal):
        venue.place(order("a", quantity=Decimal("0.0105")))
    assert venue.find("a") is None
    assert venue.place(order("a")).state is OrderState.WORKING


def test_what_the_book_refuses_is_told_as_an_event(venue: PaperVenue) -> None:
    go(venue, START + SECOND)
    venue.place(order("a", quantity=Decimal(1_000), sent_at=venue.time))
    crossing = Decimal("90000.0")
    venue.place(resting("b", limit_price=crossing, post_only=True, sent_at=venue.time))
    huge = Decimal(10)
    venue.place(
        resting("c", quantity=huge, time_in_force=TimeInForce.FOK, limit_price=crossing, sent_at=venue.time)
    )
    go(venue, START + 2 * SECOND)
    assert {each["client_order_id"]: (each["event"], each["reason"]) for each in told(venue)} == {
        "a": ("rejected", "insufficient_balance"),
        "b": ("rejected", "post_only_would_take"),
        "c": ("rejected", "fill_or_kill_unfillable"),
    }


def test_the_record_has_what_was_taken_told_and_refused(venue: PaperVenue, settings: PaperSettings) -> None:
    venue.place(resting("a", post_only=True))
    with pytest.raises(Refusal):
        venue.place(order("b", symbol="DOGE-USDT"))
    venue.cancel("a", START)
    go(venue, START + SECOND)
    lines = record(Path(settings.folder))
    assert [each["client_order_id"] for each in lines] == ["a", "b", "a", "a", "a"]
    assert lines[0] == {
        "command": 1,
        "event": "received",
        "time": START,
        "arrival": START + LATENCY,
        "sent_at": START,
        "client_order_id": "a",
        "venue_order_id": "desk:a",
        "symbol": "BTC-USDT",
        "side": "buy",
        "order_type": "limit",
        "quantity": "0.01",
        "limit_price": "30000.0",
        "stop_price": None,
        "time_in_force": "gtc",
        "post_only": True,
        "reduce_only": False,
    }
    assert lines[1]["refused"] == "order"
    assert lines[1]["reason"] == "symbol_unknown"
    assert [each["event"] for each in lines[2:]] == ["cancel_received", "accepted", "cancelled"]


def test_an_earlier_time_changes_nothing(venue: PaperVenue) -> None:
    go(venue, START + SECOND)
    assert venue.advance(START)
    assert venue.time == START + SECOND


def test_without_latency_an_order_acts_at_the_same_instant(tmp_path: Path) -> None:
    venue = open_venue(settings_of(tmp_path / "venue", latency=0))
    go(venue, START + SECOND)
    venue.place(order("b", sent_at=venue.time))
    venue.place(order("a", sent_at=venue.time))
    go(venue, START + SECOND)
    assert [each["client_order_id"] for each in told(venue)] == ["a", "a", "b", "b"]
    venue.close()


def test_time_that_nothing_happened_in_is_journalled_only_where_it_is_granted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written: list[int] = []

    def note(self: object, value: object) -> None:
        assert isinstance(value, TimePassed)
        written.append(value.time - START)

    for mode in TimeMode:
        venue = open_venue(settings_of(tmp_path / mode, mode=mode))
        monkeypatch.setattr("cluster.paper.store.VenueStore.append", note)
        go(venue, START + SECOND)
        monkeypatch.undo()
        venue.close()
    assert written == [SECOND]


def test_one_folder_serves_one_venue(venue: PaperVenue, settings: PaperSettings) -> None:
    with pytest.raises(DeskLockedError, match="another process"):
        open_venue(settings)


def test_a_store_is_not_opened_under_other_settings(venue: PaperVenue, settings: PaperSettings) -> None:
    venue.close()
    with pytest.raises(ConfigurationError, match="other settings"):
        open_venue(settings_of(Path(settings.folder), latency=MILLISECOND))
    open_venue(msgspec.structs.replace(settings, port=4242)).close()


def test_an_order_that_can_not_be_journalled_is_not_taken(
    opened: Callable[[], PaperVenue], monkeypatch: pytest.MonkeyPatch
) -> None:
    venue = opened()

    def full(self: object, payload: bytes) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr("cluster.paper.journal.JournalWriter.append", full)
        with pytest.raises(StoreError, match="No space"):
            venue.place(order("a"))
    assert venue.find("a") is None
    with pytest.raises(InvariantError, match="start the venue again"):
        venue.place(order("b"))
    assert opened().place(order("a")).state is OrderState.WORKING
