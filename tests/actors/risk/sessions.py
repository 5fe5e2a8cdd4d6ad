"""Drawn sessions of a risk actor: intents, fills, funding, marks, doubles and reorderings, in whatever currencies.

A world keeps its own books beside the desk's, in the plainest way, and holds the two to each other.
"""

from __future__ import annotations

import random
from decimal import Decimal
from itertools import product
from typing import Any

import msgspec

from actors.risk.exposure import recompute
from actors.risk.ledger import unrealised
from actors.risk.state import RiskState
from messages.account_events import Funding
from messages.control import Flatten, Halt, Mode, Resume
from messages.intents import Refused, Side, SubmitOrder, Verdict
from messages.orders import Fill, OrderState
from messages.portfolio import FundingBooked
from tests.actors.risk import desk as bench
from tests.actors.risk.desk import BUY, SELL, D, Desk

SYMBOLS = ("BTC-USDT", "ETH-USDT")
ONE = D(1)
ANY_RATE = (ONE, ONE, D("0.37"), D("1.0825"), D("3.75019"))
CASH = 10_000
LIMITS = bench.limits(
    max_symbol_exposure=D("0.2"),
    max_gross_exposure=D("0.3"),
    min_cash_reserve=D("0.75"),
    breach_tolerance=D("0.001"),
    max_order_notional=D(1500),
    min_notional=D(50),
    max_open_orders=8,
    daily_loss_limit=D("0.006"),
    drawdown_reduce=D("0.008"),
    drawdown_halt=D("0.012"),
)


class Order(msgspec.Struct):
    """An order as the other side of the desk knows it."""

    intent_id: str
    symbol: str
    strategy: str
    side: Side
    quantity: Decimal
    worst: Decimal
    fills: list[Fill] = []
    reported: Decimal | None = None

    @property
    def filled(self) -> Decimal:
        return sum((fill.quantity for fill in self.fills), D(0))


