"""The private events: what changed of an account's orders, balances and positions, in the protocol's shapes."""

from __future__ import annotations

from decimal import Decimal

from cluster.exchange.api import (
    AccountChanged,
    Leg,
    OrderChanged,
    OrderRecord,
    Position,
    Status,
    Trade,
)
from cluster.exchange.fronts.binance_usdm.context import FrontState
from cluster.exchange.fronts.binance_usdm.wire import (
    LEGS,
    SELF_TRADE_MODE,
    STATUSES,
    good_till,
    ms,
    plain_type_name,
    status_name,
    text,
    time_in_force_name,
    type_name,
    working_type,
)

EventBody = dict[str, object]

CAUSES = {
    "order": "ORDER",
    "liquidation": "ORDER",
    "funding": "FUNDING_FEE",
    "deposit": "DEPOSIT",
    "liquidation_fee": "INSURANCE_CLEAR",
    "insurance": "INSURANCE_CLEAR",
}
_ZERO = Decimal(0)


class UserEvents:
    """Turns the core's events into the protocol's. Remembers which order came of which conditional one."""

    def __init__(self, front: FrontState) -> None:
        self._front = front
        self._parents: dict[tuple[str, int], int] = {}

    def know(self, account: str) -> None:
        """Learn which open orders of the account came of conditional ones while nobody listened."""
        still_open = {each.order_id for each in self._front.exchange.orders(account, open_only=True)}
        for record in self._front.exchange.orders(account):
            if record.triggered in still_open:
                self._parents[account, record.triggered] = record.order_id

    def of_order(self, event: OrderChanged) -> list[EventBody]:
        """What a change of an order is told as."""
        record = event.order
        if record.conditional:
            return self._of_algo(event)
        parent = self._parent(record)
        told: list[EventBody] = []
        if parent is not None and record.version == 1:
            told.append(self._algo(event.time, parent, "TRIGGERED", None))
        if event.trade is not None and not record.liquidation:
            told.append(self._trade_lite(event, event.trade))
        told.append(self._order(event))
        if parent is not None and not record.open:
            del self._parents[record.account, record.order_id]
            told.append(self._algo(event.time, parent, "FINISHED", record))
        return told

    def of_account(self, event: AccountChanged) -> EventBody:
        """What a change of balances and positions is told as."""
        changed = _ZERO if event.payment is None else event.payment.amount
        return {
            "e": "ACCOUNT_UPDATE",
            "E": self._front.now,
            "T": ms(event.time),
            "a": {
                "m": CAUSES.get(event.cause, event.cause.upper()),
                "B": [
                    {
                        "a": each.currency,
                        "wb": text(each.total),
                        "cw": text(each.total),
                        "bc": text(changed),
                    }
                    for each in event.balances
                ],
                "P": [self._position(each) for each in event.positions],
            },
        }

    def _of_algo(self, event: OrderChanged) -> list[EventBody]:
        record = event.order
        if record.triggered is None:
            return [self._algo(event.time, record, "NEW" if record.open else STATUSES[record.status], None)]
        self._parents[record.account, record.triggered] = record.order_id
        return [self._algo(event.time, record, "TRIGGERING", None)]

    def _parent(self, record: OrderRecord) -> OrderRecord | None:
        """The conditional order that a plain one came of."""
        number = self._parents.get((record.account, record.order_id))
        return None if number is None else self._front.exchange.order(record.account, order_id=number)

    def _order(self, event: OrderChanged) -> EventBody:
        record, trade = event.order, event.trade
        request = record.request
        body: EventBody = {
            "s": request.listing,
            "c": request.client_order_id,
            "S": request.side.value.upper(),
            "o": plain_type_name(request),
            "f": time_in_force_name(request),
            "q": text(record.quantity),
            "p": text(record.price),
            "ap": text(record.average_price),
            "sp": "0",
            "x": _execution(record, trade),
            "X": status_name(record),
            "i": record.order_id,
            "l": "0" if trade is None else text(trade.quantity),
            "z": text(record.filled),
            "L": "0" if trade is None else text(trade.price),
            "T": ms(event.time),
            "t": 0 if trade is None else trade.trade_id,
            "b": "0",
            "a": "0",
            "m": trade is not None and trade.maker,
            "R": request.reduce_only,
            "wt": working_type(request),
            "ot": plain_type_name(request),
            "ps": LEGS[request.leg],
            "cp": request.close_position,
            "pP": False,
            "si": 0,
            "ss": 0,
            "rp": "0" if trade is None else text(trade.realized),
            "V": SELF_TRADE_MODE,
            "pm": "NONE",
            "gtd": good_till(request),
            "er": "0",
        }
        if trade is not None:
            body["N"] = trade.fee_currency
            body["n"] = text(trade.fee)
        return {"e": "ORDER_TRADE_UPDATE", "E": self._front.now, "T": ms(event.time), "o": body}

    def _trade_lite(self, event: OrderChanged, trade: Trade) -> EventBody:
        record = event.order
        return {
            "e": "TRADE_LITE",
            "E": self._front.now,
            "T": ms(event.time),
            "s": record.request.listing,
            "q": text(record.quantity),
            "p": text(record.price),
            "m": trade.maker,
            "c": record.request.client_order_id,
            "S": record.request.side.value.upper(),
            "L": text(trade.price),
            "l": text(trade.quantity),
            "t": trade.trade_id,
            "i": record.order_id,
        }

    def _algo(self, time: int, record: OrderRecord, status: str, spawned: OrderRecord | None) -> EventBody:
        request = record.request
        triggered = status in ("TRIGGERED", "FINISHED")
        return {
            "e": "ALGO_UPDATE",
            "T": ms(time),
            "E": self._front.now,
            "o": {
                "caid": request.client_order_id,
                "aid": record.order_id,
                "at": "CONDITIONAL",
                "o": type_name(request),
                "s": request.listing,
                "S": request.side.value.upper(),
                "ps": LEGS[request.leg],
                "f": time_in_force_name(request),
                "q": text(record.quantity),
                "X": status,
                "ai": str(record.triggered) if triggered else "",
                "ap": "0" if spawned is None else text(spawned.average_price),
                "aq": "0" if spawned is None else text(spawned.filled),
                "act": plain_type_name(request) if triggered else "",
                "tp": text(request.trigger_price),
                "p": text(request.price),
                "V": SELF_TRADE_MODE,
                "wt": working_type(request),
                "pm": "NONE",
                "cp": request.close_position,
                "pP": False,
                "R": request.reduce_only,
                "tt": ms(time) if status == "TRIGGERED" or spawned is not None else 0,
                "gtd": good_till(request),
            },
        }

    def _position(self, position: Position) -> EventBody:
        return {
            "s": position.listing,
            "pa": text(position.quantity),
            "ep": text(position.entry_price),
            "bep": text(position.entry_price),
            "cr": "0",
            "up": text(position.unrealized),
            "mt": "isolated" if position.isolated else "cross",
            "iw": text(position.initial_margin if position.isolated else _ZERO),
            "ps": LEGS.get(position.leg, LEGS[Leg.BOTH]),
        }


def _execution(record: OrderRecord, trade: Trade | None) -> str:
    """What happened to an order."""
    if trade is not None:
        return "CALCULATED" if record.liquidation else "TRADE"
    if record.status is Status.CANCELED:
        return "CANCELED"
    if record.open:
        return "NEW" if record.version == 1 else "AMENDMENT"
    return STATUSES[record.status]
