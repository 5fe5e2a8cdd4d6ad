"""What became of predictions: each is kept until its horizon has passed, then paired with the return that followed.

Of these pairs come, per symbol, model and horizon, the rank correlation (IC) of the last 20, the root of the mean of
the last 10 squared errors (RMSE), and the slope that turns a standardised prediction into an expected return.

The state is plain and is the truth. Two events change it: predictions were made (`record`), a horizon has passed
(`realise`). Both are functions of the state and of what the events hold, so that a replay ends with the same bits. What
is kept is bounded by the axes: of each horizon at most `PENDING` predictions wait.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import msgspec
import numpy as np

from actors.strategy.pipeline.arrays import Floats
from actors.strategy.pipeline.horizons import Horizon
from actors.strategy.pipeline.learning.ranks import spearman
from actors.strategy.pipeline.limits import require
from messages.errors import ConfigurationError, InvariantError, StoreError

PAIRS = 20
"""How many pairs the IC is of."""
ERRORS = 10
"""How many errors the RMSE is of."""
PENDING = 8
"""How many predictions of one horizon may wait; the oldest gives way."""

_MINUTE_NS = 60_000_000_000
_Z, _RETURN, _ERROR = slice(0, PAIRS), slice(PAIRS, 2 * PAIRS), slice(2 * PAIRS, 2 * PAIRS + ERRORS)
_PRODUCT, _SQUARE, _COUNT, _IC, _RMSE = range(2 * PAIRS + ERRORS, 2 * PAIRS + ERRORS + 5)
_WIDTH = 2 * PAIRS + ERRORS + 5
_CELL = 8


class ReturnsSettings(msgspec.Struct, frozen=True):
    """How predictions are sampled and judged.

    Of a horizon a prediction is kept every 1 / `overlap` of its length: those between would say nearly the same. It is
    paired when at most `early` of its length is missing, and dropped when more than `late` of it has passed besides.
    An IC needs `ic_minimum` pairs (else 0), an RMSE `error_minimum` errors (else NaN). The slope forgets with a
    half-life of `half_life` pairs; a prior counts as `prior_pairs` pairs, and without one `slope_minimum` are needed.
    """

    overlap: int = 4
    early: float = 0.05
    late: float = 0.25
    ic_minimum: int = 5
    error_minimum: int = 3
    half_life: float = 200.0
    prior_pairs: float = 50.0
    slope_minimum: int = 20

    def __post_init__(self) -> None:
        require(self, "learning.returns", "overlap", least=1.0, most=PENDING - 2)
        require(self, "learning.returns", "early", "late", most=0.5)
        require(self, "learning.returns", "half_life", above=True)
        require(self, "learning.returns", "ic_minimum", "error_minimum", "slope_minimum", least=1.0)
        require(self, "learning.returns", "prior_pairs")


class Pending(msgspec.Struct, frozen=True, gc=False):
    """Predictions that wait: desk time (ns), mid float64[S], standardised and expected returns float64[S,M]."""

    time: int
    mid: bytes
    z: bytes
    expected: bytes


class HorizonReturns(msgspec.Struct):
    """One horizon: its length, what waits, and float64[S,M,55] of what became known.

    `missed` counts what was dropped before it could be judged.
    """

    name: str
    length_ns: int
    pending: list[Pending]
    known: bytes
    last_recorded: int | None = None
    missed: int = 0


class ReturnsState(msgspec.Struct):
    """All horizons, over these symbols and models. `updates` grows with every change of a statistic."""

    symbols: list[str]
    models: list[str]
    horizons: list[HorizonReturns]
    updates: int = 0


class Statistics(NamedTuple):
    """float64[S,M,H] each. `ic` is 0 while too few pairs are known, `rmse` NaN; `slope` is the return per unit of z
    (below 0 for a model that has been wrong), NaN while neither pairs nor a prior give one; `pairs` counts all pairs
    ever."""

    ic: Floats
    rmse: Floats
    slope: Floats
    pairs: Floats


def new_returns(symbols: Sequence[str], models: Sequence[str], horizons: Sequence[Horizon]) -> ReturnsState:
    """A memory that has seen nothing. Raises `ConfigurationError` for a name given twice, or an axis without any."""
    for axis, names in (
        ("symbols", list(symbols)),
        ("models", list(models)),
        ("horizons", [each.name for each in horizons]),
    ):
        if not names or len(set(names)) != len(names):
            raise ConfigurationError(
                "each needs a name of its own, and there must be one",
                field=f"learning.{axis}",
                value=names,
                remedy="name every one once",
            )
    empty = np.full((len(symbols), len(models), _WIDTH), np.nan)
    empty[..., [_PRODUCT, _SQUARE, _COUNT, _IC]] = 0.0
    known = empty.tobytes()
    return ReturnsState(
        list(symbols),
        list(models),
        [HorizonReturns(each.name, each.minutes * _MINUTE_NS, [], known) for each in horizons],
    )


def wanted(state: ReturnsState, time: int, settings: ReturnsSettings) -> list[str]:
    """The horizons of which predictions made at `time` should be recorded."""
    return [
        each.name
        for each in state.horizons
        if each.last_recorded is None
        or time - each.last_recorded >= each.length_ns / settings.overlap * (1.0 - settings.early)
    ]


def record(
    state: ReturnsState, time: int, mid: Floats, z: Floats, expected: Floats, horizons: Sequence[str]
) -> None:
    """Keep the predictions made at desk time `time` of these horizons until they can be judged.

    `mid` is float64[S]; `z` and `expected` are float64[S,M,N], N being the horizons named. NaN is no prediction, and
    gives no pair. Raises `InvariantError` for other axes than the state's: a change of those is an event of its own,
    see `with_axes`.
    """
    by_name = {each.name: each for each in state.horizons}
    shape = len(state.symbols), len(state.models), len(horizons)
    if not (
        mid.shape == shape[:1] and z.shape == expected.shape == shape and by_name.keys() >= set(horizons)
    ):
        raise InvariantError(
            "these predictions have other axes than what is learned",
            field="learning.returns",
            value=(mid.shape, z.shape, expected.shape, list(horizons)),
            remedy="change the axes first",
        )
    for column, name in enumerate(horizons):
        horizon = by_name[name]
        entry = Pending(time, _stored(mid), _stored(z[:, :, column]), _stored(expected[:, :, column]))
        if len(horizon.pending) >= PENDING:
            del horizon.pending[0]
            horizon.missed += 1
        horizon.pending.append(entry)
        horizon.last_recorded = time


def next_due(state: ReturnsState, settings: ReturnsSettings) -> int | None:
    """The desk time from which `realise` has something to do; None while nothing waits. For a timer."""
    times = [
        each.pending[0].time + round(each.length_ns * (1.0 - settings.early))
        for each in state.horizons
        if each.pending
    ]
    return min(times, default=None)


def realise(state: ReturnsState, time: int, mid: Floats, settings: ReturnsSettings) -> int:
    """Pair what is due at desk time `time` with the return to `mid` float64[S]; how many pairs that made.

    A mid that is NaN or not above 0 makes none. Call it at least every `late` of the shortest horizon, or when
    `next_due` says so; what is older is dropped.
    """
    made = 0
    for horizon in state.horizons:
        while horizon.pending:
            entry = horizon.pending[0]
            passed = time - entry.time
            if passed < horizon.length_ns * (1.0 - settings.early):
                break
            del horizon.pending[0]
            if passed > horizon.length_ns * (1.0 + settings.late):
                horizon.missed += 1
            else:
                made += _pair(state, horizon, entry, mid, settings)
    state.updates += made > 0
    return made


def _pair(
    state: ReturnsState, horizon: HorizonReturns, entry: Pending, mid: Floats, settings: ReturnsSettings
) -> int:
    shape = len(state.symbols), len(state.models)
    before, z = np.frombuffer(entry.mid), np.frombuffer(entry.z).reshape(shape)
    expected = np.frombuffer(entry.expected).reshape(shape)
    real = (before > 0) & (mid > 0) & np.isfinite(before) & np.isfinite(mid)
    earned = (np.where(real, mid, 1.0) / np.where(real, before, 1.0) - 1.0)[:, None] + np.zeros(shape)
    paired = real[:, None] & np.isfinite(z)
    if not paired.any():
        return 0
    cells = _cells(state, horizon).copy()
    rows = cells[paired]
    z, earned, expected = z[paired], earned[paired], expected[paired]
    _push(rows, _Z, z)
    _push(rows, _RETURN, earned)
    erred = np.isfinite(expected)
    judged = rows[erred]
    _push(judged, _ERROR, (expected - earned)[erred])
    rows[erred] = judged
    keep = 0.5 ** (1.0 / settings.half_life)
    rows[:, _PRODUCT] = keep * rows[:, _PRODUCT] + z * earned
    rows[:, _SQUARE] = keep * rows[:, _SQUARE] + z * z
    rows[:, _COUNT] += 1
    rows[:, _IC] = spearman(rows[:, _Z], rows[:, _RETURN], settings.ic_minimum)
    rows[:, _RMSE] = root_mean_square(rows[:, _ERROR], settings.error_minimum)
    cells[paired] = rows
    horizon.known = cells.tobytes()
    return len(rows)


def _push(rows: Floats, window: slice, values: Floats) -> None:
    """Append a value to each row's window, newest last."""
    cells = rows[:, window]
    cells[:, :-1] = cells[:, 1:].copy()
    cells[:, -1] = values


