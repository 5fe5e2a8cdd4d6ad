"""The venue's own Python SDK against the local exchange: an order's life, a fill, a stop, and streams.

Run by the oracles' interpreter: `python sdk_client.py REST STREAM KEY SECRET`. Prints one JSON object of what it saw.
"""

from __future__ import annotations

import asyncio
import json
import sys
from typing import Any

from binance_common.configuration import ConfigurationRestAPI, ConfigurationWebSocketStreams
from binance_sdk_derivatives_trading_usds_futures.derivatives_trading_usds_futures import (
    DerivativesTradingUsdsFutures,
)


def orders(api: Any) -> dict[str, Any]:
    """Place, query, change, cancel, fill, stop, close: what became of each."""
    seen: dict[str, Any] = {"time": api.check_server_time().data().server_time > 0}
    info = api.exchange_information()
    seen["listed"] = [each.symbol for each in info.data().symbols]
    seen["weight"] = [(each.rateLimitType, each.count > 0) for each in info.rate_limits]
    price = round(float(api.order_book(symbol="BTCUSDT", limit=5).data().bids[0][0]) * 0.95, 1)
    api.change_initial_leverage(symbol="BTCUSDT", leverage=10)

    terms = {"symbol": "BTCUSDT", "side": "BUY", "type": "LIMIT", "time_in_force": "GTC"}
    placed = api.new_order(**terms, quantity=0.01, price=price, new_client_order_id="sdk-1").data()
    seen["placed"] = [placed.status, placed.orig_qty]
    asked = api.query_order(symbol="BTCUSDT", orig_client_order_id="sdk-1").data()
    seen["asked"] = [asked.order_id == placed.order_id, asked.status, float(asked.price) == price]
    changed = api.modify_order(
        symbol="BTCUSDT", side="BUY", quantity=0.02, price=price, order_id=placed.order_id
    ).data()
    seen["changed"] = changed.orig_qty
    seen["open"] = [each.client_order_id for each in api.current_all_open_orders(symbol="BTCUSDT").data()]
    seen["cancelled"] = api.cancel_order(symbol="BTCUSDT", orig_client_order_id="sdk-1").data().status
    post_only = {**terms, "time_in_force": "GTX"}
    api.new_order(**post_only, quantity=0.01, price=price, new_client_order_id="sdk-2")
    api.cancel_all_open_orders(symbol="BTCUSDT")

    market = {"symbol": "BTCUSDT", "type": "MARKET", "quantity": 0.01, "new_order_resp_type": "RESULT"}
    filled = api.new_order(**market, side="BUY", new_client_order_id="sdk-3").data()
    seen["filled"] = [filled.status, filled.executed_qty]
    trades = api.account_trade_list(symbol="BTCUSDT").data()
    seen["trades"] = [
        sum(float(each.qty) for each in trades),
        {each.commission_asset for each in trades} == {"USDT"},
    ]
    seen["balance"] = [each.asset for each in api.futures_account_balance_v3().data()]
    seen["account"] = [each.symbol for each in api.account_information_v3().data().positions]
    seen["positions"] = [each.position_amt for each in api.position_information_v3(symbol="BTCUSDT").data()]

    stop = api.new_algo_order(
        algo_type="CONDITIONAL",
        symbol="BTCUSDT",
        side="SELL",
        type="STOP_MARKET",
        quantity=0.01,
        trigger_price=price,
        client_algo_id="sdk-4",
    ).data()
    seen["stop"] = [stop.algo_status, stop.order_type]
    seen["stops"] = len(api.current_all_algo_open_orders(symbol="BTCUSDT").data())
    seen["stop_cancelled"] = api.cancel_algo_order(algo_id=stop.algo_id).data().code
    api.auto_cancel_all_open_orders(symbol="BTCUSDT", countdown_time=60_000)
    api.new_order(**market, side="SELL", reduce_only="true", new_client_order_id="sdk-5")
    seen["flat"] = api.position_information_v3(symbol="BTCUSDT").data() == []
    try:
        api.new_order(**terms, quantity=0.01, price=round(price * 3, 1))
    except Exception as error:  # noqa: BLE001 - whatever the SDK makes of a refusal is what is asked for
        seen["refused"] = type(error).__name__
    return seen


async def streams(client: Any) -> dict[str, Any]:
    """A ticker, trades, and the account's own orders as they happen."""
    seen: dict[str, Any] = {}
    told: asyncio.Queue[tuple[str, Any]] = asyncio.Queue()
    connection = await client.websocket_streams.create_connection()
    try:
        ticker = await connection.individual_symbol_book_ticker_streams(symbol="btcusdt")
        ticker.on("message", lambda event: told.put_nowait(("ticker", event)))
        tape = await connection.aggregate_trade_streams(symbol="btcusdt")
        tape.on("message", lambda event: told.put_nowait(("tape", event)))
        key = client.rest_api.start_user_data_stream().data().listen_key
        user = await connection.user_data(key)
        user.on("message", lambda event: told.put_nowait(("user", event)))
        await asyncio.sleep(0.5)
        await asyncio.to_thread(
            client.rest_api.new_order,
            symbol="BTCUSDT",
            side="BUY",
            type="MARKET",
            quantity=0.01,
            new_client_order_id="sdk-s",
        )
        while {"ticker", "tape", "order"} - set(seen):
            kind, event = await told.get()
            if kind == "user":
                body = getattr(event, "actual_instance", event)
                if type(body).__name__.lower().startswith("ordertradeupdate"):
                    seen["order"] = body.o.c
            else:
                seen[kind] = type(event).__name__
    finally:
        await connection.close_connection(close_session=True)
    return seen


def main() -> None:
    """Do it all and print what was seen."""
    rest, stream, key, secret = sys.argv[1:5]
    client = DerivativesTradingUsdsFutures(
        config_rest_api=ConfigurationRestAPI(
            api_key=key, api_secret=secret, base_path=rest, timeout=5_000, retries=0
        ),
        config_ws_streams=ConfigurationWebSocketStreams(stream_url=stream),
    )
    seen = {"orders": orders(client.rest_api)}
    seen["streams"] = asyncio.run(asyncio.wait_for(streams(client), 60))
    print(json.dumps(seen))


if __name__ == "__main__":
    main()
