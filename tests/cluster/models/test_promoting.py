"""Promotion: verified, with evidence or a reason, in one instant, and never half."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from cluster.models.evidence import EVIDENCE, ShadowEvidence, read_evidence, write_evidence
from cluster.models.loading import CURRENT, ModelRun
from cluster.models.manifest import RunManifest, fingerprint_of
from cluster.models.promoting import HISTORY, RUNS, history_of, promote
from config.duration import DAY, HOUR
from messages.errors import ConfigurationError, ModelLoadError
from tests.cluster.models.making import INTERVAL, START, lightgbm_entry, make_run

pytestmark = pytest.mark.unit

SEEN = START + 1000 * INTERVAL
NOW = SEEN + 30 * DAY
WHY = "nobody trades with it"


def evidence_of(folder: Path, **more: Any) -> ShadowEvidence:
    found = ShadowEvidence(
        manifest_sha256=fingerprint_of(folder),
        desk="mine",
        config_hash="0123",
        started=SEEN + 1,
        ended=SEEN + 1 + 2 * DAY,
        decisions=500,
        predictions=500,
        pairs=480,
    )
    return msgspec.structs.replace(found, **more)


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return tmp_path / "place"


def second_run(folder: Path, data: bytes) -> Path:
    make_run(folder, [(lightgbm_entry(data, "15m"), data)], run_id="fedcba987654")
    return folder


def test_a_run_with_evidence_is_put_into_use(run: tuple[Path, RunManifest], place: Path) -> None:
    folder, manifest = run
    evidence = evidence_of(folder)
    write_evidence(folder, evidence)
    promotion = promote(folder, place, now=NOW, at_least=DAY)

    assert promotion.run == f"0123456789ab-{fingerprint_of(folder)[:12]}"
    assert (promotion.previous, promotion.evidence, promotion.without_shadow) == (None, evidence, None)
    in_use = ModelRun.open(place)
    assert in_use.manifest == manifest
    assert in_use.folder == place / RUNS / promotion.run, "a link is followed once"
    assert read_evidence(in_use.folder) == evidence
    assert history_of(place) == (promotion,)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (None, "have never been watched"),
        ({"started": SEEN}, "until which the models had learnt"),
        ({"ended": SEEN + HOUR + 1}, "is of less than 1d"),
        ({"decisions": 0}, "has no decision"),
        ({"pairs": 0}, "no prediction that has met its return"),
    ],
)
def test_without_enough_evidence_nothing_is_put_into_use(
    run: tuple[Path, RunManifest], place: Path, change: dict[str, Any] | None, told: str
) -> None:
    folder, _ = run
    if change is not None:
        write_evidence(folder, evidence_of(folder, **change))
    with pytest.raises(ModelLoadError, match=told):
        promote(folder, place, now=NOW, at_least=DAY)
    assert not place.exists()


def test_evidence_about_another_run_is_none(run: tuple[Path, RunManifest], place: Path) -> None:
    folder, _ = run
    with pytest.raises(ModelLoadError, match="another manifest"):
        write_evidence(folder, evidence_of(folder, manifest_sha256="0" * 64))
    path = folder / EVIDENCE
    path.write_bytes(msgspec.json.encode(evidence_of(folder, manifest_sha256="0" * 64)))
    with pytest.raises(ModelLoadError, match="another manifest"):
        promote(folder, place, now=NOW, at_least=DAY)
    path.write_bytes(b"{}")
    with pytest.raises(ModelLoadError, match="can't be read"):
        promote(folder, place, now=NOW, at_least=DAY)


def test_without_a_shadow_run_a_reason_is_needed_and_kept(run: tuple[Path, RunManifest], place: Path) -> None:
    for empty in ("", "  "):
        with pytest.raises(ConfigurationError, match="a reason in words"):
            promote(run[0], place, now=NOW, at_least=DAY, without_shadow=empty)
    promote(run[0], place, now=NOW, at_least=DAY, without_shadow=WHY)
    (promotion,) = history_of(place)
    assert (promotion.evidence, promotion.without_shadow) == (None, WHY)


def test_an_unsound_run_is_not_put_into_use(run: tuple[Path, RunManifest], place: Path) -> None:
    folder, manifest = run
    path = folder / manifest.models[0].file
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(ModelLoadError, match="unfit for use"):
        promote(folder, place, now=NOW, at_least=DAY, without_shadow=WHY)
    assert not place.exists()


def test_one_run_takes_the_place_of_another_and_back(
    run: tuple[Path, RunManifest], place: Path, tmp_path: Path, lightgbm_file: bytes
) -> None:
    other = second_run(tmp_path / "other", lightgbm_file)
    first = promote(run[0], place, now=NOW, at_least=DAY, without_shadow=WHY)
    second = promote(other, place, now=NOW + 1, at_least=DAY, without_shadow=WHY)
    assert second.previous == first.run
    assert ModelRun.open(place).manifest.run_id == "fedcba987654"

    back = promote(place / RUNS / first.run, place, now=NOW + 2, at_least=DAY, without_shadow="worse")
    assert (back.run, back.previous) == (first.run, second.run)
    assert ModelRun.open(place).manifest.run_id == "0123456789ab"
    assert [each.run for each in history_of(place)] == [first.run, second.run, first.run]


def test_what_was_opened_stays_what_it_was(
    run: tuple[Path, RunManifest], place: Path, tmp_path: Path, lightgbm_file: bytes
) -> None:
    promote(run[0], place, now=NOW, at_least=DAY, without_shadow=WHY)
    opened = ModelRun.open(place)
    promote(second_run(tmp_path / "other", lightgbm_file), place, now=NOW, at_least=DAY, without_shadow=WHY)
    (model,) = opened.models()
    assert model.horizon == "5m"


def test_what_becomes_of_the_source_does_not_matter(run: tuple[Path, RunManifest], place: Path) -> None:
    folder, manifest = run
    promote(folder, place, now=NOW, at_least=DAY, without_shadow=WHY)
    (folder / manifest.models[0].file).unlink()
    assert ModelRun.open(place).models()


@pytest.mark.parametrize("step", ["_copy", "_swap"])
def test_a_crash_on_the_way_leaves_the_old_run_in_use(
    run: tuple[Path, RunManifest],
    place: Path,
    tmp_path: Path,
    lightgbm_file: bytes,
    monkeypatch: pytest.MonkeyPatch,
    step: str,
) -> None:
    promote(run[0], place, now=NOW, at_least=DAY, without_shadow=WHY)
    other = second_run(tmp_path / "other", lightgbm_file)

    def crash(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(f"cluster.models.promoting.{step}", crash)
        with pytest.raises(KeyboardInterrupt):
            promote(other, place, now=NOW, at_least=DAY, without_shadow=WHY)
    assert ModelRun.open(place).manifest.run_id == "0123456789ab"
    promote(other, place, now=NOW, at_least=DAY, without_shadow=WHY)
    assert ModelRun.open(place).manifest.run_id == "fedcba987654"
    left = {path.name for path in place.iterdir()} - {RUNS, CURRENT, HISTORY, ".lock"}
    assert left == set()


def test_a_copy_that_was_changed_is_not_put_into_use_again(
    run: tuple[Path, RunManifest], place: Path
) -> None:
    folder, manifest = run
    promotion = promote(folder, place, now=NOW, at_least=DAY, without_shadow=WHY)
    (place / RUNS / promotion.run / manifest.models[0].file).write_bytes(b"changed")
    with pytest.raises(ModelLoadError, match="unfit for use"):
        promote(folder, place, now=NOW, at_least=DAY, without_shadow=WHY)
    with pytest.raises(ModelLoadError):
        ModelRun.open(place)
