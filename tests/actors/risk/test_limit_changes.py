"""Limits by scope, and limits that operators change: what is in force, what is refused, what survives."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.risk.actor import RiskActor
from actors.risk.engine import RiskEngine
from actors.risk.limit_table import LIMITS, Form, Stricter, loosens, parse, strictest, write
from actors.risk.limits import SECOND, LimitValue, RiskLimits
from messages import codec
from messages.control import Mode
from messages.errors import ConfigurationError, RiskLimitError
from messages.intents import OrderIntent, OrderTerms, OrderType, Verdict
from messages.limits import DESK, LimitRefused, LimitSet, ProductStatusChanged, SetLimit
from messages.modes import LimitBreached
from messages.reasons import Reason
from tests.actors.risk import desk as bench
from tests.actors.risk.desk import BUY, SELL, D, Desk, limits, ready, result

pytestmark = pytest.mark.unit


def put(desk: Desk, name: str, value: str | None, scope: str = DESK, acknowledgement: str = "") -> None:
    desk.give(SetLimit("anna", name, scope, value, acknowledgement))


def refusal(desk: Desk) -> str:
    (event,) = desk.events(LimitRefused)
    return event.problem


# --- by scope -------------------------------------------------------------------------------------------------


def scoped(scope: str, **own: Any) -> Desk:
    settings = bench.settings(
        limits(max_order_notional=D(1_000)),
        tiers={"BTC-USDT": "core"},
        themes={"old": ("BTC-USDT",)},
        overrides={scope: own},
    )
    return Desk(settings).seed().mark().mark("ETH-USDT")


@pytest.mark.parametrize(
    "scope", ["symbol:BTC-USDT", "tier:core", "theme:old", "strategy:ema", "venue:paper"]
)
def test_a_part_of_the_desk_has_a_limit_of_its_own(scope: str) -> None:
    desk = scoped(scope, max_order_notional=D(500))
    desk.intend(BUY, 20)
    assert desk.decision.quantity == D(5)


@pytest.mark.parametrize(
    ("scope", "symbol", "strategy"),
    [
        ("symbol:ETH-USDT", "BTC-USDT", "ema"),
        ("tier:core", "ETH-USDT", "ema"),
        ("theme:old", "ETH-USDT", "ema"),
        ("strategy:other", "BTC-USDT", "ema"),
    ],
)
def test_what_is_not_in_the_scope_goes_by_the_desk_s(scope: str, symbol: str, strategy: str) -> None:
    desk = scoped(scope, max_order_notional=D(500))
    desk.intend(BUY, 20, symbol, strategy=strategy)
    assert desk.decision.quantity == D(10)


def test_the_strictest_wins_a_part_can_t_loosen_what_holds_for_all() -> None:
    """Sheet H 14 lets a symbol's own value win; here the desk's holds everywhere."""
    desk = scoped("symbol:BTC-USDT", max_order_notional=D(5_000))
    desk.intend(BUY, 20)
    assert desk.decision.quantity == D(10)


def test_a_limit_that_only_a_part_has_is_asked_there_alone() -> None:
    desk = scoped("symbol:BTC-USDT", max_symbol_orders=0)
    desk.intend(BUY, 1, "ETH-USDT")
    assert desk.decision.verdict is Verdict.APPROVED
    assert "symbol_orders" not in [one.check for one in desk.decision.checks]
    desk.intend(BUY, 1)
    assert desk.decision.reason is Reason.MAX_SYMBOL_ORDERS


# --- while the desk trades ------------------------------------------------------------------------------------


def test_a_limit_is_changed_audited_and_judged_by_from_then_on() -> None:
    desk = ready()
    desk.intend(BUY, 20)
    assert (desk.decision.verdict, desk.decision.limits_version) == (Verdict.APPROVED, 0)
    put(desk, "max_order_notional", "500")
    (event,) = desk.events(LimitSet)
    assert (event.by, event.before, event.after, event.version) == ("anna", "1000000000", "500", 1)
    desk.intend(BUY, 20)
    assert (desk.decision.quantity, desk.decision.limits_version) == (D(5), 1)


def test_a_changed_limit_survives_a_restart_and_is_taken_back_by_none() -> None:
    desk = ready(limits(max_order_notional=D(1_000)))
    put(desk, "max_order_notional", "500")
    put(desk, "max_hourly_trades", "3", "symbol:BTC-USDT")
    desk.restart()
    desk.intend(BUY, 20)
    assert desk.decision.quantity == D(5)
    put(desk, "max_order_notional", None)
    put(desk, "max_hourly_trades", None, "symbol:BTC-USDT")
    assert desk.risk.state.limit_changes == {}
    desk.intend(BUY, 20)
    assert (desk.decision.quantity, desk.decision.limits_version) == (D(10), 4)


def test_a_restart_of_other_settings_keeps_what_an_operator_set() -> None:
    desk = ready(limits(max_order_notional=D(1_000)))
    put(desk, "max_order_notional", "500")
    desk.settings = bench.settings(limits(max_order_notional=D(9_000)))
    desk.restart()
    desk.intend(BUY, 100)
    assert desk.decision.quantity == D(5)


@pytest.mark.parametrize(
    ("name", "value", "scope", "said"),
    [
        ("max_order_notionals", "5", DESK, "there is no such limit"),
        ("max_order_notional", "much", DESK, "not a number"),
        ("max_order_notional", "-1", DESK, "too small"),
        ("max_order_notional", "NaN", DESK, "not a number"),
        ("max_open_orders", "2.5", DESK, "not a whole number"),
        ("max_errors", "101", DESK, "more than is remembered"),
        ("max_symbol_exposure", "1E999999", DESK, "not a number of at most"),
        ("max_symbol_exposure", "1E-999999", DESK, "not a number of at most"),
        ("max_symbol_exposure", "0.12345678901234567890123456789", DESK, "not a number of at most"),
        ("price_collar", "0", DESK, "too small"),
        ("block_side", "left", DESK, "not one of its words"),
        ("strict", "perhaps", DESK, "not one of its words"),
        ("max_order_notional", "5", "symbols:BTC-USDT", "there is no such scope"),
        ("max_order_notional", "5", "symbol:", "there is no such scope"),
        ("max_order_notional", "5", "symbol:XRP-USDT", "the desk does not know it"),
        ("max_order_notional", "5", "theme:new", "the desk does not know it"),
        ("daily_loss_limit", "0.01", "symbol:BTC-USDT", "holds for the whole desk"),
        ("max_exposure", "0.1", "symbol:BTC-USDT", "not a limit of this scope"),
        ("max_exposure", "0.1", DESK, "not a limit of this scope"),
        ("drawdown_reduce", "0.99", DESK, "not allowed"),
        ("daily_loss_limit", "3", DESK, "more than the whole"),
        ("max_symbol_exposure", "1.01", "symbol:BTC-USDT", "more than the whole"),
        ("whitelist", "BTC-USDT,ETHUSDT", DESK, "the desk does not know this symbol"),
    ],
)
def test_a_change_that_makes_no_sense_is_refused_with_its_reason(
    name: str, value: str, scope: str, said: str
) -> None:
    desk = ready()
    put(desk, name, value, scope)
    assert said in refusal(desk)
    assert (desk.risk.state.limit_version, desk.risk.state.limit_changes) == (0, {})


def live(**changes: Any) -> Desk:
    return Desk(bench.settings(limits(max_order_notional=D(1_000), **changes), live=True)).seed().mark()


def test_a_live_desk_tightens_freely_and_loosens_with_an_acknowledgement() -> None:
    desk = live()
    put(desk, "max_order_notional", "500")
    assert desk.events(LimitSet)
    put(desk, "max_order_notional", "600")
    assert "only with an acknowledgement" in refusal(desk)
    put(desk, "max_order_notional", None)
    assert "only with an acknowledgement" in refusal(desk)
    put(desk, "max_order_notional", "600", acknowledgement="seen with Ben")
    (event,) = desk.events(LimitSet)
    assert event.acknowledgement == "seen with Ben"


def test_a_live_desk_stays_strict_whatever_is_acknowledged() -> None:
    desk = live(strict=True)
    put(desk, "strict", "false", acknowledgement="seen with Ben")
    assert "strict: a live desk is always strict" in refusal(desk)
    state = ready(limits(strict=True)).risk.state
    state.limit_changes = {DESK: {"strict": "false"}}  # from before it was live
    assert desk.risk._engine.book(state).desk.strict


def test_a_limit_that_is_tightened_below_what_is_held_reduces_at_once() -> None:
    desk = ready()
    desk.trade(BUY, 100)
    put(desk, "max_symbol_exposure", "0.05")
    assert desk.mode is Mode.REDUCE
    assert desk.events(LimitBreached)
    put(desk, "max_symbol_exposure", "0.5")
    assert desk.mode is Mode.NORMAL


def test_a_venue_says_what_it_does_not_trade_and_that_it_does_again() -> None:
    desk = ready()
    desk.give(ProductStatusChanged("paper", {"BTC-USDT": "closed"}), "execution/paper")
    desk.give(ProductStatusChanged("other", {}), "execution/other")
    desk.restart()
    desk.intend(BUY, 1)
    assert desk.decision.reason is Reason.PRODUCT_STATUS
    desk.give(ProductStatusChanged("paper", {}), "execution/paper")
    desk.intend(BUY, 1)
    assert desk.decision.verdict is Verdict.APPROVED


# --- the table ------------------------------------------------------------------------------------------------


def test_every_limit_of_the_table_is_one_and_every_other_says_why_it_is_not() -> None:
    fields = set(RiskLimits.__struct_fields__)
    settled_elsewhere = {
        "self_financing",
        "treasury_share",
        "drawdown_cautious",
        "drawdown_defensive",
        "breach_tolerance",
        "correlation_threshold",
        "concentration_floor",
        "regime_caps",
        "cycle",
    }
    assert set(LIMITS) - fields == {"max_exposure"}
    unsettable = fields - set(LIMITS) - settled_elsewhere
    assert not {name for name in unsettable if not name.startswith("canary")}


VALUES: dict[Form, st.SearchStrategy[LimitValue]] = {
    Form.MONEY: st.decimals(0, 1_000_000, places=2),
    Form.RATIO: st.decimals(0, 2, places=4),
    Form.NUMBER: st.decimals(0, 100, places=3),
    Form.COUNT: st.integers(1, 100),
    Form.DURATION: st.integers(1, 10**15),
    Form.FLAG: st.booleans(),
    Form.SIDE: st.sampled_from(("buy", "sell", "both")),
    Form.SYMBOLS: st.lists(st.sampled_from(("A-B", "C-D", "E-F")), unique=True).map(tuple),
    Form.REGIME: st.sampled_from(("bull", "bear")),
}


@st.composite
def limit_and_values(draw: st.DrawFn) -> tuple[str, LimitValue, LimitValue]:
    name = draw(st.sampled_from(sorted(LIMITS)))
    values = VALUES[LIMITS[name].form]
    return name, draw(values), draw(values)


@given(limit_and_values())
def test_a_value_is_written_as_it_is_read(drawn: tuple[str, LimitValue, LimitValue]) -> None:
    name, value, _ = drawn
    if LIMITS[name].above_zero and not value:
        with pytest.raises(RiskLimitError):
            parse(name, write(value))
    else:
        assert parse(name, write(value)) == value


@given(limit_and_values())
def test_of_two_values_the_strictest_is_one_that_no_order_can_tell_from_both(
    drawn: tuple[str, LimitValue, LimitValue],
) -> None:
    name, one, other = drawn
    both = strictest(name, (one, other))
    if LIMITS[name].stricter is Stricter.NEAREST:
        assert both == other
        return
    assert {both} == {both} & {one, other} or LIMITS[name].stricter is Stricter.BOTH
    reverse = strictest(name, (other, one))
    assert both == reverse or set(both) == set(reverse)  # type: ignore[arg-type]
    assert strictest(name, (both, one)) == both
    assert not loosens(name, one, both)
    assert strictest(name, (None, one)) == one


# --- the pure entry -------------------------------------------------------------------------------------------


def intent(
    quantity: str, confidence: float | None = None, symbol: str = "BTC-USDT", side: Any = BUY
) -> OrderIntent:
    terms = OrderTerms(
        symbol=symbol,
        venue="paper",
        side=side,
        quantity=D(quantity),
        order_type=OrderType.MARKET,
        worst_price=D(100),
        deadline=bench.START + 60 * SECOND,
    )
    return OrderIntent("ema", terms, None, "signal", confidence)


def test_intents_raised_together_take_their_room_by_confidence() -> None:
    settings = bench.settings(limits(max_symbol_exposure=D("0.01")))
    desk = Desk(settings).seed().mark()
    before = codec.pack(codec.to_plain(desk.risk.state))
    answers = RiskEngine(settings).check_all(
        [intent("6", 0.2), intent("6"), intent("6", 0.9)], desk.risk.state, desk.ctx.now
    )
    assert [answer.quantity for answer in answers] == [D(4), D(0), D(6)]
    assert codec.pack(codec.to_plain(desk.risk.state)) == before


def test_the_engine_judges_as_the_actor_does() -> None:
    settings = bench.settings(limits(max_symbol_exposure=D("0.01"), max_burst=2))
    desk = Desk(settings).seed().mark()
    engine = RiskEngine(settings)
    for side, quantity in ((BUY, "4"), (BUY, "8"), (SELL, "20"), (BUY, "1")):
        foreseen = engine.check(desk.risk.state, intent(quantity, side=side), desk.ctx.now)
        desk.intend(side, quantity)
        decided = desk.decision
        assert (foreseen.verdict, foreseen.reason, foreseen.quantity, foreseen.checks) == (
            decided.verdict,
            decided.reason,
            decided.quantity,
            decided.checks,
        )


def test_a_what_if_may_ask_for_another_regime() -> None:
    settings = bench.settings(
        limits(max_symbol_exposure=D("0.01"), regime="bull", regime_caps={"bull": D(1), "bear": D("0.5")})
    )
    desk = Desk(settings).seed().mark()
    engine = RiskEngine(settings)
    sizes = [
        engine.check_all([intent("20")], desk.risk.state, desk.ctx.now, regime=regime)[0].quantity
        for regime in (None, "bear", "unheard-of")
    ]
    assert sizes == [D(10), D(5), D(5)]


def test_settings_that_override_what_there_is_not_are_refused_at_the_start() -> None:
    for overrides in ({"symbol:BTC-USDT": {"max_exposure": D("0.1")}}, {"theme:x": {"max_trade_nav": D(1)}}):
        with pytest.raises((RiskLimitError, ConfigurationError)):
            RiskActor(bench.settings(overrides=overrides))


def test_a_check_says_its_limit_what_was_observed_and_the_room() -> None:
    desk = ready(limits(max_trade_nav=D("0.01")))
    desk.intend(BUY, 4)
    found = result(desk, "trade_nav")
    assert (found.limit, found.observed, found.room) == (D(1_000), D(400), D(600))
    assert found.allowed is None
