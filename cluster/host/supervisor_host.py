"""The host of a supervisor: an actor host on machine time whose outside is the executor.

The root's host has two duties more: it keeps the embedded Redis running, and it renews the single-desk lock.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import msgspec

from cluster.account_lease import AccountLeases
from cluster.embedded_redis import EmbeddedRedis
from cluster.host.actor_host import ActorHost
from cluster.host.clocks import PacedClock
from cluster.host.executor import Executor, ExecutorSettings
from cluster.host.handles import Handles
from cluster.host.launch import ChildLaunch
from cluster.host.tree_plan import ROOT, tree_of
from cluster.owner import OwnerLock
from cluster.steps.requests import Report
from messages.base import Address, Effect, Message
from messages.child_specs import SECOND
from messages.errors import StoreError, StoreUnavailableError
from messages.reasons import Reason
from messages.supervision import ExitReason, LeaveDesk, Shutdown
from supervisors.report import render_tree
from supervisors.state import SupervisorState
from supervisors.supervisor import Supervisor

MakeHost = Callable[..., ActorHost]


class SupervisorOutside:
    """The executor, made once the host exists; see `cluster.host.actor_host.Outside`."""

    executor: Executor

    async def perform(self, effect: Effect, now: Callable[[], int]) -> Message | None:
        """See `Outside.perform`."""
        return await self.executor.perform(effect, now)

    def withheld(self, effect: Effect, reason: Reason) -> Message | None:
        """See `Outside.withheld`."""
        return self.executor.withheld(effect, reason)

    def store_away(self) -> list[Effect]:
        """See `Outside.store_away`."""
        return self.executor.store_away()


class SupervisorHost(ActorHost):
    """Told to stop, a supervisor first stops its children: the order reaches it as a signal."""

    def stop(self, reason: ExitReason = ExitReason.SHUTDOWN) -> None:
        """Begin the shutdown of the subtree; the host ends when the supervisor says so."""
        self.intake.signal(Shutdown(by="parent", reason=reason.value))

    def finish(self) -> None:
        """The supervisor has ended: so does its host."""
        super().stop(ExitReason.SHUTDOWN)


async def supervise(child: ChildLaunch, make_host: MakeHost) -> ActorHost:
    """The host of the supervisor `child`, with everything it watches and does besides."""
    launch, config = child.launch, child.launch.config
    supervision = config.supervision
    root = child.address == ROOT
    if root and launch.embedded_redis is not None:
        await asyncio.to_thread(EmbeddedRedis(launch.embedded_redis).ensure_running)
    actor = Supervisor(tree_of(config, launch.feed)[child.address], life=_life(child))
    outside = SupervisorOutside()
    host = make_host(actor, outside=outside, clock=PacedClock.live(), kind=SupervisorHost)
    lock = OwnerLock(host.store, launch.owner)
    leases = AccountLeases(host.store, config, launch.owner)

    async def end(effect: Effect) -> None:
        if isinstance(effect, LeaveDesk):
            await leases.release()
            await lock.release()
        host.finish()

    outside.executor = executor = Executor(
        child.address,
        launch,
        host.store,
        Handles(launch.namespace, resources=config.ray.resources),
        epoch=lambda: host.epoch,
        may_act=lambda: host.lease.may_act(),
        signal=host.intake.signal,
        end=end,
        settings=ExecutorSettings(
            heartbeat_s=supervision.heartbeat_interval / SECOND, hang_s=supervision.hang_timeout / SECOND
        ),
    )
    host.background.append(executor.watch_heartbeats)
    if root:
        host.background.append(lambda: _keep_house(launch, lock, leases))
    _publish_children(host, actor)
    return host


def _life(child: ChildLaunch) -> int:
    return int(child.arguments["life"])


async def _keep_house(launch: Any, lock: OwnerLock, leases: AccountLeases) -> None:
    """The root's chores, for ever: Redis runs, the lock and the accounts are ours."""
    while True:
        await asyncio.sleep(0.5)
        try:
            await lock.renew()
            await leases.renew(launch.desk)
        except StoreUnavailableError:
            if launch.embedded_redis is not None:
                with suppress(StoreError):
                    await asyncio.to_thread(EmbeddedRedis(launch.embedded_redis).ensure_running)


def _publish_children(host: ActorHost, actor: Supervisor) -> None:
    """After every step, show how the children are."""
    report, address = host.report, actor.address

    def publish(step: Report) -> None:
        report(step)
        if step.level == "step" or step.text == "recovered":
            task = asyncio.ensure_future(_show(host, address, actor))
            task.add_done_callback(lambda done: done.exception())

    host.report = publish


async def _show(host: ActorHost, address: Address, actor: Supervisor) -> None:
    with suppress(StoreUnavailableError):
        await host.store.show_children(address, tree_rows(address, actor.state))


def tree_rows(address: Address, state: SupervisorState) -> list[dict[str, Any]]:
    """A supervisor's children as plain rows."""
    return [msgspec.to_builtins(row) for row in render_tree({address: state}, address)[1:]]
