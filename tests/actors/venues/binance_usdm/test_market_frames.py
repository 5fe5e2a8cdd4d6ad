"""Frames of the public streams: the venue's own examples, unknown ones, and every recorded one."""

from __future__ import annotations

import gzip
import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from actors.venues.binance_usdm.market_frames import (
    AggTrade,
    Answer,
    BookTicker,
    DepthUpdate,
    Kline,
    MarkPrice,
    ServerShutdown,
    Trade,
    decode_frame,
)
from actors.venues.binance_usdm.order_book import SequencedBook, Taken
from messages.errors import DataProviderError

pytestmark = pytest.mark.unit

DATA = Path(__file__).parents[5] / "shared" / "data" / "binance_raw_l2"

EXAMPLES = [
    (
        '{"e":"bookTicker","u":400900217,"E":1568014460893,"T":1568014460891,"s":"BNBUSDT","ps":"BNBUSDT",'
        '"b":"25.35190000","B":"31.21000000","a":"25.36520000","A":"40.66000000","st":1}',
        BookTicker(s="BNBUSDT", u=400900217, E=1568014460893, b=25.3519, B=31.21, a=25.3652, A=40.66),
    ),
    (
        '{"e":"depthUpdate","E":123456789,"T":123456788,"s":"BNBUSDT","U":157,"u":160,"pu":149,'
        '"b":[["0.0024","10"]],"a":[["0.0026","100"]]}',
        DepthUpdate(s="BNBUSDT", E=123456789, U=157, u=160, pu=149, b=[(0.0024, 10.0)], a=[(0.0026, 100.0)]),
    ),
    (
        '{"e":"aggTrade","E":123456789,"s":"BNBUSDT","a":5933014,"p":"0.001","q":"100","nq":"100","f":100,"l":105,'
        '"T":123456785,"m":true,"st":1}',
        AggTrade(s="BNBUSDT", a=5933014, E=123456789, p=0.001, q=100.0, m=True),
    ),
    (
        '{"e":"trade","E":1,"T":1,"s":"BTCUSDT","t":5266583935,"p":"61800.30","q":"0.006","X":"MARKET","m":false}',
        Trade(s="BTCUSDT", t=5266583935, E=1, p=61800.3, q=0.006, m=False),
    ),
    (
        '{"e":"markPriceUpdate","E":1562305380000,"s":"BTCUSDT","p":"11794.15","ap":"11794.15","i":"11784.62",'
        '"P":"11784.25","r":"0.00038167","T":1562306400000,"st":1}',
        MarkPrice(s="BTCUSDT", E=1562305380000, T=1562306400000, p=11794.15, i=11784.62, r=0.00038167),
    ),
    ('{"e":"serverShutdown","E":5}', ServerShutdown(E=5)),
]
KLINE = (
    '{"e":"kline","E":1638747660000,"s":"BTCUSDT","k":{"t":1638747660000,"T":1638747719999,"s":"BTCUSDT","i":"1m",'
    '"f":100,"L":200,"o":"0.0010","c":"0.0020","h":"0.0025","l":"0.0015","v":"1000","n":100,"x":false,"q":"1.0000",'
    '"V":"500","Q":"0.500","B":"123456"}}'
)


@pytest.mark.parametrize(("text", "event"), EXAMPLES)
@pytest.mark.parametrize("envelope", ['{"stream":"s","data":%s}', '{"data":%s,"stream":"s"}', "%s"])
def test_the_venues_examples_decode_in_an_envelope_and_without(text: str, event: Any, envelope: str) -> None:
    assert decode_frame((envelope % text).encode()) == event


def test_a_bar_decodes() -> None:
    event = decode_frame(f'{{"stream":"btcusdt@kline_1m","data":{KLINE}}}')
    assert isinstance(event, Kline)
    bar = event.k
    assert (bar.t, bar.T, bar.o, bar.h, bar.l, bar.c, bar.v, bar.x) == (
        1638747660000, 1638747719999, 0.001, 0.0025, 0.0015, 0.002, 1000.0, False,
    )  # fmt: skip


