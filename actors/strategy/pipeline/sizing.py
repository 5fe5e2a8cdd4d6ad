"""From an edge to the weight to hold: a sizer wishes, gates and exits bound it, the band calms it, caps end it.

Weights are signed parts of the strategy's budget. Nothing multiplies after the caps. What is missing never opens,
grows or closes a position: then the one held is held on, within the caps.
"""

from __future__ import annotations

from typing import NamedTuple, Protocol

import msgspec
import numpy as np

from actors.strategy.pipeline.arrays import Bools, Codes, Floats, every, in_range, some
from actors.strategy.pipeline.gating.outcomes import OUTCOMES, code_of, is_missing, missing
from actors.strategy.pipeline.limits import require
from messages.reasons import Reason

_SMALLEST = 1e-9
"""No market moves by less over a horizon: a volatility below is none."""


class SizeInputs(msgspec.Struct, frozen=True):
    """What a size is made of, each [S]; NaN where it is not known.

    `direction`, `position` and `alpha` as in `GateInputs`; `volatility` is the standard deviation of the return over
    the horizon of alpha (fraction; not that of a year). `allowed`, `factor`, `decidable` and `refusal` (the headline)
    come from `GateResult`, `leave` and `leave_code` from `Exits`. `atr` is the average true range as a fraction of the
    price, `strength` the signal's strength from 0 to 1: only the ATR sizer asks for them, None where there is none.
    `scale` is what wishes are multiplied by for what closed trades have shown, None for nothing. `learned`
    float64[S,columns] is what a sizer that learns knows, None for all others.
    """

    direction: Floats
    position: Floats
    alpha: Floats
    volatility: Floats
    allowed: Bools
    factor: Floats
    decidable: Bools
    refusal: Codes
    leave: Bools
    leave_code: Codes
    atr: Floats | None = None
    strength: Floats | None = None
    scale: Floats | None = None
    learned: Floats | None = None


class Wish(NamedTuple):
    """A sizer's answer: weight float64[S] with its sign, NaN where it has none; code int8[S] says what it lacked."""

    weight: Floats
    code: Codes


class Sizer(Protocol):
    """How large a position should be, before gates, band and caps, which `size` applies to whatever it answers.

    A pure function of its inputs, all with a leading symbol axis. One that learns runs in shadow beside the one that
    decides, until it is promoted: `size` is asked twice, and only one answer is traded. See `pipeline.sizers`.
    """

    @property
    def name(self) -> str:
        """What traces call it."""

    def wish(self, inputs: SizeInputs) -> Wish:
        """Signed weights float64[S], parts of the strategy's budget; must not depend on any other symbol's."""
        ...


class VolatilitySizer(msgspec.Struct, frozen=True):
    """clip(alpha / volatility, z_max) / z_max of `max_weight` (sheet F 6). Half the edge, half the size: loses
    when volatility rises after the entry. Without volatility (missing, or hardly above 0) it has no wish."""

    z_max: float = 3.0
    max_weight: float = 0.05
    name: str = "volatility"

    def __post_init__(self) -> None:
        require(self, "sizing.volatility", "z_max", "max_weight", above=True)

    def wish(self, inputs: SizeInputs) -> Wish:
        """See the class."""
        volatility = _scale(inputs.volatility)
        z = inputs.alpha / volatility
        known = np.isfinite(z)
        weight = in_range(z, -self.z_max, self.z_max)
        weight *= self.max_weight / self.z_max
        return wish_where(known, weight, volatility=volatility, alpha=inputs.alpha)


class AtrSizer(msgspec.Struct, frozen=True):
    """`risk` (25 bps of the budget) over the ATR, times the signal's strength of at least `min_strength` (sheet H 5.1).

    Every position moves the budget alike per average range, however strong the edge; the caps bound calm symbols.
    """

    risk: float = 0.0025
    min_strength: float = 0.25
    name: str = "atr"

    def __post_init__(self) -> None:
        require(self, "sizing.atr", "risk", above=True)
        require(self, "sizing.atr", "min_strength", most=1.0)

    def wish(self, inputs: SizeInputs) -> Wish:
        """See the class."""
        unknown = np.full(len(inputs.direction), np.nan)
        atr = unknown if inputs.atr is None else _scale(inputs.atr)
        strength = np.ones(len(atr)) if inputs.strength is None else inputs.strength
        weight = inputs.direction * (self.risk / atr) * in_range(strength, self.min_strength, 1.0)
        known = np.isfinite(weight) & np.isfinite(strength) & np.isfinite(inputs.alpha)
        return wish_where(known, weight, atr=atr, strength=strength, alpha=inputs.alpha)


