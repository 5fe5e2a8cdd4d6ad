"""The kinds of models there are: which library each needs, and how verified bytes become a function.

Every function computes on one thread, so that the same rows give the same predictions on any machine and a desk's
processes do not fight for cores. The libraries are imported here and only when a model of theirs is opened.
"""

from __future__ import annotations

import importlib
import io
import json
import operator
import pickle
import re
from collections.abc import Callable, Mapping
from typing import Any, Final

import msgspec
import numpy as np

from actors.strategy.pipeline.arrays import Floats
from cluster.models.manifest import ModelEntry
from messages.errors import ModelLoadError

TRUST: Final = "I trust these files"
"""What `allow_pickle` must say: a pickle runs whatever code it holds, and a checksum does not make that code good."""

Run = Callable[[Floats], Floats]
"""Rows without missing values to one prediction each."""

_FAILURES: Final = (
    ValueError,
    TypeError,
    AttributeError,
    RuntimeError,
    ArithmeticError,
    LookupError,
    ImportError,
    EOFError,
    pickle.UnpicklingError,
)
_NOWHERE: Final = "/dev/null/no-external-data"
_TREE_SIZES: Final = re.compile(rb"^tree_sizes=([\d ]*)$", re.M)


class Family(msgspec.Struct, frozen=True):
    """A kind of model: the library it needs and its module of errors (None: none of its own), its files' suffixes, and
    how it is opened."""

    library: str | None
    errors: str | None
    suffixes: tuple[str, ...]
    open: Callable[[bytes, ModelEntry], Run]


def open_model(data: bytes, entry: ModelEntry, *, allow_pickle: str | None = None) -> Run:
    """The function of a model whose content was verified.

    Raises `ModelLoadError` for an unknown family, a library that is not installed, content that is no such model or
    takes other features than its manifest says, and for a pickle without `allow_pickle` saying `TRUST`.
    """
    family = FAMILIES.get(entry.family)
    if family is None:
        raise _wrong(entry, "there is no such family", entry.family, f"use one of {', '.join(FAMILIES)}")
    if not entry.file.endswith(family.suffixes):
        raise _wrong(
            entry, "not a file of this family", entry.file, f"name it *{' or *'.join(family.suffixes)}"
        )
    if entry.family == PICKLED and allow_pickle != TRUST:
        raise _wrong(
            entry,
            "a pickled model can run any code when it is opened",
            entry.file,
            f'export it to ONNX, or set allow_pickle to "{TRUST}"',
        )
    return family.open(data, entry)


def library_of(entry: ModelEntry) -> Any:
    """The library of the entry's family. Raises `ModelLoadError` when it is not installed or can't be loaded."""
    name = FAMILIES[entry.family].library
    assert name is not None
    try:
        return importlib.import_module(name)
    except (ImportError, OSError) as error:  # OSError: a system library such as libgomp is missing
        raise _wrong(
            entry, f"{name} can't be imported: {error}", entry.family, "install raydesk[ml]"
        ) from error


def failures_of(entry: ModelEntry) -> tuple[type[Exception], ...]:
    """What opening or running such a model may raise: the errors of its library, and those of Python beneath it."""
    errors = FAMILIES[entry.family].errors
    if errors is None:
        return _FAILURES
    module = operator.attrgetter(errors)(library_of(entry))
    own = [each for each in vars(module).values() if isinstance(each, type) and issubclass(each, Exception)]
    return (*_FAILURES, *own)


# ---------------------------------------------------------------------- LightGBM


def _open_lightgbm(data: bytes, entry: ModelEntry) -> Run:
    library = library_of(entry)
    _require_whole_text(data, entry)
    try:
        booster = library.Booster(model_str=data.decode())
    except failures_of(entry) as error:
        raise _unreadable(entry, error) from error
    _require_features(entry, booster.num_feature(), booster.feature_name())
    # A score must be monotone in the return, and only binary models give a probability.
    return lambda rows: booster.predict(rows, num_threads=1)


def _require_whole_text(data: bytes, entry: ModelEntry) -> None:
    """LightGBM ends the whole process on a text that is cut off within a tree, so that is found before."""
    sizes, first = _TREE_SIZES.search(data), data.find(b"\nTree=0\n")
    if sizes is not None and first >= 0:
        end = first + 1 + sum(map(int, sizes.group(1).split()))
        if data[end : end + len(b"end of trees")] == b"end of trees":
            return
    raise _unreadable(entry, "it is no LightGBM text, or not all of it")


# ---------------------------------------------------------------------- XGBoost


def _open_xgboost(data: bytes, entry: ModelEntry) -> Run:
    library = library_of(entry)
    try:
        if entry.file.endswith(".json"):
            json.loads(data)
        booster = library.Booster({"nthread": 1})
        booster.load_model(bytearray(data))  # it tells JSON from UBJSON itself
    except failures_of(entry) as error:
        raise _unreadable(entry, error) from error
    booster.set_param({"nthread": 1, "device": "cpu"})
    _require_features(entry, booster.num_features(), booster.feature_names)
    return lambda rows: booster.inplace_predict(rows, validate_features=False)


