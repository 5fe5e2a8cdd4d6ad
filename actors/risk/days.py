"""Days of the desk: which day a moment belongs to and when that day ends, in a time zone. Pure functions of ns."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, tzinfo

SECOND = 1_000_000_000
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def day_of(now: int, zone: tzinfo) -> tuple[str, int]:
    """The day (`2024-08-08`) that the moment `now` belongs to in `zone`, and the moment it ends; both ns UTC.

    A day has 23 or 25 hours when the clocks change: it ends at the next local midnight.
    """
    local = (EPOCH + timedelta(seconds=now // SECOND)).astimezone(zone)
    tomorrow = local.date() + timedelta(days=1)
    midnight = datetime(tomorrow.year, tomorrow.month, tomorrow.day, tzinfo=zone).astimezone(UTC)
    return local.date().isoformat(), int((midnight - EPOCH).total_seconds()) * SECOND


def week_of(day: str) -> str:
    """The week (`2024-W32`, ISO 8601: Monday to Sunday) that a day (`2024-08-08`) belongs to."""
    year, week, _ = date.fromisoformat(day).isocalendar()
    return f"{year}-W{week:02d}"
