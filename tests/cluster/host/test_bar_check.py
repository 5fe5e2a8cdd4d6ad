"""A strategy whose bars its market data does not have is told before anything starts: it would wait for ever."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from actors.strategy.bars import BarSource
from cluster.backtest.runner import backtest
from cluster.cli.exits import Exit
from cluster.cli.main import run
from cluster.feeds.columns import Chunk, ChunkBuilder
from cluster.host.bar_check import (
    Available,
    WantedBars,
    available_from_settings,
    available_in,
    bar_problems,
)
from cluster.host.strategy_check import strategy_problems
from config import load_config
from config.duration import HOUR, MINUTE
from config.schema.market import FeedSettings
from messages.errors import ConfigurationError
from messages.market import TickKind

pytestmark = pytest.mark.unit

DESK = """\
desk: {{environment: paper, name: bars}}
feed: {feed}
venues:
  paper: {{kind: paper, starting_balances: {{USDT: 100000}}, fill: {{market: {market}}}}}
symbols:
  BTC-USDT: {{venue: paper, listing: BTCUSDT, tick: 0.10, lot: 0.001}}
strategies:
  flow:
    kind: tests.chaos.strategies:Rises
    budget: 20000
    stop: 2%
    order: {{notional: 1000}}
    parameters: {parameters}
"""
SYNTHETIC = "{mode: synthetic, synthetic: {duration: 5s, start_prices: {BTC-USDT: 60000}}}"


class ListFeed:
    """A feed of these rows, a chunk each: time and kind."""

    symbol, first_time, last_time = "BTC-USDT", 0, None

    def __init__(self, rows: list[tuple[int, TickKind]]) -> None:
        self.rows = rows

    def open(self, position: int = 0) -> Iterator[Chunk]:
        for time, kind in self.rows[position:]:
            builder = ChunkBuilder(self.symbol)
            builder.append(time, time, kind, (1.0, 1.0, 1.0, 1.0, 1.0))
            yield builder.take()


def desk(tmp_path: Path, parameters: str, feed: str = "{mode: recorded}", market: str = "top") -> Path:
    file = tmp_path / "desk.yaml"
    file.write_text(DESK.format(feed=feed, parameters=parameters, market=market), encoding="utf-8")
    return file


def bars_file(tmp_path: Path, minutes: int, rows: int = 60) -> Path:
    """Bars of so many minutes as CSV, timed by their opening."""
    lines = ["symbol,open_time,open,high,low,close,volume"]
    lines += [
        f"BTCUSDT,{(1_704_067_200 + i * minutes * 60) * 1000},100,102,99,{100 + i % 3},5" for i in range(rows)
    ]
    path = tmp_path / f"BTCUSDT_{minutes}m.csv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("source", "interval", "found", "fits"),
    [
        (BarSource.TRADES, MINUTE, Available(True, True, None), True),
        (BarSource.TRADES, MINUTE, Available(True, False, MINUTE), False),
        (BarSource.QUOTES, MINUTE, Available(True, False, None), True),
        (BarSource.QUOTES, MINUTE, Available(False, True, MINUTE), False),
        (BarSource.FEED, 5 * MINUTE, Available(True, True, MINUTE), True),
        (BarSource.FEED, MINUTE, Available(True, True, MINUTE), True),
        (BarSource.FEED, 5 * MINUTE, Available(True, True, 2 * MINUTE), False),
        (BarSource.FEED, MINUTE, Available(True, True, HOUR), False),
        (BarSource.FEED, MINUTE, Available(True, True, None), False),
        (BarSource.FEED, None, Available(False, False, HOUR), True),
    ],
)
def test_what_a_market_makes(source: BarSource, interval: int | None, found: Available, fits: bool) -> None:
    wanted = WantedBars("flow", "BTC-USDT", source, interval)
    assert found.makes(wanted) is fits
    assert len(list(bar_problems([wanted], lambda symbol: found))) == (not fits)


def test_a_feed_is_read_until_it_is_known_what_it_has() -> None:
    quote, trade, bar = TickKind.QUOTE, TickKind.TRADE, TickKind.BAR
    rows = [(MINUTE, quote), (2 * MINUTE, bar), (3 * MINUTE, trade), (5 * MINUTE, bar), (6 * MINUTE, bar)]
    feed = ListFeed(rows)
    assert available_in(feed, [BarSource.FEED]) == Available(True, True, MINUTE)
    assert str(available_in(feed, [BarSource.FEED])) == "quotes and trades and bars of 1m"
    assert available_in(ListFeed([]), [BarSource.TRADES]) == Available(False, False, None)


def test_settings_alone_tell_what_a_synthetic_market_never_has(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = desk(tmp_path, "{interval: 5s, bars: feed, horizons: [1m]}", SYNTHETIC)
    [problem] = strategy_problems(load_config(file, environ={}).config)
    assert problem.path == "strategies.flow"
    assert problem.message == "never decides on BTC-USDT: it needs bars of 5s that the market data brings"
    assert problem.value == "quotes and trades"
    assert run(["config", "check", str(file), "--json"]) == Exit.USAGE
    [entry] = json.loads(capsys.readouterr().out)["problems"]
    assert "never decides" in entry["message"]
    fits = desk(tmp_path, "{interval: 5s, bars: trades, horizons: [1m]}", SYNTHETIC)
    assert strategy_problems(load_config(fits, environ={}).config) == ()


@pytest.mark.parametrize(("text", "length"), [(None, None), ("1m", MINUTE)])
def test_live_prices_bring_the_bars_that_the_settings_ask_for(text: str | None, length: int | None) -> None:
    config = SimpleNamespace(feed=FeedSettings.model_validate({"mode": "auto", "bar_interval": text}))
    assert available_from_settings(config) == Available(True, True, length)  # type: ignore[arg-type]
    recorded = SimpleNamespace(feed=FeedSettings(mode="recorded"))
    assert available_from_settings(recorded) is None  # type: ignore[arg-type]


def test_a_backtest_on_data_without_its_bars_does_not_begin(tmp_path: Path) -> None:
    data = bars_file(tmp_path, 1)
    config = desk(tmp_path, "{interval: 5m, horizons: [1m]}", market="bars")
    with pytest.raises(ConfigurationError, match=r"BTC-USDT: it needs bars of 5m made of trades") as caught:
        backtest(config, [data], cache=tmp_path / "cache")
    assert "bars of 1m" in str(caught.value.value)
    assert "parameters.bars: feed" in str(caught.value.remedy)
    hours = desk(tmp_path, "{interval: 5m, bars: feed, horizons: [1m]}", market="bars")
    with pytest.raises(ConfigurationError, match="market data brings") as longer:
        backtest(hours, [bars_file(tmp_path, 60)], cache=tmp_path / "cache")
    assert "multiple of 1h" in str(longer.value.remedy)


def test_bars_of_five_minutes_are_put_together_of_those_of_one(tmp_path: Path) -> None:
    loose = (
        "{interval: 5m, bars: feed, horizons: [1m], volatility_bars: 5, trace_every: 1, "
        "gates: {bad_tick: {enabled: false}, chop: {enabled: false}, barrier: {enabled: false}}}"
    )
    config = desk(tmp_path, loose, market="bars")
    result = backtest(config, [bars_file(tmp_path, 1, rows=200)], cache=tmp_path / "cache")
    # one decision for each bar that ended while there was a market; the first thirteen warm up
    assert result.record.decisions > 20
