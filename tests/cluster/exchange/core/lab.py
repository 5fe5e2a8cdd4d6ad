"""A small exchange with a market that the test writes itself, and short names for what accounts do there."""

from __future__ import annotations

from collections import deque
from decimal import Decimal
from itertools import count
from pathlib import Path
from typing import Any

import msgspec

from cluster.exchange.api import Event, Kind, Leg, OrderRecord, Refusal, Request, Rules
from cluster.exchange.core import AccountSpec, ExchangeSettings, LocalExchange
from cluster.exchange.core.market import Fair, Print, Step
from messages.intents import OrderType, Side, TimeInForce
from messages.reasons import Reason

SECOND = 1_000_000_000
START = 1_760_000_000 * SECOND
BTC = "BTCUSDT"
ETH = "ETHUSDT"

D = Decimal

_NAMES = count(1)


def rules(listing: str = BTC, **changes: Any) -> Rules:
    """Tick 1, lot 0.1, fees 0.02 % and 0.05 %, maintenance 5 %, leverage up to 10: easy to work out by hand."""
    values: dict[str, Any] = {
        "listing": listing,
        "kind": Kind.PERPETUAL,
        "base": listing.removesuffix("USDT"),
        "quote": "USDT",
        "settle": "USDT",
        "tick": D(1),
        "lot": D("0.1"),
        "min_quantity": D("0.1"),
        "max_quantity": D(1000),
        "min_notional": D(20),
        "maker_fee": D("0.0002"),
        "taker_fee": D("0.0005"),
        "initial_margin": D("0.1"),
        "maintenance_margin": D("0.05"),
        "liquidation_fee": D("0.01"),
        "max_leverage": 10,
    }
    return Rules(**values | changes)


def accounts(*names: str, **changes: Any) -> tuple[AccountSpec, ...]:
    """Accounts with 10,000 USDT each."""
    values: dict[str, Any] = {"balances": {"USDT": D(10_000)}} | changes
    return tuple(AccountSpec(account=name, api_key=f"key-{name}", secret="s", **values) for name in names)


class Script:
    """A market that does what it is told: a book of ten lots of 10 at 100 and 101 until then."""

    def __init__(
        self, books: dict[str, tuple[list[tuple[int, int]], list[tuple[int, int]]]] | None = None
    ) -> None:
        self.books = {BTC: ([(100, 100)], [(101, 100)])} if books is None else books
        self.fairs: dict[str, Fair] = {}
        self._steps: deque[Step] = deque()

    def add(self, step: Step) -> None:
        self._steps.append(step)

    def enter(self, time: int) -> list[Step]:
        return [Step(time, name, [], bids, asks, True) for name, (bids, asks) in self.books.items()]

    def resume(self, time: int) -> None:
        pass

    def state(self) -> object:
        return None

    def load(self, state: object) -> None:
        pass

    @property
    def next_time(self) -> int | None:
        return self._steps[0].time if self._steps else None

    def pop(self) -> Step:
        return self._steps.popleft()

    def fair(self, listing: str) -> Fair | None:
        return self.fairs.get(listing)


class Lab:
    """Drives an exchange: every call is a millisecond after the one before."""

    def __init__(
        self,
        *listings: Rules,
        names: tuple[str, ...] = ("a", "b"),
        folder: Path | None = None,
        script: Script | None = None,
        specs: tuple[AccountSpec, ...] | None = None,
        start: int = START,
        **settings: Any,
    ) -> None:
        self.script = script or Script()
        self.settings = ExchangeSettings(
            listings=listings or (rules(),), accounts=accounts(*names) if specs is None else specs, **settings
        )
        self.exchange = LocalExchange(self.settings, start, folder=folder, market=self.script)
        self.events: list[Event] = []
        self.exchange.subscribe(self.events.append)

    def tick(self, by: int = 1_000_000) -> None:
        self.exchange.advance(self.exchange.now + by)

    def levels(
        self,
        bids: list[tuple[int, int]] = (),
        asks: list[tuple[int, int]] = (),
        prints: list[tuple[int, int, int]] = (),
        listing: str = BTC,
    ) -> None:
        """The outside does something, in ticks and lots, a millisecond from now."""
        time = self.exchange.now + 1_000_000
        self.script.add(Step(time, listing, [Print(*each) for each in prints], list(bids), list(asks)))
        self.exchange.advance(time)

    def mark(self, price: float, listing: str = BTC, rate: float = 0.0001) -> None:
        """The fair value becomes this, and the next mark price tells it."""
        self.script.fairs[listing] = Fair(price, price, rate)
        self.exchange.advance((self.exchange.now // SECOND + 1) * SECOND)

    def place(
        self, side: Side, quantity: str | int | None, price: str | int | None = None, **more: Any
    ) -> OrderRecord:
        self.tick()
        account = more.pop("account", "a")
        return self.exchange.place(account, self.request(side, quantity, price, **more))

    def request(
        self, side: Side, quantity: str | int | None, price: str | int | None = None, **more: Any
    ) -> Request:
        trigger = more.get("trigger_price")
        kinds = {
            (False, False): OrderType.MARKET,
            (True, False): OrderType.LIMIT,
            (False, True): OrderType.STOP,
            (True, True): OrderType.STOP_LIMIT,
        }
        values: dict[str, Any] = {
            "client_order_id": f"c{next(_NAMES)}",
            "listing": BTC,
            "side": side,
            "order_type": kinds[price is not None, trigger is not None],
            "time_in_force": TimeInForce.GTC,
            "quantity": None if quantity is None else D(str(quantity)),
            "price": None if price is None else D(str(price)),
        } | more
        if trigger is not None:
            values["trigger_price"] = D(str(trigger))
        return Request(**values)

    def buy(self, quantity: str | int | None, price: str | int | None = None, **more: Any) -> OrderRecord:
        return self.place(Side.BUY, quantity, price, **more)

    def sell(self, quantity: str | int | None, price: str | int | None = None, **more: Any) -> OrderRecord:
        return self.place(Side.SELL, quantity, price, **more)

    def now(self, record: OrderRecord) -> OrderRecord:
        """The order as it is now."""
        found = self.exchange.order(record.account, order_id=record.order_id)
        assert found is not None
        return found

    def cash(self, account: str = "a") -> Decimal:
        return self.exchange.balances(account)[0].total

    def free(self, account: str = "a") -> Decimal:
        return self.exchange.balances(account)[0].available

    def held(self, account: str = "a", leg: Leg = Leg.BOTH, listing: str = BTC) -> Decimal:
        found = [
            each for each in self.exchange.positions(account) if (each.listing, each.leg) == (listing, leg)
        ]
        return found[0].quantity if found else D(0)

    def of(self, kind: type) -> list[Any]:
        return [event for event in self.events if isinstance(event, kind)]

    def book(self, listing: str = BTC) -> tuple[list[tuple[int, float]], list[tuple[int, float]]]:
        book = self.exchange.book(listing, 100)
        return [(int(p), float(q)) for p, q in book.bids], [(int(p), float(q)) for p, q in book.asks]


def refusal(do: Any, *given: Any, **more: Any) -> Reason | None:
    """Why the exchange refuses a call; None when it does not."""
    try:
        do(*given, **more)
    except Refusal as refused:
        return refused.reason
    return None


def changed(of: Rules, **changes: Any) -> Rules:
    return msgspec.structs.replace(of, **changes)
