"""What holds for every flow of orders and market data, whatever the market."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal
from itertools import pairwise
from math import inf, isnan

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.venues.matching.book import Book
from actors.venues.matching.engine import MatchingEngine
from actors.venues.matching.events import (
    Event,
    FundingPaid,
    OrderAccepted,
    OrderCancelled,
    OrderEvent,
    OrderExpired,
    OrderFilled,
    OrderRejected,
)
from actors.venues.matching.instruments import AccountSettings, Instrument, MarketKind
from actors.venues.matching.orders import CancelRequest
from messages.intents import Side
from tests.actors.venues.matching.builders import SYMBOL, instrument
from tests.actors.venues.matching.flows import (
    CASH,
    LOT,
    RICH,
    TICK,
    Bar,
    Cancel,
    Funding,
    Place,
    Print,
    Step,
    bar_flows,
    bar_instruments,
    flows,
    instruments,
    new_engine,
    order_of,
    passive_flows,
    play,
    play_all,
)

pytestmark = pytest.mark.property

ZERO = Decimal(0)


def of_orders(events: list[Event]) -> list[OrderEvent]:
    return [event for event in events if isinstance(event, OrderEvent)]


def run(
    traded: Instrument, steps: list[Step], accounts: tuple[AccountSettings, ...] = RICH
) -> MatchingEngine:
    engine = new_engine(traded, accounts)
    play_all(engine, steps)
    return engine


@given(instruments, flows, st.sampled_from([RICH, CASH]))
@settings(max_examples=150, deadline=None)
def test_cash_and_positions_are_the_sum_of_fills_and_funding(
    traded: Instrument, steps: list[Step], accounts: tuple[AccountSettings, ...]
) -> None:
    engine = run(traded, steps, accounts)
    payments: dict[str, int] = defaultdict(int)
    cash = {each.account: each.balances["USDT"] for each in accounts}
    held: dict[str, Decimal] = defaultdict(lambda: ZERO)
    for event in engine.drain():
        if isinstance(event, OrderFilled):
            sign = 1 if event.side is Side.BUY else -1
            held[event.account] += sign * event.quantity
            cash[event.account] -= sign * event.quantity * event.price + event.fee
        elif isinstance(event, FundingPaid):
            payments[event.account] += 1
            assert event.payment == payments[event.account]
            assert event.position == held[event.account] != 0
            assert event.amount * event.rate * event.position <= 0
            assert abs(event.amount + event.position * event.mark_price * event.rate) <= Decimal("5e-9")
            cash[event.account] += event.amount
    for name, balance in cash.items():
        view = engine.account(name)
        assert view.balances["USDT"] == balance
        assert (view.positions[SYMBOL].quantity if SYMBOL in view.positions else ZERO) == held[name]


@given(instruments, flows)
@settings(max_examples=150, deadline=None)
def test_no_order_is_filled_beyond_its_quantity_or_after_its_end(
    traded: Instrument, steps: list[Step]
) -> None:
    engine = run(traded, steps)
    quantities = {f"o{n}": step.lots * LOT for n, step in enumerate(steps) if isinstance(step, Place)}
    filled: dict[str, Decimal] = defaultdict(lambda: ZERO)
    accepted: set[str] = set()
    ended: set[str] = set()
    for event in of_orders(engine.drain()):
        name = event.client_order_id
        if isinstance(event, OrderFilled):
            assert name in accepted
            assert name not in ended
            filled[name] += event.quantity
            assert event.cumulative == filled[name]
            assert event.cumulative + event.leaves == quantities[name]
            assert event.leaves >= 0
            if event.leaves == 0:
                ended.add(name)
        elif isinstance(event, OrderAccepted):
            assert name not in accepted
            accepted.add(name)
        elif isinstance(event, OrderCancelled | OrderExpired):
            assert name not in ended
            assert event.cumulative == filled[name] < quantities[name]
            ended.add(name)
        elif isinstance(event, OrderRejected):
            assert name not in accepted
    alive = {order.client_order_id for each in RICH for order in engine.open_orders(each.account)}
    assert alive == accepted - ended


@given(instruments, flows)
@settings(max_examples=100, deadline=None)
def test_no_fill_is_worse_than_the_limit_and_no_account_trades_with_itself(
    traded: Instrument, steps: list[Step]
) -> None:
    engine = run(traded, steps)
    orders = {f"o{n}": order_of(step, n) for n, step in enumerate(steps) if isinstance(step, Place)}
    events = engine.drain()
    for event in events:
        if (
            isinstance(event, OrderFilled)
            and (limit := orders[event.client_order_id].limit_price) is not None
        ):
            assert event.price <= limit if event.side is Side.BUY else event.price >= limit
    if traded.market.kind is MarketKind.BARS:
        return  # there all fills are the bar's
    for taker, maker in pairwise(events):
        if isinstance(taker, OrderFilled) and isinstance(maker, OrderFilled):
            is_trade = (taker.liquidity, maker.liquidity) == (
                "taker",
                "maker",
            ) and taker.side is not maker.side
            assert not (is_trade and taker.account == maker.account)


@given(instruments.filter(lambda each: each.market.kind is not MarketKind.BARS), flows)
@settings(max_examples=100, deadline=None)
def test_the_accounts_orders_never_stand_crossed(traded: Instrument, steps: list[Step]) -> None:
    engine = new_engine(traded)
    for number, step in enumerate(steps):
        play(engine, step, number, steps)
        resting = [
            order
            for each in RICH
            for order in engine.open_orders(each.account)
            if order.limit_price is not None and (order.stop_price is None or order.triggered)
        ]
        bids = [order.limit_price for order in resting if order.side is Side.BUY and order.limit_price]
        asks = [order.limit_price for order in resting if order.side is Side.SELL and order.limit_price]
        assert not bids or not asks or max(bids) < min(asks)


@given(instruments, flows)
@settings(max_examples=100, deadline=None)
def test_sequences_have_no_gap_and_time_never_goes_back(traded: Instrument, steps: list[Step]) -> None:
    events = of_orders(run(traded, steps).drain())
    counts: dict[str, int] = defaultdict(int)
    ids = [event.fill_id for event in events if isinstance(event, OrderFilled)]
    assert len(ids) == len(set(ids))
    last = 0
    for event in events:
        counts[event.account] += 1
        assert event.sequence == counts[event.account]
        assert event.report_time == event.time + 5
        assert event.time >= last
        last = event.time


@given(st.booleans(), passive_flows)
@settings(max_examples=150, deadline=None)
def test_a_print_fills_passive_orders_up_to_its_size(has_queue: bool, steps: list[Step]) -> None:
    engine = new_engine(instrument(model_queue_position=has_queue))
    for number, step in enumerate(steps):
        engine.advance(engine.now + step.gap)
        engine.drain()
        play(engine, step, number, steps)
        if isinstance(step, Print):
            filled = sum(event.quantity for event in engine.drain() if isinstance(event, OrderFilled))
            assert filled <= Decimal(step.lots) * LOT


@given(instruments, flows)
@settings(max_examples=100, deadline=None)
def test_when_everything_is_cancelled_nothing_is_held_any_more(traded: Instrument, steps: list[Step]) -> None:
    engine = run(traded, steps)
    for each in RICH:
        for order in engine.open_orders(each.account):
            engine.cancel(CancelRequest(order.account, order.client_order_id), engine.now)
    engine.advance(engine.now)
    for state in engine.snapshot().accounts:
        assert all(value == 0 for value in state.reserved.values())
        for held in state.holdings.values():
            held_open = (held.open_buy_lots, held.open_buy_value, held.open_sell_lots, held.open_sell_value)
            assert (*held_open, held.bounded) == (0, 0, 0, 0, 0)
    assert all(not book.orders for book in engine.snapshot().books)


@given(instruments, flows)
@settings(max_examples=150, deadline=None)
def test_a_cash_account_is_never_short(traded: Instrument, steps: list[Step]) -> None:
    engine = new_engine(traded, CASH)
    for number, step in enumerate(steps):
        play(engine, step, number, steps)
        for each in CASH:
            positions = engine.account(each.account).positions
            assert all(held.quantity > 0 for held in positions.values())


@given(instruments, flows)
@settings(max_examples=50, deadline=None)
def test_the_same_inputs_give_the_same_events(traded: Instrument, steps: list[Step]) -> None:
    assert run(traded, steps).drain() == run(traded, steps).drain()


@given(instruments, flows, st.randoms(use_true_random=False))
@settings(max_examples=100, deadline=None)
def test_the_order_in_which_commands_are_handed_in_means_nothing(
    traded: Instrument, steps: list[Step], random: st.DrawFn
) -> None:
    results = []
    for shuffled in (False, True):
        engine = new_engine(traded)
        commands: list[tuple[int, Step, int]] = []
        clock = 0
        for number, step in enumerate(steps):
            clock += step.gap
            if isinstance(step, Place | Cancel):
                commands.append((clock + 1 + number % 3, step, number))
        if shuffled:
            random.shuffle(commands)  # type: ignore[attr-defined]
        for time, step, number in commands:
            if isinstance(step, Place):
                engine.submit(order_of(step, number), time)
            elif isinstance(step, Cancel) and isinstance(placed := steps[step.which % len(steps)], Place):
                engine.cancel(CancelRequest(placed.account, f"o{step.which % len(steps)}"), time)
        for number, step in enumerate(steps):
            if not isinstance(step, Place | Cancel):
                play(engine, step, number, steps)
        engine.advance(clock + 10)
        results.append(engine.drain())
    assert results[0] == results[1]


@given(instruments, flows)
@settings(max_examples=100, deadline=None)
def test_what_is_skipped_as_quiet_would_have_changed_nothing(traded: Instrument, steps: list[Step]) -> None:
    quick = run(traded, steps)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Book, "measure_quiet", lambda _: (inf, -inf))
        thorough = run(traded, steps)
    assert quick.drain() == thorough.drain()
    assert quick.snapshot().accounts == thorough.snapshot().accounts


@given(bar_instruments, bar_flows, st.sampled_from([RICH, CASH]))
@settings(max_examples=150, deadline=None)
def test_a_bar_fills_only_what_was_there_before_it_and_what_its_prices_and_volume_allow(
    traded: Instrument, steps: list[Step], accounts: tuple[AccountSettings, ...]
) -> None:
    engine = new_engine(traded, accounts)
    orders = {f"o{n}": order_of(step, n) for n, step in enumerate(steps) if isinstance(step, Place)}
    model = traded.market
    for number, step in enumerate(steps):
        engine.advance(engine.now)
        engine.drain()
        play(engine, step, number, steps)
        filled = [event for event in engine.drain() if isinstance(event, OrderFilled)]
        if not isinstance(step, Bar):
            assert filled == []
            continue
        high, low = max(step.open, step.close) + step.above, min(step.open, step.close) - step.below
        volume = ZERO if isnan(step.lots) else Decimal(step.lots) * LOT
        if model.max_participation is not None:
            assert sum(event.quantity for event in filled) <= volume * model.max_participation
        for event in filled:
            sign = 1 if event.side is Side.BUY else -1
            order, ticks = orders[event.client_order_id], int(event.price / TICK)
            if event.liquidity == "maker":
                extreme = low if sign > 0 else high
                assert volume > 0
                assert order.limit_price is not None
                assert sign * extreme <= sign * order.limit_price / TICK - 1
            elif order.limit_price is None:
                assert sign * ticks >= sign * step.open


@given(bar_instruments, bar_flows)
@settings(max_examples=100, deadline=None)
def test_a_cash_account_does_not_spend_what_it_does_not_have_by_bars(
    traded: Instrument, steps: list[Step]
) -> None:
    engine = new_engine(traded, CASH)
    for number, step in enumerate(steps):
        if not isinstance(step, Funding):
            play(engine, step, number, steps)
        assert all(engine.account(name).balances["USDT"] >= 0 for name in "abc")