def root_mean_square(errors: Floats, minimum: int) -> Floats:
    """float64[...]: of the errors[..., N] that are known; NaN where fewer than `minimum` are."""
    known = ~np.isnan(errors)
    count = known.sum(axis=-1)
    squares = np.where(known, errors * errors, 0.0)
    total = squares[..., 0].copy()
    for column in range(1, squares.shape[-1]):
        total += squares[..., column]
    return np.asarray(np.sqrt(np.where(count >= minimum, total / np.maximum(count, 1), np.nan)))


def statistics(
    state: ReturnsState, settings: ReturnsSettings, prior_slope: Floats | None = None
) -> Statistics:
    """What is known of every model; `prior_slope` float64[M,H] is what its manifest says, NaN where it says nothing.

    Keep the result while `state.updates` does not change. The slope is least squares through 0,
    (sum z r + n0 s0) / (sum z^2 + n0) with the prior s0 of the weight of n0 pairs.
    """
    cells = np.stack([_cells(state, each) for each in state.horizons], axis=2)
    product, square, pairs = cells[..., _PRODUCT], cells[..., _SQUARE], cells[..., _COUNT]
    enough = (pairs >= settings.slope_minimum) & (square > 0)
    slope = np.where(enough, product / np.where(enough, square, 1.0), np.nan)
    if prior_slope is not None:
        weight = settings.prior_pairs
        with_prior = (product + weight * prior_slope) / np.maximum(square + weight, np.finfo(float).tiny)
        slope = np.where(np.isnan(prior_slope), slope, with_prior)
    # in one piece: they are read at every decision, and made anew only when something is realised
    return Statistics(cells[..., _IC].copy(), cells[..., _RMSE].copy(), slope, pairs.copy())


