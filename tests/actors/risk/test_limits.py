"""Settings that make no sense stop the actor before it starts, with the field, the value and the remedy."""

from __future__ import annotations

import pytest

from actors.risk.actor import RiskActor
from actors.risk.limits import FlattenPolicy, RiskSettings
from messages.errors import ConfigurationError
from tests.actors.risk import desk as bench
from tests.actors.risk.desk import D, instrument, limits

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("chosen", "field"),
    [
        (bench.settings(limits(max_symbol_exposure=D(-1))), "risk.limits.max_symbol_exposure"),
        (bench.settings(limits(max_open_orders=-1)), "risk.limits.max_open_orders"),
        (bench.settings(limits(drawdown_reduce=D(1))), "risk.limits.drawdown_halt"),
        (bench.settings(limits(drawdown_reduce=D(0))), "risk.limits.drawdown_halt"),
        (bench.settings(limits(daily_loss_limit=D(0))), "risk.limits.daily_loss_limit"),
        (bench.settings(limits(min_notional=D(2), max_order_notional=D(1))), "risk.limits.min_notional"),
        (bench.settings(flatten=FlattenPolicy(collar=D(1))), "risk.flatten.collar"),
        (bench.settings(flatten=FlattenPolicy(retry=0)), "risk.flatten.retry"),
        (bench.settings(day_boundary="Mars/Olympus"), "risk.day_boundary"),
        (bench.settings(instruments=(instrument("A"), instrument("A"))), "risk.instruments.paper/A"),
        (bench.settings(instruments=(instrument("A", tick=D(0)),)), "risk.instruments.paper/A.tick"),
        (bench.settings(instruments=(instrument("A", lot=D(0)),)), "risk.instruments.paper/A.lot"),
        (
            bench.settings(instruments=(instrument("A", quote_currency="EUR"),)),
            "risk.instruments.paper/A.quote_currency",
        ),
    ],
)
def test_a_setting_that_makes_no_sense_is_named(chosen: RiskSettings, field: str) -> None:
    with pytest.raises(ConfigurationError) as error:
        RiskActor(chosen)
    assert error.value.field == field
    assert error.value.remedy


def test_the_same_symbol_may_be_listed_at_two_venues() -> None:
    RiskActor(bench.settings(instruments=(instrument("A"), instrument("A", "other"))))
