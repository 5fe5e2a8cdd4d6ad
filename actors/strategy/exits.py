"""Stop, target, trailing stop and holding time: where they lie, when they are reached, how retries back off.

Pure functions. A long is judged by the bid, a short by the ask: the price at which it could be closed now.
"""

from __future__ import annotations

from decimal import Decimal

from actors.strategy.position import Position
from actors.strategy.settings import ExitSettings
from messages.decisions import ExitLevels
from messages.reasons import Reason


def levels_for(position: Position, settings: ExitSettings, before: ExitLevels | None) -> ExitLevels | None:
    """The levels of a position, None when it has none; `before` are those it had, for the trailing stop's anchor.

    Stop and target follow the average price; the anchor of the trailing stop never goes back while the position
    keeps its direction (the caller passes None for `before` when it turned).
    """
    average = position.average_price
    if average is None:
        return None
    direction = position.direction
    anchor = None
    if settings.trailing is not None:
        anchor = float(average)
        if before is not None and before.anchor is not None:
            anchor = max(anchor, before.anchor) if direction > 0 else min(anchor, before.anchor)
    hold_until = None
    if settings.max_holding is not None and position.opened_at is not None:
        hold_until = position.opened_at + settings.max_holding
    fixed = ExitLevels(
        stop=_moved(average, settings.stop, -direction),
        target=_moved(average, settings.target, direction),
        hold_until=hold_until,
    )
    levels = fixed if anchor is None else _trailed(fixed, settings, anchor, direction)
    return None if levels == ExitLevels() else levels


def drawn_anew(
    position: Position, settings: ExitSettings, levels: ExitLevels, price: float
) -> ExitLevels | None:
    """The levels after the trailing stop followed `price`; None when it has not gained enough to follow."""
    direction = position.direction
    if levels.ratchet is None or (price - levels.ratchet) * direction < 0:
        return None
    fixed = levels_for(position, settings, None)
    return None if fixed is None else _trailed(fixed, settings, price, direction)


def reached(
    levels: ExitLevels, direction: int, bid: float, ask: float, now: int
) -> tuple[Reason, float | None] | None:
    """Why the position is to be closed and at which level; None when nothing is reached. The stop goes first."""
    price = bid if direction > 0 else ask
    if levels.stop is not None and (price - levels.stop) * direction <= 0:
        return levels.stop_reason, levels.stop
    if levels.target is not None and (price - levels.target) * direction >= 0:
        return Reason.TARGET, levels.target
    if levels.hold_until is not None and now >= levels.hold_until:
        return Reason.TIME_EXIT, None
    return None


def retry_delay(settings: ExitSettings, attempt: int) -> int:
    """How long to wait (ns) before the `attempt`-th retry, the first being 1."""
    # the exponent is bounded because attempts are not: an exit is never given up
    return min(settings.retry_min << min(attempt - 1, 32), max(settings.retry_max, settings.retry_min))


def _moved(price: Decimal, ratio: Decimal | None, direction: int) -> float | None:
    return None if ratio is None else float(price * (1 + ratio * direction))


def _trailed(fixed: ExitLevels, settings: ExitSettings, anchor: float, direction: int) -> ExitLevels:
    trailing, step = float(settings.trailing or 0), float(settings.trailing_step)
    stop = anchor * (1 - trailing * direction)
    tighter = fixed.stop is None or (stop - fixed.stop) * direction > 0
    return ExitLevels(
        stop=stop if tighter else fixed.stop,
        stop_reason=Reason.TRAILING if tighter else Reason.STOP,
        target=fixed.target,
        anchor=anchor,
        ratchet=anchor * (1 + trailing * step * direction),
        hold_until=fixed.hold_until,
    )