def with_axes(
    state: ReturnsState, symbols: Sequence[str], models: Sequence[str], horizons: Sequence[Horizon]
) -> ReturnsState:
    """The same memory over other axes: what stays keeps what is known of it, what is new knows nothing.

    What was pending is dropped where symbols or models change, and a horizon whose length changes is a new one.
    Raises `ConfigurationError` as `new_returns`.
    """
    changed = new_returns(symbols, models, horizons)
    old = {each.name: each for each in state.horizons}
    same = changed.symbols == state.symbols and changed.models == state.models
    rows = [index for index, name in enumerate(changed.symbols) if name in state.symbols]
    columns = [index for index, name in enumerate(changed.models) if name in state.models]
    from_rows = [state.symbols.index(changed.symbols[index]) for index in rows]
    from_columns = [state.models.index(changed.models[index]) for index in columns]
    for horizon in changed.horizons:
        before = old.get(horizon.name)
        if before is None or before.length_ns != horizon.length_ns:
            continue
        cells = _cells(changed, horizon).copy()
        cells[np.ix_(rows, columns)] = _cells(state, before)[np.ix_(from_rows, from_columns)]
        horizon.known = cells.tobytes()
        horizon.missed = before.missed + (0 if same else len(before.pending))
        horizon.pending = list(before.pending) if same else []
        horizon.last_recorded = before.last_recorded if same else None
    changed.updates = state.updates + 1
    return changed


def _cells(state: ReturnsState, horizon: HorizonReturns) -> Floats:
    """What became known, not to be written to. Raises `StoreError` when it does not fit the axes."""
    shape = len(state.symbols), len(state.models), _WIDTH
    if len(horizon.known) != _CELL * shape[0] * shape[1] * shape[2]:
        raise StoreError(
            "the stored returns don't fit their symbols and models",
            field=f"learning.{horizon.name}",
            value=(len(horizon.known), shape),
            remedy="restore the snapshot before it",
        )
    return np.frombuffer(horizon.known, dtype="<f8").reshape(shape)


def _stored(values: Floats) -> bytes:
    return np.ascontiguousarray(values, dtype="<f8").tobytes()
