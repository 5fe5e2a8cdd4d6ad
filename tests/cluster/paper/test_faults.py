"""Misbehaviour is reproducible and hits the share of requests it is meant to hit."""

from __future__ import annotations

from collections import Counter

import pytest

from cluster.paper.faults import Fault, FaultPlan, FaultSettings

pytestmark = pytest.mark.unit

EVERYTHING = FaultSettings(late=0.1, lost_before=0.1, lost_after=0.1, rate_limited=0.1, unavailable=0.1)


def test_without_shares_nothing_ever_happens() -> None:
    plan = FaultPlan(FaultSettings())
    assert {plan.fate(f"POST {number}") for number in range(100)} == {Fault.NONE}


def test_each_fault_meets_about_its_share_of_requests() -> None:
    plan = FaultPlan(EVERYTHING)
    counts = Counter(plan.fate(f"POST {number}") for number in range(2_000))
    shared = set(Fault) - {Fault.NONE, Fault.SILENT, Fault.HALF}  # those are ordered one by one only
    assert all(150 < counts[fault] < 250 for fault in shared)


def test_the_fate_of_a_request_does_not_depend_on_other_requests() -> None:
    names = [f"POST {number}" for number in range(50)]
    forwards, backwards = FaultPlan(EVERYTHING), FaultPlan(EVERYTHING)
    fates = {name: forwards.fate(name) for name in names}
    assert {name: backwards.fate(name) for name in reversed(names)} == fates


def test_the_same_request_again_is_drawn_again() -> None:
    plan = FaultPlan(FaultSettings(lost_before=0.5))
    assert {plan.fate("POST a") for _ in range(50)} == {Fault.NONE, Fault.LOST_BEFORE}


def test_ordered_faults_come_first_and_once() -> None:
    plan = FaultPlan(FaultSettings())
    plan.order([Fault.LATE, Fault.NONE, Fault.LOST_AFTER])
    assert [plan.fate("x") for _ in range(4)] == [Fault.LATE, Fault.NONE, Fault.LOST_AFTER, Fault.NONE]


def test_duplicated_events_are_chosen_by_sequence() -> None:
    plan = FaultPlan(FaultSettings(duplicated_events=0.5))
    chosen = [plan.duplicates(sequence) for sequence in range(200)]
    assert 60 < sum(chosen) < 140
    assert chosen == [plan.duplicates(sequence) for sequence in range(200)]
