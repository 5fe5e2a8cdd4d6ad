"""A plan as execution remembers it: the slices of one intent, how far they are, and the orders made of them.

Changed by `apply` alone. What may still be filled of all orders is reckoned here, under their worst fate.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

import msgspec

from actors.execution.order import ZERO, Order
from messages.intents import SubmitOrder
from messages.reasons import Reason
from messages.routing import RoutePolicy, RouteQuote, RouteSlice, RouteStage


class Plan(msgspec.Struct):
    """One routed intent.

    - `orders`: client order ids of all its orders, in the order they were placed; at most one of them lives.
    - `slice`, `stage`: what is worked on and how; `staged_at` since when, `attempt` the number of its next order.
    - `open`: the newest order's end has not been judged; `priced_at`: when it got its price.
    - `reprices`, `rejects`: of this slice; the `all_` ones of the plan.
    - `stop`: why nothing more is placed. `ended`: told as final, with `filled`; `recorded`: its record counts.
    """

    submit: SubmitOrder
    slices: tuple[RouteSlice, ...]
    arrival: RouteQuote | None
    policy_before: RoutePolicy
    policy: RoutePolicy
    started_at: int
    stage: RouteStage
    staged_at: int
    slice: int = 0
    attempt: int = 0
    orders: list[str] = []
    open: bool = False
    priced_at: int = 0
    reprices: int = 0
    rejects: int = 0
    all_reprices: int = 0
    all_rejects: int = 0
    used_fallback: bool = False
    maker_start: bool = False
    acknowledged_at: int | None = None
    first_fill_at: int | None = None
    value: Decimal = ZERO
    maker_quantity: Decimal = ZERO
    fees: dict[str, Decimal] = {}
    stop: Reason | None = None
    ended: bool = False
    filled: Decimal = ZERO
    recorded: bool = False

    @property
    def intent_id(self) -> str:
        """The intent it carries out."""
        return self.submit.intent_id

    @property
    def target(self) -> Decimal:
        """How much is to be filled once the slice under way is done, base units."""
        return sum((each.quantity for each in self.slices[: self.slice + 1]), ZERO)


class Quality(msgspec.Struct):
    """How routing has done on a symbol of late: means that forget, over `orders` intents so far.

    `untuned` counts intents since its policy was last proposed to be changed.
    `maker` is the part of filled quantity that was passive, `fallback` and `rejected` the parts of intents that needed
    one or had one, `slippage_bps` against arrival, `spread_bps` at arrival, `latency_ns` until the venue's word.
    """

    orders: int = 0
    maker: float = 0.0
    fallback: float = 0.0
    rejected: float = 0.0
    slippage_bps: float = 0.0
    spread_bps: float = 0.0
    latency_ns: float = 0.0
    untuned: int = 0


class Evidence(msgspec.Struct, frozen=True, gc=False):
    """What others know of a symbol's trades, as `messages.routing.RouterEvidence` says; None = not known."""

    expectancy_bps: float | None = None
    hit_rate: float | None = None
    score: float | None = None


class RoutingState(msgspec.Struct):
    """`plans` by intent id, ended ones too as long as the intent is remembered; `working` are those that are not.

    `quotes` of symbols that plans work on; `quality`, `policies` (as tuned) and `evidence` by symbol.
    """

    plans: dict[str, Plan] = {}
    working: dict[str, None] = {}
    quotes: dict[str, RouteQuote] = {}
    quality: dict[str, Quality] = {}
    policies: dict[str, RoutePolicy] = {}
    evidence: dict[str, Evidence] = {}


def claimed(orders: Iterable[Order]) -> Decimal:
    """How much of an intent its orders have filled or may still fill, whatever becomes of them (base units)."""
    return sum((claim_of(order) for order in orders), ZERO)


def claim_of(order: Order) -> Decimal:
    """How much an order has filled or may still fill.

    One whose request was written and that was given up as absent without the venue ever having heard of it counts in
    full: should it be accepted after all, the intent must not be exceeded.
    """
    known = max(order.filled, order.venue_filled)
    if order.terminal and order.doubt_from is None:
        return known
    return max(known, order.most)
