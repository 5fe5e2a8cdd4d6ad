"""Thirty days of one-minute bars leave memory flat: what a strategy actor remembers and holds depends on its settings.

A pipeline that learns, one in shadow, a rule and a moving average share the actor, trade all the time, and have their
closed trades judged. Nothing but the actor itself is kept by the test.
"""

from __future__ import annotations

import gc
from decimal import Decimal

import msgspec
import psutil
import pytest

from actors.strategy.intelligence.settings import IntelligenceSettings
from actors.strategy.settings import ExitSettings
from messages.codec import to_plain
from tests.actors.strategy.pipeline.pipelines import Minutes, Told, pipeline
from tests.actors.strategy.stage import packed, strategy

pytestmark = [pytest.mark.soak, pytest.mark.long, pytest.mark.timeout(1_800)]

DAY = 1_440
DAYS = 30
SETTLED = 16
"""By so many days all windows are full: the longest looks back for seven, and of fills a thousand are remembered."""
JUDGED = IntelligenceSettings(max_drawdown=None)


class Month(Minutes):
    """Minutes that leave nothing behind but the actor."""

    def day(self, number: int) -> None:
        for minute in range(number * DAY, (number + 1) * DAY):
            self.minute(minute)
            self.fill_open(minute)
            self.rows.clear()
            self.journal.clear()
            still_open = {name for each in self.actor.state.strategies.values() for name in each.intents}
            self.sent = [each for each in self.sent if each[0] in still_open]

    def fill_open(self, minute: int) -> None:
        for state in tuple(self.actor.state.strategies.values()):
            for intent_id in () if state.shadow else tuple(state.intents):
                self.fill_all(intent_id, price=round(self.price_at(minute, 0), 2))


def figures_in(plain: object) -> int:
    """How many single figures and texts a stored form holds: unlike its bytes, whatever their length."""
    if isinstance(plain, dict):
        return sum(figures_in(each) for each in plain.values()) + len(plain)
    if isinstance(plain, list | tuple):
        return sum(figures_in(each) for each in plain)
    return 1


def month() -> Month:
    stop = ExitSettings(stop=Decimal("0.05"), max_holding=7_200 * 1_000_000_000)
    flow = msgspec.structs.replace(pipeline("Wave"), exits=stop, intelligence=JUDGED)
    dark = msgspec.structs.replace(flow, id="dark", shadow=True, shadow_fee=Decimal("0.0004"))
    rules = strategy("rules", "rules", parameters={"interval": "1h"}, budget=Decimal(50_000), exits=stop)
    ema = strategy("ema_cross", "ema", parameters={"fast": 2, "slow": 3}, exits=stop, intelligence=JUDGED)
    models = (Told("one"), Told("two", factor=0.5))
    stage = Month(flow, dark, rules, ema, models=models)
    stage.actor = type(stage.actor)(
        stage.address,
        stage.settings,
        models={"flow": models, "dark": models},  # type: ignore[arg-type]
    )
    stage.ctx = type(stage.ctx)(stage.actor, seed=1)
    return stage


def test_thirty_days_of_minutes_leave_state_and_process_as_they_were() -> None:
    stage, process = month(), psutil.Process()
    kept, stored, resident = [], [], []
    for number in range(DAYS):
        stage.day(number)
        gc.collect()
        kept.append(figures_in(to_plain(stage.actor.state)))
        stored.append(len(packed(stage.actor.state)))
        resident.append(process.memory_info().rss)
    trades = {each.strategy: each.trades for each in stage.actor.state.strategies.values()}
    assert trades["flow"] > 30 * DAYS, trades
    assert trades["dark"] > 30 * DAYS, trades
    assert trades["ema"] > 50 * DAYS, trades
    assert stage.actor.state.learned["flow"] is not None
    early, late = kept[SETTLED : (SETTLED + DAYS) // 2], kept[(SETTLED + DAYS) // 2 :]
    assert max(late) <= 1.02 * max(early), kept
    assert max(stored) < 300_000, stored
    assert resident[-1] - resident[SETTLED] < 2_000_000, resident
    assert len(stage.timers) < 10
