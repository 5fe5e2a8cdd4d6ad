"""Frames of the private stream as events of the desk. What the stream tells twice is told once; `sequence` is 0 here.

Stops live in two worlds: until they trigger `ALGO_UPDATE` tells of them, from then on `ORDER_TRADE_UPDATE` of the
plain order with the same client order id.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from decimal import Decimal

import msgspec

from actors.venues.binance_usdm.bodies import CONDITIONAL_STATES, FINISHED, ORDER_STATES, SIDES
from actors.venues.binance_usdm.ids import OrderIds
from actors.venues.binance_usdm.listings import Listings
from actors.venues.binance_usdm.questions import fill_id
from messages.errors import DataProviderError
from messages.orders import Liquidity, OrderState
from messages.reasons import Reason
from messages.venue import VenueFill
from messages.venue_stream import VenueEvent

_MILLISECOND = 1_000_000
_KEPT = 8_192
_ZERO = Decimal(0)

EXPIRY_REASONS = {
    "IOC": Reason.IMMEDIATE_OR_CANCEL,
    "FOK": Reason.FILL_OR_KILL,
    "GTX": Reason.POST_ONLY_WOULD_TAKE,
}
"""Why an order expired, by its time in force; a market order is IOC here and ends for lack of liquidity."""


class _Kind(msgspec.Struct):
    e: str = ""


class _Order(msgspec.Struct):
    s: str
    c: str
    S: str
    o: str
    f: str
    x: str
    X: str
    i: int
    l: Decimal  # noqa: E741 - the venue's name
    z: Decimal
    L: Decimal
    T: int
    t: int = 0
    m: bool = False
    n: Decimal | None = None
    N: str | None = None
    ot: str = ""


class _OrderUpdate(msgspec.Struct):
    E: int
    o: _Order
    st: int = 1


class _Conditional(msgspec.Struct):
    caid: str
    aid: int
    s: str
    S: str
    X: str
    ai: str | int | None = None
    rm: str | None = None


class _ConditionalUpdate(msgspec.Struct):
    E: int
    T: int
    o: _Conditional
    st: int = 1


class _Change(msgspec.Struct):
    m: str = ""


class _AccountUpdate(msgspec.Struct):
    E: int
    T: int
    a: _Change
    st: int = 1


_kind = msgspec.json.Decoder(_Kind)
_order = msgspec.json.Decoder(_OrderUpdate)
_conditional = msgspec.json.Decoder(_ConditionalUpdate)
_account = msgspec.json.Decoder(_AccountUpdate)

_COIN_MARGINED = 2
"""`st` of what is about coin-margined contracts: other positions, other balances, not this venue's."""

LISTEN_KEY_EXPIRED = "listenKeyExpired"
SERVER_SHUTDOWN = "serverShutdown"
TRIGGER_REJECTED = "CONDITIONAL_ORDER_TRIGGER_REJECT"
"""A stop was set off and then refused. The event names neither the stop nor its end: the account is compared."""
MARGIN_CALL = "MARGIN_CALL"
"""Positions come near to their liquidation."""
_ORDER = "ORDER_TRADE_UPDATE"
_ALGO = "ALGO_UPDATE"
_ACCOUNT = "ACCOUNT_UPDATE"
FUNDING = "FUNDING_FEE"
TRANSFERS = frozenset(
    {
        "DEPOSIT",
        "WITHDRAW",
        "WITHDRAW_REJECT",
        "ADMIN_DEPOSIT",
        "ADMIN_WITHDRAW",
        "MARGIN_TRANSFER",
        "ASSET_TRANSFER",
        "COIN_SWAP_DEPOSIT",
        "COIN_SWAP_WITHDRAW",
    }
)
"""Why a balance changed that is neither a trade nor funding."""
ANNOUNCED = TRANSFERS | {FUNDING}
ABOUT_ORDERS = frozenset({_ORDER, _ALGO})


def kind_of(frame: bytes | str) -> str:
    """The name of a frame's event. Raises `DataProviderError` for what is no JSON object."""
    try:
        return _kind.decode(frame).e
    except msgspec.DecodeError as error:
        raise _unreadable(frame, error) from error


