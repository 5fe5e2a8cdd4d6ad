"""Windows of the week in UTC, as people write them: `08:00-16:00`, `mon-fri 13:30-20:00`, `sat,sun 22:00-02:00`."""

from __future__ import annotations

import re
from typing import NamedTuple

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
MINUTES_PER_DAY = 24 * 60

_FORM = re.compile(r"(?:([a-z,-]+)\s+)?(\d{2}):(\d{2})\s*-\s*(\d{2}):(\d{2})", re.ASCII)


class Window(NamedTuple):
    """The days on which it begins (0 is Monday), and its begin and end in minutes of the UTC day.

    One whose end is at or before its begin runs into the next day.
    """

    days: tuple[int, ...]
    begin: int
    end: int


def parse_window(text: str) -> Window:
    """The window that `text` names; without days it is on every day. Raises ValueError."""
    match = _FORM.fullmatch(text.strip().lower())
    if match is None:
        raise ValueError("must be a window such as 08:00-16:00 or mon-fri 13:30-20:00, in UTC")
    days, *clock = match.groups()
    begin, end = (_minutes(clock[0], clock[1]), _minutes(clock[2], clock[3]))
    if begin == MINUTES_PER_DAY:
        raise ValueError("begins at 24:00; write 00:00")
    return Window(tuple(range(7)) if days is None else _days(days), begin, end)


def _minutes(hour: str, minute: str) -> int:
    minutes = int(hour) * 60 + int(minute)
    if int(minute) > 59 or minutes > MINUTES_PER_DAY:
        raise ValueError(f"{hour}:{minute} is no time of day")
    return minutes


def _days(text: str) -> tuple[int, ...]:
    found: set[int] = set()
    for part in text.split(","):
        first, dash, last = part.partition("-")
        if first not in WEEKDAYS or (dash and last not in WEEKDAYS):
            raise ValueError(f"{part!r} is no day of the week; write {', '.join(WEEKDAYS)}, or mon-fri")
        begin = WEEKDAYS.index(first)
        span = (WEEKDAYS.index(last) - begin) % 7 if dash else 0
        found.update((begin + step) % 7 for step in range(span + 1))
    return tuple(sorted(found))
