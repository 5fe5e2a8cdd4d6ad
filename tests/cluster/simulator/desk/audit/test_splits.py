"""The auditor's word on splits of capital and adapted limits, and on books that do not add up."""

from __future__ import annotations

from decimal import Decimal

import msgspec
import pytest

from actors.risk.allocation_settings import AdaptationSettings, AllocationSettings
from actors.risk.limits import RiskLimits, RiskSettings
from actors.risk.state import Account, Holding, RiskState, Totals
from cluster.simulator.desk.audit.finding import Finding
from cluster.simulator.desk.audit.identity import check_ledger
from cluster.simulator.desk.audit.portfolio import Portfolio, SplitBook
from cluster.simulator.desk.audit.splits import ADAPTED, _judge_split, judge_adaptation
from messages.control import Mode
from messages.limits import LimitSet
from messages.statistics import (
    AdaptationOutcome,
    AdaptationStep,
    Allotment,
    CapitalAllocated,
    LimitsAdapted,
)

pytestmark = pytest.mark.unit

D = Decimal
LIMITS = RiskLimits(min_cash_reserve=D("0.1"), max_order_notional=D(1000), max_open_orders=10)
SETTINGS = RiskSettings(
    instruments=(),
    limits=LIMITS,
    allocation=AllocationSettings(enabled=True, strategies=("a", "b"), share=D("0.5")),
    adaptation=AdaptationSettings(enabled=True, floor=D("0.5"), max_changes=1),
)


def books(**changes: object) -> Portfolio:
    """A desk of 1,000, of which 450 are to be split."""
    own = Portfolio(base="USDT", balances={"alpha": {"USDT": D(1000)}}, opened={"alpha": None})
    return msgspec.structs.replace(own, **changes)


def split(capital: int, **budgets: tuple[int, int]) -> CapitalAllocated:
    allotments = tuple(
        Allotment(name, 0.5, D(before), D(after), None, None, None, None)
        for name, (before, after) in budgets.items()
    )
    return CapitalAllocated(D(capital), allotments, 1)


def judged(event: CapitalAllocated, book: SplitBook | None = None, **changes: object) -> None:
    _judge_split(SETTINGS, book or SplitBook(), books(**changes), event)


def test_a_split_of_what_is_there_is_in_order() -> None:
    judged(split(450, a=(225, 225), b=(225, 225)))
    judged(split(150, a=(75, 150)), SplitBook(pinned={"b": D(300)}))
    judged(split(450, a=(400, 300)), SplitBook({"a": D(400), "b": D(200)}), mode=Mode.REDUCE)


@pytest.mark.parametrize(
    ("event", "book", "mode", "found"),
    [
        (split(451, a=(225, 225)), SplitBook(), Mode.NORMAL, "more than there is"),
        (split(200, a=(100, 200)), SplitBook(pinned={"b": D(300)}), Mode.NORMAL, "more than there is"),
        (split(450, a=(225, 300)), SplitBook({"a": D(225), "b": D(225)}), Mode.NORMAL, "grew beyond"),
        (split(150, b=(75, 100)), SplitBook(pinned={"b": D(300)}), Mode.NORMAL, "a person has set"),
        (split(450, a=(100, 200)), SplitBook({"a": D(100)}), Mode.REDUCE, "while the desk reduces"),
        (split(450, a=(200, 100)), SplitBook({"a": D(200)}), Mode.HALTED, "leaves budgets alone"),
    ],
)
def test_a_split_that_gives_what_is_not_there_is_found(
    event: CapitalAllocated, book: SplitBook, mode: Mode, found: str
) -> None:
    with pytest.raises(Finding, match=found):
        judged(event, book, mode=mode)


def adapted(
    name: str, value: str, outcome: AdaptationOutcome = AdaptationOutcome.APPLIED
) -> tuple[object, ...]:
    step = AdaptationStep(name, None, value, "rejects")
    change = LimitSet("m", "risk/adaptation", name, ADAPTED, value, None, value, "", 1, 1)
    return LimitsAdapted(outcome, (step,), False, {}, 1, 1), change


def test_limits_are_adapted_within_their_floor_and_mode() -> None:
    for events in (adapted("max_order_notional", "500"), adapted("max_open_orders", "5")):
        judge_adaptation(SETTINGS, LIMITS, books(), events)  # type: ignore[arg-type]
    rows = (
        (adapted("max_order_notional", "499"), Mode.NORMAL, "below its floor"),
        (adapted("max_open_orders", "4"), Mode.NORMAL, "below its floor"),
        (adapted("max_order_notional", "950"), Mode.REDUCE, "leaves them alone"),
        (
            adapted("max_order_notional", "950", AdaptationOutcome.REJECTED),
            Mode.REDUCE,
            "otherwise than told",
        ),
    )
    for events, mode, found in rows:
        with pytest.raises(Finding, match=found):
            judge_adaptation(SETTINGS, LIMITS, books(mode=mode), events)  # type: ignore[arg-type]


def ledger(**changes: object) -> RiskState:
    """Bought 1 at 100, fee 2, worth 90 now; 1,000 was deposited."""
    held = Holding(
        venue="alpha", symbol="BTC-USDT", multiplier=D(1), position=D(1), cost=D(100), fees=D(2), value=D(90)
    )
    state = RiskState(
        accounts={"alpha": Account({"USDT": D(898)}, opened=True)},
        holdings={"alpha/BTC-USDT": held},
        totals=Totals(cash=D(898), value=D(90)),
        deposits=D(1000),
    )
    return msgspec.structs.replace(state, **changes)


def own_books(**changes: object) -> Portfolio:
    listing = ("alpha", "BTC-USDT")
    return books(
        **{
            "balances": {"alpha": {"USDT": D(898)}},
            "deposits": D(1000),
            "positions": {listing: D(1)},
            "multipliers": {listing: D(1)},
            "marks": {"BTC-USDT": (D(90), D(91), 1)},
            **changes,
        }
    )


def test_books_that_add_up_and_agree_are_in_order() -> None:
    check_ledger(ledger(), own_books())


@pytest.mark.parametrize(
    ("state", "own", "found"),
    [
        (ledger(), own_books(balances={"alpha": {"USDT": D(899)}}), "NAV"),
        (ledger(deposits=D(999)), own_books(), "from outside"),
        (ledger(revalued=D(1)), own_books(), "rates have moved"),
        (ledger(day_anchor=D(900)), own_books(anchor=D(901)), "anchor"),
        (ledger(deposits=D(999)), own_books(deposits=D(999)), "do not add up"),
    ],
)
def test_books_that_differ_or_do_not_add_up_are_found(state: RiskState, own: Portfolio, found: str) -> None:
    with pytest.raises(Finding, match=found):
        check_ledger(state, own)
