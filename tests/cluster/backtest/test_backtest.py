"""A backtest of a small desk: repeatable, at rest, with the venue's books, and blind to what has not happened yet."""

from __future__ import annotations

import itertools
import os
import subprocess
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from actors.strategy.strategy import Strategy
from actors.strategy.view import SymbolView
from cluster.backtest.books import Books
from cluster.backtest.desk import BacktestDesk
from cluster.backtest.harvest import Harvest
from cluster.backtest.report.document import report_json
from cluster.backtest.runner import (
    MADE_QUOTES,
    Progress,
    backtest,
    fill_model,
    prepare,
    require_equal_books,
    result_of,
)
from cluster.steps.machine import PoisonError
from cluster.steps.recovery import state_digest
from config import LoadedConfig
from messages.decisions import DecisionMade
from messages.errors import ConfigurationError, DataProviderError, InvariantError
from tests.cluster.backtest.market import DESK, SECOND, small_desk


def _run(loaded: LoadedConfig, **window: int) -> BacktestDesk:
    desk, _ = prepare(loaded, **window)
    desk.run()
    return desk


def test_it_trades_and_ends_at_rest_with_the_venues_books(tmp_path: Path) -> None:
    desk = _run(small_desk(tmp_path))
    assert desk.harvest.orders.orders_seen > 30
    assert len(desk.harvest.fills) > 20
    assert desk.rounds.outstanding == 0
    assert not desk.venues["execution/paper"].ledger.open_orders
    require_equal_books(desk)


def test_decisions_are_explained_only_where_they_are_recorded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    traces: list[Any] = []
    count = Harvest._decision

    def noted(harvest: Harvest, event: DecisionMade) -> None:
        traces.append(event.trace)
        count(harvest, event)

    monkeypatch.setattr(Harvest, "_decision", noted)
    loaded = small_desk(tmp_path)
    _run(loaded)
    unread = len(traces)
    assert unread > 30
    assert not any(traces)
    traces.clear()
    prepare(loaded, keep_journal=True)[0].run()
    assert len(traces) == unread
    assert all(traces)


@pytest.mark.parametrize(
    "overrides",
    [
        (),
        ("desk.environment=dry_run",),
        ("venues.paper.latency_order=0s", "venues.paper.latency_report=0s"),
        ("redis.mailbox_capacity=1", "strategies.momentum.target=2bps"),
        ("risk.drawdown_reduce=0.002%", "risk.drawdown_halt=0.01%", "risk.on_halt=flatten"),
    ],
)
def test_recorded_or_not_every_actor_takes_the_same_steps(tmp_path: Path, overrides: tuple[str, ...]) -> None:
    loaded = small_desk(tmp_path, *overrides)
    plain, recorded = _run(loaded), prepare(loaded, keep_journal=True)[0]
    recorded.run()
    assert plain.rounds.steps == recorded.rounds.steps > 300
    for address, actor in plain.actors.items():
        assert state_digest(actor) == state_digest(recorded.actors[address]), address
    assert plain.harvest.fingerprint() == recorded.harvest.fingerprint()


class Blunder(Strategy):
    """Fails when it is asked to decide."""

    def on_quote(self, view: SymbolView) -> bool:
        return True

    def decide(self, desk: object) -> None:
        raise ZeroDivisionError("a mistake of mine")


def test_a_strategy_that_fails_ends_the_run_and_is_named(tmp_path: Path) -> None:
    kind = f"{__name__}:Blunder"
    blunder = {"kind": kind, "symbols": ["BTC-USDT"], "order": {"style": "market", "notional": 2000}}
    with pytest.raises(
        PoisonError, match=r"strategy/BTC-USDT: ZeroDivisionError.*a mistake of mine.*observation:1"
    ):
        _run(small_desk(tmp_path, strategies={"blunder": blunder}))


def test_a_market_that_was_generated_is_called_so_on_the_page(tmp_path: Path) -> None:
    result = backtest(small_desk(tmp_path, "feed.synthetic.duration=3s"))
    assert result.record.notes[0].startswith("The market was generated from seed 5")
    assert result.record.notes[0] in result.write_report(tmp_path / "out").read_text()


def test_books_that_differ_from_the_venues_are_an_error(tmp_path: Path) -> None:
    loaded = small_desk(tmp_path)
    desk, market = prepare(loaded)
    desk.run()
    desk.venues["execution/paper"].engine.deposit("small", "USDT", Decimal("0.01"))
    with pytest.raises(InvariantError, match="cash at paper"):
        result_of(loaded, desk, market)


