"""Listen keys: what opens the private stream of an account, for as long as it is kept alive."""

from __future__ import annotations

import secrets
import string

from cluster.exchange.fronts.binance_usdm.errors import LISTEN_KEY_TEXT, ApiError

_ALPHABET = string.ascii_letters + string.digits
_LENGTH = 64


class ListenKeys:
    """The keys in force, one per account. Times are ms."""

    def __init__(self, life: int) -> None:
        self.life = life
        self._by_account: dict[str, str] = {}
        self._accounts: dict[str, str] = {}
        self._until: dict[str, int] = {}

    def create(self, account: str, now: int) -> str:
        """The account's key, a new one or the active one with its life begun anew."""
        key = self._by_account.get(account)
        if key is None or now >= self._until[key]:
            key = "".join(secrets.choice(_ALPHABET) for _ in range(_LENGTH))
            self._by_account[account] = key
            self._accounts[key] = account
        self._until[key] = now + self.life
        return key

    def keep(self, account: str, now: int) -> str:
        """Begin the life of the account's key anew. Raises `ApiError` -1125 without one."""
        key = self._by_account.get(account)
        if key is None or now >= self._until[key]:
            raise ApiError(-1125, LISTEN_KEY_TEXT)
        self._until[key] = now + self.life
        return key

    def close(self, account: str) -> str | None:
        """End the account's key; None when there is none."""
        key = self._by_account.pop(account, None)
        if key is not None:
            del self._accounts[key], self._until[key]
        return key

    def account(self, key: str, now: int) -> str | None:
        """Whose key it is; None for one that is unknown or over."""
        return self._accounts.get(key) if now < self._until.get(key, 0) else None

    def expire(self, now: int, *, all_of_them: bool = False) -> list[str]:
        """End the keys whose life is over and tell which."""
        over = [key for key, until in self._until.items() if now >= until or all_of_them]
        for key in over:
            self.close(self._accounts[key])
        return over
