"""When the models themselves say that a position should be closed. Stops and targets are not here: they always run."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from actors.strategy.pipeline.arrays import Bools, Codes, every, some
from actors.strategy.pipeline.gating.gates import GateInputs, GateResult
from actors.strategy.pipeline.gating.outcomes import code_of
from actors.strategy.pipeline.gating.settings import GateSettings
from messages.reasons import Reason

_HOLD, _MIN_HOLD = code_of(Reason.HOLD_POSITION), code_of(Reason.MIN_HOLD)
_ALPHA_EXIT, _PEAK_EXIT = code_of(Reason.ALPHA_EXIT), code_of(Reason.PEAK_EXIT)
_VALLEY_EXIT = code_of(Reason.VALLEY_EXIT)


class Exits(NamedTuple):
    """leave bool[S]: close the position, or turn it where an entry the other way is allowed; code int8[S]: why, or
    why not; `accepted` where no position is held."""

    leave: Bools
    code: Codes


def exit_signals(inputs: GateInputs, result: GateResult, settings: GateSettings) -> Exits:
    """Close a long when a peak is probable or alpha is negative, a short when a valley is or alpha is positive.

    Not before the least holding time, and not by the price of a bad tick. What is missing closes nothing: an unknown
    probability leaves the word to alpha, and a position of unknown age may be closed (sheet F 5, H 3.6).
    """
    position, limits = inputs.position, settings.barrier
    held = np.abs(position) > 0.0
    code = np.zeros(len(held), np.int8)
    if not some(held):
        return Exits(held, code)
    long, short = position > 0.0, position < 0.0
    leave = np.sign(position) * inputs.alpha < 0.0
    code[held] = _HOLD
    code[leave] = _ALPHA_EXIT
    if limits.enabled:
        at_peak = long & (inputs.p_peak > limits.exit_peak) & (inputs.p_peak <= 1.0)
        at_valley = short & (inputs.p_valley > limits.exit_valley) & (inputs.p_valley <= 1.0)
        code[at_peak], code[at_valley] = _PEAK_EXIT, _VALLEY_EXIT
        leave |= at_peak | at_valley
    if settings.churn.enabled:
        young = leave & (inputs.held_ns < settings.churn.min_hold_ns)
        code[young] = _MIN_HOLD
        leave &= ~young
    if not every(result.decidable):
        undecided = held & ~result.decidable
        code[undecided] = result.refusal[undecided]
        leave &= result.decidable
    return Exits(leave, code)
