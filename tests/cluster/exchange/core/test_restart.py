"""What survives: the log that tells everything, and an exchange that comes back as it was."""

from __future__ import annotations

import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from cluster.exchange.api import Event, OrderChanged, Status
from cluster.exchange.core import ExchangeSettings, LocalExchange, default_listings
from messages.errors import ConfigurationError, JournalCorruptError
from messages.intents import OrderType, Side, TimeInForce
from messages.reasons import Reason
from tests.cluster.exchange.core.lab import (
    BTC,
    ETH,
    SECOND,
    START,
    D,
    Lab,
    Script,
    accounts,
    changed,
    refusal,
    rules,
)

pytestmark = pytest.mark.unit


def lines(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "exchange.log").read_text().splitlines()]


def shown(exchange: LocalExchange) -> dict[str, Any]:
    """Everything that accounts can see."""
    return {
        name: {
            "orders": list(exchange.orders(name)),
            "trades": list(exchange.trades(name)),
            "balances": list(exchange.balances(name)),
            "positions": list(exchange.positions(name)),
            "payments": list(exchange.payments(name)),
            "leverage": exchange.leverage(name, BTC),
            "hedge": exchange.hedge_mode(name),
        }
        for name in "ab"
    }


def busy(lab: Lab) -> None:
    """A bit of everything."""
    lab.exchange.set_leverage("a", BTC, 5)
    lab.exchange.set_isolated("b", BTC, True)
    lab.mark(100.0)
    lab.buy(2, 99)
    partly = lab.sell(3, 101, account="b")
    lab.buy(11)
    assert lab.now(partly).status is Status.PARTIALLY_FILLED
    lab.buy(1, trigger_price=120, account="b")
    lab.exchange.cancel("a", lab.buy(1, 98).order_id)
    lab.buy(1, 97, expire_at=START + 3600 * SECOND)
    moved = lab.buy(4, 96)
    lab.exchange.amend("a", moved.order_id, D(3), D(95))
    lab.exchange.count_down("a", BTC, START + 1800 * SECOND)
    assert refusal(lab.buy, 1, "98.5") is Reason.TICK_SIZE
    lab.mark(102.0)
    lab.tick(20 * SECOND)


def test_the_log_tells_every_order_trade_and_payment_in_lines_of_json(tmp_path: Path):
    lab = Lab(folder=tmp_path, funding_interval=15 * SECOND)
    busy(lab)
    told = lines(tmp_path)
    orders = [line["record"] for line in told if line["type"] == "order"]
    assert [each["order_id"] for each in orders if each["version"] == 1] == [1, 2, 3, 4, 5, 6, 7]
    trades = [line["trade"] for line in told if line["type"] == "trade"]
    known = [*lab.exchange.trades("a"), *lab.exchange.trades("b")]
    assert sorted((each["trade_id"], each["account"], Decimal(each["price"])) for each in trades) == sorted(
        (each.trade_id, each.account, each.price) for each in known
    )
    (refused,) = [line for line in told if line["type"] == "refused"]
    assert (refused["account"], refused["reason"], refused["what"]) == ("a", "tick_size", "place")
    assert {line["payment"]["kind"] for line in told if line["type"] == "payment"} == {"deposit", "funding"}
    settings = [(line["name"], line["value"]) for line in told if line["type"] == "setting"]
    assert settings[:2] == [("leverage", 5), ("isolated", True)]
    assert [line["time"] for line in told] == sorted(line["time"] for line in told)


def test_each_call_has_its_lines_in_the_log_before_it_is_told(tmp_path: Path):
    lab = Lab(folder=tmp_path)
    counts: list[int] = []
    lab.exchange.subscribe(
        lambda event: counts.append(len(lines(tmp_path))) if isinstance(event, OrderChanged) else None
    )
    before = len(lines(tmp_path))
    lab.buy(1)
    assert counts == [before + 2] * 2


def test_an_exchange_closed_in_order_comes_back_as_it_was(tmp_path: Path):
    lab = Lab(folder=tmp_path)
    busy(lab)
    before = shown(lab.exchange)
    book = lab.book()
    lab.exchange.close()
    again = Lab(folder=tmp_path, start=lab.exchange.now)
    assert shown(again.exchange) == before
    assert again.book() == book
    order = again.buy(1, 94)
    assert order.order_id == 8


