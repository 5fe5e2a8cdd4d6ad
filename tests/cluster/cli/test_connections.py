"""Live prices and venues on the screen, in `status --json`, and in the exit code of `health`."""

from __future__ import annotations

import time

import msgspec
import pytest
import redis

from cluster.cli.connections import feeds_entry, feeds_line, venue_entries, venue_line
from cluster.cli.documents import StatusDocument
from cluster.cli.exits import Exit
from cluster.cli.live import live_view
from cluster.observe.connections import Connections
from cluster.observe.health import Pulses
from cluster.observe.projection import Projection
from config import load_config
from tests.cluster.cli.conftest import Command
from tests.cluster.cli.desks import FAST, StoredDesk
from tests.cluster.cli.test_live import drawn
from tests.cluster.observe.notes import NOW, SECOND, connections, feed, port

FINE = {"A": feed(), "B": feed()}


def line(told: Connections) -> str:
    found = feeds_entry(told)
    assert found is not None
    return feeds_line(found)


@pytest.mark.unit
def test_prices_are_told_in_a_line() -> None:
    assert line(connections(FINE, {})) == (
        "2 of 2 up, 0 stale, 0 polled, worst age 100 ms, shed 25.00%, 4 reconnects"
    )


@pytest.mark.unit
def test_what_is_wrong_with_prices_stands_out() -> None:
    slow = feed(
        up=False, stale=True, polled=True, age=9 * SECOND, storm=True, warm_up="incomplete: no answer"
    )
    said = line(connections({"A": feed(), "B": slow, "C": None}, {}))

    assert "1 of 3 up, [bold red]1 stale[/], 1 polled, [bold red]1 unknown[/], worst age 9 s" in said
    assert "[bold red]1 in a storm of reconnects[/]" in said
    assert "[yellow]warm-up incomplete: B[/]" in said


@pytest.mark.unit
@pytest.mark.parametrize(
    ("note", "says"),
    [
        (port(), "stream up, 1 reconnects, clock +2 ms ± 500 µs, budget 50% used"),
        (
            port(clock_offset=-2_000_000, rates={}),
            "stream up, 1 reconnects, clock -2 ms ± 500 µs, budget - used",
        ),
        (
            port(clock_offset=None, stream_up=None),
            "no stream, 1 reconnects, clock not known, budget 50% used",
        ),
        (
            port(stream_up=False, circuit_open_until=NOW + 1),
            "[bold red]stream down[/], 1 reconnects, clock +2 ms ± 500 µs, budget 50% used, "
            "[bold red]circuit open[/]",
        ),
        (None, "[bold red]unknown: its process has told nothing lately[/]"),
    ],
    ids=["fine", "behind", "little known", "in trouble", "unknown"],
)
def test_a_venue_is_told_in_a_line(note: object, says: str) -> None:
    told = connections({}, {"v": note})  # type: ignore[dict-item]

    assert venue_line(venue_entries(told)["v"]) == says


@pytest.mark.unit
def test_the_live_view_has_a_line_of_them_and_none_on_paper() -> None:
    def frame(told: Connections) -> str:
        return drawn(
            live_view(Projection(), [], Pulses(), None, elapsed_s=0.0, fresh_within_s=5.0, connections=told)
        )

    assert "feeds 2 of 2 up" in frame(connections(FINE, {"binance": port()}))
    assert "binance stream up" in frame(connections(FINE, {"binance": port()}))
    assert "binance stream up" in frame(connections({}, {"binance": port()}))
    assert "feeds" not in frame(Connections())


@pytest.fixture
def live_desk(desk: StoredDesk) -> StoredDesk:
    """A desk on a local exchange, whose processes have not told anything yet."""
    settings = (f"desk.name={desk.name}", *FAST)
    desk.loaded = load_config("demo", environ={}, overrides=settings)
    return desk


def tell(desk: StoredDesk, note: msgspec.Struct, *names: str) -> None:
    """Leave a note of just now."""
    client = redis.Redis.from_url(desk.url)
    data = msgspec.json.encode(msgspec.structs.replace(note, time=time.time_ns()))
    client.hset(desk.keys.notes, mapping=dict.fromkeys(names, data))
    client.close()


@pytest.mark.integration
def test_status_shows_what_processes_have_told(live_desk: StoredDesk, command: Command) -> None:
    tell(live_desk, feed(), *(f"feed/{symbol}" for symbol in live_desk.loaded.config.symbols))
    tell(live_desk, port(), "port/binance")

    document = msgspec.json.decode(command("status", "--json", on=live_desk).out, type=StatusDocument)
    said = command("status", on=live_desk).out

    assert document.feeds is not None
    assert (document.feeds.symbols, document.feeds.up, document.feeds.unknown) == (12, 12, 0)
    assert document.venues["binance"].rates_used == {"weight_1m": 0.25, "orders_10s": 0.5}
    assert "12 of 12 up" in said
    assert "venue binance" in said


@pytest.mark.integration
def test_health_fails_while_a_venue_is_down_or_prices_are_not_known(
    live_desk: StoredDesk, command: Command
) -> None:
    tell(live_desk, feed(), *(f"feed/{symbol}" for symbol in list(live_desk.loaded.config.symbols)[1:]))
    tell(live_desk, port(stream_up=False), "port/binance")

    said = command("health", on=live_desk)

    assert said.code == Exit.TROUBLE
    assert "private stream down" in said.out
    assert "BTC-USDT-PERP: unknown" in said.out


@pytest.mark.integration
def test_a_paper_desk_shows_neither(desk: StoredDesk, command: Command) -> None:
    document = msgspec.json.decode(command("status", "--json", on=desk).out, type=StatusDocument)

    assert (document.feeds, document.venues) == (None, {})
    assert "feeds" not in command("status", on=desk).out
