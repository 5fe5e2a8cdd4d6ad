"""Limits on VaR, CVaR and correlated exposure, as an order, a mark and a restart meet them."""

from __future__ import annotations

import math
import random
import subprocess
import sys
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.risk import modes
from actors.risk.covariance import Covariance
from actors.risk.limits import RiskLimits
from actors.risk.statistical import make_statistics
from actors.risk.statistics_settings import MINUTE, StatisticsSettings
from actors.risk.treasury_settings import TreasurySettings
from actors.risk.var import Z99
from messages.control import Mode
from messages.intents import Verdict
from messages.limits import SetLimit
from messages.market import Mark, Marks
from messages.modes import LimitBreached
from messages.reasons import Reason
from messages.statistics import ReturnsSampled
from messages.treasury import TreasuryCommand, TreasuryOperation
from tests.actors.risk import desk as bench
from tests.actors.risk.desk import BUY, SELL, START, D, Desk, result

pytestmark = pytest.mark.unit

NAMES = ("BTC-USDT", "ETH-USDT", "SOL-USDT")
CHOSEN = StatisticsSettings(min_samples=20, lookback=60, tail_samples=40, horizon=MINUTE)


def open_desk(limits: RiskLimits, statistics: StatisticsSettings = CHOSEN) -> Desk:
    return Desk(bench.settings(limits, statistics=statistics)).seed(100_000)


def watched(limits: RiskLimits, minutes: int = 40, seed: int = 1) -> Desk:
    """A desk that has seen so many minutes of a market; the first two symbols move together. All end at 100."""
    return moved(open_desk(limits), minutes, seed)


def moved(desk: Desk, minutes: int = 40, seed: int = 1) -> Desk:
    """The desk after so many minutes of a market as `watched` says."""
    chance, prices = random.Random(seed), dict.fromkeys(NAMES, 100.0)
    for _ in range(minutes):
        common = chance.gauss(0, 0.01)
        for name, move in zip(NAMES, (common, common, chance.gauss(0, 0.01)), strict=True):
            prices[name] *= math.exp(move)
        minute(desk, prices)
    minute(desk, dict.fromkeys(NAMES, 100.0))
    return desk


