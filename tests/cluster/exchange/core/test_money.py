"""Money and books under random histories: nothing is made or lost, and what is told adds up to what is there."""

from __future__ import annotations

from decimal import Decimal
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cluster.exchange.api import (
    AccountChanged,
    Book,
    BookChanged,
    Event,
    Leg,
    OrderChanged,
    PublicTrade,
    Refusal,
    Status,
)
from cluster.exchange.core import ExchangeSettings, LocalExchange, default_listings
from messages.intents import Side
from tests.cluster.exchange.core.lab import BTC, ETH, SECOND, START, D, Lab, Script, accounts, rules

pytestmark = [pytest.mark.unit, pytest.mark.property]

NAMES = ("a", "b", "c")

actions = st.lists(
    st.one_of(
        st.tuples(
            st.just("place"),
            st.sampled_from(NAMES),
            st.sampled_from((BTC, ETH)),
            st.sampled_from(list(Side)),
            st.integers(1, 400),
            st.one_of(st.none(), st.integers(90, 112)),
            st.booleans(),
        ),
        st.tuples(st.just("cancel"), st.sampled_from(NAMES), st.integers(0, 9)),
        st.tuples(
            st.just("amend"),
            st.sampled_from(NAMES),
            st.integers(0, 9),
            st.integers(1, 400),
            st.integers(90, 112),
        ),
        st.tuples(
            st.just("levels"),
            st.sampled_from((BTC, ETH)),
            st.integers(92, 108),
            st.integers(1, 3),
            st.integers(0, 300),
            st.sampled_from([(), (1,), (-1,)]),
        ),
        st.tuples(st.just("mark"), st.sampled_from((BTC, ETH)), st.integers(80, 120)),
        st.tuples(st.just("pass"), st.integers(1, 5)),
    ),
    min_size=12,
    max_size=50,
)


def drawn(seed: int, count: int) -> list[tuple]:
    """A long random history, mostly of orders near the market."""
    random = Random(seed)
    history: list[tuple] = []
    for _ in range(count):
        name, listing = random.choice(NAMES), random.choice((BTC, ETH))
        kind = random.choice(
            ("place", "place", "place", "cancel", "amend", "levels", "levels", "mark", "pass")
        )
        price = random.choice((None, random.randint(96, 105)))
        history.append(
            {
                "place": (
                    kind,
                    name,
                    listing,
                    random.choice(list(Side)),
                    random.randint(2, 900),
                    price,
                    False,
                ),
                "cancel": (kind, name, random.randint(0, 9)),
                "amend": (kind, name, random.randint(0, 9), random.randint(2, 400), random.randint(96, 105)),
                "levels": (
                    kind,
                    listing,
                    random.randint(94, 106),
                    random.randint(1, 3),
                    random.randint(0, 900),
                    random.choice([(), (1,), (-1,)]),
                ),
                "mark": (kind, listing, random.randint(85, 115)),
                "pass": (kind, random.randint(1, 5)),
            }[kind]
        )
    return history


class Reader:
    """What a client makes of the events: books by applying changes, cash and positions by adding up trades."""

    def __init__(self, lab: Lab) -> None:
        self.books: dict[str, tuple[dict[Decimal, Decimal], dict[Decimal, Decimal]]] = {}
        self.last: dict[str, int] = {}
        for rule in lab.exchange.rules():
            self.take_snapshot(lab.exchange.book(rule.listing, 1000))
        self.cash = {name: lab.cash(name) for name in NAMES}
        self.held: dict[tuple[str, str], Decimal] = {}
        self.outside_cash = D(0)
        self.outside_held: dict[str, Decimal] = {}
        self.insured = D(0)
        self.by_trade: dict[tuple[str, int], list[OrderChanged]] = {}
        self.tape: dict[tuple[str, int], PublicTrade] = {}
        self.statuses: dict[int, tuple[int, Status, Decimal]] = {}

    def take_snapshot(self, book: Book) -> None:
        self.books[book.listing] = dict(book.bids), dict(book.asks)
        self.last[book.listing] = book.last

    def __call__(self, event: Event) -> None:
        if isinstance(event, BookChanged):
            assert event.first == self.last[event.listing] + 1
            assert event.last - event.first + 1 == len(event.bids) + len(event.asks)
            self.last[event.listing] = event.last
            for side, levels in zip(self.books[event.listing], (event.bids, event.asks), strict=True):
                for price, size in levels:
                    if size:
                        side[price] = size
                    else:
                        del side[price]
        elif isinstance(event, PublicTrade):
            self.tape[event.listing, event.trade_id] = event
        elif isinstance(event, OrderChanged):
            self.take_order(event)
        elif isinstance(event, AccountChanged) and event.payment is not None:
            self.cash[event.account] += event.payment.amount
            self.insured += event.payment.amount

    def take_order(self, event: OrderChanged) -> None:
        order, trade = event.order, event.trade
        version, status, filled = self.statuses.get(order.order_id, (0, Status.NEW, D(0)))
        assert order.version == version + 1
        assert status in (Status.NEW, Status.PARTIALLY_FILLED)
        assert order.filled == filled + (trade.quantity if trade else 0)
        assert (order.status is Status.FILLED) == (order.filled == order.quantity)
        self.statuses[order.order_id] = order.version, order.status, order.filled
        if trade is None:
            return
        signed = trade.side.sign * trade.quantity
        self.held[trade.account, trade.listing] = self.held.get((trade.account, trade.listing), D(0)) + signed
        self.cash[trade.account] += trade.realized - trade.fee
        self.outside_held[trade.listing] = self.outside_held.get(trade.listing, D(0)) - signed
        self.outside_cash += signed * trade.price
        self.by_trade.setdefault((trade.listing, trade.trade_id), []).append(event)


