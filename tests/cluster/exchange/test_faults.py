"""Faults: which rule strikes what, how often, and the same each time."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cluster.exchange.fault_specs import fault_settings, parse_fault, read_faults
from cluster.exchange.faults import (
    STREAM_FAULTS,
    Fault,
    FaultPlan,
    FaultRule,
    FaultSettings,
    FilterChange,
    Maintenance,
)
from messages.errors import ConfigurationError

pytestmark = pytest.mark.unit

PLACE, QUERY = "POST /fapi/v1/order", "GET /fapi/v1/order"


def plan(*rules: FaultRule, seed: int = 7) -> FaultPlan:
    return FaultPlan(FaultSettings(seed=seed, rules=rules))


def kinds(of: FaultPlan, subject: str, count: int) -> list[Fault | None]:
    return [None if fate is None else fate.kind for fate in (of.of_request(subject) for _ in range(count))]


@given(st.integers(0, 1_000), st.lists(st.sampled_from([PLACE, QUERY]), max_size=60))
def test_the_nth_request_of_a_kind_meets_the_same_fate_whatever_runs_beside_it(
    seed: int, mixed: list[str]
) -> None:
    rules = (FaultRule(kind=Fault.TIMEOUT_AFTER, rate=0.3), FaultRule(kind=Fault.UNKNOWN, rate=0.3))
    together, alone = plan(*rules, seed=seed), plan(*rules, seed=seed)
    fates = [(subject, together.of_request(subject)) for subject in mixed]
    for subject in (PLACE, QUERY):
        mine = [fate for named, fate in fates if named == subject]
        assert mine == [alone.of_request(subject) for _ in mine]


def test_a_rate_is_kept_and_counted() -> None:
    of = plan(FaultRule(kind=Fault.RESET_AFTER, rate=0.3))
    struck = len([kind for kind in kinds(of, PLACE, 2_000) if kind])
    assert 520 < struck < 680
    assert of.injected == {"reset_after": struck}


def test_patterns_choose_and_the_first_rule_that_strikes_counts() -> None:
    of = plan(
        FaultRule(kind=Fault.RATE_LIMIT, match="GET *"),
        FaultRule(kind=Fault.LATENCY, match="* /fapi/v1/order"),
    )
    assert kinds(of, QUERY, 1) == [Fault.RATE_LIMIT]
    assert kinds(of, PLACE, 1) == [Fault.LATENCY]
    assert kinds(of, "DELETE /fapi/v1/algoOrder", 1) == [None]


def test_a_rule_may_leave_out_the_first_and_strike_so_often() -> None:
    of = plan(FaultRule(kind=Fault.BAN, skip=2, count=1))
    assert kinds(of, PLACE, 5) == [None, None, Fault.BAN, None, None]


def test_requests_and_streams_have_rules_of_their_own() -> None:
    of = plan(FaultRule(kind=Fault.DROP), FaultRule(kind=Fault.LATE))
    fate, struck = of.of_event("user"), of.of_request(PLACE)
    assert fate is not None
    assert struck is not None
    assert (fate.kind, struck.kind) == (Fault.DROP, Fault.LATE)
    assert plan(FaultRule(kind=Fault.LATE)).of_event("user") is None


def test_the_wait_lies_between_its_bounds_and_done_is_a_share() -> None:
    of = plan(FaultRule(kind=Fault.UNKNOWN, low_s=1, high_s=3, done=0.25))
    fates = [fate for fate in (of.of_request(PLACE) for _ in range(1_000)) if fate]
    assert len(fates) == 1_000
    assert all(1 <= fate.wait_s <= 3 for fate in fates)
    assert 180 < sum(fate.done for fate in fates) < 320


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ("latency", FaultRule(kind=Fault.LATENCY)),
        (
            "timeout_after:5%@POST /fapi/v1/order,s=1-3",
            FaultRule(kind=Fault.TIMEOUT_AFTER, rate=0.05, match=PLACE, low_s=1, high_s=3),
        ),
        (
            "unknown:0.5,done=20%,skip=3,count=9",
            FaultRule(kind=Fault.UNKNOWN, rate=0.5, done=0.2, skip=3, count=9),
        ),
        ("drop:1%@*@depth*", FaultRule(kind=Fault.DROP, rate=0.01, match="*@depth*")),
        ("maintenance,at=30,for=5", Maintenance(at_s=30, for_s=5)),
        ("maintenance", Maintenance()),
        (
            "filters,listing=BTCUSDT,at=10,tick=0.5",
            FilterChange(listing="BTCUSDT", at_s=10, changes={"tick": "0.5"}),
        ),
    ],
)
def test_faults_as_people_write_them(spec: str, expected: object) -> None:
    assert parse_fault(spec) == expected


@pytest.mark.parametrize(
    "spec",
    [
        "fire",
        "latency:50",
        "latency:x%",
        "latency,s=a",
        "latency,when=now",
        "latency,s",
        "maintenance,foo=1",
        "filters,tick=1",
    ],
)
def test_what_nobody_understands_is_refused_with_the_form(spec: str) -> None:
    with pytest.raises(ConfigurationError, match="--fault") as refused:
        fault_settings([spec])
    assert refused.value.value == spec


@pytest.mark.parametrize(
    "rule",
    [
        FaultRule(kind=Fault.LATE, rate=1.1),
        FaultRule(kind=Fault.LATE, low_s=3, high_s=2),
        FaultRule(kind=Fault.LATE, count=0),
        FaultRule(kind=Fault.LATE, match=""),
        FaultRule(kind=Fault.LATE, done=-0.1),
    ],
)
def test_rules_that_make_no_sense_are_refused(rule: FaultRule) -> None:
    with pytest.raises(ConfigurationError, match=r"faults\.rules\.0"):
        plan(rule)


def test_a_file_and_a_command_line_add_up(tmp_path: Path) -> None:
    path = tmp_path / "faults.json"
    stored = FaultSettings(seed=3, rules=(FaultRule(kind=Fault.LATE),), timed=(Maintenance(at_s=1),))
    path.write_bytes(msgspec.json.encode(stored))
    assert read_faults(path) == stored
    both = fault_settings(["cut@user"], file=path, seed=9)
    assert [rule.kind for rule in both.rules] == [Fault.LATE, Fault.CUT]
    assert (both.seed, both.timed) == (9, stored.timed)
    path.write_text('{"rules":[{"kind":"fire"}]}')
    with pytest.raises(ConfigurationError, match="faults"):
        read_faults(path)
    with pytest.raises(ConfigurationError, match="can't be read"):
        read_faults(tmp_path / "none")


def test_every_kind_is_about_requests_or_streams() -> None:
    assert set(Fault) > STREAM_FAULTS
    assert Fault.DROP in STREAM_FAULTS
    assert Fault.LATENCY not in STREAM_FAULTS
