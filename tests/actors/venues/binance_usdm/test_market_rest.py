"""Public questions: the venue's own examples, pages, weights, and answers that make no sense."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from actors.venues.binance_usdm.market_rest import MarketRest
from actors.venues.market_port import Bar, TopOfBook
from messages.errors import ConfigurationError, DataProviderError
from messages.venue_account import ListingStatus

pytestmark = pytest.mark.unit

MS = 1_000_000
MINUTE = 60_000 * MS
DAY = 1440 * MINUTE
BTC, BNB = "BTC-USDT-PERP", "BNB-USDT-PERP"
LISTINGS = {BTC: "BTCUSDT", BNB: "BNBUSDT"}


class Answers:
    """Answers from a table of bodies, or functions of the parameters, by path; remembers what was asked."""

    def __init__(self, answers: Mapping[str, Any]) -> None:
        self.answers = answers
        self.asked: list[tuple[str, dict[str, Any], int]] = []

    async def get(self, path: str, parameters: Mapping[str, str | int], weight: int) -> bytes:
        self.asked.append((path, dict(parameters), weight))
        answer = self.answers[path]
        return msgspec.json.encode(answer(dict(parameters)) if callable(answer) else answer)


def ask(answers: Answers, question: Callable[[MarketRest], Coroutine[Any, Any, Any]]) -> Any:
    return asyncio.run(question(MarketRest(answers, LISTINGS)))


def test_server_time() -> None:
    answers = Answers({"/fapi/v1/time": {"serverTime": 1499827319559}})
    assert ask(answers, lambda rest: rest.server_time()) == 1499827319559 * MS


LISTED = {
    "symbol": "BTCUSDT", "pair": "BTCUSDT", "contractType": "PERPETUAL", "status": "TRADING", "baseAsset": "BTC",
    "quoteAsset": "USDT", "marginAsset": "USDT", "pricePrecision": 2, "quantityPrecision": 3,
    "filters": [
        {"filterType": "PRICE_FILTER", "minPrice": "402", "maxPrice": "1246396.60", "tickSize": "0.10"},
        {"filterType": "LOT_SIZE", "minQty": "0.001", "maxQty": "1000", "stepSize": "0.001"},
        {"filterType": "MARKET_LOT_SIZE", "minQty": "0.001", "maxQty": "120", "stepSize": "0.001"},
        {"filterType": "MAX_NUM_ORDERS", "limit": 200},
        {"filterType": "MAX_NUM_ALGO_ORDERS", "limit": 10},
        {"filterType": "MIN_NOTIONAL", "notional": "10"},
        {"filterType": "PERCENT_PRICE", "multiplierUp": "1.1000", "multiplierDown": "0.5454", "multiplierDecimal": "4"},
    ],
}  # fmt: skip


def test_instruments_take_tick_and_lot_from_the_filters() -> None:
    other = LISTED | {"symbol": "XXXUSDT"}
    answers = Answers({"/fapi/v1/exchangeInfo": {"rateLimits": [], "symbols": [other, LISTED]}})
    (found,) = ask(answers, lambda rest: rest.instruments([BTC, BNB]))
    assert (found.symbol, found.listing, found.status) == (BTC, "BTCUSDT", ListingStatus.TRADING)
    assert (found.base_currency, found.quote_currency, found.settle_currency) == ("BTC", "USDT", "USDT")
    assert (found.tick, found.lot, found.min_quantity) == (
        Decimal("0.10"),
        Decimal("0.001"),
        Decimal("0.001"),
    )
    assert (found.max_quantity, found.market_max_quantity) == (Decimal(1000), Decimal(120))
    assert (found.min_notional, found.min_price, found.max_price) == (10, 402, Decimal("1246396.60"))
    assert (found.price_up, found.price_down) == (Decimal("1.1"), Decimal("0.5454"))
    assert (found.max_open_orders, found.max_conditional_orders) == (200, 10)
    assert found.maker_fee is None


@pytest.mark.parametrize(
    ("told", "status"),
    [
        ("TRADING", ListingStatus.TRADING),
        ("PRE_SETTLE", ListingStatus.CANCEL_ONLY),
        ("NEW_WORD", ListingStatus.CLOSED),
    ],
)
def test_a_status_we_do_not_know_takes_no_orders(told: str, status: ListingStatus) -> None:
    answers = Answers({"/fapi/v1/exchangeInfo": {"symbols": [LISTED | {"status": told}]}})
    assert ask(answers, lambda rest: rest.instruments([BTC]))[0].status is status


def test_a_listing_without_a_tick_is_refused() -> None:
    answers = Answers({"/fapi/v1/exchangeInfo": {"symbols": [LISTED | {"filters": []}]}})
    with pytest.raises(DataProviderError, match="tick and lot"):
        ask(answers, lambda rest: rest.instruments([BTC]))


def ticker(listing: str, **more: Any) -> dict[str, Any]:
    return {
        "symbol": listing,
        "bidPrice": "4.0",
        "bidQty": "431",
        "askPrice": "4.1",
        "askQty": "9",
        "time": 5,
    } | more


def test_best_quotes_are_asked_one_by_one_or_all_at_once_whichever_weighs_less() -> None:
    symbols = {f"S{n}": f"L{n}" for n in range(3)}
    one = Answers({"/fapi/v1/ticker/bookTicker": lambda p: ticker(p["symbol"], bidPrice="0", bidQty="0")})
    assert ask(one, lambda rest: rest.top_of_book([BNB, BTC])) == (
        TopOfBook(BNB, 5 * MS, None, None, 4.1, 9.0),
        TopOfBook(BTC, 5 * MS, None, None, 4.1, 9.0),
    )
    assert [weight for _, _, weight in one.asked] == [2, 2]
    everything = Answers({"/fapi/v1/ticker/bookTicker": [ticker("ZZZ"), ticker("L2"), ticker("L0")]})
    found = asyncio.run(MarketRest(everything, symbols).top_of_book(list(symbols)))
    assert [top.symbol for top in found] == ["S0", "S2"]
    assert everything.asked == [("/fapi/v1/ticker/bookTicker", {}, 5)]


@pytest.mark.parametrize(
    ("levels", "limit", "weight"), [(1, 5, 2), (20, 20, 2), (70, 100, 5), (1000, 1000, 20)]
)
def test_a_book_is_asked_for_in_the_smallest_size_that_holds_it(levels: int, limit: int, weight: int) -> None:
    body = {
        "lastUpdateId": 7,
        "E": 2,
        "T": 1,
        "bids": [["4.00", "431.0"], ["3", "1"]],
        "asks": [["4.01", "12.0"]],
    }
    answers = Answers({"/fapi/v1/depth": body})
    book = ask(answers, lambda rest: rest.book(BTC, levels))
    assert (book.sequence, book.event_time, book.asks) == (7, 2 * MS, ((4.01, 12.0),))
    assert book.bids == ((4.0, 431.0), (3.0, 1.0))[:levels]
    assert answers.asked == [("/fapi/v1/depth", {"symbol": "BTCUSDT", "limit": limit}, weight)]


def candles(length_ms: int, newest_ms: int) -> Callable[[dict[str, Any]], list[list[Any]]]:
    """A venue with a bar for every interval up to `newest_ms`, which is not closed."""

    def answer(asked: dict[str, Any]) -> list[list[Any]]:
        first = -(-asked["startTime"] // length_ms) * length_ms
        times = range(first, min(asked["endTime"], newest_ms) + 1, length_ms)
        return [
            [time, "1", "3", "0.5", "2", f"{time // length_ms}", time + length_ms - 1, "0", 1, "0", "0", "0"]
            for time in list(times)[: asked["limit"]]
        ]

    return answer


def test_bars_come_in_pages_oldest_first_and_without_the_open_one() -> None:
    now_ms = 4_000 * 60_000 + 1
    answers = Answers({"/fapi/v1/klines": candles(60_000, now_ms), "/fapi/v1/time": {"serverTime": now_ms}})
    bars = ask(answers, lambda rest: rest.bars(BTC, MINUTE, 100 * MINUTE + 1, 5_000 * MINUTE))
    assert [bar.time // MINUTE for bar in bars] == list(range(101, 4_000))
    assert bars[0] == Bar(BTC, 101 * MINUTE, MINUTE, 1.0, 3.0, 0.5, 2.0, 101.0)
    assert [weight for path, _, weight in answers.asked if path.endswith("klines")] == [10, 10, 10]


def test_the_average_volume_is_that_of_whole_days() -> None:
    now_ms = 20 * 86_400_000 + 5
    answers = Answers(
        {"/fapi/v1/klines": candles(86_400_000, now_ms), "/fapi/v1/time": {"serverTime": now_ms}}
    )
    assert ask(answers, lambda rest: rest.average_daily_volume(BTC, 3)) == (17 + 18 + 19) / 3
    nothing = Answers({"/fapi/v1/klines": [], "/fapi/v1/time": {"serverTime": now_ms}})
    with pytest.raises(DataProviderError, match="no whole day"):
        ask(nothing, lambda rest: rest.average_daily_volume(BTC, 3))


def test_an_unknown_symbol_and_an_answer_of_another_form_are_refused() -> None:
    with pytest.raises(ConfigurationError, match="no listing"):
        ask(Answers({}), lambda rest: rest.book("DOGE", 5))
    with pytest.raises(DataProviderError, match="can't be read"):
        ask(Answers({"/fapi/v1/time": {"time": 1}}), lambda rest: rest.server_time())
