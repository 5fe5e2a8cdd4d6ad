"""The portfolio as the risk actor journals it: decisions with their checks, reservations, bookings, anchors.

Apart from `messages.intents` and `messages.orders`, which others read: these are risk's own records. Each carries
the numbers that hold after it, so that a journal is read without doing the arithmetic again. Money is in the
desk's base currency unless a field says otherwise, quantities in base units, time in ns UTC.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from enum import StrEnum
from typing import Any

import msgspec

from messages.base import Address, Message, message_type
from messages.events import EventType
from messages.intents import CheckResult, Purpose, Side, Verdict, lift_checks
from messages.reasons import Reason

ONE = Decimal(1)
ZERO = Decimal(0)

# --- intents --------------------------------------------------------------------------------------------------


@message_type
class IntentDecided(Message, frozen=True):
    """Risk's answer to an intent, with every check; what was approved is reserved from here on.

    `quantity` is what was approved (0 when rejected), `price` what each unit of it is reserved at, in quote currency,
    one unit of which is worth `rate` in base currency. `submit_id` is the message that carries the approval to
    execution, None when there is none. `limits_version` is that of the limits it was judged by, `resting_price` the
    farthest price at which it may rest in the book, None where it does not.
    """

    event_type = EventType.INTENT_DECIDED
    schema_version = 4
    decimals_as_text = True

    intent_id: str
    requester: Address
    strategy: str
    venue: str
    symbol: str
    side: Side
    purpose: Purpose
    requested: Decimal
    quantity: Decimal
    price: Decimal
    multiplier: Decimal
    verdict: Verdict
    reason: Reason
    mode_version: int
    increases_exposure: bool
    submit_id: str | None
    checks: tuple[CheckResult, ...]
    time: int
    rate: Decimal = ONE
    limits_version: int = 0
    resting_price: Decimal | None = None

    @classmethod
    def upgrade(cls, version: int, fields: Mapping[str, Any]) -> Mapping[str, Any]:
        """See `Message.upgrade`."""
        return lift_checks(fields)


@message_type
class FinalFillsAwaited(Message, frozen=True):
    """An intent has ended, but not all of its `filled` units are booked yet: its reservation stays."""

    intent_id: str
    filled: Decimal
    time: int


@message_type
class ReservationReleased(Message, frozen=True):
    """Nothing more can come of an intent: what was left of its reservation is free again."""

    intent_id: str
    reason: Reason
    time: int


@message_type
class ReservationReopened(Message, frozen=True):
    """An intent thought ended lives after all (a late acceptance, a late fill): what may come is reserved again."""

    event_type = EventType.ANOMALY_DETECTED

    intent_id: str
    time: int


# --- ledger ---------------------------------------------------------------------------------------------------


class Posting(msgspec.Struct, frozen=True, gc=False, forbid_unknown_fields=True):
    """What a fill made of one book; money in base currency.

    `position` (signed), `cost` (signed, what the position was bought for) and `open_fees` (fees paid for it) are
    as they stand afterwards; `realised` is the fill's profit before fees, `net` the same after the fees of what it
    closed, entry and exit.
    """

    position: Decimal
    cost: Decimal
    open_fees: Decimal
    realised: Decimal
    net: Decimal


class Exchanged(msgspec.Struct, frozen=True, gc=False, forbid_unknown_fields=True):
    """What a fill that exchanges currencies does to that of its base: the balance afterwards, and what a unit counts.

    `rate` is in base currency of the desk; 0 when nobody has said.
    """

    currency: str
    cash: Decimal
    rate: Decimal


class ClosedLot(msgspec.Struct, frozen=True, gc=False, forbid_unknown_fields=True, array_like=True):
    """What a fill closed of one lot, first in first out: units, and what they were worth when opened and when closed.

    Values in base currency, unsigned. `fill_id` is the fill that opened the lot and `opened_at` its desk time; empty
    and None for what was held before its fills were known.
    """

    fill_id: str
    opened_at: int | None
    quantity: Decimal
    opened_value: Decimal
    closed_value: Decimal


@message_type
class FillBooked(Message, frozen=True):
    """A fill is in the books. `desk` is the account's book, `own` the strategy's; `cash` the balance afterwards.

    `currency` is the quote currency, in which price and `cash` count and one unit of which is worth `rate` in base
    currency. A fee in another one changes that balance instead; `fee_rate` is then what one unit of it is worth in
    base currency, None when nobody has said. `opening_value` (base currency) is set when the fill gave a price to a
    position that had been opened without one. `exchanged` is set where the fill made cash instead of a position.
    `closed` are the lots of the account that it closed, the oldest first; None in journals from before they were kept.
    """

    event_type = EventType.LEDGER_POSTED
    schema_version = 4

    fill_id: str
    intent_id: str
    requester: Address
    strategy: str
    venue: str
    symbol: str
    side: Side
    price: Decimal
    quantity: Decimal
    multiplier: Decimal
    fee: Decimal
    fee_currency: str
    currency: str
    cash: Decimal
    opening_value: Decimal | None
    desk: Posting
    own: Posting
    time: int
    rate: Decimal = ONE
    fee_rate: Decimal | None = None
    exchanged: Exchanged | None = None
    closed: tuple[ClosedLot, ...] | None = None

    @property
    def fee_in_base(self) -> Decimal:
        """The fee in base currency; 0 when its currency has no rate."""
        if self.fee_currency == self.currency:
            return self.fee * self.rate
        return ZERO if self.fee_rate is None else self.fee * self.fee_rate


@message_type
class FundingBooked(Message, frozen=True):
    """Funding is in the books. `cash` is the balance in `currency` afterwards.

    `amount` counts in `currency`, `value` is the same in base currency, None when nobody has said what that currency is
    worth. `shares` are the parts of `value` that strategies bear, each by its own position; what is left belongs to the
    account alone. `funding_rate` is the venue's, `event_time` its time. `multiplier` and `rate` are the listing's.
    """

    event_type = EventType.LEDGER_POSTED

    payment_id: str
    venue: str
    symbol: str
    currency: str
    amount: Decimal
    funding_rate: Decimal | None
    cash: Decimal
    value: Decimal | None
    shares: dict[str, Decimal]
    multiplier: Decimal
    rate: Decimal
    event_time: int
    time: int


class OpenedPosition(msgspec.Struct, frozen=True, gc=False, forbid_unknown_fields=True):
    """A position an account was opened with; it gets its cost from the first mark or fill.

    `rate` is the worth of one unit of its quote currency in base currency.
    """

    symbol: str
    quantity: Decimal
    multiplier: Decimal
    rate: Decimal = ONE


@message_type
class AccountOpened(Message, frozen=True):
    """A venue account is in the books as it was found.

    `currency` is the base currency; `cash` all balances that have a rate, in it.
    """

    event_type = EventType.LEDGER_POSTED
    schema_version = 2

    venue: str
    balances: dict[str, Decimal]
    positions: tuple[OpenedPosition, ...]
    currency: str
    cash: Decimal
    time: int


@message_type
class RatesTaken(Message, frozen=True):
    """Currencies count with these rates from here on: balances, positions and reservations are worth them.

    `rates` are by currency, the worth of one unit in base currency `currency`; `listings` are those of the quote
    currencies by `venue/symbol`. What a rate moves in NAV is a result: the anchors of losses stay where they are.
    """

    event_type = EventType.LEDGER_POSTED

    currency: str
    rates: dict[str, Decimal]
    listings: dict[str, Decimal]
    time: int


class MarkTaken(msgspec.Struct, frozen=True, gc=False, forbid_unknown_fields=True, array_like=True):
    """The price a symbol is valued at from here on, on the symbol's tick; `time` is when it was seen."""

    symbol: str
    bid: Decimal
    ask: Decimal
    time: int