def test_a_crash_loses_nothing_that_was_told(tmp_path: Path):
    lab = Lab(folder=tmp_path)
    busy(lab)
    before = shown(lab.exchange)
    taken = max(each.trade_id for each in lab.exchange.trades("a"))
    again = Lab(
        folder=tmp_path, start=lab.exchange.now + 60 * SECOND, script=Script({BTC: ([(98, 10)], [(103, 50)])})
    )
    again.mark(102.0)
    assert shown(again.exchange) == before
    bids, asks = again.book()
    assert bids == [(99, 2.0), (98, 1.0), (97, 1.0), (95, 3.0)]
    assert asks == [(101, 2.0), (103, 5.0)]
    # the orders work on: what is left of the sell is 2.0 at 101
    assert again.buy(3).average_price == D("101.666666666667")
    assert again.exchange.order("b", order_id=2).status is Status.FILLED
    assert min(each.trade_id for each in again.exchange.trades("a")[-2:]) > taken
    again.levels(prints=[(120, 1, 1)])
    assert again.exchange.order("b", order_id=4).triggered is not None
    again.tick(1801 * SECOND)
    assert again.exchange.order("a", order_id=1).reason is Reason.DEAD_MAN
    assert [line["clean"] for line in lines(tmp_path) if line["type"] == "opened"] == [True, False]


def test_orders_that_the_market_has_passed_meanwhile_are_filled_at_their_own_price(tmp_path: Path):
    lab = Lab(folder=tmp_path)
    order = lab.buy(2, 99)
    again = Lab(
        folder=tmp_path, start=lab.exchange.now + SECOND, script=Script({BTC: ([(90, 10)], [(95, 50)])})
    )
    assert again.now(order).status is Status.FILLED
    assert [(each.price, each.maker) for each in again.exchange.trades("a")] == [(99, True)]
    assert again.book() == ([(90, 1.0)], [(95, 3.0)])


def test_crashes_after_crashes_count_on(tmp_path: Path):
    numbers = []
    for attempt in range(3):
        lab = Lab(folder=tmp_path, start=START + attempt * 100 * SECOND)
        numbers.append(lab.buy("0.5").order_id)
        lab.tick(SECOND)
    assert numbers == [1, 2, 3]
    assert lab.held() == D("1.5")
    ids = [each.trade_id for each in lab.exchange.trades("a")]
    assert ids == sorted(set(ids))
    assert len({each.payment_id for each in lab.exchange.payments("a")}) == 1


def test_a_torn_last_line_is_cut_off(tmp_path: Path):
    lab = Lab(folder=tmp_path)
    lab.buy(2, 99)
    log = tmp_path / "exchange.log"
    whole = log.read_bytes()
    log.write_bytes(whole + b'{"type":"order","time":17600')
    again = Lab(folder=tmp_path, start=lab.exchange.now)
    assert [order.order_id for order in again.exchange.orders("a")] == [1]
    assert log.read_bytes().startswith(whole)
    assert all(line["time"] for line in lines(tmp_path))


def test_a_state_that_is_damaged_is_refused_by_name(tmp_path: Path):
    Lab(folder=tmp_path).exchange.close()
    path = tmp_path / "exchange.state"
    data = bytearray(path.read_bytes())
    data[40] ^= 1
    path.write_bytes(data)
    with pytest.raises(JournalCorruptError, match="checksum"):
        Lab(folder=tmp_path)


