"""Random flows of market data and commands, as hypothesis strategies and as functions that play them."""

from __future__ import annotations

from decimal import Decimal
from math import nan
from typing import Any, NamedTuple

from hypothesis import strategies as st

from actors.venues.matching.engine import MatchingEngine
from actors.venues.matching.instruments import AccountSettings, EngineSettings, Instrument, MarketKind
from actors.venues.matching.orders import CancelRequest, NewOrder
from messages.intents import OrderType, Side, TimeInForce
from tests.actors.venues.matching.builders import SYMBOL, amount, instrument, rich

TICK, LOT = Decimal("0.1"), Decimal("0.01")
SECOND = 1_000_000_000
MIDDLE = 1000
"""Prices are drawn around this many ticks."""


class Quote(NamedTuple):
    gap: int
    bid: int
    spread: int
    bid_lots: int
    ask_lots: int


class Print(NamedTuple):
    gap: int
    ticks: int
    lots: float
    aggressor: int


class Depth(NamedTuple):
    gap: int
    bids: tuple[tuple[int, int], ...]
    asks: tuple[tuple[int, int], ...]
    snapshot: bool


class Bar(NamedTuple):
    gap: int
    open: int
    above: int
    below: int
    close: int
    lots: float


class Funding(NamedTuple):
    gap: int
    rate: int
    mark: int


class Place(NamedTuple):
    gap: int
    account: str
    side: Side
    kind: OrderType
    lots: int
    limit: int
    stop: int
    tif: TimeInForce
    post_only: bool
    reduce_only: bool


class Cancel(NamedTuple):
    gap: int
    which: int


Step = Quote | Print | Depth | Bar | Funding | Place | Cancel

_gaps = st.integers(0, 3)
_ticks = st.integers(MIDDLE - 6, MIDDLE + 6)
_lots = st.integers(1, 12)
_level_lots = st.integers(0, 8)


def _levels(low: int, high: int) -> st.SearchStrategy[tuple[tuple[int, int], ...]]:
    return st.lists(st.tuples(st.integers(low, high), _level_lots), max_size=4).map(tuple)


quotes = st.builds(Quote, _gaps, _ticks, st.integers(1, 4), _level_lots, _level_lots)
prints = st.builds(
    Print, _gaps, _ticks, st.integers(1, 40).map(lambda quarters: quarters / 4), st.sampled_from([1, -1, 0])
)
depths = st.builds(
    Depth,
    _gaps,
    _levels(MIDDLE - 6, MIDDLE),
    _levels(MIDDLE + 1, MIDDLE + 6),
    st.sampled_from([False, False, True]),
)
bars = st.builds(
    Bar,
    _gaps,
    _ticks,
    st.integers(0, 4),
    st.integers(0, 4),
    _ticks,
    st.one_of(st.integers(1, 80).map(lambda quarters: quarters / 4), st.sampled_from([0.0, nan])),
)
# Now and then seconds pass, so that what is placed next arrives inside a running bar.
fundings = st.builds(Funding, st.sampled_from([0, 1, 2 * SECOND]), st.integers(-50, 50), _ticks)
places = st.builds(
    Place,
    _gaps,
    st.sampled_from(["a", "b", "c"]),
    st.sampled_from(Side),
    st.sampled_from(OrderType),
    _lots,
    _ticks,
    _ticks,
    st.sampled_from([TimeInForce.GTC, TimeInForce.GTC, TimeInForce.IOC, TimeInForce.FOK]),
    st.sampled_from([False, False, False, True]),
    st.sampled_from([False, False, False, True]),
)
cancels = st.builds(Cancel, _gaps, st.integers(0, 40))

flows = st.lists(
    st.one_of(places, places, quotes, prints, depths, bars, bars, fundings, cancels), min_size=5, max_size=60
)
bar_flows = st.lists(st.one_of(places, places, bars, bars, fundings, cancels), min_size=5, max_size=60)
"""Nothing but what a market of bars looks at."""

