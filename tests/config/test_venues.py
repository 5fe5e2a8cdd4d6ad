"""Venues with a protocol of their own: what they need to be told, and what may not be real by accident."""

from __future__ import annotations

import pytest

from tests.config.conftest import Load, Refuse

pytestmark = pytest.mark.unit

LOCAL = """\
venues:
  binance:
    kind: binance_usdm
    exchange: {seed: 3}
symbols:
  BTC-USDT-PERP: {venue: binance, listing: BTCUSDT, tick: 0.10, lot: 0.001}
strategies:
  ema: {kind: ema_cross, order: {notional: 100}}
feed: {mode: auto}
"""

REMOTE = LOCAL.replace(
    "    exchange: {seed: 3}\n",
    "    rest_url: https://demo-fapi.binance.com\n"
    "    stream_url: wss://fstream.binancefuture.com\n"
    "    api_key: ${KEY}\n"
    "    api_secret: ${SECRET}\n",
)

KEYS = {"KEY": "k", "SECRET": "s"}


def test_a_local_exchange_needs_neither_address_nor_keys(load: Load) -> None:
    venue = load(start=LOCAL).config.venues["binance"]
    assert venue.kind == "binance_usdm"
    assert not venue.real_money


@pytest.mark.parametrize(
    "host", ["demo-fapi.binance.com", "testnet.binancefuture.com", "127.0.0.1:9", "[::1]:9", "localhost"]
)
def test_a_test_network_may_be_traded_on_paper(load: Load, host: str) -> None:
    text = REMOTE.replace("demo-fapi.binance.com", host)
    assert (
        not load("desk: {environment: paper}\n", start=text, environ=KEYS).config.venues["binance"].real_money
    )


@pytest.mark.parametrize(
    "host", ["fapi.binance.com", "fapi1.binance.com", "demo-fapi.binance.com.evil.example", "10.0.0.7"]
)
def test_real_orders_on_paper_are_refused(refuse: Refuse, load: Load, host: str) -> None:
    text = REMOTE.replace("demo-fapi.binance.com", host)
    error = refuse("desk: {environment: paper}\n", start=text, environ=KEYS)
    assert "venues.binance.rest_url" in str(error)
    assert "takes real orders" in str(error)
    dry = load("desk: {environment: dry_run}\n", start=text, environ=KEYS)
    assert dry.config.venues["binance"].real_money


@pytest.mark.parametrize("name", ["rest_url", "stream_url", "api_key", "api_secret"])
def test_a_remote_venue_needs_all_of_its_addresses_and_keys(refuse: Refuse, name: str) -> None:
    text = "".join(line for line in REMOTE.splitlines(keepends=True) if name not in line)
    assert f"venues.binance.{name}" in str(refuse(start=text, environ=KEYS))


def test_keys_have_no_meaning_for_a_local_exchange_and_are_not_shown(refuse: Refuse) -> None:
    text = LOCAL.replace("    exchange", "    api_secret: open sesame\n    exchange")
    told = str(refuse(start=text))
    assert "venues.binance.api_secret" in told
    assert "sesame" not in told


@pytest.mark.parametrize(
    ("more", "field", "said"),
    [
        ("feed: {mode: synthetic}\n", "feed.mode", "is not the market of binance"),
        ("feed: {mode: recorded}\n", "feed.mode", "is not the market of binance"),
    ],
)
def test_a_venue_with_prices_of_its_own_takes_no_others(
    refuse: Refuse, more: str, field: str, said: str
) -> None:
    error = str(refuse(start=LOCAL.replace("feed: {mode: auto}\n", more)))
    assert field in error
    assert said in error


def test_paper_venues_have_no_live_prices(refuse: Refuse) -> None:
    assert "has no live prices for the paper venue paper" in str(refuse("feed: {mode: stream}\n"))


def test_a_request_may_not_outlive_the_lease(refuse: Refuse) -> None:
    error = str(refuse(start=LOCAL.replace("    exchange", "    recv_window: 6s\n    exchange")))
    assert "venues.binance.recv_window" in error
    assert "longer than supervision.lease" in error


@pytest.mark.parametrize("window", ["4001ms", "6s"])
def test_a_request_is_over_before_the_lease_even_where_the_venues_clock_is_behind(
    refuse: Refuse, window: str
) -> None:
    error = str(refuse(start=LOCAL.replace("    exchange", f"    recv_window: {window}\n    exchange")))
    assert "less a second" in error


def test_comparing_the_account_may_not_spend_the_budget_of_requests(refuse: Refuse) -> None:
    error = str(refuse(start=LOCAL.replace("    exchange", "    reconcile: {interval: 2s}\n    exchange")))
    assert "venues.binance.reconcile.interval" in error
    assert "5s" in error


def test_the_start_price_of_a_symbol_that_is_not_there_is_refused(refuse: Refuse) -> None:
    start = LOCAL.replace("{seed: 3}", "{start_prices: {ETH-USDT-PERP: 3000}}")
    error = str(refuse(start=start))
    assert "venues.binance.exchange.start_prices" in error
    assert "ETH-USDT-PERP" in error


SECOND_VENUE = REMOTE.replace("  binance:\n", "  spare:\n").split("symbols:")[0].removeprefix("venues:\n")
"""Another venue with the same key at the same address."""


def test_two_venues_on_one_account_are_refused_with_both_names(refuse: Refuse) -> None:
    text = REMOTE.replace("symbols:\n", f"{SECOND_VENUE}symbols:\n", 1)
    error = refuse("desk: {environment: paper}\n", start=text, environ=KEYS)
    assert "venues.spare.api_key" in str(error)
    assert "binance and spare would trade on one account" in str(error)
    assert "give each an account of its own" in str(error)


@pytest.mark.parametrize(
    ("before", "after"),
    [("${KEY}", "other"), ("demo-fapi", "another"), ("    api_key", "    read_only: true\n    api_key")],
)
def test_two_venues_that_do_not_trade_on_one_account_are_fine(load: Load, before: str, after: str) -> None:
    second = SECOND_VENUE.replace(before, after)
    text = REMOTE.replace("symbols:\n", f"{second}symbols:\n", 1)
    config = load("desk: {environment: dry_run}\n", start=text, environ=KEYS).config
    assert set(config.venues) == {"binance", "spare"}
