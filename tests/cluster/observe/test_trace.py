"""The trace: one order's whole story with its times, found by any of its ids."""

from __future__ import annotations

import pytest

from cluster.cli.output import console
from cluster.cli.traces import render_trace
from cluster.observe.trace import UnknownOrderError, trace
from messages.orders import OrderState
from tests.cluster.observe import stories
from tests.cluster.observe.stories import INTENT, MS, T0, record
from tests.cluster.observe.test_projection import folded

pytestmark = pytest.mark.unit


@pytest.mark.parametrize("wanted", [INTENT, "rdaaa", "V1", "rda"])
def test_an_order_is_found_by_intent_client_id_venue_id_or_a_unique_beginning(wanted: str) -> None:
    assert trace(folded(stories.one_trade()), wanted).intent_id == INTENT


def test_the_story_runs_from_quote_to_outcome_with_the_time_of_each_hop() -> None:
    found = trace(folded(stories.one_trade()), "rdaaa")

    assert [(step.kind, step.after_ns and step.after_ns // MS) for step in found.steps] == [
        ("quote", None),
        ("decision", 4),
        ("intent", 0),
        ("risk", 10),
        ("order", 10),
        ("order", 10),
        ("order", 10),
        ("order", 0),
        ("fill", 0),
        ("ledger", 10),
        ("outcome", 5),
    ]
    assert found.complete
    assert found.outcome == "filled"
    assert found.total_ns == 59 * MS


def test_risk_shows_every_check_with_limit_observed_and_room() -> None:
    [risk] = [step for step in trace(folded(stories.one_trade()), INTENT).steps if step.kind == "risk"]

    assert [(check.check, check.limit, check.observed) for check in risk.checks] == [
        ("kill_switch", None, None),
        ("symbol_exposure", 25_000, 30_050),
    ]


def test_what_is_not_known_is_left_out_and_told() -> None:
    journal = [("execution/paper", record(1, T0, stories.placing(at=T0)))]
    found = trace(folded(journal), "rdaaa")

    assert [step.kind for step in found.steps] == ["order"]
    assert not found.complete
    assert found.outcome == OrderState.PLACING.value


def test_an_unknown_id_is_a_clear_error() -> None:
    with pytest.raises(UnknownOrderError, match="raydesk orders") as caught:
        trace(folded(stories.one_trade()), "nothing")

    assert caught.value.value == "nothing"


def test_an_ambiguous_beginning_finds_nothing() -> None:
    journal = [
        ("execution/paper", record(1, T0, stories.placing("rdab", "a#1"), stories.placing("rdac", "a#2"))),
    ]
    with pytest.raises(UnknownOrderError):
        trace(folded(journal), "rda")


def test_on_the_screen_every_moment_is_a_branch(capsys: pytest.CaptureFixture[str]) -> None:
    console().print(render_trace(trace(folded(stories.one_trade()), "rdaaa")))
    shown = capsys.readouterr().out

    assert "2024-08-09 00:00:00.010 +10 ms risk approved: accepted" in shown
    assert "symbol_exposure" in shown
    assert "ledger position 0.5, cash 69994 USDT" in shown
    assert "deadline 2024-08-09 00:00:02.000" in shown
    assert "\x1b[" not in shown
