"""ccxt's `binanceusdm` against the local exchange: an order's life, a fill, a stop, and streams.

Run by the oracles' interpreter: `python ccxt_client.py REST STREAM KEY SECRET`. Prints one JSON object of what it saw.
"""

from __future__ import annotations

import asyncio
import json
import sys
from typing import Any

import ccxt
import ccxt.pro

BTC = "BTC/USDT:USDT"


def pointed(client: Any, rest: str) -> Any:
    """The client with every futures address replaced by the local one."""
    for name, url in client.urls["api"].items():
        if isinstance(url, str) and name.startswith("fapi"):
            client.urls["api"][name] = url.replace("https://fapi.binance.com", rest)
    client.options["fetchCurrencies"] = False
    return client


def orders(rest: str, key: str, secret: str) -> dict[str, Any]:
    """Place, query, change, cancel, fill, stop, close: what became of each."""
    client = pointed(ccxt.binanceusdm({"apiKey": key, "secret": secret}), rest)
    client.session.trust_env = False
    client.load_markets()
    seen: dict[str, Any] = {"time": client.fetch_time() > 0}
    bid = client.fetch_order_book(BTC, 5)["bids"][0][0]
    price = round(bid * 0.95, 1)

    client.set_leverage(10, BTC)
    placed = client.create_order(BTC, "limit", "buy", 0.01, price, {"clientOrderId": "ccxt-1"})
    seen["placed"] = placed["status"]
    asked = client.fetch_order(None, BTC, {"origClientOrderId": "ccxt-1"})
    seen["asked"] = [asked["id"] == placed["id"], asked["status"], asked["price"] == price]
    client.edit_order(placed["id"], BTC, "limit", "buy", 0.02, price)
    seen["open"] = [[each["clientOrderId"], each["amount"]] for each in client.fetch_open_orders(BTC)]
    client.cancel_order(None, BTC, {"origClientOrderId": "ccxt-1"})
    seen["cancelled"] = client.fetch_order(placed["id"], BTC)["status"]
    post_only = client.create_order(
        BTC, "limit", "buy", 0.01, price, {"clientOrderId": "ccxt-2", "postOnly": True}
    )
    seen["post_only"] = client.fetch_order(post_only["id"], BTC)["timeInForce"]
    client.cancel_all_orders(BTC)

    filled = client.create_order(
        BTC, "market", "buy", 0.01, None, {"clientOrderId": "ccxt-3", "newOrderRespType": "RESULT"}
    )
    seen["filled"] = [filled["status"], filled["filled"]]
    trades = client.fetch_my_trades(BTC)
    seen["trades"] = sum(trade["amount"] for trade in trades)
    seen["fees"] = all(trade["fee"]["cost"] > 0 and trade["fee"]["currency"] == "USDT" for trade in trades)
    seen["balance"] = client.fetch_balance()["USDT"]["total"] < 1_000_000
    seen["positions"] = [[each["side"], each["contracts"]] for each in client.fetch_positions([BTC])]

    stop = client.create_order(
        BTC, "market", "sell", 0.01, None, {"stopLossPrice": price, "clientOrderId": "ccxt-4"}
    )
    seen["stops"] = len(client.fetch_open_orders(BTC, params={"trigger": True}))
    client.cancel_order(stop["id"], BTC, {"trigger": True})
    client.create_order(BTC, "market", "sell", 0.01, None, {"clientOrderId": "ccxt-5", "reduceOnly": True})
    seen["flat"] = client.fetch_positions([BTC]) == []
    try:
        client.create_order(BTC, "limit", "buy", 0.01, price * 3, {"clientOrderId": "ccxt-6"})
    except ccxt.BaseError as error:
        seen["refused"] = type(error).__name__
    return seen


async def streams(rest: str, stream: str, key: str, secret: str) -> dict[str, Any]:
    """A ticker, trades, and the account's own orders as they happen."""
    client = pointed(ccxt.pro.binanceusdm({"apiKey": key, "secret": secret}), rest)
    seen: dict[str, Any] = {}
    try:
        await client.load_markets()
        client.urls["api"]["ws"]["linear"] = f"{stream}/ws"  # it puts the class of the stream in
        tickers = await client.watch_bids_asks([BTC])
        seen["ticker"] = tickers[BTC]["bid"] < tickers[BTC]["ask"]
        client.options["watchTrades"] = {"name": "aggTrade"}  # its default stream is not a documented one
        seen["tape"] = (await client.watch_trades(BTC))[0]["amount"] > 0
        watching = asyncio.ensure_future(client.watch_orders(BTC))
        await asyncio.sleep(1)
        await client.create_order(BTC, "market", "buy", 0.01, None, {"clientOrderId": "ccxt-s"})
        seen["order"] = (await watching)[0]["clientOrderId"]
    finally:
        await client.close()
    return seen


def main() -> None:
    """Do it all and print what was seen."""
    rest, stream, key, secret = sys.argv[1:5]
    seen = {"orders": orders(rest, key, secret)}
    seen["streams"] = asyncio.run(asyncio.wait_for(streams(rest, stream, key, secret), 60))
    print(json.dumps(seen))


if __name__ == "__main__":
    main()