class Events:
    """Turns frames into events; one per account, as it remembers what it has seen.

    `paid` is called with the venue's word when money is announced that moved without a trade: the announcement names
    no symbol and no id, the list of payments does.
    """

    def __init__(self, venue: str, listings: Listings, ids: OrderIds, paid: Callable[[str], None]) -> None:
        self._venue = venue
        self._listings = listings
        self._ids = ids
        self._paid = paid
        self._seen: OrderedDict[Hashable, None] = OrderedDict()

    def of_frame(self, kind: str, frame: bytes | str) -> VenueEvent | None:
        """The event in a frame; None for what is no order's, or was told before. Raises `DataProviderError`."""
        try:
            if kind == _ORDER:
                return self._of_order(_order.decode(frame))
            if kind == _ALGO:
                return self._of_conditional(_conditional.decode(frame))
            if kind == _ACCOUNT:
                self._of_account(_account.decode(frame))
        except msgspec.DecodeError as error:
            raise _unreadable(frame, error) from error
        return None

    def _of_order(self, told: _OrderUpdate) -> VenueEvent | None:
        order = told.o
        if told.st == _COIN_MARGINED:
            return None
        if self._was_seen((_ORDER, order.s, order.i, order.x, order.X, order.t, order.z, told.E)):
            return None
        state, side = ORDER_STATES.get(order.X), SIDES.get(order.S)
        if state is None or side is None:
            raise DataProviderError(
                "an order has a status or side that is not known here",
                field=_ORDER,
                value=f"{order.X} {order.S}",
            )
        venue_order_id, symbol = str(order.i), self._listings.symbol(order.s)
        self._ids.note(symbol, venue_order_id, order.c)
        return VenueEvent(
            self._venue,
            0,
            order.T * _MILLISECOND,
            order.c,
            venue_order_id,
            symbol,
            side,
            state,
            order.z,
            _fill(order),
            _reason(state, order),
        )

    def _of_conditional(self, told: _ConditionalUpdate) -> VenueEvent | None:
        """A triggered stop is followed as the order it became: only then is anything filled."""
        stop = told.o
        if told.st == _COIN_MARGINED:
            return None
        if self._was_seen((_ALGO, stop.aid, stop.X, str(stop.ai), told.E)):
            return None
        symbol = self._listings.symbol(stop.s)
        if stop.ai:
            self._ids.note(symbol, str(stop.ai), stop.caid)
        state, side = CONDITIONAL_STATES.get(stop.X), SIDES.get(stop.S)
        if stop.X == FINISHED and not stop.ai:
            state = OrderState.EXPIRED  # set off and over without ever having become an order
        if state is None or side is None:
            return None
        return VenueEvent(
            self._venue,
            0,
            told.T * _MILLISECOND,
            stop.caid,
            str(stop.aid),
            symbol,
            side,
            state,
            _ZERO,
            None,
            _STATE_REASONS.get(state, Reason.ACCEPTED),
        )

    def _of_account(self, told: _AccountUpdate) -> None:
        if (
            told.st != _COIN_MARGINED
            and told.a.m in ANNOUNCED
            and not self._was_seen((_ACCOUNT, told.a.m, told.T, told.E))
        ):
            self._paid(told.a.m)

    def _was_seen(self, key: Hashable) -> bool:
        if key in self._seen:
            return True
        self._seen[key] = None
        if len(self._seen) > _KEPT:
            self._seen.popitem(last=False)
        return False


_STATE_REASONS = {
    OrderState.CANCELLED: Reason.CANCEL_REQUESTED,
    OrderState.REJECTED: Reason.VENUE_REJECTED,
    OrderState.EXPIRED: Reason.EXPIRED,
}


def _reason(state: OrderState, order: _Order) -> Reason:
    if state is OrderState.EXPIRED:
        if order.X == "EXPIRED_IN_MATCH":
            return Reason.SELF_TRADE
        if order.o == "MARKET":
            return Reason.NO_LIQUIDITY
        return EXPIRY_REASONS.get(order.f, Reason.EXPIRED)
    return _STATE_REASONS.get(state, Reason.ACCEPTED)


def _fill(order: _Order) -> VenueFill | None:
    """The execution. One without an id (a liquidation may lack it) or without its fee is taken from the list of fills:
    the reader sees by the cumulative quantity that something is missing."""
    if not order.l or not order.t or order.n is None or order.N is None:
        return None
    return VenueFill(
        fill_id(order.s, order.i, order.t),
        order.L,
        order.l,
        order.n,
        order.N,
        Liquidity.MAKER if order.m else Liquidity.TAKER,
    )


def _unreadable(frame: bytes | str, error: msgspec.DecodeError) -> DataProviderError:
    return DataProviderError(
        f"an event of the venue can't be read: {error}",
        field="private stream",
        value=frame[:200],
        remedy="its protocol may have changed; see its change log",
    )
