"""A venue account of many currencies and the desk's books of it, for the property tests of the ledger.

The world keeps its own count in the plainest way, in fractions and with nothing of the desk's arithmetic: a balance per
currency, units per listing, a queue of lots, sums of fees, funding and deposits at the rates of their time.
"""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Callable, Sequence
from decimal import Decimal
from fractions import Fraction

from actors.base import Context
from actors.risk.actor import RiskActor
from actors.risk.books.rate_settings import RateSettings
from actors.risk.limits import SECOND, RiskInstrument, RiskSettings, listing_id
from actors.risk.state import RiskState
from messages import codec
from messages.account_events import Funding, PositionCorrected
from messages.base import Message
from messages.control import Resume
from messages.intents import Side
from messages.orders import Fill, Liquidity
from messages.reasons import Reason
from messages.transfers import RecordTransfer, Transfer
from tests.actors.risk import desk as bench
from tests.actors.risk.desk import BUY, SELL, D, Desk, instrument

HOUR = 3_600 * SECOND
LOOSE = bench.limits(daily_loss_limit=D(10**9), drawdown_reduce=D(10**9), drawdown_halt=D(10**9))
LISTINGS: dict[str, RiskInstrument] = {
    "BTC-USDT": instrument("BTC-USDT"),
    "ETH-EUR": instrument("ETH-EUR", quote_currency="EUR", rate=D("1.25"), multiplier=D(2)),
    "EUR-USDT": instrument("EUR-USDT", tick=D("0.0001"), converts=True, spot=True),
}
TRADED = ("BTC-USDT", "ETH-EUR")
OPENING = {"USDT": D(100_000), "EUR": D(20_000), "BNB": D(40)}
FIXED = {"EUR": D("1.25"), "BNB": D("312.5")}


def settings(*, marked: bool) -> RiskSettings:
    """Books in USDT; EUR counts what its mark says, to the last digit, or a fixed rate; XYZ nobody values."""
    rates = RateSettings(symbols={"EUR": "EUR-USDT"} if marked else {}, step=D(0), max_age=10**18)
    return bench.settings(LOOSE, instruments=tuple(LISTINGS.values()), rates=dict(FIXED), marked=rates)


class Count:
    """The world's own count of one listing, in base currency but for `units`."""

    def __init__(self) -> None:
        self.units = Fraction(0)
        self.lots: deque[tuple[Fraction, Fraction]] = deque()
        self.profit = Fraction(0)
        self.paid = Fraction(0)
        self.fees = Fraction(0)
        self.funding = Fraction(0)

    def take(self, sign: int, units: Fraction, unit_value: Fraction) -> None:
        """Units bought or sold, each worth so much: they close the oldest lots first."""
        self.paid += sign * units * unit_value
        while units and self.lots and self.units * sign < 0:
            held, opened = self.lots.popleft()
            part = min(held, units)
            self.profit -= sign * part * (unit_value - opened)
            self.units += sign * part
            units -= part
            if held > part:
                self.lots.appendleft((held - part, opened))
        if units:
            self.lots.append((units, unit_value))
            self.units += sign * units


