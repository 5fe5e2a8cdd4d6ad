"""The desk's one taxonomy of reason codes: why something was rejected, resized, ended, refused or stopped."""

from __future__ import annotations

from enum import StrEnum


class Layer(StrEnum):
    """Which layer of the desk took a decision."""

    STRATEGY = "strategy"
    RISK = "risk"
    EXECUTION = "execution"
    VENUE = "venue"
    RUNTIME = "runtime"
    OPERATOR = "operator"


class Reason(StrEnum):
    """Stable reason codes. A code never changes its meaning; new ones are added."""

    ACCEPTED = "accepted"
    # risk: what the whole desk is allowed
    KILL_SWITCH = "kill_switch"
    MODE_REDUCE = "mode_reduce"
    MODE_OBSERVE = "mode_observe"
    MODE_OUTDATED = "mode_outdated"
    EXPIRED = "expired"
    # risk: what is known
    NAV_STALE = "nav_stale"
    MARK_STALE = "mark_stale"
    MARK_MISSING = "mark_missing"
    SYMBOL_UNKNOWN = "symbol_unknown"
    INTENT_MALFORMED = "intent_malformed"
    # risk: limits
    MIN_NOTIONAL = "min_notional"
    MAX_ORDER_NOTIONAL = "max_order_notional"
    SYMBOL_EXPOSURE = "symbol_cap"
    GROSS_EXPOSURE = "max_gross_nav_pct"
    CASH_RESERVE = "cash_reserve"
    MAX_POSITIONS = "max_concurrent"
    MAX_OPEN_ORDERS = "max_open_orders"
    DAILY_LOSS = "daily_loss"
    DRAWDOWN = "nav_drawdown_limit"
    PRICE_COLLAR = "price_collar"
    BELOW_MINIMUM_AFTER_RESIZE = "below_min_after_caps"
    NO_ROOM = "no_capacity"
    # strategy
    COOLDOWN = "cooldown"
    STALE_QUOTE = "stale_quote"
    STOP = "stop"
    TARGET = "target"
    TRAILING = "trailing"
    TIME_EXIT = "time_exit"
    SIGNAL = "signal"
    INTENT_OPEN = "intent_open"
    GIVEN_UP = "given_up"
    EXCEPTION = "exception"
    DISABLED = "disabled"
    # execution
    TOMBSTONE = "cancelled_before_arrival"
    TIME_TO_LIVE = "time_to_live"
    CANCEL_REQUESTED = "cancel_requested"
    NOT_SENT = "not_sent"
    UNKNOWN_OUTCOME = "unknown_outcome"
    SYMBOL_FROZEN = "symbol_frozen"
    READ_ONLY = "read_only"
    DRY_RUN = "dry_run"
    LEASE_LOST = "lease_lost"
    STORE_AWAY = "store_away"
    HALTED = "halted"
    DUPLICATE_INTENT = "duplicate_intent"
    EXTERNAL = "external"
    LATE_ACCEPTANCE = "late_acceptance"
    OVERFILLED = "overfilled"
    NOT_OFFERED = "not_offered_by_venue"
    # venue
    POST_ONLY_WOULD_TAKE = "post_only_would_take"
    FILL_OR_KILL = "fill_or_kill_unfillable"
    INSUFFICIENT_BALANCE = "insufficient_balance"
    DUPLICATE_CLIENT_ORDER_ID = "duplicate_client_order_id"
    TICK_SIZE = "tick_size"
    LOT_SIZE = "step_size"
    MIN_QUANTITY = "min_qty"
    REDUCE_ONLY_WOULD_INCREASE = "reduce_only_would_increase"
    UNKNOWN_ORDER = "unknown_order"
    SELF_TRADE = "self_trade"
    NO_LIQUIDITY = "no_liquidity"
    IMMEDIATE_OR_CANCEL = "immediate_or_cancel_rest"
    VENUE_REJECTED = "venue_rejected"
    RATE_LIMIT = "rate_limit"
    # runtime
    MAILBOX_FULL = "mailbox_full"
    DEAD_LETTER = "dead_letter"
    STORE_LOST = "store_lost"
    OPERATOR = "operator"
    DRAINING = "draining"
