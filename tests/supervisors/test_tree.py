"""The desk's own tree, and how it is shown."""

from __future__ import annotations

import pytest

from messages.child_specs import (
    SECOND,
    Backoff,
    ChildKind,
    ExitPolicy,
    GiveUpOrder,
    GiveUpPolicy,
    IntensityScope,
    Restart,
)
from messages.errors import ConfigurationError
from messages.supervision import ExitReason
from supervisors.report import render_tree
from supervisors.spec import tree_problems
from supervisors.tree import (
    OPERATIONS,
    ROOT,
    STRATEGIES,
    VENUES,
    DeskPlan,
    ServicePlan,
    StrategyPlan,
    SupervisionPlan,
    VenuePlan,
    desk_tree,
    strategy_child,
)
from tests.supervisors.fake_host import FakeHost

pytestmark = pytest.mark.unit

BTC = StrategyPlan(
    "strategy/BTC-USDT", ("BTC-USDT",), ("paper",), {"class": "ema"}, GiveUpPolicy.HOLD_WITH_STOP, 0.03
)
PLAN = DeskPlan(
    venues=(
        VenuePlan("paper", {"account": "main"}, (ServicePlan("venue/paper"),)),
        VenuePlan("binance"),
    ),
    strategies=(BTC, StrategyPlan("strategy/ETH-USDT", ("ETH-USDT",), ("paper", "binance"))),
    operations=(ServicePlan("metrics"), ServicePlan("clock", restart=Restart.TRANSIENT)),
    risk_arguments={"limits": {"max": "1000"}},
    supervision=SupervisionPlan(
        restarts=4,
        period=30 * SECOND,
        quiet_time=600 * SECOND,
        backoff=Backoff(minimum=5),
        shutdown_timeout=3 * SECOND,
        together=2,
        exit_policy=ExitPolicy(flatten=True),
    ),
)


def test_the_desk_has_risk_venues_strategies_and_operations_in_this_order() -> None:
    tree = desk_tree(PLAN)
    assert list(tree) == [ROOT, VENUES, STRATEGIES, OPERATIONS]
    assert {address: [child.id for child in spec.children] for address, spec in tree.items()} == {
        ROOT: ["risk", VENUES, STRATEGIES, OPERATIONS],
        VENUES: ["venue/paper", "execution/paper", "execution/binance"],
        STRATEGIES: ["strategy/BTC-USDT", "strategy/ETH-USDT"],
        OPERATIONS: ["metrics", "clock"],
    }


def test_only_the_root_escalates() -> None:
    scopes = {address: spec.intensity.scope for address, spec in desk_tree(PLAN).items()}
    assert scopes == {
        ROOT: IntensityScope.SUPERVISOR,
        VENUES: IntensityScope.CHILD,
        STRATEGIES: IntensityScope.CHILD,
        OPERATIONS: IntensityScope.CHILD,
    }
    assert [address for address, spec in desk_tree(PLAN).items() if spec.root is not None] == [ROOT]


def test_the_rules_of_the_desk_reach_every_supervisor() -> None:
    for spec in desk_tree(PLAN).values():
        assert (spec.intensity.restarts, spec.intensity.period) == (4, 30 * SECOND)
        assert spec.backoff == Backoff(minimum=5)
        for child in spec.children:
            is_supervisor = child.kind is ChildKind.SUPERVISOR
            assert child.shutdown_timeout == (None if is_supervisor else 3 * SECOND)
    assert desk_tree(PLAN)[STRATEGIES].intensity.quiet_time == 600 * SECOND
    assert desk_tree(PLAN)[STRATEGIES].concurrency == 2
    assert desk_tree(PLAN)[ROOT].root == ExitPolicy(flatten=True)


def test_a_strategy_that_is_given_up_is_told_to_the_executors_of_its_venues() -> None:
    child = strategy_child(BTC, PLAN.supervision)
    assert child.on_give_up == GiveUpOrder(
        ("execution/paper",), ("BTC-USDT",), GiveUpPolicy.HOLD_WITH_STOP, 0.03
    )
    assert child.arguments == {"class": "ema"}


def test_a_desk_with_two_strategies_of_one_address_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="two children have one address"):
        desk_tree(DeskPlan(venues=(), strategies=(BTC, BTC)))


def test_one_address_under_two_supervisors_is_refused() -> None:
    plan = DeskPlan(venues=(), strategies=(BTC,), operations=(ServicePlan("strategy/BTC-USDT"),))
    with pytest.raises(ConfigurationError, match="it has two parents"):
        desk_tree(plan)


def test_ten_thousand_strategies_are_a_matter_of_configuration() -> None:
    many = tuple(StrategyPlan(f"strategy/S{n}-USDT", (f"S{n}-USDT",), ("paper",)) for n in range(10_000))
    tree = desk_tree(DeskPlan(venues=(VenuePlan("paper"),), strategies=many))
    assert tree_problems(tree) == ()
    assert len(tree[STRATEGIES].children) == 10_000


def test_the_tree_is_shown_depth_first_with_what_befell_each_child() -> None:
    hosts = {address: FakeHost(spec) for address, spec in desk_tree(PLAN).items()}
    strategies = hosts[STRATEGIES]
    strategies.kill("strategy/ETH-USDT")
    rows = render_tree({address: host.state for address, host in hosts.items()}, ROOT)
    assert [(row.depth, row.address, row.status) for row in rows] == [
        (0, ROOT, "supervising"),
        (1, "risk", "running"),
        (1, VENUES, "running"),
        (2, "venue/paper", "running"),
        (2, "execution/paper", "running"),
        (2, "execution/binance", "running"),
        (1, STRATEGIES, "running"),
        (2, "strategy/BTC-USDT", "running"),
        (2, "strategy/ETH-USDT", "backing_off"),
        (1, OPERATIONS, "running"),
        (2, "metrics", "running"),
        (2, "clock", "running"),
    ]
    row = rows[8]
    assert (row.restarts, row.last_exit, row.last_detail) == (1, ExitReason.CRASH, "boom")
    assert row.retry_at == strategies.child("strategy/ETH-USDT").retry_at
    assert strategies.actor.summary() == "supervising, 1 of 2 running"


def test_a_supervisor_whose_state_is_not_at_hand_is_shown_by_what_its_parent_knows() -> None:
    host = FakeHost(desk_tree(PLAN)[ROOT])
    rows = render_tree({ROOT: host.state}, ROOT)
    assert [(row.address, row.status) for row in rows[1:]] == [
        ("risk", "running"),
        (VENUES, "running"),
        (STRATEGIES, "running"),
        (OPERATIONS, "running"),
    ]
    assert [row.status for row in render_tree({}, ROOT)] == ["unknown"]
