"""What a paper venue is set up with from the desk's settings."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from actors.venues.matching.instruments import MarketKind, MarketModel
from cluster.host.settings_map import paper_instruments
from config import load_config

pytestmark = pytest.mark.unit

DESK = """\
venues:
  paper: {{kind: paper, starting_balances: {{USDT: 1000}}, fill: {fill}}}
symbols:
  BTC-USDT: {{venue: paper, listing: BTCUSDT, tick: 0.10, lot: 0.001}}
strategies:
  ema: {{kind: ema_cross, order: {{notional: 100}}}}
"""


@pytest.mark.parametrize(
    ("fill", "model"),
    [
        ("{}", MarketModel(kind=MarketKind.TOP, slippage=Decimal("0.0001"))),
        (
            "{market: bars, slippage: 5bps, max_participation: 10%}",
            MarketModel(kind=MarketKind.BARS, slippage=Decimal("0.0005"), max_participation=Decimal("0.1")),
        ),
        (
            "{market: bars, slippage: 0, max_participation: null}",
            MarketModel(kind=MarketKind.BARS, slippage=Decimal(0), max_participation=None),
        ),
        (
            "{market: depth, queue_position: false}",
            MarketModel(kind=MarketKind.DEPTH, queue_position=False, slippage=Decimal("0.0001")),
        ),
    ],
)
def test_the_fill_model_is_the_venues(tmp_path: Path, fill: str, model: MarketModel) -> None:
    file = tmp_path / "desk.yaml"
    file.write_text(DESK.format(fill=fill), encoding="utf-8")
    (instrument,) = paper_instruments(load_config(file, environ={}).config)
    assert instrument.market == model
