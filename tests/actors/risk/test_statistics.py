"""Samples of returns, what is computed of them and what one more order makes of it, by the plainest arithmetic."""

from __future__ import annotations

import math
import random
from decimal import Decimal
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.risk.covariance import Covariance
from actors.risk.samples import GREATEST, MISSING, UNIT, ReturnSamples, is_due, keep, sample
from actors.risk.state import Holding, KnownMark, RiskState
from actors.risk.statistics_settings import MINUTE, StatisticsSettings
from actors.risk.var import MONEY, Z99, PortfolioStatistics

pytestmark = pytest.mark.unit

CHOSEN = StatisticsSettings(lookback=60, halflife=20, min_samples=10, tail_samples=40)
NAMES = ("BTC-USDT", "ETH-USDT", "SOL-USDT", "XRP-USDT")


def walked(count: int, seed: int = 1, lookback: int = 60) -> ReturnSamples:
    """Samples of four symbols: the first two move together, the third against them, the fourth by itself."""
    chance, samples = random.Random(seed), ReturnSamples()
    mids = dict.fromkeys(NAMES, 100.0)
    for row in range(count):
        common = chance.gauss(0, 0.002)
        moves = (common, 0.9 * common + chance.gauss(0, 0.0005), -common, chance.gauss(0, 0.001))
        for name, move in zip(NAMES, moves, strict=True):
            mids[name] *= math.exp(move)
        event = sample(samples, mids, MINUTE, lookback, (row + 1) * MINUTE)
        keep(samples, event, mids)
    return samples


def column(samples: ReturnSamples, symbol: str) -> list[int]:
    return np.frombuffer(samples.columns[symbol], dtype="<i4").tolist()


# --- samples --------------------------------------------------------------------------------------------------


def test_a_return_is_the_log_of_two_mids_in_millionths() -> None:
    samples = ReturnSamples()
    keep(samples, sample(samples, {"A-B": 100.0}, MINUTE, 5, MINUTE), {"A-B": 100.0})
    keep(samples, sample(samples, {"A-B": 101.0}, MINUTE, 5, 2 * MINUTE), {"A-B": 101.0})
    assert column(samples, "A-B") == [round(math.log(1.01) * UNIT)]


def test_a_symbol_without_a_mark_misses_a_sample_and_its_next_return_spans_both() -> None:
    samples = ReturnSamples()
    for minute, mid in enumerate((100.0, 101.0, None, 103.0), 1):
        mids = {} if mid is None else {"A-B": mid}
        keep(samples, sample(samples, mids, MINUTE, 5, minute * MINUTE), mids)
    assert column(samples, "A-B") == [9950, MISSING, round(math.log(103 / 101) * UNIT)]


def test_only_the_latest_samples_are_kept_and_a_symbol_that_left_is_forgotten() -> None:
    samples = ReturnSamples()
    for minute in range(1, 9):
        mids = {"A-B": 100.0 + minute, **({"C-B": 10.0 + minute} if minute < 4 else {})}
        keep(samples, sample(samples, mids, MINUTE, 4, minute * MINUTE), mids)
    assert len(column(samples, "A-B")) == 4
    assert "C-B" not in samples.columns


def test_after_a_gap_prices_begin_anew() -> None:
    samples = ReturnSamples()
    for minute, mid in ((1, 100.0), (2, 101.0), (60, 150.0), (61, 150.0)):
        event = sample(samples, {"A-B": mid}, MINUTE, 5, minute * MINUTE)
        assert event.restarted is (minute in (1, 60)) or minute == 1
        keep(samples, event, {"A-B": mid})
    assert column(samples, "A-B") == [9950, MISSING, 0]


def test_samples_are_due_once_in_each_spacing() -> None:
    samples = ReturnSamples(taken_at=5 * MINUTE + 30)
    assert not is_due(samples, MINUTE, 6 * MINUTE - 1)
    assert is_due(samples, MINUTE, 6 * MINUTE)


def test_a_wild_return_is_cut() -> None:
    samples = ReturnSamples(taken_at=MINUTE, mids={"A-B": 1.0})
    assert sample(samples, {"A-B": 1e9}, MINUTE, 5, 2 * MINUTE).returns == {"A-B": GREATEST}


# --- what is computed of them -----------------------------------------------------------------------------------


def test_variances_are_the_weighted_mean_squares() -> None:
    samples = walked(80)
    made = Covariance(samples, CHOSEN)
    moved = np.array(column(samples, "BTC-USDT"), dtype=float)
    weights = 0.5 ** (np.arange(len(moved))[::-1] / 20)
    weights /= weights.sum()
    assert made.variances[made.index["BTC-USDT"]] == pytest.approx((weights * moved**2).sum(), rel=1e-6)


