"""The border to a trading venue: one async protocol that every adapter fulfils, and what a venue declares of itself.

Execution never asks which venue it talks to; it reads the traits. Whatever happens on the wire, a call about an
order ends in exactly one result message: failures are answers here, not exceptions (`FAILURES` is the table).
What a venue may not offer (amending, margin, a dead-man switch) are protocols of their own beside `VenuePort`, and a
trait says which are there; public market data is `market_port`. A new venue is one adapter and its traits.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from enum import StrEnum
from typing import Protocol, runtime_checkable

import msgspec

from messages.reasons import Reason
from messages.venue import (
    CancelOrder,
    CancelResult,
    FillsResult,
    Outcome,
    PlaceOrder,
    PlaceResult,
    QueryFills,
    QueryOrder,
    QueryResult,
    ReplaceOrder,
    ReplaceResult,
)
from messages.venue_account import (
    AccountResult,
    ArmDeadMan,
    ConfigureAccount,
    ConfigureResult,
    DeadManResult,
    InstrumentsResult,
    QueryAccount,
    QueryInstruments,
)
from messages.venue_stream import StreamEvent

ALPHANUMERIC = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"


class VenueTraits(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a venue is able to do and how it behaves. The defaults are what the least able venue offers.

    - `never_accepts_id_twice`: a client order id is good for one order for ever, so that an order which is proven
      absent may be sent again under its id.
    - `idempotent_by_client_id`: placing again under a known id creates nothing and answers with the order there is.
    - `client_id_lookup`: orders can be asked for by client order id; without it an adapter searches the lists.
    - `client_id_max_length`, `client_id_alphabet`: what a client order id may be made of.
    - `request_expiry_ns`: after this long the venue itself refuses a request that is still under way; None = never.
    - `post_only`, `reduce_only`, `stops`, `close_position`, `immediate_or_cancel`, `fill_or_kill`: order features that
      are offered. What is not offered is emulated where that is safe, by whoever plans the order.
    - `amend`: price and quantity of a working order can be changed in place (`AmendingVenue`).
    - `cancel_all`: all orders of a symbol can be cancelled by one request.
    - `asynchronous_cancel`: an accepted cancel is a promise; the order's end comes as an event or must be asked for.
    - `fee_in_base`: the fee of a buy is taken from what was bought, so that less than that can be sold again.
    - `market_buy_in_quote`: market buys are sized in quote currency.
    - `margin`: positions are carried on margin and may be short (`MarginVenue`).
    - `hedge_mode`: long and short positions of one symbol are kept apart.
    - `dead_man_switch`: the venue cancels by itself when it is not heard from (`DeadManVenue`).
    - `stream_resumes`: the private stream can be taken up again at any sequence without a gap. Where it can't, the
      adapter numbers events itself and says `StreamOpened` whenever it begins anew.
    - `stream_tells_fills`: each execution comes in the stream; without it the adapter makes them of cumulative changes.
    - `instruments_change`: rules of instruments are to be asked for now and then (`instruments`).
    """

    never_accepts_id_twice: bool = False
    idempotent_by_client_id: bool = False
    client_id_lookup: bool = False
    client_id_max_length: int = 32
    client_id_alphabet: str = ALPHANUMERIC
    request_expiry_ns: int | None = None
    post_only: bool = False
    reduce_only: bool = False
    stops: bool = False
    close_position: bool = False
    immediate_or_cancel: bool = False
    fill_or_kill: bool = False
    amend: bool = False
    cancel_all: bool = False
    asynchronous_cancel: bool = True
    fee_in_base: bool = False
    market_buy_in_quote: bool = False
    margin: bool = False
    hedge_mode: bool = False
    dead_man_switch: bool = False
    stream_resumes: bool = False
    stream_tells_fills: bool = True
    instruments_change: bool = False


class Failure(StrEnum):
    """The one taxonomy of what can go wrong between us and a venue."""

    TRANSIENT = "transient"
    """Nothing was done: no connection could be had, or the venue said that it did nothing. Later may do."""
    RATE_LIMIT = "rate_limit"
    """The venue turned the request away unread, or our own budget for it is spent."""
    AUTH = "auth"
    """The venue does not take our credentials."""
    REJECT = "reject"
    """The venue understood and said no."""
    UNCERTAIN = "uncertain"
    """The request was written, wholly or in part, and no answer came that tells what became of it."""
    FATAL = "fatal"
    """The venue says that the request makes no sense: a defect of the adapter, or a protocol that has changed."""