_resting = places.map(
    lambda step: step._replace(kind=OrderType.LIMIT, tif=TimeInForce.GTC, post_only=True, reduce_only=False)
)
_whole_prints = prints.map(lambda step: step._replace(lots=float(int(step.lots) + 1)))
passive_flows = st.lists(st.one_of(_resting, quotes, _whole_prints, _whole_prints), min_size=5, max_size=60)
"""Orders that only rest, and prints of whole lots."""

_fees: dict[str, Any] = {"maker_fee": amount("-0.0001"), "taker_fee": amount("0.0007")}

BAR_INSTRUMENTS = [
    instrument(MarketKind.BARS, **_fees),
    instrument(MarketKind.BARS, model_slippage=amount("0.001"), model_max_participation=None, **_fees),
    instrument(
        MarketKind.BARS, model_slippage=amount("0.002"), model_max_participation=amount("0.3"), **_fees
    ),
]

instruments = st.sampled_from(
    [
        instrument(MarketKind.NONE, **_fees),
        instrument(MarketKind.TOP, **_fees),
        instrument(MarketKind.TOP, model_slippage=amount("0.001"), model_slippage_levels=2, **_fees),
        instrument(MarketKind.TOP, model_queue_position=False, **_fees),
        instrument(MarketKind.DEPTH, **_fees),
        instrument(MarketKind.TRADES, **_fees),
        *BAR_INSTRUMENTS,
    ]
)
bar_instruments = st.sampled_from(BAR_INSTRUMENTS)

RICH = (rich("a"), rich("b"), rich("c"))
CASH = tuple(AccountSettings(account=name, balances={"USDT": amount(40)}) for name in "abc")


def new_engine(traded: Instrument, accounts: tuple[AccountSettings, ...] = RICH) -> MatchingEngine:
    return MatchingEngine([traded], EngineSettings(report_latency=5), accounts)


def order_of(step: Place, number: int) -> NewOrder:
    has_limit = step.kind in (OrderType.LIMIT, OrderType.STOP_LIMIT)
    has_stop = step.kind in (OrderType.STOP, OrderType.STOP_LIMIT)
    return NewOrder(
        step.account,
        f"o{number}",
        SYMBOL,
        step.side,
        step.kind,
        step.lots * LOT,
        step.limit * TICK if has_limit else None,
        step.stop * TICK if has_stop else None,
        step.tif,
        step.post_only and has_limit and step.tif is TimeInForce.GTC,
        step.reduce_only,
    )


def play(engine: MatchingEngine, step: Step, number: int, steps: list[Step]) -> None:
    """Hand one step of a flow to the engine, `gap` ns after the time it is at."""
    time = engine.now + step.gap
    if isinstance(step, Quote):
        ask = step.bid + step.spread
        engine.on_quote(SYMBOL, time, step.bid / 10, step.bid_lots / 100, ask / 10, step.ask_lots / 100)
    elif isinstance(step, Print):
        engine.on_trade(SYMBOL, time, step.ticks / 10, step.lots / 100, step.aggressor)
    elif isinstance(step, Depth):
        bids = [(ticks / 10, lots / 100) for ticks, lots in step.bids]
        asks = [(ticks / 10, lots / 100) for ticks, lots in step.asks]
        engine.on_depth(SYMBOL, time, bids, asks, step.snapshot)
    elif isinstance(step, Bar):
        high, low = max(step.open, step.close) + step.above, min(step.open, step.close) - step.below
        engine.on_bar(SYMBOL, time, step.open / 10, high / 10, low / 10, step.close / 10, step.lots / 100)
    elif isinstance(step, Funding):
        engine.on_funding(SYMBOL, time, step.rate * Decimal("0.0001"), step.mark * TICK)
    elif isinstance(step, Place):
        engine.submit(order_of(step, number), time)
    else:
        placed = [(index, each) for index, each in enumerate(steps[:number]) if isinstance(each, Place)]
        if placed:
            index, each = placed[step.which % len(placed)]
            engine.cancel(CancelRequest(each.account, f"o{index}"), time)


def play_all(engine: MatchingEngine, steps: list[Step]) -> None:
    for number, step in enumerate(steps):
        play(engine, step, number, steps)
    engine.advance(engine.now + 10)
