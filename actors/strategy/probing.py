"""Would it trade now, and if not why: a strategy asked out of turn, with nothing said, sent or remembered.

The decision is made by the strategy's own code on a copy of the state, which is thrown away with all that came of it.
That answers for strategies whose `decide` may be asked at any moment (`answers_probes`, as pipelines do); of those that
wait for a signal the answer is whether an order could pass, and what they decided last.
"""

from __future__ import annotations

from decimal import Decimal

import msgspec

from actors.base import Context
from actors.strategy import precedence
from actors.strategy.budget import room_of
from actors.strategy.gates import NAMED_ENTRY_GATES, is_fresh
from actors.strategy.isolating import Isolating
from actors.strategy.slot import Slot
from actors.strategy.state import StrategyActorState
from messages import codec
from messages.base import Message
from messages.decisions import Decision, DecisionMade, IntentRaised, TargetDeferred
from messages.intents import Side
from messages.reasons import Reason
from messages.stages import StageRecords


class GateAnswer(msgspec.Struct, frozen=True):
    """One gate's answer to an entry: `reason` is `accepted` where it lets one pass."""

    gate: str
    allowed: bool
    reason: Reason


class ProbeAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What one strategy would do on one symbol at desk time `time` (ns UTC).

    `trades` is None for a strategy that was not asked to decide, because it waits for a signal or has no fresh quote;
    then `decision` and `reason` are the last that it recorded, else those of now. `missing` names the input that a
    gate lacks, `lacks` says what there is of it and what is needed. `side`, `quantity` (base units) and `worst_price`
    are those of the order that it would send. `room` is what is left of the budget in base currency, None without one;
    `quote_age` in ns. Where a sizer is asked in shadow, `shadow_target` is the part of the budget that it would hold,
    for `shadow_reason`, and `sizer_target` what the one that decides would.
    """

    strategy: str
    symbol: str
    kind: str
    time: int
    may_enter: bool
    gates: tuple[GateAnswer, ...]
    trades: bool | None = None
    decision: Decision | None = None
    reason: Reason | None = None
    missing: str | None = None
    lacks: str | None = None
    side: Side | None = None
    quantity: Decimal | None = None
    worst_price: Decimal | None = None
    position: Decimal = Decimal(0)
    room: Decimal | None = None
    bid: float | None = None
    ask: float | None = None
    quote_age: int | None = None
    shadow_sizer: str | None = None
    shadow_target: float | None = None
    shadow_reason: str | None = None
    sizer_target: float | None = None
    stages: StageRecords | None = None


class Probing(Isolating):
    """The part of the strategy actor that answers questions; see `actors.strategy.actor`."""

    def probe(self, now: int, symbol: str, strategy: str | None = None) -> tuple[ProbeAnswer, ...]:
        """What the strategies on `symbol` (or one of them) would do at desk time `now`; empty where there is none.

        Neither the state nor what a strategy will decide is changed by it.
        """
        if self.state is not self._bound:
            self._bind()
        asked = [
            slot
            for slot in self._slots.values()
            if slot.settings.instrument.symbol == symbol and strategy in (None, slot.settings.id)
        ]
        return tuple(self._answer(slot, now) for slot in precedence.in_order(asked))

    def _answer(self, slot: Slot, now: int) -> ProbeAnswer:
        view, state = slot.view, slot.state
        gates = _gates(slot, now)
        answer = ProbeAnswer(
            strategy=slot.settings.id,
            symbol=slot.settings.instrument.symbol,
            kind=slot.settings.kind,
            time=now,
            may_enter=all(each.allowed for each in gates if each.gate != _PRECEDENCE[Side.SELL])
            or all(each.allowed for each in gates if each.gate != _PRECEDENCE[Side.BUY]),
            gates=gates,
            decision=state.decision,
            reason=state.decision_reason,
            position=state.position.quantity,
            room=room_of(slot),
            bid=view.bid if view.has_quote else None,
            ask=view.ask if view.has_quote else None,
            quote_age=view.quote_age(now),
        )
        if not (slot.strategy.answers_probes and is_fresh(slot, now) and slot.may_call("decide", now)):
            return answer
        return _told(answer, self._decided(slot, now))

    def _decided(self, slot: Slot, now: int) -> list[Message]:
        """The events of a decision that is made on a copy of the state and forgotten."""
        kept = self.state
        data = codec.pack(codec.to_plain(kept))
        group = tuple(slot.siblings.values())
        try:
            self.state = codec.from_plain(codec.unpack(data), StrategyActorState, where="state")
            self._bind()
            for each in group:
                each.probed = True
                each.state.decision = each.state.decision_reason = None  # whatever comes of it is news
            ctx = Context(self)
            ctx.now = now
            group[0].desk.within(ctx, slot.strategy.decide)
            return ctx.events
        finally:
            for each in group:
                each.probed = False
            self.state = kept
            self._bind()


_PRECEDENCE = {side: f"precedence_{side.value}" for side in Side}


def _gates(slot: Slot, now: int) -> tuple[GateAnswer, ...]:
    """Every gate that the strategy's orders have to pass, in order; those of a pipeline's own are in its stages."""
    found = {name: gate(slot, now) for name, gate in NAMED_ENTRY_GATES}
    room = room_of(slot)
    found["budget"] = Reason.BUDGET if room is not None and room <= 0 else None
    for side, name in _PRECEDENCE.items():
        found[name] = precedence.refused(slot, side) if slot.peers else None
    return tuple(
        GateAnswer(name, reason is None, Reason.ACCEPTED if reason is None else reason)
        for name, reason in found.items()
    )


_BESIDE = ("shadow_sizer", "shadow_target", "shadow_reason", "sizer_target")
"""What a trace says of a sizer in shadow; see `pipeline.records.beside_figures`."""


def _told(answer: ProbeAnswer, events: list[Message]) -> ProbeAnswer:
    """The answer with what the decision of now came to."""
    decided: DecisionMade | None = None
    raised: IntentRaised | None = None
    waits = False
    for event in events:
        if isinstance(event, DecisionMade) and (event.strategy, event.symbol) == (
            answer.strategy,
            answer.symbol,
        ):
            decided = event
        elif isinstance(event, IntentRaised) and event.intent.terms.symbol == answer.symbol:
            raised = event
        elif isinstance(event, TargetDeferred) and event.symbol == answer.symbol:
            waits = True
    terms = None if raised is None else raised.intent.terms
    trace = {} if decided is None else decided.trace
    missing, lacks = trace.get("missing"), trace.get("lacks")
    beside = {name: trace[name] for name in _BESIDE if name in trace}
    return msgspec.structs.replace(
        answer,
        trades=raised is not None,
        decision=Decision.HOLD if decided is None else decided.decision,
        reason=(Reason.INTENT_OPEN if waits else Reason.HOLD_POSITION) if decided is None else decided.reason,
        missing=missing if isinstance(missing, str) else None,
        lacks=lacks if isinstance(lacks, str) else None,
        side=None if terms is None else terms.side,
        quantity=None if terms is None else terms.quantity,
        worst_price=None if terms is None else terms.worst_price,
        stages=None if decided is None else decided.stages,
        **beside,
    )
