"""The border to a trading venue: one async protocol that every adapter fulfils, and what a venue declares of itself.

Execution never asks which venue it talks to; it reads the traits. Whatever happens on the wire, a call about an
order ends in exactly one result message: failures are answers here, not exceptions (`FAILURES` is the table).
Calls that a venue may not offer (amending, leverage, public data) are protocols of their own beside `VenuePort`,
so that an adapter grows by adding one and no other adapter changes.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from enum import StrEnum
from typing import Protocol, runtime_checkable

import msgspec

from messages.reasons import Reason
from messages.venue import (
    AccountResult,
    CancelOrder,
    CancelResult,
    Outcome,
    PlaceOrder,
    PlaceResult,
    QueryAccount,
    QueryOrder,
    QueryResult,
    StreamEvent,
)

ALPHANUMERIC = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"


class VenueTraits(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a venue is able to do and how it behaves. The defaults are what the least able venue offers.

    - `never_accepts_id_twice`: a client order id is good for one order for ever, so that an order which is proven
      absent may be sent again under its id.
    - `client_id_lookup`: orders can be asked for by client order id.
    - `client_id_max_length`, `client_id_alphabet`: what a client order id may be made of.
    - `request_expiry_ns`: after this long the venue itself refuses a request that is still under way; None = never.
    - `post_only`, `reduce_only`, `stops`, `amend`, `cancel_all`: order features that are offered.
    - `asynchronous_cancel`: an accepted cancel is a promise; the order's end comes as an event.
    - `market_buy_in_quote`: market buys are sized in quote currency.
    - `hedge_mode`: long and short positions of one symbol are kept apart.
    - `dead_man_switch`: the venue cancels by itself when it is not heard from.
    - `stream_resumes`: the private stream can be taken up again at any sequence without a gap.
    """

    never_accepts_id_twice: bool = False
    client_id_lookup: bool = False
    client_id_max_length: int = 32
    client_id_alphabet: str = ALPHANUMERIC
    request_expiry_ns: int | None = None
    post_only: bool = False
    reduce_only: bool = False
    stops: bool = False
    amend: bool = False
    cancel_all: bool = False
    asynchronous_cancel: bool = True
    market_buy_in_quote: bool = False
    hedge_mode: bool = False
    dead_man_switch: bool = False
    stream_resumes: bool = False


class Failure(StrEnum):
    """The one taxonomy of what can go wrong between us and a venue."""

    UNREACHABLE = "unreachable"
    """Nothing was written: no connection could be had."""
    RATE_LIMIT = "rate_limit"
    """The venue turned the request away unread; the budget is spent."""
    AUTH = "auth"
    """The venue does not take our credentials."""
    REJECT = "reject"
    """The venue understood and said no."""
    UNCERTAIN = "uncertain"
    """The request was written, wholly or in part, and no answer came that tells what became of it."""


FAILURES: dict[Failure, tuple[Outcome, Reason]] = {
    Failure.UNREACHABLE: (Outcome.NOT_SENT, Reason.NOT_SENT),
    Failure.RATE_LIMIT: (Outcome.NOT_SENT, Reason.RATE_LIMIT),
    Failure.AUTH: (Outcome.REJECTED, Reason.VENUE_REJECTED),
    Failure.REJECT: (Outcome.REJECTED, Reason.VENUE_REJECTED),
    Failure.UNCERTAIN: (Outcome.NO_ANSWER, Reason.UNKNOWN_OUTCOME),
}
"""How each failure of a place or a cancel is answered. A venue's own reason takes the place of VENUE_REJECTED."""


class VenuePort(Protocol):
    """One venue account. `now` is desk time in ns UTC; the adapter has no clock of its own for it.

    The calls about orders never raise for what the venue or the network does, and never try again by themselves:
    whether to repeat is decided where it can be journalled.
    """

    @property
    def venue(self) -> str:
        """The venue's name in the desk, as in `execution/<venue>`."""

    @property
    def traits(self) -> VenueTraits:
        """What the venue declares of itself; constant."""

    async def connect(self) -> None:
        """Make ready to be called. Raises `VenueConnectionError` when the venue can't be reached or refuses us."""

    async def close(self) -> None:
        """Let go of all connections; a running `events` ends. Harmless to repeat."""

    async def place(self, order: PlaceOrder, now: int) -> PlaceResult:
        """Place one order. ACCEPTED means that the venue has it; what the market makes of it comes as events."""

    async def cancel(self, cancel: CancelOrder, now: int) -> CancelResult:
        """Ask for the cancellation of one order; harmless to repeat."""

    async def query(self, query: QueryOrder) -> QueryResult:
        """What the venue knows of a client order id. ACCEPTED with None only when the venue itself says: absent."""

    async def account(self, query: QueryAccount) -> AccountResult:
        """Open orders, balances and positions at one instant, or NO_ANSWER."""

    def events(self, after_sequence: int) -> AsyncIterator[StreamEvent]:
        """The private stream from the event after `after_sequence` (0 = from the first).

        Orders' events and payments of funding in one sequence. An adapter whose venue tells payments elsewhere (a list
        that is asked for) numbers them into it by its own durable cursor.

        Reconnects by itself with backoff, resumes by sequence and drops repeated events. Ends on `close`. Raises
        `VenueConnectionError` when the venue refuses our credentials, `ReconciliationError` when it has lost
        events it had told.
        """


class VenueClock(msgspec.Struct, frozen=True, kw_only=True):
    """Where a replayed venue stands.

    `time` is how far it has come (ns UTC), `sequence` its last event that may be known by then, `next_time` the
    earliest time at which something it already knows of becomes due (None: nothing but the market can happen).
    """

    time: int
    sequence: int
    next_time: int | None


@runtime_checkable
class ReplayVenue(Protocol):
    """A venue whose time is granted: it stands still until it is told how far it may go."""

    async def advance(self, time: int) -> int:
        """Let the venue go on to desk time `time`; an earlier time changes nothing, so repeating is harmless.

        Returns the sequence of the last event that is known by then. Raises `VenueConnectionError` when there is
        no answer.
        """

    async def clock(self) -> VenueClock:
        """Where the venue stands. Raises `VenueConnectionError` when there is no answer."""
