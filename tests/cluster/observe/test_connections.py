"""Live prices and venues as watchers see them: what nobody has told lately is unknown, never fine."""

from __future__ import annotations

import asyncio

import pytest

from cluster.metrics import Picture, metrics_text
from cluster.observe.connections import FRESH_NS, Connections, read_connections
from cluster.observe.health import judge
from config import load_config
from tests.cluster.observe import stories
from tests.cluster.observe.notes import NOW, SECOND, Board, connections, feed, port
from tests.cluster.observe.test_figures import BOTH, beating, status
from tests.cluster.observe.test_projection import folded

pytestmark = pytest.mark.unit

LIVE = load_config("demo", environ={}).config
PAPER = load_config("synthetic", environ={}).config


def read(board: Board, *, now: int = NOW, config: object = LIVE) -> Connections:
    return asyncio.run(read_connections(board, config, now))  # type: ignore[arg-type]


def test_every_symbol_and_venue_of_the_settings_is_there_also_when_nothing_was_told() -> None:
    told = read(Board())

    assert [each.symbol for each in told.feeds] == list(LIVE.symbols)
    assert [each.venue for each in told.venues] == ["binance"]
    assert all(each.note is None for each in (*told.feeds, *told.venues))


def test_a_paper_desk_has_no_connections() -> None:
    assert read(Board(), config=PAPER) == Connections(NOW)


@pytest.mark.parametrize(
    ("age", "known"),
    [(0, True), (FRESH_NS, True), (FRESH_NS + 1, False), (-FRESH_NS - 1, False)],
    ids=["now", "just fresh", "old", "of the future"],
)
def test_a_note_counts_for_a_few_seconds(age: int, known: bool) -> None:
    told = read(Board(**{"feed/BTC-USDT-PERP": feed(), "port/binance": port()}), now=NOW + age)

    assert told.feeds[0].note == (feed() if known else None)
    assert told.venues[0].note == (port() if known else None)


def test_a_note_that_cannot_be_read_is_none() -> None:
    told = read(Board(**{"feed/BTC-USDT-PERP": b'{"up": "yes"}', "port/binance": b"\xff"}))

    assert told.feeds[0].note is None
    assert told.venues[0].note is None


def test_figures_are_of_what_is_known() -> None:
    told = connections(
        {
            "A": feed(),
            "B": feed(received=0, shed=0, age=None, stale=True, warm_up="incomplete: no answer"),
            "C": None,
        },
        {},
    )

    assert told.oldest == SECOND // 10
    assert told.shed_ratio == 0.25
    assert told.cold == {"B": "incomplete: no answer"}
    assert told.forgotten() == connections({"A": None, "B": None, "C": None}, {})


# ---------------------------------------------------------------------- health


def checks(told: Connections) -> dict[str, tuple[bool, str]]:
    health = judge(
        folded(stories.one_trade()),
        [status(address) for address in BOTH],
        beating(*BOTH),
        writable=True,
        fresh_within_s=5,
        connections=told,
    )
    assert health.healthy == all(check.ok for check in health.checks)
    return {check.name: (check.ok, check.detail) for check in health.checks}


def test_a_desk_whose_prices_and_venue_are_fine_is_healthy() -> None:
    told = checks(connections({"A": feed(), "B": feed(polled=True, up=False)}, {"binance": port()}))

    assert told["stream/binance"] == (True, "private stream up")
    assert told["feeds"] == (True, "2 of 2 fresh")


@pytest.mark.parametrize(
    ("note", "says"),
    [
        (None, "unknown: its process has told nothing lately"),
        (port(stream_up=False), "private stream down"),
        (port(circuit_open_until=NOW + 1), "circuit open: it has not been answering"),
    ],
    ids=["unknown", "down", "circuit open"],
)
def test_a_venue_in_trouble_is_named(note: object, says: str) -> None:
    assert checks(connections({}, {"binance": note}))["stream/binance"] == (False, says)  # type: ignore[dict-item]


def test_a_circuit_that_has_closed_again_and_a_venue_without_a_stream_are_fine() -> None:
    told = connections({}, {"a": port(circuit_open_until=NOW), "b": port(stream_up=None)})

    assert [ok for ok, _ in checks(told).values()] == [True] * 5


def test_stale_and_unknown_prices_are_named_but_not_by_the_hundred() -> None:
    bad = {f"S{number}": None for number in range(5)}
    told = connections(
        {"A": feed(), "B": feed(stale=True, age=3 * SECOND), "C": feed(stale=True, age=None), **bad}, {}
    )

    ok, detail = checks(told)["feeds"]
    assert not ok
    assert detail == "B: 3.0 s old, C: no price yet, S0: unknown, S1: unknown, S2: unknown and 2 more"


# ---------------------------------------------------------------------- metrics


def page(told: Connections) -> list[str]:
    picture = Picture("demo", "paper", "abc")
    picture.connections = told
    return metrics_text(picture).decode().splitlines()


@pytest.mark.parametrize(
    "line",
    [
        'raydesk_feed_up{symbol="A"} 1.0',
        'raydesk_feed_age_seconds{symbol="A"} 0.1',
        'raydesk_feed_stale{symbol="A"} 0.0',
        'raydesk_feed_polled{symbol="A"} 0.0',
        'raydesk_feed_shed_ratio{symbol="A"} 0.25',
        'raydesk_feed_reconnects_total{symbol="A"} 2.0',
        'raydesk_feed_up{symbol="unknown"} 0.0',
        'raydesk_venue_stream_up{venue="binance"} 1.0',
        'raydesk_venue_clock_offset_seconds{venue="binance"} 0.002',
        'raydesk_venue_clock_error_seconds{venue="binance"} 0.0005',
        'raydesk_venue_rate_used_ratio{limit="weight_1m",venue="binance"} 0.25',
        'raydesk_venue_rate_used_ratio{limit="orders_10s",venue="binance"} 0.5',
        'raydesk_venue_circuit_open{venue="binance"} 0.0',
        'raydesk_venue_circuit_open{venue="broken"} 1.0',
        'raydesk_venue_stream_up{venue="unknown"} 0.0',
        'raydesk_venue_reconnects_total{venue="binance"} 1.0',
    ],
)
def test_the_page_says(line: str) -> None:
    broken = port(stream_up=None, circuit_open_until=NOW + SECOND)
    told = connections({"A": feed(), "unknown": None}, {"binance": port(), "broken": broken, "unknown": None})

    assert line in page(told)


def test_of_what_is_not_known_only_that_it_is_not_up_is_told() -> None:
    told = page(connections({"A": None, "B": feed(age=None)}, {"v": None, "w": port(stream_up=None)}))

    lines = {line for line in told if not line.startswith("#")}
    assert {line for line in lines if '"A"' in line} == {'raydesk_feed_up{symbol="A"} 0.0'}
    assert {line for line in lines if '"v"' in line} == {'raydesk_venue_stream_up{venue="v"} 0.0'}
    assert not [line for line in lines if line.startswith('raydesk_feed_age_seconds{symbol="B"')]
    assert not [line for line in lines if line.startswith('raydesk_venue_stream_up{venue="w"')]
