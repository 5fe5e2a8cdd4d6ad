"""Risk's own portfolio from outside: its snapshot and journal, remembered by the actor's own memory.

For what-ifs and limits, which need what the projection's books leave out: reservations, sources of the mode, counts.
"""

from __future__ import annotations

from typing import NamedTuple

import messages.known  # noqa: F401 - all types that risk writes
from actors.risk.actor import RISK, RiskActor
from actors.risk.decision import Decision
from actors.risk.engine import RiskEngine
from actors.risk.limits import RiskSettings
from actors.risk.state import RiskState
from actors.risk.statistical import make_statistics
from cluster.observe.asking import answered
from cluster.observe.observer import PAGE, RedisObserver
from cluster.observe.snapshots import newest_sound, typed_state
from cluster.steps.journal import decode_record
from messages.errors import StoreError
from messages.intents import OrderIntent


class Portfolio(NamedTuple):
    """The state that risk has committed, the desk time of that (ns UTC), and the limits it goes by."""

    state: RiskState
    now: int
    settings: RiskSettings

    @property
    def engine(self) -> RiskEngine:
        """Judges as risk would."""
        return RiskEngine(self.settings)

    def what_if(self, intent: OrderIntent) -> Decision:
        """Risk's answer to an intent, if it were raised now."""
        engine = self.engine
        limits = engine.limits(self.state)
        statistics = make_statistics(self.settings, limits) if engine.book(self.state).measures else None
        if statistics is not None:
            statistics.refresh(self.state)
        return engine.check_all([intent], self.state, self.now, statistics=statistics)[0]


async def read_portfolio(observer: RedisObserver, settings: RiskSettings) -> Portfolio:
    """Risk's newest committed state. Raises `StoreError` where its journal has no beginning and no sound snapshot."""
    actor, step, now = RiskActor(settings), 0, 0
    opened = newest_sound(RISK, await observer.snapshots(RISK))
    if opened is not None:
        state = typed_state(RISK, opened.content)
        if isinstance(state, RiskState):
            actor.state, step, now = state, opened.position.step, opened.position.now
    client, journal = observer.store.client, observer.store.keys.journal(RISK)
    while True:
        page = await answered(client.xrange(journal, min=f"({step}-0", max="+", count=PAGE))
        for entry_id, fields in page:
            found = int(entry_id.split(b"-")[0])
            if found != step + 1:
                raise StoreError(
                    "risk's journal has a gap and no snapshot behind it",
                    field=RISK,
                    value=f"step {found} after {step}",
                    remedy="let the desk make a snapshot (supervision.snapshot_every) and ask again",
                )
            record = decode_record(fields[b"r"], where=f"{RISK} step {found}")
            step, now = found, max(now, record.now)
            for event in record.events:
                actor.apply(event)
        if len(page) < PAGE:
            return Portfolio(actor.state, now, settings)
