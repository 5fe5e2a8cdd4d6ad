"""Every drill passes on a sound desk, and fails on one whose handling of the fault is broken."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

import actors.execution.gate as gate
import actors.execution.modes as execution_modes
import actors.risk.facts as facts
import actors.risk.modes as risk_modes
import actors.strategy.actor as strategy_actor
import actors.strategy.gates as gates
from actors.risk.checks import permission
from actors.risk.checks.row import passed
from cluster.drill.drills import DRILLS
from cluster.drill.evidence import Evidence
from cluster.drill.run import run_drill
from config import load_config
from messages.control import ALLOWED, Action, Mode
from messages.errors import ConfigurationError
from messages.modes import Clearing, ModeSource
from messages.reasons import Reason
from messages.venue_stream import VenueEvent
from tests.cluster.drill.conftest import RunDrill, failed

LONG_LIVED = "strategies.momentum.order.time_to_live=30s"
"""So that orders don't end by themselves where a broken desk forgets them."""

Break = Callable[[pytest.MonkeyPatch], None]


@pytest.mark.parametrize("name", DRILLS)
def test_a_sound_desk_passes(drill: RunDrill, name: str) -> None:
    document = drill(name)

    assert failed(document) == set()
    assert document.passed
    assert document.fault_begin is not None
    assert document.start < document.fault_begin < document.end


@pytest.mark.long
@pytest.mark.parametrize("name", DRILLS)
def test_a_sound_desk_passes_on_recorded_data(name: str, tmp_path: Path) -> None:
    data = Path(__file__).parents[3] / ".." / "shared" / "data" / "binance_raw_l2"
    if not data.exists():
        pytest.skip("skipped: no recorded data")
    loaded = load_config("replay", environ={}, overrides=DRILLS[name].overrides)
    document = run_drill(DRILLS[name], loaded, sorted(data.glob("usdm_*.gz")), tmp_path)

    assert failed(document) == set()


# --- broken desks ---------------------------------------------------------------------------------------------


def test_a_desk_that_takes_old_quotes_and_marks_fails_stale_quotes(drill: RunDrill) -> None:
    document = drill("stale_quotes", "feed.max_quote_age=1h", "risk.max_mark_age=1h")

    assert not document.passed
    assert {
        "an intent on the mark that stood still is refused: mark_stale",
        "no entry on quotes that are 8 s old",
        "the quotes are told stale",
    } <= failed(document)


def _believes_any_clock(patch: pytest.MonkeyPatch) -> None:
    for module in (gates, strategy_actor):
        patch.setattr(module, "is_fresh", lambda slot, now: True)


def _knows_no_deadline(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(gate, "CHECKS", tuple(row for row in gate.CHECKS if row[0] is not Reason.EXPIRED))


def _trades_unreconciled(patch: pytest.MonkeyPatch) -> None:
    def harmless(reason: str, now: int, clearing: Clearing = Clearing.PERSON) -> ModeSource:
        return ModeSource(Mode.NORMAL, reason, clearing, now)

    patch.setattr(risk_modes, "reducing", harmless)


def _leaves_orders_working(patch: pytest.MonkeyPatch) -> None:
    """Execution cancels them, and should it not, so do the strategies: both are taken away."""
    patch.setattr(execution_modes, "cancel_working", lambda actor, ctx, reason: None)
    patch.setattr(strategy_actor, "cancel_entries", lambda *entries, **which: None)


def _halt_allows_everything(patch: pytest.MonkeyPatch) -> None:
    patch.setitem(ALLOWED, Mode.HALTED, frozenset(Action))  # type: ignore[misc]
    patch.setattr(permission, "only_reducing", lambda check, reason, view: passed(check))


def _ignores_falls(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(facts, "_judge_drawdown", lambda *facts: None)


@pytest.mark.parametrize(
    ("name", "broken", "expected"),
    [
        ("clock_skew", _believes_any_clock, {"no entry while the clock can't be believed"}),
        ("retry_storm", _knows_no_deadline, {"none is sent behind its deadline"}),
        (
            "reconcile_lag",
            _trades_unreconciled,
            {"REDUCE at once", "no order adds exposure until the account agrees"},
        ),
        ("kill_switch", _leaves_orders_working, {"working orders are cancelled"}),
        (
            "kill_switch",
            _halt_allows_everything,
            {"no order that adds exposure from then on", "strategies enter nothing"},
        ),
        ("drawdown", _ignores_falls, {"REDUCE at once", "the fall is told with its limit"}),
    ],
)
def test_a_broken_desk_fails(
    drill: RunDrill, monkeypatch: pytest.MonkeyPatch, name: str, broken: Break, expected: set[str]
) -> None:
    broken(monkeypatch)

    document = drill(name, LONG_LIVED)

    assert not document.passed
    assert expected <= failed(document)


def test_a_desk_without_the_limit_fails_drawdown_halt(drill: RunDrill) -> None:
    document = drill("drawdown_halt", "risk.drawdown_halt=20%")

    assert "HALTED at once" in failed(document)


# --- what must hold after every drill --------------------------------------------------------------------------


def _told(change: Callable[[list[VenueEvent]], list[VenueEvent]]) -> Any:
    real = Evidence.venue_events
    return lambda self: change(real(self))


def _one_fill_more(events: list[VenueEvent]) -> list[VenueEvent]:
    """The venue has filled an order once more than was told, as another order of the same id."""
    last = next(event for event in reversed(events) if event.fill is not None)
    assert last.fill is not None
    fill = msgspec.structs.replace(last.fill, fill_id="another")
    return [*events, msgspec.structs.replace(last, fill=fill, venue_order_id="another")]


def test_a_fill_that_was_not_booked_and_a_doubled_order_are_found(
    drill: RunDrill, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Evidence, "venue_events", _told(_one_fill_more))

    assert failed(drill("kill_switch")) == {
        "every fill of the venue is booked once",
        "no order is doubled, none filled beyond its approval",
    }


def test_two_runs_that_differ_fail(drill: RunDrill, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Evidence, "fingerprint", property(lambda self: f"{id(self)}"))

    assert failed(drill("kill_switch")) == {"the same drill gives the same fingerprint"}


def test_a_market_on_which_nobody_trades_proves_nothing(drill: RunDrill) -> None:
    document = drill("kill_switch", "risk.max_order_notional=10", "risk.min_notional=10")

    assert not document.passed
    assert document.fault_begin is None
    assert failed(document) == {"there is a place for the fault"}


def test_too_little_data_is_refused(drill: RunDrill) -> None:
    with pytest.raises(ConfigurationError, match="the drill needs 90s of market data"):
        drill("kill_switch", "feed.synthetic.duration=30s")
