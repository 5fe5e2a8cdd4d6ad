"""One order as execution remembers it, and the request that places it."""

from __future__ import annotations

from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

import msgspec

from actors.execution.routing.tally import Tally
from actors.execution.settings import ExecutionSettings
from messages.base import Address
from messages.intents import OrderTerms, OrderType, PositionLeg, Purpose, Side, TimeInForce
from messages.orders import TERMINAL, OrderState
from messages.reasons import Reason
from messages.venue import CancelOrder, PlaceOrder, QueryFills, QueryOrder

ZERO = Decimal(0)

CONDITIONAL = frozenset({OrderType.STOP, OrderType.STOP_LIMIT})
"""Order types that do nothing until a price is reached."""

_MARKET, _LIMIT, _FLATTEN, _BUY = OrderType.MARKET, OrderType.LIMIT, Purpose.FLATTEN, Side.BUY
_FOK, _IOC = TimeInForce.FOK, TimeInForce.IOC
"""Bound once: to look a member up on its enum class costs more than the comparison."""


class Replacement(msgspec.Struct, frozen=True):
    """What a working order is being changed to: price and whole quantity; asked for at desk time `time`.

    `amends`: the venue changes it in place, else it is cancelled to be placed anew.
    """

    price: Decimal
    quantity: Decimal
    amends: bool
    time: int


class Order(msgspec.Struct):
    """An order from the moment it was about to be placed. Changed by `apply` alone.

    - `filled` sums the fills seen, `venue_filled` is the highest cumulative quantity the venue told.
    - `seen`: the venue was heard to know this id, so it can't be taken for absent any more.
    - `doubt_from`: by when the last request was written whose fate is not known (desk time, ns UTC).
    - `asking`, `asked_at`: a question is under way, and when it was put; `probes` and `absences` count answers.
    - `absent_at`: when the last question was put that the venue answered with: there is no such order; `found_at`: when
      the last one was put that it answered with the order.
    - `fills_asked`: the venue is being asked for fills it counts and we miss; `fill_probes` counts the ends of that.
    - `retry_at`: nothing was written, and the order is to be placed again then.
    - `settled`: ended, and every fill the venue counts has been seen; `was_settled`: so it was told once, at least.
    - `routed`: one of several orders of its intent; `child`, `attempt` say which. `replacing`: a change is under way.
    - `tally`: what its router record needs, where it is the only order of its intent.
    """

    client_order_id: str
    intent_id: str
    requester: Address
    beneficiary: Address
    strategy: str
    terms: OrderTerms
    mode_version: int
    increases_exposure: bool
    placed_at: int
    state: OrderState = OrderState.PLACING
    reason: Reason = Reason.ACCEPTED
    sends: int = 1
    venue_order_id: str | None = None
    filled: Decimal = ZERO
    venue_filled: Decimal = ZERO
    fills: dict[str, None] = {}
    seen: bool = False
    worked_at: int | None = None
    cancel_reason: Reason | None = None
    cancels: int = 0
    asking: bool = False
    asked_at: int = 0
    probes: int = 0
    absences: int = 0
    doubt_from: int | None = None
    retry_at: int | None = None
    escalated: bool = False
    absent_at: int | None = None
    found_at: int | None = None
    fills_asked: bool = False
    fill_probes: int = 0
    settled: bool = False
    was_settled: bool = False
    routed: bool = False
    child: int = 0
    attempt: int = 0
    replacing: Replacement | None = None
    tally: Tally | None = None

    @property
    def symbol(self) -> str:
        """The canonical symbol."""
        return self.terms.symbol

    @property
    def terminal(self) -> bool:
        """Whether the order has ended, fills seen or not."""
        return self.state in TERMINAL

    @property
    def leaves(self) -> Decimal:
        """What may still fill, in base units; 0 once the order ended."""
        return ZERO if self.terminal else max(ZERO, self.most - self.filled)

    @property
    def most(self) -> Decimal:
        """The most that it may fill in all: of the quantities before and after a change under way the larger."""
        replacing = self.replacing
        return self.terms.quantity if replacing is None else max(self.terms.quantity, replacing.quantity)

    @property
    def conditional(self) -> bool:
        """Whether it waits for a price, as a stop does: some venues keep such orders apart."""
        return self.terms.order_type in CONDITIONAL

    @property
    def protective(self) -> bool:
        """Whether it protects a position and stays through a kill switch."""
        return self.terms.purpose is Purpose.PROTECTIVE


def placement(
    client_order_id: str,
    terms: OrderTerms,
    mode_version: int,
    increases_exposure: bool,
    settings: ExecutionSettings,
    tick: Decimal | None = None,
) -> PlaceOrder:
    """The request that places an order of these terms; a market order is bounded by its worst price.

    That takes an order for at once. Where the venue has none, what can't increase exposure goes at the market, as it
    must get out; what may is refused (`placing.inadmissible`).

    `tick` is the venue's, where it told one; else the configured one holds.
    """
    order_type, time_in_force, limit_price = terms.order_type, terms.time_in_force, terms.limit_price
    bounded = order_type is _MARKET and settings.bound_market_orders and terms.purpose is not _FLATTEN
    if bounded and (increases_exposure or settings.traits.immediate_or_cancel):
        order_type = _LIMIT
        time_in_force = _FOK if time_in_force is _FOK else _IOC
        limit_price = within(terms.worst_price, terms.side, tick or settings.tick_sizes.get(terms.symbol))
    return PlaceOrder(
        client_order_id=client_order_id,
        symbol=terms.symbol,
        side=terms.side,
        quantity=terms.quantity,
        order_type=order_type,
        time_in_force=time_in_force,
        post_only=terms.post_only,
        reduce_only=terms.reduce_only,
        limit_price=limit_price,
        stop_price=terms.stop_price,
        deadline=terms.deadline,
        mode_version=mode_version,
        increases_exposure=increases_exposure,
        close_position=terms.close_position,
        leg=leg_of(terms, increases_exposure) if settings.hedge_mode else None,
        take_profit=terms.take_profit,
    )


def leg_of(terms: OrderTerms, increases_exposure: bool) -> PositionLeg:
    """The leg that an order is about where the account keeps long and short apart.

    What its terms say; else an order that reduces, or can't increase exposure whatever its flags, is about the other
    side's position, one that adds about its own.
    """
    if terms.leg is not None:
        return terms.leg
    closes = terms.reduce_only or terms.close_position or not increases_exposure
    return PositionLeg.LONG if (terms.side is _BUY) is not closes else PositionLeg.SHORT


def within(worst_price: Decimal, side: Side, tick: Decimal | None) -> Decimal:
    """`worst_price` moved onto the tick grid, never beyond it; as it is when the tick is not known."""
    if tick is None:
        return worst_price
    rounding = ROUND_FLOOR if side is _BUY else ROUND_CEILING
    return (worst_price / tick).to_integral_value(rounding) * tick


def cancellation(order: Order) -> CancelOrder:
    """The request that cancels the order."""
    return CancelOrder(order.client_order_id, order.terms.symbol, order.venue_order_id, order.conditional)


def question(order: Order) -> QueryOrder:
    """The request that asks the venue for the order."""
    return QueryOrder(order.client_order_id, order.terms.symbol, order.venue_order_id, order.conditional)


def fills_question(venue: str, order: Order) -> QueryFills:
    """The request that asks the venue for the fills of the order."""
    return QueryFills(venue, order.terms.symbol, None, order.client_order_id, order.venue_order_id)
