"""Small markets, runs and model files that the tests make themselves."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

import msgspec
import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from actors.strategy.bars import BarSource
from actors.strategy.models import Calibration, Target
from actors.strategy.pipeline.arrays import Floats
from cluster.models.bars import Bars
from cluster.models.fitting import entry_of
from cluster.models.manifest import ModelEntry, RunManifest, write_manifest
from cluster.models.trainers import fit
from config.duration import MINUTE

START = 1_704_067_200_000_000_000
"""2024-01-01."""
INTERVAL = 5 * MINUTE
NAMES = ("return_1", "volatility_20", "range")
QUICK = {"rounds": 10, "min_data_in_leaf": 20, "learning_rate": 0.1}
CALIBRATION = Calibration(slope=0.0004, ic=0.1, rmse=0.002, pairs=500, window=10)


def made_bars(symbol: str = "BTC-USDT", count: int = 1200, seed: int = 1, interval: int = INTERVAL) -> Bars:
    """A market that gives back half of each move, so that there is something to learn."""
    random = np.random.default_rng(seed)
    noise = random.normal(scale=0.002, size=count)
    returns = noise.copy()
    for index in range(1, count):
        returns[index] = noise[index] - 0.5 * returns[index - 1]
    close = 100.0 * np.exp(np.cumsum(returns))
    opened = np.r_[100.0, close[:-1]]
    wide = np.abs(random.normal(scale=0.001, size=(2, count)))
    high, low = np.maximum(opened, close) * (1 + wide[0]), np.minimum(opened, close) * (1 - wide[1])
    volume = random.uniform(1.0, 9.0, count)
    closes = START + interval * np.arange(1, count + 1, dtype=np.int64)
    return Bars(symbol, BarSource.FEED, interval, closes, np.column_stack([opened, high, low, close, volume]))


def table(rows: int = 400, seed: int = 3) -> tuple[Floats, Floats]:
    """Features and a return that depends on the first of them."""
    random = np.random.default_rng(seed)
    x = random.normal(size=(rows, len(NAMES)))
    return x, 0.01 * x[:, 0] + random.normal(scale=0.01, size=rows)


def fitted(family: str, target: Target = Target.FORWARD_RETURN) -> bytes:
    """The file of a small model of this family."""
    x, y = table()
    quick = (
        {"rounds": 5, "min_data_in_leaf": 20}
        if family == "lightgbm"
        else {"rounds": 5, "min_child_weight": 5}
    )
    labels = (y > 0).astype(np.float64) if target.is_probability else y
    return fit(family, x, labels, NAMES, target, parameters=quick, seed=7)


def linear_onnx(
    weights: Floats, *, double: bool = False, outputs: int = 1, operations: Sequence[str] = ()
) -> bytes:
    """An ONNX model `x @ weights`, for rows of features or for windows, which are flattened first."""
    kind, element = (np.float64, TensorProto.DOUBLE) if double else (np.float32, TensorProto.FLOAT)
    flat = np.repeat(weights.reshape(-1, 1), outputs, axis=1).astype(kind)
    nodes = [
        helper.make_node("Flatten", ["x"], ["rows"], axis=1),
        helper.make_node("MatMul", ["rows", "w"], ["m0"]),
    ]
    for number, name in enumerate(operations):
        nodes.append(helper.make_node(name, [f"m{number}"], [f"m{number + 1}"]))
    graph = helper.make_graph(
        nodes,
        "linear",
        [helper.make_tensor_value_info("x", element, [None, *weights.shape])],
        [helper.make_tensor_value_info(f"m{len(operations)}", element, [None, outputs])],
        [numpy_helper.from_array(flat, "w")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    model.ir_version = 9
    onnx.checker.check_model(model)
    content: bytes = model.SerializeToString()
    return content


def onnx_entry(data: bytes, **more: object) -> ModelEntry:
    """The entry of an ONNX model of the features `NAMES`, or of raw sequences if `more` says so."""
    fields: dict[str, object] = {
        "name": "net",
        "family": "onnx",
        "target": Target.FORWARD_RETURN,
        "horizon": "5m",
        "file": "models/net.onnx",
        "sha256": hashlib.sha256(data).hexdigest(),
        "size": len(data),
        "features": NAMES,
    }
    return msgspec.convert({**fields, **more}, ModelEntry)


def lightgbm_entry(data: bytes, horizon: str = "5m") -> ModelEntry:
    """The entry of a LightGBM model of the features `NAMES`."""
    entry = entry_of("lightgbm", "lightgbm", (Target.FORWARD_RETURN, horizon), NAMES, data)
    return msgspec.structs.replace(entry, calibration=CALIBRATION)


def make_run(folder: Path, models: Sequence[tuple[ModelEntry, bytes]], **more: object) -> RunManifest:
    """Write a run of these models."""
    manifest = RunManifest(
        run_id="0123456789ab",
        interval_minutes=5,
        models=tuple(entry for entry, _ in models),
        trained_from=START,
        trained_to=START + 1000 * INTERVAL,
        bar_source="feed",
        code_version="abc",
    )
    manifest = msgspec.structs.replace(manifest, **more)
    for entry, data in models:
        path = folder / entry.file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    write_manifest(folder, manifest)
    return manifest