def _scale(values: Floats) -> Floats:
    """What can be divided by: NaN where it is not above 1e-9, or not finite."""
    usable = values > _SMALLEST
    usable &= values < np.inf
    return values if every(usable) else np.where(usable, values, np.nan)


def wish_where(known: Bools, weight: Floats, **inputs: Floats) -> Wish:
    """The wish, NaN where it is not `known`; the first of these inputs that is no number is the reason."""
    code = np.zeros(len(weight), np.int8)
    if every(known):
        return Wish(weight, code)
    code[~known] = missing("size")
    for name, values in reversed(inputs.items()):
        code[~np.isfinite(values)] = missing(name)
    return Wish(np.where(known, weight, np.nan), code)


class SizeSettings(msgspec.Struct, frozen=True):
    """Parts of the strategy's budget: the cap on a symbol, on all symbols together, and the least change worth a trade
    (exactly that much is one)."""

    max_weight: float = 0.20
    max_gross: float = 0.50
    band: float = 0.008

    def __post_init__(self) -> None:
        require(self, "sizing", "max_weight", "max_gross", above=True)
        require(self, "sizing", "band", most=self.max_weight)


class Sizes(NamedTuple):
    """The answer, per symbol. `wished` float64[S] is the sizer's, NaN where it has none; `gated` what gates and exits
    leave of it; `target` what to hold, NaN where the position is not known. A trade is due where `trade` bool[S];
    `code` int8[S] is the reason of the whole decision, see `gating.OUTCOMES`."""

    wished: Floats
    gated: Floats
    target: Floats
    trade: Bools
    code: Codes


_PASS = code_of(Reason.ACCEPTED)
_HOLD = code_of(Reason.HOLD_POSITION)
_BAND = code_of(Reason.NO_TRADE_BAND)
_CAPPED = code_of(Reason.CAPPED)
_NO_SIZE = missing("size")


def size(inputs: SizeInputs, settings: SizeSettings, sizer: Sizer) -> Sizes:
    """The weight to hold of each symbol.

    1. The sizer's wish, times the scale and the gates' factor. A wish against the wanted direction is none, and so is
       one that is no finite number (`missing:size` unless the sizer says which input it lacked).
    2. Bounded by what is allowed: flat opens and a position grows only when allowed; a smaller wish of the same side
       reduces it; an exit closes it, or turns it where the other side is allowed; all else is held on.
    3. Wishes beyond the cap of a symbol are cut, those beyond the cap on all shrink in proportion.
    4. A change smaller than the band is none, unless it closes the position.
    5. The caps have the last word, on positions too: increases give way first, positions when they alone exceed them.
    """
    wish = _checked(sizer.wish(inputs), inputs.direction)
    known, position, count = np.isfinite(inputs.position), inputs.position, 0
    if not every(known):
        unknown = ~known
        count = int(np.count_nonzero(unknown))
        position = np.where(unknown, 0.0, position)
    scaled = wish if inputs.scale is None else Wish(wish.weight * inputs.scale, wish.code)
    gated, code, fresh = _bounded(inputs, scaled, position)
    if count:
        gated[unknown], fresh = 0.0, fresh & ~unknown
    target = _shrunk(gated, fresh, settings, code)
    change = np.abs(target - position)
    calm = change < settings.band
    calm &= change > 0.0
    calm &= ~inputs.leave
    if some(calm):
        target[calm], code[calm] = position[calm], _BAND
    target = _capped(target, position, count, settings, code)
    trade = target != position
    idle = code == _PASS
    idle &= ~trade
    if some(idle):
        code[idle] = _HOLD
    if count:
        gated[unknown], target[unknown], trade[unknown] = np.nan, np.nan, False
        code[unknown] = missing("position")
    return Sizes(wish.weight, gated, target, trade, code)


