"""The one table of event types: the names operators know, and how loudly each is reported."""

from __future__ import annotations

import pytest

from messages.events import EventType, Severity, severity
from tests.messages.desk_types import desk_types

pytestmark = pytest.mark.unit

KNOWN_NAMES_AS_TEXT = """
    cycle_start cycle_end
    trade_submitted trade_filled trade_rejected trade_cancelled
    decision_made position_opened position_closed
    kill_switch_triggered daily_loss_warning drawdown_warning position_limit_warning exposure_warning gate_blocked
    engine_start engine_stop engine_pause engine_resume
    error warning heartbeat
    connection_lost connection_restored broker_connected broker_disconnected
    quote_stale quote_received data_error data_gap_detected
    reconciliation_start reconciliation_end reconciliation_mismatch
    backtest_start backtest_end stage_change
"""
KNOWN_NAMES = KNOWN_NAMES_AS_TEXT.split()
"""The 36 that operators' dashboards and alert rules have always used."""

BY_SEVERITY = {
    Severity.CRITICAL: "kill_switch_triggered supervisor_escalated store_lost child_given_up",
    Severity.ERROR: """
        dead_lettered error order_unknown order_external reconciliation_mismatch data_error
    """,
    Severity.WARNING: """
        child_down child_restarting warning mode_changed
        daily_loss_warning drawdown_warning position_limit_warning exposure_warning
        connection_lost broker_disconnected quote_stale data_gap_detected anomaly_detected
    """,
    Severity.INFO: """
        trade_submitted trade_filled trade_rejected trade_cancelled decision_made position_opened position_closed
        gate_blocked engine_start engine_stop engine_pause engine_resume connection_restored broker_connected
        reconciliation_start reconciliation_end backtest_start backtest_end stage_change
        intent_raised intent_decided intent_closed order_placing order_changed arming_changed anomaly_cleared
        child_started child_stopped capital_changed limits_changed adaptation_applied
        universe_changed
        router_metrics
    """,
    Severity.DEBUG: "heartbeat quote_received cycle_start cycle_end ledger_posted",
}
ROWS = [(name, level) for level, names in BY_SEVERITY.items() for name in names.split()]


def test_the_known_names_are_thirty_six_different_ones() -> None:
    assert len(KNOWN_NAMES) == len(set(KNOWN_NAMES)) == 36


@pytest.mark.parametrize("name", KNOWN_NAMES)
def test_an_event_that_operators_know_has_its_name(name: str) -> None:
    assert EventType(name).name == name.upper()


def test_the_desk_adds_names_for_orders_modes_anomalies_supervision_capital_and_adaptation() -> None:
    added = {event_type.value.partition("_")[0] for event_type in EventType} - {
        name.partition("_")[0] for name in KNOWN_NAMES
    }
    assert added >= {"intent", "order", "mode", "anomaly", "child", "supervisor", "capital", "adaptation"}


@pytest.mark.parametrize(("name", "level"), ROWS)
def test_an_event_is_reported_as_loudly_as_the_table_says(name: str, level: Severity) -> None:
    assert severity(EventType(name)) is level


def test_the_table_has_one_row_for_every_event_type() -> None:
    assert sorted(name for name, _ in ROWS) == sorted(EventType)


@pytest.mark.parametrize("event_type", EventType)
def test_a_name_is_plain_lower_case(event_type: EventType) -> None:
    assert event_type.value == event_type.name.lower()
    assert event_type.value.replace("_", "").isalpha()


def test_what_says_warning_or_error_is_not_reported_below_it() -> None:
    for event_type in EventType:
        if event_type.value.endswith("warning"):
            assert severity(event_type) is Severity.WARNING
        if event_type.value.endswith("error"):
            assert severity(event_type) is Severity.ERROR


def test_the_kill_switch_is_announced_by_the_message_that_pulls_it() -> None:
    announced = {kind.__name__: kind.event_type for kind in desk_types() if kind.event_type is not None}
    assert announced["Halt"] is EventType.KILL_SWITCH_TRIGGERED
    assert announced["ModeChanged"] is EventType.MODE_CHANGED
    assert announced["DeadLettered"] is EventType.DEAD_LETTERED
    assert announced["StoreRenewed"] is EventType.STORE_LOST
    assert announced["FillReceived"] is EventType.TRADE_FILLED
