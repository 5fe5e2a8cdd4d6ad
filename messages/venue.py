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
from messages.intents import PositionLeg as PositionLeg
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

    schema_version = 3
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


@message_type
class ArmDeadMan(Effect, frozen=True):
    """Have the venue cancel all non-conditional orders of these symbols unless it hears again within `countdown` (ns).

    0 disarms. Harmless to repeat: each call starts the countdown anew.
    """

    harmless = True

    venue: str
    symbols: tuple[str, ...]
    countdown: int

    @property
    def lane(self) -> str:
        """One at a time per venue."""
        return f"dead-man:{self.venue}"


@message_type
class DeadManResult(Message, frozen=True):
    """The end of an `ArmDeadMan`. `symbols` are those for which the countdown now runs."""

    urgent = True

    venue: str
    outcome: Outcome
    symbols: tuple[str, ...] = ()
    detail: str = ""


class MarginMode(StrEnum):
    """Whether positions share the account's margin or have their own."""

    CROSS = "cross"
    ISOLATED = "isolated"


class SymbolMargin(msgspec.Struct, frozen=True, gc=False, forbid_unknown_fields=True):
    """What is wanted of a symbol where the venue has margin: None leaves it as it is."""

    symbol: str
    leverage: int | None = None
    margin: MarginMode | None = None


@message_type
class ConfigureAccount(Effect, frozen=True):
    """Bring position mode, leverage and margin to what is wanted. Harmless to repeat; what already is so succeeds."""

    harmless = True

    venue: str
    symbols: tuple[SymbolMargin, ...]
    hedge_mode: bool | None = None

    @property
    def lane(self) -> str:
        """One at a time per venue, and before the account is looked at."""
        return f"account:{self.venue}"


@message_type
class ConfigureResult(Message, frozen=True):
    """The end of a `ConfigureAccount`. `refused` are symbols the venue would not change, with its words."""

    urgent = True
    grave = True

    venue: str
    outcome: Outcome
    refused: dict[str, str] = msgspec.field(default_factory=dict)
    detail: str = ""


class ListingStatus(StrEnum):
    """Whether orders are taken for an instrument."""

    TRADING = "trading"
    CANCEL_ONLY = "cancel_only"
    CLOSED = "closed"


class VenueInstrument(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One listing as the venue describes it. What the venue does not tell is None: it is not zero.

    `tick` and prices in quote currency per base unit; `lot`, quantities in base units; notionals in quote currency.
    `market_lot` and `market_max_quantity` apply to market orders where they differ. `price_up` and `price_down`
    bound a limit price as factors of the mark price. Fees are ratios of the notional; `multiplier` base units per
    contract. `settle_currency` is what profit, fees and margin are counted in.
    """

    symbol: str
    listing: str
    status: ListingStatus
    base_currency: str
    quote_currency: str
    settle_currency: str
    tick: Decimal
    lot: Decimal
    min_quantity: Decimal
    max_quantity: Decimal | None = None
    market_lot: Decimal | None = None
    market_max_quantity: Decimal | None = None
    min_notional: Decimal | None = None
    min_price: Decimal | None = None
    max_price: Decimal | None = None
    price_up: Decimal | None = None
    price_down: Decimal | None = None
    multiplier: Decimal = Decimal(1)
    maker_fee: Decimal | None = None
    taker_fee: Decimal | None = None
    max_open_orders: int | None = None
    max_conditional_orders: int | None = None


@message_type
class QueryInstruments(Effect, frozen=True):
    """Ask for the rules of these symbols."""

    harmless = True

    venue: str
    symbols: tuple[str, ...]

    @property
    def lane(self) -> str:
        """One at a time per venue."""
        return f"instruments:{self.venue}"


@message_type
class InstrumentsResult(Message, frozen=True):
    """The end of a `QueryInstruments`. A symbol that was asked for and is not there is not listed."""

    urgent = True

    venue: str
    outcome: Outcome
    instruments: tuple[VenueInstrument, ...] = ()
    detail: str = ""


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


@message_type
class VenueTransfer(Message, frozen=True):
    """Money that came into the account, or left it, without a trade; in the private stream like `VenueEvent`.

    `transfer_id` is the venue's own, unique per account; `amount` the change of the balance in `currency`; `kind` the
    venue's word for it, such as `TRANSFER`. `time` is the venue's, ns UTC.
    """

    urgent = True
    grave = True

    venue: str
    sequence: int
    time: int
    transfer_id: str
    currency: str
    amount: Decimal
    kind: str


@message_type
class StreamOpened(Message, frozen=True):
    """The private stream begins, or begins again, at a venue that can't resume it: what it told meanwhile is lost.

    Whoever reads it asks for the account and for the fills since. `time` is the venue's, ns UTC.
    """

    urgent = True
    grave = True

    venue: str
    sequence: int
    time: int


StreamEvent = VenueEvent | VenueFunding | VenueTransfer | StreamOpened
"""Whatever a venue's private stream tells; all of it counts in one `sequence`."""
