"""A venue's clock as it can be known from here: an offset with a bound of its error. Pure: times come in, ns.

Each question for the venue's time gives an interval: it was read between our writing and our reading. The narrowest
interval of late counts, widened by what two clocks may drift apart since. A later interval that contradicts it (the
venue's clock was set, this machine slept) replaces all.

The local clock must be steady (monotonic): a step of the machine's wall clock is then no error of a timestamp.
"""

from __future__ import annotations

from collections import deque

import msgspec

from messages.errors import ConfigurationError

_PPM = 1_000_000


class ClockSample(msgspec.Struct, frozen=True):
    """One reading: `offset` = venue's clock minus ours, true to +/- `error`, read at `at` or later."""

    offset: int
    error: int
    at: int


def clock_sample(sent: int, received: int, server_time: int, resolution: int) -> ClockSample:
    """What a round trip tells; `server_time` was cut off to a multiple of `resolution`.

    The venue's clock showed between `server_time` and `server_time + resolution` at some local time between
    `sent` and `received`. Raises `ConfigurationError` when the answer comes before the question.
    """
    if received < sent:
        raise ConfigurationError(
            "the local clock runs backwards",
            field="clock.received",
            value=received - sent,
            remedy="give times of a monotonic clock",
        )
    lowest, highest = server_time - received, server_time + resolution - sent
    # Its age counts from the writing: the venue may have read its clock then, and the clocks drift since.
    return ClockSample((lowest + highest) // 2, -((lowest - highest) // 2), sent)


class ServerClock:
    """`bound_ns` is the largest error that is trusted, `drift_ppm` how fast the clocks may drift apart."""

    def __init__(self, *, bound_ns: int, drift_ppm: int = 100, keep: int = 16) -> None:
        if bound_ns <= 0 or drift_ppm < 0 or keep < 1:
            raise ConfigurationError(
                "a clock needs a bound above zero, a drift that is not negative and a sample to keep",
                field="clock",
                value=(bound_ns, drift_ppm, keep),
            )
        self.bound_ns = bound_ns
        self._drift_ppm = drift_ppm
        self._samples: deque[ClockSample] = deque(maxlen=keep)

    def take(self, sample: ClockSample) -> None:
        """Weigh a new reading."""
        best = self._best(sample.at)
        if best is not None and abs(sample.offset - best.offset) > sample.error + self._error(
            best, sample.at
        ):
            self._samples.clear()
        self._samples.append(sample)

    def distrust(self) -> None:
        """Forget everything: the venue says that our time is wrong."""
        self._samples.clear()

    def offset(self, local: int) -> int | None:
        """The venue's clock minus the local one; None when it is not known."""
        best = self._best(local)
        return None if best is None else best.offset

    def error(self, local: int) -> int | None:
        """How far `offset` may be off by now; None when it is not known."""
        best = self._best(local)
        return None if best is None else self._error(best, local)

    def now(self, local: int) -> int | None:
        """The venue's time now, or None when it is not known within the bound."""
        best = self._best(local)
        if best is None or self._error(best, local) > self.bound_ns:
            return None
        return local + best.offset

    def _best(self, local: int) -> ClockSample | None:
        return min(self._samples, key=lambda sample: self._error(sample, local), default=None)

    def _error(self, sample: ClockSample, local: int) -> int:
        return sample.error + abs(local - sample.at) * self._drift_ppm // _PPM