# ---------------------------------------------------------------------- ONNX


def _open_onnx(data: bytes, entry: ModelEntry) -> Run:
    library = library_of(entry)
    options = library.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.execution_mode = library.ExecutionMode.ORT_SEQUENTIAL
    options.use_deterministic_compute = True
    options.log_severity_level = 4
    # weights in a second file would be read from wherever the process stands, without a checksum
    options.add_session_config_entry("session.model_external_initializers_file_folder_path", _NOWHERE)
    try:
        session = library.InferenceSession(data, options, providers=["CPUExecutionProvider"])
    except failures_of(entry) as error:
        raise _unreadable(entry, error) from error
    (given, *others), kinds = (
        session.get_inputs(),
        {"tensor(float)": np.float32, "tensor(double)": np.float64},
    )
    if others or given.type not in kinds:
        raise _wrong(entry, "must have one input of float or double", given.type, "export it so")
    _require_shape(entry, given.shape)
    kind = kinds[given.type]
    # exports of classifiers give the label first and the probabilities after it
    names = [each.name for each in session.get_outputs() if each.type in kinds]
    if not names:
        raise _wrong(entry, "has no output of float or double", None, "export it without ZipMap")

    def run(rows: Floats) -> Floats:
        (found,) = session.run([names[-1]], {given.name: rows.astype(kind)})
        return _one_per_row(np.asarray(found), entry)

    return run


def _require_shape(entry: ModelEntry, shape: list[Any]) -> None:
    """The input's fixed sizes are those of the manifest; the first, which is the batch, must be open."""
    wanted = (
        [None, len(entry.features)]
        if entry.input_mode == "features"
        else [None, entry.sequence_length, len(entry.channels)]
    )
    fixed = [each if isinstance(each, int) else None for each in shape]
    fits = len(fixed) == len(wanted) and all(
        each is None or each == want for each, want in zip(fixed, wanted, strict=True)
    )
    if not fits:
        raise _wrong(
            entry, "takes another input than the manifest says", shape, f"its shape must be {wanted}"
        )


# ---------------------------------------------------------------------- pickled


def _open_pickled(data: bytes, entry: ModelEntry) -> Run:
    try:
        estimator = pickle.load(io.BytesIO(data))
    except failures_of(entry) as error:
        raise _unreadable(entry, error) from error
    _require_features(entry, getattr(estimator, "n_features_in_", len(entry.features)), ())
    name = (
        "predict_proba" if entry.target.is_probability and hasattr(estimator, "predict_proba") else "predict"
    )
    predict = getattr(estimator, name, None)
    if not callable(predict):
        raise _wrong(
            entry, "the pickled object can't predict", type(estimator).__name__, "pickle an estimator"
        )
    return lambda rows: _one_per_row(np.asarray(predict(rows)), entry)


# ---------------------------------------------------------------------- common


def _one_per_row(found: Floats, entry: ModelEntry) -> Floats:
    """The one column of a regression, or the probability of the second class of two."""
    if found.ndim == 2 and found.shape[1] == 2 and entry.target.is_probability:
        return found[:, 1]
    return found[:, 0] if found.ndim == 2 and found.shape[1] == 1 else found


def _require_features(entry: ModelEntry, count: int, names: Any) -> None:
    if entry.input_mode != "features":
        raise _wrong(entry, "this family takes features", entry.input_mode, "use ONNX for raw sequences")
    if count != len(entry.features):
        raise _wrong(
            entry, f"was trained on {count} features, the manifest names {len(entry.features)}", None, _REPAIR
        )
    if names and tuple(names) != entry.features:
        differing = next(f"{a}, not {b}" for a, b in zip(names, entry.features, strict=True) if a != b)
        raise _wrong(entry, "was trained on other features than the manifest names", differing, _REPAIR)


_REPAIR: Final = "train it again with raydesk models train"


def _unreadable(entry: ModelEntry, why: object) -> ModelLoadError:
    first = str(why).strip().splitlines()
    return _wrong(entry, f"can't be opened: {first[0] if first else why!r}", entry.file, _REPAIR)


def _wrong(entry: ModelEntry, message: str, value: object, remedy: str) -> ModelLoadError:
    return ModelLoadError(message, field=entry.label, value=value, remedy=remedy)


PICKLED: Final = "sklearn"

FAMILIES: Mapping[str, Family] = {
    "lightgbm": Family("lightgbm", "basic", (".txt",), _open_lightgbm),
    "xgboost": Family("xgboost", "core", (".ubj", ".json"), _open_xgboost),
    "onnx": Family("onnxruntime", "capi.onnxruntime_pybind11_state", (".onnx",), _open_onnx),
    PICKLED: Family(None, None, (".pkl", ".pickle"), _open_pickled),
}
"""Every family, by the name that manifests use."""