def minute(desk: Desk, prices: dict[str, float]) -> None:
    desk.ctx.now = (desk.ctx.now // MINUTE + 1) * MINUTE
    marks = tuple(
        Mark(name, round(price, 2), round(price, 2), desk.ctx.now) for name, price in prices.items()
    )
    desk.give(Marks(marks), "strategy/BTC-USDT")


def volatility(desk: Desk, symbol: str) -> float:
    """Of one sample, as a fraction."""
    known = Covariance(desk.risk.state.samples, CHOSEN)
    return math.sqrt(known.variances[known.index[symbol]]) / 1e6


VAR = bench.limits(max_portfolio_var=D("0.01"))


def test_an_order_within_the_limit_on_var_passes_and_says_what_is_left() -> None:
    desk = watched(VAR)
    desk.intend(BUY, 50)
    check = result(desk, "portfolio_var")
    assert desk.decision.verdict is Verdict.APPROVED
    assert check.limit == 1000
    assert check.observed is not None
    assert float(check.observed) == pytest.approx(Z99 * volatility(desk, "BTC-USDT") * 5_000, rel=1e-3)


def test_an_order_beyond_the_limit_on_var_is_resized_into_the_room() -> None:
    desk = watched(VAR)
    desk.intend(BUY, 900)
    assert desk.decision.verdict is Verdict.RESIZED
    assert desk.decision.reason is Reason.PORTFOLIO_VAR
    expected = 1000 / (Z99 * volatility(desk, "BTC-USDT")) / 100
    assert float(desk.decision.quantity) == pytest.approx(expected, rel=1e-3)
    desk.intend(BUY, 1)
    assert desk.decision.verdict is Verdict.REJECTED
    assert desk.decision.reason is Reason.PORTFOLIO_VAR


def test_what_reduces_passes_whatever_var_is() -> None:
    desk = watched(VAR)
    desk.trade(BUY, 200)
    desk.give(SetLimit("anna", "max_portfolio_var", "desk", "0.0001"))
    desk.intend(BUY, 1)
    assert desk.decision.verdict is Verdict.REJECTED
    desk.intend(SELL, 200)
    assert desk.decision.verdict is Verdict.APPROVED


def test_what_a_sweep_buys_is_held_to_var_as_well() -> None:
    listed = [bench.instrument(name, spot=True) for name in NAMES]
    sweeping = TreasurySettings(reserve={"USDT": D(0)}, into=("BTC-USDT",))
    chosen = bench.settings(VAR, instruments=tuple(listed), statistics=CHOSEN, treasury=sweeping)
    desk = moved(Desk(chosen).seed(100_000))
    desk.give(TreasuryCommand("anna", TreasuryOperation.SWEEP))
    assert (desk.decision.verdict, desk.decision.reason) == (Verdict.RESIZED, Reason.PORTFOLIO_VAR)
    worth = float(desk.decision.quantity * desk.decision.price)
    assert worth == pytest.approx(1000 / (Z99 * volatility(desk, "BTC-USDT")), rel=1e-3)


def test_until_there_are_samples_enough_nothing_may_grow() -> None:
    desk = watched(VAR, minutes=15)
    desk.intend(BUY, 1)
    assert desk.decision.reason is Reason.VAR_UNKNOWN
    for _ in range(10):
        minute(desk, dict.fromkeys(NAMES, 100.0))
    desk.intend(BUY, 1)
    assert desk.decision.verdict is Verdict.APPROVED


def test_one_position_of_an_unknown_symbol_makes_the_var_of_all_unknown() -> None:
    desk = watched(VAR)
    state = desk.risk.state
    desk.trade(BUY, 10, symbol="SOL-USDT")
    del state.samples.columns["SOL-USDT"]
    assert desk.risk._statistics is not None
    desk.risk._statistics.forget()
    desk.intend(BUY, 1)
    assert result(desk, "portfolio_var").reason is Reason.VAR_UNKNOWN


def test_facts_beyond_the_limit_on_var_reduce_until_they_are_back() -> None:
    desk = watched(VAR)
    desk.intend(BUY, 900)
    quantity = desk.decision.quantity
    desk.fill(desk.decision.intent_id, BUY, quantity)
    assert desk.mode is Mode.NORMAL
    minute(desk, {**dict.fromkeys(NAMES, 100.0), "BTC-USDT": 95.0})
    assert [event.reason for event in desk.events(LimitBreached)] == [Reason.PORTFOLIO_VAR]
    assert modes.PORTFOLIO_VAR in desk.risk.state.sources
    assert desk.mode is Mode.REDUCE
    desk.trade(SELL, quantity / 2 // D("0.001") * D("0.001"), 95)
    desk.mark("BTC-USDT", 95.0)
    assert modes.PORTFOLIO_VAR not in desk.risk.state.sources


CVAR = bench.limits(max_position_cvar=D("0.01"))


def test_a_position_is_held_to_its_cvar() -> None:
    desk = watched(CVAR)
    tail = Covariance(desk.risk.state.samples, CHOSEN).tail("BTC-USDT", rising=False)
    desk.intend(BUY, 10)
    check = result(desk, "position_cvar")
    assert check.observed is not None
    assert float(check.observed) == pytest.approx(1_000 * tail, abs=0.02)
    assert desk.decision.verdict is Verdict.APPROVED
    desk.intend(BUY, 900)
    assert desk.decision.reason is Reason.POSITION_CVAR
    assert float(desk.decision.quantity + 10) == pytest.approx(1_000 / tail / 100, rel=1e-3)
    desk.intend(BUY, 1)
    assert desk.decision.verdict is Verdict.REJECTED
    desk.intend(BUY, 10, symbol="SOL-USDT")
    assert desk.decision.verdict is Verdict.APPROVED


def test_cvar_is_not_known_before_there_are_samples_enough() -> None:
    desk = watched(CVAR, minutes=5)
    desk.intend(BUY, 1)
    assert desk.decision.reason is Reason.VAR_UNKNOWN


def test_a_symbol_that_never_fell_is_no_reason_to_fail_while_nav_is_negative() -> None:
    desk = Desk(bench.settings(CVAR, statistics=CHOSEN)).seed(-1_000)
    for _ in range(30):
        minute(desk, dict.fromkeys(NAMES, 100.0))
    desk.intend(BUY, 1)
    check = result(desk, "position_cvar")
    assert (check.passed, check.observed, check.limit, check.allowed) == (False, 0, -10, 0)
    assert desk.decision.verdict is Verdict.REJECTED


CORRELATED = bench.limits(max_correlated_exposure=D("0.1"))


def test_symbols_that_move_together_share_a_cap() -> None:
    desk = watched(CORRELATED)
    desk.intend(BUY, 60)
    assert desk.decision.verdict is Verdict.APPROVED
    desk.intend(BUY, 60, symbol="ETH-USDT")
    assert desk.decision.verdict is Verdict.RESIZED
    assert desk.decision.reason is Reason.CORRELATION_CAP
    assert desk.decision.quantity == 40
    desk.intend(BUY, 1)
    assert desk.decision.verdict is Verdict.REJECTED
    desk.intend(BUY, 60, symbol="SOL-USDT")
    assert desk.decision.verdict is Verdict.APPROVED


def test_correlations_are_not_known_before_there_are_samples_enough() -> None:
    desk = watched(CORRELATED, minutes=5)
    desk.intend(BUY, 1)
    assert desk.decision.reason is Reason.VAR_UNKNOWN


def test_without_such_limits_no_sample_is_taken() -> None:
    desk = watched(bench.limits())
    assert desk.risk.state.samples.taken_at == 0
    assert not [event for event in desk.journal if isinstance(event, ReturnsSampled)]


def test_samples_may_be_taken_in_advance() -> None:
    chosen = StatisticsSettings(enabled=True)
    desk = open_desk(bench.limits(), chosen)
    minute(desk, dict.fromkeys(NAMES, 100.0))
    assert desk.risk.state.samples.taken_at == desk.ctx.now > START


ALL = bench.limits(max_portfolio_var=D("0.02"), max_position_cvar=D("0.02"), max_correlated_exposure=D("0.5"))


@pytest.mark.property
@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10_000))
def test_what_is_kept_step_by_step_is_what_a_restarted_actor_finds(seed: int) -> None:
    """Bit for bit: the same answers to the same orders, whatever was filled, ended and marked before."""
    chance, desk = random.Random(seed), watched(ALL, minutes=25, seed=seed)
    opened: list[tuple[str, str, object, Decimal]] = []
    for _ in range(30):
        symbol, side = chance.choice(NAMES), chance.choice((BUY, SELL))
        deed = chance.randrange(5)
        if deed < 2:
            desk.intend(side, chance.randrange(1, 60), symbol, 100)
            if desk.decision.quantity:
                opened.append((desk.decision.intent_id, symbol, side, desk.decision.quantity))
        elif deed == 2 and opened:
            intent_id, symbol, side, quantity = opened.pop(chance.randrange(len(opened)))
            desk.fill(intent_id, side, quantity, 100, symbol=symbol)  # type: ignore[arg-type]
            desk.report(intent_id, filled=quantity, symbol=symbol)
        elif deed == 3 and opened:
            intent_id, symbol, *_ = opened.pop(chance.randrange(len(opened)))
            desk.report(intent_id, symbol=symbol)
        else:
            minute(desk, {name: 100 * math.exp(chance.gauss(0, 0.01)) for name in NAMES})
        assert_same_outlook(desk)
    asked = [(chance.choice((BUY, SELL)), chance.randrange(1, 60), chance.choice(NAMES)) for _ in range(5)]
    before = desk.risk
    answers = []
    for actor in (before, desk.replayed()):
        desk.risk = actor
        desk.ctx = type(desk.ctx)(actor, seed=1)
        desk.ctx.now = desk.risk.state.samples.taken_at
        kept = len(desk.journal)
        for side, quantity, symbol in asked:
            desk.intend(side, quantity, symbol, 100, message_id=f"last#{side}{quantity}{symbol}")
        answers.append(desk.journal[kept:])
        del desk.journal[kept:]
    assert answers[0] == answers[1]


