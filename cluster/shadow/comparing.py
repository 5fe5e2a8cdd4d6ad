"""A strategy in shadow held to the one that trades, decision by decision.

Decisions are aligned one to one by symbol and desk time, each with the nearest in time, no further apart than
`within`; they are never compared across symbols, or with what was decided at another time.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from statistics import fmean

import msgspec

from cluster.shadow.reading import Decided

EXAMPLES = 20
"""How many differences are told one by one."""


class Distribution(msgspec.Struct, frozen=True):
    """How a figure is spread over decisions; None where there was none. Percentiles are those of nearest rank."""

    count: int
    mean: float | None = None
    p50: float | None = None
    p95: float | None = None
    largest: float | None = None


class Difference(msgspec.Struct, frozen=True):
    """Two decisions that differ, or one without a counterpart; `live` and `shadow` in words, None for none."""

    symbol: str
    time: int
    live: str | None
    shadow: str | None


class Comparison(msgspec.Struct, frozen=True, kw_only=True):
    """What came of it. Shares are parts of what was aligned.

    `equal`: decision, reason, side and quantity are the same. A veto mismatch is that one traded and the other did not,
    a side mismatch that they traded against each other. `size` is |shadow / live - 1| of the quantities where both
    traded; `price` in bps how much worse the shadow's simulated price was than that of the real fill. `orders_sent`
    counts what the shadow sent to risk: none, or it was no shadow. Times are desk time, ns UTC.
    """

    live: str
    shadow: str
    started: int
    ended: int
    live_decisions: int
    shadow_decisions: int
    live_trades: int
    shadow_trades: int
    aligned: int
    equal: int
    equal_share: float | None
    veto_mismatches: int
    veto_mismatch_share: float | None
    side_mismatches: int
    only_live: int
    only_shadow: int
    orders_sent: int
    size: Distribution
    price: Distribution
    differences: tuple[Difference, ...] = ()

    @property
    def is_equal(self) -> bool:
        """Whether both decided the same, always, and the shadow sent nothing."""
        return not (self.only_live or self.only_shadow or self.orders_sent) and self.equal == self.aligned


def compare(
    live: Sequence[Decided], shadow: Sequence[Decided], *, names: tuple[str, str], within: int
) -> Comparison:
    """Hold the decisions of a shadow to those that traded; neither may be empty. `within` in ns."""
    pairs = list(_aligned(live, shadow, within))
    both = [(one, other) for one, other in pairs if one is not None and other is not None]
    vetoes = sum(one.trades != other.trades for one, other in both)
    traded = [(one, other) for one, other in both if one.trades and other.trades]
    equal = sum(_alike(one, other) for one, other in both)
    times = [each.time for each in (*live, *shadow)]
    return Comparison(
        live=names[0],
        shadow=names[1],
        started=min(times),
        ended=max(times),
        live_decisions=len(live),
        shadow_decisions=len(shadow),
        live_trades=sum(each.trades for each in live),
        shadow_trades=sum(each.trades for each in shadow),
        aligned=len(both),
        equal=equal,
        equal_share=equal / len(both) if both else None,
        veto_mismatches=vetoes,
        veto_mismatch_share=vetoes / len(both) if both else None,
        side_mismatches=sum(one.side != other.side for one, other in traded),
        only_live=sum(other is None for _, other in pairs),
        only_shadow=sum(one is None for one, _ in pairs),
        orders_sent=sum(each.trades and not each.simulated for each in shadow),
        size=_distribution([_size_difference(one, other) for one, other in traded]),
        price=_distribution(
            [each for each in (_price_difference(*pair) for pair in traded) if each is not None]
        ),
        differences=tuple(_differences(pairs))[:EXAMPLES],
    )


def _aligned(
    live: Sequence[Decided], shadow: Sequence[Decided], within: int
) -> Iterator[tuple[Decided | None, Decided | None]]:
    """Pairs in the order of time; what has no counterpart stands alone."""
    for symbol in sorted({each.symbol for each in (*live, *shadow)}):
        ours = [each for each in live if each.symbol == symbol]
        theirs = [each for each in shadow if each.symbol == symbol]
        at = 0
        for position, one in enumerate(ours):
            while at < len(theirs) and theirs[at].time < one.time - within:
                yield None, theirs[at]
                at += 1
            if at == len(theirs) or theirs[at].time > one.time + within:
                yield one, None
                continue
            following = ours[position + 1] if position + 1 < len(ours) else None
            if following is not None and following.time != one.time and _nearer(following, one, theirs[at]):
                yield one, None
                continue
            yield one, theirs[at]
            at += 1
        for other in theirs[at:]:
            yield None, other


def _nearer(following: Decided, one: Decided, other: Decided) -> bool:
    return abs(following.time - other.time) < abs(one.time - other.time)


def _alike(one: Decided, other: Decided) -> bool:
    return (one.decision, one.reason, one.side, one.quantity) == (
        other.decision,
        other.reason,
        other.side,
        other.quantity,
    )


def _size_difference(one: Decided, other: Decided) -> float:
    assert one.quantity is not None
    assert other.quantity is not None
    return abs(float(other.quantity / one.quantity) - 1.0)


def _price_difference(one: Decided, other: Decided) -> float | None:
    if one.price is None or other.price is None or one.side != other.side:
        return None
    return (other.price / one.price - 1.0) * one.side * 1e4


def _distribution(values: Sequence[float]) -> Distribution:
    if not values:
        return Distribution(0)
    ranked = sorted(values)
    return Distribution(
        len(ranked), fmean(ranked), _ranked(ranked, 0.5), _ranked(ranked, 0.95), max(ranked, key=abs)
    )


def _ranked(ranked: Sequence[float], share: float) -> float:
    return ranked[min(len(ranked) - 1, max(0, -int(-share * len(ranked) // 1) - 1))]


def _differences(pairs: Sequence[tuple[Decided | None, Decided | None]]) -> Iterator[Difference]:
    for one, other in pairs:
        if one is not None and other is not None and _alike(one, other):
            continue
        known = one if one is not None else other
        assert known is not None
        yield Difference(known.symbol, known.time, _in_words(one), _in_words(other))


def _in_words(decided: Decided | None) -> str | None:
    if decided is None:
        return None
    if decided.side and decided.quantity is not None:
        return f"{'buy' if decided.side > 0 else 'sell'} {decided.quantity:f} ({decided.reason})"
    return f"{decided.decision.value} ({decided.reason})"