def _checked(wish: Wish, direction: Floats) -> Wish:
    """The wish with what is no answer made none: weights that are not finite, or not one for each symbol."""
    weight, code = wish
    if not (
        isinstance(weight, np.ndarray) and weight.shape == direction.shape and weight.dtype == np.float64
    ):
        return Wish(np.full(len(direction), np.nan), np.full(len(direction), _NO_SIZE, np.int8))
    known = np.isfinite(weight)
    if every(known):
        return Wish(weight, np.zeros(len(weight), np.int8))
    told = np.full(len(weight), _NO_SIZE, np.int8)
    if isinstance(code, np.ndarray) and code.shape == weight.shape and code.dtype == np.int8:
        np.copyto(told, code, where=is_missing(code) & (code < len(OUTCOMES)))
    told[known] = _PASS
    return Wish(np.where(known, weight, np.nan), told)


def _bounded(inputs: SizeInputs, wish: Wish, position: Floats) -> tuple[Floats, Codes, Bools]:
    """Step 1 and 2: the weight, its reason, and where it is a fresh wish rather than what is held already."""
    wanted = wish.weight * inputs.direction > 0.0
    opens = inputs.allowed & wanted
    opens &= inputs.factor > 0.0
    code = np.where(inputs.allowed, wish.code, inputs.refusal)
    held = position != 0.0
    if not some(held):
        weight = position.copy()
        np.multiply(wish.weight, inputs.factor, out=weight, where=opens)
        code[opens] = _PASS
        return weight, code, opens
    leave = inputs.leave & inputs.decidable
    same = np.sign(position) * inputs.direction > 0.0
    enters = opens & (~held | leave | same) & ~(leave & same)
    # what gates refuse may still shrink: by the wish itself, for their factor speaks of entries
    smaller = np.abs(wish.weight) < np.abs(position)
    shrinks = ~opens & wanted & same & inputs.decidable & smaller & ~leave
    weight = position.copy()
    weight[leave] = 0.0
    np.multiply(wish.weight, inputs.factor, out=weight, where=enters)
    np.copyto(weight, wish.weight, where=shrinks)
    fresh = enters | shrinks
    by_exit = held & (~same | (inputs.leave_code != _HOLD))
    np.copyto(code, inputs.leave_code, where=by_exit)
    code[fresh & ~leave] = _PASS
    return weight, code, fresh


def _shrunk(weight: Floats, fresh: Bools, settings: SizeSettings, code: Codes) -> Floats:
    """Step 3, of fresh wishes only; writes to `code` what was cut."""
    cut = weight.copy()
    if not some(fresh):
        return cut
    np.copyto(cut, in_range(weight, -settings.max_weight, settings.max_weight), where=fresh)
    gross = _gross(cut)
    if gross > settings.max_gross:
        cut[fresh] *= settings.max_gross / gross
    changed = cut != weight
    if some(changed):
        code[changed] = _CAPPED
    return cut


def _capped(target: Floats, position: Floats, unknown: int, settings: SizeSettings, code: Codes) -> Floats:
    """Step 5; writes to `code` what was cut. A position of unknown weight counts as a full one against increases."""
    capped = in_range(target, -settings.max_weight, settings.max_weight)
    reserved = unknown * settings.max_weight
    if _gross(capped) + reserved > settings.max_gross:
        size = np.abs(capped)
        held = np.where(capped * position > 0.0, np.minimum(size, np.abs(position)), 0.0)
        more = size - held
        room = max(settings.max_gross - _gross(held) - reserved, 0.0)
        if _gross(more) > room:
            more *= room / _gross(more)
            more[more < settings.band] = 0.0
        if _gross(held) > settings.max_gross:
            held *= settings.max_gross / _gross(held)
        capped = np.sign(capped) * (held + more)
    changed = capped != target
    if some(changed):
        code[changed] = _CAPPED
    return capped


def _gross(weights: Floats) -> float:
    return float(np.add.reduce(np.abs(weights)))