def perform(lab: Lab, action: tuple) -> None:
    kind, *given_ = action
    try:
        if kind == "place":
            account, listing, side, lots, price, reduce_only = given_
            lab.place(side, D(lots) / 10, price, account=account, listing=listing, reduce_only=reduce_only)
        elif kind in ("cancel", "amend"):
            found = lab.exchange.orders(given_[0], open_only=True)
            if not found:
                return
            order = found[given_[1] % len(found)]
            if kind == "cancel":
                lab.exchange.cancel(given_[0], order.order_id)
            else:
                lab.exchange.amend(given_[0], order.order_id, D(given_[2]) / 10, D(given_[3]))
        elif kind == "levels":
            move(lab, *given_)
        elif kind == "mark":
            lab.mark(float(given_[1]), given_[0], rate=0.001)
        else:
            lab.tick(given_[0] * SECOND)
    except Refusal:
        pass


def move(lab: Lab, listing: str, bid: int, spread: int, lots: int, prints: tuple[int, ...]) -> None:
    """The outside's whole book becomes one level each side, after a trade at one of them."""
    before = lab.script.books[listing]
    bids = [(ticks, 0) for ticks, _ in before[0] if ticks != bid] + [(bid, lots)]
    asks = [(ticks, 0) for ticks, _ in before[1] if ticks != bid + spread] + [(bid + spread, lots)]
    lab.script.books[listing] = [(bid, lots)], [(bid + spread, lots)]
    traded = [(bid if sign < 0 else bid + spread, max(1, lots), sign) for sign in prints]
    lab.levels(bids, asks, traded, listing)


def make_lab() -> Lab:
    script = Script({name: ([(100, 100)], [(101, 100)]) for name in (BTC, ETH)})
    lab = Lab(
        rules(),
        rules(ETH),
        script=script,
        specs=accounts(*NAMES, balances={"USDT": D(2000)}),
        funding_interval=7 * SECOND,
    )
    for name in (BTC, ETH):
        lab.mark(100.0, name)
    return lab


@given(actions)
@settings(max_examples=100, deadline=None)
def test_money_is_neither_made_nor_lost_and_the_events_tell_all_of_it(history: list[tuple]):
    check_money(history)


@pytest.mark.parametrize("seed", range(4))
def test_money_over_long_histories_that_reach_everything(seed: int):
    lab = check_money(drawn(seed, 400))
    trades = [trade for name in NAMES for trade in lab.exchange.trades(name)]
    assert len(trades) > 60
    assert any(trade.maker for trade in trades)
    assert any(trade.realized for trade in trades)
    kinds = {each.kind for name in NAMES for each in lab.exchange.payments(name)}
    assert {"funding", "liquidation_fee"} <= kinds


def check_money(history: list[tuple]) -> Lab:
    lab = make_lab()
    reader = Reader(lab)
    lab.exchange.subscribe(reader)
    for action in history:
        perform(lab, action)
        check_books(lab, reader)
    wallets = sum((lab.cash(name) for name in NAMES), D(0))
    profit = fees = positions_at_cost = D(0)
    for name in NAMES:
        assert lab.cash(name) == reader.cash[name]
        for trade in lab.exchange.trades(name):
            profit += trade.realized
            fees += trade.fee
        for held in lab.exchange.positions(name):
            assert reader.held.get((name, held.listing), D(0)) == held.quantity
            positions_at_cost += held.quantity * held.mark_price - held.unrealized
    paid = sum((each.amount for name in NAMES for each in lab.exchange.payments(name)), D(0))
    assert wallets == profit - fees + paid
    # what outsiders got for what they gave: the accounts' positions at cost, and the profit they have taken
    assert reader.outside_cash == positions_at_cost - profit
    return lab


