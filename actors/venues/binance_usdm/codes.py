"""What the venue's error codes and HTTP statuses mean to the desk: one table, and the few rules around it.

The code counts, never the text; with one exception, as the venue gives status 503 two meanings under one code.
"""

from __future__ import annotations

import msgspec

from actors.venues.port import FAILURES, Failure
from messages.reasons import Reason

_F = Failure
_R = Reason
_UNCERTAIN = (_F.UNCERTAIN, _R.UNKNOWN_OUTCOME)
_FATAL = (_F.FATAL, _R.VENUE_FAULT)
_AUTH = (_F.AUTH, _R.AUTH)
_LIMITED = (_F.RATE_LIMIT, _R.RATE_LIMIT)

UNKNOWN_LISTEN_KEY = -1125
CANCEL_REJECTED = -2011
NO_SUCH_ORDER = -2013
CLOCK_SKEWED = frozenset({-1021, -5028})
DUPLICATE_CLIENT_ID = -4116
MARGIN_TYPE_IS_SO = -4046
POSITION_MODE_IS_SO = -4059
NOTHING_TO_MODIFY = -5027
TOO_MANY_ORDERS = -1015
TOO_MANY_DIGITS = -1111
"""Of the price or of the quantity: the code does not tell."""

CODES: dict[int, tuple[Failure, Reason]] = {
    -1000: _UNCERTAIN,
    -1001: _UNCERTAIN,
    -1002: _AUTH,
    -1003: _LIMITED,
    -1006: _UNCERTAIN,
    -1007: _UNCERTAIN,
    -1008: (_F.TRANSIENT, _R.NOT_SENT),
    -1010: (_F.REJECT, _R.VENUE_REJECTED),
    -1013: (_F.REJECT, _R.VENUE_REJECTED),
    -1014: (_F.REJECT, _R.NOT_OFFERED),
    TOO_MANY_ORDERS: _LIMITED,
    -1016: (_F.TRANSIENT, _R.NOT_SENT),
    -1020: _FATAL,
    -1021: (_F.TRANSIENT, _R.CLOCK_SKEW),
    -1022: _AUTH,
    -1023: _FATAL,
    **dict.fromkeys(range(-1106, -1099), _FATAL),
    -1108: _FATAL,
    -1109: _FATAL,
    -1110: _FATAL,
    TOO_MANY_DIGITS: (_F.REJECT, _R.VENUE_REJECTED),
    -1112: (_F.REJECT, _R.NO_LIQUIDITY),
    **dict.fromkeys(range(-1120, -1113), _FATAL),
    -1121: (_F.REJECT, _R.SYMBOL_UNKNOWN),
    -1122: (_F.REJECT, _R.INSTRUMENT_CLOSED),
    UNKNOWN_LISTEN_KEY: (_F.REJECT, _R.VENUE_REJECTED),
    -1127: _FATAL,
    -1128: _FATAL,
    -1130: _FATAL,
    -1136: _FATAL,
    -2010: (_F.REJECT, _R.VENUE_REJECTED),
    CANCEL_REJECTED: (_F.REJECT, _R.UNKNOWN_ORDER),
    NO_SUCH_ORDER: (_F.REJECT, _R.UNKNOWN_ORDER),
    -2014: _AUTH,
    -2015: _AUTH,
    -2016: (_F.REJECT, _R.INSTRUMENT_CLOSED),
    -2017: _AUTH,
    -2018: (_F.REJECT, _R.INSUFFICIENT_BALANCE),
    -2019: (_F.REJECT, _R.INSUFFICIENT_BALANCE),
    -2020: (_F.REJECT, _R.NO_LIQUIDITY),
    -2021: (_F.REJECT, _R.STOP_WOULD_TRIGGER),
    -2022: (_F.REJECT, _R.REDUCE_ONLY_WOULD_INCREASE),
    -2023: (_F.REJECT, _R.VENUE_REJECTED),
    -2024: (_F.REJECT, _R.REDUCE_ONLY_WOULD_INCREASE),
    -2025: (_F.REJECT, _R.VENUE_MAX_ORDERS),
    -2026: (_F.REJECT, _R.NOT_OFFERED),
    -2027: (_F.REJECT, _R.LEVERAGE),
    -2028: (_F.REJECT, _R.LEVERAGE),
    -4001: (_F.REJECT, _R.PRICE_BAND),
    -4002: (_F.REJECT, _R.PRICE_BAND),
    -4003: (_F.REJECT, _R.MIN_QUANTITY),
    -4004: (_F.REJECT, _R.MIN_QUANTITY),
    -4005: (_F.REJECT, _R.MAX_QUANTITY),
    -4006: (_F.REJECT, _R.PRICE_BAND),
    -4007: (_F.REJECT, _R.PRICE_BAND),
    -4013: (_F.REJECT, _R.PRICE_BAND),
    -4014: (_F.REJECT, _R.TICK_SIZE),
    -4015: _FATAL,
    -4016: (_F.REJECT, _R.PRICE_BAND),
    -4023: (_F.REJECT, _R.LOT_SIZE),
    -4024: (_F.REJECT, _R.PRICE_BAND),
    -4028: (_F.REJECT, _R.LEVERAGE),
    -4045: (_F.REJECT, _R.VENUE_MAX_ORDERS),
    MARGIN_TYPE_IS_SO: (_F.REJECT, _R.VENUE_REJECTED),
    -4047: (_F.REJECT, _R.POSITION_MODE),
    -4048: (_F.REJECT, _R.POSITION_MODE),
    -4050: (_F.REJECT, _R.INSUFFICIENT_BALANCE),
    -4051: (_F.REJECT, _R.INSUFFICIENT_BALANCE),
    POSITION_MODE_IS_SO: (_F.REJECT, _R.VENUE_REJECTED),
    -4061: (_F.REJECT, _R.POSITION_MODE),
    -4062: (_F.REJECT, _R.POSITION_MODE),
    -4067: (_F.REJECT, _R.POSITION_MODE),
    -4068: (_F.REJECT, _R.POSITION_MODE),
    DUPLICATE_CLIENT_ID: (_F.REJECT, _R.DUPLICATE_CLIENT_ORDER_ID),
    -4118: (_F.REJECT, _R.INSUFFICIENT_BALANCE),
    -4120: _FATAL,
    -4131: (_F.REJECT, _R.PRICE_BAND),
    -4137: _FATAL,
    -4138: _FATAL,
    -4140: (_F.REJECT, _R.INSTRUMENT_CLOSED),
    -4141: (_F.REJECT, _R.INSTRUMENT_CLOSED),
    -4164: (_F.REJECT, _R.MIN_NOTIONAL),
    -4183: (_F.REJECT, _R.PRICE_BAND),
    -4184: (_F.REJECT, _R.PRICE_BAND),
    -5021: (_F.REJECT, _R.FILL_OR_KILL),
    -5022: (_F.REJECT, _R.POST_ONLY_WOULD_TAKE),
    -5025: _FATAL,
    NOTHING_TO_MODIFY: (_F.REJECT, _R.VENUE_REJECTED),
    -5028: (_F.TRANSIENT, _R.CLOCK_SKEW),
    -5029: (_F.REJECT, _R.MIN_NOTIONAL),
    -5040: _FATAL,
}
"""Any other negative code with a 4xx status is a rejection without a reason of its own."""

