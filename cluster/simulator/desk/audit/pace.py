"""The auditor's own count of the desk's pace, and how its positions ended: part of its books.

A position's result is counted by what was paid and what was got for it, from flat to flat, fees included; not by the
costs that risk keeps. Corrections of the books are no trades.
"""

from __future__ import annotations

from decimal import Decimal

import msgspec

from actors.risk.limits import RiskLimits
from messages.intents import Purpose, Verdict
from messages.portfolio import FillBooked, IntentDecided

ZERO = Decimal(0)
_BY_STOP = frozenset({Purpose.STOP, Purpose.PROTECTIVE})
_NEARLY = Decimal("1E-9")
"""A result nearer to nothing than this is neither profit nor loss here: parts of costs are rounded."""
_KEPT = 200


class Ended(msgspec.Struct, frozen=True):
    """How the last position of a symbol ended, and when: `win`, `loss`, `stop`, or `even`."""

    how: str
    time: int


class PaceBook(msgspec.Struct):
    """By symbol: when the last fill and the last entry were, what the position is, has brought, and how one ended.

    `entries` are the times of the latest entries of the desk, `losses` positions lost in a row, the last `lost_at`.
    Not `counts`: a position ended in a way that may be read either way, so that losses in a row are not known.
    """

    filled_at: dict[str, int] = {}
    entered_at: dict[str, int] = {}
    held: dict[str, Decimal] = {}
    trips: dict[str, Decimal] = {}
    ended: dict[str, Ended] = {}
    entries: list[int] = []
    stops: dict[str, None] = {}
    losses: int = 0
    lost_at: int = 0
    counts: bool = True

    def decided(self, event: IntentDecided) -> None:
        """An approval: an entry, where it may increase exposure."""
        if event.verdict is Verdict.REJECTED:
            return
        if event.purpose in _BY_STOP:
            self.stops[event.intent_id] = None
        if event.increases_exposure:
            self.entered_at[event.symbol] = event.time
            self.entries.append(event.time)
            del self.entries[:-_KEPT]

    def filled(self, event: FillBooked) -> None:
        """A fill of an order."""
        symbol, signed = event.symbol, event.quantity * event.side.sign
        held = self.held.get(symbol, ZERO)
        if event.intent_id == event.fill_id or event.exchanged is not None:
            self.held[symbol] = held + (ZERO if event.exchanged is not None else signed)
            return
        self.filled_at[symbol] = event.time
        fee = event.fee_in_base
        price = event.price * event.multiplier * event.rate
        closing = min(abs(signed), abs(held)) if held * signed < 0 else ZERO
        part = fee * closing / event.quantity
        trip = self.trips.get(symbol, ZERO)
        if closing:
            trip -= closing * event.side.sign * price + part
            if closing == abs(held):
                self._end(event, trip)
                trip = ZERO
        rest = event.quantity - closing
        self.trips[symbol] = trip - (rest * event.side.sign * price + (fee - part))
        self.held[symbol] = held + signed

    def _end(self, event: FillBooked, result: Decimal) -> None:
        if abs(result) < _NEARLY:
            how, self.counts = "even", False
        elif result > 0:
            how, self.losses, self.counts = "win", 0, True
        else:
            how = "stop" if event.intent_id in self.stops else "loss"
            self.losses, self.lost_at = self.losses + 1, event.time
        self.ended[event.symbol] = Ended(how, event.time)

    def broken(self, event: IntentDecided, limits: RiskLimits) -> tuple[str, object, object] | None:
        """The first limit on pace that an approval comes too early for: its name, its value, what was counted."""
        now, symbol = event.time, event.symbol
        last = self.ended.get(symbol)
        waits: list[tuple[str, int | None, int | None]] = [
            ("cooldown after a fill", limits.cooldown_after_fill, self.filled_at.get(symbol)),
            ("spacing of the symbol", limits.symbol_spacing, self.entered_at.get(symbol)),
            ("spacing of the desk", limits.global_spacing, self.entries[-1] if self.entries else None),
        ]
        if last is not None and last.how != "even":
            waits.append((f"cooldown after a {last.how}", _wait_of(limits, last.how), last.time))
        most = limits.max_consecutive_losses
        if most is not None and self.counts and self.losses >= most:
            waits.append(("cooldown after losses in a row", limits.losing_streak_cooldown, self.lost_at))
        for name, least, since in waits:
            if least is not None and since is not None and now - since < least:
                return name, least, now - since
        return self._burst(now, limits)

    def _burst(self, now: int, limits: RiskLimits) -> tuple[str, object, object] | None:
        most = limits.max_burst
        if most is None or self.entries != sorted(self.entries):
            return None  # the clock was set back: nobody can say how long ago they were
        recent = sum(now - each < limits.burst_window for each in self.entries)
        return ("entries in a burst", most, recent + 1) if recent + 1 > most else None


def _wait_of(limits: RiskLimits, how: str) -> int | None:
    waits = {
        "win": limits.cooldown_after_win,
        "loss": limits.cooldown_after_loss,
        "stop": limits.cooldown_after_stop,
    }
    return waits[how]
