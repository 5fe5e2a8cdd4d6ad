"""Times in tables: integers in s, ms, us or ns, decimal seconds, ISO 8601 text, Arrow timestamps - all to ns UTC.

The unit of integers is taken from the column's name (`time_ms`) or from the size of the first value, once per
file: a column that changes its unit half way is an error, not a guess.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final

import numpy as np

from cluster.feeds.columns import Times

SCALES: Final[Mapping[str, int]] = {"_s": 1_000_000_000, "_ms": 1_000_000, "_us": 1_000, "_ns": 1}
"""Nanoseconds per unit, by the suffix that a column's name may carry."""

TIME_SUFFIXES: Final = tuple(SCALES)

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_NUMBER: Final = re.compile(r"\d+(\.\d+)?\Z")
_ZONE: Final = re.compile(r"(Z|[+-]\d\d:?\d\d)\Z")
_LATEST: Final = 4_102_444_800_000_000_000  # the year 2100: later times come from a wrong unit
_EARLIEST: Final = (
    315_532_800_000_000_000  # the year 1980: earlier times are dates like 20240131, or a wrong unit
)


class TimeColumn:
    """One time column of one file: fixes its unit at the first value and converts batch after batch."""

    def __init__(self, name: str) -> None:
        self._scale = next(
            (scale for suffix, scale in SCALES.items() if name.strip().lower().endswith(suffix)), None
        )

    def nanoseconds(self, column: Any) -> tuple[Times, int | None]:
        """A pyarrow array as ns UTC, and the ordinal of the first row that is no time (None when all are)."""
        import pyarrow as pa

        if column.null_count:
            return _nothing(), int(np.argmax(column.is_null().to_numpy(zero_copy_only=False)))
        if not len(column):
            return _nothing(), None
        kind = column.type
        if pa.types.is_date(kind):
            return _checked(column.cast(pa.timestamp("ns")).cast(pa.int64()).to_numpy())
        if pa.types.is_timestamp(kind):
            return _checked(column.cast(pa.timestamp("ns", tz=kind.tz)).cast(pa.int64()).to_numpy())
        if pa.types.is_integer(kind):
            return self._from_integers(column.cast(pa.int64()).to_numpy())
        if pa.types.is_floating(kind):
            return self._from_floats(column.to_numpy())
        return self._from_text(column)

    def _from_integers(self, counts: Times) -> tuple[Times, int | None]:
        scale = self._unit(int(counts[0]))
        wrong = (counts < _EARLIEST // scale) | (counts > _LATEST // scale)
        if wrong.any():
            return _nothing(), int(np.argmax(wrong))
        return counts * scale, None

    def _from_floats(self, counts: np.ndarray[Any, np.dtype[np.float64]]) -> tuple[Times, int | None]:
        wrong = ~(np.isfinite(counts) & (counts > 0))
        if wrong.any():
            return _nothing(), int(np.argmax(wrong))
        scaled = np.rint(counts * float(self._unit(int(counts[0]))))
        wrong = (scaled < _EARLIEST) | (scaled > _LATEST)
        if wrong.any():
            return _nothing(), int(np.argmax(wrong))
        return scaled.astype(np.int64), None

    def _from_text(self, column: Any) -> tuple[Times, int | None]:
        """Text at Arrow's speed where all of it has one form; value by value where not."""
        import pyarrow as pa

        first = str(column[0].as_py())
        try:
            if _NUMBER.match(first) and "." not in first:
                return self._from_integers(column.cast(pa.int64()).to_numpy())
            if not _NUMBER.match(first):
                zone = "UTC" if _ZONE.search(first) and ":" in first else None
                return _checked(column.cast(pa.timestamp("ns", tz=zone)).cast(pa.int64()).to_numpy())
        except pa.ArrowInvalid:
            pass  # one value has another form: find it below
        times: list[int] = []
        for row, text in enumerate(column.to_pylist()):
            time = self._parse(text)
            if time is None or not _EARLIEST <= time <= _LATEST:
                return _nothing(), row
            times.append(time)
        return np.array(times, dtype=np.int64), None

    def _parse(self, text: str) -> int | None:
        if _NUMBER.match(text):
            number = Decimal(text)
            return int(number * self._unit(int(number)))
        try:
            moment = datetime.fromisoformat(text)
        except ValueError:
            return None
        since = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)) - _EPOCH
        return (since.days * 86_400 + since.seconds) * 1_000_000_000 + since.microseconds * 1_000

    def _unit(self, count: int) -> int:
        """Nanoseconds per count. Sizes of times since 1973 in s, ms, us and ns do not overlap."""
        if self._scale is None:
            self._scale = next(
                scale
                for limit, scale in ((10**11, 10**9), (10**14, 10**6), (10**17, 10**3), (None, 1))
                if limit is None or count < limit
            )
        return self._scale


def _checked(times: Times) -> tuple[Times, int | None]:
    wrong = (times < _EARLIEST) | (times > _LATEST)
    return times, int(np.argmax(wrong)) if wrong.any() else None


def _nothing() -> Times:
    return np.zeros(0, dtype=np.int64)
