"""What only some seeds' desks have risk do is drawn, has waits that fit into a history, and leaves the others alone."""

from __future__ import annotations

from collections import Counter
from random import Random

import pytest

from cluster.host import risk_map
from cluster.simulator.desk.faults import SECOND, drawn_plan, with_rare_people
from cluster.simulator.desk.limits import CHANGED, changes_taken_back, drawn_change
from cluster.simulator.desk.risk_shape import risk_at
from cluster.simulator.desk.shape import DeskShape, drawn_shape

pytestmark = pytest.mark.unit

SEEDS = 120


@pytest.fixture(scope="module")
def shapes() -> list[DeskShape]:
    """The desks of the first seeds."""
    return [drawn_shape(Random(f"desk {seed}")) for seed in range(SEEDS)]


def test_a_fair_part_of_the_desks_has_each_part(shapes: list[DeskShape]) -> None:
    parts: Counter[str] = Counter()
    for shape in shapes:
        config, risk = shape.config, shape.risk
        parts["transfers"] += "money_moved" in shape.plan.intervals
        parts["told"] += bool(risk.tells_transfers)
        parts["recorded"] += len(risk.tells_transfers) < len(config.venues)
        parts["tail"] += any(
            limit is not None
            for limit in (
                config.risk.max_portfolio_var,
                config.risk.max_position_cvar,
                config.risk.max_correlated_exposure,
            )
        )
        parts["outcome"] += config.risk.cooldown_after_loss is not None
        parts["streak"] += config.risk.max_consecutive_losses is not None
        parts["anomalies"] += config.risk.anomalies.enabled
        parts["allocation"] += risk.allocation.enabled
        parts["adaptation"] += risk.adaptation.enabled
        parts["moving rates"] += bool(config.desk.rate_symbols)
    assert min(parts.values()) >= SEEDS / 40, parts
    assert max(parts[name] for name in ("tail", "anomalies", "allocation", "adaptation")) < SEEDS / 3, parts


def test_waits_fit_into_a_history_and_everything_else_is_as_configured(shapes: list[DeskShape]) -> None:
    for shape in shapes:
        base = risk_map.risk_settings(shape.config)
        settings = risk_at(base, shape.risk)
        for wait in (settings.statistics.spacing, settings.allocation.every, settings.adaptation.cycle):
            assert 0 < wait < 2 * SECOND < shape.trading
        assert settings.limits == base.limits
        assert settings.anomalies == base.anomalies
        assert set(settings.allocation.strategies) <= set(shape.config.strategies)


def test_desks_without_rare_people_keep_their_mixture() -> None:
    plan = drawn_plan(Random(3), 10 * SECOND)
    drawn = [with_rare_people(plan, Random(seed)) for seed in range(40)]
    assert plan in drawn
    assert any("money_moved" in each.intervals for each in drawn)
    assert all(each.intervals.items() >= plan.intervals.items() for each in drawn)


def test_limits_that_the_settings_lack_are_not_changed(shapes: list[DeskShape]) -> None:
    chance, more = Random(1), set[str]()
    for shape in shapes:
        risk = shape.config.risk
        changed = {drawn_change(chance, shape.config).name for _ in range(40)} - {*CHANGED, "max_exposure"}
        assert all(getattr(risk, name) is not None for name in changed)
        assert changed <= {each.name for each in changes_taken_back(shape.config)}
        more |= changed
    assert {"max_portfolio_var", "cooldown_after_loss"} <= more
