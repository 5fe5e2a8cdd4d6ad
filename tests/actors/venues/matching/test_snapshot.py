"""Snapshot and restore: the state is exact, in memory and in its stored forms."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.venues.matching.engine import MatchingEngine
from actors.venues.matching.events import Event
from actors.venues.matching.instruments import Instrument, MarketKind
from actors.venues.matching.snapshot import SCHEMA_VERSION, EngineSnapshot
from messages.errors import SchemaVersionError
from messages.intents import Side
from messages.reasons import Reason
from tests.actors.venues.matching.builders import Desk, amount, fills, instrument, make_order, rejection
from tests.actors.venues.matching.flows import CASH, RICH, Step, flows, instruments, new_engine, play

pytestmark = pytest.mark.property

FORMS: dict[str, Callable[[EngineSnapshot], EngineSnapshot]] = {
    "memory": lambda snapshot: snapshot,
    "msgpack": lambda snapshot: msgspec.msgpack.decode(msgspec.msgpack.encode(snapshot), type=EngineSnapshot),
    "json": lambda snapshot: msgspec.json.decode(msgspec.json.encode(snapshot), type=EngineSnapshot),
}


@pytest.mark.parametrize("form", FORMS)
@given(instruments, flows, st.floats(0, 1), st.sampled_from([RICH, CASH]))
@settings(max_examples=60, deadline=None)
def test_a_restored_engine_goes_on_as_if_nothing_had_happened(
    form: str, traded: Instrument, steps: list[Step], part: float, accounts: tuple[object, ...]
) -> None:
    cut = int(part * len(steps))
    original = new_engine(traded, accounts)  # type: ignore[arg-type]
    for number in range(cut):
        play(original, steps[number], number, steps)
    restored = MatchingEngine.restore(FORMS[form](original.snapshot()))
    for engine in (original, restored):
        for number in range(cut, len(steps)):
            play(engine, steps[number], number, steps)
        engine.advance(engine.now + 10)
    assert _stored(original) == _stored(restored)
    assert restored.drain() == original.drain()


def test_a_snapshot_is_not_changed_by_what_happens_afterwards() -> None:
    desk = Desk()
    desk.quote(100.0, 5, 100.2, 5)
    desk.buy(3, "100.0")
    snapshot = desk.engine.snapshot()
    before = msgspec.msgpack.encode(snapshot)
    desk.trade(99.0, 9, -1)
    desk.buy(1)
    assert msgspec.msgpack.encode(snapshot) == before


def test_two_engines_restored_from_one_snapshot_are_independent() -> None:
    desk = Desk()
    desk.quote(100.0, 5, 100.2, 5)
    desk.buy(3, "100.0")
    snapshot = desk.engine.snapshot()
    one, other = MatchingEngine.restore(snapshot), MatchingEngine.restore(snapshot)
    one.on_trade("BTC-USDT", 99, 99.0, 9.0, -1)
    assert one.open_orders("a") == []
    assert len(other.open_orders("a")) == 1


def test_commands_under_way_and_used_ids_survive() -> None:
    desk = Desk()
    desk.buy(1, "90.0", id="used")
    desk.engine.submit(make_order(Side.BUY, 1, "91.0", id="flying"), 1000)
    desk.engine = MatchingEngine.restore(desk.engine.snapshot())
    assert desk.engine.next_arrival() == 1000
    assert rejection(desk.buy(1, id="used")) is not None
    desk.engine.advance(1000)
    assert desk.engine.knows("a", "flying")


def test_events_are_stored_by_their_names() -> None:
    desk = Desk()
    desk.quote(100.0, 5, 100.2, 5)
    for event in desk.buy(1):
        assert msgspec.msgpack.decode(msgspec.msgpack.encode(event), type=Event) == event
        assert msgspec.json.decode(msgspec.json.encode(event))["type"] == type(event).__name__


def test_a_snapshot_of_newer_code_is_refused() -> None:
    snapshot = msgspec.structs.replace(Desk().engine.snapshot(), schema_version=SCHEMA_VERSION + 1)
    with pytest.raises(SchemaVersionError, match="upgrade"):
        MatchingEngine.restore(snapshot)


def test_a_snapshot_of_version_1_is_read_and_goes_on() -> None:
    stored = (Path(__file__).parent / "snapshot_v1.json").read_bytes()
    desk = Desk()
    desk.engine = MatchingEngine.restore(msgspec.json.decode(stored, type=EngineSnapshot))
    assert [order.client_order_id for order in desk.engine.open_orders("a")] == ["rest", "stop"]
    assert desk.engine.next_arrival() == 100
    assert fills(desk.funding("0.01", 100)) == []
    assert fills(desk.trade(99.8, 5, -1)) == [(2, 99.9)]
    assert fills(desk.quote(98.9, 5, 99.1, 5)) == [(1, 98.9)]
    assert desk.engine.snapshot().schema_version == SCHEMA_VERSION == 2


def test_bars_go_on_where_they_were() -> None:
    desk = Desk(instrument(MarketKind.BARS, model_max_participation=amount("0.5")))
    desk.bar(100.0, 101.0, 99.0, 100.0)
    desk.buy(3, id="market")
    desk.buy(1, "99.0", id="resting")
    desk.bar(100.0, 100.5, 99.5, 100.0, 4)
    desk.engine.advance(desk.engine.now + 2_000_000_000)
    desk.sell(1, "100.1", id="late", account="b")
    desk.engine = MatchingEngine.restore(desk.engine.snapshot())
    events = desk.bar(98.0, 101.0, 97.0, 100.0, 40)
    assert fills(events) == [(1, 98.0), (1, 98.0)]
    assert fills(desk.bar(99.0, 101.0, 98.0, 100.0, 40), "b") == [(1, 100.1)]


def _stored(engine: MatchingEngine) -> bytes:
    return msgspec.msgpack.encode(engine.snapshot())


@pytest.mark.parametrize("kind", [MarketKind.TOP, MarketKind.DEPTH])
def test_liquidity_that_was_taken_stays_taken(kind: MarketKind) -> None:
    desk = Desk(instrument(kind))
    desk.quote(100.0, 5, 100.2, 2)
    desk.depth([(100.0, 5)], [(100.2, 2)], snapshot=True)
    desk.buy("1.5")
    desk.engine = MatchingEngine.restore(desk.engine.snapshot())
    assert fills(desk.buy(2)) == [(0.5, 100.2)]


def test_a_woken_stop_keeps_its_place_at_the_end_of_the_line() -> None:
    desk = Desk(instrument(MarketKind.NONE))
    desk.buy(1, "99.0", stop="100.0", account="a")
    desk.buy(1, "99.0", account="b")
    desk.sell(1, "100.0", account="c")
    desk.buy("0.5", "100.0", account="b")
    desk.engine = MatchingEngine.restore(desk.engine.snapshot())
    events = desk.sell(2, "99.0", account="c")
    assert [event.account for event in events if event.account != "c"] == ["b", "a"]


def test_what_an_engine_restored_mid_flow_holds_is_released_as_before() -> None:
    desk = Desk(accounts=CASH)
    desk.buy("0.4", "100.0", id="x")
    desk.engine = MatchingEngine.restore(desk.engine.snapshot())
    assert rejection(desk.buy("0.4", "100.0")) is Reason.INSUFFICIENT_BALANCE
    desk.cancel("x")
    assert rejection(desk.buy("0.4", "100.0")) is None
