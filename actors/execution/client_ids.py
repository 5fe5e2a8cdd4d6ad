"""Deterministic client order ids: the same order has the same id, whoever computes it and however often.

An id begins with the prefix that all desks of this kind share, then tells the desk and the generation of its store:
`rd` + 4 characters of the desk + 4 of the generation + the number. So an order found at the venue is known as ours,
as another desk's, or as nobody's of that kind. The whole generation is part of the number too, so that a store that
lost history can't hand out an id a second time.
"""

from __future__ import annotations

from enum import StrEnum
from functools import lru_cache

from messages.codec import digest
from messages.errors import ConfigurationError

_BITS_WANTED = 128
_BITS_NEEDED = 80
_MARK_BITS = 20


def client_order_id(
    generation: str,
    intent_id: str,
    *,
    child: int = 0,
    attempt: int = 0,
    prefix: str,
    desk: str = "",
    alphabet: str,
    max_length: int,
) -> str:
    """The id of the `attempt`-th order of the `child`-th part of an intent, in the venue's alphabet and length.

    The marks, then at most 128 bits of sha256 over the other parts. Raises `ConfigurationError` when prefix,
    alphabet and length leave fewer than 80 bits, where ids could collide.
    """
    head, length, pairs, span = _frame(prefix, desk, generation, alphabet, max_length)
    base, written = len(pairs), ""
    # only what is written is kept of the number: the shorter it is, the cheaper each division
    number = int(digest(generation.encode(), intent_id.encode(), b"%d" % child, b"%d" % attempt), 16) % span
    for _ in range((length + 1) // 2):
        written += pairs[number % base]
        number //= base
    return head + written[:length]


class Whose(StrEnum):
    """Who gave an order its id."""

    OURS = "ours"
    """this desk, under whatever generation of its store"""
    OTHER_DESK = "other_desk"
    """another desk of this kind"""
    STRANGER = "stranger"


def whose(client_order_id: str, *, prefix: str, desk: str, alphabet: str, max_length: int) -> Whose:
    """Who gave this id to an order, by its marks."""
    if client_order_id.startswith(desk_mark(prefix, desk, alphabet)):
        return Whose.OURS
    head, length, *_ = _frame(prefix, desk, "", alphabet, max_length)
    body = client_order_id.removeprefix(prefix)
    formed = len(client_order_id) == len(head) + length and all(letter in alphabet for letter in body)
    return Whose.OTHER_DESK if formed and client_order_id.startswith(prefix) else Whose.STRANGER


@lru_cache(maxsize=16)
def desk_mark(prefix: str, desk: str, alphabet: str) -> str:
    """What all ids of this desk begin with, under whatever generation of its store."""
    return prefix + _mark("desk", desk, alphabet)


def _mark(kind: str, name: str, alphabet: str) -> str:
    """A few characters that stand for a name."""
    length = -(-_MARK_BITS // (len(alphabet).bit_length() - 1))
    number, written = int(digest(kind.encode(), name.encode()), 16), []
    for _ in range(length):
        number, index = divmod(number, len(alphabet))
        written.append(alphabet[index])
    return "".join(written)


@lru_cache(maxsize=16)
def _frame(
    prefix: str, desk: str, generation: str, alphabet: str, max_length: int
) -> tuple[str, int, tuple[str, ...], int]:
    """How ids begin, how many characters follow, all pairs of characters, of which one is written at a time, and how
    many numbers can be written so."""
    if len(set(alphabet)) != len(alphabet) or len(alphabet) < 2:
        raise ConfigurationError(
            "an alphabet needs two or more different characters",
            field="traits.client_id_alphabet",
            value=alphabet,
        )
    bits_each = len(alphabet).bit_length() - 1
    head = desk_mark(prefix, desk, alphabet) + _mark("generation", generation, alphabet)
    length = min(max_length - len(head), -(-_BITS_WANTED // bits_each))
    if length * bits_each < _BITS_NEEDED:
        raise ConfigurationError(
            f"client order ids would carry fewer than {_BITS_NEEDED} bits and could collide",
            field="client_id_prefix",
            value=prefix,
            remedy="shorten the prefix, or declare the venue's real length and alphabet",
        )
    pairs = tuple(second + first for first in alphabet for second in alphabet)
    return head, length, pairs, len(pairs) ** ((length + 1) // 2)
