"""Money is exchanged for an order that waits for it, and for nothing else."""

from __future__ import annotations

from cluster.simulator.desk.audit.finding import Finding
from cluster.store.port import Section
from messages.intents import Purpose, Verdict
from messages.portfolio import IntentDecided
from messages.treasury import ConversionStarted


def check_conversions(section: Section) -> None:
    """A step of risk was committed. Raises `Finding` for the leg of a conversion that nothing waits for."""
    events = section.record.events
    awaited = {event.leg_id for event in events if isinstance(event, ConversionStarted)}
    for event in events:
        if not isinstance(event, IntentDecided) or event.purpose is not Purpose.CONVERT:
            continue
        if event.verdict is not Verdict.REJECTED and event.intent_id not in awaited:
            what = f"money is exchanged for no order: {event.intent_id}"
            raise Finding(4, what, actors=("risk",), value=event)
