"""Whatever intents, fills, funding, marks, doubles and reorderings come, in whatever currencies: limits hold and the
books are exact."""

from __future__ import annotations

import random
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.risk.state import RiskState
from messages import codec
from messages.intents import Verdict
from messages.portfolio import IntentDecided
from tests.actors.risk.sessions import ANY_RATE, World, operation, run

pytestmark = pytest.mark.property

SEEDS = st.integers(0, 2**32)


@settings(max_examples=150, deadline=None)
@given(SEEDS)
def test_limits_hold_and_books_are_exact_whatever_happens(seed: int) -> None:
    world = run(seed)
    world.settle()
    world.check()
    assert world.state.reservations == {}
    assert world.state.submissions == {}
    assert all(not (book.buys or book.sells) for book in world.state.holdings.values())


@settings(max_examples=20, deadline=None)
@given(SEEDS)
def test_the_journal_alone_gives_the_same_state(seed: int) -> None:
    world = run(seed)
    packed = world.desk.packed()
    assert codec.pack(codec.to_plain(world.desk.replayed().state)) == packed
    stored = codec.from_plain(codec.unpack(packed), RiskState, where="state")
    assert codec.pack(codec.to_plain(stored)) == packed
    assert stored == world.state


@settings(max_examples=10, deadline=None)
@given(SEEDS)
def test_the_same_inputs_give_the_same_outputs(seed: int) -> None:
    first, second = run(seed), run(seed)
    assert first.desk.journal == second.desk.journal
    assert first.desk.sent == second.desk.sent


@settings(max_examples=20, deadline=None)
@given(SEEDS)
def test_the_order_in_which_fills_arrive_changes_neither_cash_nor_position(seed: int) -> None:
    worlds = []
    for shuffled in (False, True):
        draw = random.Random(seed)
        world = World(draw.choice(ANY_RATE))
        for _ in range(40):
            name, *arguments = operation(draw)
            if name in ("intend", "execute", "end", "fund"):
                getattr(world, name)(*arguments)
                world.take_orders()
        if shuffled:
            draw.shuffle(world.undelivered)
        world.settle()
        world.check()
        assert world.state.reservations == {}
        worlds.append(world)
    in_order, shuffled_world = worlds
    assert in_order.state.totals == shuffled_world.state.totals
    assert in_order.state.nav == shuffled_world.state.nav


def test_the_sessions_meet_what_they_are_to_test() -> None:
    seen: Counter[str] = Counter()
    for seed in range(120):
        world = run(seed)
        for event in world.desk.journal:
            seen[type(event).__name__] += 1
            if isinstance(event, IntentDecided):
                seen[event.verdict.value] += 1
                seen[event.reason.value] += 1
                seen["reducing"] += event.verdict is not Verdict.REJECTED and not event.increases_exposure
    expected = (
        "approved resized rejected reducing symbol_cap max_gross_nav_pct max_order_notional min_notional "
        "max_open_orders kill_switch mode_reduce below_min_after_caps FillBooked FinalFillsAwaited "
        "FundingBooked RatesTaken ReservationReleased ModeDecided DailyLossBreached DrawdownBreached LimitBreached "
        "FlattenTried FlattenEnded"
    )
    assert [name for name in expected.split() if seen[name] < 2] == []
