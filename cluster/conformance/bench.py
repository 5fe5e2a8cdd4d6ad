"""What a scenario works on: a port under test, and the controls of the venue behind it.

Controls are in the desk's terms, so that no scenario knows which venue it is; what a venue does not have is an `Offer`
that is missing, and its scenarios read "not offered".
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import Protocol

import msgspec

from actors.venues.port import VenuePort, VenueTraits
from cluster.conformance.venue_log import VenueLog
from messages.intents import Side

Level = tuple[str, str]
"""(price, quantity) of a level, as decimal text."""


class Offer(StrEnum):
    """What a scenario may need. The first group are traits of the port, the second is what the venue itself has."""

    POST_ONLY = "post_only"
    REDUCE_ONLY = "reduce_only"
    STOPS = "stops"
    CLOSE_POSITION = "close_position"
    IMMEDIATE_OR_CANCEL = "immediate_or_cancel"
    FILL_OR_KILL = "fill_or_kill"
    AMEND = "amend"
    MARGIN = "margin"
    HEDGE_MODE = "hedge_mode"
    DEAD_MAN_SWITCH = "dead_man_switch"
    STREAM_RESUMES = "stream_resumes"
    INSTRUMENTS_CHANGE = "instruments_change"
    NEVER_ACCEPTS_ID_TWICE = "never_accepts_id_twice"

    STREAM_BEGINS_ANEW = "stream_begins_anew"
    """the opposite of STREAM_RESUMES"""
    ID_IS_FREE_AGAIN = "id_is_free_again"
    """the opposite of NEVER_ACCEPTS_ID_TWICE"""
    TAKE_PROFIT = "take_profit"
    PRICE_BAND = "price_band"
    MAX_QUANTITY = "max_quantity"
    MAX_ORDERS = "max_orders"
    CLOSED_LISTING = "closed_listing"
    STOP_CHECK = "stop_check"
    """a stop that would trigger at once is refused"""
    REQUEST_LIMITS = "request_limits"
    OPEN_ENDED_REFUSALS = "open_ended_refusals"
    """statuses that leave open whether a request was carried out"""
    TIME_STAMPS = "time_stamps"
    """requests carry a time that the venue compares with its clock"""
    STREAM_KEYS = "stream_keys"
    """the private stream is opened by a key that expires, and ends after a day"""
    LOOSE_EVENTS = "loose_events"
    """events have no numbers, so that they can come late, in another order, or never"""
    LIQUIDATION = "liquidation"
    GRANTED_TIME = "granted_time"
    """time stands still until it is granted"""


def offers_of(traits: VenueTraits, *more: Offer) -> frozenset[Offer]:
    """What follows from a port's traits, and more."""
    found = {offer for offer in Offer if getattr(traits, offer.value, False)}
    found.add(Offer.STREAM_RESUMES if traits.stream_resumes else Offer.STREAM_BEGINS_ANEW)
    found.add(
        Offer.NEVER_ACCEPTS_ID_TWICE if traits.never_accepts_id_twice else Offer.ID_IS_FREE_AGAIN,
    )
    return frozenset({*found, *more})


class Trouble(StrEnum):
    """What may happen to a request."""

    LATE = "late"
    """carried out; answered late but in time"""
    TIMEOUT_BEFORE = "timeout_before"
    TIMEOUT_AFTER = "timeout_after"
    RESET_BEFORE = "reset_before"
    RESET_AFTER = "reset_after"
    HALF_ANSWER = "half_answer"
    """carried out; half of the answer comes"""
    TOO_MANY = "too_many"
    """429"""
    UNAVAILABLE = "unavailable"
    """503, certainly not carried out"""
    THROTTLED = "throttled"
    """503, certainly not carried out, in other words"""
    UNKNOWN_DONE = "unknown_done"
    UNKNOWN_NOT_DONE = "unknown_not_done"
    SERVER_ERROR_DONE = "server_error_done"
    SERVER_ERROR_NOT_DONE = "server_error_not_done"
    BACKEND_TIMEOUT_DONE = "backend_timeout_done"
    BACKEND_TIMEOUT_NOT_DONE = "backend_timeout_not_done"
    GATEWAY_DONE = "gateway_done"
    GATEWAY_NOT_DONE = "gateway_not_done"
    PAGE_DONE = "page_done"
    """200 with a page for people in place of the answer"""
    PAGE_NOT_DONE = "page_not_done"
    FIREWALL = "firewall"
    """turned away by what stands before the venue"""
    STALE_STAMP = "stale_stamp"
    """its time stamp is called too old"""


