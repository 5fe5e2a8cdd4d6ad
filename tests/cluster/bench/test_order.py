"""The way from quote to order is measured on real processes and sockets; how long it takes is no test's business."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from cluster.bench.order import HOPS, measure_order
from cluster.bench.order_desk import EXECUTION, RISK, STRATEGY, SYMBOL, exchange_settings, order_launch
from cluster.bench.order_probes import QuoteReads, placed_in
from cluster.bench.paths import PathPlan
from cluster.embedded_redis import EmbeddedRedis, RedisSettings
from cluster.host.launch import ChildLaunch
from cluster.host.process_spec import process_spec

TINY = PathPlan(rounds=1, samples=5, warm_up=2, pause_s=0.0)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[str]:
    redis = EmbeddedRedis(RedisSettings(str(tmp_path / "redis"), appendfsync="no"))
    yield redis.ensure_running()
    redis.stop()


@pytest.mark.integration
def test_every_part_of_the_way_is_measured_and_together_they_are_all_of_it(
    server: str, tmp_path: Path
) -> None:
    found = measure_order(server, tmp_path, TINY)

    assert found["samples"] == 5
    assert 0 < found["floor_p50_us"] <= found["floor_p99_us"]
    assert 0 < found["p50_us"] <= found["p99_us"]
    parts = [found[name] for name in HOPS]
    assert all(0 < part["p50_us"] <= found["p99_us"] for part in parts)
    assert sum(part["share"] for part in parts) == pytest.approx(1.0, abs=0.01)
    assert found["answer_after"]["p50_us"] > 0


@pytest.mark.unit
def test_the_desk_has_one_strategy_on_one_symbol_and_an_exchange_without_limits(tmp_path: Path) -> None:
    launch = order_launch("redis://127.0.0.1:1/0", tmp_path)
    settings = exchange_settings(launch)

    assert (list(launch.config.symbols), list(launch.config.strategies)) == ([SYMBOL], ["on_cue"])
    assert [rules.listing for rules in settings.market.listings] == ["BTCUSDT"]
    assert settings.front.limits.orders_per_minute > 1_000_000
    for address in (STRATEGY, RISK, EXECUTION):
        assert process_spec(ChildLaunch(launch, address, "actor", {}, None)).address == address


@pytest.mark.unit
@pytest.mark.parametrize(
    ("wire", "order_id"),
    [
        (b"POST /fapi/v1/order?symbol=X&newClientOrderId=rd7&side=BUY HTTP/1.1\r\n\r\n", "rd7"),
        (b"POST /fapi/v1/order?symbol=X&newClientOrderId=rd7 HTTP/1.1\r\nHost: a\r\n\r\n", "rd7"),
        (b"POST /fapi/v1/order HTTP/1.1\r\n\r\nsymbol=X&newClientOrderId=rd7", "rd7"),
        (b"POST /fapi/v1/listenKey HTTP/1.1\r\n\r\n", None),
        (b"DELETE /fapi/v1/order?newClientOrderId=rd7 HTTP/1.1\r\n\r\n", None),
    ],
    ids=["amid the query", "at its end", "in the body", "another request", "a cancel"],
)
def test_a_request_that_places_an_order_is_known_by_its_id(wire: bytes, order_id: str | None) -> None:
    assert placed_in(wire) == order_id


@pytest.mark.unit
def test_a_quote_is_found_in_the_first_read_that_told_of_its_time() -> None:
    reads = QuoteReads()
    for at, frame in (
        (1, b'{"e":"aggTrade","E":1700000000001}'),
        (2, b'{"e":"bookTicker","E":1700000000001}'),
        (3, b'{"e":"bookTicker","E":1700000000001}'),
    ):
        reads.note(at, frame)

    assert reads.of_quote(1_700_000_000_001_000_000) == 2
    assert reads.of_quote(1_700_000_000_002_000_000) is None
