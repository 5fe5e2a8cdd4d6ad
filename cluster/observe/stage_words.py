"""What the stages of a decision saw and said, in sentences: for `raydesk trace`, `raydesk probe` and the page."""

from __future__ import annotations

from collections.abc import Iterator

from messages.stages import ArbitrationResult, Figure, SizingResult, StageRecords


def in_words(stages: StageRecords) -> tuple[str, ...]:
    """The decision told from its predictions to its end, a sentence per stage that was reached."""
    return tuple(_sentences(stages))


def bps(value: Figure) -> str:
    """Basis points with their sign; `unknown` for what is missing."""
    return "unknown" if value is None else f"{value:+.1f} bps"


def share(value: Figure) -> str:
    """A part of a whole in percent; `unknown` for what is missing."""
    return "unknown" if value is None else f"{value * 100:.2f}%"


def _sentences(stages: StageRecords) -> Iterator[str]:
    if stages.predictions is not None:
        for model, why in stages.predictions.missing.items():
            yield f"The model {model} has no say: {why}."
    for blend in stages.blends:
        if blend.alpha is None:
            continue
        weights = ", ".join(f"{model} {share(each)}" for model, each in blend.weights.items() if each)
        trust = "unknown" if blend.confidence is None else f"{blend.confidence:.3f}"
        expected = bps(blend.alpha * 1e4)
        yield f"Over {blend.horizon} the models expect {expected} ({weights}; confidence {trust})."
    if stages.arbitration is not None:
        yield from _edge(stages.arbitration)
    refused = [each for each in stages.gates if not each.allowed]
    if stages.gates and not refused:
        yield "All gates let an entry pass."
    for gate in refused:
        yield f"The gate {gate.gate} refuses an entry: {gate.reason.value}."
    if stages.sizing is not None:
        yield _size(stages.sizing)
    if stages.risk is not None and not stages.risk.may_enter:
        yield f"Nothing may be entered now, whatever is decided: {stages.risk.reason.value}."
    if stages.decision is not None:
        said = stages.decision
        traded = (
            f"{said.side.value} {said.quantity:f} {said.symbol} at about {said.price:f}"
            if said.side is not None and said.quantity is not None and said.price is not None
            else f"no order for {said.symbol}"
        )
        yield f"So: {traded} ({said.reason.value})."


def _edge(made: ArbitrationResult) -> Iterator[str]:
    known = [each for each in made.horizons if each.score is not None]
    if not known:
        yield f"There is no edge to speak of: {made.reason.value}."
        return
    best = max(known, key=lambda each: abs(each.score or 0.0))
    if made.horizon is not None:
        best = next(each for each in known if each.horizon == made.horizon)
    costs = [each for each in (best.spread_cost, best.timing_cost, best.impact_cost) if each is not None]
    limit = "unknown" if made.threshold is None else f"{made.threshold:.2f}"
    verdict = (
        f"{'long' if made.direction > 0 else 'short'} on {made.horizon}"
        if made.horizon is not None
        else f"not enough ({made.reason.value})"
    )
    yield (
        f"Best is {best.horizon}: {bps(best.alpha)} less {sum(costs):.1f} bps of costs leave {bps(best.net)}, "
        f"a score of {best.score or 0.0:.2f} against {limit}: {verdict}."
    )


def _size(made: SizingResult) -> str:
    return (
        f"Of the budget {share(made.current)} is held; the {made.sizer} sizer asks for {share(made.raw)}, "
        f"gates leave {share(made.gated)}, caps and band {share(made.target)} ({made.reason.value})."
    )