class StreamTrouble(StrEnum):
    """What may happen to an event of the private stream."""

    DUPLICATE = "duplicate"
    REORDER = "reorder"
    DROP = "drop"
    STALE = "stale"
    SILENT = "silent"


class Target(StrEnum):
    """The kind of request that is to be struck."""

    PLACE = "place"
    REPLACE = "replace"
    CANCEL = "cancel"
    QUERY = "query"
    ACCOUNT = "account"
    FILLS = "fills"


LATE_S = 0.3
"""How late an answer is that comes in time."""


class Tuning(msgspec.Struct, frozen=True, kw_only=True):
    """What a scenario wants otherwise than usual.

    Times in seconds; `answer_s` is how long the port waits for an answer: long, so that a busy machine is not taken
    for a silent venue, short where a scenario waits for the time out; `clock_ahead_s` is how far the venue's clock is
    ahead from the start. `orders_10s`, `weight_1m` are the venue's request limits, `max_orders` its limit of open
    orders and of stops; `funding_every_s` 0 = none.
    """

    answer_s: float = 10.0
    stream_silence_s: float = 2.0
    stream_renewal_s: float = 600.0
    clock_ahead_s: float = 0.0
    orders_10s: int = 300
    orders_1m: int = 1_200
    weight_1m: int = 2_400
    max_orders: int = 200
    funding_every_s: float = 0.0
    balance: Decimal = Decimal(100_000)


class Bench(Protocol):
    """One venue account with nothing in it but cash, a book of two listings, and a port that is connected.

    Both listings have a tick of 0.1, a lot of 0.001, at least 0.002 and 100 of value, fees of 0.02 and 0.04 %, and a
    book of 50000.0 x 5 / 50001.0 x 5.
    """

    @property
    def port(self) -> VenuePort:
        """The port under test."""

    @property
    def symbols(self) -> tuple[str, str]:
        """Two canonical symbols that are listed."""

    @property
    def log(self) -> VenueLog:
        """The venue's own record, read now, by code that knows nothing of the port."""

    def now(self) -> int:
        """Desk time, ns UTC."""

    async def pause(self) -> None:
        """Let a little time pass, at the venue too."""

    async def show(self, bids: Sequence[Level], asks: Sequence[Level], *, symbol: str | None = None) -> None:
        """Put these levels in the place of the outside's whole book; they are there when this returns."""

    async def print_trade(self, price: str, quantity: str, aggressor: Side) -> None:
        """Two outsiders trade; what it does to orders of ours is done when this returns."""

    async def strike(self, trouble: Trouble, target: Target) -> None:
        """Let the next request of this kind meet this trouble."""

    async def calm(self) -> None:
        """No request meets any trouble any more."""

    async def shake(self, trouble: StreamTrouble | None, *, skip: int = 0, count: int | None = None) -> None:
        """Let events of the private stream meet this trouble, but for the first `skip`; None = no more."""

    async def cut_stream(self) -> None:
        """End the private stream's connections."""

    async def stop(self) -> None:
        """The venue goes away in order, keeping its state."""

    async def start(self) -> None:
        """The venue comes back."""

    async def port_of_another(self) -> VenuePort:
        """A connected port of somebody else who uses the same account."""

    async def port_beside(self) -> VenuePort:
        """A connected port that shares this one's request budget."""

    def port_without_access(self) -> VenuePort:
        """A port with credentials that the venue does not take; not connected."""

    async def set_clock(self, ahead_s: float) -> None:
        """Let the venue's clock be ahead of the machine's by so much."""

    async def change_rules(self, **changes: str | int | bool) -> None:
        """Change rules of the first listing: `tick`, `lot`, `min_notional`, `trading`, ..."""

    async def set_mark(self, price: str) -> None:
        """What positions are valued at becomes this, whatever the book shows."""

    async def expire_stream_keys(self) -> None:
        """The keys of private streams end before their time."""

    def statuses(self) -> dict[str, int]:
        """How often the venue gave each HTTP status, as far as it counts them."""


class Venue(msgspec.Struct, frozen=True):
    """A venue that can be tested: its name, what it offers, and how a bench in a folder is opened."""

    name: str
    offers: frozenset[Offer]
    open: Callable[[Path, Tuning], AbstractAsyncContextManager[Bench]]