def test_settings_that_changed_meanwhile(tmp_path: Path):
    lab = Lab(folder=tmp_path)
    lab.exchange.set_rules(rules(min_notional=D(50)))
    lab.exchange.close()
    kept = Lab(folder=tmp_path)
    assert kept.exchange.rules(BTC)[0].min_notional == D(50)
    kept.exchange.close()
    new = Lab(rules(min_notional=D(30)), names=("a", "b", "c"), folder=tmp_path)
    assert new.exchange.rules(BTC)[0].min_notional == D(30)
    assert (new.cash("a"), new.cash("c")) == (D(10_000), D(10_000))
    assert new.buy(1, account="c").status is Status.FILLED
    new.exchange.close()
    with pytest.raises(ConfigurationError, match="without this listing"):
        Lab(rules(), rules(ETH), folder=tmp_path)
    with pytest.raises(ConfigurationError, match="set up without this listing"):
        Lab(rules(ETH), folder=tmp_path)
    with pytest.raises(ConfigurationError, match="multiple of 1"):
        Lab(rules(tick=D("0.5")), folder=tmp_path)


# --- the seeded market -------------------------------------------------------------------------------------------

SETTINGS = ExchangeSettings(
    listings=default_listings(3),
    accounts=accounts("a", "b", balances={"USDT": D(1_000_000)}),
    funding_interval=20 * SECOND,
)


def traffic(exchange: LocalExchange, first: int, last: int, step: int = SECOND // 4) -> Iterator[None]:
    """Two accounts trade: the same orders at the same times, whoever asks."""
    for number in range(first, last):
        exchange.advance(START + number * SECOND // 4)
        listing = exchange.rules()[number % 3]
        account = "ab"[number % 2]
        book = exchange.book(listing.listing, 5)
        side = Side.BUY if number % 5 < 3 else Side.SELL
        own = book.bids if side is Side.BUY else book.asks
        price = None if number % 4 == 0 else own[number % 3][0]
        quantity = max(listing.lot, D(500) / own[0][0] // listing.lot * listing.lot)
        request = changed(
            REQUEST,
            client_order_id=f"{account}{number}",
            listing=listing.listing,
            side=side,
            order_type=OrderType.MARKET if price is None else OrderType.LIMIT,
            quantity=quantity,
            price=price,
        )
        exchange.place(account, request)
        if number % 7 == 6 and (found := exchange.orders(account, open_only=True)):
            exchange.cancel(account, found[0].order_id)
        yield


REQUEST = Lab().request(Side.BUY, 1, time_in_force=TimeInForce.GTC)


def run(exchange: LocalExchange, first: int, last: int) -> list[Event]:
    events: list[Event] = []
    end = exchange.subscribe(events.append)
    for _ in traffic(exchange, first, last):
        pass
    end()
    return events


def test_a_restart_equals_no_restart_event_by_event(tmp_path: Path):
    whole = run(LocalExchange(SETTINGS, START), 1, 160)
    first = LocalExchange(SETTINGS, START, folder=tmp_path)
    parts = run(first, 1, 63)
    first.close()
    second = LocalExchange(SETTINGS, first.now, folder=tmp_path)
    parts += run(second, 63, 121)
    second.close()
    parts += run(LocalExchange(SETTINGS, second.now, folder=tmp_path), 121, 160)
    assert len(whole) > 2000
    assert any(isinstance(event, OrderChanged) and event.trade and event.trade.maker for event in whole)
    assert parts == whole


def test_the_same_calls_at_the_same_times_give_the_same_events_however_time_is_cut():
    one = run(LocalExchange(SETTINGS, START), 1, 60)
    other = LocalExchange(SETTINGS, START)
    events: list[Event] = []
    other.subscribe(events.append)
    for number, _ in enumerate(traffic(other, 1, 60), 1):
        for part in range(1, 5):
            other.advance(START + number * SECOND // 4 + part * SECOND // 20)
    assert [event for event in events if event.time <= one[-1].time] == one


def test_a_long_pause_is_left_out(tmp_path: Path):
    exchange = LocalExchange(SETTINGS, START, folder=tmp_path)
    run(exchange, 1, 20)
    orders = exchange.orders("a")
    exchange.close()
    later = START + 86_400 * SECOND
    again = LocalExchange(SETTINGS, later, folder=tmp_path)
    assert again.now == later
    assert [order.order_id for order in again.orders("a")] == [order.order_id for order in orders]
    events: list[Event] = []
    again.subscribe(events.append)
    again.advance(later + SECOND)
    assert len(events) < 300
    assert all(event.time > later for event in events)
