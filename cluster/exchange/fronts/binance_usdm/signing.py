"""Who a request comes from: what its signature is made over, whether it fits, and whether it is in time.

The canonical string is the query string and the form body exactly as they were sent, one behind the other without
a separator, without the `signature` parameter.
"""

from __future__ import annotations

import hashlib
import hmac
from http import HTTPStatus

from cluster.exchange.fronts.binance_usdm.errors import AHEAD_TEXT, BEHIND_TEXT, ApiError

DEFAULT_WINDOW_MS = 5_000
LONGEST_WINDOW_MS = 60_000
AHEAD_MS = 1_000
"""How far ahead of the server's time a time stamp may be, exclusively."""


def canonical(query: bytes, body: bytes) -> bytes:
    """What a signature is made over."""
    return _unsigned(query) + _unsigned(body)


def signature(secret: str, payload: bytes) -> str:
    """HMAC-SHA256 in lower-case hex."""
    return hmac.new(secret.encode(), payload, hashlib.sha256).hexdigest()


def require_signature(secret: str, query: bytes, body: bytes, given: str) -> None:
    """Raises `ApiError` -1022 unless the signature is that of the request; upper-case hex is as good."""
    expected = signature(secret, canonical(query, body))
    if not hmac.compare_digest(expected.encode(), given.lower().encode()):
        raise ApiError(-1022, "Signature for this request is not valid.")


def require_time(timestamp: int, window: int, now: int) -> None:
    """Raises `ApiError` -1021 unless `timestamp` (ms) lies within the window at the server's time `now` (ms)."""
    if timestamp >= now + AHEAD_MS:
        raise ApiError(-1021, AHEAD_TEXT)
    if now - timestamp > window:
        raise ApiError(-1021, BEHIND_TEXT)


def require_window(window: int) -> int:
    """The window itself. Raises `ApiError` -1131 for one that is longer than allowed."""
    if not 0 < window <= LONGEST_WINDOW_MS:
        raise ApiError(-1131, f"recvWindow must be less than {LONGEST_WINDOW_MS}")
    return window


def bad_key(key: str | None) -> ApiError:
    """The answer to a missing or an unknown key."""
    if not key:
        return ApiError(-2014, "API-key format invalid.", HTTPStatus.UNAUTHORIZED)
    return ApiError(-2015, "Invalid API-key, IP, or permissions for action.", HTTPStatus.UNAUTHORIZED)


def _unsigned(part: bytes) -> bytes:
    return b"&".join(each for each in part.split(b"&") if not each.startswith(b"signature="))
