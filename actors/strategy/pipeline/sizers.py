"""Sizers of one's own: found by import path, checked, and kept from harming what they are asked about.

    class Half(SizerBase):
        class Parameters(SizerParameters):
            weight: float = Field(default=0.02, gt=0, le=1, description="What is held of every symbol.")

        name = "half"

        def wish(self, inputs: SizeInputs) -> Wish:
            return wish_of(inputs.direction * self.parameters.weight, alpha=inputs.alpha)

One that learns says how many figures it keeps per symbol (`columns`) and how a closed trade changes them (`learn`).
Its figures are journalled as they became, so that a replay needs none of its code.
"""

from __future__ import annotations

import importlib
import json
from typing import Any, ClassVar

import msgspec
import numpy as np
from pydantic import BaseModel, ConfigDict, ValidationError

from actors.strategy.pipeline.arrays import Floats
from actors.strategy.pipeline.gating.outcomes import missing
from actors.strategy.pipeline.learning.rewards import Reward
from actors.strategy.pipeline.sizing import SizeInputs, Sizer, Wish, wish_where
from messages.errors import ConfigurationError, InvariantError

COLUMNS_MOST = 256
"""How many figures a sizer may keep of a symbol: they are in the journal and in each snapshot."""
_ERROR_LENGTH = 200


class SizerParameters(BaseModel):
    """Base of the parameters of one's own sizers: immutable, unknown names refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class SizerBase:
    """Base of one's own sizers; `wish` is all that has to be written. See `sizing.Sizer`.

    The answer must follow from the inputs and the parameters alone: no clock, no chance, nothing kept in `self`.
    """

    Parameters: ClassVar[type[SizerParameters]] = SizerParameters
    name: str = "own"
    columns: int = 0
    """How many figures (float64) it keeps of each symbol; 0 for a sizer that does not learn."""

    parameters: Any

    def __init__(self, parameters: SizerParameters) -> None:
        self.parameters = parameters

    def wish(self, inputs: SizeInputs) -> Wish:
        """Signed weights float64[S], parts of the strategy's budget; `inputs.learned` float64[S,columns] is what it
        knows, 0 where nothing."""
        raise NotImplementedError

    def learn(self, known: Floats, reward: Reward) -> Floats:
        """The symbol's figures float64[columns] after a closed trade (`reward`: bps of the value it entered with).

        It hears of each closed trade of the strategy, whichever sizer decided on its size.
        """
        return known


def wish_of(weight: Floats, **inputs: Floats) -> Wish:
    """The wish for these weights, none where one of `inputs` (by the name that traces know: alpha, volatility, atr,
    strength) or the weight is no finite number; the first such input is the reason."""
    known = np.isfinite(weight)
    for values in inputs.values():
        known &= np.isfinite(values)
    return wish_where(known, weight, **inputs)


class Candidate:
    """A sizer with a name that tells it from any other: its import path and parameters (`identity`).

    What it is given it can't write to. With `contained` whatever it raises is only told (`error`): it stands beside the
    one that decides, and must not cost a decision.
    """

    def __init__(self, sizer: Sizer, identity: str, *, contained: bool = False) -> None:
        self._sizer, self.identity, self._contained = sizer, identity, contained
        self.name = sizer.name
        self.columns = int(getattr(sizer, "columns", 0))
        self.error: str | None = None

    def beside(self) -> Candidate:
        """The same sizer, to be asked beside the one that decides."""
        return Candidate(self._sizer, self.identity, contained=True)

    def wish(self, inputs: SizeInputs) -> Wish:
        """See `Sizer.wish`. Raises whatever the sizer does, unless it is contained."""
        self.error = None
        given = msgspec.structs.replace(
            inputs, **{name: _read_only(getattr(inputs, name)) for name in inputs.__struct_fields__}
        )
        try:
            weight, code = self._sizer.wish(given)
            return Wish(weight, code)
        except Exception as error:
            if self._contained:
                self.error = f"{type(error).__name__}: {error}"[:_ERROR_LENGTH]
                count = len(inputs.direction)
                return Wish(np.full(count, np.nan), np.full(count, missing("size"), np.int8))
            raise

    def learn(self, known: Floats, reward: Reward) -> Floats | None:
        """See `SizerBase.learn`; None for nothing learned, which a contained one that fails has.

        Raises `InvariantError` for figures that are not as many finite numbers as the sizer keeps.
        """
        if not self.columns:
            return known
        try:
            learned = np.asarray(self._sizer.learn(_read_only(known), reward), dtype=np.float64)  # type: ignore[attr-defined]
            if learned.shape != (self.columns,) or not np.isfinite(learned).all():
                raise InvariantError(
                    f"must be {self.columns} finite numbers",
                    field=f"{self.name}.learn",
                    value=learned.tolist(),
                    remedy="return the symbol's figures as they are after the trade",
                )
        except Exception:
            if self._contained:
                return None
            raise
        return learned


def beside(sizer: Sizer) -> Sizer:
    """The sizer as it is asked beside the one that decides; the built-in ones raise nothing."""
    return sizer.beside() if isinstance(sizer, Candidate) else sizer


def _read_only(values: Any) -> Any:
    if not isinstance(values, np.ndarray):
        return values
    seen = values.view()
    seen.flags.writeable = False
    return seen


def make_own(path: str, parameters: dict[str, Any], field: str) -> Candidate:
    """The sizer at `package.module:Class` with its parameters checked.

    Raises `ConfigurationError`, naming `field`, when there is none, it is no sizer, or a parameter is wrong.
    """
    module, _, name = path.partition(":")
    try:
        kind = getattr(importlib.import_module(module), name, None) if module and name else None
    except (ImportError, SyntaxError) as error:
        raise _unfit(f"can't be imported: {type(error).__name__}: {error}", field, path) from error
    if not (isinstance(kind, type) and issubclass(kind, SizerBase) and kind is not SizerBase):
        raise _unfit("is no sizer", field, path)
    if not (isinstance(kind.columns, int) and 0 <= kind.columns <= COLUMNS_MOST):
        raise _unfit(f"keeps {kind.columns} figures of a symbol, 0 to {COLUMNS_MOST} may be", field, path)
    try:
        checked = kind.Parameters.model_validate(parameters)
    except ValidationError as error:
        wrong = error.errors(include_url=False)[0]
        raise ConfigurationError(
            f"{name} does not accept its parameters: {wrong['msg']}",
            field=".".join(("sizing", "parameters", *map(str, wrong["loc"]))),
            value=wrong["input"],
            remedy=f"its parameters are: {', '.join(kind.Parameters.model_fields) or 'none'}",
        ) from error
    told = json.dumps(checked.model_dump(mode="json"), sort_keys=True)
    return Candidate(kind(checked), f"{path}{told}")


def _unfit(problem: str, field: str, path: str) -> ConfigurationError:
    return ConfigurationError(
        problem,
        field=field,
        value=path,
        remedy="write volatility, atr, or package.module:Class of a class derived from "
        "actors.strategy.pipeline.sizers.SizerBase",
    )