def test_the_report_is_the_same_to_the_last_byte_in_any_process(tmp_path: Path) -> None:
    loaded = small_desk(tmp_path)
    here = report_json(backtest(loaded))
    script = (
        "import sys; from pathlib import Path\n"
        "from cluster.backtest.runner import backtest\n"
        "from cluster.backtest.report.document import report_json\n"
        "sys.stdout.buffer.write(report_json(backtest(Path(sys.argv[1]))))\n"
    )
    for seed in ("1", "2"):
        there = subprocess.run(
            [sys.executable, "-c", script, str(tmp_path / "small.yaml")],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
        )
        assert there.stdout == here


def test_progress_is_told_with_the_rows_there_are(tmp_path: Path) -> None:
    told: list[Progress] = []
    result = backtest(small_desk(tmp_path, "feed.synthetic.quotes_per_second=200"), progress=told.append)
    assert result.record.rows > 5_000
    assert [each.rows for each in told] == sorted(each.rows for each in told)
    assert len(told) > 100
    assert told[0].total == result.record.rows


# ---------------------------------------------------------------------- books are fed lazily, and miss nothing


def _fills(desk: BacktestDesk) -> list[tuple[object, ...]]:
    return [(each.event_time, each.intent_id, each.price, each.quantity) for each in desk.harvest.fills]


@pytest.mark.parametrize("market", ["top", "trades"])
@pytest.mark.parametrize("report_latency", ["0ms", "5ms", "500ms"])
def test_books_that_are_fed_only_when_needed_fill_as_those_that_see_every_row(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, market: str, report_latency: str
) -> None:
    paper = {**DESK["venues"]["paper"], "latency_report": report_latency, "fill": {"market": market}}
    loaded = small_desk(tmp_path, "feed.synthetic.quotes_per_second=150", venues={"paper": paper})
    lazy = _run(loaded)
    monkeypatch.setattr(Books, "watched", property(lambda books: [True] * len(books._books)))
    eager = _run(loaded)
    assert len(_fills(eager)) > 20
    assert _fills(lazy) == _fills(eager)


def test_whatever_the_latency_all_is_told_before_the_books_are_compared(tmp_path: Path) -> None:
    for latency in ("2s", "10s"):
        paper = {**DESK["venues"]["paper"], "latency_report": latency}
        assert backtest(small_desk(tmp_path, venues={"paper": paper})).fills


# ---------------------------------------------------------------------- nobody looks ahead


def _history(desk: BacktestDesk, before: int) -> list[tuple[object, ...]]:
    """Everything that was ordered and filled before a time."""
    orders = [
        (order.placed_at, order.intent_id, order.side, order.quantity, order.limit_price)
        for order in desk.harvest.orders.orders.values()
        if order.placed_at is not None and order.placed_at < before
    ]
    fills = [
        (fill.event_time, fill.intent_id, fill.price, fill.quantity)
        for fill in desk.harvest.fills
        if fill.event_time < before
    ]
    return [*orders, *fills]


def _require_blind(loaded: LoadedConfig) -> None:
    """What happens before a moment is the same whether or not the market goes on after it."""
    whole, market = prepare(loaded)
    whole.run()
    for part in (0.3, 0.55, 0.8):
        cut = market.start + int((market.end - market.start) * part)
        shorter = _run(loaded, end=cut)
        known = _history(whole, cut)
        assert len(known) > 3
        assert _history(shorter, cut) == known


def test_nobody_knows_what_lies_ahead(tmp_path: Path) -> None:
    _require_blind(small_desk(tmp_path))


class Seer(Strategy):
    """Looks ahead on purpose: asks what the mid will be a second from now, as far as the data goes."""

    future: list[tuple[int, float]] = []

    def on_start(self) -> None:
        self.direction = 0

    def on_quote(self, view: SymbolView) -> bool:
        ahead = [mid for time, mid in self.future if view.quote_time < time <= view.quote_time + SECOND]
        if not ahead:
            return False
        direction = 1 if ahead[-1] > (view.bid + view.ask) / 2 else -1
        changed, self.direction = direction != self.direction, direction
        return changed

    def decide(self, desk: Any) -> None:
        desk.target(self.direction)