def test_a_symbol_that_came_late_has_the_variance_of_its_own_samples() -> None:
    samples = walked(80)
    short = samples.columns["XRP-USDT"][-4 * 15 :]
    alone = Covariance(ReturnSamples(columns={"XRP-USDT": short}), CHOSEN)
    samples.columns["XRP-USDT"] = short
    beside = Covariance(samples, CHOSEN)
    assert beside.variances[beside.index["XRP-USDT"]] == pytest.approx(alone.variances[0], rel=1e-3)


def test_symbols_that_move_together_or_against_each_other_are_correlated() -> None:
    made = Covariance(walked(80), CHOSEN)
    together = made.correlated(0.7)
    row = {name: together[made.index["BTC-USDT"], made.index[name]] for name in NAMES}
    assert row == {"BTC-USDT": True, "ETH-USDT": True, "SOL-USDT": True, "XRP-USDT": False}
    assert made.correlation("BTC-USDT", "SOL-USDT") == pytest.approx(-1.0, abs=1e-3)


def test_a_symbol_with_too_few_samples_is_taken_to_move_with_all() -> None:
    samples = walked(80)
    samples.columns["XRP-USDT"] = samples.columns["XRP-USDT"][-4 * 5 :]
    made = Covariance(samples, CHOSEN)
    assert made.known[made.index["XRP-USDT"]] is False
    assert made.correlated(0.7)[made.index["BTC-USDT"], made.index["XRP-USDT"]]


def test_the_tail_is_the_mean_of_the_worst_twentieth() -> None:
    moves = [-30_000, -10_000, *([0] * 36), 20_000, 50_000]
    samples = ReturnSamples(columns={"A-B": np.array(moves, dtype="<i4").tobytes()})
    made = Covariance(samples, CHOSEN)
    assert made.tail("A-B", rising=False) == pytest.approx(1 - (math.exp(-0.03) + math.exp(-0.01)) / 2)
    assert made.tail("A-B", rising=True) == pytest.approx((math.exp(0.05) + math.exp(0.02)) / 2 - 1)


@pytest.mark.parametrize(("since", "is_known"), [(40, False), (35, False), (30, True)])
def test_the_tail_of_a_symbol_that_was_long_not_marked_is_not_known(since: int, is_known: bool) -> None:
    """Enough samples in all, but fewer than it takes among those that the tail looks back on."""
    samples = walked(60)
    columns = np.frombuffer(samples.columns["XRP-USDT"], dtype="<i4").copy()
    columns[-since:] = MISSING
    samples.columns["XRP-USDT"] = columns.tobytes()
    made = Covariance(samples, CHOSEN)
    assert made.known[made.index["XRP-USDT"]]
    assert (made.tail("XRP-USDT", rising=True) is not None) is is_known
    state = RiskState(samples=samples)
    told = PortfolioStatistics(CHOSEN).tail_loss(state, "XRP-USDT", is_buy=False)
    assert (told is not None) is is_known


# --- a portfolio ------------------------------------------------------------------------------------------------


def portfolio(samples: ReturnSamples, **held: tuple[float, float, float]) -> RiskState:
    """Positions, open buys and open sells by the beginning of a symbol's name; each unit is worth 100."""
    state = RiskState(samples=samples)
    for name in NAMES:
        mark = KnownMark(Decimal(100), Decimal(100), 1)
        state.marks[name] = mark
        position, buys, sells = held.get(name[:3], (0, 0, 0))
        state.listings[name] = {f"paper/{name}": None}
        state.holdings[f"paper/{name}"] = Holding(
            venue="paper",
            symbol=name,
            multiplier=Decimal(1),
            position=Decimal(str(position)),
            buys=Decimal(str(buys)),
            buys_value=Decimal(str(buys)) * 100,
            sells=Decimal(str(sells)),
            sells_value=Decimal(str(sells)) * 100,
            exposure=100 * Decimal(str(max(abs(position + buys), abs(position - sells)))),
        )
    return state


def plain_var(samples: ReturnSamples, worths: dict[str, float]) -> float:
    """VaR 99 % over a day straight from the definition."""
    rows = np.array([column(samples, name) for name in NAMES], dtype=float) / UNIT
    weights = 0.5 ** (np.arange(rows.shape[1])[::-1] / 20)
    weights /= weights.sum()
    matrix = (rows * weights) @ rows.T
    held = np.array([worths.get(name, 0.0) for name in NAMES])
    return Z99 * math.sqrt(held @ matrix @ held) * math.sqrt(1440)


