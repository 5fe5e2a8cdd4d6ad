"""Treasury settings and symbols that convert: what makes no sense together is refused where it is written."""

from __future__ import annotations

import json
from typing import Any

import pytest

from config import ConfigurationError, load_config

pytestmark = pytest.mark.unit

LISTED = {"venue": "paper", "listing": "USDCUSDT", "tick": 0.0001, "lot": 0.01, "converts": True}
DESK: dict[str, Any] = {
    "desk.rates": {"USDC": 1},
    "symbols.USDC-USDT": LISTED,
    "feed.synthetic.start_prices.USDC-USDT": 1,
}


def load(**overrides: Any) -> Any:
    flags = (
        f"{key}={value if isinstance(value, str) else json.dumps(value)}" for key, value in overrides.items()
    )
    return load_config("synthetic", environ={}, overrides=tuple(flags))


@pytest.mark.parametrize(
    ("overrides", "field"),
    [
        ({"treasury.trim.automatic": "true"}, "treasury.every"),
        ({"treasury.every": "1h"}, "treasury.every"),
        ({"treasury.every": "1h", "treasury.sweep.automatic": "true"}, "treasury.sweep.into"),
        ({"treasury.sweep.into": ["NONE-USDT"]}, "treasury.sweep.into"),
        ({"treasury.purge.eligible": ["NONE-USDT"]}, "treasury.purge.eligible"),
        ({key: value for key, value in DESK.items() if key != "desk.rates"}, "symbols.USDC-USDT.converts"),
        (
            {
                **DESK,
                "symbols.USDC-USDT": {**LISTED, "multiplier": 2},
            },
            "symbols.USDC-USDT.converts",
        ),
    ],
)
def test_what_makes_no_sense_is_refused(overrides: dict[str, Any], field: str) -> None:
    with pytest.raises(ConfigurationError, match=field):
        load(**overrides)


def test_a_whole_treasury_is_taken() -> None:
    loaded = load(
        **DESK,
        **{
            "treasury.every": "1h",
            "treasury.trim.automatic": "true",
            "treasury.sweep.reserve": {"USDT": 1000},
            "treasury.sweep.into": ["BTC-USDT"],
            "treasury.convert.enabled": "true",
        },
    )
    assert loaded.config.symbols["USDC-USDT"].converts
    assert loaded.config.treasury.convert.enabled
