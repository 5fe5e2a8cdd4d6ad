"""The public data against the local exchange, over its real protocol."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest

from actors.venues.binance_usdm.market import BinanceUsdmMarket
from actors.venues.market_port import Subscription
from cluster.exchange.faults import Fault, FaultRule
from cluster.exchange.server import ExchangeServer
from messages.market import TickKind
from tests.actors.venues.binance_usdm.exchange_market import BTC, connected, serving
from tests.actors.venues.binance_usdm.market_server import Sink, streaming
from tests.cluster.exchange.rig import settings_of
from tests.cluster.feeds.live.market import until

pytestmark = pytest.mark.integration

MINUTE = 60_000_000_000
DEPTH = [Subscription(BTC, "BTCUSDT", depth=True)]


def run(
    home: Path, scenario: Callable[[BinanceUsdmMarket, ExchangeServer], Awaitable[None]], *rules: FaultRule
) -> None:
    async def work() -> None:
        settings = settings_of(home, *rules)
        async with serving(settings) as server, connected(server, settings) as market:
            await scenario(market, server)

    asyncio.run(work())


async def agrees(market: BinanceUsdmMarket, sink: Sink) -> None:
    """Wait until the book its rows make is the one the exchange shows; both move on, so it may take a few looks."""
    async with asyncio.timeout(60):
        while True:
            shown = await market.book(BTC, 20)
            for _ in range(60):
                bids, asks = sink.book
                best = sorted(bids.items(), reverse=True)[:20], sorted(asks.items())[:20]
                if best == (list(shown.bids), list(shown.asks)):
                    return
                await asyncio.sleep(0.005)


def test_everything_that_is_asked_for_is_told(tmp_path: Path) -> None:
    async def scenario(market: BinanceUsdmMarket, server: ExchangeServer) -> None:
        (instrument,) = await market.instruments([BTC])
        assert (instrument.base_currency, instrument.settle_currency) == ("BTC", "USDT")
        assert instrument.tick > 0
        assert instrument.lot > 0
        now = await market.server_time()
        (top,) = await market.top_of_book([BTC])
        assert top.bid is not None
        assert top.ask is not None
        assert top.bid < top.ask
        assert Decimal(repr(top.bid)) % instrument.tick == 0
        bars = await market.bars(BTC, MINUTE, now - 10 * MINUTE, now + MINUTE)
        assert all(bar.time + bar.length <= now + MINUTE and bar.low <= bar.open <= bar.high for bar in bars)

    run(tmp_path, scenario)


def test_the_book_follows_the_exchanges_and_quotes_and_trades_come(tmp_path: Path) -> None:
    async def scenario(market: BinanceUsdmMarket, server: ExchangeServer) -> None:
        sink = Sink()
        async with streaming(market, DEPTH, sink):
            await until(lambda: all(map(sink.of, (TickKind.QUOTE, TickKind.TRADE, TickKind.DEPTH))), 60)
            await agrees(market, sink)
            health = market.health()
        assert sink.notes == [("restored", (BTC,))]
        assert (health.connected, health.reconnects, health.gaps, health.missed_trades) == (2, 0, 0, 0)
        numbers = [row[2] for row in sink.of(TickKind.QUOTE)]
        assert numbers == sorted(numbers)

    run(tmp_path, scenario)


@pytest.mark.parametrize(
    ("sign", "fault"),
    [
        ("gaps", FaultRule(kind=Fault.DROP, match="*depth*", skip=5, count=1)),
        ("repeated", FaultRule(kind=Fault.DUPLICATE, match="*", rate=0.5)),
        ("repeated", FaultRule(kind=Fault.REORDER, match="*bookTicker", rate=0.5)),
        ("gaps", FaultRule(kind=Fault.STALE, match="*depth*", low_s=1.0, high_s=1.0, skip=5, count=1)),
        ("reconnects", FaultRule(kind=Fault.CUT, match="*depth*", skip=5, count=2)),
        (
            "reconnects",
            FaultRule(kind=Fault.SILENT, match="*bookTicker", low_s=3.0, high_s=3.0, skip=5, count=1),
        ),
    ],
    ids=lambda value: value.kind.value if isinstance(value, FaultRule) else "",
)
def test_the_book_is_right_again_after_a_fault(tmp_path: Path, sign: str, fault: FaultRule) -> None:
    async def scenario(market: BinanceUsdmMarket, server: ExchangeServer) -> None:
        sink = Sink()
        async with streaming(market, DEPTH, sink):
            await until(lambda: getattr(market.health(), sign) > 0, 60)
            await agrees(market, sink)
        assert [note for note, _ in sink.notes][::2] == ["restored"] * len(sink.notes[::2])

    run(tmp_path, scenario, fault)


def test_a_restarted_exchange_is_found_again(tmp_path: Path) -> None:
    async def work() -> None:
        settings, sink = settings_of(tmp_path), Sink()
        async with (
            serving(settings) as first,
            connected(first, settings) as market,
            streaming(market, DEPTH, sink),
        ):
            await until(lambda: sink.of(TickKind.QUOTE), 60)
            await first.stop()
            await until(lambda: sink.notes[-1][0] == "interrupted", 60)
            rows = len(sink.rows)
            port = int(first.at.rest.rpartition(":")[2])  # type: ignore[attr-defined]
            async with serving(msgspec.structs.replace(settings, port=port)):
                await until(lambda: sink.notes[-1][0] == "restored" and len(sink.rows) > rows, 60)
                await agrees(market, sink)

    asyncio.run(work())