FAILURES: dict[Failure, tuple[Outcome, Reason]] = {
    Failure.TRANSIENT: (Outcome.NOT_SENT, Reason.NOT_SENT),
    Failure.RATE_LIMIT: (Outcome.NOT_SENT, Reason.RATE_LIMIT),
    Failure.AUTH: (Outcome.REJECTED, Reason.AUTH),
    Failure.REJECT: (Outcome.REJECTED, Reason.VENUE_REJECTED),
    Failure.UNCERTAIN: (Outcome.NO_ANSWER, Reason.UNKNOWN_OUTCOME),
    Failure.FATAL: (Outcome.REJECTED, Reason.VENUE_FAULT),
}
"""How each failure of a place or a cancel is answered. A venue's own reason takes the place of VENUE_REJECTED."""


class PortHealth(msgspec.Struct, frozen=True, kw_only=True):
    """How the way to a venue is; what an adapter does not have is None.

    `clock_offset_ns` is the venue's clock minus ours, known to +/- `clock_error_ns`; `rate_used` the part of the
    request budget that is spent (0..1), `rates_used` that of each limit by its name; `circuit_open_until` (ns UTC)
    until when nothing is tried; `stream_up` whether the private stream is connected; `reconnects` how often it had to
    be opened again.
    """

    clock_offset_ns: int | None = None
    clock_error_ns: int | None = None
    rate_used: float | None = None
    rates_used: dict[str, float] = {}
    circuit_open_until: int | None = None
    stream_up: bool | None = None
    reconnects: int = 0


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

    async def fills(self, query: QueryFills) -> FillsResult:
        """Executions, every one that was asked for whatever pages the venue cuts them into, or NO_ANSWER."""

    async def account(self, query: QueryAccount) -> AccountResult:
        """Open orders (conditional ones too), balances and positions, or NO_ANSWER.

        Where a venue tells them apart, fills may fall between: a difference is looked at again before it counts.
        """

    async def instruments(self, query: QueryInstruments) -> InstrumentsResult:
        """The rules of the symbols that were asked for, or NO_ANSWER."""

    async def server_time(self) -> int:
        """The venue's clock now, ns UTC. Raises `VenueConnectionError` when there is no answer."""

    def health(self) -> PortHealth:
        """How the way to the venue is, without asking it."""

    def events(self, after_sequence: int) -> AsyncIterator[StreamEvent]:
        """The private stream from the event after `after_sequence` (0 = from the first).

        Where the venue can resume it, sequences are the venue's. Elsewhere the adapter numbers what it is told, going
        on from `after_sequence`, and begins with a `StreamOpened`, again after each interruption that it could not
        bridge: what was told meanwhile is for the reader to ask for.

        Orders' events and payments of funding in one sequence. An adapter whose venue tells payments elsewhere (a list
        that is asked for) numbers them into it by its own durable cursor.

        Reconnects by itself with backoff, resumes by sequence and drops repeated events. Ends on `close`. Raises
        `VenueConnectionError` when the venue refuses our credentials, `ReconciliationError` when it has lost
        events it had told.
        """


@runtime_checkable
class AmendingVenue(Protocol):
    """A venue that changes working orders in place (trait `amend`)."""

    async def replace(self, replace: ReplaceOrder, now: int) -> ReplaceResult:
        """Change one order; REJECTED leaves it as it was."""


@runtime_checkable
class DeadManVenue(Protocol):
    """A venue that cancels by itself when it is not heard from (trait `dead_man_switch`)."""

    async def arm_dead_man(self, arm: ArmDeadMan) -> DeadManResult:
        """Start, or start anew, the countdown of these symbols; 0 stops it."""


@runtime_checkable
class MarginVenue(Protocol):
    """A venue with leverage, margin and position modes (trait `margin`)."""

    async def configure(self, wanted: ConfigureAccount) -> ConfigureResult:
        """Bring the account to what is wanted; what already is so counts as done."""


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
