"""Training on recorded markets: the real bars of another project's tests."""

from __future__ import annotations

from pathlib import Path

import pytest

from actors.strategy.bars import BarSource
from actors.strategy.models import Target
from cluster.feeds import RecordedFeed, Recording
from cluster.models.bars import Bars, bars_of
from cluster.models.calibrating import calibration_of
from cluster.models.dataset import window_features
from cluster.models.families import open_model
from cluster.models.labels import labels_of
from cluster.models.loading import LoadedModel
from cluster.models.training import TrainingPlan, train
from tests.cluster.models.making import INTERVAL

pytestmark = pytest.mark.integration

DATA = Path(__file__).resolve().parents[4] / "shared" / "data"
LISTINGS = {"ETH/BTC": "ETH-BTC", "LTC/BTC": "LTC-BTC"}


@pytest.fixture(scope="module")
def series(tmp_path_factory: pytest.TempPathFactory) -> list[Bars]:
    """Twenty days of two markets, five minutes each."""
    files = [DATA / "freqtrade" / f"{listing.replace('/', '_')}-5m.feather" for listing in LISTINGS]
    if not all(file.exists() for file in files):
        pytest.skip("skipped: no recorded data")
    recording = Recording(files, LISTINGS, cache_folder=tmp_path_factory.mktemp("cache"))
    return [bars_of(RecordedFeed.of(recording, symbol), INTERVAL) for symbol in LISTINGS.values()]


def test_recorded_bars_are_taken_as_they_are(series: list[Bars]) -> None:
    assert [len(bars) for bars in series] == [5760, 5760]
    assert {bars.source for bars in series} == {BarSource.FEED}


def test_the_worth_that_is_promised_is_there_on_what_came_later(series: list[Bars]) -> None:
    """Trained on the first half; what its folds say of it holds, with its sign, on the second."""
    halves = [bars.until(int(bars.closes[len(bars) // 2])) for bars in series]
    plan = TrainingPlan(horizons=("5m",), folds=2, parameters={"rounds": 60})
    trained = train(halves, plan)
    (entry,) = trained.manifest.models
    assert entry.calibration is not None
    assert entry.calibration.ic > 0.03
    assert trained.manifest.trained_to <= int(halves[0].closes[-1])

    model = LoadedModel(entry, 5, open_model(trained.files[entry.file], entry))
    later = series[0].closes > trained.manifest.trained_to
    said = model.predict(window_features(series[0]))[later]
    came = labels_of(series[0], Target.FORWARD_RETURN, INTERVAL)[later]
    times = series[0].closes[later]
    found = calibration_of(times, times * 0, said, came, overlap=1)
    assert found is not None
    assert found.ic > 0.03
    assert found.slope > 0.0
