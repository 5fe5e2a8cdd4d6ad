"""The load of a thousand symbols and every check: all of it is approved, and measured at a tiny size."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

import pytest

from actors.risk.checks import CHECKS
from actors.risk.engine import RiskEngine, active
from actors.risk.state import RiskState
from cluster.bench.risk import AllChecksPlan, measure_all_checks, measure_own_work
from cluster.bench.risk_load import LONG, SHORT, SYMBOLS, intents, wide_launch
from cluster.embedded_redis import EmbeddedRedis, RedisSettings
from cluster.host.risk_map import risk_settings
from messages.intents import Side

pytestmark = pytest.mark.integration

LEFT_OUT = {
    "side_block",
    "size_factor",
    "canary_order",
    "canary_exposure",
    "global_spacing",
    "symbol_spacing",
}
"""What would refuse a load by its nature, or belongs to a degraded or a pilot's desk."""


def test_every_check_that_a_load_can_pass_is_at_work(tmp_path: Path) -> None:
    settings = risk_settings(wide_launch("", tmp_path).config)
    in_force = RiskEngine(settings).book(RiskState()).of("ema", "paper", SYMBOLS[1])
    off = {check.name for check in CHECKS} - {check.name for check in active(in_force)}
    assert off <= LEFT_OUT


def test_intents_go_round_all_symbols_and_add_to_what_is_held() -> None:
    drawn = list(islice(intents(0), len(SYMBOLS)))
    sides = {each.terms.symbol: each.terms.side for each in drawn}
    assert set(sides) == set(SYMBOLS)
    assert {sides[name] for name in SHORT} == {Side.SELL}
    assert {sides[name] for name in LONG} == {Side.BUY}


def test_a_decision_is_measured_by_itself(tmp_path: Path) -> None:
    found = measure_own_work(tmp_path, AllChecksPlan(decisions=50, samples=12))
    assert 0 < found["own_p50_us"] <= found["own_p99_us"]
    assert found["checks_per_intent"] >= len(CHECKS) - len(LEFT_OUT) - 2  # a cap may have no group here
    assert found["decisions"] == 50


@pytest.mark.long
def test_all_of_the_load_goes_through_the_real_process(tmp_path: Path) -> None:
    redis = EmbeddedRedis(RedisSettings(str(tmp_path / "redis"), appendfsync="no"))
    try:
        plan = AllChecksPlan(decisions=20, samples=12, intents=300)
        found = measure_all_checks(redis.ensure_running(), tmp_path, plan)
    finally:
        redis.stop()
    assert found["intents_per_s"] > 0
    assert found["floor_intents_per_s"] > 0
    assert "1,000 symbols" in found["says"]
