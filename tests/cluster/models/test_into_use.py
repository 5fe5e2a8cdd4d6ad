"""A model's whole way by the commands a person has: trained, verified, in shadow beside the one in use, put into use.

On ten days of recorded five-minute bars where they are at hand, else on bars made from a seed. The models are really
trained, small; what they earn is not looked at.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
import yaml

from cluster.cli.main import run
from cluster.replaying.export_file import read_export
from messages.decisions import DecisionMade
from messages.learning import LearningBegan, PredictionsMade
from messages.shadow import IntentSimulated

pytestmark = pytest.mark.integration

DATA = Path(__file__).resolve().parents[4] / "shared" / "data" / "freqtrade" / "LTC_BTC-5m.feather"
BEGIN = datetime(2024, 1, 1, tzinfo=UTC)
STEP = 300
TIME = "%Y-%m-%dT%H:%M:%S"
SMALL = ["--folds", "2", "--horizons", "5m,15m", "--parameter", "num_leaves=7", "--local"]


class Bench(NamedTuple):
    """Settings and data, when training ends and trading begins, when that ends, and the folder of it all."""

    config: Path
    data: Path
    until: str
    end: str
    folder: Path


def made_bars(folder: Path, days: int = 7) -> tuple[Path, datetime]:
    """Bars of five minutes of a market that goes back half of each move; and the middle of it."""
    random = np.random.default_rng(5)
    count = days * 86_400 // STEP
    noise = random.normal(0.0, 0.002, count)
    moves = noise - 0.5 * np.r_[0.0, noise[:-1]]
    closes = 0.01 * np.exp(np.cumsum(moves))
    opens = np.r_[closes[0], closes[:-1]]
    wick = np.abs(random.normal(0.0, 0.0005, (2, count)))
    lines = ["symbol,open_time,open,high,low,close,volume"]
    for row in range(count):
        high, low = max(opens[row], closes[row]), min(opens[row], closes[row])
        prices = (opens[row], high * (1 + wick[0, row]), low * (1 - wick[1, row]), closes[row])
        at = int(BEGIN.timestamp() + row * STEP) * 1000
        volume = 100 + random.integers(0, 100)
        lines.append(f"LTC/BTC,{at},{','.join(f'{each:.8f}' for each in prices)},{volume}")
    path = folder / "made.csv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path, datetime.fromtimestamp(BEGIN.timestamp() + count // 2 * STEP, UTC)


def settings(folder: Path, **models: str) -> Path:
    """A desk on which `flow` trades on the models in use, and others, where named, are in shadow on those of theirs."""
    flow: dict[str, Any] = {
        "kind": "pipeline",
        "symbols": ["LTC-BTC"],
        "budget": 50,
        "order": {"notional": 5},
        "stop": "1%",
        "parameters": {
            "interval": "5m",
            "bars": "feed",
            "costs": {"taker_fee_bps": 1.0},
            "gates": {"chop": {"enabled": False}, "barrier": {"enabled": False}},
        },
    }
    parts: dict[str, Any] = {
        "desk": {"name": "into-use", "environment": "paper", "base_currency": "BTC"},
        "redis": {"mode": "embedded"},
        "feed": {"mode": "recorded"},
        "venues": {
            "bars": {
                "kind": "paper",
                "starting_balances": {"BTC": 100},
                "fees": {"maker": "1bps", "taker": "1bps"},
                "fill": {"market": "bars"},
            }
        },
        "symbols": {"LTC-BTC": {"venue": "bars", "listing": "LTC/BTC", "tick": "0.00000001", "lot": "0.001"}},
        "strategies": {
            name: {**flow, "models": [place], **({"shadow": True} if name != "flow" else {})}
            for name, place in models.items()
        },
        "risk": {
            "min_notional": "0.01",
            "max_order_notional": 20,
            "max_symbol_exposure": "50%",
            "max_gross_exposure": "50%",
        },
    }
    path = folder / "into_use.yaml"
    path.write_text(yaml.safe_dump(parts))
    return path


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    monkeypatch.setenv("HOME", str(tmp_path))  # decoded files are kept below it
    if DATA.exists():
        data, middle = DATA, datetime(2018, 1, 18, tzinfo=UTC)
    else:
        data, middle = made_bars(tmp_path)
    config = settings(tmp_path, flow=str(tmp_path / "models"))
    end = middle + timedelta(days=2, hours=8)
    return Bench(config, data, middle.strftime(TIME), end.strftime(TIME), tmp_path)


Words = Callable[..., dict[str, Any]]


@pytest.fixture
def raydesk(capfd: pytest.CaptureFixture[str]) -> Words:
    """Runs a command, which has to succeed unless it may say otherwise, and gives its document."""

    def command(*words: object, codes: tuple[int, ...] = (0,)) -> dict[str, Any]:
        capfd.readouterr()
        code = run([*map(str, words), "--json"])
        said = capfd.readouterr()
        assert code in codes, said.err
        document: dict[str, Any] = json.loads(said.out)
        return document

    return command


def trained(bench: Bench, raydesk: Words, name: str, rounds: int) -> Path:
    out = bench.folder / "runs" / name
    words = ["--data", bench.data, "--to", bench.until, "--bars", "feed", "--parameter", f"rounds={rounds}"]
    manifest = raydesk("models", "train", bench.config, *words, "--out", out, *SMALL)
    assert {each["family"] for each in manifest["models"]} == {"lightgbm"}
    assert all(each["calibration"]["pairs"] > 20 for each in manifest["models"])
    verified = raydesk("models", "verify", out, "--interval", "5m")
    assert verified["run_id"] == manifest["run_id"]
    return out


def test_a_trained_model_goes_through_shadow_into_use(bench: Bench, raydesk: Words) -> None:
    place = bench.folder / "models"
    first, following = trained(bench, raydesk, "first", 10), trained(bench, raydesk, "next", 40)
    raydesk("models", "promote", first, "--to", place, "--without-shadow", "there is none to be beside of")
    refused = run(["models", "promote", str(following), "--to", str(place)])
    assert refused != 0, "it has not been in shadow"

    config = settings(bench.folder, flow=str(place), flow_next=str(following))
    export = bench.folder / "run.export"
    window = ["--data", bench.data, "--from", bench.until, "--to", bench.end]
    played = raydesk("backtest", config, *window, "--export", export)
    assert played["run"]["fingerprint"]
    events = [
        event
        for record in read_export(export).actors["strategy/LTC-BTC"].records()
        for event in record.events
    ]
    predicted = [each.strategy for each in events if isinstance(each, PredictionsMade)]
    assert predicted.count("flow") == predicted.count("flow_next") > 300
    began = {each.strategy: each.models for each in events if isinstance(each, LearningBegan)}
    assert began["flow"] == began["flow_next"]
    assert any(isinstance(each, IntentSimulated) and each.intent.strategy == "flow_next" for each in events)
    assert {each.strategy for each in events if isinstance(each, DecisionMade)} == {"flow", "flow_next"}

    beside = ["--live", "flow", "--shadow", "flow_next", "--evidence", following]
    compared = raydesk("shadow", "compare", export, *beside, codes=(0, 1))
    assert compared["orders_sent"] == 0
    assert compared["aligned"] > 0
    evidence = json.loads((following / "shadow.json").read_text())
    assert evidence["predictions"] > 300
    assert evidence["pairs"] > 300

    promoted = raydesk("models", "promote", following, "--to", place, "--shadow-at-least", "1d")
    assert raydesk("models", "verify", place)["run_id"] == promoted["run_id"]
    history = [json.loads(line) for line in (place / "history.jsonl").read_text().splitlines()]
    assert len(history) == 2
    assert history[-1]["run_id"] == promoted["run_id"]

    again = raydesk("backtest", settings(bench.folder, flow=str(place)), *window)
    assert again["run"]["fingerprint"] != played["run"]["fingerprint"], "another model trades now"
