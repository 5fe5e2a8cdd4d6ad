"""What execution journals of an intent that is more than one order: its plan, changes of orders, and its record.

Apart from `messages.order_events`, which is about single orders. Prices in quote currency per base unit, quantities
in base units, ratios as fractions, times in ns UTC of desk time.
"""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum

import msgspec

from messages.base import Message, message_type
from messages.events import EventType
from messages.intents import Route, Side, SubmitOrder
from messages.orders import OrderState
from messages.reasons import Reason


class RouteStage(StrEnum):
    """How a slice of a plan is being worked."""

    PLAIN = "plain"
    """one order as the intent's terms say"""
    MAKER = "maker"
    """passive: post-only, following the market"""
    TAKER = "taker"
    """at the market, bounded by worst price and cost budget"""


class RouteSlice(msgspec.Struct, frozen=True, gc=False, forbid_unknown_fields=True):
    """A part of a plan: so much, not before then, worked in this way.

    `whole`: the plan ends where this slice is not filled in full.
    """

    quantity: Decimal
    not_before: int
    stage: RouteStage
    reduce_only: bool = False
    whole: bool = False


class RouterQuality(StrEnum):
    """How well passive orders have done on a symbol."""

    GOOD = "good"
    OK = "ok"
    DEGRADED = "degraded"
    BROKEN = "broken"


class RoutePolicy(msgspec.Struct, frozen=True, gc=False, forbid_unknown_fields=True):
    """How orders of a symbol are to be routed: `offset_ticks` from the own touch, away from the market.

    `taker_bias` in [0, 1] shortens the patience of passive orders: 1 halves it.
    """

    maker_first: bool = True
    offset_ticks: int = 0
    taker_bias: float = 0.0
    quality: RouterQuality = RouterQuality.OK
    reason: str = ""


class RouteQuote(msgspec.Struct, frozen=True, gc=False, forbid_unknown_fields=True):
    """The market as the router knows it at desk time `time`."""

    bid: Decimal
    ask: Decimal
    time: int

    @property
    def mid(self) -> Decimal:
        """The middle of bid and ask."""
        return (self.bid + self.ask) / 2


# --- journal: plans -------------------------------------------------------------------------------------------


@message_type
class RouteStarted(Message, frozen=True):
    """An approved intent became a plan. `arrival` is the quote it was decided on; None where it brought none.

    `policy_before` is the symbol's policy as it is set, `policy` what its recent quality made of it.
    """

    submit: SubmitOrder
    slices: tuple[RouteSlice, ...]
    arrival: RouteQuote | None
    policy_before: RoutePolicy
    policy: RoutePolicy
    time: int


@message_type
class RouteStaged(Message, frozen=True):
    """A plan goes on: with this slice, worked in this way. `reason` is how the order before it ended.

    `reprices` and `rejects` count the slice's new prices and the times the venue refused to let it rest.
    """

    intent_id: str
    slice: int
    stage: RouteStage
    reprices: int
    rejects: int
    reason: Reason
    time: int


@message_type
class RouteQuoted(Message, frozen=True):
    """A newer quote of a symbol that plans are working on."""

    symbol: str
    quote: RouteQuote


@message_type
class RouteStopped(Message, frozen=True):
    """Nothing more is placed for the intent; what works of it is cancelled."""

    intent_id: str
    reason: Reason
    time: int


@message_type
class RouteEnded(Message, frozen=True):
    """Nothing more can come of a plan: all of its orders ended and every fill is seen. Said again after a late fill."""

    event_type = EventType.INTENT_CLOSED

    intent_id: str
    state: OrderState
    filled: Decimal
    reason: Reason
    time: int


# --- journal: changing a working order ------------------------------------------------------------------------


@message_type
class ReplaceStarted(Message, frozen=True):
    """A working order is to have another price or whole quantity. Until `ReplaceEnded` either may be in force.

    `amends`: the venue changes it in place. Else it is cancelled, and what is left goes on as the next attempt.
    """

    event_type = EventType.ORDER_CHANGED

    client_order_id: str
    price: Decimal
    quantity: Decimal
    amends: bool
    reason: Reason
    time: int


@message_type
class ReplaceEnded(Message, frozen=True):
    """The change is over: made (`applied`), not made, or overtaken by the order's end."""

    event_type = EventType.ORDER_CHANGED

    client_order_id: str
    applied: bool
    reason: Reason
    time: int


# --- records --------------------------------------------------------------------------------------------------


@message_type
class RouterRecord(Message, frozen=True):
    """How an intent was routed; one per intent, said again after a late fill. What is not known is None.

    - `orders` is how many were placed, `rejects` how often the venue refused one to rest, `reprices` new prices.
    - `arrival_mid`: the middle of the quote the intent was decided on; `submitted_price` the first order's limit.
    - `spread_bps`: the quote's spread at arrival.
    - `slippage_bps`: how much worse than `arrival_mid` the average fill was; negative is better.
    - `ack_latency_ns`: from placing the first order to the venue's word; `first_fill_ns`, `total_ns` from the start.
    - `maker_start`: the first order was passive; `is_maker_final`: all that was filled was; `used_fallback`: some was
      taken after passive orders did not fill. `fees` by currency, negative = rebate.
    """

    event_type = EventType.ROUTER_METRICS

    intent_id: str
    symbol: str
    venue: str
    strategy: str
    side: Side
    route: Route
    orders: int
    reprices: int
    rejects: int
    quantity: Decimal
    filled: Decimal
    notional: Decimal
    arrival_mid: Decimal | None
    submitted_price: Decimal | None
    average_price: Decimal | None
    slippage_bps: float | None
    spread_bps: float | None
    ack_latency_ns: int | None
    first_fill_ns: int | None
    total_ns: int
    maker_quantity: Decimal
    maker_start: bool
    is_maker_final: bool
    used_fallback: bool
    fees: dict[str, Decimal]
    state: OrderState
    reason: Reason
    policy_before: RoutePolicy
    policy_after: RoutePolicy
    time: int


@message_type
class TuneRouter(Message, frozen=True):
    """Proposes another policy for a symbol (whoever adapts -> execution); taken within the set bounds only."""

    urgent = True

    symbol: str
    policy: RoutePolicy
    rationale: tuple[str, ...] = ()


@message_type
class RouterTuned(Message, frozen=True):
    """What became of a proposal: `after` equals `before` where it was refused."""

    event_type = EventType.ADAPTATION_APPLIED

    symbol: str
    before: RoutePolicy
    proposed: RoutePolicy
    after: RoutePolicy
    applied: bool
    detail: str
    rationale: tuple[str, ...]
    time: int


@message_type
class RouterEvidence(Message, frozen=True):
    """What is known of a symbol's trades beyond how they were routed (whoever learns from fills -> execution).

    - `expectancy_bps`: what a trade earns on average, after costs, in basis points of its value.
    - `hit_rate`: the part of trades that earned something; `score` in [0, 1]: how good the symbol is in all.

    What is not known is None and weighs nothing. It counts when the symbol's record next proposes a policy.
    """

    symbol: str
    expectancy_bps: float | None = None
    hit_rate: float | None = None
    score: float | None = None


@message_type
class RouterEvidenceTaken(Message, frozen=True):
    """What was told of a symbol, as execution keeps it."""

    symbol: str
    expectancy_bps: float | None
    hit_rate: float | None
    score: float | None
    time: int


# --- wake-ups -------------------------------------------------------------------------------------------------


@message_type
class RouteDue(Message, frozen=True):
    """It is time to look at an intent's plan again (execution -> itself)."""

    intent_id: str
