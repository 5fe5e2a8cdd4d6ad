"""Backoff: the growing, jittered pause before a child is started again, so that no failure becomes a hot loop."""

from __future__ import annotations

from messages.child_specs import Backoff

_MAX_DOUBLINGS = 62


def pause(backoff: Backoff, failures: int, draw: float) -> int:
    """The pause in ns after `failures` failures in a row (1 for the first), `draw` being a number in [0, 1).

    min(maximum, minimum * 2^(failures - 1)), and up to the fraction `jitter` of that more.
    """
    doublings = min(max(failures - 1, 0), _MAX_DOUBLINGS)
    base = min(backoff.maximum, backoff.minimum << doublings)
    return base + int(base * backoff.jitter * draw)


def failures_after(backoff: Backoff, failures: int, started_at: int | None, now: int) -> int:
    """How many failures in a row a failure at `now` makes; a child that ran quietly for long enough starts over.

    `started_at` (ns) is None for a child that never came up.
    """
    quiet = started_at is not None and now - started_at >= backoff.reset_after
    return 1 if quiet else failures + 1