def assert_same_outlook(desk: Desk) -> None:
    kept = desk.risk._statistics
    fresh = make_statistics(desk.settings, desk.risk._limits)
    assert kept is not None
    for symbol in NAMES:
        for is_buy in (True, False):
            mine = kept.outlook(desk.risk.state, symbol, is_buy=is_buy)
            assert mine == fresh.outlook(desk.risk.state, symbol, is_buy=is_buy)
        assert kept.exposure_with(desk.risk.state, symbol) == fresh.exposure_with(desk.risk.state, symbol)


def test_an_actor_without_such_limits_loads_no_numpy() -> None:
    code = "import sys; import actors.risk.actor; sys.exit('numpy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_limit_that_is_set_while_the_desk_trades_begins_to_sample() -> None:
    desk = watched(bench.limits(), minutes=2)
    desk.give(SetLimit("ann", "max_position_cvar", "symbol:BTC-USDT", "0.001"))
    desk.intend(BUY, 10)
    assert desk.decision.reason is Reason.VAR_UNKNOWN
    for index in range(25):
        minute(desk, dict.fromkeys(NAMES, 100.0 + index % 2))
    desk.intend(BUY, 500)
    assert desk.decision.reason is Reason.POSITION_CVAR
    desk.intend(BUY, 300, symbol="ETH-USDT")
    assert desk.decision.verdict is Verdict.APPROVED


def test_the_room_left_is_told_of_each_limit() -> None:
    desk = watched(ALL)
    desk.trade(BUY, 10)
    rows = {row.name: row for row in desk.risk.portfolio().room}
    for name in ("portfolio_var", "position_cvar:BTC-USDT", "correlated_exposure:BTC-USDT"):
        row = rows[name]
        assert row.limit is not None
        assert row.used is not None
        assert row.left == row.limit - row.used
    assert rows["correlated_exposure:BTC-USDT"].used == 1_000


def test_what_is_not_known_leaves_no_room_to_tell() -> None:
    desk = open_desk(ALL)
    desk.seed(100_000, venue="other", BTC_USDT="5")
    minute(desk, dict.fromkeys(NAMES, 100.0))
    assert {row.name: row.used for row in desk.risk.portfolio().room}["portfolio_var"] is None
