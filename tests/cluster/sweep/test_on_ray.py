"""The same sweep as Ray tasks, on a real local cluster: the same document, and nothing of it is left."""

from __future__ import annotations

from pathlib import Path

import psutil
import pytest
import ray

from cluster.sweep.document import sweep_json
from cluster.sweep.running import ray_runner
from cluster.sweep.space import Axis, Point, grid_points
from cluster.sweep.sweep import SweepPlan, sweep
from config import LoadedConfig, load_config

pytestmark = pytest.mark.integration


def test_ray_tasks_give_the_document_that_one_process_gives(
    config_file: Path, base: LoadedConfig, tmp_path: Path
) -> None:
    def load(point: Point) -> LoadedConfig:
        return load_config(config_file, environ={}, overrides=point.overrides)

    points = grid_points([Axis("strategies.ema.parameters.fast", ("2", "3", "4", "7"))])
    plan = SweepPlan(points, "total_return", (), str(tmp_path / "cache"))
    began_without = not ray.is_initialized()
    with ray_runner(base.config) as runner:
        on_ray = sweep(base, load, plan, runner=runner)
        started = psutil.Process().children(recursive=True)

    assert on_ray.points[3].error is not None, "7 is not below 5"
    assert sweep_json(on_ray) == sweep_json(sweep(base, load, plan))
    if began_without:  # else it was somebody else's cluster, which stays
        assert not ray.is_initialized()
        _, left = psutil.wait_procs(started, timeout=60)
        assert [each for each in left if "ray" in each.name() or "raylet" in " ".join(each.cmdline())] == []
