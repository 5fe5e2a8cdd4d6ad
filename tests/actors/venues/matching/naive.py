"""A matcher written to be obviously right and nothing else, to compare the engine with.

Lists that are sorted for every order, Decimals, no queues, no funds. The outside is one level per side.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from actors.venues.matching.orders import NewOrder
from messages.intents import OrderType, Side, TimeInForce

Trade = tuple[str, Decimal, Decimal]
"""(client order id, price, quantity)."""


@dataclass
class Resting:
    name: str
    account: str
    side: Side
    price: Decimal | None
    left: Decimal
    born: int


class NaiveMatcher:
    """Market and limit orders, GTC, IOC, FOK, post-only, self-trade prevention, a quote as the outside."""

    def __init__(self, *, has_outside: bool) -> None:
        self.has_outside = has_outside
        self.resting: list[Resting] = []
        self.outside: dict[Side, tuple[Decimal, Decimal] | None] = {Side.BUY: None, Side.SELL: None}
        self.trades: list[Trade] = []
        self.born = 0

    def quote(self, bid: Decimal, bid_size: Decimal, ask: Decimal, ask_size: Decimal) -> None:
        if not self.has_outside:
            return
        self.outside = {Side.BUY: (bid, bid_size), Side.SELL: (ask, ask_size)}
        for side in (Side.BUY, Side.SELL):
            for maker in self._line(side):
                level = self.outside[side.opposite]
                if level is not None and maker.price is not None and _meets(side, maker.price, level[0]):
                    quantity = min(maker.left, level[1])
                    self.outside[side.opposite] = (level[0], level[1] - quantity)
                    self._trade(maker, maker.price, quantity)
        self._serve_waiting()

    def print(self, price: Decimal, size: Decimal, aggressor: int) -> None:
        """Queues are off: everybody at the price is first in line."""
        if not self.has_outside:
            return
        if aggressor == 0:
            ask, bid = self.outside[Side.SELL], self.outside[Side.BUY]
            aggressor = 1 if ask and price >= ask[0] else -1 if bid and price <= bid[0] else 0
        for side, sign in ((Side.BUY, 1), (Side.SELL, -1)):
            for maker in self._line(side):
                assert maker.price is not None
                beyond = sign * maker.price > sign * price
                if beyond or (maker.price == price and aggressor != sign):
                    quantity = min(maker.left, size)
                    size -= quantity
                    self._trade(maker, maker.price, quantity)

    def cancel(self, name: str) -> None:
        self.resting = [each for each in self.resting if each.name != name]

    def place(self, order: NewOrder) -> None:
        if order.order_type is OrderType.MARKET and not self._has_price(order.side.opposite):
            return
        if order.post_only and self._would_take(order):
            return
        if order.time_in_force is TimeInForce.FOK and self._reach(order) < order.quantity:
            return
        self.born += 1
        taker = Resting(
            order.client_order_id, order.account, order.side, order.limit_price, order.quantity, self.born
        )
        alive = self._take(taker)
        stays = order.time_in_force is TimeInForce.GTC and (order.limit_price is not None or self.has_outside)
        if alive and taker.left and stays:
            self.resting.append(taker)
            if taker.price is not None:
                self._serve_waiting()

    def _line(self, side: Side) -> list[Resting]:
        sign = -1 if side is Side.BUY else 1
        priced = [each for each in self.resting if each.side is side and each.price is not None]
        return sorted(priced, key=lambda each: (sign * (each.price or 0), each.born))

    def _serve_waiting(self) -> None:
        for order in [each for each in self.resting if each.price is None]:
            if order.left and not self._take(order):
                order.left = Decimal(0)
        self.resting = [each for each in self.resting if each.left]

    def _take(self, taker: Resting) -> bool:
        """False when the taker met its own account."""
        while taker.left:
            line = [each for each in self._line(taker.side.opposite) if each.left]
            level = self.outside[taker.side.opposite]
            outside = level if level is not None and level[1] else None
            own = line[0] if line else None
            # Without queues an account's order comes before the outside at the same price.
            if own is not None and (outside is None or _meets(taker.side, outside[0], own.price)):
                if taker.price is not None and not _meets(taker.side, taker.price, own.price):
                    return True
                if own.account == taker.account:
                    return False
                assert own.price is not None
                quantity, price = min(own.left, taker.left), own.price
                self._trade(taker, price, quantity)
                self._trade(own, price, quantity)
            elif outside is not None:
                if taker.price is not None and not _meets(taker.side, taker.price, outside[0]):
                    return True
                quantity = min(outside[1], taker.left)
                self.outside[taker.side.opposite] = (outside[0], outside[1] - quantity)
                self._trade(taker, outside[0], quantity)
            else:
                return True
        return True

    def _trade(self, order: Resting, price: Decimal, quantity: Decimal) -> None:
        if quantity:
            order.left -= quantity
            self.trades.append((order.name, price, quantity))
        self.resting = [each for each in self.resting if each.left]

    def _has_price(self, side: Side) -> bool:
        return bool(self._line(side)) or self.outside[side] is not None

    def _would_take(self, order: NewOrder) -> bool:
        prices = [each.price for each in self._line(order.side.opposite)]
        level = self.outside[order.side.opposite]
        prices += [level[0]] if level is not None else []
        return any(_meets(order.side, order.limit_price, price) for price in prices)

    def _reach(self, order: NewOrder) -> Decimal:
        line = [
            each
            for each in self._line(order.side.opposite)
            if order.limit_price is None or _meets(order.side, order.limit_price, each.price)
        ]
        blocks = [each.price for each in line if each.account == order.account]
        wall = blocks[0] if blocks else None
        reached = sum(
            (each.left for each in line if wall is None or _before(order.side, each.price, wall)), Decimal(0)
        )
        level = self.outside[order.side.opposite]
        if level is not None and (
            order.limit_price is None or _meets(order.side, order.limit_price, level[0])
        ):
            reached += level[1] if wall is None or _before(order.side, level[0], wall) else 0
        return reached


def _meets(side: Side, mine: Decimal | None, theirs: Decimal | None) -> bool:
    assert mine is not None
    assert theirs is not None
    return mine >= theirs if side is Side.BUY else mine <= theirs


def _before(side: Side, price: Decimal | None, wall: Decimal) -> bool:
    assert price is not None
    return price < wall if side is Side.BUY else price > wall
