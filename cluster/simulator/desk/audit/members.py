"""Whom the universe lets in: risk approves no entry on a symbol outside it, strategies raise none on one that leaves.

And whom it lets out: everybody who holds such a symbol, whatever others hold of it.

Entries are judged from the control stream itself, as halts are. A step that hears of a change may decide before it and
after it: it is at fault where what an actor had heard before the step and what it has heard since both forbid that.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from actors.strategy.state import StrategyActorState
from cluster.simulator.desk.audit.finding import Finding
from cluster.simulator.desk.reached import Reached
from cluster.simulator.invariants import Shadow
from cluster.store.memory import MemoryStore
from cluster.store.port import Section
from messages.base import Address, Envelope
from messages.intents import OrderIntent, Purpose, Verdict
from messages.portfolio import IntentDecided
from messages.reasons import Reason
from messages.universe import UniverseChanged

RISK: Address = "risk"
Heard = tuple[int, int]
"""How far an actor had read the control stream before a step, and how far it has after it."""

_ENTERS = frozenset({Purpose.ENTRY, Purpose.SWEEP})
"""What an order is for that brings something new to the desk; the others get out of it, or protect it."""


class MemberAudit:
    """See the module docstring. Before the first snapshot of a universe that `exists` nobody is in it."""

    def __init__(self, store: MemoryStore, reached: Reached, *, exists: bool) -> None:
        self._store = store
        self._reached = reached
        self._exists = exists

    def committed(self, section: Section, heard: Heard, shadows: Mapping[Address, Shadow]) -> None:
        """A step was committed; before and after it its actor had heard so much of the control stream."""
        address = section.address
        if not self._exists:
            return
        if address == RISK:
            decided = [event for event in section.record.events if isinstance(event, IntentDecided)]
            approved = [
                event
                for event in decided
                if event.verdict is not Verdict.REJECTED
                and event.increases_exposure
                and event.purpose in _ENTERS
            ]
            if approved:
                self._judge_approvals(approved, heard)
            for event in decided:
                if _leaves(event, shadows):
                    self._judge_exit(event, heard)
        elif address.startswith("strategy/"):
            raised = [
                each.message
                for each in section.envelopes
                if isinstance(each.message, OrderIntent) and each.message.terms.purpose in _ENTERS
            ]
            if raised:
                self._judge_intents(address, raised, heard)

    def _judge_approvals(self, approved: list[IntentDecided], heard: Heard) -> None:
        newest = [next(self._told(each), None) for each in heard]
        for event in approved:
            if all(told is None or event.symbol in told.outside for told in newest):
                what = f"an entry was approved on a symbol outside the universe: {event.intent_id}"
                actors = dict.fromkeys((RISK, event.requester, "universe"))
                raise Finding(3, what, actors=actors, value=event.symbol)

    def _judge_exit(self, event: IntentDecided, heard: Heard) -> None:
        """Nobody but its strategy closes what it holds: what opens the account beside others' positions must pass."""
        if event.reason is Reason.NOT_IN_UNIVERSE:
            what = f"what leaves a symbol was held back as that is outside the universe: {event.intent_id}"
            raise Finding(4, what, actors=(RISK, event.requester), value=event)
        told = next(self._told(heard[1]), None)
        opens = event.verdict is not Verdict.REJECTED and event.increases_exposure
        if opens and told is not None and event.symbol in told.outside:
            self._reached.count("a symbol was left against what others held of it")

    def _judge_intents(self, address: Address, raised: list[OrderIntent], heard: Heard) -> None:
        for intent in raised:
            if all(self._is_leaving(intent.terms.symbol, each) for each in heard):
                what = f"an entry was raised on a symbol that is leaving: {intent.terms.symbol}"
                raise Finding(3, what, actors=(address, "universe"), value=intent)

    def _is_leaving(self, symbol: str, heard: int) -> bool:
        """Whether the symbol has left by what was heard, and has not come back since."""
        for told in self._told(heard):
            if any(each.symbol == symbol for each in told.members):
                return False
            if any(each.symbol == symbol for each in told.leaving):
                return True
        return False

    def _told(self, heard: int) -> Iterator[UniverseChanged]:
        """The snapshots that were told up to there, the newest first."""
        for envelope in reversed(self._store.control.entries[:heard]):
            message = envelope.message if isinstance(envelope, Envelope) else None
            if isinstance(message, UniverseChanged):
                yield message


def _leaves(event: IntentDecided, shadows: Mapping[Address, Shadow]) -> bool:
    """Whether a strategy asks to hold less of a symbol, by its own book."""
    shadow = shadows.get(event.requester)
    state = None if shadow is None else shadow.actor.state
    if not isinstance(state, StrategyActorState) or event.purpose in _ENTERS:
        return False
    own = state.strategies.get(f"{event.strategy}/{event.symbol}")
    return own is not None and event.requested <= -own.position.quantity * event.side.sign
