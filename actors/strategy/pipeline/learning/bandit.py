"""Which arms have paid: Exp3-IX, one bandit per symbol, over the pairs of a model and a horizon.

The loss of an arm that was played is a number from 0 to 1 (see `rewards`); it is divided by the probability of its
being played plus gamma, so that a rare arm's bad luck does not end it (Neu 2015, "Explore no more"; sheet F 16.10.5).
There is no uniform mixing besides. Nothing is drawn here: arbitration plays, and what it plays is a blend, so that
each model's arm bears the loss for its share of the blend. The probability is therefore how often the arm was played
so far, not its weight: with the weight, an arm of small weight that is played all the same would be charged too much
each time, and of two equal arms the one that lost first would be lost.

The state is plain and is the truth: functions read it, and `book` is what an actor calls to apply an event.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import exp, log, sqrt

import msgspec
import numpy as np

from actors.strategy.pipeline.arrays import Floats, in_range
from actors.strategy.pipeline.limits import require
from messages.errors import ConfigurationError, StoreError

_FLOOR = 1e-4
"""The least weight beside the largest, 1: an arm that was ever so bad can come back within a few hundred updates."""

_CELL = 8


class BanditSettings(msgspec.Struct, frozen=True):
    """The largest learning rate, the bias gamma against rare arms, and how the learned weights gain their say: nothing
    for `warm_up` updates, then linearly up to `largest_share` over `ramp` more."""

    eta_max: float = 0.07
    gamma: float = 0.05
    warm_up: int = 100
    ramp: int = 100
    largest_share: float = 0.3

    def __post_init__(self) -> None:
        require(self, "learning.bandit", "eta_max", "gamma", most=1.0, above=True)
        require(self, "learning.bandit", "warm_up", "ramp")
        require(self, "learning.bandit", "largest_share", most=1.0)


class BanditState(msgspec.Struct):
    """The bandits of all symbols: plain, of a size fixed by their names, equal to the last bit after storing.

    Little-endian float64[symbols, models, horizons]: `weights` (largest 1 per symbol), `played` (shares of updates)
    and `won` (those of them with a gain); `updates` counts per symbol.
    """

    symbols: list[str]
    models: list[str]
    horizons: list[str]
    weights: bytes
    played: bytes
    won: bytes
    updates: list[int]


def new_bandit(symbols: Sequence[str], models: Sequence[str], horizons: Sequence[str]) -> BanditState:
    """Bandits that have seen nothing: all arms alike.

    Raises `ConfigurationError` for a name given twice and for an axis without any.
    """
    for axis, names in (("symbols", symbols), ("models", models), ("horizons", horizons)):
        if not names or len(set(names)) != len(names):
            raise ConfigurationError(
                "each arm needs a name of its own, and there must be one",
                field=f"learning.{axis}",
                value=list(names),
                remedy="name every one once",
            )
    count = len(symbols) * len(models) * len(horizons)
    ones, zeros = np.ones(count).tobytes(), bytes(_CELL * count)
    return BanditState(list(symbols), list(models), list(horizons), ones, zeros, zeros, [0] * len(symbols))


def probabilities(state: BanditState) -> Floats:
    """float64[S,M,H]: each arm's probability; they sum to 1 over the models and horizons of a symbol."""
    weights = _cells(state, state.weights)
    flat = weights.reshape(len(weights), -1)
    return np.asarray(weights / flat.sum(axis=1)[:, None, None])


def model_weights(state: BanditState) -> Floats:
    """float64[S,M,H]: of each horizon, the models' learned weights, which sum to 1: `learned` of `blending.blend`."""
    weights = _cells(state, state.weights)
    total = weights[:, 0].copy()
    for model in range(1, weights.shape[1]):
        total += weights[:, model]
    return np.asarray(weights / total[:, None])


def horizon_weights(state: BanditState) -> Floats:
    """float64[S,H]: how much each horizon has paid beside the others; they sum to 1."""
    return np.asarray(probabilities(state).sum(axis=1))


def win_rates(state: BanditState) -> Floats:
    """float64[S,M,H]: the part of an arm's plays with a gain after costs; NaN for an arm never played."""
    played = _cells(state, state.played)
    return np.asarray(_cells(state, state.won) / np.where(played > 0, played, np.nan))