def test_var_is_the_definition() -> None:
    samples = walked(80)
    state = portfolio(samples, BTC=(3, 0, 0), SOL=(2, 0, 0), XRP=(-5, 0, 0))
    found = PortfolioStatistics(CHOSEN).value_at_risk(state)
    worths = {"BTC-USDT": 300.0, "SOL-USDT": 200.0, "XRP-USDT": -500.0}
    assert found == pytest.approx(plain_var(samples, worths), rel=1e-4)


def test_nothing_is_known_while_a_held_symbol_has_too_few_samples() -> None:
    state = portfolio(walked(9), BTC=(3, 0, 0))
    assert PortfolioStatistics(CHOSEN).value_at_risk(state) is None
    assert PortfolioStatistics(CHOSEN).outlook(state, "ETH-USDT", is_buy=True) is None
    assert PortfolioStatistics(CHOSEN).tail_loss(state, "ETH-USDT", is_buy=True) is None


def test_a_hedge_is_worth_its_diversification_once_filled_but_not_while_open() -> None:
    samples = walked(80)
    both = portfolio(samples, BTC=(3, 0, 0), SOL=(3, 0, 0))
    waiting = portfolio(samples, BTC=(3, 0, 0), SOL=(0, 3, 0))
    known = PortfolioStatistics(CHOSEN)
    alone = known.value_at_risk(portfolio(samples, BTC=(3, 0, 0)))
    assert alone is not None
    hedged, open_ = known.value_at_risk(both), known.value_at_risk(waiting)
    assert hedged is not None
    assert open_ is not None
    assert hedged < 0.1 * alone < 1.5 * alone < open_


amounts = st.floats(-20, 20).map(lambda number: round(number, 3))
sizes = st.floats(0, 20).map(lambda number: round(number, 3))
books = st.tuples(amounts, sizes, sizes)


@settings(max_examples=60, deadline=None)
@given(
    held=st.tuples(books, books, books, books),
    name=st.sampled_from(NAMES),
    is_buy=st.booleans(),
    worth=st.floats(0, 5_000),
    limit=st.floats(1, 2_000),
)
@pytest.mark.property
def test_no_fate_of_open_orders_is_worse_than_what_an_order_is_judged_by(
    held: tuple[tuple[float, float, float], ...], name: str, is_buy: bool, worth: float, limit: float
) -> None:
    """Every corner of what orders can make of the portfolio, straight from the definition."""
    samples = SHARED
    state = portfolio(samples, **{each[:3]: book for each, book in zip(NAMES, held, strict=True)})
    outlook = PortfolioStatistics(CHOSEN).outlook(state, name, is_buy=is_buy)
    assert outlook is not None
    judged = outlook.value_at_risk(worth)
    assert worst_corner(samples, held, name, worth if is_buy else -worth) <= judged * (1 + 1e-4) + 1e-2
    room = outlook.worth_within(limit)
    if room > 0.0 and math.isfinite(room):
        assert outlook.value_at_risk(room) <= limit * (1 + 1e-12)
        assert outlook.value_at_risk(room * 1.001 + 0.01) > limit * (1 - 1e-6)


SHARED = walked(80)


def worst_corner(
    samples: ReturnSamples, held: tuple[tuple[float, float, float], ...], name: str, worth: float
) -> float:
    worst = 0.0
    for corner in product((0, 1), repeat=len(NAMES)):
        worths = {}
        for each, (position, buys, sells), up in zip(NAMES, held, corner, strict=True):
            worths[each] = (position + (buys if up else -sells)) * 100
            if each == name and (worth > 0) is bool(up):
                worths[each] += worth
        worst = max(worst, plain_var(samples, worths))
    return worst


def test_the_exposure_of_correlated_symbols_is_summed_up() -> None:
    state = portfolio(walked(80), BTC=(3, 0, 0), ETH=(0, 2, 0), SOL=(-1, 0, 0), XRP=(5, 0, 0))
    known = PortfolioStatistics(CHOSEN, correlation=0.7)
    assert known.exposure_with(state, "BTC-USDT") == 300
    assert known.exposure_with(state, "XRP-USDT") == 0
    assert known.exposure_with(state, "NEW-USDT") is None


def test_sums_too_large_to_be_exact_are_not_known() -> None:
    state = portfolio(walked(80), BTC=(1e12, 0, 0))
    assert float(10**14) * MONEY * 2_000 > 2**62
    assert PortfolioStatistics(CHOSEN).value_at_risk(state) is None
