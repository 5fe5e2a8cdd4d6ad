"""What a client may ask for per minute: weights per address, orders per account, and bans for who does not listen.

Windows are calendar windows: the count of a minute begins anew on the minute of the server's clock.
"""

from __future__ import annotations

from collections import Counter
from http import HTTPStatus

import msgspec

from cluster.exchange.fronts.binance_usdm.errors import ApiError

MINUTE_MS = 60_000
TEN_SECONDS_MS = 10_000


class LimitSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The limits. After `tolerated` refused requests within a minute an address is banned for `first_ban_s`
    seconds, twice as long each further time, at most `longest_ban_s`.
    """

    weight_per_minute: int = 2_400
    orders_per_ten_seconds: int = 300
    orders_per_minute: int = 1_200
    tolerated: int = 10
    first_ban_s: int = 120
    longest_ban_s: int = 259_200


class Window:
    """Counts by key within one calendar window of `length` ms."""

    def __init__(self, length: int) -> None:
        self._length = length
        self._number = -1
        self._counts: Counter[str] = Counter()

    def add(self, key: str, amount: int, now: int) -> int:
        """Count, and tell what it comes to."""
        number = now // self._length
        if number != self._number:
            self._number = number
            self._counts.clear()
        self._counts[key] += amount
        return self._counts[key]

    def left_s(self, now: int) -> int:
        """Seconds until the window ends, at least 1."""
        return max(1, -(-(self._length - now % self._length) // 1_000))


class Limits:
    """All counts of one front end. Times are ms of the server's clock."""

    def __init__(self, settings: LimitSettings) -> None:
        self.settings = settings
        self.bans = 0
        self._weights = Window(MINUTE_MS)
        self._refused = Window(MINUTE_MS)
        self._ten_seconds = Window(TEN_SECONDS_MS)
        self._minute = Window(MINUTE_MS)
        self._banned_until: dict[str, int] = {}
        self._banned_before: Counter[str] = Counter()

    def admit(self, address: str, weight: int, now: int) -> None:
        """Count a request. Raises `ApiError`: 429 beyond the limit, 418 for an address that is banned."""
        used = self._weights.add(address, weight, now)
        if now < self._banned_until.get(address, 0):
            raise self._banned(address, now)
        if used <= self.settings.weight_per_minute:
            return
        if self._refused.add(address, 1, now) > self.settings.tolerated:
            self.ban(address, now)
            raise self._banned(address, now)
        raise ApiError(
            -1003,
            f"Too many requests; current limit is {self.settings.weight_per_minute} requests per minute. "
            "Please use the websocket for live updates to avoid polling the API.",
            HTTPStatus.TOO_MANY_REQUESTS,
            retry_after=self._weights.left_s(now),
        )

    def used(self, address: str, now: int) -> int:
        """The weight an address has used in this minute."""
        return self._weights.add(address, 0, now)

    def count_orders(self, account: str, orders: int, now: int) -> None:
        """Count new orders of an account. Raises `ApiError` -1015 beyond a limit."""
        settings = self.settings
        for window, limit, name in (
            (self._ten_seconds, settings.orders_per_ten_seconds, "TEN_SECONDS"),
            (self._minute, settings.orders_per_minute, "MINUTE"),
        ):
            if window.add(account, 0, now) + orders > limit:
                raise ApiError(
                    -1015,
                    f"Too many new orders; current limit is {limit} orders per {name}.",
                    HTTPStatus.TOO_MANY_REQUESTS,
                    retry_after=window.left_s(now),
                )
        self._ten_seconds.add(account, orders, now)
        self._minute.add(account, orders, now)

    def orders(self, account: str, now: int) -> tuple[int, int]:
        """New orders of an account within (ten seconds, a minute)."""
        return self._ten_seconds.add(account, 0, now), self._minute.add(account, 0, now)

    def ban(self, address: str, now: int, seconds: int | None = None) -> None:
        """Ban an address, for the next step of the ladder or for so many seconds."""
        self.bans += 1
        if seconds is None:
            before = self._banned_before[address]
            seconds = min(self.settings.first_ban_s << min(before, 32), self.settings.longest_ban_s)
            self._banned_before[address] += 1
        self._banned_until[address] = now + seconds * 1_000

    def _banned(self, address: str, now: int) -> ApiError:
        until = self._banned_until[address]
        return ApiError(
            -1003,
            f"Way too many requests; IP banned until {until}. "
            "Please use the websocket for live updates to avoid bans.",
            HTTPStatus.IM_A_TEAPOT,
            retry_after=max(1, -(-(until - now) // 1_000)),
        )