def test_answers_to_commands_decode() -> None:
    assert decode_frame('{"result":null,"id":3}') == Answer(3)
    refused = decode_frame('{"error":{"code":2,"msg":"Invalid request: x"},"id":1}')
    assert isinstance(refused, Answer)
    assert refused.error is not None
    assert (refused.id, refused.error.code) == (1, 2)


@pytest.mark.parametrize(
    "frame",
    [
        '{"stream":"!x@arr","data":{"e":"somethingNew","s":"X"}}',
        '{"stream":"!x@arr","data":[{"e":"bookTicker"}]}',
        '{"e":"somethingNew"}',
        "{}",
    ],
)
def test_what_is_not_ours_is_passed_over(frame: str) -> None:
    assert decode_frame(frame) is None


@pytest.mark.parametrize(
    "frame",
    [
        '{"stream":"x","data":{"e":"bookTicker","u":1,"s":"X"}}',
        '{"stream":"x","data":{"e":"aggTrade","E":1,"s":"X","a":1,"p":"cheap","q":"1","m":true}}',
        '{"e":"depthUpdate","s":"X"}',
        '{"stream":"x","data":{"e":"bookTicker","u":1',
        "[]",
        b"\xff\xfe",
    ],
)
def test_a_known_event_in_another_form_is_an_error(frame: Any) -> None:
    with pytest.raises(DataProviderError, match="can't be read"):
        decode_frame(frame)


# ---------------------------------------------------------------------- recorded


@pytest.mark.parametrize(
    ("listing", "quotes", "trades", "depths"),
    [("btcusdt", 66_089, 21_313, 6_551), ("ethusdt", 53_992, 14_076, 6_586)],
)
def test_every_recorded_frame_decodes_and_the_final_book_is_the_one_plain_code_builds(
    listing: str, quotes: int, trades: int, depths: int
) -> None:
    path = DATA / f"usdm_{listing}_20240808.gz"
    if not path.exists():
        pytest.skip("skipped: no recorded data")
    counts: Counter[str] = Counter()
    fates: Counter[Taken] = Counter()
    book = SequencedBook()
    last_quote = last_trade = 0
    for body in _bodies(path):
        if body.startswith(b'{"lastUpdateId"'):
            snapshot = msgspec.json.decode(body)
            assert (
                book.begin(snapshot["lastUpdateId"], *_floats(snapshot["bids"], snapshot["asks"])) is not None
            )
            continue
        event = decode_frame(body)
        counts[type(event).__name__] += 1
        if isinstance(event, DepthUpdate):
            fates[book.take(event)] += 1
        elif isinstance(event, BookTicker):
            assert event.u > last_quote
            last_quote = event.u
        elif isinstance(event, Trade):
            assert event.t == last_trade + 1 or not last_trade
            last_trade = event.t
    assert counts == {"BookTicker": quotes, "Trade": trades, "DepthUpdate": depths}
    assert fates[Taken.GAP] == fates[Taken.OLD] == 0
    assert not book.book.crossed
    assert (dict(book.book.bids.sizes), dict(book.book.asks.sizes)) == _plain_book(path)


def _bodies(path: Path) -> Iterator[bytes]:
    with gzip.open(path) as lines:
        for line in lines:
            yield line.partition(b" ")[2]


def _floats(*sides: list[list[str]]) -> Iterator[list[tuple[float, float]]]:
    return ([(float(price), float(size)) for price, size in side] for side in sides)


def _plain_book(path: Path) -> tuple[dict[float, float], dict[float, float]]:
    """The book by the sheet's rule, with nothing but json and dicts."""
    updates, snapshot = [], None
    for body in _bodies(path):
        if b"@depth" in body[:40]:
            updates.append(json.loads(body)["data"])
        elif body.startswith(b'{"lastUpdateId"'):
            snapshot = json.loads(body)
    assert snapshot is not None
    sides = {"b": dict(map(tuple, snapshot["bids"])), "a": dict(map(tuple, snapshot["asks"]))}
    for update in updates:
        if update["u"] >= snapshot["lastUpdateId"]:
            for key, levels in sides.items():
                levels.update(map(tuple, update[key]))
    return tuple(  # type: ignore[return-value]
        {float(price): float(size) for price, size in side.items() if float(size)} for side in sides.values()
    )