@message_type
class MarksTaken(Message, frozen=True):
    """Newer marks than those known."""

    marks: tuple[MarkTaken, ...]


@message_type
class DayStarted(Message, frozen=True):
    """A day began at the configured boundary. `nav` is its anchor, None while it is not known."""

    day: str
    ends_at: int
    nav: Decimal | None


class CapitalCode(StrEnum):
    """What became of a checkpoint of the capital."""

    BEGUN = "capital_apply:begun"
    SPLIT = "capital_apply:split_positive_pnl"
    LOSS = "capital_apply:loss_reduces_capital"
    NOTHING_REALISED = "capital_apply:nothing_realised"
    ALREADY_APPLIED = "capital_apply:checkpoint_already_applied"
    REALISED_MISMATCH = "capital_policy_block:event_count_same_realized_mismatch"
    NON_MONOTONIC = "capital_error:non_monotonic_checkpoint"
    NEGATIVE_CAPITAL = "capital_error:negative_capital"

    @property
    def is_refusal(self) -> bool:
        """Whether it changed nothing because it makes no sense."""
        return not self.value.startswith("capital_apply:")


@message_type
class CapitalCheckpointed(Message, frozen=True):
    """Realised profit was split between capital and treasury, or a loss taken off capital, as `code` says.

    `realised` is all profit since the desk began, after fees and funding, from `events` bookings; `capital` and
    `treasury` are as they stand afterwards, `to_treasury` what was set aside now.
    """

    event_type = EventType.LEDGER_POSTED

    code: CapitalCode
    events: int
    realised: Decimal
    capital: Decimal | None
    treasury: Decimal
    to_treasury: Decimal
    time: int


@message_type
class PeakReset(Message, frozen=True):
    """A person accepted the drawdown: it is measured from `nav` on (None: from the next that is known)."""

    nav: Decimal | None
    by: str
