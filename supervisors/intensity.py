"""Restart intensity: how many restarts fall into a sliding window of time. Pure; the time is passed in."""

from __future__ import annotations

from collections.abc import Sequence

from messages.child_specs import Intensity


def within(times: Sequence[int], period: int, now: int) -> list[int]:
    """Those of `times` (ns) that are at most `period` ns old at `now`, oldest first.

    A time exactly one period old still counts, as in OTP.
    """
    return [time for time in times if now - time <= period]


def with_restart(times: Sequence[int], intensity: Intensity, now: int) -> list[int]:
    """The window after one more restart at `now`; never longer than the bearable number plus one."""
    return [*within(times, intensity.period, now), now][-(intensity.restarts + 1) :]


def exceeded(times: Sequence[int], intensity: Intensity, now: int) -> bool:
    """Whether one more restart at `now` would be more than the intensity bears.

    With `restarts` = 1 the second restart within the period is too many.
    """
    return len(within(times, intensity.period, now)) + 1 > intensity.restarts
