"""The border to a venue: what execution asks the outside to do with orders (effects) and what comes back as input.

Effects are data. The host performs them through the venue's port after the commit that promised them; whatever happens,
exactly one result per effect comes back. The account as a whole is in `messages.venue_account`, what the venue tells
without being asked in `messages.venue_stream`.
"""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum

import msgspec

from messages.base import Effect, Message, message_type
from messages.intents import OrderType, PositionLeg, Side, TimeInForce
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
    `close_position` closes whatever the position is when a stop triggers; `quantity` is then what it is now. `leg`
    names the side of a hedged position; None where an account nets. `take_profit` makes a stop trigger on the other
    side of the price: a sell above it, a buy below.
    """

    schema_version = 2

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
    close_position: bool = False
    leg: PositionLeg | None = None
    take_profit: bool = False

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
    """Cancel the order of this client order id; harmless to repeat.

    `venue_order_id` is the venue's own, where it is known; `conditional` says that the order is a stop, which some
    venues keep apart until it triggers.
    """

    schema_version = 2
    harmless = True

    client_order_id: str
    symbol: str
    venue_order_id: str | None = None
    conditional: bool = False

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
    """Ask what the venue knows of this client order id: open orders, all orders, fills.

    `venue_order_id` is the venue's own, where it is known; `conditional` says that the order is a stop, which some
    venues keep apart until it triggers.
    """

    schema_version = 2
    harmless = True

    client_order_id: str
    symbol: str
    venue_order_id: str | None = None
    conditional: bool = False

    @property
    def lane(self) -> str:
        """Effects of one order are serial."""
        return self.client_order_id


class VenueOrder(msgspec.Struct, frozen=True, gc=False, forbid_unknown_fields=True):
    """An order as the venue tells it; `filled` is cumulative, in base units, `limit_price` None where it has none."""

    client_order_id: str
    venue_order_id: str
    symbol: str
    side: Side
    state: OrderState
    quantity: Decimal
    filled: Decimal
    limit_price: Decimal | None = None
    conditional: bool = False


@message_type
class ReplaceOrder(Effect, frozen=True):
    """Change price and quantity of a working limit order in place (venues with the trait `amend`).

    `quantity` is the order's new whole quantity, what is filled included. Withheld like a `PlaceOrder`. What became
    of one without an answer is found by asking: the order tells its price and quantity.
    """

    client_order_id: str
    symbol: str
    side: Side
    quantity: Decimal
    limit_price: Decimal
    deadline: int
    mode_version: int
    increases_exposure: bool
    venue_order_id: str | None = None

    @property
    def lane(self) -> str:
        """Effects of one order are serial."""
        return self.client_order_id


@message_type
class ReplaceResult(Message, frozen=True):
    """The end of a `ReplaceOrder`. `venue_order_id` is the order's new one where the venue changes it."""

    urgent = True
    grave = True

    client_order_id: str
    outcome: Outcome
    reason: Reason
    venue_order_id: str | None = None
    detail: str = ""


@message_type
class QueryResult(Message, frozen=True):
    """The end of a `QueryOrder`: ACCEPTED with the order, ACCEPTED with None (absent), or NO_ANSWER."""

    schema_version = 2
    urgent = True
    grave = True

    client_order_id: str
    outcome: Outcome
    order: VenueOrder | None = None
    detail: str = ""


class VenueFill(msgspec.Struct, frozen=True, gc=False, forbid_unknown_fields=True):
    """A fill as the venue tells it; see `messages.orders.Fill` for units."""

    fill_id: str
    price: Decimal
    quantity: Decimal
    fee: Decimal
    fee_currency: str
    liquidity: Liquidity


@message_type
class QueryFills(Effect, frozen=True):
    """Ask for executions on a symbol: of one order, or of all since `since` (the venue's time, ns UTC; None = all)."""

    harmless = True

    venue: str
    symbol: str
    since: int | None = None
    client_order_id: str | None = None
    venue_order_id: str | None = None

    @property
    def lane(self) -> str:
        """One at a time per symbol."""
        return f"fills:{self.venue}:{self.symbol}"


class VenueTrade(msgspec.Struct, frozen=True, gc=False, forbid_unknown_fields=True):
    """An execution as a list of the venue tells it. Some lists name only the venue's order id; `time` in ns UTC."""

    venue_order_id: str
    client_order_id: str | None
    symbol: str
    side: Side
    time: int
    fill: VenueFill


@message_type
class FillsResult(Message, frozen=True):
    """The end of a `QueryFills`: ACCEPTED with every execution that was asked for, in the venue's order, or NO_ANSWER.

    `venue_order_id` and `since` are those of the question.
    """

    urgent = True
    grave = True

    venue: str
    symbol: str
    outcome: Outcome
    trades: tuple[VenueTrade, ...] = ()
    since: int | None = None
    client_order_id: str | None = None
    venue_order_id: str | None = None
    detail: str = ""
