"""Histograms, the equity curve, life signs and health checks: the small parts that screens and probes read."""

from __future__ import annotations

from typing import Any

import pytest

from cluster.observe.books import Books
from cluster.observe.health import HealthCheck, Pulses, judge
from cluster.observe.latency import BOUNDS_S, Histogram
from cluster.observe.projection import Projection
from cluster.observe.summary import run_summary, summary
from cluster.store.port import ActorStatus, Incarnation
from messages.child_specs import SECOND
from messages.isolation import StrategyParked, StrategyUnparked
from messages.supervision_events import ChildGivenUp
from tests.cluster.observe import stories
from tests.cluster.observe.stories import MS, T0, D, record
from tests.cluster.observe.test_projection import folded

pytestmark = pytest.mark.unit


def status(address: str, heartbeat: int = 1, *, step: int = 5, left: str | None = None) -> ActorStatus:
    """An actor as the store shows it."""
    return ActorStatus(
        address=address,
        epoch=2,
        step=step,
        heartbeat=heartbeat,
        urgent_depth=0,
        mailbox_depth=3,
        control_behind=False,
        outstanding=1,
        next_timer=None,
        journal_length=step,
        incarnation=Incarnation("here", "boot", 4242, 1),
        exit_reason=left,
        digest=None,
        now=T0,
        venue=0,
    )


def test_a_span_falls_into_the_first_bucket_that_holds_it() -> None:
    histogram = Histogram()
    for span in (0, 100_000, 100_001, 61 * SECOND, -5):
        histogram.observe(span)

    assert (histogram.counts[0], histogram.counts[1], histogram.counts[-1]) == (3, 1, 1)
    assert histogram.cumulative()[-1] == ("+Inf", 5.0)
    assert histogram.quantile(0.5) == BOUNDS_S[0]
    assert histogram.quantile(1.0) == float("inf")
    assert Histogram().quantile(0.5) is None


def test_the_equity_curve_thins_itself_and_keeps_its_ends() -> None:
    books = Books(curve_points=10)
    books.apply(stories.opened(), T0)
    books.apply(stories.booked(), T0)
    for index in range(1_000):
        at = T0 + index * MS
        books.apply(stories.marks(str(60_000 + index), str(60_001 + index), at), at)

    assert len(books.curve) <= 10
    assert books.curve[0].nav == D("100000")
    assert books.curve[-1].time > T0 + 500 * MS
    assert [point.time for point in books.curve] == sorted(point.time for point in books.curve)


def test_the_drawdown_is_measured_from_the_highest_nav() -> None:
    books = folded(stories.one_trade()).books
    books.apply(stories.marks("54010", "54011", T0 + 90 * MS), T0 + 90 * MS)

    assert books.drawdown == D("3001") / D("100000")
    assert books.deepest == books.drawdown


def test_a_heartbeat_is_judged_by_the_watchers_own_clock() -> None:
    pulses = Pulses()
    pulses.note([status("risk", 1)], 10.0)
    assert pulses.age_s("risk") is None

    pulses.note([status("risk", 2)], 11.0)
    assert pulses.age_s("risk") == 0.0

    pulses.note([status("risk", 2)], 14.5)
    assert pulses.age_s("risk") == 3.5


def beating(*addresses: str, still_s: float = 0.0) -> Pulses:
    """Pulses of actors whose hearts last moved so long ago."""
    pulses = Pulses()
    pulses.note([status(address, 1) for address in addresses], 0.0)
    pulses.note([status(address, 2) for address in addresses], 1.0)
    pulses.note([status(address, 2) for address in addresses], 1.0 + still_s)
    return pulses


BOTH = ("risk", "execution/paper")


def test_a_desk_is_healthy_when_store_risk_and_venues_are() -> None:
    health = judge(
        folded(stories.one_trade()),
        [status(address) for address in BOTH],
        beating(*BOTH),
        writable=True,
        fresh_within_s=5,
    )

    assert health.healthy
    assert [check.name for check in health.checks] == ["store", "risk", "venue/paper"]


