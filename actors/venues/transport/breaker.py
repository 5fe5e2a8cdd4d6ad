"""Keeps a desk from sending orders to a venue that does not answer. Pure: `now` is any steady clock in ns.

It opens after a number of failures in a row. When its time is over, one request goes ahead of the others as a probe:
its success closes the breaker, its failure keeps it open twice as long. Cancels, questions and exits always pass, and
their success is as good as a probe's.
"""

from __future__ import annotations

from messages.errors import ConfigurationError

_SECOND = 1_000_000_000


class Breaker:
    """`failures` in a row open it for `first_ns`, then 2, 4, ... times as long, at most `longest_ns`."""

    def __init__(self, *, failures: int = 5, first_ns: int = _SECOND, longest_ns: int = 30 * _SECOND) -> None:
        if failures < 1 or not 0 < first_ns <= longest_ns:
            raise ConfigurationError(
                "a breaker opens after one failure or more, for a time that is not zero",
                field="breaker",
                value=(failures, first_ns, longest_ns),
                remedy="give failures >= 1 and 0 < first_ns <= longest_ns",
            )
        self._failures = failures
        self._first_ns = first_ns
        self._longest_ns = longest_ns
        self._in_a_row = 0
        self._pause_ns = first_ns
        self._open_until: int | None = None
        self._probing_until: int | None = None

    @property
    def open_until(self) -> int | None:
        """Until when new orders do not pass; None while it is closed. A time that is over: a probe is due."""
        return self._open_until

    def allows(self, now: int, *, essential: bool = False) -> bool:
        """Whether a request may go. `essential` ones (cancels, questions, exits) always may."""
        if self._open_until is None or essential:
            return True
        if now < self._open_until or (self._probing_until is not None and now < self._probing_until):
            return False
        # A probe whose end is never told (its caller was stopped) must not block for ever.
        self._probing_until = now + self._pause_ns
        return True

    def succeeded(self) -> None:
        """The venue answered: the way is open."""
        self._in_a_row = 0
        self._pause_ns = self._first_ns
        self._open_until = self._probing_until = None

    def failed(self, now: int) -> None:
        """No answer, or one that says that the venue itself failed."""
        self._in_a_row += 1
        if self._open_until is None:
            if self._in_a_row >= self._failures:
                self._open_until = now + self._pause_ns
        elif now >= self._open_until:
            self._pause_ns = min(2 * self._pause_ns, self._longest_ns)
            self._open_until = now + self._pause_ns
            self._probing_until = None
