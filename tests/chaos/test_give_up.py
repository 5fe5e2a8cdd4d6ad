"""A strategy that raises on every decision: restarted with growing pauses, then parked with its position closed."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

import pytest

from messages.supervision_events import ChildBackingOff
from tests.chaos.desks import BTC, ETH, PROFILE, STRATEGIES, Session, session, settings
from tests.chaos.evidence import require_all_ended, require_equal_fills, require_nothing_doubled

pytestmark = pytest.mark.chaos


def test_a_strategy_that_always_raises_is_parked_flat_while_the_others_trade_on(tmp_path: Path) -> None:
    asyncio.run(_until_it_is_given_up(tmp_path))


async def _until_it_is_given_up(folder: Path) -> None:
    raising = {
        "kind": "tests.chaos.strategies:BuysThenRaises",
        "symbols": ["BTC-USDT"],
        "order": {"style": "market", "notional": 2000, "deadline": "2s"},
        "on_give_up": "flatten",
    }
    supervision = {
        **PROFILE["supervision"],
        "intensity": {"restarts": 3, "period": "60s"},
        "backoff": {"minimum": "100ms", "maximum": "1s", "jitter": 0},
    }
    loaded = settings(
        folder,
        "raising",
        "feed.synthetic.duration=15s",
        strategies={"raising": raising, "momentum": PROFILE["strategies"]["momentum"]},
        supervision=supervision,
    )
    async with session(folder, loaded) as desk:
        await desk.ended()
        row, other = await desk.row(BTC), await desk.row(ETH)
        assert row["status"] == "given_up"
        assert "RuntimeError" in row["last_detail"]
        assert other["status"] == "running"
        assert other["restarts"] == 0

        pauses = await _pauses(desk)
        assert len(pauses) == 3
        assert pauses == sorted(pauses)
        assert pauses[-1] > pauses[0]

        outcome = await desk.outcome()
        bought = [order for order in outcome.records.received if order.symbol == "BTC-USDT"]
        assert bought[0].side == "buy"
        assert "BTC-USDT" not in outcome.records.positions, "its position was not closed"
        given_up_at = bought[-1].time
        later = [
            order
            for order in outcome.records.received
            if order.symbol == "ETH-USDT" and order.time > given_up_at
        ]
        assert len(later) >= 5, "the other strategy did not trade on"
        assert outcome.projection.failed_decisions == 4
        require_nothing_doubled(outcome.records)
        require_equal_fills(outcome.projection, outcome.records)
        require_all_ended(outcome.projection, outcome.records)


async def _pauses(desk: Session) -> Sequence[int]:
    """The pauses before each restart of the strategy, in ns."""
    records = (await desk.desk.store.load(STRATEGIES, 0)).records
    return [
        event.retry_at - event.at
        for record in records
        for event in record.events
        if isinstance(event, ChildBackingOff) and event.child == BTC
    ]