_STATUSES: tuple[tuple[range, tuple[Failure, Reason]], ...] = (
    (range(401, 402), _AUTH),
    (range(403, 404), _LIMITED),  # the firewall before the venue: too much, or not from here
    (range(408, 409), _UNCERTAIN),
    (range(418, 419), _LIMITED),
    (range(429, 430), _LIMITED),
    (range(400, 500), _FATAL),
)
"""What a status means when the body has no code."""

_DONE_NOTHING = frozenset({-1008, -1016})
_UNAVAILABLE = "Service Unavailable"


class VenueWords(msgspec.Struct, frozen=True):
    """The body of a refusal."""

    code: int = 0
    msg: str = ""


def words_of(body: bytes) -> VenueWords:
    """The code and message of a body; empty where it has none."""
    try:
        return msgspec.json.decode(body, type=VenueWords)
    except msgspec.DecodeError:
        return VenueWords()


def meaning(status: int, words: VenueWords) -> tuple[Failure, Reason] | None:
    """What an answer means; None for success."""
    if 200 <= status < 300:
        return None
    if status in (418, 429) and words.code != TOO_MANY_ORDERS:
        return _LIMITED
    if status == 408:
        return _UNCERTAIN
    if 400 <= status < 500:
        if words.code < 0:
            return CODES.get(words.code, (_F.REJECT, FAILURES[_F.REJECT][1]))
        return next(meaning for statuses, meaning in _STATUSES if status in statuses)
    if words.code in _DONE_NOTHING or (status == 503 and words.msg.rstrip(".") == _UNAVAILABLE):
        return _F.TRANSIENT, _R.NOT_SENT
    return _UNCERTAIN
