"""What a failed HTTP exchange means, for all adapters: one table from exceptions and status codes to `Failure`.

The question is always the same: was anything written that the venue may have acted on? Where that is not certain,
the answer is UNCERTAIN.
"""

from __future__ import annotations

from actors.venues.port import Failure
from actors.venues.transport.http_errors import HttpError, NothingWritten

EXCEPTIONS: tuple[tuple[type[Exception], Failure], ...] = (
    (NothingWritten, Failure.TRANSIENT),
    (HttpError, Failure.UNCERTAIN),
)
"""The first row whose exception fits counts. Time-outs and resets while writing or reading are in the last one:
part of a request may be enough for it to be carried out."""

STATUSES: tuple[tuple[range, Failure | None], ...] = (
    (range(200, 300), None),
    (range(401, 402), Failure.AUTH),
    (range(403, 404), Failure.AUTH),
    (range(408, 409), Failure.UNCERTAIN),
    (range(418, 419), Failure.RATE_LIMIT),
    (range(429, 430), Failure.RATE_LIMIT),
    (range(400, 500), Failure.REJECT),
    (range(100, 1000), Failure.UNCERTAIN),
)
"""The first row that has the status counts; None is success. A 5xx says that the venue does not know either."""


def failure_of_exception(error: Exception) -> Failure | None:
    """What an exception means; None for one that is no failure of an exchange (a defect, to be raised on)."""
    return next((failure for kind, failure in EXCEPTIONS if isinstance(error, kind)), None)


def failure_of_status(status: int) -> Failure | None:
    """What an HTTP status means; None for success."""
    return next((failure for statuses, failure in STATUSES if status in statuses), Failure.UNCERTAIN)
