"""The processes on the way from quote to order: those of a desk, assembled as on a desk, and the local exchange.

Each notes its own moments, ns of the machine's monotonic clock, by the intent they belong to.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

import msgspec

from cluster.bench.crew import BenchError
from cluster.bench.hosted import Hosted
from cluster.bench.order_desk import EXECUTION, RISK, STRATEGY, OnCue, exchange_settings, order_launch
from cluster.bench.order_probes import OrderArrivals, OrderWrites, QuoteReads
from cluster.host.actor_host import ActorHost
from cluster.host.garbage import spare_what_is_loaded
from cluster.host.launch import ChildLaunch
from cluster.store.port import CommitStatus, Entry, Section
from messages.base import Address, Message
from messages.decisions import IntentRaised
from messages.order_events import OrderPlacing
from messages.portfolio import IntentDecided

_MAIL_KEPT = 1_000
_AN_ORDER_AT_MOST_S = 10.0
_READY_AT_MOST_S = 30.0


class Commit(msgspec.Struct, frozen=True):
    """When the newest mail of a step about an intent had been read (0 without mail), when the step was decided and
    its commit asked for, and when that was answered.
    """

    mail: int
    asked: int
    committed: int


class Seen(msgspec.Struct, frozen=True):
    """An intent in its strategy: when the frame of the quote it was raised on was read, and its commit."""

    intent_id: str
    received: int
    raised: Commit


class Sent(msgspec.Struct, frozen=True):
    """An intent's order in execution: its id, its commit, when its request had left, and when it was answered."""

    order_id: str
    placing: Commit
    written: int
    answered: int


class OrderRole(Hosted):
    """A process of the desk, as it is assembled there; notes its commits of `event`, by intent."""

    address: ClassVar[Address]
    event: ClassVar[type[Message]]

    def __init__(self, url: str, folder: str) -> None:
        super().__init__(url, folder)
        self.commits: dict[str, Commit] = {}
        self._mail: dict[str, int] = {}

    async def make_host(self) -> ActorHost:
        """What the desk's process of this address runs."""
        from cluster.host.assembly import assemble
        from cluster.host.process_spec import process_spec

        launch = order_launch(self.url, self.folder)
        host = await assemble(process_spec(ChildLaunch(launch, self.address, "actor", {}, None)))
        assert isinstance(host, ActorHost)
        spare_what_is_loaded()  # as a desk's processes do
        self._watch_reads(host.store)
        self._watch_commits(host.store)
        return host

    def _watch_reads(self, store: Any) -> None:
        inner = store.read

        async def read(*arguments: Any) -> list[Entry]:
            entries: list[Entry] = await inner(*arguments)
            now = time.monotonic_ns()
            for entry in entries:
                self._mail[entry.id] = now
            while len(self._mail) > _MAIL_KEPT:
                del self._mail[next(iter(self._mail))]
            return entries

        store.read = read

    def _watch_commits(self, store: Any) -> None:
        inner = store.commit

        async def commit(sections: Sequence[Section]) -> list[CommitStatus]:
            asked = time.monotonic_ns()
            statuses: list[CommitStatus] = await inner(sections)
            committed = time.monotonic_ns()
            for section in sections:
                mail = max((self._mail.get(each.reference, 0) for each in section.record.inputs), default=0)
                for event in section.record.events:
                    if isinstance(event, self.event):
                        self.note(event, Commit(mail, asked, committed))
            return statuses

        store.commit = commit

    def note(self, event: Any, commit: Commit) -> None:
        """A step with an event of this role's kind is committed."""
        self.commits[event.intent_id] = commit

    def _committed(self, section: Section) -> None:
        """Of the steps that pass an order on alone, the latest is what the floor sends."""
        of_an_order = any(isinstance(event, self.event) for event in section.record.events)
        if of_an_order and len(section.envelopes) <= 1:
            super()._committed(section)


