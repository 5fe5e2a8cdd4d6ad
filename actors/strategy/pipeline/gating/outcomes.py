"""What gates, exits and sizes can say of a symbol, as one table: arrays hold its row numbers, traces its reasons."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from actors.strategy.pipeline.arrays import Bools, Codes
from messages.reasons import Reason


class Outcome(NamedTuple):
    """A reason and how it is written: the code itself, or `missing:<input>` where an input is not known."""

    reason: Reason
    text: str


_SAID = (
    # what lets pass, the more telling the higher
    Reason.ACCEPTED,
    Reason.DISABLED,
    Reason.UNJUDGED,
    Reason.NORMAL_ENTRY,
    Reason.VALLEY_BOUNCE,
    Reason.PEAK_REJECTION,
    # what refuses
    Reason.BAD_TICK,
    Reason.WIDE_SPREAD,
    Reason.STALE_QUOTE,
    Reason.CHOP,
    Reason.PEAK_PROBABLE,
    Reason.VALLEY_PROBABLE,
    Reason.MIN_HOLD,
    Reason.REENTRY,
    Reason.FEES_NOT_COVERED,
    Reason.NO_DIRECTION,
    # what exits and sizes say besides
    Reason.HOLD_POSITION,
    Reason.PEAK_EXIT,
    Reason.VALLEY_EXIT,
    Reason.ALPHA_EXIT,
    Reason.NO_TRADE_BAND,
    Reason.CAPPED,
)

_INPUTS = (
    "alpha",
    "edge",
    "p_peak",
    "p_valley",
    "y_peak",
    "spread",
    "quote_age",
    "price_deviation",
    "atr_ratio",
    "position",
    "held",
    "since_close",
    "fee",
    "volatility",
    "atr",
    "strength",
    "size",
)

OUTCOMES: tuple[Outcome, ...] = (
    *(Outcome(reason, reason.value) for reason in _SAID),
    *(Outcome(Reason.MISSING, f"{Reason.MISSING.value}:{name}") for name in _INPUTS),
)
"""Row 0 is `accepted`. Row numbers are not stored anywhere: traces hold the reasons."""

_ROWS = {outcome.text: row for row, outcome in enumerate(OUTCOMES)}


def code_of(reason: Reason) -> int:
    """The row of a reason."""
    return _ROWS[reason.value]


def missing(name: str) -> int:
    """The row that says that this input is missing."""
    return _ROWS[f"{Reason.MISSING.value}:{name}"]


def is_missing(codes: Codes) -> Bools:
    """bool[S]: where a code[S] says that an input is missing."""
    return np.asarray(codes) >= len(_SAID)


def outcome(code: int) -> Outcome:
    """What a code stands for."""
    return OUTCOMES[code]


def texts(codes: Iterable[int]) -> list[str]:
    """How each code is written in a trace."""
    return [OUTCOMES[code].text for code in codes]
