"""A shadow beside the paper run on the same recording: the same decisions, no orders, and a report that says so."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import pytest

from cluster.backtest.desk import BacktestDesk
from cluster.backtest.export import recorded_run
from cluster.backtest.runner import prepare
from cluster.cli.main import run
from cluster.models.evidence import read_evidence
from cluster.replaying.export_file import write_export
from cluster.replaying.recorded import Recorded
from cluster.shadow.comparing import compare
from cluster.shadow.evidence import evidence_of
from cluster.shadow.reading import decisions_of
from messages.decisions import IntentRaised
from messages.errors import ConfigurationError
from messages.shadow import IntentSimulated
from tests.chaos.strategies import PIPELINE
from tests.cluster.backtest.market import DESK, small_desk
from tests.cluster.models.making import fitted as model_file
from tests.cluster.models.making import lightgbm_entry, make_run

pytestmark = pytest.mark.integration

DATA = Path(__file__).resolve().parents[4] / "shared" / "data"
LIVE: dict[str, dict[str, Any]] = {
    "ema": {**DESK["strategies"]["ema"], "order": {"style": "market", "notional": 200, "deadline": "2s"}},
    "flow": {**PIPELINE, "kind": "tests.chaos.strategies:Swings", "budget": 1_000},
}
"""Orders of a size that the market takes at once: where one is filled in part, a shadow goes another way."""

PAIRS = {name: f"{name}_dark" for name in LIVE}


class Ran(NamedTuple):
    desk: Any
    recorded: Recorded


def played(folder: Path, live: str, data: tuple[Path, ...] = ()) -> Ran:
    """A desk with a strategy and its shadow, over a market made from a seed or recorded."""
    strategies = {live: LIVE[live], PAIRS[live]: {**LIVE[live], "shadow": True}}
    parts: dict[str, Any] = {
        "strategies": strategies,
        "symbols": {"BTC-USDT": DESK["symbols"]["BTC-USDT"]},
        "feed": {"mode": "recorded"}
        if data
        else {
            "mode": "synthetic",
            "synthetic": {
                **DESK["feed"]["synthetic"],
                "duration": "90s",
                "quotes_per_second": 10,
                "start_prices": {"BTC-USDT": 60000},
            },
        },
    }
    loaded = small_desk(folder, **parts)
    desk, market = prepare(loaded, data, cache=folder / "cache", keep_journal=True)
    desk.run()
    return Ran(desk, recorded_run(loaded, desk, market, str(folder / "cache")))


@pytest.fixture(scope="module")
def beside(tmp_path_factory: pytest.TempPathFactory) -> Ran:
    """The pipeline beside its shadow."""
    return played(tmp_path_factory.mktemp("beside"), "flow")


def require_alike(ran: Ran, name: str) -> None:
    dark = PAIRS[name]
    found = compare(
        decisions_of(ran.recorded, name),
        decisions_of(ran.recorded, dark),
        names=(name, dark),
        within=1_000_000_000,
    )
    assert found.live_trades > 3
    assert found.is_equal, found.differences
    assert found.veto_mismatches == found.orders_sent == 0
    filled = [each for each in decisions_of(ran.recorded, name) if each.price is not None]
    assert found.price.count == len(filled) > 3
    assert found.price.largest is not None
    assert abs(found.price.largest) < 10.0


def test_it_decides_as_the_strategy_that_trades(beside: Ran) -> None:
    require_alike(beside, "flow")


def test_so_does_one_that_waits_for_a_signal(tmp_path: Path) -> None:
    require_alike(played(tmp_path, "ema"), "ema")


@pytest.mark.parametrize("name", sorted(LIVE))
def test_on_recorded_quotes_as_well(tmp_path: Path, name: str) -> None:
    quotes = DATA / "nautilus" / "binance_btcusdt-quotes.parquet"
    if not quotes.exists():
        pytest.skip("skipped: no recorded data")
    require_alike(played(tmp_path, name, (quotes,)), name)


def test_no_order_of_a_shadow_leaves_its_actor(beside: Ran) -> None:
    actor = beside.recorded.actors["strategy/BTC-USDT"]
    events = [event for record in actor.records() for event in record.events]
    assert {each.intent.strategy for each in events if isinstance(each, IntentRaised)} == {"flow"}
    simulated = {each.intent_id: each for each in events if isinstance(each, IntentSimulated)}
    assert {each.intent.strategy for each in simulated.values()} == {"flow_dark"}
    mail = [message for each in beside.recorded.sent().values() for message in each]
    assert mail
    for message in mail:
        assert b"flow_dark" not in message
    assert isinstance(beside.desk, BacktestDesk)
    assert {each.strategy for each in beside.desk.harvest.fills} == {"flow"}


def test_the_command_reports_and_says_by_its_exit_code(
    beside: Ran, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    export = tmp_path / "run.export"
    write_export(beside.recorded, export)
    capfd.readouterr()
    arguments = ["shadow", "compare", str(export), "--live", "flow", "--shadow", "flow_dark"]
    assert run([*arguments, "--json"]) == 0
    document = json.loads(capfd.readouterr().out)
    assert document["equal_share"] == 1.0
    assert document["orders_sent"] == 0
    assert run(arguments) == 0
    text = capfd.readouterr().out
    assert "decided alike" in text
    assert "100.00% are equal" in text
    assert run(["shadow", "compare", str(export), "--live", "flow"]) == 2
    assert run(["shadow", "compare", str(export), "--live", "flow", "--shadow", "nobody"]) == 2


def test_it_is_evidence_for_its_models(beside: Ran, tmp_path: Path) -> None:
    run_directory = tmp_path / "run"
    data = model_file("lightgbm")
    make_run(run_directory, [(lightgbm_entry(data), data)])
    recorded = using(beside.recorded, "flow_dark", run_directory)
    evidence = evidence_of(recorded, "flow_dark", run_directory)
    assert evidence.predictions > 80
    assert evidence.pairs >= 2
    assert evidence.decisions > 5
    assert evidence.ended - evidence.started > 80 * 1_000_000_000
    export = tmp_path / "run.export"
    write_export(recorded, export)
    words = ["--live", "flow", "--shadow", "flow_dark", "--evidence", str(run_directory), "--json"]
    assert run(["shadow", "compare", str(export), *words]) == 0
    assert read_evidence(run_directory) == evidence


def test_what_is_no_evidence_is_refused(beside: Ran, tmp_path: Path) -> None:
    run_directory = tmp_path / "run"
    data = model_file("lightgbm")
    make_run(run_directory, [(lightgbm_entry(data), data)])
    with pytest.raises(ConfigurationError, match="did not use these models"):
        evidence_of(beside.recorded, "flow_dark", run_directory)
    with pytest.raises(ConfigurationError, match="was not in shadow"):
        evidence_of(using(beside.recorded, "flow", run_directory), "flow", run_directory)


def using(recorded: Recorded, strategy: str, run_directory: Path) -> Recorded:
    """The same history, as of a strategy whose settings name these models."""
    settings = recorded.header.config
    strategies = settings.document["strategies"]
    named = {**strategies, strategy: {**strategies[strategy], "models": [str(run_directory)]}}
    config = msgspec.structs.replace(settings, document={**settings.document, "strategies": named})
    return msgspec.structs.replace(recorded, header=msgspec.structs.replace(recorded.header, config=config))
