"""How many requests a venue lets us make, so that it never has to say no. Pure: `now` is any steady clock in ns.

A venue counts in windows whose edges we do not know exactly, so we count in a window that slides: when no stretch of
its length ever holds more than the limit, no window of the venue's can. The price is that a burst over the edge of
two windows is not possible. Each priority may fill a limit only up to its share, so that there is always room for a
cancel. What the venue reports of others' use (same address, other programs) is added to ours.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping
from enum import IntEnum

import msgspec

from messages.errors import ConfigurationError

SLOTS = 20
"""Into how many parts a window is cut to forget what is old."""

NEVER = -1
"""The wait for what can't ever be granted: it costs more than the limit has."""


class Priority(IntEnum):
    """Who goes first; the smaller the sooner."""

    CANCEL = 0
    EXIT = 1
    QUERY = 2
    ORDER = 3
    BACKGROUND = 4


SHARES: Mapping[Priority, float] = {
    Priority.CANCEL: 1.0,
    Priority.EXIT: 0.95,
    Priority.QUERY: 0.9,
    Priority.ORDER: 0.85,
    Priority.BACKGROUND: 0.5,
}
"""Up to which part of a limit each priority may fill it."""


class Limit(msgspec.Struct, frozen=True):
    """At most `capacity` units within `window_ns`. `shared`: it counts for the address, not for one account."""

    name: str
    capacity: int
    window_ns: int
    shared: bool = False


class _Window:
    """The units spent within the last window, in slots of a twentieth of it."""

    def __init__(self, limit: Limit) -> None:
        self.limit = limit
        self.total = 0
        self._slot_ns = max(1, limit.window_ns // SLOTS)
        self._slots: deque[list[int]] = deque()

    def forget_old(self, now: int) -> None:
        """Drop what no window that is still open can contain."""
        while self._slots and self._gone_at(self._slots[0][0]) <= now:
            self.total -= self._slots.popleft()[1]

    def add(self, units: int, now: int) -> None:
        """Spend; `now` may lag behind an earlier one, and then counts as that."""
        slot = now // self._slot_ns
        if self._slots and self._slots[-1][0] >= slot:
            self._slots[-1][1] += units
        else:
            self._slots.append([slot, units])
        self.total += units

    def wait(self, units: int, ceiling: int, now: int) -> int:
        """How long until `units` more stay within `ceiling`; 0 = now."""
        if units > ceiling:
            return NEVER
        left = self.total
        for slot, spent in self._slots:
            if left + units <= ceiling:
                return 0
            left -= spent
            if left + units <= ceiling:
                return max(1, self._gone_at(slot) - now)
        return 0

    def _gone_at(self, slot: int) -> int:
        # One slot more than needed: a request takes time to get there, and is counted there and not here.
        return (slot + 2) * self._slot_ns + self.limit.window_ns


class Budget:
    """Several limits at once. `safety` is the part of each that we ever use."""

    def __init__(self, limits: Iterable[Limit], *, safety: float = 0.95) -> None:
        if not 0 < safety <= 1:
            raise ConfigurationError(
                "the part of a limit that may be used is above 0 and at most 1",
                field="budget.safety",
                value=safety,
                remedy="0.95 leaves some room for what is on its way",
            )
        self._safety = safety
        self._windows: dict[str, _Window] = {}
        self._paused: dict[str, int] = {}
        self.learn(limits)

    @property
    def limits(self) -> tuple[Limit, ...]:
        """The limits as they are known now."""
        return tuple(window.limit for window in self._windows.values())

    def learn(self, limits: Iterable[Limit]) -> None:
        """Take over limits as the venue states them. What was spent stays spent unless a window's length changed."""
        for limit in limits:
            if limit.capacity < 1 or limit.window_ns < 1:
                raise ConfigurationError(
                    "a limit allows one unit or more in a window of some length",
                    field=f"budget.{limit.name}",
                    value=(limit.capacity, limit.window_ns),
                )
            known = self._windows.get(limit.name)
            if known is None or known.limit.window_ns != limit.window_ns:
                self._windows[limit.name] = _Window(limit)
            else:
                known.limit = limit

    def take(self, costs: Mapping[str, int], priority: Priority, now: int) -> int:
        """Spend `costs` (units by limit) if all of it fits: 0. Else nothing is spent, and the ns to wait, or `NEVER`.

        Raises `ConfigurationError` for a limit that is not known.
        """
        longest = self._paused_for(costs, now)
        for name, units in costs.items():
            window = self._window(name)
            window.forget_old(now)
            wait = window.wait(units, self._ceiling(window.limit, priority), now)
            if wait == NEVER:
                return NEVER
            longest = max(longest, wait)
        if longest == 0:
            for name, units in costs.items():
                self._windows[name].add(units, now)
        return longest

    def observed(self, name: str, used: int, now: int) -> None:
        """The venue says that `used` units are spent in its present window; what we do not know of is added."""
        window = self._windows.get(name)
        if window is None:
            return
        window.forget_old(now)
        if used > window.total:
            window.add(used - window.total, now)

    def pause(self, until: int, names: Iterable[str] | None = None) -> None:
        """Grant nothing of these limits (None = at all) before `until`: the venue asked for it."""
        for name in self._windows if names is None else names:
            self._paused[name] = max(until, self._paused.get(name, until))
        if names is None:
            self._paused[""] = max(until, self._paused.get("", until))

    def used(self, now: int) -> float:
        """The part of the tightest limit that is spent, 0..1 (above 1 when others spend too)."""
        return max(self.used_by_limit(now).values(), default=0.0)

    def used_by_limit(self, now: int) -> dict[str, float]:
        """The part of each limit that is spent, by the limit's name."""
        for window in self._windows.values():
            window.forget_old(now)
        return {name: window.total / window.limit.capacity for name, window in self._windows.items()}

    def _paused_for(self, costs: Mapping[str, int], now: int) -> int:
        return max(0, *(self._paused.get(name, now) - now for name in ("", *costs)))

    def _ceiling(self, limit: Limit, priority: Priority) -> int:
        return int(limit.capacity * self._safety * SHARES[priority])

    def _window(self, name: str) -> _Window:
        window = self._windows.get(name)
        if window is None:
            raise ConfigurationError(
                "there is no such limit",
                field="budget",
                value=name,
                remedy=f"known are {', '.join(sorted(self._windows))}",
            )
        return window
