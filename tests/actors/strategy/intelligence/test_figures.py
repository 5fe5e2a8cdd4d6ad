"""Closed trades, expectancy, the symbol's score and the factor for sizes: formulas of sheet H 6."""

from __future__ import annotations

from math import tanh

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.strategy.intelligence import (
    TRADES_KEPT,
    ClosedTrade,
    IntelligenceSettings,
    IntelligenceState,
    best_hour,
    count_fill,
    expectancy,
    hourly,
    size_factor,
    symbol_score,
    worst_fall,
)
from actors.strategy.intelligence.trades import KEPT_FOR
from messages.codec import from_plain, pack, to_plain, unpack
from messages.errors import ConfigurationError
from messages.learning import FillCounted

pytestmark = pytest.mark.unit

HOUR = 3_600_000_000_000


def trade(
    bps: float, *, at: int = 0, fees: float = 0.0, notional: float = 1_000.0, **more: float
) -> ClosedTrade:
    """A trade that paid so many bps after fees."""
    gross = notional * bps / 1e4 + fees
    fields = {"maker": 0.0, "fallback": 0.0, "slippage_bps": None, **more}
    return ClosedTrade(at, at, notional, gross, fees, **fields)  # type: ignore[arg-type]


def fill(
    opened: float = 0.0,
    closed: float = 0.0,
    *,
    gain: float = 0.0,
    fee: float = 1.0,
    time: int = 0,
    **more: object,
) -> FillCounted:
    """A fill; flat when it closes and opens nothing, unless said otherwise."""
    fields = {
        "flat": bool(closed) and not opened,
        "maker": False,
        "passive": False,
        "slippage_bps": None,
        **more,
    }
    return FillCounted("s", "BTC-USDT", opened, closed, gain, fee, time=time, **fields)  # type: ignore[arg-type]


def test_a_trade_is_closed_by_the_fill_that_ends_flat() -> None:
    state = IntelligenceState()
    assert count_fill(state, fill(600.0, time=1, slippage_bps=2.0, passive=True)) is None
    assert count_fill(state, fill(400.0, time=2, maker=True, passive=True)) is None
    assert count_fill(state, fill(closed=500.0, gain=20.0, flat=False, time=3)) is None
    closed = count_fill(state, fill(closed=500.0, gain=15.0, time=4, slippage_bps=4.0))
    assert closed == ClosedTrade(1, 4, 1_000.0, 35.0, 4.0, 0.25, 0.25, 3.0)
    assert closed.net_bps == pytest.approx(310.0)
    assert (state.open, state.closed) == (None, [closed])


def test_a_fill_through_zero_closes_one_trade_and_opens_the_next() -> None:
    state = IntelligenceState()
    count_fill(state, fill(1_000.0, time=1))
    closed = count_fill(state, fill(opened=500.0, closed=1_000.0, gain=-10.0, fee=3.0, time=2))
    assert closed is not None
    assert (closed.fees, closed.gross) == (pytest.approx(3.0), -10.0)
    assert state.open is not None
    assert (state.open.notional, state.open.fees, state.open.gross) == (500.0, pytest.approx(1.0), 0.0)


def test_what_was_held_before_is_not_a_trade() -> None:
    state = IntelligenceState()
    assert count_fill(state, fill(closed=1_000.0, gain=50.0)) is None
    assert state == IntelligenceState()


def test_what_is_kept_is_bounded_and_survives_its_stored_form() -> None:
    state = IntelligenceState()
    for number in range(TRADES_KEPT + 50):
        count_fill(state, fill(100.0, time=2 * number))
        count_fill(state, fill(closed=100.0, gain=1.0, time=2 * number + 1))
    assert len(state.closed) == TRADES_KEPT
    assert from_plain(unpack(pack(to_plain(state))), IntelligenceState, where="state") == state
    count_fill(state, fill(100.0, time=KEPT_FOR + 600))
    count_fill(state, fill(closed=100.0, time=KEPT_FOR + 1_000))
    assert len(state.closed) == 1


