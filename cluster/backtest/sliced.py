"""A backtest on the replay clock: desk time is granted in slices, as `raydesk run --speed lockstep` grants it.

Apart from `BacktestDesk`, whose time is exact: there an order leaves at the instant it was decided, here at the end of
the slice. So the same settings and data trade differently in the two, and alike here and on real processes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from actors.base import Actor
from cluster.backtest.harvest import Harvest
from cluster.feeds import Feed, FundingRates
from cluster.host import paper_map
from cluster.session_feed import FeedPlan
from cluster.simulator.lockstep import LockstepDesk
from cluster.steps.settings import StepSettings
from cluster.store.memory import MemoryStore
from cluster.store.port import Section
from config import DeskConfig
from messages.base import Address, Message

NO_STORE = StepSettings(
    snapshot_every=2**62,
    digest_every=0,
    keep_steps=0,
    trim_every=2**62,
    hash_outputs=False,
    report_steps=False,
)
"""Nothing is recovered from a backtest, so nothing is snapshotted, digested or hashed."""

_TIDY_EVERY = 256
_REPORTS = 400
"""How often progress is told in a run, about."""


class SlicedDesk(LockstepDesk):
    """A `LockstepDesk` whose steps are harvested for a report; the face of a `BacktestDesk`."""

    def __init__(
        self,
        config: DeskConfig,
        feeds: Mapping[str, Feed],
        start: int,
        end: int,
        *,
        keep_journal: bool = False,
        funding: Mapping[str, FundingRates] | None = None,
    ) -> None:
        """See `BacktestDesk`; slices lie on round times, so the first may begin before `start`."""
        self.harvest = Harvest()
        self.has_funding = bool(funding) or any(
            paper_map.paper_funding(config, name) for name in config.venues
        )
        step = config.feed.slice
        super().__init__(
            config,
            FeedPlan(speed="lockstep", start=start - start % step, end=end, slice_ns=step),
            market=feeds,
            store=_HarvestedStore(config.redis.mailbox_capacity, keep_journal, self.harvest.take),
            steps=None if keep_journal else NO_STORE,
            funding=funding,
        )

    @property
    def actors(self) -> Mapping[Address, Actor[Any]]:
        """See `BacktestDesk.actors`."""
        return {address: host.machine.actor for address, host in self.hosts.items()}

    def run(self, progress: Callable[[int, int], None] | None = None) -> None:  # type: ignore[override]
        """See `BacktestDesk.run`."""
        if progress is None:
            super().run()
            return
        plan = self.plan
        assert plan.end is not None
        stride = max(1, (plan.end - plan.start) // _REPORTS)
        report_at = plan.start

        def told(time: int) -> None:
            nonlocal report_at
            if time >= report_at:
                report_at = time + stride
                progress(self.rows, time)

        super().run(told)


class _HarvestedStore(MemoryStore):
    """Shows every step in which something happened, and drops mail once it was taken unless journals are kept."""

    def __init__(
        self, capacity: int, keep_journal: bool, committed: Callable[[Sequence[Message]], None]
    ) -> None:
        super().__init__(capacity, keep_journal)
        self._committed = committed

    def _write(self, section: Section) -> None:
        super()._write(section)
        if section.record.events:
            self._committed(section.record.events)
        if not self.keep_journal and section.position.step % _TIDY_EVERY == 0:
            actor = self.actors[section.address]
            actor.urgent.trim(section.position.urgent)
            actor.mailbox.trim(section.position.mailbox)