class World:
    """One account at one venue. What happens there is told to the desk now, later, or twice."""

    def __init__(self, *, marked: bool) -> None:
        self.desk = Desk(settings(marked=marked)).seed(OPENING["USDT"], balances=dict(OPENING))
        self.marked = marked
        self.rates = {"USDT": Fraction(1), **{name: Fraction(rate) for name, rate in FIXED.items()}}
        self.balances = {name: Fraction(amount) for name, amount in OPENING.items()} | {"XYZ": Fraction(0)}
        self.deposits = sum(
            (amount * self.rates[name] for name, amount in self.balances.items() if name in self.rates)
        )
        self.revalued = Fraction(0)
        self.counts = {symbol: Count() for symbol in LISTINGS}
        self.marks = {symbol: (D(0), D(0)) for symbol in LISTINGS}
        self.waiting: list[tuple[Message, Callable[[], None]]] = []
        self.told: list[Message] = []
        self.number = 0
        self.snapshot: tuple[int, bytes] | None = None
        for symbol in TRADED:
            self.mark(symbol, 10_000)
        self.rate(12_500)

    @property
    def state(self) -> RiskState:
        return self.desk.risk.state

    # --- what the market does ---------------------------------------------------------------------------------

    def mark(self, symbol: str, cents: int) -> None:
        bid = D(cents) / 100
        self.marks[symbol] = (bid, bid + D("0.02"))
        self.desk.mark(symbol, float(bid), float(bid + D("0.02")))

    def rate(self, points: int) -> None:
        """EUR moves; what that makes of the balance is a result."""
        bid = D(points) / 10_000
        self.marks["EUR-USDT"] = (bid, bid + D("0.0002"))
        self.desk.mark("EUR-USDT", float(bid), float(bid + D("0.0002")))
        if self.marked:
            now = Fraction(bid) + Fraction(1, 10_000)
            self.revalued += self.balances["EUR"] * (now - self.rates["EUR"])
            self.rates["EUR"] = now

    # --- what happens on the account --------------------------------------------------------------------------

    def fill(
        self, symbol: str, side: Side, lots: int, cents: int, fee: int, fee_currency: str, strategy: str
    ) -> None:
        quantity, price, charged = D(lots) / 1000, D(cents) / 100, D(fee) / 1000
        if symbol == "EUR-USDT":
            quantity, price = D(lots) / 100, D(12_000 + cents % 1000) / 10_000
        name = self._name("f")
        told = self._fill(name, symbol, side, price, quantity, charged, fee_currency, strategy)
        self.waiting.append((told, lambda: self._count_fill(told)))

    def correction(self, symbol: str, side: Side, lots: int, cents: int, of_account: bool) -> None:
        """The account's position is set right, or it is said whose it was; without a price at the mark."""
        if symbol not in TRADED:
            return
        price = D(cents) / 100 if cents % 2 else None
        told = PositionCorrected(
            self._name("c"), "paper", symbol, "ema", "", side, D(lots) / 1000, price, of_account,
            Reason.RECONCILED, self.desk.ctx.now,
        )  # fmt: skip

        def count() -> None:
            bid, ask = self.marks[symbol]
            paid = price or (bid + ask) / 2
            quote = LISTINGS[symbol].quote_currency
            sides = (side,) if of_account else (side, side.opposite)
            for one in sides:
                self._count_fill(self._fill("", symbol, one, paid, told.quantity, D(0), quote, ""))

        self.waiting.append((told, count))

    def funding(self, symbol: str, amount: int) -> None:
        currency = LISTINGS[symbol].quote_currency
        told = Funding(self._name("p"), "paper", symbol, currency, D(amount) / 1000, None, self.desk.ctx.now)

        def count() -> None:
            self.balances[currency] += Fraction(told.amount)
            self.counts[symbol].funding += Fraction(told.amount) * self.rates[currency]

        self.waiting.append((told, count))

    def transfer(self, currency: str, amount: int, by_operator: bool) -> None:
        if not amount:
            return
        name, moved = self._name("t"), D(amount) / 100
        told: Message = Transfer(name, "paper", currency, moved, "TRANSFER", self.desk.ctx.now)
        if by_operator:
            told = RecordTransfer("anna", "paper", currency, moved, "", name)

        def count() -> None:
            self.balances[currency] += Fraction(moved)
            if currency in self.rates:
                self.deposits += Fraction(moved) * self.rates[currency]

        self.waiting.append((told, count))

    # --- what the desk hears ----------------------------------------------------------------------------------

    def deliver(self, pick: int) -> None:
        if self.waiting:
            told, count = self.waiting.pop(pick % len(self.waiting))
            count()
            self.desk.give(told, "execution/paper")
            self.told.append(told)

    def repeat(self, pick: int) -> None:
        """What was told is told again: no book may change."""
        if self.told:
            before = self.desk.packed()
            self.desk.give(self.told[pick % len(self.told)], "execution/paper")
            assert self.desk.packed() == before

    def restart(self) -> None:
        """Killed, and brought to its state by the whole journal."""
        self.desk.restart()

    def restart_from_snapshot(self) -> None:
        """Killed, and brought to its state by its last snapshot and what came since."""
        if self.snapshot is not None:
            fresh = self.from_snapshot()
            sequence, now = self.desk.ctx.sequence, self.desk.ctx.now
            self.desk.risk, self.desk.ctx = fresh, Context(fresh, seed=1)
            self.desk.ctx.sequence, self.desk.ctx.now = sequence, now
        self.snapshot = len(self.desk.journal), self.desk.packed()

    def from_snapshot(self) -> RiskActor:
        """A fresh actor on the last snapshot and the journal after it."""
        fresh, (since, packed) = RiskActor(self.desk.settings), self.snapshot or (0, self.desk.packed())
        if self.snapshot is not None:
            fresh.state = codec.from_plain(codec.unpack(packed), RiskState, where="state")
        for event in self.desk.journal[since:]:
            fresh.apply(codec.decode(codec.encode(event)))
        return fresh

    def night(self) -> None:
        self.desk.wait(9 * HOUR)
        self.desk.mark()
        self.marks["BTC-USDT"] = (D(100), D(100))

    def resume(self) -> None:
        self.desk.give(Resume("anna", "seen"))

    def settle(self) -> None:
        """All news arrive, and every position is closed."""
        while self.waiting:
            self.deliver(0)
        for symbol in TRADED:
            left = self.counts[symbol].units
            if left:
                lots = int(abs(left) * 1000)
                self.fill(symbol, SELL if left > 0 else BUY, lots, 12_345, 7, "USDT", "ema")
                self.deliver(0)

    # --- the world's own count --------------------------------------------------------------------------------

    def worth(self) -> Fraction:
        """Balances at their rates, positions at what closing them would bring."""
        total = sum(
            (amount * self.rates[name] for name, amount in self.balances.items() if name in self.rates),
            Fraction(0),
        )
        return total + sum((self.value(symbol) for symbol in TRADED), Fraction(0))

    def value(self, symbol: str) -> Fraction:
        """A position at its mark."""
        one, units = LISTINGS[symbol], self.counts[symbol].units
        bid, ask = self.marks[symbol]
        return (
            units
            * Fraction(bid if units > 0 else ask)
            * Fraction(one.multiplier)
            * self.rates[one.quote_currency]
        )

    def _count_fill(self, told: Fill) -> None:
        one, count, sign = LISTINGS[told.symbol], self.counts[told.symbol], told.side.sign
        price, units, fee = Fraction(told.price), Fraction(told.quantity), Fraction(told.fee)
        rate = self.rates[one.quote_currency]
        unit_value = price * Fraction(one.multiplier) * rate
        self.balances[one.quote_currency] -= sign * price * units * Fraction(one.multiplier)
        self.balances[told.fee_currency] -= fee
        count.fees += fee * self.rates.get(told.fee_currency, Fraction(0))
        if one.converts:
            self.balances["EUR"] += sign * units
            count.profit += sign * units * (self.rates["EUR"] - unit_value)
        else:
            count.take(sign, units, unit_value)

    def _name(self, kind: str) -> str:
        self.number += 1
        return f"{kind}{self.number}"

    def _fill(
        self, name: str, symbol: str, side: Side, price: Decimal, quantity: Decimal, fee: Decimal,
        fee_currency: str, strategy: str,
    ) -> Fill:  # fmt: skip
        return Fill(
            fill_id=name,
            venue="paper",
            symbol=symbol,
            strategy=strategy,
            intent_id=f"intent/{name}",
            client_order_id="c",
            venue_order_id="v",
            side=side,
            price=price,
            quantity=quantity,
            fee=fee,
            fee_currency=fee_currency,
            liquidity=Liquidity.TAKER,
            event_time=self.desk.ctx.now,
        )