@pytest.mark.parametrize(
    ("case", "bad"),
    [
        ("not writable", "store"),
        ("silent", "risk"),
        ("left", "risk"),
        ("no account", "venue/paper"),
        ("never started", "venue/other"),
    ],
)
def test_each_thing_that_is_wrong_makes_it_unhealthy(case: str, bad: str) -> None:
    health = judge(
        Projection() if case == "no account" else folded(stories.one_trade()),
        [status(address, left="crash: no" if case == "left" else None) for address in BOTH],
        beating(*BOTH, still_s=9.0 if case == "silent" else 0.0),
        writable=case != "not writable",
        fresh_within_s=5,
        expected=["execution/other"] if case == "never started" else [],
    )

    assert not health.healthy
    assert bad in [check.name for check in health.checks if not check.ok]


def test_a_desk_without_risk_is_not_healthy() -> None:
    health = judge(Projection(), [], Pulses(), writable=True, fresh_within_s=5)

    assert [(check.name, check.ok) for check in health.checks] == [("store", True), ("risk", False)]


def test_the_summary_has_the_promised_keys_and_adds_up() -> None:
    journal = [*stories.one_trade(), *stories.a_given_up_child()]
    document = summary(folded(journal), [status("risk"), status(stories.STRATEGY)], "hash")

    assert list(document) == [
        "fingerprint",
        "intents",
        "approved",
        "resized",
        "rejected",
        "orders",
        "fills",
        "fees",
        "positions",
        "cash",
        "nav",
        "realized",
        "unrealized",
        "funding",
        "actors",
        "config_hash",
    ]
    assert document["intents"] == document["approved"] == document["fills"] == 1
    assert (document["cash"], document["nav"]) == ("69994", "99999")
    assert (document["positions"], document["fees"]) == ({"BTC-USDT": "0.5"}, {"USDT": "6"})
    assert document["orders"] == {"filled": 1}
    assert document["actors"][stories.STRATEGY] == {
        "pid": 4242,
        "epoch": 2,
        "steps": 5,
        "restarts": 1,
        "journal_length": 5,
    }


def test_money_gained_is_profit_less_fees() -> None:
    outcome = run_summary(folded(stories.one_trade()), (), "h")

    assert outcome.nav is not None
    assert outcome.unrealized is not None
    assert outcome.nav - D(100_000) == outcome.realized + outcome.unrealized - outcome.fees["USDT"]


def test_the_tree_shows_who_was_restarted_and_given_up() -> None:
    family = folded(stories.a_given_up_child()).family

    assert [(row.depth, row.address, row.status, row.restarts) for row in family.rows()] == [
        (0, "supervisor/desk", "supervising", 0),
        (1, "risk", "running", 0),
        (1, stories.STRATEGY, "given_up", 1),
    ]
    assert family.restarts() == {"risk": 0, stories.STRATEGY: 1}
    assert family.given_up_events == 1


def test_a_supervisor_whose_history_is_not_whole_is_marked() -> None:
    begun = stories.a_given_up_child()[0]
    impossible = record(2, T0, ChildGivenUp("risk", "never started", None))
    family = folded([begun, ("supervisor/desk", impossible)]).family

    assert "ChildGivenUp" in family.incomplete["supervisor/desk"]
    assert [row.status for row in family.rows()][1] == "starting"


def test_a_strategy_that_is_parked_makes_a_desk_unhealthy_and_is_named() -> None:
    parked = StrategyParked("ema", "BTC-USDT", "ValueError: no", False, None, T0)
    back = StrategyUnparked("ema", "BTC-USDT", "me", T0)
    journal = [*stories.one_trade(), (stories.STRATEGY, record(9, T0, parked))]

    def strategies(told: list[Any]) -> list[HealthCheck]:
        known = [status(address) for address in BOTH]
        health = judge(folded(told), known, beating(*BOTH), writable=True, fresh_within_s=5)
        return [check for check in health.checks if check.name == "strategies"]

    assert strategies(journal) == [HealthCheck("strategies", False, "ema/BTC-USDT parked: ValueError: no")]
    assert strategies([*journal, (stories.STRATEGY, record(10, T0, back))]) == []