class StrategyRole(OrderRole):
    """The strategy: sees the market over the exchange's streams, and trades when it is cued."""

    address = STRATEGY
    event = IntentRaised

    def __init__(self, url: str, folder: str) -> None:
        super().__init__(url, folder)
        self._reads = QuoteReads()
        self._seen: list[Seen] = []

    async def make_host(self) -> ActorHost:
        """See `OrderRole.make_host`."""
        self._reads.install()
        return await super().make_host()

    def note(self, event: IntentRaised, commit: Commit) -> None:
        """See `OrderRole.note`; where the quote's frame is no longer known the sample is left out."""
        super().note(event, commit)
        received = self._reads.of_quote(self._strategy.decided_on)
        if received is not None:
            self._seen.append(Seen(event.intent_id, received, commit))

    @property
    def _strategy(self) -> OnCue:
        """The strategy as it runs now; the view may have been made anew."""
        actor: Any = self.host.machine.actor
        [strategy] = actor.strategies
        assert isinstance(strategy, OnCue)
        return strategy

    def _waiting(self) -> bool:
        """Whether an intent is open."""
        actor: Any = self.host.machine.actor
        return any(each.intents for each in actor.state.strategies.values())

    async def until_it_trades(self) -> None:
        """Cue until an order has filled: prices come, risk knows account and mark, execution has compared the books."""
        actor: Any = self.host.machine.actor
        deadline = time.monotonic() + _READY_AT_MOST_S
        while not any(each.fills for each in actor.state.strategies.values()):
            if time.monotonic() > deadline:
                raise BenchError(
                    "no order of the desk was filled", field=self.address, value=_READY_AT_MOST_S
                )
            if not self._waiting():
                self._strategy.cued = True
            await self._unless_it_ends(asyncio.sleep(0.2))
        await self._settled()

    async def trade(self, orders: int, pause_s: float) -> list[Seen]:
        """One order after the other, each cued `pause_s` seconds after the one before has ended."""
        before = len(self._seen)
        for _ in range(orders):
            raised = len(self.commits)
            self._strategy.cued = True
            await self._within(lambda known=raised: len(self.commits) > known)
            await self._settled()
            await asyncio.sleep(pause_s)
        return self._seen[before:]

    async def _settled(self) -> None:
        await self._within(lambda: not self._waiting())

    async def _within(self, reached: Any) -> None:
        try:
            async with asyncio.timeout(_AN_ORDER_AT_MOST_S):
                await self.until(reached)
        except TimeoutError:
            raise BenchError(
                f"an order took longer than {_AN_ORDER_AT_MOST_S:g} s", field=self.address
            ) from None


class PortfolioRole(OrderRole):
    """Risk."""

    address = RISK
    event = IntentDecided

    async def decided(self, intents: Sequence[str]) -> list[Commit]:
        """The commits of these intents' decisions, once there are all of them."""
        await self.until(lambda: all(intent in self.commits for intent in intents))
        return [self.commits[intent] for intent in intents]


class ExecutionRole(OrderRole):
    """Execution: the venue's real port, over real sockets."""

    address = EXECUTION
    event = OrderPlacing

    def __init__(self, url: str, folder: str) -> None:
        super().__init__(url, folder)
        self._writes = OrderWrites()
        self._orders: dict[str, str] = {}

    async def make_host(self) -> ActorHost:
        """See `OrderRole.make_host`."""
        self._writes.install()
        return await super().make_host()

    def note(self, event: OrderPlacing, commit: Commit) -> None:
        """See `OrderRole.note`."""
        super().note(event, commit)
        self._orders[event.intent_id] = event.client_order_id

    async def sent(self, intents: Sequence[str]) -> list[Sent]:
        """What became of these intents' orders, once all are answered."""
        answered = self._writes.answered
        await self.until(lambda: all(self._orders.get(intent) in answered for intent in intents))
        return [self._sent(intent) for intent in intents]

    def _sent(self, intent: str) -> Sent:
        order = self._orders[intent]
        return Sent(order, self.commits[intent], self._writes.written[order], self._writes.answered[order])


class ExchangeRole:
    """The local exchange that the desk's settings ask for."""

    def __init__(self, url: str, folder: str) -> None:
        from cluster.exchange.server import ExchangeServer

        self._server = ExchangeServer(exchange_settings(order_launch(url, Path(folder))))
        self._arrivals = OrderArrivals()

    async def open(self) -> None:
        """Listen."""
        self._arrivals.install()
        await self._server.start()

    async def arrivals(self, orders: Sequence[str]) -> list[int]:
        """When the requests that placed these orders were read; they are answered already."""
        return [self._arrivals.arrived[order] for order in orders]

    async def close(self) -> None:
        """End."""
        await self._server.stop()
