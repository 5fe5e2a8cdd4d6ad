"""`raydesk models` as a person or a script calls it: train, verify, promote, and a run that is not fit for use."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
import yaml

from cluster.cli.exits import Exit
from cluster.models.manifest import RunManifest
from cluster.models.promoting import Promotion
from cluster.models.verifying import VerifyDocument
from tests.cluster.cli.conftest import Command, Said
from tests.cluster.models.making import made_bars
from tests.cluster.sweep.conftest import profile

pytestmark = pytest.mark.unit

WHY = "it is a test"
QUICK = ("--horizons", "5m", "--folds", "1", "--parameter", "rounds=5", "--parameter", "min_data_in_leaf=20")
Train = Callable[..., Said]


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file of bars."""
    path = tmp_path_factory.mktemp("data") / "BTC_USDT-5m.csv"
    bars = made_bars(count=900)
    rows = zip(bars.closes.tolist(), bars.values.round(6).tolist(), strict=True)
    lines = [",".join(map(str, (time // 1_000_000, *values))) for time, values in rows]
    path.write_text("\n".join(["close_time,open,high,low,close,volume", *lines]) + "\n")
    return path


@pytest.fixture
def train(command: Command, data: Path, tmp_path: Path) -> Train:
    document = profile()
    document["feed"] = {"mode": "recorded"}
    (tmp_path / "desk.yaml").write_text(yaml.safe_dump(document))

    def call(*more: str, out: str = "run") -> Said:
        where = ("--data", str(data), "--cache", str(tmp_path / "cache"), "--out", str(tmp_path / out))
        return command("models", "train", str(tmp_path / "desk.yaml"), *where, "--local", *QUICK, *more)

    return call


def test_from_data_to_a_run_in_use(train: Train, command: Command, tmp_path: Path) -> None:
    said = train("--targets", "forward_return,peak", "--json")
    assert said.code == Exit.OK, said.err
    manifest = msgspec.json.decode(said.out, type=RunManifest)
    assert (tmp_path / "run" / "manifest.json").read_text() == said.out
    assert [entry.label for entry in manifest.models] == ["lightgbm/forward_return/5m", "lightgbm/peak/5m"]
    assert [file.name for file in manifest.data] == ["BTC_USDT-5m.csv"]

    said = command("models", "verify", str(tmp_path / "run"), "--interval", "5m", "--json")
    assert said.code == Exit.OK, said.err
    assert msgspec.json.decode(said.out, type=VerifyDocument).sound

    said = command("models", "promote", str(tmp_path / "run"), "--to", str(tmp_path / "place"))
    assert said.code == Exit.TROUBLE
    assert "never been watched" in said.err
    assert "--without-shadow" in said.err
    assert not (tmp_path / "place").exists()

    to = ("--to", str(tmp_path / "place"), "--without-shadow", WHY)
    said = command("models", "promote", str(tmp_path / "run"), *to, "--json")
    assert said.code == Exit.OK, said.err
    assert msgspec.json.decode(said.out, type=Promotion).without_shadow == WHY
    assert command("models", "verify", str(tmp_path / "place")).code == Exit.OK


def test_people_are_told_what_the_models_are_worth(train: Train, command: Command, tmp_path: Path) -> None:
    said = train()
    assert said.code == Exit.OK, said.err
    assert "forward_return" in said.out
    assert "bps" in said.out
    assert "29 features" in said.err

    said = command("models", "verify", str(tmp_path / "run"))
    assert "sound" in said.out
    said = command(
        "models", "promote", str(tmp_path / "run"), "--to", str(tmp_path / "p"), "--without-shadow", WHY
    )
    assert "instead of nothing" in said.err


def test_a_run_that_is_unfit_ends_with_one_and_its_findings(
    train: Train, command: Command, tmp_path: Path
) -> None:
    train()
    (file,) = (tmp_path / "run" / "models").rglob("*.txt")
    file.write_bytes(file.read_bytes()[:-1])
    said = command("models", "verify", str(tmp_path / "run"))
    assert said.code == Exit.TROUBLE
    assert "the manifest says" in " ".join(said.out.split())
    assert "unfit for use" in said.err
    said = command("models", "verify", str(tmp_path / "nowhere"), "--json")
    assert said.code == Exit.TROUBLE
    assert said.json["problems"]


def test_a_window_of_the_data_can_be_chosen(train: Train) -> None:
    said = train("--to", "2024-01-03T23:59:59", "--json")
    assert said.code == Exit.OK, said.err
    assert msgspec.json.decode(said.out, type=RunManifest).trained_to <= 1_704_326_400_000_000_000


@pytest.mark.parametrize(
    ("more", "told"),
    [
        (["--interval", "90s"], "--interval: must be whole minutes"),
        (["--interval", "often"], "--interval: "),
        (["--targets", "luck"], "one of forward_return, peak, valley"),
        (["--bars", "candles"], "one of auto, feed, trades, quotes"),
        (["--family", "onnx"], "can't be trained here"),
        (["--parameter", "rounds"], "--parameter: not name=value"),
        (["--parameter", "speed=1"], "not given such a parameter"),
        (["--horizons", "5m,5m"], "--horizons: must be some names, each once"),
        (["--horizons", "7m"], "no whole number of bars"),
    ],
)
def test_what_can_not_be_trained_is_bad_usage(
    train: Train, tmp_path: Path, more: list[str], told: str
) -> None:
    said = train(*more)
    assert said.code == Exit.USAGE
    assert told in said.err
    assert not (tmp_path / "run").exists()


def test_data_that_is_too_short_or_lacks_something_is_trouble(train: Train) -> None:
    assert "too little data for 40 folds" in train("--folds", "40").err
    assert "nothing to make bars of" in train("--bars", "trades").err
    assert "there is no such feature" in train("--features", "range,moon").err


def test_nothing_is_written_over(train: Train) -> None:
    assert train().code == Exit.OK
    said = train()
    assert said.code == Exit.USAGE
    assert "something already" in said.err


def test_without_a_place_for_the_run_nothing_begins(command: Command) -> None:
    said = command("models", "train", "synthetic")
    assert said.code == Exit.USAGE
    assert said.err.startswith("error: --out: ")
