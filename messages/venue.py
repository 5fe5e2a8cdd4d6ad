"""The border to a venue: what execution asks the outside to do (effects) and what comes back as input.

Effects are data. The host performs them through the venue's port after the commit that promised them;
whatever happens, exactly one result per effect comes back. Events of the venue's private stream come in by sequence.
"""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum

import msgspec

from messages.base import Effect, Message, message_type
from messages.intents import OrderType, Side, TimeInForce
from messages.orders import Liquidity, OrderState
from messages.reasons import Reason


class Outcome(StrEnum):
    """How an attempt to talk to a venue ended. NO_ANSWER means: nobody knows; ask before doing anything."""

    ACCEPTED = "accepted"
    REJECTED = "rejected"
    NOT_SENT = "not_sent"
    NO_ANSWER = "no_answer"


@message_type
class PlaceOrder(Effect, frozen=True):
    """Place one order under our client order id. Withheld (NOT_SENT) when the last gate says no.

    `deadline` is desk time in ns UTC; `mode_version` and `increases_exposure` are what the gate judges.
    """

    client_order_id: str
    symbol: str
    side: Side
    quantity: Decimal
    order_type: OrderType
    time_in_force: TimeInForce
    post_only: bool
    reduce_only: bool
    limit_price: Decimal | None
    stop_price: Decimal | None
    deadline: int
    mode_version: int
    increases_exposure: bool

    @property
    def lane(self) -> str:
        """Effects of one order are serial."""
        return self.client_order_id


@message_type
class PlaceResult(Message, frozen=True):
    """The end of a `PlaceOrder`."""

    urgent = True
    grave = True

    client_order_id: str
    outcome: Outcome
    reason: Reason
    venue_order_id: str | None = None
    detail: str = ""


@message_type
class CancelOrder(Effect, frozen=True):
    """Cancel the order of this client order id; harmless to repeat."""

    harmless = True

    client_order_id: str
    symbol: str

    @property
    def lane(self) -> str:
        """Effects of one order are serial."""
        return self.client_order_id


@message_type
class CancelResult(Message, frozen=True):
    """The end of a `CancelOrder`. ACCEPTED means the venue took the request, not that the order is gone."""

    urgent = True
    grave = True

    client_order_id: str
    outcome: Outcome
    reason: Reason
    detail: str = ""


@message_type
class QueryOrder(Effect, frozen=True):
    """Ask what the venue knows of this client order id: open orders, all orders, fills."""

    harmless = True

    client_order_id: str
    symbol: str

    @property
    def lane(self) -> str:
        """Effects of one order are serial."""
        return self.client_order_id


class VenueOrder(msgspec.Struct, frozen=True, gc=False, forbid_unknown_fields=True):
    """An order as the venue tells it; `filled` is cumulative, in base units."""

    client_order_id: str
    venue_order_id: str
    symbol: str
    side: Side
    state: OrderState
    quantity: Decimal
    filled: Decimal


@message_type
class QueryResult(Message, frozen=True):
    """The end of a `QueryOrder`: ACCEPTED with the order, ACCEPTED with None (absent), or NO_ANSWER."""

    urgent = True
    grave = True

    client_order_id: str
    outcome: Outcome
    order: VenueOrder | None = None
    detail: str = ""


@message_type
class QueryAccount(Effect, frozen=True):
    """Ask for everything: open orders, balances, positions. Performed at start and after a lost store."""

    harmless = True

    venue: str

    @property
    def lane(self) -> str:
        """One at a time per venue."""
        return f"account:{self.venue}"


@message_type
class AccountResult(Message, frozen=True):
    """The end of a `QueryAccount`. Balances by currency; positions by symbol in base units, signed.

    `time` is the venue's time (ns UTC) at which they hold, None where it does not tell: every payment up to then is
    contained in the balances.
    """

    schema_version = 2
    urgent = True
    grave = True

    venue: str
    outcome: Outcome
    open_orders: tuple[VenueOrder, ...] = ()
    balances: dict[str, Decimal] = msgspec.field(default_factory=dict)
    positions: dict[str, Decimal] = msgspec.field(default_factory=dict)
    detail: str = ""
    time: int | None = None


class VenueFill(msgspec.Struct, frozen=True, gc=False, forbid_unknown_fields=True):
    """A fill as the venue tells it; see `messages.orders.Fill` for units."""

    fill_id: str
    price: Decimal
    quantity: Decimal
    fee: Decimal
    fee_currency: str
    liquidity: Liquidity


@message_type
class VenueEvent(Message, frozen=True):
    """One event of the venue's private stream, in order of its `sequence`; may be seen more than once.

    `state` is the order's state after it, `filled` its cumulative quantity, `fill` the
    execution if it is one.
    """

    urgent = True
    grave = True

    venue: str
    sequence: int
    time: int
    client_order_id: str
    venue_order_id: str
    symbol: str
    side: Side
    state: OrderState
    filled: Decimal
    fill: VenueFill | None
    reason: Reason


@message_type
class VenueFunding(Message, frozen=True):
    """Funding that the venue charged or paid on a position; in the private stream like `VenueEvent`.

    `payment_id` is the venue's own, unique per account; `amount` the change of the balance in `currency`: negative
    when the account paid. `rate` is the part of the position's value that was due, None where the venue does not
    tell; `time` the venue's, ns UTC.
    """

    urgent = True
    grave = True

    venue: str
    sequence: int
    time: int
    payment_id: str
    symbol: str
    currency: str
    amount: Decimal
    rate: Decimal | None = None


StreamEvent = VenueEvent | VenueFunding
"""Whatever a venue's private stream tells; all of it counts in one `sequence`."""
