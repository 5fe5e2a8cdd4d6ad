"""A book that is told of its market late knows what it would have known in time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal

import numpy as np

from actors.venues.matching.instruments import (
    AccountSettings,
    EngineSettings,
    Instrument,
    MarketKind,
    MarketModel,
)
from cluster.backtest.books import Books
from cluster.backtest.tape import Tape
from cluster.feeds.columns import Chunk
from cluster.simulator.venue import SimulatedVenue
from messages.intents import OrderType, Side, TimeInForce
from messages.market import TickKind
from messages.venue import PlaceOrder
from messages.venue_stream import StreamEvent, VenueEvent

MINUTE = 60_000_000_000
NAN = float("nan")


class Rows:
    """A feed of rows `(time, kind, v0, v1, v2, v3, v4)`."""

    first_time = 0
    last_time: int | None = None

    def __init__(self, symbol: str, rows: Sequence[tuple[float, ...]]) -> None:
        self.symbol = symbol
        self.rows = np.array(rows, np.float64)

    def open(self, position: int = 0) -> Iterator[Chunk]:
        rows = self.rows[position:]
        times = rows[:, 0].astype(np.int64)
        yield Chunk(
            self.symbol, times, times, rows[:, 1].astype(np.int8), *(rows[:, at] for at in range(2, 7))
        )


class Stage:
    """One venue with symbols A and B over a tape."""

    def __init__(
        self, kind: MarketKind, a: Sequence[tuple[float, ...]], b: Sequence[tuple[float, ...]]
    ) -> None:
        model = MarketModel(kind=kind)
        instruments = [
            Instrument(symbol=symbol, tick=Decimal(1), lot=Decimal(1), market=model) for symbol in ("A", "B")
        ]
        account = AccountSettings(account="desk", balances={"USDT": Decimal(10**9)}, allow_short=True)
        self.venue = SimulatedVenue("paper", instruments, account, EngineSettings())
        self.told: list[StreamEvent] = []
        self.tape = Tape([Rows("A", a), Rows("B", b)], [lambda *row: False] * 2)
        self.books = Books(
            self.tape,
            {"execution/paper": self.venue},
            [("A", "execution/paper"), ("B", "execution/paper")],
            lambda address, event: self.told.append(event),
        )

    def play(self, until: int) -> None:
        while self.tape.play(until, self.books.watched):
            self.books.advance(self.tape.time)

    def place(self, symbol: str, now: int, price: int | None) -> None:
        self.venue.place(
            PlaceOrder(
                client_order_id=f"{symbol}{now}",
                symbol=symbol,
                side=Side.BUY,
                quantity=Decimal(1),
                order_type=OrderType.MARKET if price is None else OrderType.LIMIT,
                time_in_force=TimeInForce.GTC,
                post_only=False,
                reduce_only=False,
                limit_price=None if price is None else Decimal(price),
                stop_price=None,
                deadline=2**62,
                mode_version=0,
                increases_exposure=True,
            ),
            now,
        )
        self.books.advance(now)

    @property
    def fills(self) -> list[tuple[str, Decimal]]:
        events = (event for event in self.told if isinstance(event, VenueEvent))
        return [(event.symbol, event.fill.price) for event in events if event.fill is not None]


def bar(time: int, price: float) -> tuple[float, ...]:
    return (time, TickKind.BAR, price, price + 1, price - 1, price, 1000)


def test_an_order_does_not_trade_at_an_open_before_it_because_its_books_bar_was_told_late() -> None:
    """Hourly A is told at minute 90, when B's rows have moved the clock: its bar has closed at minute 60."""
    hourly = [bar(60 * MINUTE, 100), bar(120 * MINUTE, 200), bar(180 * MINUTE, 300)]
    minutely = [bar(minute * MINUTE, 50) for minute in range(1, 200)]
    stage = Stage(MarketKind.BARS, hourly, minutely)
    stage.play(89 * MINUTE)
    stage.place("B", 89 * MINUTE, 10)  # rests, so that B is watched
    stage.play(90 * MINUTE)
    stage.place("A", 90 * MINUTE + 500_000_000, None)
    stage.play(180 * MINUTE)
    assert stage.fills == [("A", Decimal(300))]


def test_prints_are_told_in_full_where_a_book_lives_on_them() -> None:
    """A buyer's print shows the ask and a seller's the bid: the last one alone would leave a side unknown."""
    prints = [(1, TickKind.TRADE, 90, 5, -1, NAN, NAN), (2, TickKind.TRADE, 95, 5, 1, NAN, NAN)]
    stage = Stage(MarketKind.TRADES, prints, [(3, TickKind.TRADE, 1, 1, 1, NAN, NAN)])
    stage.play(3)
    stage.place("A", 3, 95)
    assert stage.fills == [("A", Decimal(95))]


def test_a_bar_without_a_price_does_not_hide_the_one_before() -> None:
    void = (2 * MINUTE, TickKind.BAR, NAN, NAN, NAN, NAN, NAN)
    stage = Stage(
        MarketKind.BARS,
        [bar(MINUTE, 100), void, bar(3 * MINUTE, 100), bar(4 * MINUTE, 100)],
        [bar(2 * MINUTE, 50)],
    )
    stage.play(2 * MINUTE)
    stage.place("A", 2 * MINUTE, None)
    stage.play(4 * MINUTE)  # the bar that was running when it arrived is not the one it trades in
    assert stage.fills == [("A", Decimal(100))]
