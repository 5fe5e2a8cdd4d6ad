"""Currencies with fixed rates: what counts in base currency, what stays as the venue has it, and what fails closed."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.risk.actor import RiskActor
from actors.risk.exposure import in_base, recompute
from actors.risk.ledger import unrealised
from actors.risk.limits import RiskSettings
from messages.control import Flatten, Mode
from messages.errors import ConfigurationError
from messages.intents import Side, Verdict
from messages.portfolio import FillBooked, IntentDecided, RatesTaken
from messages.reasons import Reason
from tests.actors.risk import desk as bench
from tests.actors.risk.desk import BUY, SELL, D, Desk, instrument, limits

pytestmark = pytest.mark.unit

EUR = "ETH-EUR"


def two_currencies(
    rate: str = "1.25", chosen: bench.RiskLimits = bench.WIDE, **changes: object
) -> RiskSettings:
    """A desk in USDT that also trades a symbol quoted in EUR."""
    euro = instrument(EUR, quote_currency="EUR", rate=D(rate), **changes)
    return bench.settings(
        chosen, instruments=(instrument("BTC-USDT"), euro), rates={"EUR": D(rate), "BNB": D(300)}
    )


def in_euro(**changes: object) -> Desk:
    return Desk(two_currencies(**changes)).seed(balances={"EUR": D(1000)}).mark().mark(EUR, 40)  # type: ignore[arg-type]


def test_a_trade_moves_the_balance_of_its_own_currency_and_counts_in_base_currency() -> None:
    desk = in_euro()
    assert desk.nav == D(101_250)
    desk.fill(desk.intend(BUY, 10, EUR, 40), BUY, 10, 40, "0.5", EUR, fee_currency="EUR")
    state = desk.risk.state
    booked = desk.events(FillBooked)[0]
    assert state.accounts["paper"].balances == {"USDT": D(100_000), "EUR": D("599.5")}
    assert (booked.cash, booked.currency, booked.rate) == (D("599.5"), "EUR", D("1.25"))
    assert (booked.desk.cost, booked.desk.open_fees) == (D(500), D("0.625"))
    assert state.totals.cash == D(100_000) + D("599.5") * D("1.25")
    assert (state.totals.value, state.totals.exposure) == (D(500), D(500))
    assert desk.nav == D(101_250) - D("0.625")


def test_reservations_and_limits_count_in_base_currency() -> None:
    desk = in_euro(chosen=limits(max_order_notional=D(500)))
    desk.intend(BUY, 20, EUR, 40)
    decision = desk.decision
    assert (decision.verdict, decision.reason) == (Verdict.RESIZED, Reason.MAX_ORDER_NOTIONAL)
    assert (decision.quantity, decision.price, decision.rate) == (D(10), D(40), D("1.25"))
    assert desk.risk.state.totals.buys_value == D(500)


@pytest.mark.parametrize(("quantity", "passes"), [("0.5", True), ("0.499", False)])
def test_a_venue_s_least_notional_counts_in_quote_currency(quantity: str, passes: bool) -> None:
    desk = in_euro(min_notional=D(20))
    desk.intend(BUY, quantity, EUR, 40)
    assert (desk.decision.verdict is Verdict.APPROVED) is passes
    if not passes:
        assert desk.decision.reason is Reason.MIN_NOTIONAL


def test_the_desk_s_least_notional_counts_in_base_currency() -> None:
    desk = in_euro(chosen=limits(min_notional=D(50)))
    desk.intend(BUY, 1, EUR, 40)
    assert desk.decision.verdict is Verdict.APPROVED
    desk.intend(BUY, "0.999", EUR, 40)
    assert desk.decision.reason is Reason.MIN_NOTIONAL


def test_a_fee_in_another_currency_with_a_rate_is_a_cost_and_no_reason_to_reduce() -> None:
    desk = in_euro()
    desk.fill(desk.intend(BUY, 1, EUR, 40), BUY, 1, 40, "0.01", EUR, fee_currency="BNB")
    assert desk.mode is Mode.NORMAL
    assert desk.risk.state.accounts["paper"].balances["BNB"] == D("-0.01")
    assert desk.risk.state.holdings[f"paper/{EUR}"].fees == D(3)
    assert desk.nav == D(101_250) - 3


def test_what_has_no_rate_fails_closed() -> None:
    desk = in_euro()
    desk.fill(desk.intend(BUY, 1, EUR, 40), BUY, 1, 40, "0.01", EUR, fee_currency="XYZ")
    assert desk.mode is Mode.REDUCE
    assert list(desk.risk.state.sources) == ["fee_conversion:XYZ"]
    assert desk.nav == D(101_250)


@pytest.mark.parametrize(("balances", "mode"), [({"BNB": D(-1)}, Mode.NORMAL), ({"XYZ": D(-1)}, Mode.REDUCE)])
def test_a_debt_reduces_unless_it_can_be_valued(balances: dict[str, Decimal], mode: Mode) -> None:
    desk = Desk(two_currencies()).seed(balances=balances)
    assert desk.mode is mode
    assert desk.nav == D(100_000) - (300 if mode is Mode.NORMAL else 0)


def test_a_position_found_in_another_currency_is_a_deposit_at_its_rate() -> None:
    desk = Desk(two_currencies()).seed(balances={"EUR": D(100)}, ETH_EUR="2").mark(EUR, 40)
    state = desk.risk.state
    assert state.deposits == desk.nav == D(100_000) + D(125) + D(100)
    assert unrealised(state) == 0
    assert desk.risk.portfolio().positions[0].average_price == D(40)


def test_closing_by_command_is_priced_in_the_quote_currency() -> None:
    desk = in_euro()
    desk.fill(desk.intend(BUY, 1, EUR, 40), BUY, 1, 40, 0, EUR, fee_currency="EUR")
    del desk.risk.state.marks[EUR]
    desk.give(Flatten("anna", EUR))
    [closing] = desk.events(IntentDecided)
    assert closing.price <= D(40)
    assert closing.price > D(37)


# --- other rates in the settings ----------------------------------------------------------------------------------


def restarted(desk: Desk, chosen: RiskSettings) -> Desk:
    """The same desk, started again under other settings."""
    fresh = Desk(chosen)
    fresh.risk.state, fresh.ctx.now, fresh.messages = desk.risk.state, desk.ctx.now, desk.messages
    return fresh


def test_another_rate_values_everything_anew_and_what_it_moves_is_a_result() -> None:
    desk = in_euro()
    desk.fill(desk.intend(BUY, 10, EUR, 40), BUY, 10, 40, 0, EUR, fee_currency="EUR")
    desk.intend(SELL, 2, EUR, 41)
    before, peak = desk.risk.state.deposits, desk.risk.state.peak
    desk = restarted(desk, two_currencies("1.5")).mark()
    state = desk.risk.state
    assert isinstance(desk.last_events[0], RatesTaken)
    assert desk.nav == D(100_000) + D(600) * D("1.5") + D(10) * 40 * D("1.5")
    assert (state.deposits, peak) == (before, D(101_250))
    holding = state.holdings[f"paper/{EUR}"]
    assert (holding.rate, holding.cost, holding.sells_value) == (D("1.5"), D(500), D(2) * 41 * D("1.5"))
    assert recompute(state, "USDT") == (state.holdings, state.totals)
    assert state.revalued == D(600) * D("0.25")
    books = state.holdings.values()
    result = sum(book.realised + book.funding - book.fees for book in books)
    open_profit = unrealised(state)
    assert open_profit is not None
    assert desk.nav == state.deposits + result + open_profit + state.revalued
    desk.mark()
    assert desk.events(RatesTaken) == []


def test_a_rate_that_makes_nav_fall_counts_as_a_loss() -> None:
    careful = limits(drawdown_reduce=D("0.1"))
    desk = Desk(two_currencies("1", careful)).seed(1000, balances={"EUR": D(9000)}).mark()
    desk = restarted(desk, two_currencies("0.9", careful)).mark()
    assert (desk.nav, desk.mode) == (D(9100), Mode.NORMAL)
    desk = restarted(desk, two_currencies("0.8", careful)).mark()
    assert (desk.nav, desk.mode) == (D(8200), Mode.REDUCE)


# --- settings -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("chosen", "field"),
    [
        (bench.settings(rates={"EUR": D(0)}), "risk.rates.EUR"),
        (bench.settings(rates={"EUR": D("NaN")}), "risk.rates.EUR"),
        (bench.settings(rates={"EUR": D("1.0812345678")}), "risk.rates.EUR"),
        (bench.settings(rates={"USDT": D(1)}), "risk.rates.USDT"),
        (
            bench.settings(instruments=(instrument("A", quote_currency="EUR"),), rates={"EUR": D(2)}),
            "risk.instruments.paper/A.rate",
        ),
        (bench.settings(instruments=(instrument("A", rate=D(2)),)), "risk.instruments.paper/A.rate"),
        (
            bench.settings(instruments=(instrument("EUR-USDT", converts=True),)),
            "risk.instruments.paper/EUR-USDT.converts",
        ),
    ],
)
def test_a_rate_that_makes_no_sense_is_named(chosen: RiskSettings, field: str) -> None:
    with pytest.raises(ConfigurationError) as error:
        RiskActor(chosen)
    assert error.value.field == field


# --- exactness ----------------------------------------------------------------------------------------------------

RATES = st.decimals("0.00001", "99999", places=5, allow_nan=False).filter(lambda rate: rate > 0)
TRADES = st.lists(
    st.tuples(
        st.sampled_from((BUY, SELL)),
        st.integers(1, 99_999),
        st.integers(1, 9_999_999),
        st.integers(-9_999_999, 99_999_999),
        st.sampled_from(("EUR", "USDT", "BNB")),
    ),
    min_size=1,
    max_size=12,
)


@pytest.mark.property
@settings(max_examples=60, deadline=None)
@given(RATES, TRADES)
def test_balances_times_rates_and_positions_at_marks_are_nav_to_the_last_digit(
    rate: Decimal, trades: list[tuple[Side, int, int, int, str]]
) -> None:
    fine = instrument(EUR, quote_currency="EUR", rate=rate, tick=D("0.00001"))
    chosen = bench.settings(
        bench.limits(daily_loss_limit=D(10**9), drawdown_reduce=D(10**9), drawdown_halt=D(10**9)),
        instruments=(fine,),
        rates={"EUR": rate, "BNB": D("312.0625")},
    )
    desk = Desk(chosen).seed(10**6, balances={"EUR": D(10**4)})
    balances = {"USDT": D(10**6), "EUR": D(10**4), "BNB": D(0)}
    position = D(0)
    for number, (side, lots, ticks, fee, currency) in enumerate(trades):
        quantity, price, charged = D(lots) / 1000, D(ticks) / 100_000, D(fee) / 10**8
        desk.fill(f"external/{number}", side, quantity, price, charged, EUR, fee_currency=currency)
        balances["EUR"] -= side.sign * price * quantity
        balances[currency] -= charged
        position += side.sign * quantity
        desk.mark(EUR, float(price), float(price) + 0.00001)
        state = desk.risk.state
        known = state.marks[EUR]
        value = position * (known.bid if position > 0 else known.ask) * rate
        cash = balances["USDT"] + balances["EUR"] * rate + balances["BNB"] * D("312.0625")
        held = state.accounts["paper"].balances
        assert {name: held.get(name, D(0)) for name in balances} == balances
        assert state.totals.cash == cash == in_base(held, state.rates, "USDT")
        assert desk.nav == cash + value
        assert recompute(state, "USDT") == (state.holdings, state.totals)
