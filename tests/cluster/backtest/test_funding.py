"""Funding in a backtest: charged at its times at the mid of then, shared by strategies, told in record and report."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest

from cluster.backtest.funding import open_funding
from cluster.backtest.market import prices_of
from cluster.backtest.result import BacktestResult
from cluster.backtest.runner import FUNDING, NO_FUNDING, backtest, prepare
from cluster.session_feed import replay_plan
from cluster.simulator.lockstep import LockstepDesk
from config import LoadedConfig
from messages.errors import ConfigurationError, DataProviderError
from messages.portfolio import FundingBooked
from tests.cluster.backtest.market import SECOND, small_desk

pytestmark = pytest.mark.unit

CONSTANT = {"rate": "5bps", "interval": "700ms"}
START = 1_767_225_600 * SECOND


def funded(folder: Path, **changes: object) -> LoadedConfig:
    venues = {
        "paper": {
            "kind": "paper",
            "starting_balances": {"USDT": 100000},
            "fees": {"maker": "2bps", "taker": "4bps"},
            "latency_order": "5ms",
            "latency_report": "5ms",
            "funding": {**CONSTANT, **changes},
        }
    }
    return small_desk(folder, venues=venues)


def rates(folder: Path, name: str, *rows: tuple[int, str]) -> Path:
    path = folder / name
    path.write_text("time,funding_rate\n" + "".join(f"{time},{rate}\n" for time, rate in rows))
    return path


def paid(result: BacktestResult) -> Decimal:
    return sum((each.amount for each in result.record.funding), Decimal(0))


def test_without_rates_nothing_is_charged_and_a_note_says_so(tmp_path: Path) -> None:
    result = backtest(small_desk(tmp_path))
    assert (result.record.funding, NO_FUNDING in result.record.notes) == ([], True)


def test_a_constant_rate_is_charged_at_its_times_and_explains_what_cash_differs_by(tmp_path: Path) -> None:
    result = backtest(funded(tmp_path))
    record = result.record
    assert len(record.funding) > 10
    assert {each.time % (700 * 1_000_000) for each in record.funding} == {0}
    assert {(each.symbol, each.strategy) for each in record.funding} == {
        ("BTC-USDT", "ema"),
        ("ETH-USDT", "momentum"),
    }
    assert (FUNDING in record.notes, NO_FUNDING in record.notes) == (True, False)
    costs = result.statistics.costs
    assert costs.funding == paid(result) != 0
    gross = sum((row.gross for row in result.statistics.by_strategy), Decimal(0))
    assert float(gross - costs.fees + costs.funding) == pytest.approx(result.statistics.profit, abs=1e-6)


def test_each_payment_is_the_position_at_the_mid_of_its_time(tmp_path: Path) -> None:
    desk, market = prepare(funded(tmp_path, symbols=["BTC-USDT"]), keep_journal=True)
    desk.run()
    prices = prices_of(market.feeds)["BTC-USDT"]
    positions: list[tuple[int, Decimal]] = []
    held = Decimal(0)
    for fill in desk.harvest.fills:
        if fill.symbol == "BTC-USDT":
            held += fill.side.sign * fill.quantity
            positions.append((fill.event_time, held))
    booked = [
        event
        for record in desk.store.actors["risk"].journal
        for event in record.events
        if isinstance(event, FundingBooked)
    ]
    assert len(booked) > 5
    for event in booked:
        position = [after for time, after in positions if time < event.event_time][-1]
        assert event.funding_rate == Decimal("0.0005")
        mid = prices.last_before(np.array([event.event_time], np.int64))[0]
        assert float(-event.amount / position / Decimal("0.0005")) == pytest.approx(mid, abs=0.01)


def test_rates_of_a_file_take_the_place_of_the_settings(tmp_path: Path) -> None:
    file = rates(
        tmp_path,
        "BTC_USDT-8h-funding_rate.csv",
        (START + 5 * SECOND, "0.001"),
        (START + 15 * SECOND, "-0.002"),
    )
    result = backtest(funded(tmp_path), funding=[file])
    times = [each.time for each in result.record.funding if each.symbol == "BTC-USDT"]
    assert set(times) <= {START + 5 * SECOND, START + 15 * SECOND}
    assert times
    assert any(each.symbol == "ETH-USDT" for each in result.record.funding)
    assert file.name in [each.name for each in result.record.files]


def test_a_file_without_a_name_belongs_to_the_only_traded_symbol(tmp_path: Path) -> None:
    file = rates(tmp_path, "rates.csv", (START + 5 * SECOND, "0.001"))
    only = small_desk(
        tmp_path,
        strategies={
            "ema": {
                "kind": "ema_cross",
                "symbols": ["BTC-USDT"],
                "parameters": {"fast": 2, "slow": 5, "sampling_interval": "100ms"},
                "order": {"style": "market", "notional": 2000, "deadline": "2s"},
            }
        },
    )
    found, files = open_funding(only.config, [file])
    assert (list(found), files[0].rows) == (["BTC-USDT"], 1)
    with pytest.raises(DataProviderError, match="does not say whose"):
        open_funding(small_desk(tmp_path).config, [file])


def test_what_cant_be_used_is_named(tmp_path: Path) -> None:
    config = small_desk(tmp_path).config
    other = rates(tmp_path, "DOGE_USDT-8h-funding_rate.csv", (START, "0.001"))
    with pytest.raises(ConfigurationError, match="of a traded symbol"):
        open_funding(config, [other])
    one = rates(tmp_path, "BTC_USDT-8h-funding_rate.csv", (START, "0.001"))
    (tmp_path / "again").mkdir()
    two = rates(tmp_path / "again", one.name, (START, "0.002"))
    with pytest.raises(DataProviderError, match="two funding rates of BTC-USDT"):
        open_funding(config, [one, two])
    assert open_funding(config, []) == ({}, ())


def test_the_same_run_gives_the_same_payments(tmp_path: Path) -> None:
    first, second = backtest(funded(tmp_path)), backtest(funded(tmp_path))
    assert first.record.funding == second.record.funding
    assert first.record.fingerprint == second.record.fingerprint


def test_lockstep_and_backtest_charge_at_the_same_times_and_their_books_agree(tmp_path: Path) -> None:
    loaded = funded(tmp_path)
    desk = LockstepDesk(loaded.config, replay_plan(loaded.config, [], tmp_path))
    desk.run()
    books = desk.projection().books
    venue = desk.venues["execution/paper"]
    assert books.funding != 0
    assert books.state.accounts["paper"].balances == venue.engine.account("small").balances
    result = backtest(loaded)
    lockstep = {event.event_time for event in desk.projection().orders.funding}
    assert len(lockstep & {each.time for each in result.record.funding}) > 5
