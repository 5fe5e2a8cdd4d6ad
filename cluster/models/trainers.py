"""Fitting one model: rows in, the bytes of its file out. Same rows, same seed, same machine = same bytes."""

from __future__ import annotations

import importlib
import operator
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import msgspec

from actors.strategy.models import Target
from actors.strategy.pipeline.arrays import Floats
from messages.errors import ConfigurationError, ModelLoadError

Parameter = str | int | float | bool


class Trainer(msgspec.Struct, frozen=True):
    """How a family is fitted: its library, the suffix of its files, what it is told unless told otherwise.

    `rounds` among the parameters is the number of trees; `choices` are what else may be given, by the library's own
    names. What makes training reproducible, and what is learnt, is not for choice.
    """

    library: str
    suffix: str
    fit: Callable[[Any, Floats, Floats, Sequence[str], Target, dict[str, Parameter], int], bytes]
    defaults: Mapping[str, Parameter]
    choices: frozenset[str]


def fit(
    family: str,
    x: Floats,
    y: Floats,
    names: Sequence[str],
    target: Target,
    *,
    parameters: Mapping[str, Parameter],
    seed: int,
) -> bytes:
    """The file of a model of `family` fitted to `x` float64[n, f] and `y` float64[n].

    Raises `ConfigurationError` for a family that can't be trained and a parameter that it does not take,
    `ModelLoadError` when its library is not installed.
    """
    trainer = trainer_of(family)
    chosen = parameters_of(family, parameters)
    library = _library_of(trainer, family)
    refusals = {"lightgbm": "basic.LightGBMError", "xgboost": "core.XGBoostError"}
    try:
        return trainer.fit(library, x, y, names, target, chosen, seed)
    except operator.attrgetter(refusals[trainer.library])(library) as error:
        raise ConfigurationError(
            f"{trainer.library} refused to train: {str(error).strip().splitlines()[0]}",
            field="parameters",
            value=", ".join(f"{name}={value}" for name, value in chosen.items()),
            remedy="correct the parameter",
        ) from error


def parameters_of(family: str, parameters: Mapping[str, Parameter]) -> dict[str, Parameter]:
    """All parameters of a fit. Raises `ConfigurationError` for one that there is not: libraries pass over those."""
    trainer = trainer_of(family)
    known = {*trainer.defaults, *trainer.choices}
    for name in parameters:
        if name not in known:
            raise ConfigurationError(
                f"{family} is not given such a parameter here",
                field="parameters",
                value=name,
                remedy=f"use one of {', '.join(sorted(known))}",
            )
    return {**trainer.defaults, **parameters}


def _library_of(trainer: Trainer, family: str) -> Any:
    try:
        return importlib.import_module(trainer.library)
    except (ImportError, OSError) as error:  # OSError: a system library such as libgomp is missing
        raise ModelLoadError(
            f"{trainer.library} can't be imported: {error}",
            field="family",
            value=family,
            remedy="install raydesk[ml]",
        ) from error


def trainer_of(family: str) -> Trainer:
    """The trainer of a family. Raises `ConfigurationError` when there is none."""
    trainer = TRAINERS.get(family)
    if trainer is None:
        raise ConfigurationError(
            "models of this family can't be trained here",
            field="family",
            value=family,
            remedy=f"use one of {', '.join(TRAINERS)}; others are trained elsewhere and brought as ONNX",
        )
    return trainer


def _fit_lightgbm(
    library: Any,
    x: Floats,
    y: Floats,
    names: Sequence[str],
    target: Target,
    parameters: dict[str, Parameter],
    seed: int,
) -> bytes:
    chosen: dict[str, Parameter] = {
        **parameters,
        "objective": "binary" if target.is_probability else "regression",
        "seed": seed,
        "deterministic": True,
        "force_row_wise": True,
        "num_threads": 1,
        "verbosity": -1,
    }
    rounds = int(chosen.pop("rounds"))
    table = library.Dataset(x, y, feature_name=list(names), params={"verbosity": -1})
    text: str = library.train(chosen, table, num_boost_round=rounds).model_to_string()
    return text.encode()


def _fit_xgboost(
    library: Any,
    x: Floats,
    y: Floats,
    names: Sequence[str],
    target: Target,
    parameters: dict[str, Parameter],
    seed: int,
) -> bytes:
    chosen: dict[str, Parameter] = {
        **parameters,
        "objective": "binary:logistic" if target.is_probability else "reg:squarederror",
        "seed": seed,
        "nthread": 1,
        "device": "cpu",
        "tree_method": "hist",
        "verbosity": 0,
    }
    rounds = int(chosen.pop("rounds"))
    table = library.DMatrix(x, y, feature_names=list(names), nthread=1)
    return bytes(library.train(chosen, table, num_boost_round=rounds).save_raw("ubj"))


TRAINERS: Final[Mapping[str, Trainer]] = {
    "lightgbm": Trainer(
        "lightgbm",
        ".txt",
        _fit_lightgbm,
        {
            "rounds": 200,
            "learning_rate": 0.03,
            "num_leaves": 15,
            "min_data_in_leaf": 100,
            "lambda_l2": 1.0,
            "feature_fraction": 0.7,
            "bagging_fraction": 0.7,
            "bagging_freq": 1,
        },
        frozenset(
            {
                "max_depth",
                "max_bin",
                "lambda_l1",
                "min_gain_to_split",
                "min_sum_hessian_in_leaf",
                "path_smooth",
            }
        ),
    ),
    "xgboost": Trainer(
        "xgboost",
        ".ubj",
        _fit_xgboost,
        {
            "rounds": 200,
            "learning_rate": 0.03,
            "max_depth": 4,
            "min_child_weight": 50,
            "lambda": 1.0,
            "colsample_bytree": 0.7,
            "subsample": 0.7,
        },
        frozenset({"max_leaves", "max_bin", "alpha", "gamma", "max_delta_step", "colsample_bynode"}),
    ),
}
"""Returns are nearly all noise: the defaults learn slowly, from parts of the data, into leaves of many rows."""
