"""What a person does at a venue itself, past the desk: closes a position, takes a part of it, leaves an order there."""

from __future__ import annotations

from decimal import Decimal

from cluster.simulator.desk.world import DeskWorld
from messages.intents import OrderType, Side, TimeInForce
from messages.venue import PlaceOrder
from messages.venue_account import QueryAccount

HAND = "web"
"""How the client order ids of venues' own pages begin."""


def trade_by_hand(world: DeskWorld) -> bool:
    """One deed of a person at a venue, drawn; whether the venue took it."""
    names = list(world.exchanges)
    name = names[world.chance.randrange(len(names))]
    if name not in world.watch.limits.portfolio.opened:
        return False  # what is there before the desk has looked is no news to it
    exchange, symbols = world.exchanges[name], world.shape.config.symbols
    # of what nobody looks at the desk knows no price: a position in it would leave the worth of all unknown
    listed = [
        symbol
        for symbol in symbols
        if symbols[symbol].venue == name and symbol in world.watch.limits.portfolio.marks
    ]
    if not listed:
        return False
    symbol = listed[world.chance.randrange(len(listed))]
    held = exchange.venue.account(QueryAccount(name)).positions.get(symbol, Decimal(0))
    order = _order(world, symbol, held)
    world.watch.orders.by_hand[order.client_order_id] = None
    world.note(f"execution/{name}", f"by hand: {order.side.value} {order.quantity} {order.limit_price}")
    taken = exchange.trade_by_hand(order)
    record = exchange.venue.ledger.find(order.client_order_id)
    if record is not None:
        world.reached.by_hand.update(dict.fromkeys((order.client_order_id, record.venue_order_id)))
    return taken


def clear_by_hand(world: DeskWorld) -> None:
    """People take back the orders that they left at the venues."""
    for exchange in world.exchanges.values():
        for record in exchange.venue.ledger.open_orders:
            request = record.request
            if request.client_order_id in world.watch.orders.by_hand:
                exchange.cancel_by_hand(request.client_order_id, request.symbol)


def _order(world: DeskWorld, symbol: str, held: Decimal) -> PlaceOrder:
    """Closes what is held, or most of it; where nothing is held, buys a little, or leaves an order far away."""
    listed, chance = world.shape.config.symbols[symbol], world.chance
    price = world.shape.config.feed.synthetic.start_prices[symbol]
    least = (listed.min_notional * 2 / price // listed.lot + 1) * listed.lot
    rests = not held and chance.random() < 0.3
    quantity = abs(held) if chance.random() < 0.7 else abs(held) / 2 // listed.lot * listed.lot
    far = (price * Decimal("0.9") // listed.tick) * listed.tick
    return PlaceOrder(
        client_order_id=f"{HAND}{len(world.watch.orders.by_hand)}",
        symbol=symbol,
        side=Side.SELL if held > 0 else Side.BUY,
        quantity=quantity or least,
        order_type=OrderType.LIMIT if rests else OrderType.MARKET,
        time_in_force=TimeInForce.GTC if rests else TimeInForce.IOC,
        post_only=False,
        reduce_only=False,
        limit_price=far if rests else None,
        stop_price=None,
        deadline=world.clock.now,
        mode_version=0,
        increases_exposure=True,
    )
