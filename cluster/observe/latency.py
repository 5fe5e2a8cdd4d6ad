"""How long each hop of a trade took, in desk time, as histograms of fixed buckets.

Apart from the metrics page, because the live view and the trace name the same hops.
"""

from __future__ import annotations

from bisect import bisect_left
from enum import StrEnum

import msgspec

SECOND = 1_000_000_000


class Hop(StrEnum):
    """The stretches between two moments of a trade, in order."""

    QUOTE_TO_INTENT = "quote_to_intent"
    INTENT_TO_DECISION = "intent_to_decision"
    DECISION_TO_PLACING = "decision_to_placing"
    PLACING_TO_ACK = "placing_to_ack"
    ACK_TO_FILL = "ack_to_fill"


BOUNDS_S = (
    0.0001,
    0.0005,
    0.001,
    0.0025,
    0.005,
    0.01,
    0.025,
    0.05,
    0.1,
    0.25,
    0.5,
    1.0,
    2.5,
    5.0,
    10.0,
    60.0,
)
"""Upper bounds of the buckets in seconds; what is longer falls into a last one without bound."""


class Histogram(msgspec.Struct):
    """Counts per bucket, the sum in ns and the number of observations."""

    counts: list[int] = msgspec.field(default_factory=lambda: [0] * (len(BOUNDS_S) + 1))
    total_ns: int = 0
    count: int = 0

    def observe(self, span_ns: int) -> None:
        """Count one span. A negative one (clocks of two nodes) counts as zero."""
        span_ns = max(0, span_ns)
        self.counts[bisect_left(BOUNDS_S, span_ns / SECOND)] += 1
        self.total_ns += span_ns
        self.count += 1

    def cumulative(self) -> list[tuple[str, float]]:
        """Bucket bounds with how many spans were at most that long, as Prometheus wants them."""
        found, running = [], 0
        for bound, count in zip((*map(str, BOUNDS_S), "+Inf"), self.counts, strict=True):
            running += count
            found.append((bound, float(running)))
        return found

    def quantile(self, share: float) -> float | None:
        """The upper bound in seconds of the bucket in which this share of the spans is reached; None without any.

        Spans beyond the last bound give infinity: the histogram does not know how long they were.
        """
        if not self.count:
            return None
        running = 0
        for bound, count in zip((*BOUNDS_S, float("inf")), self.counts, strict=True):
            running += count
            if running >= share * self.count:
                return bound
        return float("inf")