def test_a_strategy_that_does_is_caught(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    strategies = {
        "seer": {
            "kind": f"{__name__}:Seer",
            "symbols": ["BTC-USDT"],
            "order": {"style": "market", "notional": 2000, "deadline": "2s"},
        }
    }
    loaded = small_desk(tmp_path, strategies=strategies)

    honest = prepare

    def with_foresight(*args: Any, **keywords: Any) -> Any:
        desk, market = honest(*args, **keywords)
        chunks = list(market.feeds["BTC-USDT"].open(0))
        Seer.future = [
            (int(time), float(bid + ask) / 2)
            for chunk in chunks
            for time, bid, ask in zip(chunk.time, chunk.v0, chunk.v2, strict=True)
            if market.start <= time <= market.end
        ]
        return desk, market

    monkeypatch.setitem(globals(), "prepare", with_foresight)
    with pytest.raises(AssertionError, match="=="):
        _require_blind(loaded)


# ---------------------------------------------------------------------- windows and bad input


def test_a_window_is_what_is_played(tmp_path: Path) -> None:
    loaded = small_desk(tmp_path)
    _, market = prepare(loaded)
    start, end = market.start + 5 * SECOND, market.start + 9 * SECOND
    result = backtest(loaded, start=start, end=end)
    assert (result.record.start, result.record.end) == (start, end)
    assert 0 < result.record.rows < 300
    assert all(start <= fill.event_time <= end + 3 * SECOND for fill in result.fills)


def test_a_window_outside_of_the_data_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="window") as caught:
        backtest(small_desk(tmp_path), start=1, end=2)
    assert caught.value.value == "1970-01-01 00:00:00 to 1970-01-01 00:00:00"


def test_a_recorded_market_without_data_is_refused(tmp_path: Path) -> None:
    loaded = small_desk(tmp_path, feed={**DESK["feed"], "mode": "recorded"})
    with pytest.raises(ConfigurationError, match="--data"):
        backtest(loaded)


def test_data_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataProviderError, match="nowhere"):
        backtest(small_desk(tmp_path), [tmp_path / "nowhere"])


def test_trades_alone_are_traded_on(tmp_path: Path) -> None:
    """Their price stands for the quote that nobody recorded, and is known behind the trade."""
    steps = (1 if n % 40 < 20 else -1 for n in range(600))
    prices = itertools.accumulate(steps, initial=50_000)
    rows = [f"{1_700_000_000_000 + 100 * n},{price},1,buy" for n, price in enumerate(prices)]
    file = tmp_path / "BTCUSDT-trades.csv"
    file.write_text("timestamp,price,size,side\n" + "\n".join(rows) + "\n")
    loaded = small_desk(
        tmp_path,
        "venues.paper.fill.market=trades",
        feed={"mode": "recorded"},
        symbols={"BTC-USDT": DESK["symbols"]["BTC-USDT"]},
        strategies={"ema": DESK["strategies"]["ema"]},
    )
    result = backtest(loaded, [file], cache=tmp_path / "cache")
    assert result.record.rows == 2 * len(rows)
    assert MADE_QUOTES in result.record.notes
    assert result.fills
    assert len(result.prices["BTC-USDT"]) == len(rows)


@pytest.mark.parametrize(
    ("market", "said"),
    [
        ("top", "best price and size and more of that size, each 0.02% worse,"),
        ("trades", "the last print and more of that size, each 0.02% worse,"),
        ("bars", "the next bar's open worsened by 0.02%,"),
        ("depth", "takers walk the displayed levels, passive"),
    ],
)
def test_the_fill_model_says_what_slippage_does_there(tmp_path: Path, market: str, said: str) -> None:
    fill = f"venues.paper.fill.market={market}", "venues.paper.fill.slippage=2bps"
    told = fill_model(small_desk(tmp_path, *fill).config, "paper")
    assert said in told
    assert told.endswith("5 ms to the book, 5 ms back")


def test_a_symbol_without_data_is_named(tmp_path: Path) -> None:
    file = tmp_path / "btcusdt.csv"
    file.write_text("timestamp,bid,bid_size,ask,ask_size\n1700000000000,1,1,2,1\n1700000001000,1,1,2,1\n")
    with pytest.raises((ConfigurationError, DataProviderError), match="ETH"):
        backtest(small_desk(tmp_path), [file])
