"""Order entry: taking, changing and cancelling orders."""

from __future__ import annotations

from decimal import Decimal

import msgspec

from actors.venues.matching.events import OrderRejected
from cluster.exchange.api import Kind, Leg, OrderRecord, Refusal, Request, Status
from cluster.exchange.core import gate
from cluster.exchange.core.executions import Executions
from cluster.exchange.core.floor import Floor
from cluster.exchange.core.ledger import ZERO, AccountState, closes
from cluster.exchange.core.matching import EngineOrder
from cluster.exchange.core.public import Listing
from messages.intents import OrderType, Side, TimeInForce
from messages.reasons import Reason

LIQUIDATION_PREFIX = "autoclose-"
"""How the client order ids of forced closings begin."""


class Entry:
    """What accounts can do with orders. Everything it refuses leaves everything as it was."""

    def __init__(self, floor: Floor, executions: Executions) -> None:
        self._floor = floor
        self._executions = executions

    def place(self, name: str, request: Request) -> OrderRecord:
        """Take an order. Refuses with the reason of the first rule it breaks."""
        floor = self._floor
        account, listing = floor.account(name), floor.listing(request.listing)
        gate.check_open(floor, listing.rules)
        gate.check_form(request, account, listing.rules)
        gate.check_counts(floor, name, request, listing.rules)
        if request.expire_at is not None and request.expire_at <= floor.now:
            raise Refusal(Reason.INTENT_MALFORMED, "expire_at is over")
        if request.trigger_price is not None:
            return self._wait(account, listing, request)
        return self._act(account, listing, request)

    def close_by_force(self, name: str, listing: str, leg: Leg) -> OrderRecord:
        """Close a position at the market whatever the account's other rules are. Refuses NO_LIQUIDITY."""
        floor = self._floor
        account = floor.account(name)
        request = Request(
            client_order_id=f"{LIQUIDATION_PREFIX}{floor.orders.last_id + 1}",
            listing=listing,
            side=Side.SELL if account.quantity(listing, leg) > 0 else Side.BUY,
            order_type=OrderType.MARKET,
            time_in_force=TimeInForce.IOC,
            quantity=None,
            close_position=True,
            leg=leg,
        )
        return self._act(account, floor.listings[listing], request, liquidation=True)

    def trigger(self, record: OrderRecord) -> None:
        """A conditional order's price has come: it becomes an order of its own under the same client order id."""
        floor, request = self._floor, record.request
        account, listing = floor.account(record.account), floor.listing(request.listing)
        number = floor.orders.last_id + 1
        # The id is free for its successor once the conditional order is over.
        closed = self._end_waiting(record, Status.EXPIRED, Reason.ACCEPTED, triggered=number)
        plain = msgspec.structs.replace(request, trigger_price=None, take_profit=False, expire_at=None)
        plain = msgspec.structs.replace(plain, order_type=gate.PLAIN[plain.order_type])
        try:
            gate.check_open(floor, listing.rules)
            self._act(account, listing, plain)
        except Refusal as refusal:
            floor.order_changed(
                msgspec.structs.replace(
                    closed,
                    status=Status.REJECTED,
                    reason=refusal.reason,
                    triggered=None,
                    version=closed.version + 1,
                )
            )

    def cancel(self, name: str, order_id: int, reason: Reason = Reason.CANCEL_REQUESTED) -> OrderRecord:
        """Take an order out. Refuses UNKNOWN_ORDER when it is not open."""
        floor = self._floor
        record = self._open_order(name, order_id)
        listing = floor.listings[record.request.listing]
        if record.conditional:
            status = Status.EXPIRED if reason is Reason.EXPIRED else Status.CANCELED
            return self._end_waiting(record, status, reason)
        floor.matching.cancel(record, floor.now)
        self._executions.end(listing, order_id, reason)
        self._executions.show(listing)
        self._spot_changed(record)
        return floor.orders.get(order_id) or record

    def amend(self, name: str, order_id: int, quantity: Decimal, price: Decimal) -> OrderRecord:
        """Change an open limit order.

        Less of it at the same price keeps its place. As at Binance USD-M the change itself cancels the order when the
        new quantity has been traded already, or when it may only make and would take at the new price.
        """
        floor = self._floor
        record = self._open_order(name, order_id)
        account, listing = floor.account(name), floor.listings[record.request.listing]
        gate.check_open(floor, listing.rules)
        if record.conditional or record.price is None:
            raise Refusal(Reason.INTENT_MALFORMED, "only plain limit orders can be changed")
        if (quantity, price) == (record.quantity, record.price):
            raise Refusal(Reason.INTENT_MALFORMED, "nothing would change")
        is_reducing = self._only_reduces(account, record.request)
        gate.check_filters(listing, record.request, quantity, price, is_reducing=is_reducing)
        if quantity <= record.filled:
            return self.cancel(name, order_id)
        amended = msgspec.structs.replace(
            record, quantity=quantity, price=price, updated_at=floor.now, version=record.version + 1
        )
        if is_reducing:
            gate.check_reduces(account, record.request, quantity - record.filled)
        else:
            gate.check_margin(floor, account, listing, amended, replaced=order_id)
        if price == record.price and quantity < record.quantity and floor.matching.reduce(record, quantity):
            floor.order_changed(amended)
            listing.touched.add(int(price / listing.grid.tick))
            self._executions.show(listing)
        elif record.request.post_only and self._would_take(listing, record, price):
            return self.cancel(name, order_id, Reason.POST_ONLY_WOULD_TAKE)
        else:
            self._replace(listing, record, amended, is_reducing)
        self._spot_changed(record)
        return floor.orders.get(order_id) or amended

    def hand_in_again(self) -> None:
        """Give a new engine the plain orders that are open, oldest first, before it has a market to trade with."""
        floor = self._floor
        records = [record for name in floor.accounts for record in floor.orders.open(name)]
        for record in sorted(records, key=lambda each: each.order_id):
            if record.conditional:
                continue
            account, listing = floor.accounts[record.account], floor.listings[record.request.listing]
            order = self._engine_order(record, self._only_reduces(account, record.request))
            events = floor.matching.place(order, floor.now)
            if record.price is not None:
                listing.touched.add(int(record.price / listing.grid.tick))
            refused = events[0] if events else None
            if isinstance(refused, OrderRejected):
                self._executions.end(listing, record.order_id, refused.reason)
            self._executions.settle(listing, events[1:])

    def _act(
        self, account: AccountState, listing: Listing, request: Request, *, liquidation: bool = False
    ) -> OrderRecord:
        """Take a plain order to the market."""
        floor = self._floor
        quantity = self._quantity(account, listing, request)
        is_reducing = self._only_reduces(account, request)
        if not liquidation:
            gate.check_filters(listing, request, quantity, request.price, is_reducing=is_reducing)
        record = self._new(account, request, quantity, liquidation)
        if is_reducing:
            gate.check_reduces(account, request, quantity)
        else:
            gate.check_margin(floor, account, listing, record)
        order = self._engine_order(record, is_reducing)
        events = floor.matching.place(order, floor.now)
        refused = events[0] if events else None
        if isinstance(refused, OrderRejected):
            floor.matching.forget(record.order_id)
            raise Refusal(refused.reason, request.client_order_id)
        floor.order_changed(record)
        if request.expire_at is not None:
            floor.call_at(request.expire_at, "expire", order_id=record.order_id)
        if request.price is not None:
            listing.touched.add(int(request.price / listing.grid.tick))
        self._executions.settle(listing, events[1:])
        self._spot_changed(record)
        return floor.orders.get(record.order_id) or record

    def _wait(self, account: AccountState, listing: Listing, request: Request) -> OrderRecord:
        """Keep a conditional order until its price comes. It binds no margin before."""
        floor = self._floor
        quantity = request.quantity
        is_reducing = request.close_position or self._only_reduces(account, request)
        gate.check_filters(listing, request, quantity, request.price, is_reducing=is_reducing)
        gate.check_not_triggered(listing, request)
        if quantity is None and not request.close_position:
            raise Refusal(Reason.INTENT_MALFORMED, "quantity")
        record = self._new(account, request, quantity or ZERO, liquidation=False)
        floor.order_changed(record)
        listing.conditionals[record.order_id] = None
        if request.expire_at is not None:
            floor.call_at(request.expire_at, "expire", order_id=record.order_id)
        return record

    def _new(
        self, account: AccountState, request: Request, quantity: Decimal, liquidation: bool
    ) -> OrderRecord:
        now = self._floor.now
        return OrderRecord(
            order_id=self._floor.orders.last_id + 1,
            account=account.account,
            request=request,
            status=Status.NEW,
            quantity=quantity,
            filled=ZERO,
            average_price=None,
            created_at=now,
            updated_at=now,
            version=1,
            price=request.price,
            liquidation=liquidation,
        )

    def _quantity(self, account: AccountState, listing: Listing, request: Request) -> Decimal:
        if request.quantity is not None:
            return request.quantity
        if request.quote_quantity is not None:
            return gate.quantity_for(listing, request.side, request.quote_quantity)
        held = account.quantity(request.listing, request.leg)
        if not closes(request.side, request.leg, held) or not held:
            raise Refusal(Reason.REDUCE_ONLY_WOULD_INCREASE, f"the position is {held}")
        return abs(held)

    def _only_reduces(self, account: AccountState, request: Request) -> bool:
        """Whether an order may only close: by its own word, or because it is on the closing side of a leg."""
        return (
            request.reduce_only
            or request.close_position
            or (request.leg is not Leg.BOTH and closes(request.side, request.leg, ZERO))
        )

    def _engine_order(self, record: OrderRecord, is_reducing: bool) -> EngineOrder:
        request = record.request
        return EngineOrder(
            number=record.order_id,
            account=record.account,
            leg=request.leg,
            listing=request.listing,
            side=request.side,
            quantity=record.quantity - record.filled,
            price=record.price,
            time_in_force=request.time_in_force,
            post_only=request.post_only,
            reduce_only=is_reducing,
            traded=record.filled,
        )

    def _replace(
        self, listing: Listing, record: OrderRecord, amended: OrderRecord, is_reducing: bool
    ) -> None:
        """The order gives up its place and comes back behind the others at its new price."""
        floor = self._floor
        floor.matching.cancel(record, floor.now)
        floor.order_changed(amended)
        for price in (record.price, amended.price):
            listing.touched.add(int((price or ZERO) / listing.grid.tick))
        events = floor.matching.place(self._engine_order(amended, is_reducing), floor.now)
        refused = events[0] if events else None
        if isinstance(refused, OrderRejected):
            self._executions.end(listing, record.order_id, refused.reason)
            events = []
        self._executions.settle(listing, events[1:])

    def _would_take(self, listing: Listing, record: OrderRecord, price: Decimal) -> bool:
        side = record.request.side
        opposite = listing.side(side.opposite)
        if not opposite:
            return False
        best = listing.grid.price(min(opposite) if side.sign > 0 else max(opposite))
        return side.sign * price >= side.sign * best

    def _open_order(self, name: str, order_id: int) -> OrderRecord:
        record = self._floor.orders.get(order_id)
        if record is None or record.account != name or not record.open:
            raise Refusal(Reason.UNKNOWN_ORDER, str(order_id))
        return record

    def _end_waiting(
        self, record: OrderRecord, status: Status, reason: Reason, triggered: int | None = None
    ) -> OrderRecord:
        floor = self._floor
        floor.listings[record.request.listing].conditionals.pop(record.order_id, None)
        ended = msgspec.structs.replace(
            record,
            status=status,
            reason=reason,
            triggered=triggered,
            updated_at=floor.now,
            version=record.version + 1,
        )
        floor.order_changed(ended)
        return ended

    def _spot_changed(self, record: OrderRecord) -> None:
        """Spot orders lock cash, so that placing and cancelling them changes what is available."""
        rules = self._floor.listings[record.request.listing].rules
        if rules.kind is Kind.SPOT:
            account = self._floor.accounts[record.account]
            self._floor.account_changed(account, "order", [rules.base, rules.quote], [], None)