def learned_shares(state: BanditState, settings: BanditSettings) -> Floats:
    """float64[S]: what part of a blend the learned weights decide: 0 in warm-up, then linearly up to 0.3."""
    past = np.array(state.updates, np.float64) - settings.warm_up
    if settings.ramp == 0:
        return np.where(past >= 0.0, settings.largest_share, 0.0)
    return settings.largest_share * in_range(past, 0.0, settings.ramp) / settings.ramp


def learning_rate(arms: int, updates: int, settings: BanditSettings) -> float:
    """eta of the `updates`th update: min(eta_max, sqrt(ln K / (K T))); 0 for a single arm."""
    return min(settings.eta_max, sqrt(log(arms) / (arms * updates)))


def loss_estimate(loss: float, probability: float, gamma: float) -> float:
    """The implicitly exploring estimate of a played arm's loss: loss / (probability + gamma)."""
    return loss / (probability + gamma)


def book(
    state: BanditState,
    symbol: str,
    horizon: str,
    shares: Mapping[str, float],
    loss: float,
    settings: BanditSettings,
) -> None:
    """Book the loss (0 to 1; below 0.5 is a gain) of what was traded on `symbol` for `horizon`.

    `shares` are the models' weights in the blend that decided, and sum to 1. The probability of a play is Laplace's
    estimate of it, (plays + 1) / (updates + arms), so that all arms begin at 1 / K.

    Arms that are no longer there are left out; a symbol or horizon that is not there changes nothing, for an event may
    be older than the settings.
    """
    if symbol not in state.symbols or horizon not in state.horizons:
        return
    row, column = state.symbols.index(symbol), state.horizons.index(horizon)
    weights, played, won = (_own(state, each) for each in (state.weights, state.played, state.won))
    mine = weights[row]
    before = state.updates[row]
    state.updates[row] = before + 1
    eta = learning_rate(mine.size, before + 1, settings)
    for index, model in enumerate(state.models):
        share = shares.get(model, 0.0)
        if share > 0.0:
            probability = (float(played[row, index, column]) + 1.0) / (before + mine.size)
            estimate = loss_estimate(loss, probability, settings.gamma)
            # math.exp, not numpy's: numpy chooses its code by the processor, and a replay may run on another
            mine[index, column] *= exp(-eta * share * estimate)
            played[row, index, column] += share
            won[row, index, column] += share if loss < 0.5 else 0.0
    np.maximum(mine / mine.max(), _FLOOR, out=mine)
    state.weights, state.played, state.won = weights.tobytes(), played.tobytes(), won.tobytes()


def with_arms(
    state: BanditState, symbols: Sequence[str], models: Sequence[str], horizons: Sequence[str]
) -> BanditState:
    """The same bandits over other arms: those that stay keep what they learned, new ones begin at the mean weight.

    A symbol that is new begins with all arms alike. Raises `ConfigurationError` as `new_bandit`.
    """
    changed = new_bandit(symbols, models, horizons)
    for name in ("weights", "played", "won"):
        old, new = _cells(state, getattr(state, name)), _own(changed, getattr(changed, name))
        for row, symbol in enumerate(symbols):
            if symbol in state.symbols:
                before = old[state.symbols.index(symbol)]
                new[row] = before.mean() if name == "weights" else 0.0
                _carry(before, new[row], state, changed)
        setattr(changed, name, new.tobytes())
    changed.updates = [
        state.updates[state.symbols.index(symbol)] if symbol in state.symbols else 0 for symbol in symbols
    ]
    return changed


def _carry(before: Floats, after: Floats, state: BanditState, changed: BanditState) -> None:
    """Copy the cells [models, horizons] of the arms that both have."""
    for index, model in enumerate(changed.models):
        for column, horizon in enumerate(changed.horizons):
            if model in state.models and horizon in state.horizons:
                after[index, column] = before[state.models.index(model), state.horizons.index(horizon)]


def _cells(state: BanditState, data: bytes) -> Floats:
    """The stored numbers, not to be written to. Raises `StoreError` when they don't fit the arms."""
    shape = len(state.symbols), len(state.models), len(state.horizons)
    if len(data) != _CELL * shape[0] * shape[1] * shape[2]:
        raise StoreError(
            "the stored weights don't fit their arms",
            field="learning.bandit",
            value=(len(data), shape),
            remedy="restore the snapshot before it",
        )
    return np.frombuffer(data, dtype="<f8").reshape(shape)


def _own(state: BanditState, data: bytes) -> Floats:
    return _cells(state, data).copy()
