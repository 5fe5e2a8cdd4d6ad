"""The books, whatever fills, fees, funding, transfers, corrections, conversions, rates and restarts come: exact.

cash + positions = deposits + profit - costs, to the last digit, by average cost and by lots; what was told twice or in
another order changes nothing; a state by its snapshot and what came since is that of the whole journal.
"""

from __future__ import annotations

import random
from collections import Counter
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.risk.books.entries import Entry, Ledger
from actors.risk.books.figures import figures
from actors.risk.books.statement import statement
from actors.risk.exposure import recompute
from actors.risk.state import StrategyHolding
from messages import codec
from tests.actors.risk.ledger_world import LISTINGS, TRADED, World, act, key

pytestmark = pytest.mark.property

SEEDS = st.integers(0, 2**32)


def require_exact(world: World) -> None:
    """Every figure of the books is the world's own, and the identity holds both ways."""
    state = world.state
    balances = state.accounts["paper"].balances
    for currency, amount in world.balances.items():
        assert Fraction(balances.get(currency, 0)) == amount, currency
    assert recompute(state, "USDT") == (state.holdings, state.totals)
    for symbol, count in world.counts.items():
        holding = state.holdings.get(key(symbol))
        if holding is None:
            assert (count.units, count.profit, count.fees, count.funding) == (0, 0, 0, 0)
            continue
        assert Fraction(holding.position) == count.units
        assert (Fraction(holding.fees), Fraction(holding.funding)) == (count.fees, count.funding)
        assert Fraction(holding.fifo) == count.profit, symbol
        assert [Fraction(lot.quantity) for lot in holding.lots] == [units for units, _ in count.lots]
        assert [Fraction(lot.value) for lot in holding.lots] == [units * each for units, each in count.lots]
    found = figures(state)
    assert found.nav is not None
    assert found.unrealised is not None
    assert found.unrealised_fifo is not None
    assert Fraction(found.nav) == world.worth()
    assert (Fraction(found.deposits), Fraction(found.revalued)) == (world.deposits, world.revalued)
    common = found.deposits + found.revalued - found.fees + found.funding
    assert found.nav == common + found.realised + found.unrealised
    assert found.nav == common + found.fifo + found.unrealised_fifo
    told = statement(state)
    for bridge in (told.average, told.fifo):
        assert bridge is None or bridge.difference == 0


def require_owned(world: World) -> None:
    """What strategies and nobody hold of a listing is what the account holds."""
    for symbol in TRADED:
        holding = world.state.holdings.get(key(symbol))
        owned: list[StrategyHolding] = [
            each for each in world.state.strategies.values() if each.symbol == symbol
        ]
        if holding is not None:
            assert sum(each.position for each in owned) == holding.position
            assert sum(each.fees for each in owned) == holding.fees


def require_entries(world: World) -> list[Entry]:
    """Double entries: all sound, and their accounts show balances and units."""
    ledger = Ledger()
    entries = [entry for event in world.desk.journal for entry in ledger.post(event)]
    assert all(entry.unbalanced() == {} for entry in entries)
    assert set(ledger.trial_balance().values()) <= {0}
    for currency, amount in world.balances.items():
        assert Fraction(ledger.shown("cash/paper", currency)) == amount
    for symbol in TRADED:
        assert Fraction(ledger.shown(f"position/paper/{symbol}", symbol)) == world.counts[symbol].units
    return entries


def run(seed: int, most: int = 60) -> World:
    """A stretch of the account's life, everything checked after each thing that happens."""
    draw = random.Random(seed)
    world = World(marked=draw.random() < 0.6)
    for _ in range(draw.randint(8, most)):
        act(world, draw)
        require_exact(world)
    return world


@settings(max_examples=100, deadline=None)
@given(SEEDS)
def test_cash_and_positions_are_deposits_and_profit_less_costs_at_every_moment(seed: int) -> None:
    world = run(seed)
    require_owned(world)
    require_entries(world)


