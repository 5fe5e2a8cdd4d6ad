"""The order state machine, row by row, against a table written down by hand."""

from __future__ import annotations

import pytest

from actors.execution.transitions import TRANSITIONS, Trigger, table, transition
from messages.errors import IllegalTransitionError
from messages.orders import TERMINAL, OrderState

pytestmark = pytest.mark.unit

EXPECTED = """
placing          accepted      working
placing          part_filled   partially_filled
placing          filled        filled
placing          cancelled     cancelled
placing          rejected      rejected
placing          expired       expired
placing          not_sent      not_sent
placing          doubted       unknown
placing          resent        placing
placing          simulated     simulated
working          accepted      working
working          part_filled   partially_filled
working          filled        filled
working          cancelled     cancelled
working          rejected      rejected
working          expired       expired
working          doubted       unknown
working          cancel_sent   pending_cancel
working          replace_sent  pending_replace
partially_filled accepted      partially_filled
partially_filled part_filled   partially_filled
partially_filled filled        filled
partially_filled cancelled     cancelled
partially_filled rejected      cancelled
partially_filled expired       expired
partially_filled doubted       unknown
partially_filled cancel_sent   pending_cancel
partially_filled replace_sent  pending_replace
pending_cancel   accepted      pending_cancel
pending_cancel   part_filled   pending_cancel
pending_cancel   filled        filled
pending_cancel   cancelled     cancelled
pending_cancel   rejected      rejected
pending_cancel   expired       expired
pending_cancel   doubted       unknown
pending_cancel   cancel_sent   pending_cancel
pending_replace  accepted      pending_replace
pending_replace  part_filled   pending_replace
pending_replace  filled        filled
pending_replace  cancelled     cancelled
pending_replace  rejected      rejected
pending_replace  expired       expired
pending_replace  doubted       unknown
pending_replace  cancel_sent   pending_cancel
pending_replace  replaced      working
unknown          accepted      working
unknown          part_filled   partially_filled
unknown          filled        filled
unknown          cancelled     cancelled
unknown          rejected      rejected
unknown          expired       expired
unknown          not_sent      not_sent
unknown          doubted       unknown
unknown          resent        placing
filled           accepted      filled
filled           part_filled   filled
filled           filled        filled
filled           cancelled     filled
filled           expired       filled
cancelled        accepted      cancelled
cancelled        part_filled   cancelled
cancelled        filled        filled
cancelled        cancelled     cancelled
cancelled        expired       cancelled
cancelled        late_accepted working
expired          accepted      expired
expired          part_filled   expired
expired          filled        filled
expired          cancelled     expired
expired          expired       expired
expired          late_accepted working
rejected         accepted      rejected
rejected         part_filled   cancelled
rejected         filled        filled
rejected         cancelled     rejected
rejected         rejected      rejected
rejected         expired       rejected
rejected         late_accepted working
not_sent         cancelled     cancelled
not_sent         rejected      rejected
not_sent         expired       expired
not_sent         not_sent      not_sent
not_sent         late_accepted working
"""
ROWS = [tuple(line.split()) for line in EXPECTED.strip().splitlines()]
EVERY_PAIR = [(state, trigger) for state in OrderState for trigger in Trigger]


@pytest.mark.parametrize(("state", "trigger", "after"), ROWS)
def test_each_row_of_the_table(state: str, trigger: str, after: str) -> None:
    assert transition(OrderState(state), Trigger(trigger)) is OrderState(after)


def test_the_table_has_no_other_rows() -> None:
    assert len(ROWS) == len(TRANSITIONS)


def test_every_pair_without_a_row_is_an_error_that_names_both() -> None:
    for state, trigger in EVERY_PAIR:
        if (state, trigger) in TRANSITIONS:
            continue
        with pytest.raises(IllegalTransitionError) as caught:
            transition(state, trigger)
        assert caught.value.message == f"an order that is {state} can't be {trigger}"
        assert (caught.value.field, caught.value.value) == ("order.state", f"{state} + {trigger}")
        assert caught.value.remedy


def test_an_order_that_ended_lives_again_only_by_late_acceptance() -> None:
    revived = {
        trigger
        for (state, trigger), after in TRANSITIONS.items()
        if state in TERMINAL and after not in TERMINAL
    }
    assert revived == {Trigger.LATE_ACCEPTED}


def test_every_state_but_placing_can_be_reached_and_every_live_one_can_end() -> None:
    reached = {after for (state, _), after in TRANSITIONS.items() if after is not state}
    assert reached == set(OrderState)
    for state in set(OrderState) - TERMINAL:
        assert any(after in TERMINAL for (before, _), after in TRANSITIONS.items() if before is state)


def test_the_printed_table_is_markdown_with_a_row_per_state_and_a_column_per_trigger() -> None:
    head, rule, *rows = table().split("\n")
    assert head == "| state | " + " | ".join(Trigger) + " |"
    assert rule == "|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|"
    assert len(rows) == len(OrderState)
    assert (
        "| working | = | partially_filled | filled | cancelled | rejected | expired | . | unknown |"
        in rows[1]
    )
    expected = {(state, trigger): after for state, trigger, after in ROWS}
    for state, row in zip(OrderState, rows, strict=True):
        cells = row.removeprefix(f"| {state} | ").removesuffix(" |").split(" | ")
        afters = [expected.get((state, trigger), ".") for trigger in Trigger]
        assert cells == ["=" if after == state else after for after in afters]
        assert row == "| " + " | ".join([state, *cells]) + " |"
