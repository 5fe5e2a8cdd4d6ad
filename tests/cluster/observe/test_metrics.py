"""The metrics page as text: every family from the picture, and nothing invented for what is not known."""

from __future__ import annotations

from decimal import Decimal

import pytest

from cluster.metrics import Picture, metrics_text
from messages.anomalies import DegradeChanged
from messages.control import Mode
from messages.decisions import StageOverran
from messages.isolation import StrategyFaulted, StrategyParked
from tests.cluster.observe import stories
from tests.cluster.observe.stories import MS, T0, record
from tests.cluster.observe.test_figures import beating, status
from tests.cluster.observe.test_projection import folded

pytestmark = pytest.mark.unit


def page(*, empty: bool = False) -> str:
    """The page of a desk after one trade, or before anything happened."""
    picture = Picture("demo", "paper", "abc")
    if not empty:
        journal = [*stories.one_trade(), *stories.a_given_up_child()]
        slow = StageOverran("inference", 450 * MS, 200 * MS, 3)
        failed = StrategyFaulted("ema", "BTC-USDT", "decide", "ValueError: no", 0, T0, T0)
        parked = StrategyParked("ema", "BTC-USDT", "ValueError: no", False, None, T0)
        journal += [
            (
                "risk",
                record(9, T0, stories.halted_mode(), DegradeChanged(1, 2, Decimal("0.25"), "drill", T0)),
            ),
            (stories.STRATEGY, record(9, T0, slow, failed, parked)),
        ]
        picture.projection = folded(journal)
        picture.statuses = [status("risk"), status("execution/paper")]
        picture.pulses = beating("risk", "execution/paper", still_s=2.0)
        picture.store_up, picture.dead_letters, picture.armed = True, 4, False
    return metrics_text(picture).decode()


@pytest.mark.parametrize(
    "line",
    [
        'raydesk_info{config_hash="abc",desk="demo",environment="paper"} 1.0',
        "raydesk_store_up 1.0",
        'raydesk_mailbox_depth{actor="risk",queue="mailbox"} 3.0',
        'raydesk_steps_total{actor="risk"} 5.0',
        'raydesk_actor_epoch{actor="risk"} 2.0',
        'raydesk_heartbeat_age_seconds{actor="risk"} 2.0',
        'raydesk_restarts_total{actor="strategy/BTC-USDT"} 1.0',
        "raydesk_given_up_total 1.0",
        "raydesk_dead_letters_total 4.0",
        'raydesk_stage_overruns_total{actor="strategy/BTC-USDT",stage="inference"} 3.0',
        'raydesk_strategy_faults_total{strategy="ema",symbol="BTC-USDT"} 1.0',
        'raydesk_strategy_parked{strategy="ema",symbol="BTC-USDT"} 1.0',
        'raydesk_events_total{event="warning"} 1.0',
        "raydesk_intents_total 1.0",
        'raydesk_orders{state="filled"} 1.0',
        "raydesk_fills_total 1.0",
        'raydesk_fees{currency="USDT"} 6.0',
        "raydesk_equity 99999.0",
        "raydesk_exposure 30005.0",
        'raydesk_position{symbol="BTC-USDT",venue="paper"} 0.5',
        'raydesk_mode{mode="halted"} 1.0',
        'raydesk_mode{mode="normal"} 0.0',
        "raydesk_degrade_level 2.0",
        "raydesk_armed 0.0",
        'raydesk_hop_seconds_bucket{hop="intent_to_decision",le="0.01"} 1.0',
        'raydesk_hop_seconds_bucket{hop="intent_to_decision",le="0.005"} 0.0',
        'raydesk_hop_seconds_sum{hop="quote_to_intent"} 0.004',
        'raydesk_events_total{event="trade_filled"} 1.0',
    ],
)
def test_the_page_says(line: str) -> None:
    assert line in page().splitlines()


def test_what_is_not_known_is_absent_rather_than_zero() -> None:
    lines = page(empty=True).splitlines()
    told = {line.split(" ")[0] for line in lines if not line.startswith("#")}

    assert told.isdisjoint(
        {"raydesk_armed", "raydesk_equity", "raydesk_cash", "raydesk_exposure", "raydesk_drawdown_ratio"}
    )
    assert "raydesk_store_up 0.0" in lines
    assert all(f'raydesk_mode{{mode="{mode.value}"}} 0.0' in lines for mode in Mode)