@settings(max_examples=40, deadline=None)
@given(SEEDS)
def test_once_flat_lots_and_average_cost_have_made_the_same(seed: int) -> None:
    world = run(seed, 40)
    world.settle()
    require_exact(world)
    for symbol in TRADED:
        holding = world.state.holdings.get(key(symbol))
        if holding is not None:
            assert (holding.position, holding.cost, holding.lots) == (0, 0, [])
            assert holding.realised == holding.fifo
            assert Fraction(holding.realised) == -world.counts[symbol].paid
    found = figures(world.state)
    assert (found.unrealised, found.unrealised_fifo) == (0, 0)
    assert found.realised == found.fifo


@settings(max_examples=40, deadline=None)
@given(SEEDS)
def test_a_snapshot_and_what_came_since_give_what_the_whole_journal_gives(seed: int) -> None:
    world = run(seed, 40)
    packed = world.desk.packed()
    assert codec.pack(codec.to_plain(world.desk.replayed().state)) == packed
    assert codec.pack(codec.to_plain(world.from_snapshot().state)) == packed


@settings(max_examples=30, deadline=None)
@given(SEEDS)
def test_entries_read_piece_by_piece_and_again_are_those_of_the_whole(seed: int) -> None:
    world = run(seed, 40)
    whole, draw = require_entries(world), random.Random(seed)
    ledger = Ledger()
    pieces: list[Entry] = []
    at = 0
    while at < len(world.desk.journal):
        back, upto = max(0, at - draw.randint(0, 9)), at + draw.randint(1, 9)
        pieces += [entry for event in world.desk.journal[back:upto] for entry in ledger.post(event)]
        at = upto
    assert pieces == whole


@settings(max_examples=40, deadline=None)
@given(SEEDS)
def test_the_order_of_news_changes_nothing_that_is_not_a_matter_of_order(seed: int) -> None:
    """Fixed rates, so that each counts the same whenever it comes; which lot was closed first is a matter of order."""
    worlds = []
    for shuffled in (False, True):
        draw = random.Random(seed)
        world = World(marked=False)
        while len(world.waiting) < 25:
            act(world, draw, ("fill", "funding", "transfer"))
        if shuffled:
            draw.shuffle(world.waiting)
        while world.waiting:
            world.deliver(0)
        require_exact(world)
        worlds.append(world)
    one, other = (world.state for world in worlds)
    assert one.accounts["paper"].balances == other.accounts["paper"].balances
    assert (one.totals.cash, one.totals.value, one.nav) == (other.totals.cash, other.totals.value, other.nav)
    assert (one.deposits, one.revalued) == (other.deposits, other.revalued)
    for world in worlds:
        world.settle()
        require_exact(world)
    made = [
        {
            symbol: (each.realised, each.fifo, each.fees, each.funding)
            for symbol in LISTINGS
            if (each := world.state.holdings.get(key(symbol))) is not None
        }
        for world in worlds
    ]
    assert made[0] == made[1]


def test_the_worlds_meet_what_they_are_to_test() -> None:
    seen: Counter[str] = Counter()
    for seed in range(60):
        draw = random.Random(seed)
        world = World(marked=draw.random() < 0.6)
        for _ in range(60):
            seen[act(world, draw)] += 1
        for event in world.desk.journal:
            seen[type(event).__name__] += 1
        seen["closed lots"] += sum(bool(getattr(event, "closed", ())) for event in world.desk.journal)
        seen["exchanged"] += sum(
            getattr(event, "exchanged", None) is not None for event in world.desk.journal
        )
    expected = (
        "fill deliver repeat mark rate funding transfer correction restart restart_from_snapshot night FillBooked "
        "FundingBooked TransferBooked RatesTaken DayStarted"
    )
    assert [name for name in [*expected.split(), "closed lots", "exchanged"] if seen[name] < 20] == []
