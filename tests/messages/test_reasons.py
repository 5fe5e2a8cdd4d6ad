"""The one taxonomy of reason codes: stable names that records, alerts and people share."""

from __future__ import annotations

import pytest

from messages.reasons import Layer, Reason

pytestmark = pytest.mark.unit

RELEASED_AS_TEXT = """
    accepted
    kill_switch mode_reduce mode_observe mode_outdated expired
    nav_stale mark_stale mark_missing symbol_unknown intent_malformed
    min_notional max_order_notional symbol_cap max_gross_nav_pct cash_reserve max_concurrent max_open_orders
    daily_loss nav_drawdown_limit price_collar below_min_after_caps no_capacity
    cooldown stale_quote stop target trailing time_exit signal intent_open given_up exception disabled
    cancelled_before_arrival time_to_live cancel_requested not_sent unknown_outcome symbol_frozen read_only dry_run
    lease_lost store_away halted duplicate_intent external late_acceptance overfilled not_offered_by_venue
    post_only_would_take fill_or_kill_unfillable insufficient_balance duplicate_client_order_id
    tick_size step_size min_qty reduce_only_would_increase unknown_order self_trade no_liquidity
    immediate_or_cancel_rest venue_rejected rate_limit
    mailbox_full dead_letter store_lost operator draining
"""
RELEASED = RELEASED_AS_TEXT.split()
"""Codes in journals that were written; they may be added to, never renamed or dropped."""


@pytest.mark.parametrize("code", RELEASED)
def test_a_code_that_journals_hold_is_still_known(code: str) -> None:
    assert Reason(code).value == code


def test_no_two_reasons_share_a_code() -> None:
    assert len(Reason.__members__) == len(set(Reason)), "an alias would merge two causes into one"


@pytest.mark.parametrize("reason", Reason)
def test_a_code_is_plain_lower_case(reason: Reason) -> None:
    assert reason.value.replace("_", "").isalnum()
    assert reason.value == reason.value.lower()


def test_a_decision_is_ascribed_to_one_of_the_desks_layers() -> None:
    assert [layer.value for layer in Layer] == [
        "strategy",
        "risk",
        "execution",
        "venue",
        "runtime",
        "operator",
    ]