WEIGHTS = {
    "fill": 14,
    "deliver": 16,
    "repeat": 4,
    "mark": 6,
    "rate": 4,
    "funding": 3,
    "transfer": 3,
    "correction": 2,
    "restart": 0.5,
    "restart_from_snapshot": 1.5,
    "night": 0.7,
    "resume": 1,
}


def act(world: World, draw: random.Random, names: Sequence[str] = tuple(WEIGHTS)) -> str:
    """Let one of these things happen; its name."""
    (name,) = draw.choices(names, [WEIGHTS[each] for each in names])
    symbol, side = draw.choice(TRADED), draw.choice((BUY, SELL))
    lots, cents = draw.randint(1, 3_000), draw.randint(9_000, 11_000)
    arguments: dict[str, tuple[object, ...]] = {
        "fill": (
            draw.choice((*TRADED, *TRADED, "EUR-USDT")), side, lots, cents, draw.randint(-50, 500),
            draw.choice(("USDT", "EUR", "BNB", "XYZ")), draw.choice(("ema", "momentum", "")),
        ),
        "deliver": (draw.randrange(6),),
        "repeat": (draw.randrange(50),),
        "mark": (symbol, cents),
        "rate": (draw.randint(11_000, 14_000),),
        "funding": (symbol, draw.randint(-9_000, 9_000)),
        "transfer": (draw.choice(("USDT", "EUR", "BNB", "XYZ")), draw.randint(-90_000, 90_000), draw.random() < 0.5),
        "correction": (symbol, side, lots, cents, draw.random() < 0.5),
    }  # fmt: skip
    getattr(world, name)(*arguments.get(name, ()))
    return name


def key(symbol: str) -> str:
    """The listing's name in the books."""
    return listing_id("paper", symbol)