@pytest.mark.golden
def test_expectancy_by_hand() -> None:
    figures = expectancy([trade(30), trade(-10), trade(20), trade(-30), trade(0)])
    assert figures is not None
    assert figures.trades == 5
    assert figures.hit_rate == pytest.approx(0.4)
    assert figures.average_win == pytest.approx(25.0)
    assert figures.average_loss == pytest.approx(-40 / 3)
    assert figures.mean == pytest.approx(2.0)  # 0.4 x 25 - 0.6 x 13.33: the plain mean of all
    assert figures.per_risk == pytest.approx(0.15)
    assert figures.adjusted == pytest.approx(2.0 - 30.0 / 5)  # its best was 40, it ends at 10
    assert expectancy([]) is None


@given(st.lists(st.floats(-500, 500), min_size=1, max_size=60))
def test_expectancy_is_the_mean_and_its_worst_fall_is_never_less_than_the_end(paid: list[float]) -> None:
    trades = [trade(each) for each in paid]
    figures = expectancy(trades)
    assert figures is not None
    assert figures.mean == pytest.approx(sum(each.net_bps for each in trades) / len(paid), abs=1e-6)
    assert figures.adjusted <= figures.mean + 1e-9
    assert worst_fall(trades) >= max(0.0, -sum(each.net for each in trades)) - 1e-9


def test_hours_of_the_day_and_the_best_of_them() -> None:
    trades = [trade(10, at=day * 24 * HOUR + 9 * HOUR + 5, slippage_bps=1.0) for day in range(20)]
    trades += [trade(50, at=14 * HOUR) for _ in range(19)]
    trades += [trade(-5, at=20 * HOUR) for _ in range(40)]
    hours = hourly(trades)
    assert (hours[9].trades, hours[9].expectancy_bps, hours[9].slippage_bps) == (20, pytest.approx(10.0), 1.0)
    assert (hours[0].trades, hours[0].expectancy_bps) == (0, None)
    assert best_hour(hours) == 9  # 14 has too few, 20 loses
    assert best_hour(hourly(trades[20:])) is None


@pytest.mark.golden
def test_the_score_by_hand() -> None:
    trades = [
        trade(20, fees=1.0, maker=1.0, slippage_bps=2.0),
        trade(-10, fees=1.0, fallback=1.0, slippage_bps=6.0),
    ]
    found = symbol_score(trades, 1.1)
    assert found is not None
    paid = 0.7 * (0.5 + 0.5 * tanh(0.5)) + 0.3 * 0.5
    drag = 0.2 * 2.0 / 3.0  # gross is 1 + 2 of fees
    expected = 0.55 * paid + 0.35 * 0.5 - 4.0 / 20.0 - drag - 0.3 * 0.1
    assert found.score == pytest.approx(expected)
    assert (found.slippage, found.router) == (pytest.approx(0.2), 0.5)
    assert symbol_score([]) is None


@given(
    st.lists(
        st.tuples(
            st.floats(-1_000, 1_000), st.floats(0, 50), st.floats(0, 1), st.none() | st.floats(-500, 500)
        ),
        min_size=1,
        max_size=40,
    ),
    st.floats(0, 10),
)
def test_score_and_factor_stay_in_their_bounds(rows: list, scale: float) -> None:
    trades = [
        trade(bps, fees=fees, maker=maker, fallback=1.0 - maker, slippage_bps=slip)
        for bps, fees, maker, slip in rows
    ]
    found = symbol_score(trades, scale)
    assert found is not None
    assert 0.0 <= found.score <= 1.0
    settings = IntelligenceSettings(min_factor=0.8, max_factor=1.1)
    assert 0.8 <= size_factor(found.score, settings) <= 1.1


def test_the_factor_is_one_where_nothing_is_known_or_wanted() -> None:
    assert size_factor(None, IntelligenceSettings()) == 1.0
    assert size_factor(0.0, IntelligenceSettings(feedback=False)) == 1.0
    assert size_factor(0.0, IntelligenceSettings()) == pytest.approx(0.7)
    assert size_factor(1.0, IntelligenceSettings()) == 1.25  # 1.3, bounded
    assert size_factor(0.5, IntelligenceSettings()) == 1.0


def test_fees_without_a_gain_are_the_worst_drag() -> None:
    found = symbol_score([trade(-20, fees=1.0)])
    assert found is not None
    assert found.fees == 0.4


@pytest.mark.parametrize(
    "wrong", [{"min_factor": 1.1}, {"max_factor": 0.9}, {"rest": 0}, {"max_drawdown": 0.0}]
)
def test_settings_that_make_no_sense_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ConfigurationError, match="intelligence"):
        IntelligenceSettings(**wrong)  # type: ignore[arg-type]
