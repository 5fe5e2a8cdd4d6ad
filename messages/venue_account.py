"""The border to a venue, the account as a whole: what execution asks of it, sets up there, and is answered.

Apart from `messages.venue`, which is about orders and their fills.
"""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum

import msgspec

from messages.base import Effect, Message, message_type
from messages.venue import Outcome, VenueOrder


@message_type
class QueryAccount(Effect, frozen=True):
    """Ask for everything: open orders, balances, positions. Performed at start and after a lost store."""

    harmless = True

    venue: str

    @property
    def lane(self) -> str:
        """One at a time per venue."""
        return f"account:{self.venue}"


class PositionMargin(msgspec.Struct, frozen=True, gc=False, forbid_unknown_fields=True):
    """What a venue says of a position's margin: of which position (base units, signed), what must be left for it in its
    settle currency, and at which mark price it is liquidated; None: at none, as the account stands."""

    quantity: Decimal
    maintenance: Decimal
    liquidation_price: Decimal | None = None


@message_type
class AccountResult(Message, frozen=True):
    """The end of a `QueryAccount`. Balances by currency; positions by symbol in base units, signed.

    `time` is the venue's time (ns UTC) at which they hold, None where it does not tell: every payment up to then is
    contained in the balances. `margins` are those of positions, by symbol; None where the venue has no margin.
    """

    schema_version = 4
    urgent = True
    grave = True

    venue: str
    outcome: Outcome
    open_orders: tuple[VenueOrder, ...] = ()
    balances: dict[str, Decimal] = msgspec.field(default_factory=dict)
    positions: dict[str, Decimal] = msgspec.field(default_factory=dict)
    detail: str = ""
    time: int | None = None
    margins: dict[str, PositionMargin] | None = None


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
