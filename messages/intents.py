"""From idea to approval: what strategies ask of risk, what risk answers, and what it hands to execution."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from enum import StrEnum
from typing import Any

import msgspec

from messages.base import Address, Message, message_type
from messages.market import QuoteSnapshot
from messages.reasons import Layer, Reason


class Side(StrEnum):
    """Buy or sell."""

    BUY = "buy"
    SELL = "sell"

    @property
    def sign(self) -> int:
        """+1 for a buy, -1 for a sell."""
        return 1 if self is _BUY else -1

    @property
    def opposite(self) -> Side:
        """The other side."""
        return Side.SELL if self is Side.BUY else Side.BUY


_BUY, _ACCEPTED = Side.BUY, Reason.ACCEPTED
"""Bound once: to look a member up on its enum class costs more than the comparison, and every fill asks."""


class OrderType(StrEnum):
    """How an order meets the market."""

    MARKET = "market"
    LIMIT = "limit"
    STOP = "stop"
    STOP_LIMIT = "stop_limit"


class TimeInForce(StrEnum):
    """How long an order may stay."""

    GTC = "gtc"
    IOC = "ioc"
    FOK = "fok"


class Route(StrEnum):
    """How execution turns an approved intent into orders."""

    DIRECT = "direct"
    """one order, exactly as the terms say"""
    MAKER_FIRST = "maker_first"
    """passive orders at and near the own side of the book, following it; what is left is taken within a cost budget"""
    TWAP = "twap"
    """equal slices over a time, each maker first; small intents are not sliced"""
    FLIP = "flip"
    """what closes the position goes first and reduces only; the rest follows once that is filled"""


class PositionLeg(StrEnum):
    """The side of a hedged position that an order is about, where the account keeps long and short apart."""

    LONG = "long"
    SHORT = "short"


class Purpose(StrEnum):
    """What an order is for. Information for people; what it may do is judged by its resulting exposure."""

    ENTRY = "entry"
    EXIT = "exit"
    STOP = "stop"
    TARGET = "target"
    PROTECTIVE = "protective"
    FLATTEN = "flatten"
    SWEEP = "sweep"
    CONVERT = "convert"


class Verdict(StrEnum):
    """Risk's answer to an intent."""

    APPROVED = "approved"
    RESIZED = "resized"
    REJECTED = "rejected"


class OrderTerms(msgspec.Struct, frozen=True, gc=False, forbid_unknown_fields=True):
    """What is to be traded and how: the part of an order that is the same from intent to venue.

    Quantities are in base units, prices in quote currency per base unit. `worst_price` bounds what the order may
    cost (highest for a buy, lowest for a sell); `time_to_live` (ns) is how long it may work before it is
    cancelled; no attempt to place it may start after `deadline` (desk time, ns UTC). With a `route` other than DIRECT
    all of that bounds every order that is made of the intent. `close_position`, `take_profit` and `leg` are those of
    `messages.venue.PlaceOrder`; without a `leg` execution derives it where the account keeps legs apart.
    """

    symbol: str
    venue: str
    side: Side
    quantity: Decimal
    order_type: OrderType
    worst_price: Decimal
    deadline: int
    limit_price: Decimal | None = None
    stop_price: Decimal | None = None
    time_in_force: TimeInForce = TimeInForce.GTC
    post_only: bool = False
    reduce_only: bool = False
    time_to_live: int | None = None
    purpose: Purpose = Purpose.ENTRY
    route: Route = Route.DIRECT
    close_position: bool = False
    take_profit: bool = False
    leg: PositionLeg | None = None


@message_type
class OrderIntent(Message, frozen=True):
    """A strategy's wish to trade (requester -> risk). The id of its envelope is the intent id.

    `strategy` is the id of the strategy class instance, `quote` what it saw, `confidence` in [0, 1] if it has one.
    """

    schema_version = 3
    refusable = True
    decimals_as_text = True

    strategy: str
    terms: OrderTerms
    quote: QuoteSnapshot | None
    reason: str
    confidence: float | None = None


class CheckResult(msgspec.Struct, frozen=True, gc=False, forbid_unknown_fields=True, omit_defaults=True):
    """One risk check's answer: what it allows, what it saw, and why it failed (`reason`; ACCEPTED when it passed).

    `limit` and `observed` are in the check's own unit (`unit`: quote currency, ratio, count, ns), counts and times as
    whole numbers; None where the check has none. What is observed may be the limit at most; `at_least`: it has to be
    that much. `allowed` is the largest quantity (base units) that a check which failed would let pass.

    An approval holds dozens of them: what is not said takes no room in the journal, what follows is not stored.
    """

    check: str
    limit: Decimal | int | None = None
    observed: Decimal | int | None = None
    unit: str = ""
    reason: Reason = Reason.ACCEPTED
    allowed: Decimal | None = None
    at_least: bool = False

    @property
    def passed(self) -> bool:
        """Whether the intent passes as it is."""
        return self.reason is _ACCEPTED

    @property
    def room(self) -> Decimal | None:
        """What is left until the limit, negative beyond it; None where the check has no figures."""
        if self.limit is None or self.observed is None:
            return None
        left = Decimal(self.limit) - Decimal(self.observed)
        return -left if self.at_least else left


def lift_checks(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Fields of a record from before `CheckResult` left out what follows from the rest."""
    return {**fields, "checks": [_lifted(each) for each in fields["checks"]]}


def _lifted(check: Mapping[str, Any]) -> dict[str, Any]:
    figures = [check.get(name) for name in ("limit", "observed", "room")]
    at_least = False
    if None not in figures:
        limit, observed, room = (Decimal(str(figure)) for figure in figures)
        at_least = room == observed - limit != limit - observed
    kept = {name: value for name, value in check.items() if name not in ("passed", "room")}
    return {**kept, "at_least": at_least}


@message_type
class SubmitOrder(Message, frozen=True):
    """An approved intent (risk -> execution). `requester` is the actor that hears about fills and the outcome.

    `mode_version` is the version of the mode under which risk approved; `increases_exposure` is risk's judgement
    under the worst fate of everything open. `quote` is the intent's: its route works from there, and its record
    measures against it.
    """

    schema_version = 3
    refusable = True
    decimals_as_text = True

    intent_id: str
    requester: Address
    strategy: str
    terms: OrderTerms
    mode_version: int
    increases_exposure: bool
    quote: QuoteSnapshot | None = None


@message_type
class CancelIntent(Message, frozen=True):
    """Cancel whatever works for an intent (requester -> execution). May overtake the intent itself."""

    urgent = True
    grave = True

    intent_id: str
    reason: Reason


@message_type
class IntentRejected(Message, frozen=True):
    """Risk said no (risk -> requester). `reason` is the headline: the first failing check."""

    schema_version = 2
    urgent = True
    decimals_as_text = True

    intent_id: str
    reason: Reason
    layer: Layer
    checks: tuple[CheckResult, ...] = ()

    @classmethod
    def upgrade(cls, version: int, fields: Mapping[str, Any]) -> Mapping[str, Any]:
        """See `Message.upgrade`."""
        return lift_checks({"checks": [], **fields})


@message_type
class Refused(Message, frozen=True):
    """The receiver's mailbox was full: the message was not delivered (store -> its sender)."""

    urgent = True

    message_id: str
    recipient: Address
    kind: str
    reason: Reason = Reason.MAILBOX_FULL
