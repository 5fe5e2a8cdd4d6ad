"""The measurement of decisions: all stages work, each has its share, and the bench knows its aims."""

from __future__ import annotations

import numpy as np
import pytest

from cluster.bench.pipeline import STAGES, PipelinePlan, Scene, measure_pipeline
from cluster.bench.runner import AIMS, SECTIONS

pytestmark = pytest.mark.unit


def test_both_cases_are_measured_stage_by_stage_and_models_apart() -> None:
    found = measure_pipeline(PipelinePlan(one=300, thousand=2))
    assert list(found) == ["one", "thousand"]
    for figures, symbols in zip(found.values(), (1, 1_000), strict=True):
        assert sum(figures[f"{stage}_share"] for stage in STAGES) == pytest.approx(1, abs=0.01)
        assert figures["decision_per_symbol_us"] == pytest.approx(
            figures["decision_p50_us"] / symbols, rel=0.01
        )
        assert figures["decision_p50_us"] <= figures["decision_p99_us"]
        assert figures["trades_per_decision"] > 0
        assert figures["judging_p50_us"] > 0
        assert figures.get("model_p50_us", 1) > 0


def test_a_scene_decides_alike_whenever_it_is_made_and_some_symbols_trade() -> None:
    def targets() -> tuple[list[float], list[str]]:
        scene, stages = Scene(20), []
        for _ in range(3):
            made = scene.decide(stages.append)
        return made.sizes.target.tolist(), stages

    first, stages = targets()
    assert stages == [*STAGES] * 3
    assert first == targets()[0]
    assert np.isfinite(first).all()
    assert len(set(first)) > 3


def test_the_decisions_are_those_of_a_pipeline_whose_trades_have_a_say() -> None:
    made = Scene(3).decide(lambda stage: None)
    preference = made.arbitration.preference
    assert preference is not None
    assert np.ptp(preference, axis=1).min() > 0
    assert (made.blend.weights != made.blend.tempered).any()


def test_the_section_is_known_with_its_aims() -> None:
    assert "pipeline" in SECTIONS
    aims = {aim.figure: aim.most for aim in AIMS if aim.figure.startswith("pipeline.")}
    assert aims == {"pipeline.one.decision_p50_us": 300, "pipeline.thousand.decision_per_symbol_us": 5}
