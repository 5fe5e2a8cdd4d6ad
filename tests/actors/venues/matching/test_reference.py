"""The engine against an independent naive matcher, trade by trade, on random flows."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.venues.matching.events import OrderFilled
from actors.venues.matching.instruments import MarketKind
from messages.intents import OrderType
from tests.actors.venues.matching.builders import instrument
from tests.actors.venues.matching.flows import (
    LOT,
    TICK,
    Cancel,
    Place,
    Print,
    Quote,
    Step,
    cancels,
    new_engine,
    order_of,
    places,
    play,
    prints,
    quotes,
)
from tests.actors.venues.matching.naive import NaiveMatcher, Trade

pytestmark = pytest.mark.property

_plain_orders = places.map(
    lambda step: step._replace(
        kind=OrderType.MARKET if step.kind is OrderType.MARKET else OrderType.LIMIT, reduce_only=False
    )
)
_whole_prints = prints.map(lambda step: step._replace(lots=float(int(step.lots) + 1)))
_flows = st.lists(
    st.one_of(_plain_orders, _plain_orders, quotes, _whole_prints, cancels), min_size=10, max_size=80
)


@pytest.mark.parametrize("kind", [MarketKind.NONE, MarketKind.TOP])
@given(steps=_flows)
@settings(max_examples=300, deadline=None)
def test_every_trade_is_the_naive_matchers(kind: MarketKind, steps: list[Step]) -> None:
    engine = new_engine(instrument(kind, model_queue_position=False))
    naive = NaiveMatcher(has_outside=kind is not MarketKind.NONE)
    for number, step in enumerate(steps):
        play(engine, step, number, steps)
        engine.advance(engine.now + step.gap)
        _play_naive(naive, step, number, steps)
        found = [
            (event.client_order_id, event.price, event.quantity)
            for event in engine.drain()
            if isinstance(event, OrderFilled)
        ]
        assert _merged(found) == _merged(naive.trades)
        naive.trades.clear()
    alive = {order.client_order_id for name in "abc" for order in engine.open_orders(name)}
    assert alive == {each.name for each in naive.resting}


def _play_naive(naive: NaiveMatcher, step: Step, number: int, steps: list[Step]) -> None:
    if isinstance(step, Quote):
        ask = (step.bid + step.spread) * TICK
        naive.quote(step.bid * TICK, step.bid_lots * LOT, ask, step.ask_lots * LOT)
    elif isinstance(step, Print):
        naive.print(step.ticks * TICK, int(step.lots) * LOT, step.aggressor)
    elif isinstance(step, Place):
        naive.place(order_of(step, number))
    elif isinstance(step, Cancel):
        placed = [index for index, each in enumerate(steps[:number]) if isinstance(each, Place)]
        if placed:
            naive.cancel(f"o{placed[step.which % len(placed)]}")


def _merged(trades: list[Trade]) -> dict[tuple[str, Decimal], Decimal]:
    """Quantities by order and price."""
    total: dict[tuple[str, Decimal], Decimal] = defaultdict(Decimal)
    for name, price, quantity in trades:
        total[name, price] += quantity
    return dict(total)
