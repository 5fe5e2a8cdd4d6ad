"""`raydesk volumes`: each traded symbol's figure with its age, asked for once; no live prices are a clear error."""

from __future__ import annotations

import asyncio
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from cluster.cli.exits import UsageError
from cluster.cli.volumes import _volumes
from cluster.host import venue_access
from cluster.host.launch import Launch
from cluster.session_feed import FeedPlan
from config import load_config

pytestmark = pytest.mark.unit


class Market:
    """Tells ten units a day, and counts the questions."""

    def __init__(self) -> None:
        self.asked = 0

    async def average_daily_volume(self, symbol: str, days: int) -> float:
        self.asked += 1
        return 10.0 * days


def watch(profile: str, folder: Path) -> Any:
    config = load_config(profile, environ={}).config
    launch = Launch("d", "d", config, "", "", "redis://127.0.0.1:1", str(folder), FeedPlan())
    return SimpleNamespace(config=config, desk=SimpleNamespace(launch=launch))


def test_the_venue_is_asked_once_for_each_traded_symbol(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    market = Market()

    async def port(*_: Any, **__: Any) -> Market:
        return market

    monkeypatch.setattr(venue_access, "market_port", port)
    first, second = (asyncio.run(_volumes(watch("demo", tmp_path), 7)) for _ in range(2))
    assert market.asked == len(first.volumes) == 12
    assert {(each.venue, each.volume, each.days) for each in first.volumes} == {("binance", 70.0, 7)}
    assert [each.time for each in first.volumes] == [each.time for each in second.volumes]
    assert all(later.age > one.age >= 0 for one, later in zip(first.volumes, second.volumes, strict=True))


def test_a_desk_without_live_prices_has_nobody_to_ask(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no live prices"):
        asyncio.run(_volumes(watch("replay", tmp_path), 7))
