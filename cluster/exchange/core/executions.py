"""From the engine's events to the exchange's: trades, orders, balances, and the public book and tape."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

import msgspec

from actors.venues.matching.events import Event, OrderCancelled, OrderExpired, OrderFilled
from cluster.exchange.api import Kind, Leg, OrderRecord, Rules, Status, Trade
from cluster.exchange.core.floor import Floor
from cluster.exchange.core.ledger import execute, fee_of
from cluster.exchange.core.market import Print, Step
from cluster.exchange.core.matching import number_of
from cluster.exchange.core.public import Listing
from messages.intents import Side
from messages.orders import Liquidity
from messages.reasons import Reason


class Executions:
    """Everything that the engine does to orders goes through here."""

    def __init__(self, floor: Floor) -> None:
        self._floor = floor

    def take_step(self, step: Step) -> None:
        """The outside market moves: its trades first, then its levels."""
        floor = self._floor
        listing = floor.listings[step.listing]
        for each in step.prints:
            self._print(listing, each)
        events = floor.matching.levels(step, listing.grid)
        if step.snapshot:
            listing.touched.update(listing.bids, listing.asks)
        if events or listing.touched:
            listing.touched.update(ticks for ticks, _ in step.bids)
            listing.touched.update(ticks for ticks, _ in step.asks)
            self.settle(listing, events)
            return
        bids, asks = step.bids, step.asks
        if floor.matching.engine.rests(step.listing):
            shown = floor.matching.engine.displayed
            bids = [(ticks, shown(step.listing, Side.BUY, ticks)) for ticks, _ in bids]
            asks = [(ticks, shown(step.listing, Side.SELL, ticks)) for ticks, _ in asks]
        floor.book_changed(step.listing, listing.change(bids, asks))

    def settle(self, listing: Listing, events: Sequence[Event], cause: str = "order") -> int:
        """Let events of one listing take their effect, then show the book; the lots that makers traded with outsiders.

        A taker's fill with a maker's right behind it is one trade between two accounts; the engine reports them so.
        """
        floor, made = self._floor, 0
        changed: dict[str, dict[Leg, None]] = {}
        waiting = list(events)
        while waiting:
            event = waiting.pop(0)
            if isinstance(event, OrderFilled):
                ticks = self._ticks(listing, event.price)
                lots = self._lots(listing, event.quantity)
                is_maker = event.liquidity is Liquidity.MAKER
                trade_id = floor.traded(listing, ticks, lots, (event.side is Side.BUY) == is_maker)
                listing.touched.add(ticks)
                self._fill(listing, event, trade_id, changed)
                other = waiting[0] if waiting and not is_maker else None
                if isinstance(other, OrderFilled) and other.liquidity is Liquidity.MAKER:
                    self._fill(listing, other, trade_id, changed)
                    waiting.pop(0)
                elif is_maker:
                    made += lots
            elif isinstance(event, OrderCancelled | OrderExpired):
                self.end(listing, number_of(event.client_order_id), event.reason)
        for account, legs in changed.items():
            self._account_changed(account, listing.rules, legs, cause)
        self.show(listing)
        return made

    def show(self, listing: Listing) -> None:
        """Bring the public book in line at the prices where something happened."""
        floor, engine = self._floor, self._floor.matching.engine
        name = listing.rules.listing
        while listing.touched:
            touched, listing.touched = sorted(listing.touched), set()
            bids = [(ticks, engine.displayed(name, Side.BUY, ticks)) for ticks in touched]
            asks = [(ticks, engine.displayed(name, Side.SELL, ticks)) for ticks in touched]
            floor.book_changed(name, listing.change(bids, asks))
            taken_bids = [ticks for ticks, lots in bids if not lots]
            taken_asks = [ticks for ticks, lots in asks if not lots]
            events = floor.matching.clear(name, taken_bids, taken_asks, listing.grid, floor.now)
            if events:
                self.settle(listing, events)

    def end(self, listing: Listing, number: int, reason: Reason) -> None:
        """An order is over before it was filled."""
        floor = self._floor
        record = floor.orders.get(number)
        if record is None or not record.open:
            return
        if record.price is not None:
            listing.touched.add(self._ticks(listing, record.price))
        floor.matching.forget(number)
        ended = msgspec.structs.replace(
            record,
            status=ENDINGS.get(reason, Status.EXPIRED),
            reason=reason,
            updated_at=floor.now,
            version=record.version + 1,
        )
        floor.order_changed(ended)

    def _print(self, listing: Listing, traded: Print) -> None:
        """A trade among outsiders, of which our makers may have had a part first."""
        floor = self._floor
        events = floor.matching.trade(listing.rules.listing, listing.grid, traded, floor.now)
        made = self.settle(listing, events) if events else 0
        if made < traded.lots:
            floor.traded(listing, traded.ticks, traded.lots - made, traded.aggressor < 0)

    def _fill(
        self, listing: Listing, event: OrderFilled, trade_id: int, changed: dict[str, dict[Leg, None]]
    ) -> None:
        floor, rules = self._floor, listing.rules
        record = floor.orders.get(number_of(event.client_order_id))
        assert record is not None, event
        account, leg = floor.accounts[record.account], record.request.leg
        is_maker = event.liquidity is Liquidity.MAKER
        trade = Trade(
            trade_id=trade_id,
            order_id=record.order_id,
            account=record.account,
            client_order_id=record.request.client_order_id,
            listing=rules.listing,
            side=event.side,
            leg=leg,
            price=event.price,
            quantity=event.quantity,
            fee=fee_of(event.price, event.quantity, self._fee_ratio(record.account, rules, is_maker)),
            fee_currency=rules.settle if rules.kind is Kind.PERPETUAL else rules.quote,
            maker=is_maker,
            realized=Decimal(0),
            time=floor.now,
        )
        realized = execute(account, rules, trade, floor.margins.leverage(account, rules.listing))
        trade = msgspec.structs.replace(trade, realized=realized)
        floor.history.add_trade(trade)
        floor.order_changed(self._traded(record, trade), trade)
        changed.setdefault(record.account, {})[leg] = None

    def _traded(self, record: OrderRecord, trade: Trade) -> OrderRecord:
        floor = self._floor
        totals = floor.orders.traded(trade)
        is_filled = totals.filled >= record.quantity
        if is_filled:
            floor.matching.forget(record.order_id)
        return msgspec.structs.replace(
            record,
            status=Status.FILLED if is_filled else Status.PARTIALLY_FILLED,
            filled=totals.filled,
            average_price=totals.average_price,
            updated_at=floor.now,
            version=record.version + 1,
        )

    def _account_changed(self, name: str, rules: Rules, legs: dict[Leg, None], cause: str) -> None:
        account = self._floor.accounts[name]
        if rules.kind is Kind.SPOT:
            self._floor.account_changed(account, cause, [rules.base, rules.quote], [], None)
        else:
            held = [account.position(rules.listing, leg) for leg in legs]
            self._floor.account_changed(account, cause, [rules.settle], held, None)

    def _fee_ratio(self, account: str, rules: Rules, is_maker: bool) -> Decimal:
        spec = self._floor.specs.get(account)
        own = None if spec is None else (spec.maker_fee if is_maker else spec.taker_fee)
        if own is not None:
            return own
        return rules.maker_fee if is_maker else rules.taker_fee

    def _ticks(self, listing: Listing, price: Decimal) -> int:
        return int(price / listing.grid.tick)

    def _lots(self, listing: Listing, quantity: Decimal) -> int:
        return int(quantity / listing.grid.lot)


ENDINGS = {
    Reason.CANCEL_REQUESTED: Status.CANCELED,
    Reason.DEAD_MAN: Status.CANCELED,
    Reason.OPERATOR: Status.CANCELED,
}
"""How orders end for a reason; for any other one they expire."""
