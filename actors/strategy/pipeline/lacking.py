"""What a decision lacks, in words: how many bars, predictions, judged predictions there are, and how many it needs."""

from __future__ import annotations

from collections.abc import Iterator
from math import isfinite, isnan

import msgspec

from actors.strategy.pipeline.arrays import Floats
from actors.strategy.pipeline.columns import Columns
from actors.strategy.pipeline.gating import ATR_PERIOD, BAD_TICK_BARS, CHOP_BARS
from actors.strategy.pipeline.kernel import Words
from actors.strategy.pipeline.settings import PipelineParameters
from actors.strategy.pipeline.windows import CLOSE, VOLUME
from config.duration import format_duration
from messages.reasons import Reason

_SILENT = frozenset({Reason.NO_ALPHAS, Reason.UNCALIBRATED})
_OF_PREDICTIONS = frozenset({"alpha", "edge", "strength", "size"})
_BARRIERS = {"p_peak": "peaks", "y_peak": "peaks", "p_valley": "valleys"}
_NAMED = 3
"""How many models are named one by one."""


class Needs(msgspec.Struct, frozen=True):
    """What a pipeline looks back on: `bars` of its window, `minimum` predictions before there is a scale, `judged`
    predictions before there is a calibration without one of training."""

    bars: int
    minimum: int
    judged: int
    chosen: PipelineParameters
    columns: Columns


def lacking(
    reason: Reason, detail: str | None, row: int, bars: Floats, words: Words, needs: Needs
) -> str | None:
    """What the symbol of this row lacks that a decision ended with this reason; None where nothing is.

    `bars` is float64[L,5], the symbol's window.
    """
    if not (reason in _SILENT or reason in (Reason.WARMING_UP, Reason.MISSING)):
        return None
    return "; ".join(_lacks(reason, detail, row, bars, words, needs)) or None


def _lacks(
    reason: Reason, detail: str | None, row: int, bars: Floats, words: Words, needs: Needs
) -> Iterator[str]:
    have = _in_a_row(bars[:, CLOSE])
    if reason is Reason.WARMING_UP or have < needs.bars:
        yield f"{have} of {needs.bars} bars of {format_duration(needs.chosen.interval)}"
    if detail in _BARRIERS:
        yield from needs.columns.unheard_barriers(detail, _BARRIERS[detail], have)
    elif detail in _OF_PREDICTIONS or reason in _SILENT or (detail is None and reason is Reason.WARMING_UP):
        silent = list(_silent(row, have, words, needs))
        yield from silent[:_NAMED]
        if len(silent) > _NAMED:
            yield f"and {len(silent) - _NAMED} more"
    elif detail is not None:
        yield from _of_bars(detail, have, bars, needs.chosen)


def _silent(row: int, have: int, words: Words, needs: Needs) -> Iterator[str]:
    """Of each model that gives no expected return at a horizon it is there for: what it waits for."""
    for name, column, place, bars, why in needs.columns.looks_back():
        if have < bars:
            yield f"{name} needs {bars} bars{why}"
        elif not isfinite(words.raw[row, column, place]):
            yield f"{name} predicts nothing"
        elif not isfinite(words.z[row, column, place]):
            yield f"{name} has fewer than {needs.minimum} predictions"
        elif isnan(words.statistics.slope[row, column, place]):
            judged = int(words.statistics.pairs[row, column, place])
            yield f"{name} has {judged} of {needs.judged} judged predictions, and no calibration of training"


def _of_bars(detail: str, have: int, bars: Floats, chosen: PipelineParameters) -> Iterator[str]:
    """What a measure of the bars lacks."""
    needed = {
        "price_deviation": BAD_TICK_BARS + 1,
        "atr_ratio": CHOP_BARS,
        "atr": ATR_PERIOD + 1,
        "volatility": chosen.volatility_bars + 1,
        "volume": chosen.volatility_bars,
    }.get(detail)
    if needed is None:
        return
    if have < needed:
        yield f"{detail} needs {needed} bars"
    elif detail == "volume":
        told = needed - _in_a_row(bars[-needed:, VOLUME])
        if told:
            yield f"of the last {needed} bars, not all have a volume"
    else:
        yield f"{detail} is not defined on these bars: the market stands still"


def _in_a_row(values: Floats) -> int:
    """How many of the last values are there, without a gap."""
    for count, value in enumerate(values[::-1].tolist()):
        if isnan(value):
            return count
    return len(values)
