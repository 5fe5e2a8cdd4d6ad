"""Intelligence on the stage: fills are counted, sizes follow, a symbol that lost too much rests."""

from __future__ import annotations

from decimal import Decimal

import pytest

from actors.strategy.intelligence import IntelligenceSettings
from messages.control import Mode, ModeChanged
from messages.decisions import DecisionMade, EnableStrategy
from messages.intents import Side
from messages.learning import FillCounted, SymbolSuspended
from messages.orders import Liquidity, OrderState
from messages.reasons import Reason
from tests.actors.strategy.sample_strategies import CLOSE, LONG, SHORT
from tests.actors.strategy.stage import SECOND, Stage, strategy

pytestmark = pytest.mark.unit

DAY = 86_400 * SECOND


def judged(**changes: object) -> Stage:
    """A stage whose trades are judged; without a bound on losses unless said otherwise."""
    settings = IntelligenceSettings(**{"max_drawdown": None, "min_trades": 3, **changes})  # type: ignore[arg-type]
    return Stage(strategy(intelligence=settings), max_quote_age=10 * DAY)


def filled(stage: Stage) -> None:
    """The intent sent last has ended as it was wished."""
    stage.report(OrderState.FILLED, stage.last.terms.quantity)


def round_trip(stage: Stage, gain: float, direction: float = LONG, fee: str = "0.1") -> None:
    """Enter at 1,000 and leave with this gain of the price."""
    stage.quote(1_000.0, order=direction, after=60 * SECOND)
    stage.fill(fee=Decimal(fee))
    filled(stage)
    price = 1_000.0 + gain * (1 if direction == LONG else -1)
    stage.quote(price, order=CLOSE, after=60 * SECOND)
    stage.fill(price=price, fee=Decimal(fee))
    filled(stage)
    assert stage.held == 0


def test_fills_are_not_counted_unless_asked_for() -> None:
    stage = Stage()
    round_trip(stage, 5.0)
    assert not stage.events(FillCounted)
    assert stage.state().intelligence is None


@pytest.mark.parametrize("direction", [LONG, SHORT])
def test_a_round_trip_is_a_trade_with_its_fees(direction: float) -> None:
    stage = judged()
    round_trip(stage, 5.0, direction)
    known = stage.state().intelligence
    assert known is not None
    (trade,) = known.closed
    quantity = float(stage.last.terms.quantity)
    assert trade.notional == pytest.approx(1_000.0 * quantity)
    assert trade.gross == pytest.approx(5.0 * quantity)
    assert trade.fees == pytest.approx(0.2)
    assert (trade.maker, trade.fallback) == (0.0, 0.0)
    stage.crash()
    assert stage.state().intelligence == known


def test_a_fee_in_the_base_currency_and_in_a_third_one() -> None:
    stage = judged()
    stage.quote(1_000.0, order=LONG)
    stage.fill(quantity="0.5", fee=Decimal("0.001"), fee_currency="BTC", liquidity=Liquidity.MAKER)
    stage.fill(quantity="0.499", fee=Decimal("0.001"), fee_currency="BNB")
    assert [each.fee for each in stage.events(FillCounted)] == pytest.approx([1.0, 0.499])
    assert [each.maker for each in stage.events(FillCounted)] == [True, False]


def test_sizes_follow_the_score_within_their_bounds_and_the_trace_says_so() -> None:
    wins, losses = judged(), judged()
    for _ in range(3):
        round_trip(wins, 20.0, fee="0")
        round_trip(losses, -20.0)
    sizes = {}
    for name, stage in (("wins", wins), ("losses", losses)):
        stage.quote(1_000.0, order=LONG, after=SECOND)
        sizes[name] = stage.last.terms.quantity
        trace = stage.events(DecisionMade)[-1].trace
        assert float(sizes[name]) == pytest.approx(trace["size_factor"], abs=0.003)
        assert trace["hit_rate"] == (1.0 if name == "wins" else 0.0)
        assert trace["hour_expectancy_bps"] == pytest.approx(trace["expectancy_bps"])
        assert trace["best_hour"] is None  # with 20 trades there would be one
    assert sizes["wins"] > Decimal(1) > sizes["losses"] >= Decimal("0.5")


