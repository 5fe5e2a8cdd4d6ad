"""The venue's request limits: what they are called here, and how they are read from its words and headers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import msgspec

from actors.venues.transport.budget import Limit
from messages.errors import DataProviderError

ADDRESS = "address/1m"
"""The weight of requests, counted per IP address."""

_SECOND = 1_000_000_000
_UNITS = {
    "SECOND": ("s", _SECOND),
    "MINUTE": ("m", 60 * _SECOND),
    "HOUR": ("h", 3600 * _SECOND),
    "DAY": ("d", 86400 * _SECOND),
}
_GROUPS = {"REQUEST_WEIGHT": ("address", True), "ORDERS": ("orders", False)}
_HEADERS = {"x-mbx-used-weight-": "address", "x-mbx-order-count-": "orders"}


class _RateLimit(msgspec.Struct, rename="camel"):
    rate_limit_type: str
    interval: str
    interval_num: int
    limit: int


class _Limits(msgspec.Struct, rename="camel"):
    rate_limits: list[_RateLimit]


def default_limits(address: int, orders_10s: int, orders_1m: int) -> tuple[Limit, ...]:
    """The limits before the venue has told its own."""
    return (
        Limit(ADDRESS, address, 60 * _SECOND, shared=True),
        Limit("orders/10s", orders_10s, 10 * _SECOND),
        Limit("orders/1m", orders_1m, 60 * _SECOND),
    )


def stated_limits(exchange_info: bytes) -> tuple[Limit, ...]:
    """The limits in the answer of `exchangeInfo`. Raises `DataProviderError` when it can't be read."""
    try:
        told = msgspec.json.decode(exchange_info, type=_Limits).rate_limits
    except msgspec.DecodeError as error:
        raise DataProviderError(
            f"the venue's limits can't be read: {error}",
            field="exchangeInfo.rateLimits",
            value=exchange_info[:200],
            remedy="its protocol may have changed; see its change log",
        ) from error
    return tuple(_limit(each) for each in told if each.rate_limit_type in _GROUPS and each.interval in _UNITS)


def used_units(headers: Mapping[str, str], known: frozenset[str]) -> Iterator[tuple[str, int]]:
    """What the headers of an answer say is spent, for the limits that are `known`."""
    for prefix, group in _HEADERS.items():
        for limit in known:
            kind, _, window = limit.partition("/")
            text = headers.get(prefix + window) if kind == group else None
            if text is not None and text.isdecimal():
                yield limit, int(text)


def _limit(told: _RateLimit) -> Limit:
    group, shared = _GROUPS[told.rate_limit_type]
    letter, length = _UNITS[told.interval]
    return Limit(f"{group}/{told.interval_num}{letter}", told.limit, told.interval_num * length, shared)
