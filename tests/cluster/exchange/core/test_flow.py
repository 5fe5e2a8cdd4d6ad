"""The seeded market: a function of seed, listing and time, that looks like a market."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pytest

from cluster.exchange.core import default_listings
from cluster.exchange.core.flow import FlowMarket
from cluster.exchange.core.market import Step
from cluster.exchange.core.noise import key_of, normal, uniform
from cluster.exchange.core.path import ANCHOR, MINUTE_LEVEL, Path
from messages.errors import ConfigurationError
from tests.cluster.exchange.core.lab import SECOND, START

pytestmark = pytest.mark.unit


def market(count: int = 3, seed: int = 1) -> FlowMarket:
    return FlowMarket(default_listings(count), seed, 20.0, 20)


def steps(source: FlowMarket, until: int) -> list[Step]:
    found = []
    while (source.next_time or until) < until:
        found.append(source.pop())
    return found


def followed(snapshots: list[Step], changes: list[Step]) -> dict[str, tuple[dict[int, int], dict[int, int]]]:
    """The books that a follower has."""
    books = {step.listing: (dict(step.bids), dict(step.asks)) for step in snapshots}
    for step in changes:
        for side, levels in zip(books[step.listing], (step.bids, step.asks), strict=True):
            side.update(levels)
            for ticks, lots in levels:
                if not lots:
                    del side[ticks]
    return books


@pytest.mark.parametrize("after_ms", [1, 700, 6_400, 33_333])
def test_the_market_can_be_entered_at_any_time(after_ms: int):
    entered_at = START + after_ms * 1_000_000
    first, second = market(), market()
    snapshots = first.enter(START)
    before = steps(first, entered_at + 1)
    assert followed(snapshots, before) == followed(second.enter(entered_at), [])
    end = entered_at + 3 * SECOND
    assert steps(first, end) == steps(second, end)


def test_seeds_and_listings_have_markets_of_their_own():
    one, other = market(seed=1).enter(START), market(seed=2).enter(START)
    assert [step.bids for step in one] != [step.bids for step in other]
    assert market(3).enter(START) == market(12).enter(START)[:3]


def test_a_book_looks_like_one_at_every_step():
    source = market(12)
    books = followed(source.enter(START), [])
    times = []
    for step in steps(source, START + 30 * SECOND):
        times.append(step.time)
        bids, asks = books[step.listing]
        for print_ in step.prints:
            # trades are at the best price that there was
            side, best = (bids, max) if print_.aggressor < 0 else (asks, min)
            assert print_.ticks == best(side)
            assert 0 < print_.lots <= side[print_.ticks]
        for side, levels in ((bids, step.bids), (asks, step.asks)):
            for ticks, lots in levels:
                assert side.get(ticks, 0) != lots
                side[ticks] = lots
                if not lots:
                    del side[ticks]
        assert 0 < max(bids) < min(asks)
        assert 8 <= len(bids) <= 20
        assert 8 <= len(asks) <= 20
    assert times == sorted(times)
    assert 12 * 30 * 20 * 0.98 < len(times) < 12 * 30 * 20 * 1.02


def test_the_market_moves_and_trades_and_its_listings_move_together():
    source = market(6)
    source.enter(START)
    prices: dict[str, list[float]] = {name: [] for name in source.flows}
    count = 0
    for second in range(1, 401, 10):
        found = steps(source, START + second * SECOND)
        count += sum(len(step.prints) for step in found)
        for name, series in prices.items():
            fair = source.fair(name)
            assert fair is not None
            assert abs(fair.mark / fair.index_price - 1) < 0.001
            assert abs(fair.funding_rate) <= 0.0075
            series.append(fair.index_price)
    assert 2 < count / 400 / 6 < 10
    returns = np.diff(np.log(np.array(list(prices.values()))), axis=1)
    deviations = returns.std(axis=1) / 10**0.5
    assert ((deviations > 2e-5) & (deviations < 5e-4)).all()
    correlations = np.corrcoef(returns)[np.triu_indices(6, 1)]
    assert 0.1 < correlations.mean() < 0.9


def test_a_coarse_stretch_of_a_path_agrees_with_a_fine_one():
    path = Path(1e-4, 1, "x")
    first = START // (ANCHOR >> MINUTE_LEVEL)
    coarse = path.knots(MINUTE_LEVEL, first, 20)
    fine = path.knots(MINUTE_LEVEL + 4, first * 16, 19 * 16 + 1)
    assert np.array_equal(coarse, fine[::16])
    shifted = path.knots(MINUTE_LEVEL, first + 7, 5)
    assert np.array_equal(shifted, coarse[7:12])
    times = np.array([START - 1_000_000_007, START, START + 123_456_789, START + 55 * SECOND])
    assert np.allclose(path.at(times), [path.at(times[i : i + 1])[0] for i in range(4)], rtol=0, atol=1e-12)


def test_paths_have_the_deviation_they_are_given():
    minute = ANCHOR >> MINUTE_LEVEL
    found = []
    for seed in range(40):
        values = Path(1e-4, seed).knots(MINUTE_LEVEL + 6, START // minute * 64, 20_000)
        found.append(np.diff(values).std() / (minute / 64 / SECOND) ** 0.5)
    # spells of 0.45 to 2.4 times the base: 1.17 on the (square) average
    assert 0.9e-4 < np.mean(found) < 1.4e-4


def test_noise_is_uniform_and_normal_and_the_same_for_the_same_index():
    index = np.arange(20_000, dtype=np.int64)
    key = key_of(1, "x")
    assert abs(uniform(key, index).mean() - 0.5) < 0.01
    drawn = normal(key, index)
    assert abs(drawn.mean()) < 0.03
    assert abs(drawn.std() - 1) < 0.03
    assert np.array_equal(normal(key, index[50:60]), drawn[50:60])
    assert abs(np.corrcoef(normal(key, index, index * 0 + 1), drawn)[0, 1]) < 0.03


def test_default_listings_have_names_of_their_own_and_ticks_that_suit_their_prices():
    listings = default_listings(200)
    assert len({rules.listing for rules in listings}) == 200
    assert listings[0].listing == "BTCUSDT"
    books = FlowMarket(listings, 1, 20.0, 20).enter(START)
    for rules, step in zip(listings, books, strict=True):
        bid, ask = max(step.bids)[0], min(step.asks)[0]
        assert 1 <= ask - bid < 60
        assert Decimal("1e-7") < Decimal(1) / bid < Decimal("0.001")
        value = dict(step.bids)[bid] * rules.lot * bid * rules.tick
        assert 100 < value < 1_000_000
    with pytest.raises(ConfigurationError):
        default_listings(0)
