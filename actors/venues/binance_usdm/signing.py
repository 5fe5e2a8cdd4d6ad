"""Signed requests: what is sent is what is signed, byte for byte.

Everything goes into the query string, percent-encoded first (RFC 3986); the signature is HMAC-SHA256 over those bytes,
in lowercase hex, as the last parameter. A value that never leaves this module unmasked is the secret.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from urllib.parse import quote

from messages.errors import ConfigurationError


class Credentials:
    """An API key and its secret. Neither is shown whole by `repr`, and so not in logs or errors either."""

    __slots__ = ("_secret", "key")

    def __init__(self, key: str, secret: str) -> None:
        """Raises `ConfigurationError` when one is missing or contains what no key contains."""
        for name, value in (("key", key), ("secret", secret)):
            if not value or not value.isascii() or not value.isprintable() or " " in value:
                raise ConfigurationError(
                    "an API key and its secret are printable text without blanks",
                    field=f"venues.<venue>.{name}",
                    value="(hidden)" if value else "",
                    remedy="copy both from the venue's page for API keys",
                )
        self.key = key
        self._secret = secret.encode()

    def signed(self, query: str) -> str:
        """The query with its signature."""
        return f"{query}&signature={self.signature(query)}"

    def signature(self, query: str) -> str:
        """HMAC-SHA256 of a query string, as lowercase hex."""
        return hmac.digest(self._secret, query.encode("ascii"), "sha256").hex()

    def __repr__(self) -> str:
        return f"Credentials({self.key[:4]}..., secret hidden)"


def query_string(parameters: Mapping[str, str | int]) -> str:
    """Parameters in their order, percent-encoded."""
    return "&".join(f"{name}={quote(str(value), safe='')}" for name, value in parameters.items())
