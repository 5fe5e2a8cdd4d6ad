"""The parameters of one request, read by type; whatever can't be read is refused with the protocol's own code."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from urllib.parse import parse_qsl

import msgspec

from cluster.exchange.fronts.binance_usdm.errors import ApiError, illegal, invalid, missing

CLIENT_ID = r"^[\.A-Z\:/a-z0-9_-]{1,36}$"
_NUMBER = r"^([0-9]{1,20})(\.[0-9]{1,20})?$"
_WHOLE = r"^[0-9]{1,20}$"
_CLIENT_ID = re.compile(CLIENT_ID)
_NUMBERS = re.compile(_NUMBER)
_WHOLES = re.compile(_WHOLE)
_LONGEST_CLIENT_ID = 36


def parse(query: bytes, body: bytes) -> dict[str, str]:
    """The parameters of query string and form body; in both, the query's counts. Raises `ApiError` -1101."""
    found: dict[str, str] = {}
    for part in (body, query):
        pairs = parse_qsl(part.decode("utf-8", "replace"), keep_blank_values=True)
        names = [name for name, _ in pairs]
        if len(set(names)) != len(names):
            raise ApiError(-1101, "Duplicate values for a parameter detected.")
        found.update(pairs)
    return found


class Parameters:
    """What was sent, by name. Empty values count as not sent."""

    def __init__(self, sent: Mapping[str, str]) -> None:
        self._sent = {name: value for name, value in sent.items() if value != ""}

    def __contains__(self, name: str) -> bool:
        return name in self._sent

    def text(self, name: str) -> str:
        """A parameter that must be there. Raises `ApiError` -1102."""
        value = self._sent.get(name)
        if value is None:
            raise missing(name)
        return value

    def optional(self, name: str) -> str | None:
        """A parameter or None."""
        return self._sent.get(name)

    def choice(self, name: str, allowed: Sequence[str], default: str | None = None) -> str:
        """One of `allowed`. Raises `ApiError` -1102 when missing without a default, -1130 when none of them."""
        value = self.text(name) if default is None else self._sent.get(name, default)
        if value not in allowed:
            raise invalid(name)
        return value

    def flag(self, name: str, default: bool | None = None) -> bool:
        """`true` or `false`. Raises `ApiError` as `choice` does."""
        fallback = None if default is None else str(default).lower()
        value = (self.text(name) if fallback is None else self._sent.get(name, fallback)).lower()
        if value not in ("true", "false"):
            raise invalid(name)
        return value == "true"

    def decimal(self, name: str) -> Decimal | None:
        """A number of 0 or more, or None. Raises `ApiError` -1100."""
        value = self._sent.get(name)
        if value is None:
            return None
        if not _NUMBERS.match(value):
            raise illegal(name, _NUMBER)
        return Decimal(value)

    def whole(self, name: str, default: int | None = None) -> int | None:
        """A whole number of 0 or more, or the default. Raises `ApiError` -1100."""
        value = self._sent.get(name)
        if value is None:
            return default
        if not _WHOLES.match(value):
            raise illegal(name, _WHOLE)
        return int(value)

    def required_whole(self, name: str) -> int:
        """A whole number that must be there. Raises `ApiError` -1102, -1100."""
        value = self.whole(name)
        if value is None:
            raise missing(name)
        return value

    def limit(self, default: int, most: int, name: str = "limit") -> int:
        """How many rows are wanted. Raises `ApiError` -1130 beyond `most`."""
        value = self.whole(name, default)
        assert value is not None
        if not 1 <= value <= most:
            raise invalid(name)
        return value

    def client_id(self, name: str) -> str | None:
        """A client order id, or None. Raises `ApiError` -4015 when too long, -1100 for its characters."""
        value = self._sent.get(name)
        if value is None:
            return None
        if len(value) > _LONGEST_CLIENT_ID:
            raise ApiError(-4015, "Client order id length should be less than 36 chars")
        if not _CLIENT_ID.match(value):
            raise illegal(name, CLIENT_ID)
        return value

    def listed(self, name: str, kind: type[list[str]] | type[list[int]]) -> list[str] | list[int] | None:
        """A JSON array, or None. Raises `ApiError` -1130."""
        value = self._sent.get(name)
        if value is None:
            return None
        try:
            return msgspec.json.decode(value, type=kind)
        except msgspec.DecodeError as error:
            raise invalid(name) from error

    def batch(self, name: str) -> list[Parameters]:
        """A JSON array of objects, each read like a request of its own. Raises `ApiError` -1102, -1130."""
        try:
            rows = msgspec.json.decode(self.text(name), type=list[dict[str, str | int | float | bool]])
        except msgspec.DecodeError as error:
            raise invalid(name) from error
        return [Parameters({key: _as_text(value) for key, value in row.items()}) for row in rows]


def _as_text(value: str | int | float | bool) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
