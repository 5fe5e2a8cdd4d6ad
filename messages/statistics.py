"""What risk learns from the desk's own record: samples of returns, the split of capital, what it adapted.

Apart from `messages.portfolio` because nothing here is money that moved. Times are desk time in ns UTC.
"""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum

import msgspec

from messages.base import Message, message_type
from messages.events import EventType


@message_type
class ReturnsSampled(Message, frozen=True):
    """The log returns of the symbols that were marked since the sample before, in millionths.

    `spacing` is the time between two samples (ns). `lookback` samples are kept of each symbol. `restarted`: the
    sample before was too long ago for returns to say anything of one spacing; only prices were taken.
    """

    returns: dict[str, int]
    lookback: int
    spacing: int
    restarted: bool
    time: int


# --- the split of capital -----------------------------------------------------------------------------------------


class Allotment(msgspec.Struct, frozen=True, gc=False, forbid_unknown_fields=True):
    """What a split gives one strategy, and why. Figures are annualised; None where its record is too short.

    `before` and `budget` are in base currency; equal where it stays as it was.
    """

    strategy: str
    weight: float
    before: Decimal
    budget: Decimal
    score: float | None
    sharpe: float | None
    volatility: float | None
    correlation: float | None


@message_type
class StrategiesObserved(Message, frozen=True):
    """What each strategy has made so far (net of costs, with what is open; base currency), and its return since then.

    A return is a part of its budget; None where it is not known. `lookback` of them are kept of each.
    """

    profits: dict[str, Decimal | None]
    returns: dict[str, float | None]
    lookback: int
    time: int


@message_type
class CapitalAllocated(Message, frozen=True):
    """Capital was split over strategies; budgets that changed are told to their actors. Base currency."""

    event_type = EventType.CAPITAL_CHANGED

    capital: Decimal
    allotments: tuple[Allotment, ...]
    time: int


@message_type
class BudgetPinned(Message, frozen=True):
    """A person has set a strategy's budget: splits leave it alone; None: it takes part again."""

    event_type = EventType.CAPITAL_CHANGED

    strategy: str
    budget: Decimal | None
    by: str
    time: int


# --- adaptation -----------------------------------------------------------------------------------------------------


class CycleFigures(msgspec.Struct, frozen=True, gc=False, forbid_unknown_fields=True):
    """What a cycle was like: rejected orders, refusals for rates, whether something held had no mark when it ended.

    `drawdown` is the fall from the peak as a part of `drawdown_reduce`, `profit` the change of NAV without deposits as
    a part of it; None is "not known".
    """

    rejects: int
    throttled: int
    missing_marks: bool
    drawdown: Decimal | None
    profit: Decimal | None


@message_type
class RejectCounted(Message, frozen=True):
    """An order of this cycle was rejected; `throttled`: for the venue's rates."""

    throttled: bool


@message_type
class CycleEnded(Message, frozen=True):
    """A cycle of adaptation is over, and another begins, with this NAV and these deposits; base currency.

    `figures` is None where there was none before. The latest `window` are kept.
    """

    figures: CycleFigures | None
    nav: Decimal | None
    deposits: Decimal
    window: int
    ends_at: int
    time: int


class AdaptationOutcome(StrEnum):
    """What became of a change of limits that cycles asked for."""

    APPLIED = "applied"
    REJECTED = "rejected"
    """the mode is not NORMAL"""
    ROLLED_BACK = "rolled_back"


class AdaptationStep(msgspec.Struct, frozen=True, gc=False, forbid_unknown_fields=True):
    """One limit of a change, as text; None is the settings' own. `sign` is what it is for."""

    limit: str
    before: str | None
    after: str | None
    sign: str


@message_type
class LimitsAdapted(Message, frozen=True):
    """Recent cycles asked for other limits. `version` is that of the limits afterwards; `loosens`: some are looser.

    What was `adapted` before (limit -> value as text) is told, for it may be taken back.
    """

    event_type = EventType.ADAPTATION_APPLIED

    outcome: AdaptationOutcome
    steps: tuple[AdaptationStep, ...]
    loosens: bool
    adapted: dict[str, str]
    version: int
    time: int
