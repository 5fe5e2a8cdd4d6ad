"""What stands between a wanted direction and an order: one table of gates in the order in which they are asked.

Gates judge entries: whether exposure in the wanted direction may be opened or grown. What only reduces passes, but for
one case: of a symbol whose last price is a bad tick nothing is decided at all (stops are not decisions, they always
run). Every gate is asked of every symbol, so that a trace shows all answers; the first refusal in the table's order is
the headline. A missing input is a refusal.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from functools import lru_cache
from typing import NamedTuple

import msgspec
import numpy as np

from actors.strategy.pipeline.arrays import Bools, Codes, Floats, Ints, every, in_range
from actors.strategy.pipeline.gating.measures import BAD_TICK_BARS, valid_probability
from actors.strategy.pipeline.gating.outcomes import OUTCOMES, code_of, is_missing, missing
from actors.strategy.pipeline.gating.settings import GateSettings
from messages.errors import GatingError
from messages.reasons import Reason


class GateInputs(msgspec.Struct, frozen=True):
    """What the gates and the exits are asked about, each float64[S] and NaN where it is not known.

    `direction` is what is wanted: +1, -1, or 0 for nothing. `position` is the weight held now (signed part of the
    strategy's budget; 0 is flat). `alpha` is the expected return (signed fraction) at the horizon by which the symbol
    is judged: the chosen one, else the one that the position was opened on. `edge_bps` is arbitration's net edge with
    its sign: after spread, timing and impact, before fees.

    `p_peak` and `p_valley` are the barrier models' probabilities, `y_peak` that of a second peak model; None where
    there is no such model. `quote_age_ns` is by the venue's clock. `price_deviation` and `volume_ratio` come from
    `bad_tick_measures`, `bars` from `bars_seen`, `atr_ratio` from its namesake. `held_ns` is how long the position is
    held, `since_close_ns` how long ago one was last closed, infinite where never. `fee_bps` is the taker's fee.
    """

    direction: Floats
    position: Floats
    alpha: Floats
    edge_bps: Floats
    p_peak: Floats
    p_valley: Floats
    spread_bps: Floats
    quote_age_ns: Floats
    price_deviation: Floats
    volume_ratio: Floats
    bars: Floats
    atr_ratio: Floats
    held_ns: Floats
    since_close_ns: Floats
    fee_bps: Floats
    y_peak: Floats | None = None


class Verdict:
    """One gate's answer: allowed bool[S], factor float64[S] for the size (0 to 1), code int8[S], see `OUTCOMES`.

    Codes are found when somebody asks for them: where everything passes nobody does.
    """

    __slots__ = ("_code", "allowed", "factor")

    def __init__(self, allowed: Bools, factor: Floats, code: Codes | Callable[[], Codes]) -> None:
        self.allowed = allowed
        self.factor = factor
        self._code = code

    @property
    def code(self) -> Codes:
        """Why each symbol may pass, or may not."""
        if not isinstance(self._code, np.ndarray):
            self._code = self._code()
        return self._code


class Gate(NamedTuple):
    """A row of the table. `holds_all` is set for the gate that also keeps a position from being changed."""

    name: str
    ask: Callable[[GateInputs, GateSettings], Verdict]
    holds_all: bool = False


class GateResult:
    """All answers and what follows from them, per symbol.

    `verdicts` are in the order of `GATES`. `allowed` bool[S]: an entry in the wanted direction passes every gate;
    never where nothing is wanted. `factor` float64[S] is the product of the gates' factors, 0 where not allowed.
    `decidable` bool[S]: the symbol may be decided on at all, also to reduce. `refusal` int8[S]: the first refusal in
    the order of the table, `accepted` where allowed.
    """

    __slots__ = ("allowed", "decidable", "factor", "refusal", "verdicts")

    def __init__(
        self, verdicts: tuple[Verdict, ...], allowed: Bools, factor: Floats, decidable: Bools, refusal: Codes
    ) -> None:
        self.verdicts = verdicts
        self.allowed = allowed
        self.factor = factor
        self.decidable = decidable
        self.refusal = refusal

    @property
    def headline(self) -> Codes:
        """int8[S]: the first refusal, else the most telling word of the gates that let pass."""
        telling = self.verdicts[0].code
        for verdict in self.verdicts[1:]:
            telling = np.maximum(telling, verdict.code)
        return np.where(self.allowed, telling, self.refusal)


_PASS = code_of(Reason.ACCEPTED)
_DISABLED = code_of(Reason.DISABLED)
_NORMAL_ENTRY = code_of(Reason.NORMAL_ENTRY)
_NO_DIRECTION = code_of(Reason.NO_DIRECTION)


@lru_cache(maxsize=32)
def _everywhere(count: int, code: int) -> Verdict:
    """One answer for all symbols; made once, for most gates let most symbols pass. Not to be written to."""
    verdict = Verdict(np.ones(count, np.bool_), np.ones(count), np.full(count, code, np.int8))
    for each in (verdict.allowed, verdict.factor, verdict.code):
        each.setflags(write=False)
    return verdict


def _verdict(ok: Bools, code: int, **inputs: Floats) -> Verdict:
    """Of a gate without a size factor: `code` where it is not ok, or the first of these inputs that is missing."""
    passed = _everywhere(len(ok), _PASS)
    if every(ok):
        return passed

    def codes() -> Codes:
        found = np.where(ok, _PASS, code).astype(np.int8)
        for name, values in reversed(inputs.items()):
            found[~ok & np.isnan(values)] = missing(name)
        return found

    return Verdict(ok, passed.factor, codes)


def bad_tick(inputs: GateInputs, settings: GateSettings) -> Verdict:
    """A price far from the mean of the 20 bars before it is only believed with volume (sheet T 4).

    With fewer than 21 bars there is nothing to compare with: it passes as `too_few_bars`.
    """
    limits = settings.bad_tick
    if not limits.enabled:
        return _everywhere(len(inputs.bars), _DISABLED)
    judged = inputs.bars > BAD_TICK_BARS
    near = inputs.price_deviation <= limits.max_deviation
    passed = _everywhere(len(near), _PASS)
    if every(judged & near):
        return passed
    traded = inputs.volume_ratio >= limits.min_volume_ratio
    ok = ~judged | near | (traded & ~np.isnan(inputs.price_deviation))

    def codes() -> Codes:
        found = np.where(ok, _PASS, code_of(Reason.BAD_TICK)).astype(np.int8)
        found[~ok & np.isnan(inputs.price_deviation)] = missing("price_deviation")
        found[~judged] = code_of(Reason.UNJUDGED)
        return found

    return Verdict(ok, passed.factor, codes)


def spread(inputs: GateInputs, settings: GateSettings) -> Verdict:
    """The quote is fresh and its spread is not too wide. One from the future is no fresher than an old one."""
    limits = settings.spread
    if not limits.enabled:
        return _everywhere(len(inputs.spread_bps), _DISABLED)
    age = inputs.quote_age_ns
    ok = inputs.spread_bps <= limits.max_spread_bps
    ok &= age <= limits.max_quote_age_ns
    ok &= age >= 0.0
    passed = _everywhere(len(ok), _PASS)
    if every(ok):
        return passed

    def codes() -> Codes:
        told = _verdict(ok, code_of(Reason.STALE_QUOTE), spread=inputs.spread_bps, quote_age=age).code
        told[inputs.spread_bps > limits.max_spread_bps] = code_of(Reason.WIDE_SPREAD)
        return told

    return Verdict(ok, passed.factor, codes)


def chop(inputs: GateInputs, settings: GateSettings) -> Verdict:
    """The market moves: its true range is not small beside its own median (sheet T 4)."""
    if not settings.chop.enabled:
        return _everywhere(len(inputs.atr_ratio), _DISABLED)
    ok = inputs.atr_ratio >= settings.chop.min_atr_ratio
    return _verdict(ok, code_of(Reason.CHOP), atr_ratio=inputs.atr_ratio)


_AGAINST = np.array([code_of(Reason.VALLEY_PROBABLE), code_of(Reason.PEAK_PROBABLE)], np.int8)
_FAVOUR = np.array([code_of(Reason.PEAK_REJECTION), code_of(Reason.VALLEY_BOUNCE)], np.int8)
_UNKNOWN_AGAINST = np.array([missing("p_valley"), missing("p_peak")], np.int8)
_UNKNOWN_FAVOUR = np.array([missing("p_peak"), missing("p_valley")], np.int8)


def barrier(inputs: GateInputs, settings: GateSettings) -> Verdict:
    """No long into a probable peak, no short into a probable valley; else a size factor (sheet F 5).

    A probability that is missing or no probability is UNKNOWN, and refuses; symbols without a direction are not asked.
    """
    limits = settings.barrier
    if not limits.enabled:
        return _everywhere(len(inputs.direction), _DISABLED)
    long = inputs.direction > 0.0
    against = np.where(long, inputs.p_peak, inputs.p_valley)
    favour = np.where(long, inputs.p_valley, inputs.p_peak)
    most = np.where(long, limits.block_peak, limits.block_valley)
    ok = against <= most
    ok &= against >= 0.0
    ok &= favour >= 0.0
    ok &= favour <= 1.0
    if inputs.y_peak is not None:
        ok &= ~long | (valid_probability(inputs.y_peak) <= limits.block_peak)
    asked = np.abs(inputs.direction) > 0.0
    if every(ok):
        factor = barrier_factor(against, favour, limits.gamma, limits.delta, limits.min_factor)
    else:
        sure, likely = np.where(ok, (against, favour), 0.0)
        factor = barrier_factor(sure, likely, limits.gamma, limits.delta, limits.min_factor)
        factor[~ok] = 0.0
    if not every(asked):
        factor[~asked] = 1.0
        ok |= ~asked

    def codes() -> Codes:
        side = long.astype(np.intp)  # 0 short, 1 long: row of the small tables
        seen = valid_probability(np.array((against, favour)))
        tell = np.where(long, limits.bounce, limits.rejection)
        found = np.where(seen[1] > tell, _FAVOUR[side], _NORMAL_ENTRY)
        if not every(ok & asked):
            _explain_barrier(inputs, seen[0], seen[1], most, side, found)
            found[~asked] = _PASS
        return found

    return Verdict(ok, factor, codes)


def _explain_barrier(
    inputs: GateInputs, against: Floats, favour: Floats, most: Floats, side: Ints, code: Codes
) -> None:
    """Write why symbols are refused over what they would else be called: blocked first, then what is missing."""
    blocked = against > most
    if inputs.y_peak is not None:
        second = valid_probability(inputs.y_peak)
        unknown = (side == 1) & np.isnan(second)
        code[unknown] = missing("y_peak")
        blocked |= (side == 1) & (second > most)
    for values, names in ((favour, _UNKNOWN_FAVOUR), (against, _UNKNOWN_AGAINST)):
        unknown = np.isnan(values)
        code[unknown] = names[side[unknown]]
    code[blocked] = _AGAINST[side[blocked]]


def barrier_factor(
    against: Floats, favour: Floats, gamma: float = 1.0, delta: float = 0.5, least: float = 0.2
) -> Floats:
    """float64[S]: (1 - against)^gamma * (0.5 + 0.5 favour)^delta within `least` and 1; of probabilities (sheet F 5)."""
    factor = 1.0 - against
    if gamma != 1.0:
        factor **= gamma
    supported = 0.5 * favour
    supported += 0.5
    supported **= delta
    factor *= supported
    return in_range(factor, least, 1.0)


def churn(inputs: GateInputs, settings: GateSettings) -> Verdict:
    """No turn of a young position, and no new one right after one was closed (sheet H 3.6)."""
    limits = settings.churn
    if not limits.enabled:
        return _everywhere(len(inputs.position), _DISABLED)
    agreeing = np.sign(inputs.position) * inputs.direction
    flat = inputs.position == 0.0
    rested = inputs.since_close_ns >= limits.reentry_cooldown_ns
    ok = agreeing > 0.0
    ok |= flat & rested
    passed = _everywhere(len(ok), _PASS)
    if every(ok):
        return passed
    turning, unasked = agreeing < 0.0, ~(np.abs(inputs.direction) > 0.0)
    ok |= turning & (inputs.held_ns >= limits.min_hold_ns)
    ok |= unasked & ~np.isnan(inputs.position)

    def codes() -> Codes:
        found = np.where(ok, _PASS, code_of(Reason.REENTRY)).astype(np.int8)
        refused_turn, refused_entry = turning & ~ok, flat & ~ok
        found[refused_turn] = code_of(Reason.MIN_HOLD)
        found[refused_turn & np.isnan(inputs.held_ns)] = missing("held")
        found[refused_entry & np.isnan(inputs.since_close_ns)] = missing("since_close")
        found[np.isnan(inputs.position)] = missing("position")
        return found

    return Verdict(ok, passed.factor, codes)


def fees(inputs: GateInputs, settings: GateSettings) -> Verdict:
    """The net edge pays for the fees of so many round trips (sheet H 3.6), in the direction that is wanted."""
    if not settings.fees.enabled:
        return _everywhere(len(inputs.edge_bps), _DISABLED)
    edge = inputs.edge_bps * np.copysign(1.0, inputs.direction)
    ok = edge >= inputs.fee_bps * (2.0 * settings.fees.round_trips)
    if not every(ok):
        ok |= ~(np.abs(inputs.direction) > 0.0)
    return _verdict(ok, code_of(Reason.FEES_NOT_COVERED), edge=inputs.edge_bps, fee=inputs.fee_bps)


GATES: tuple[Gate, ...] = (
    Gate("bad_tick", bad_tick, holds_all=True),
    Gate("spread", spread),
    Gate("chop", chop),
    Gate("barrier", barrier),
    Gate("churn", churn),
    Gate("fees", fees),
)
"""First whether the market can be traded on, then whether this entry is a good one."""


def evaluate(inputs: GateInputs, settings: GateSettings, gates: tuple[Gate, ...] = GATES) -> GateResult:
    """Ask every gate of every symbol."""
    verdicts = tuple([gate.ask(inputs, settings) for gate in gates])
    wanted = np.abs(inputs.direction) > 0.0
    passed = _everywhere(len(wanted), _PASS)
    decidable, factor, allowed = passed.allowed, passed.factor, wanted
    for gate, verdict in zip(gates, verdicts, strict=True):
        if verdict is passed:
            continue
        allowed = allowed & verdict.allowed
        if verdict.factor is not passed.factor:
            factor = factor * verdict.factor
        if gate.holds_all:
            decidable = decidable & verdict.allowed
    if every(allowed):
        return GateResult(verdicts, allowed, factor, decidable, passed.code)
    refusal = np.where(wanted, _PASS, _NO_DIRECTION).astype(np.int8)
    factor = np.where(allowed, factor, 0.0)
    for verdict in reversed(verdicts):
        if verdict.allowed is not passed.allowed and not every(verdict.allowed):
            np.copyto(refusal, verdict.code, where=~verdict.allowed)
    refusal[~wanted & decidable] = _NO_DIRECTION
    return GateResult(verdicts, allowed, factor, decidable, refusal)


def ensure_known(
    result: GateResult,
    row: int,
    symbol: str,
    gates: tuple[Gate, ...] = GATES,
    *,
    may_lack: Collection[str] = (),
) -> None:
    """Strict mode, for one symbol: raise `GatingError` naming the first gate that lacked an input.

    Per symbol, because what one symbol lacks must not stop the others of its group. Inputs of the names in `may_lack`
    may be missing.
    """
    for gate, verdict in zip(gates, result.verdicts, strict=True):
        missed = is_missing(verdict.code[row : row + 1])[0]
        if missed and OUTCOMES[verdict.code[row]].text.partition(":")[2] not in may_lack:
            raise GatingError(
                f"the gate {gate.name} of {symbol} lacks an input",
                field=f"gates.{gate.name}",
                value=OUTCOMES[verdict.code[row]].text,
                remedy="find out why it is not known, or switch the gate off in the strategy's parameters",
            )
