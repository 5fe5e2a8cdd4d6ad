"""From samples to the figures that are shown: percentiles, rates, ratios to a floor. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

Figures = dict[str, float]
"""Plain numbers under keys that end in their unit, or in `_ratio_to_floor`."""


def percentile(samples: Sequence[float], part: float) -> float:
    """The sample below which `part` (a fraction) of all lie; raises ValueError when there are none."""
    if not samples:
        raise ValueError("no samples to take a percentile of")
    ranked = sorted(samples)
    return ranked[min(len(ranked) - 1, int(len(ranked) * part))]


def ratio(figure: float, floor: float) -> float:
    """How many times the floor a figure is; 0 when the floor is not above 0."""
    return round(figure / floor, 3) if floor > 0 else 0.0


def latencies(name: str, spans_ns: Sequence[int], floor_ns: Sequence[int]) -> Figures:
    """Median and 99th percentile of a span and of its floor in µs, and how many times the floor each is."""
    found: Figures = {}
    for label, part in (("p50", 0.5), ("p99", 0.99)):
        span, floor = percentile(spans_ns, part), percentile(floor_ns, part)
        found[f"{name}{label}_us"] = round(span / 1e3, 1)
        found[f"{name}floor_{label}_us"] = round(floor / 1e3, 1)
        found[f"{name}{label}_ratio_to_floor"] = ratio(span, floor)
    return found


def rates(unit: str, per_s: float, floor_per_s: float) -> Figures:
    """A rate and its floor, which is the higher one: the ratio says how much of what is possible was reached."""
    return {
        f"{unit}_per_s": round(per_s),
        f"floor_{unit}_per_s": round(floor_per_s),
        f"{unit}_ratio_to_floor": ratio(per_s, floor_per_s),
    }


def durations(name: str, spans_s: Sequence[float], floor_s: Sequence[float]) -> Figures:
    """Median and extremes of a duration in ms, and by how much the median exceeds the floor's."""
    median, floor = percentile(spans_s, 0.5), percentile(floor_s, 0.5)
    return {
        f"{name}_p50_ms": round(median * 1e3, 1),
        f"{name}_min_ms": round(min(spans_s) * 1e3, 1),
        f"{name}_max_ms": round(max(spans_s) * 1e3, 1),
        f"{name}_floor_p50_ms": round(floor * 1e3, 1),
        f"{name}_above_floor_ms": round((median - floor) * 1e3, 1),
        f"{name}_ratio_to_floor": ratio(median, floor),
    }


def flatten(figures: Mapping[str, object], prefix: str = "") -> dict[str, float]:
    """All numbers of a nested result under dotted names, in order."""
    found: dict[str, float] = {}
    for key, value in figures.items():
        name = f"{prefix}{key}"
        if isinstance(value, Mapping):
            found |= flatten(value, f"{name}.")
        elif isinstance(value, int | float) and not isinstance(value, bool):
            found[name] = value
    return found
