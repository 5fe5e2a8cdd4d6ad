"""The engine's pen: makes events with their sequence and times, and keeps them until they are drained."""

from __future__ import annotations

from decimal import Decimal

from actors.venues.matching.account import Account
from actors.venues.matching.events import (
    CancelRejected,
    Event,
    FundingPaid,
    OrderAccepted,
    OrderCancelled,
    OrderExpired,
    OrderFilled,
    OrderRejected,
    OrderTriggered,
)
from actors.venues.matching.grid import Grid
from actors.venues.matching.instruments import Instrument
from actors.venues.matching.orders import CancelRequest, NewOrder, Order, cancelled_client_order_id
from messages.intents import Side
from messages.orders import Liquidity
from messages.reasons import Reason

_SIDES = {1: Side.BUY, -1: Side.SELL}


class Reports:
    """Events not yet drained, and the engine's clock, which they all carry."""

    __slots__ = ("events", "now", "report_latency")

    def __init__(self, report_latency: int) -> None:
        self.now = 0
        self.report_latency = report_latency
        self.events: list[Event] = []

    def accepted(self, account: Account, order: Order) -> None:
        """The order is in."""
        account.sequence = sequence = account.sequence + 1
        now = self.now
        self.events.append(
            OrderAccepted(
                order.account,
                sequence,
                now,
                now + self.report_latency,
                order.symbol,
                order.client_order_id,
                order.venue_order_id,
            )
        )

    def rejected(self, account: Account, command: NewOrder, reason: Reason) -> None:
        """The order never was in."""
        account.sequence = sequence = account.sequence + 1
        now = self.now
        self.events.append(
            OrderRejected(
                command.account,
                sequence,
                now,
                now + self.report_latency,
                command.symbol,
                command.client_order_id,
                None,
                reason,
            )
        )

    def triggered(self, account: Account, order: Order, stop_price: Decimal) -> None:
        """A stop's price was reached."""
        account.sequence = sequence = account.sequence + 1
        now = self.now
        self.events.append(
            OrderTriggered(
                order.account,
                sequence,
                now,
                now + self.report_latency,
                order.symbol,
                order.client_order_id,
                order.venue_order_id,
                stop_price,
            )
        )

    def filled(
        self, account: Account, order: Order, grid: Grid, ticks: int, lots: int, fee: Decimal, is_maker: bool
    ) -> None:
        """An execution, already deducted from the order."""
        account.sequence = sequence = account.sequence + 1
        now = self.now
        self.events.append(
            OrderFilled(
                order.account,
                sequence,
                now,
                now + self.report_latency,
                order.symbol,
                order.client_order_id,
                order.venue_order_id,
                f"{order.venue_order_id}/{order.fills}",
                _SIDES[order.sign],
                grid.price(ticks),
                grid.quantity(lots),
                fee,
                grid.instrument.quote_currency,
                Liquidity.MAKER if is_maker else Liquidity.TAKER,
                grid.quantity(order.lots - order.leaves),
                grid.quantity(order.leaves),
            )
        )

    def ended(
        self,
        kind: type[OrderCancelled] | type[OrderExpired],
        account: Account,
        order: Order,
        cumulative: Decimal,
        reason: Reason,
    ) -> None:
        """The order ended before it was filled."""
        account.sequence = sequence = account.sequence + 1
        now = self.now
        self.events.append(
            kind(
                order.account,
                sequence,
                now,
                now + self.report_latency,
                order.symbol,
                order.client_order_id,
                order.venue_order_id,
                reason,
                cumulative,
            )
        )

    def cancel_rejected(self, account: Account, request: CancelRequest, reason: Reason) -> None:
        """There was nothing to cancel."""
        account.sequence = sequence = account.sequence + 1
        now = self.now
        self.events.append(
            CancelRejected(
                request.account,
                sequence,
                now,
                now + self.report_latency,
                "",
                cancelled_client_order_id(request),
                request.venue_order_id,
                reason,
            )
        )

    def funded(
        self,
        account: Account,
        instrument: Instrument,
        amount: Decimal,
        rate: Decimal,
        mark_price: Decimal,
        position: Decimal,
    ) -> None:
        """Funding of a position, already credited."""
        account.payments = payment = account.payments + 1
        now = self.now
        self.events.append(
            FundingPaid(
                account.settings.account,
                payment,
                now,
                now + self.report_latency,
                instrument.symbol,
                amount,
                instrument.quote_currency,
                rate,
                mark_price,
                position,
            )
        )
