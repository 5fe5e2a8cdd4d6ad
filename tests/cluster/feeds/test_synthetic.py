"""The synthetic market: the same for ever, entered anywhere, and like a market."""

from __future__ import annotations

from decimal import Decimal
from functools import cache
from itertools import islice
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cluster.feeds.columns import Chunk, concatenate
from cluster.feeds.synthetic import MarketShape, SyntheticMarket
from messages.errors import DataProviderError
from messages.market import TickKind
from tests.cluster.feeds.recordings import START, same_rows

pytestmark = pytest.mark.unit

MINUTE = 60_000_000_000
HOUR = 60 * MINUTE


def market(seed: int = 7, symbol: str = "BTC-USDT", duration: int | None = 20 * MINUTE) -> SyntheticMarket:
    return SyntheticMarket(symbol, seed, START, duration)


def whole(feed: SyntheticMarket) -> Chunk:
    return concatenate(feed.symbol, list(feed.open()))


@cache
def six_hours() -> Chunk:
    return whole(market(duration=6 * HOUR))


def test_one_seed_and_symbol_give_one_market() -> None:
    assert same_rows(market().open(), market().open())


@pytest.mark.parametrize("other", [market(seed=8), market(symbol="ETH-USDT")])
def test_another_seed_or_symbol_gives_another_market(other: SyntheticMarket) -> None:
    assert not same_rows(market().open(), other.open())


def test_a_longer_market_begins_like_a_shorter_one() -> None:
    short = whole(market())
    assert same_rows([short], [six_hours().part(0, len(short))])


@settings(max_examples=25, deadline=None)
@given(st.floats(0, 1))
def test_resuming_at_any_position_equals_the_uninterrupted_run(share: float) -> None:
    whole_run = six_hours()
    position = int(share * len(whole_run))
    resumed = list(islice(market(duration=6 * HOUR).open(position), 3))
    rows = sum(map(len, resumed))
    assert rows > 8192 or position + rows == len(whole_run)
    assert same_rows(resumed, [whole_run.part(position, position + rows)])


def test_an_endless_market_can_be_entered_far_ahead_without_generating_what_is_before() -> None:
    feed = market(duration=None)
    assert feed.last_time is None
    far = 50_000_000
    chunk = next(feed.open(far))
    assert same_rows([next(market(duration=None).open(far))], [chunk])
    assert 1_000 < float(np.nanmin(chunk.v0)) < 10_000_000


def test_prices_run_on_across_chunks_and_blocks() -> None:
    block = 1024 * 256
    chunks = list(islice(market(duration=None).open(block - 4096), 2))
    before, after = (chunk.v0[chunk.kind == TickKind.QUOTE] for chunk in chunks)
    assert abs(after[0] / before[-1] - 1) < 0.001


def test_times_never_go_back_and_stay_within_the_duration() -> None:
    feed = market()
    rows = whole(feed)
    assert (rows.time[1:] >= rows.time[:-1]).all()
    assert rows.time[0] >= feed.first_time
    assert feed.last_time is not None
    assert rows.time[-1] <= feed.last_time == START + 20 * MINUTE - 1


def test_quotes_have_a_positive_spread_in_whole_ticks() -> None:
    quotes = six_hours().kind == TickKind.QUOTE
    ticks = (six_hours().v2[quotes] - six_hours().v0[quotes]) / 0.1
    assert np.allclose(ticks, np.rint(ticks), atol=1e-6)
    assert ticks.min() > 0.5
    assert len(set(np.rint(ticks).tolist())) >= 4
    assert all(Decimal(repr(price)) % Decimal("0.1") == 0 for price in six_hours().v0[quotes][:500].tolist())


def test_trades_hit_the_touch_of_the_quote_before_them_on_both_sides() -> None:
    rows = six_hours().part(0, 20_000)
    bid = ask = float("nan")
    sides = set()
    for kind, v0, v2 in zip(rows.kind.tolist(), rows.v0.tolist(), rows.v2.tolist(), strict=True):
        if kind == TickKind.QUOTE:
            bid, ask = v0, v2
            continue
        assert v0 == (ask if v2 > 0 else bid)
        sides.add(v2)
    assert sides == {1.0, -1.0}


def test_the_mix_and_the_rate_are_those_asked_for() -> None:
    trades = float((six_hours().kind == TickKind.TRADE).mean())
    quotes_per_second = (1 - trades) * len(six_hours()) / (6 * 3600)
    assert trades == pytest.approx(0.2, abs=0.01)
    assert quotes_per_second == pytest.approx(20.0, rel=0.02)


def test_volatility_is_near_what_was_asked_for_and_changes_with_the_regime() -> None:
    quotes = six_hours().kind == TickKind.QUOTE
    seconds = (six_hours().time[quotes] - START) // 1_000_000_000
    last = np.append(np.flatnonzero(np.diff(seconds)), quotes.sum() - 1)
    log_mid = np.log((six_hours().v0[quotes] + six_hours().v2[quotes]) / 2)[last]
    returns = np.diff(log_mid)
    assert 0.5e-4 < returns.std() < 2.5e-4
    by_minute = np.array([part.std() for part in np.array_split(returns, len(returns) // 60)])
    assert np.percentile(by_minute, 95) > 2 * np.percentile(by_minute, 10)


def test_the_venues_clock_is_ahead_by_the_offset_less_the_latency() -> None:
    shape = MarketShape(clock_offset_ns=1_000_000_000, latency_ns=5_000_000)
    rows = next(SyntheticMarket("X", 1, START, None, shape).open())
    assert float(np.median(rows.event_time - rows.time)) == pytest.approx(995_000_000, rel=0.01)


@pytest.mark.parametrize(
    ("field", "value"),
    [("tick", Decimal(0)), ("quotes_per_second", 0.0), ("trade_share", 1.0), ("volatility", -1.0)],
)
def test_a_shape_that_makes_no_market_is_refused(field: str, value: Any) -> None:
    with pytest.raises(DataProviderError, match=f"synthetic.{field}"):
        MarketShape(**{field: value})


def test_a_duration_or_position_that_makes_no_market_is_refused() -> None:
    with pytest.raises(DataProviderError, match=r"synthetic\.duration"):
        market(duration=0)
    with pytest.raises(DataProviderError, match=r"synthetic\.position"):
        market().open(-1)
    rows = market().rows
    assert rows == len(whole(market()))
    assert list(market().open(rows)) == []
    with pytest.raises(DataProviderError, match=r"synthetic\.position"):
        market().open(rows + 1)
