"""Settings that are fine alone and wrong together."""

from __future__ import annotations

import pytest

from tests.config.conftest import Load, Refuse

pytestmark = pytest.mark.unit

TWO_LISTINGS = """\
symbols:
  BTC-USDT: {venue: paper, listing: BTCUSDT, tick: 0.1, lot: 0.001}
  BTC-USDT-PERP: {venue: paper, listing: BTCUSDT, tick: 0.1, lot: 0.001}
"""


@pytest.mark.parametrize(
    ("flag", "field", "said"),
    [
        ("symbols.BTC-USDT.venue=nyse", "symbols.BTC-USDT.venue", "there is no such venue"),
        ('strategies.ema.symbols=["ETH-USDT"]', "strategies.ema.symbols", "there is no such symbol"),
        ('strategies.ema.symbols=["BTC-USDT","BTC-USDT"]', "strategies.ema.symbols", "is listed twice"),
        ("strategies.ema.enabled=false", "strategies", "none is enabled"),
        (
            "strategies.ema.order.offset_ticks=2",
            "strategies.ema.order.offset_ticks",
            "no meaning for market orders",
        ),
        (
            "strategies.ema.order.time_to_live=2s",
            "strategies.ema.order.time_to_live",
            "no meaning for market orders",
        ),
        ("ray.symbols_per_actor=3", "ray.symbols_per_actor", "can't be packed yet"),
        ("desk.base_currency=EUR", "symbols.BTC-USDT", "not quoted in desk.base_currency, EUR"),
        ("desk.rates.USDT=1", "desk.rates.USDT", "is the base currency"),
        ("desk.rates.EUR=1.0812345678", "desk.rates.EUR", "has more than 10 digits"),
        ("desk.rate_symbols.BTC=ETH-USDT", "desk.rate_symbols.BTC", "does not say what one BTC counts"),
        ("desk.rate_symbols.USDT=BTC-USDT", "desk.rate_symbols.USDT", "does not say what one USDT counts"),
        ("desk.rate_symbols.EUR=EUR-USDT", "desk.rate_symbols.EUR", "is no symbol of the desk"),
        (
            'venues.paper.funding.symbols=["ETH-USDT"]',
            "venues.paper.funding.symbols",
            "there is no such symbol",
        ),
        ("venues.paper.funding.rate=100%", "venues.paper.funding.rate", "is the whole value or more"),
        (
            "symbols.BTC-USDT.min_quantity=0.0015",
            "symbols.BTC-USDT.min_quantity",
            "not a multiple of the lot 0.001",
        ),
        (
            "symbols.BTC-USDT.max_quantity=0.0015",
            "symbols.BTC-USDT.max_quantity",
            "not a multiple of the lot 0.001",
        ),
        ("feed.mode=synthetic", "feed.synthetic.start_prices.BTC-USDT", "is required in feed mode synthetic"),
        ("feed.synthetic.start_prices.ETH-USDT=1", "feed.synthetic.start_prices", "there is no such symbol"),
        ("risk.min_notional=20000", "risk.min_notional", "is above max_order_notional, 10000"),
        ("risk.max_symbol_exposure=200%", "risk.max_symbol_exposure", "is above max_gross_exposure, 100%"),
        ("risk.drawdown_reduce=20%", "risk.drawdown_reduce", "is above drawdown_halt, 10%"),
        ("supervision.backoff.minimum=1h", "supervision.backoff.minimum", "longer than backoff.maximum"),
        ("supervision.lease=10ms", "supervision.lease", "shorter than two heartbeats"),
        ("supervision.hang_timeout=10ms", "supervision.hang_timeout", "shorter than two heartbeats"),
        ("redis.mode=url", "redis.url", "is required in mode url"),
        ("redis.url=redis://h:1", "redis.url", "is not used in mode embedded"),
        ("redis.port=7000", "redis.port", "is not used with socket unix"),
    ],
)
def test_a_contradiction_is_refused(refuse: Refuse, flag: str, field: str, said: str) -> None:
    error = refuse(flags=[flag])
    assert error.field == field
    assert said in str(error)
    assert error.remedy


def test_two_symbols_of_one_listing_are_both_named(refuse: Refuse) -> None:
    start = "venues: {paper: {kind: paper, starting_balances: {USDT: 1}}}\n" + TWO_LISTINGS
    message = str(refuse(start=start + "strategies: {ema: {kind: ema_cross, order: {notional: 1}}}\n"))
    assert "symbols.BTC-USDT.listing" in message
    assert "symbols.BTC-USDT-PERP.listing" in message


def test_a_maximum_quantity_below_the_minimum_is_refused(refuse: Refuse) -> None:
    flags = ["symbols.BTC-USDT.min_quantity=2", "symbols.BTC-USDT.max_quantity=1"]
    assert refuse(flags=flags).field == "symbols.BTC-USDT.max_quantity"


@pytest.mark.parametrize("url", ["http://h", "h:6379"])
def test_an_url_that_is_not_of_a_redis_is_refused(refuse: Refuse, url: str) -> None:
    assert "is not the address of a Redis" in str(refuse(flags=["redis.mode=url", f"redis.url={url}"]))


def test_what_belongs_together_is_accepted(load: Load) -> None:
    flags = {
        "redis.socket": "tcp",
        "redis.port": 7000,
        "risk.max_gross_exposure": "150%",
        "risk.max_symbol_exposure": "150%",
        "feed.mode": "synthetic",
        "feed.synthetic.start_prices": {"BTC-USDT": 60000},
        "strategies.ema.order.style": "post_only",
        "strategies.ema.order.offset_ticks": -1,
        "strategies.ema.order.time_to_live": "3s",
    }
    assert load(flags=flags).config.redis.port == 7000
