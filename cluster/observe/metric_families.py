"""Metric families from rows of label values: the way all of the desk's metrics are made."""

from __future__ import annotations

from collections.abc import Iterable

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

Rows = Iterable[tuple[tuple[str, ...], float]]
"""Label values and what is so for them; no row says that nothing is known."""


def labelled(name: str, text: str, labels: tuple[str, ...], rows: Rows) -> Metric:
    """A gauge."""
    family = GaugeMetricFamily(name, text, labels=labels)
    for values, value in rows:
        family.add_metric(values, value)
    return family


def counted(name: str, text: str, labels: tuple[str, ...], rows: Rows) -> Metric:
    """A counter; Prometheus adds `_total` to its name."""
    family = CounterMetricFamily(name, text, labels=labels)
    for values, value in rows:
        family.add_metric(values, value)
    return family
