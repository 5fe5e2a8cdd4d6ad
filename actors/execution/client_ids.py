"""Deterministic client order ids: the same order has the same id, whoever computes it and however often.

The store's generation is part of it, so that a store that lost history can't hand out an id a second time.
"""

from __future__ import annotations

from functools import lru_cache

from messages.codec import digest
from messages.errors import ConfigurationError

_BITS_WANTED = 128
_BITS_NEEDED = 80


def client_order_id(
    generation: str,
    intent_id: str,
    *,
    child: int = 0,
    attempt: int = 0,
    prefix: str,
    alphabet: str,
    max_length: int,
) -> str:
    """The id of the `attempt`-th order of the `child`-th part of an intent, in the venue's alphabet and length.

    The prefix, then at most 128 bits of sha256 over the other parts. Raises `ConfigurationError` when prefix,
    alphabet and length leave fewer than 80 bits, where ids could collide.
    """
    length, pairs = _alphabet(prefix, alphabet, max_length)
    parts = (generation, intent_id, str(child), str(attempt))
    base, count = len(pairs), (length + 1) // 2
    # only what is written is kept of the number: the shorter it is, the cheaper each division
    number = int(digest(*[part.encode() for part in parts]), 16) % base**count
    written = []
    for _ in range(count):
        written.append(pairs[number % base])
        number //= base
    return prefix + "".join(written)[:length]


@lru_cache(maxsize=16)
def _alphabet(prefix: str, alphabet: str, max_length: int) -> tuple[int, tuple[str, ...]]:
    """How many characters follow the prefix, and all pairs of characters: two are written at a time."""
    if len(set(alphabet)) != len(alphabet) or len(alphabet) < 2:
        raise ConfigurationError(
            "an alphabet needs two or more different characters",
            field="traits.client_id_alphabet",
            value=alphabet,
        )
    bits_each = len(alphabet).bit_length() - 1
    length = min(max_length - len(prefix), -(-_BITS_WANTED // bits_each))
    if length * bits_each < _BITS_NEEDED:
        raise ConfigurationError(
            f"client order ids would carry fewer than {_BITS_NEEDED} bits and could collide",
            field="client_id_prefix",
            value=prefix,
            remedy="shorten the prefix, or declare the venue's real length and alphabet",
        )
    return length, tuple(second + first for first in alphabet for second in alphabet)
