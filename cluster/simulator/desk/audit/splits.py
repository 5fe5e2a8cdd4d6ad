"""What risk does with the desk's record: budgets never exceed what they divide, adapted limits keep their bounds."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from actors.risk.limits import RiskLimits, RiskSettings
from cluster.simulator.desk.audit.finding import Finding
from cluster.simulator.desk.audit.portfolio import Portfolio, SplitBook
from cluster.store.port import Section
from messages.base import Message
from messages.control import Mode
from messages.decisions import SetStrategyBudget
from messages.limits import LimitSet
from messages.statistics import AdaptationOutcome, BudgetPinned, CapitalAllocated, LimitsAdapted

ZERO = Decimal(0)
ADAPTED = "adaptation"
"""The scope of limits that risk itself has tightened."""
_COUNTS = ("max_open_orders", "max_open_positions")
_CENT = Decimal("0.01")
_ROUNDING = Decimal("1E-6")


def judge_splits(settings: RiskSettings, books: Portfolio, event: Message, section: Section) -> None:
    """One event of a step of risk, `books` being those before it. Raises `Finding` for a split of what is not there."""
    book = books.splits
    if isinstance(event, BudgetPinned):
        book.budgets.pop(event.strategy, None)
        book.pinned.pop(event.strategy, None)
        if event.budget is not None:
            book.pinned[event.strategy] = event.budget
    elif isinstance(event, CapitalAllocated):
        _judge_split(settings, book, books, event)
        told = {each.strategy: each.budget for each in event.allotments}
        sent = {
            each.message.strategy: each.message.budget
            for each in section.envelopes
            if isinstance(each.message, SetStrategyBudget)
        }
        if sent != told:
            raise _finding("budgets were not told as they were split", sent, told)
        book.budgets |= told


def _judge_split(settings: RiskSettings, book: SplitBook, books: Portfolio, event: CapitalAllocated) -> None:
    chosen, nav = settings.allocation, books.nav()
    if books.mode not in (Mode.NORMAL, Mode.REDUCE) or nav is None:
        raise _finding("capital was split in a mode that leaves budgets alone", books.mode, event)
    there = chosen.share * max(ZERO, (1 - settings.limits.min_cash_reserve) * nav)
    free = there - sum((book.pinned[name] for name in chosen.strategies if name in book.pinned), ZERO)
    if _is_fixed(books) and event.capital > free + _ROUNDING:
        raise _finding("a split divides more than there is", event.capital, free)
    before = sum(book.budgets.values(), ZERO)
    after = book.budgets | {each.strategy: each.budget for each in event.allotments}
    total = sum(after.values(), ZERO)
    grown = {
        each.strategy for each in event.allotments if each.budget > book.budgets.get(each.strategy, ZERO)
    }
    if any(name in book.pinned for name in grown):
        raise _finding("a budget that a person has set was split", event, book.pinned)
    if grown and total > max(event.capital, before) + _CENT:
        raise _finding("budgets grew beyond what they divide", (total, before), event.capital)
    if books.mode is Mode.REDUCE and any(each.budget > each.before for each in event.allotments):
        raise _finding("a budget grew while the desk reduces", event, books.mode)


def _is_fixed(books: Portfolio) -> bool:
    """Whether nobody has changed the reserve that a split leaves."""
    return all("min_cash_reserve" not in own for own in books.limits.values())


def judge_adaptation(
    settings: RiskSettings, configured: RiskLimits, books: Portfolio, events: Sequence[Message]
) -> None:
    """Limits are adapted among these events. Raises `Finding` where they go beyond their bounds.

    `configured` are the desk's limits as settings and people have them.
    """
    [told] = [each for each in events if isinstance(each, LimitsAdapted)]
    changes = [each for each in events if isinstance(each, LimitSet) and each.scope == ADAPTED]
    steps = [] if told.outcome is AdaptationOutcome.REJECTED else list(told.steps)
    if [(each.name, each.value) for each in changes] != [(each.limit, each.after) for each in steps]:
        raise _finding("limits were adapted otherwise than told", changes, steps)
    if told.outcome is AdaptationOutcome.APPLIED:
        if books.mode is not Mode.NORMAL:
            raise _finding("limits were adapted in a mode that leaves them alone", books.mode, told)
        if len(changes) > settings.adaptation.max_changes:
            raise _finding("too many limits were adapted at a time", changes, settings.adaptation.max_changes)
    for each in changes:
        whole = Decimal(getattr(configured, each.name))
        value = whole if each.value is None else Decimal(each.value)
        before = books.limits.get(ADAPTED, {}).get(each.name)
        tightens = value < (whole if before is None else Decimal(before))
        floor = whole * settings.adaptation.floor
        if each.name in _COUNTS:
            floor = Decimal(max(1, int(floor)))
        if tightens and value < floor - _ROUNDING:
            raise _finding("a limit was adapted below its floor", each, floor)


def _finding(what: str, found: object, expected: object) -> Finding:
    return Finding(3, what, actors=("risk",), value=(found, expected))