class World:
    """A risk actor and the rest of the desk around it, which keeps its own books in the plainest way."""

    def __init__(self, rate: Decimal = ONE) -> None:
        """`rate`: what the quote currency of the second symbol counts; 1 = it is the base currency itself."""
        self.rates = {"USDT": ONE} if rate == ONE else {"USDT": ONE, "EUR": rate, "BNB": D("31.25")}
        self.quoted = {"BTC-USDT": "USDT", "ETH-USDT": "USDT" if rate == ONE else "EUR"}
        chosen = bench.settings(LIMITS)
        if rate != ONE:
            second = bench.instrument("ETH-USDT", quote_currency="EUR", rate=rate)
            others = {currency: each for currency, each in self.rates.items() if currency != "USDT"}
            chosen = bench.settings(LIMITS, instruments=(bench.instrument("BTC-USDT"), second), rates=others)
        self.desk = Desk(chosen).seed(CASH)
        self.balances = dict.fromkeys(self.rates, D(0)) | {"USDT": D(CASH)}
        self.payments: list[Funding] = []
        self.marks = {symbol: (D(0), D(0)) for symbol in SYMBOLS}
        self.orders: dict[str, Order] = {}
        self.undelivered: list[Fill] = []
        self.delivered: list[Fill] = []
        self.submits: list[tuple[str, str]] = []
        self.looked_at = 0
        for symbol in SYMBOLS:
            self.move(symbol, 10_000, 2)

    @property
    def state(self) -> RiskState:
        return self.desk.risk.state

    # --- what can happen --------------------------------------------------------------------------------------

    def move(self, symbol: str, cents: int, spread: int) -> None:
        self.marks[symbol] = (D(cents) / 100, D(cents + spread) / 100)
        self.desk.mark(symbol, cents / 100, (cents + spread) / 100)

    def intend(self, symbol: str, side: Side, lots: int, offset: int, strategy: str) -> None:
        bid, ask = self.marks[symbol]
        worst = max((ask if side is BUY else bid) + D(offset) / 100, D("0.01"))
        intent_id = self.desk.intend(side, D(lots) / 1000, symbol, worst, strategy=strategy)
        decision = self.desk.decision
        assert (intent_id in self.state.reservations) is (decision.verdict is not Verdict.REJECTED)
        assert decision.quantity <= D(lots) / 1000
        assert decision.quantity % D("0.001") == 0

    def take_orders(self) -> None:
        """What risk sent to execution is on its books, and no fate of it may break a limit."""
        for envelope in self.desk.sent[self.looked_at :]:
            submit = envelope.message
            if isinstance(submit, SubmitOrder):
                terms = submit.terms
                before = self.worst_value(terms.symbol)
                self.orders[submit.intent_id] = Order(
                    submit.intent_id,
                    terms.symbol,
                    submit.strategy,
                    terms.side,
                    terms.quantity,
                    terms.worst_price,
                )
                self.submits.append((submit.intent_id, envelope.id))
                if submit.increases_exposure:
                    self.check_worst_fate(terms.symbol, terms.side)
                else:
                    assert self.worst_value(terms.symbol) <= before
        self.looked_at = len(self.desk.sent)

    def execute(self, pick: int, lots: int, cents: int, fee: int) -> None:
        """The venue fills an order; the news is under way."""
        working = [order for order in self.orders.values() if order.filled < order.quantity]
        working = [order for order in working if order.reported is None]
        if not working:
            return
        order = working[pick % len(working)]
        quantity = min(D(lots) / 1000, order.quantity - order.filled)
        price = max(order.worst - order.side.sign * D(cents) / 100, D("0.01"))
        currencies = [self.quoted[order.symbol], *self.rates]
        fill = msgspec.structs.replace(
            TEMPLATE,
            fill_id=f"{order.intent_id}/{len(order.fills)}",
            symbol=order.symbol,
            strategy=order.strategy,
            intent_id=order.intent_id,
            side=order.side,
            price=price,
            quantity=quantity,
            fee=D(fee) / 1000,
            fee_currency=currencies[fee % len(currencies)],
        )
        order.fills.append(fill)
        self.undelivered.append(fill)

    def deliver(self, pick: int) -> None:
        if self.undelivered:
            fill = self.undelivered.pop(pick % len(self.undelivered))
            self.desk.give(fill, "execution/paper")
            self.delivered.append(fill)
            currency = self.quoted[fill.symbol]
            self.balances[currency] -= fill.side.sign * fill.price * fill.quantity
            self.balances[fill.fee_currency] -= fill.fee

    def fund(self, symbol: str, cents: int) -> None:
        """The venue charges or pays funding."""
        currency = self.quoted[symbol]
        payment = Funding(
            f"p{len(self.payments)}", "paper", symbol, currency, D(cents) / 1000, None, self.desk.ctx.now
        )
        self.payments.append(payment)
        self.desk.give(payment, "execution/paper")
        self.balances[currency] += payment.amount

    def fund_again(self, pick: int) -> None:
        """A payment comes a second time: nothing may happen."""
        if self.payments:
            before = self.desk.packed()
            self.desk.give(self.payments[pick % len(self.payments)], "execution/paper")
            assert self.desk.last_events == []
            assert self.desk.packed() == before

    def repeat(self, pick: int) -> None:
        """A fill comes a second time: nothing may happen."""
        if self.delivered:
            before = self.desk.packed()
            self.desk.give(self.delivered[pick % len(self.delivered)], "execution/paper")
            assert self.desk.last_events == []
            assert self.desk.packed() == before

    def end(self, pick: int) -> None:
        """Execution says that an order has ended, perhaps before its last fills are here."""
        working = [order for order in self.orders.values() if order.reported is None]
        if working:
            order = working[pick % len(working)]
            order.reported = order.filled
            state = OrderState.FILLED if order.filled == order.quantity else OrderState.CANCELLED
            self.desk.report(order.intent_id, state, order.filled, symbol=order.symbol)

    def report_again(self, pick: int) -> None:
        ended = [order for order in self.orders.values() if order.reported is not None]
        if ended:
            order = ended[pick % len(ended)]
            before = self.desk.packed()
            self.desk.report(order.intent_id, OrderState.CANCELLED, order.filled, symbol=order.symbol)
            assert self.desk.packed() == before

    def refuse(self) -> None:
        """The approval sent last did not fit into execution's mailbox."""
        while self.submits:
            intent_id, submit_id = self.submits.pop()
            order = self.orders[intent_id]
            if order.reported is None and not order.fills:
                order.reported = D(0)
                self.desk.give(Refused(submit_id, "execution/paper", "SubmitOrder"), "store")
            return

    def halt(self) -> None:
        self.desk.give(Halt("anna", "drill"))
        assert self.desk.mode is Mode.HALTED

    def flatten(self, symbol: str) -> None:
        self.desk.give(Flatten("anna", symbol))

    def ring(self, pick: int) -> None:
        """A timer's time has come."""
        if self.desk.timers:
            self.desk.ring(sorted(self.desk.timers)[pick % len(self.desk.timers)])

    def resume(self) -> None:
        self.desk.give(Resume("anna", "drill is over"))

    # --- what must hold ---------------------------------------------------------------------------------------

    def open_of(self, symbol: str) -> list[tuple[Order, Decimal]]:
        """Orders that may still be filled, with how much of them is not in the books."""
        rows = []
        for order in self.orders.values():
            left = order.quantity if order.reported is None else order.filled
            left -= sum((f.quantity for f in self.delivered if f.intent_id == order.intent_id), D(0))
            if order.symbol == symbol and left > 0:
                rows.append((order, left))
        return rows

    def worst_value(self, symbol: str) -> Decimal:
        """The largest value over all subsets of open orders, at the ask."""
        position = self.position(symbol)
        signed = [order.side.sign * left for order, left in self.open_of(symbol)]
        ask = self.marks[symbol][1]
        choices = product(*(((D(0), quantity)) for quantity in signed))
        return max(abs(position + sum(chosen, D(0))) for chosen in choices) * ask * self.rate(symbol)

    def check_worst_fate(self, symbol: str, side: Side) -> None:
        """Invariant: an approval leaves every fate of everything open within the limits."""
        nav = self.nav()
        assert self.desk.mode is Mode.NORMAL
        assert self.worst_value(symbol) <= LIMITS.max_symbol_exposure * nav
        assert sum(self.worst_value(one) for one in SYMBOLS) <= LIMITS.max_gross_exposure * nav
        costs = sum(
            (
                left * order.worst * self.rate(one)
                for one in SYMBOLS
                for order, left in self.open_of(one)
                if order.side is BUY
            ),
            D(0),
        )
        if side is BUY:
            assert self.cash() - costs >= LIMITS.min_cash_reserve * nav
        assert len([order for order in self.orders.values() if order.reported is None]) <= 8

    def position(self, symbol: str) -> Decimal:
        return sum((f.side.sign * f.quantity for f in self.delivered if f.symbol == symbol), D(0))

    def rate(self, symbol: str) -> Decimal:
        return self.rates[self.quoted[symbol]]

    def cash(self) -> Decimal:
        return sum((amount * self.rates[currency] for currency, amount in self.balances.items()), D(0))

    def nav(self) -> Decimal:
        value = D(0)
        for symbol in SYMBOLS:
            bid, ask = self.marks[symbol]
            position = self.position(symbol)
            value += position * (bid if position > 0 else ask) * self.rate(symbol)
        return self.cash() + value

    def check(self) -> None:
        """Everything that must hold at every instant."""
        self.take_orders()
        state = self.state
        holdings, totals = recompute(state, "USDT")
        assert holdings == state.holdings
        assert totals == state.totals
        assert state.totals.cash == self.cash()
        known = state.accounts["paper"].balances
        assert {currency: known.get(currency, D(0)) for currency in self.rates} == self.balances
        assert state.nav == self.nav()
        books = state.holdings.values()
        profit, open_profit = sum(book.realised for book in books), unrealised(state)
        assert open_profit is not None
        fees, funding = sum(book.fees for book in books), sum(book.funding for book in books)
        assert state.nav == state.deposits + profit + open_profit - fees + funding
        assert funding == sum((each.amount * self.rate(each.symbol) for each in self.payments), D(0))
        for symbol in SYMBOLS:
            held = [book for book in books if book.symbol == symbol]
            owned = [book for book in state.strategies.values() if book.symbol == symbol]
            assert sum(book.position for book in held) == self.position(symbol)
            assert sum(book.position for book in owned) == self.position(symbol)
            assert sum(book.fees for book in owned) == sum(book.fees for book in held)
            assert sum(book.funding for book in owned) + self.unshared(symbol) == sum(
                book.funding for book in held
            )

    def unshared(self, symbol: str) -> Decimal:
        """Funding that no strategy bears: paid while none had a position."""
        booked = [event for event in self.desk.journal if isinstance(event, FundingBooked)]
        for event in booked:
            assert event.value is not None
            assert not event.shares or sum(event.shares.values()) == event.value
        return sum(
            (event.value or D(0) for event in booked if event.symbol == symbol and not event.shares), D(0)
        )

    def settle(self) -> None:
        """Everything comes to its end. A person ends the closing of positions, or it would go on for ever."""
        self.resume()
        while self.undelivered:
            self.deliver(0)
        self.take_orders()
        while any(order.reported is None for order in self.orders.values()):
            self.end(0)