@given(actions)
@settings(max_examples=60, deadline=None)
def test_both_accounts_of_a_trade_agree_and_the_tape_has_each_once(history: list[tuple]):
    lab = make_lab()
    reader = Reader(lab)
    lab.exchange.subscribe(reader)
    for action in history:
        perform(lab, action)
    for key, sides in reader.by_trade.items():
        public = reader.tape[key]
        trades = [event.trade for event in sides]
        assert len(trades) in (1, 2)
        for trade in trades:
            assert trade is not None
            assert (trade.price, trade.quantity) == (public.price, public.quantity)
            assert public.buyer_is_maker == ((trade.side is Side.BUY) == trade.maker)
        if len(trades) == 2:
            first, second = trades
            assert first is not None
            assert second is not None
            assert {first.side, second.side} == set(Side)
            assert {first.maker, second.maker} == {True, False}
            assert first.account != second.account
    numbers = [number for listing, number in reader.tape if listing == BTC]
    assert numbers == sorted(set(numbers))


def check_books(lab: Lab, reader: Reader) -> None:
    for rule in lab.exchange.rules():
        book = lab.exchange.book(rule.listing, 1000)
        assert (dict(book.bids), dict(book.asks)) == reader.books[rule.listing]
        assert book.last == reader.last[rule.listing]
        assert list(book.bids) == sorted(book.bids, reverse=True)
        if book.bids and book.asks:
            assert book.bids[0][0] < book.asks[0][0]
        own = {D(0)} | {
            order.price
            for name in NAMES
            for order in lab.exchange.orders(name, rule.listing, open_only=True)
            if order.price is not None
        }
        shown = {price for price, _ in (*book.bids, *book.asks)}
        assert own - {D(0)} <= shown


@given(st.lists(st.tuples(st.integers(0, 11), st.sampled_from(list(Side)), st.integers(1, 30)), max_size=30))
@settings(max_examples=15, deadline=None)
def test_a_client_of_the_seeded_market_has_the_exchanges_book(orders: list[tuple[int, Side, int]]):
    listings = default_listings(3)
    exchange = LocalExchange(
        ExchangeSettings(listings=listings, accounts=accounts("a", balances={"USDT": D(10_000_000)})), START
    )
    lab = Lab.__new__(Lab)
    lab.exchange = exchange
    books = {each.listing: exchange.book(each.listing, 1000) for each in listings}
    known = {name: (dict(book.bids), dict(book.asks)) for name, book in books.items()}

    def apply(event: Event) -> None:
        if isinstance(event, BookChanged):
            for side, levels in zip(known[event.listing], (event.bids, event.asks), strict=True):
                side.update(levels)
                for price, size in levels:
                    if not size:
                        del side[price]

    exchange.subscribe(apply)
    for number, (level, side, size) in enumerate(orders):
        rule = listings[number % 3]
        book = exchange.book(rule.listing, 30)
        own = book.bids if side is Side.BUY else book.asks
        price = own[level][0]
        quantity = max(rule.lot, D(100 * size) / price // rule.lot * rule.lot)
        request = lab.request(side, quantity, None if size % 5 == 0 else price, listing=rule.listing)
        exchange.place("a", request)
        exchange.advance(exchange.now + 200_000_000)
        for name, sides in known.items():
            now = exchange.book(name, 1000)
            assert (dict(now.bids), dict(now.asks)) == sides
            assert now.bids[0][0] < now.asks[0][0]


def test_profit_agrees_with_cash_to_the_last_digit_over_awkward_averages():
    lab = Lab(rules(min_notional=D(1)), specs=accounts("a", balances={"USDT": D(100_000)}))
    for ask, lots in ((101, 3), (102, 7), (104, 11)):
        lab.levels(asks=[(101, 0), (102, 0), (104, 0), (ask, lots)])
        lab.buy(D(lots) / 10)
    lab.levels(bids=[(100, 1000)])
    for quantity in ("0.1", "0.3", "0.7", "1"):
        lab.sell(quantity)
    assert lab.held() == 0
    trades = lab.exchange.trades("a")
    moved = sum((-trade.side.sign * trade.price * trade.quantity for trade in trades), D(0))
    assert sum((trade.realized for trade in trades), D(0)) == moved
    assert lab.cash() == D(100_000) + moved - sum((trade.fee for trade in trades), D(0))
    assert lab.exchange.positions("a") == []
    assert lab.held(leg=Leg.LONG) == 0