def test_few_trades_say_nothing_and_old_ones_are_forgotten() -> None:
    stage = judged(window=DAY)
    for _ in range(2):
        round_trip(stage, -20.0)
    stage.quote(1_000.0, order=LONG, after=SECOND)
    assert stage.events(DecisionMade)[-1].trace["symbol_score"] is None
    assert stage.last.terms.quantity == Decimal("0.999")
    old = judged(window=DAY)
    for _ in range(3):
        round_trip(old, -20.0)
    old.now += 2 * DAY
    old.quote(1_000.0, order=LONG, after=SECOND)
    assert old.last.terms.quantity == Decimal("0.999")


def test_a_symbol_that_lost_too_much_rests_and_comes_back() -> None:
    stage = judged(max_drawdown=0.05, feedback=False)
    round_trip(stage, 20.0)
    round_trip(stage, -30.0)
    assert not stage.events(SymbolSuspended)
    round_trip(stage, -30.0)
    (event,) = stage.events(SymbolSuspended)
    assert event.until == stage.now + DAY
    assert event.drawdown == pytest.approx(0.06, rel=0.02)  # from its best, not from what it began with
    before = len(stage.intents)
    stage.crash()
    stage.quote(1_000.0, order=LONG, after=SECOND)
    assert len(stage.intents) == before
    assert stage.events(DecisionMade)[-1].reason is Reason.SYMBOL_DISABLED
    stage.now += DAY
    stage.quote(1_000.0, order=LONG, after=SECOND)
    assert len(stage.intents) == before + 1
    stage.fill()
    filled(stage)
    stage.quote(999.0, order=CLOSE, after=SECOND)
    stage.fill(price=999.0)
    assert len(stage.events(SymbolSuspended)) == 1  # what it rested for is not held against it twice


def test_exits_go_on_while_it_rests() -> None:
    stage = judged(max_drawdown=0.01, feedback=False)
    stage.quote(1_000.0, order=LONG, after=SECOND)
    stage.fill()
    filled(stage)
    # one order that sells twice what is held: the long ends with a loss, and a short begins
    stage.quote(980.0, order=SHORT, after=SECOND)
    stage.fill(price=980.0)
    filled(stage)
    assert stage.events(SymbolSuspended)
    assert stage.held < 0
    stage.quote(985.0, order=CLOSE, after=SECOND)
    assert (stage.last.terms.side, stage.last.terms.reduce_only) == (Side.BUY, True)


def test_a_person_may_lift_it() -> None:
    stage = judged(max_drawdown=0.01, feedback=False)
    round_trip(stage, -30.0)
    stage.take(EnableStrategy("obey", "ann"), sender="operator")
    assert stage.events(SymbolSuspended)[-1].by == "ann"
    before = len(stage.intents)
    stage.quote(1_000.0, order=LONG, after=SECOND)
    assert len(stage.intents) == before + 1
    stage.fill()
    filled(stage)
    stage.quote(999.0, order=CLOSE, after=SECOND)
    stage.fill(price=999.0)
    assert len(stage.events(SymbolSuspended)) == 2


def test_observe_counts_but_sends_nothing() -> None:
    stage = judged(max_drawdown=0.01, feedback=False)
    stage.quote(1_000.0, order=LONG, after=SECOND)
    stage.fill()
    filled(stage)
    stage.quote(970.0, order=CLOSE, after=SECOND)
    stage.take(ModeChanged(Mode.OBSERVE, 1, {}, "test"))
    sent = len(stage.sent)
    stage.fill(price=970.0)
    assert stage.events(SymbolSuspended)
    assert len(stage.sent) == sent