TEMPLATE = Desk().seed().fill("none", BUY, 1)

WEIGHTS = {
    "intend": 12,
    "execute": 10,
    "deliver": 10,
    "end": 4,
    "move": 6,
    "fund": 2,
    "fund_again": 1,
    "repeat": 2,
    "report_again": 2,
    "refuse": 1,
    "flatten": 0.3,
    "ring": 1,
    "halt": 0.3,
    "resume": 0.8,
}


def operation(draw: random.Random) -> tuple[Any, ...]:
    """One thing that happens; what a desk does most of the time is drawn most of the time."""
    (name,) = draw.choices(list(WEIGHTS), list(WEIGHTS.values()))
    pick = draw.randrange(8)
    symbol = draw.choice(SYMBOLS)
    arguments: dict[str, tuple[Any, ...]] = {
        "intend": (
            symbol,
            draw.choice((BUY, SELL)),
            draw.choice((draw.randint(1, 20_000), draw.randint(500, 8_000), draw.randint(1, 600))),
            draw.randint(-200, 200),
            draw.choice(("ema", "momentum")),
        ),
        "execute": (pick, draw.randint(1, 12_000), draw.randint(0, 50), draw.randint(-500, 500)),
        "move": (symbol, draw.randint(9_500, 10_500), draw.randint(0, 10)),
        "fund": (symbol, draw.randint(-2_000, 2_000)),
        "flatten": (symbol,),
        "refuse": (),
        "halt": (),
        "resume": (),
    }
    return name, *arguments.get(name, (pick,))


def run(seed: int) -> World:
    """A session of one desk, drawn from its seed, with everything checked after each thing that happens."""
    draw = random.Random(seed)
    world = World(draw.choice(ANY_RATE))
    for _ in range(draw.randint(10, 70)):
        name, *arguments = operation(draw)
        getattr(world, name)(*arguments)
        world.check()
    return world
