"""Limits of a part of the desk: what makes no sense is refused where it is written."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest

from config import ConfigurationError, load_config
from config.schema.limits import LimitOverrides

pytestmark = pytest.mark.unit


def load(**risk: Any) -> Any:
    flags = tuple(f"risk.{key}={json.dumps(value)}" for key, value in risk.items())
    return load_config("synthetic", environ={}, overrides=flags).config.risk


@pytest.mark.parametrize(
    ("risk", "said"),
    [
        ({"overrides": {"symbol:DOGE-USDT": {"max_burst": 1}}}, "there is no such symbol"),
        ({"overrides": {"venue:nowhere": {"max_burst": 1}}}, "there is no such venue"),
        ({"overrides": {"strategy:nobody": {"max_burst": 1}}}, "there is no such strategy"),
        ({"overrides": {"theme:none": {"max_burst": 1}}}, "there is no such theme"),
        ({"themes": {"l1": ["BTC-USDT", "DOGE-USDT"]}}, "there is no such symbol"),
        ({"tiers": {"core": ["DOGE-USDT"]}}, "there is no such symbol"),
        ({"whitelist": ["DOGE-USDT"]}, "there is no such symbol"),
        ({"daily_loss_limit": "0%"}, "must be above zero"),
        ({"drawdown_reduce": "0%"}, "must be above zero"),
        ({"overrides": {"symbols:BTC-USDT": {"max_burst": 1}}}, "must be symbol:, tier:"),
        ({"overrides": {"symbol:BTC-USDT": {"max_exposure": "5%"}}}, "only a tier, a theme or a venue"),
        ({"overrides": {"symbol:BTC-USDT": {"daily_loss_limit": "5%"}}}, "unknown setting"),
        ({"tiers": {"core": ["BTC-USDT"], "alt": ["BTC-USDT"]}}, "is in tier core as well"),
        ({"max_spread": 5}, "ambiguous"),
        ({"global_spacing": 90}, "no unit"),
        ({"max_errors": 101}, "less than or equal to 100"),
        ({"block_side": "left"}, "block_side"),
    ],
)
def test_what_makes_no_sense_is_refused(risk: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigurationError, match=said):
        load(**risk)


def test_a_part_has_what_is_written_for_it_and_nothing_else() -> None:
    risk = load(
        overrides={"symbol:BTC-USDT": {"max_hourly_trades": 0, "max_trade_nav": "5%", "strict": False}}
    )
    assert risk.overrides["symbol:BTC-USDT"].own() == {
        "max_hourly_trades": 0,
        "max_trade_nav": Decimal("0.05"),
    }
    assert LimitOverrides().own() == {}


def test_symbols_may_be_written_with_commas() -> None:
    assert load(whitelist="BTC-USDT, ETH-USDT").whitelist == ("BTC-USDT", "ETH-USDT")


def test_nothing_of_it_is_on_unless_it_is_set() -> None:
    risk = load()
    assert (risk.whitelist, risk.max_leverage, risk.strict, risk.overrides) == (None, None, False, {})
