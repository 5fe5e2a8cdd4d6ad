"""The desk's one table of event types: journals, logs, alerts and metrics subscribe to these names."""

from __future__ import annotations

from enum import StrEnum
from typing import Final


class Severity(StrEnum):
    """How loudly an event is reported."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"
    CRITICAL = "critical"


class EventType(StrEnum):
    """Everything that can happen on a desk, by the name operators know."""

    CYCLE_START = "cycle_start"
    CYCLE_END = "cycle_end"
    TRADE_SUBMITTED = "trade_submitted"
    TRADE_FILLED = "trade_filled"
    TRADE_REJECTED = "trade_rejected"
    TRADE_CANCELLED = "trade_cancelled"
    DECISION_MADE = "decision_made"
    POSITION_OPENED = "position_opened"
    POSITION_CLOSED = "position_closed"
    KILL_SWITCH_TRIGGERED = "kill_switch_triggered"
    DAILY_LOSS_WARNING = "daily_loss_warning"
    DRAWDOWN_WARNING = "drawdown_warning"
    POSITION_LIMIT_WARNING = "position_limit_warning"
    EXPOSURE_WARNING = "exposure_warning"
    GATE_BLOCKED = "gate_blocked"
    ENGINE_START = "engine_start"
    ENGINE_STOP = "engine_stop"
    ENGINE_PAUSE = "engine_pause"
    ENGINE_RESUME = "engine_resume"
    ERROR = "error"
    WARNING = "warning"
    HEARTBEAT = "heartbeat"
    CONNECTION_LOST = "connection_lost"
    CONNECTION_RESTORED = "connection_restored"
    BROKER_CONNECTED = "broker_connected"
    BROKER_DISCONNECTED = "broker_disconnected"
    QUOTE_STALE = "quote_stale"
    QUOTE_RECEIVED = "quote_received"
    DATA_ERROR = "data_error"
    DATA_GAP_DETECTED = "data_gap_detected"
    RECONCILIATION_START = "reconciliation_start"
    RECONCILIATION_END = "reconciliation_end"
    RECONCILIATION_MISMATCH = "reconciliation_mismatch"
    BACKTEST_START = "backtest_start"
    BACKTEST_END = "backtest_end"
    STAGE_CHANGE = "stage_change"
    # orders
    INTENT_RAISED = "intent_raised"
    INTENT_DECIDED = "intent_decided"
    INTENT_CLOSED = "intent_closed"
    ORDER_PLACING = "order_placing"
    ORDER_CHANGED = "order_changed"
    ORDER_UNKNOWN = "order_unknown"
    ORDER_EXTERNAL = "order_external"
    ROUTER_METRICS = "router_metrics"
    # modes
    MODE_CHANGED = "mode_changed"
    ARMING_CHANGED = "arming_changed"
    # anomalies
    ANOMALY_DETECTED = "anomaly_detected"
    ANOMALY_CLEARED = "anomaly_cleared"
    DEAD_LETTERED = "dead_lettered"
    STORE_LOST = "store_lost"
    # supervision
    CHILD_STARTED = "child_started"
    CHILD_DOWN = "child_down"
    CHILD_RESTARTING = "child_restarting"
    CHILD_GIVEN_UP = "child_given_up"
    CHILD_STOPPED = "child_stopped"
    SUPERVISOR_ESCALATED = "supervisor_escalated"
    # capital and adaptation
    LEDGER_POSTED = "ledger_posted"
    CAPITAL_CHANGED = "capital_changed"
    LIMITS_CHANGED = "limits_changed"
    UNIVERSE_CHANGED = "universe_changed"
    ADAPTATION_APPLIED = "adaptation_applied"


_LOUD: Final[dict[EventType, Severity]] = {
    EventType.KILL_SWITCH_TRIGGERED: Severity.CRITICAL,
    EventType.SUPERVISOR_ESCALATED: Severity.CRITICAL,
    EventType.STORE_LOST: Severity.CRITICAL,
    EventType.CHILD_GIVEN_UP: Severity.CRITICAL,
    EventType.DEAD_LETTERED: Severity.ERROR,
    EventType.ERROR: Severity.ERROR,
    EventType.ORDER_UNKNOWN: Severity.ERROR,
    EventType.ORDER_EXTERNAL: Severity.ERROR,
    EventType.RECONCILIATION_MISMATCH: Severity.ERROR,
    EventType.DATA_ERROR: Severity.ERROR,
    EventType.CHILD_DOWN: Severity.WARNING,
    EventType.CHILD_RESTARTING: Severity.WARNING,
    EventType.WARNING: Severity.WARNING,
    EventType.MODE_CHANGED: Severity.WARNING,
    EventType.DAILY_LOSS_WARNING: Severity.WARNING,
    EventType.DRAWDOWN_WARNING: Severity.WARNING,
    EventType.POSITION_LIMIT_WARNING: Severity.WARNING,
    EventType.EXPOSURE_WARNING: Severity.WARNING,
    EventType.CONNECTION_LOST: Severity.WARNING,
    EventType.BROKER_DISCONNECTED: Severity.WARNING,
    EventType.QUOTE_STALE: Severity.WARNING,
    EventType.DATA_GAP_DETECTED: Severity.WARNING,
    EventType.ANOMALY_DETECTED: Severity.WARNING,
    EventType.HEARTBEAT: Severity.DEBUG,
    EventType.QUOTE_RECEIVED: Severity.DEBUG,
    EventType.CYCLE_START: Severity.DEBUG,
    EventType.CYCLE_END: Severity.DEBUG,
    EventType.LEDGER_POSTED: Severity.DEBUG,
}


def severity(event_type: EventType) -> Severity:
    """How loudly events of this type are reported; INFO unless the table says otherwise."""
    return _LOUD.get(event_type, Severity.INFO)
