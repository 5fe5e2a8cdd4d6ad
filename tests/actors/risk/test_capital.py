"""Self-financing: profit is split, losses are capital's, checkpoints count once, buys leave the treasury."""

from __future__ import annotations

from decimal import Decimal

import pytest

from actors.risk import modes
from actors.risk.books.capital import checkpoint, deployable
from actors.risk.limits import check_settings
from actors.risk.state import Capital
from messages.control import Mode
from messages.errors import ConfigurationError
from messages.intents import Verdict
from messages.portfolio import CapitalCheckpointed, CapitalCode
from messages.reasons import Reason
from tests.actors.risk import desk as bench
from tests.actors.risk.desk import BUY, SELL, D, Desk, limits, result

pytestmark = pytest.mark.unit

KNOWN = Capital(D(1000), D(50), D(100), 7)


@pytest.mark.parametrize(
    ("known", "events", "realised", "code", "capital", "treasury"),
    [
        (Capital(), 0, 0, CapitalCode.BEGUN, 5000, 0),
        (KNOWN, 8, 200, CapitalCode.SPLIT, 1060, 90),
        (KNOWN, 8, 40, CapitalCode.LOSS, 940, 50),
        (KNOWN, 8, -900, CapitalCode.LOSS, 0, 50),
        (KNOWN, 8, 100, CapitalCode.NOTHING_REALISED, 1000, 50),
        (KNOWN, 7, 100, CapitalCode.ALREADY_APPLIED, 1000, 50),
        (KNOWN, 7, 101, CapitalCode.REALISED_MISMATCH, 1000, 50),
        (KNOWN, 6, 100, CapitalCode.NON_MONOTONIC, 1000, 50),
        (KNOWN, 8, -901, CapitalCode.NEGATIVE_CAPITAL, 1000, 50),
    ],
)
def test_each_checkpoint_has_its_code_and_its_effect(
    known: Capital, events: int, realised: int, code: CapitalCode, capital: int, treasury: int
) -> None:
    told, after = checkpoint(known, events, D(realised), D(5000), D("0.4"))
    assert (told, after.capital, after.treasury) == (code, capital, treasury)
    assert told.is_refusal is (told.value.split(":")[0] != "capital_apply")
    if told.is_refusal or told is CapitalCode.ALREADY_APPLIED:
        assert after == known
    else:
        assert (after.events, after.realised) == (events, realised)


def test_what_is_split_loses_nothing_to_rounding() -> None:
    _, after = checkpoint(Capital(D(0), D(0), D(0), 0), 1, D("0.0000000000011"), D(0), D("0.4"))
    assert after.treasury == 0
    assert after.capital == D("0.0000000000011")


def desk_with(**changes: object) -> Desk:
    chosen = limits(self_financing=True, **changes)
    return Desk(bench.settings(chosen)).seed(1000).mark()


def next_day(desk: Desk) -> list[CapitalCheckpointed]:
    desk.ctx.now = desk.risk.state.day_ends_at
    desk.mark()
    return desk.events(CapitalCheckpointed)


def test_a_days_profit_is_split_after_costs_and_counts_once() -> None:
    desk = desk_with()
    assert desk.risk.state.capital == Capital(D(1000), D(0), D(0), 0)
    desk.trade(BUY, 1, 100, fee=1)
    desk.trade(SELL, 1, 112, fee=1)
    (told,) = next_day(desk)
    assert (told.code, told.capital, told.treasury, told.to_treasury) == (
        CapitalCode.SPLIT,
        D(1006),
        D(4),
        D(4),
    )
    assert next_day(desk) == []
    assert desk.replayed().state.capital == desk.risk.state.capital


def test_a_days_loss_leaves_the_treasury() -> None:
    desk = desk_with()
    desk.trade(BUY, 1, 100)
    desk.trade(SELL, 1, 110)
    next_day(desk)
    desk.trade(BUY, 1, 110)
    desk.trade(SELL, 1, 90)
    (told,) = next_day(desk)
    assert (told.code, told.capital, told.treasury) == (CapitalCode.LOSS, D(986), D(4))
    assert told.capital + told.treasury == desk.nav


def test_a_deposit_is_capital() -> None:
    desk = desk_with().seed(500, venue="other")
    assert desk.risk.state.capital.capital == D(1500)


def test_buys_leave_the_treasury_untouched_and_are_resized_to_it() -> None:
    desk = desk_with(min_cash_reserve=D("0.1"))
    desk.trade(BUY, 5, 100)
    desk.trade(SELL, 5, 180)
    next_day(desk)
    assert desk.risk.state.capital.treasury == D(160)
    assert deployable(desk.risk.state, D("0.1")) == D(1400 - 140 - 160)
    desk.intend(BUY, 12)
    assert (desk.decision.verdict, desk.decision.quantity) == (Verdict.RESIZED, D(11))
    assert result(desk, "cash_reserve").limit == D(300)
    assert deployable(desk.risk.state, D("0.1")) == 0
    desk.intend(BUY, 1)
    assert (desk.decision.verdict, desk.decision.reason) == (Verdict.REJECTED, Reason.CASH_RESERVE)


def test_nothing_is_deployable_while_nav_is_not_known() -> None:
    assert deployable(Desk().risk.state, Decimal(0)) is None


def test_a_checkpoint_that_makes_no_sense_reduces_the_desk() -> None:
    desk = desk_with()
    desk.trade(BUY, 1, 100)
    desk.risk.state.capital = Capital(D(1000), D(0), D(0), 99)
    (told,) = next_day(desk)
    assert told.code is CapitalCode.NON_MONOTONIC
    assert desk.risk.state.sources[modes.CAPITAL].mode is Mode.REDUCE
    assert desk.risk.state.capital.events == 99


def test_it_is_off_unless_the_settings_ask_for_it() -> None:
    desk = Desk(bench.settings(limits())).seed(1000).mark()
    desk.trade(BUY, 1, 100)
    desk.trade(SELL, 1, 110)
    assert next_day(desk) == []
    assert desk.risk.state.capital == Capital()


def test_a_share_above_all_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="treasury_share"):
        check_settings(bench.settings(limits(treasury_share=D("1.1"))))
