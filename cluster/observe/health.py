"""Whether a desk is well: life signs measured on the watcher's own clock, and the checks that probes ask for."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from cluster.observe.connections import Connections
from cluster.observe.projection import Projection
from cluster.store.port import ActorStatus
from messages.base import Address
from messages.events import EventType


class Pulses:
    """When each actor's heartbeat was last seen to move, by a monotonic clock that the caller passes in.

    A counter has no time of its own, so the first look says nothing: the age is None until a second one.
    """

    def __init__(self) -> None:
        self._seen: dict[Address, tuple[int, float]] = {}
        self._moved: dict[Address, float] = {}
        self._first: dict[Address, float] = {}

    def note(self, statuses: Sequence[ActorStatus], now_s: float) -> None:
        """Look at all counters at the machine's monotonic time `now_s`."""
        for status in statuses:
            before = self._seen.get(status.address)
            if before is None:
                self._first[status.address] = now_s
            elif before[0] != status.heartbeat:
                self._moved[status.address] = now_s
            self._seen[status.address] = (status.heartbeat, now_s)

    def has_moved(self, address: Address) -> bool:
        """Whether the heartbeat was seen to move since the first look."""
        return address in self._moved

    def age_s(self, address: Address) -> float | None:
        """Seconds the heartbeat has stood still, at least; None while there was one look only."""
        seen = self._seen.get(address)
        if seen is None or seen[1] == self._first[address]:
            return None
        return seen[1] - self._moved.get(address, self._first[address])


class HealthCheck(msgspec.Struct, frozen=True):
    """One thing that must be so; `detail` says what was seen."""

    name: str
    ok: bool
    detail: str


class Health(msgspec.Struct, frozen=True):
    """Whether all checks hold, and each of them."""

    healthy: bool
    checks: tuple[HealthCheck, ...]


def judge(
    projection: Projection,
    statuses: Sequence[ActorStatus],
    pulses: Pulses,
    *,
    writable: bool,
    fresh_within_s: float,
    expected: Sequence[Address] = (),
    connections: Connections | None = None,
) -> Health:
    """Store writable, risk heartbeat fresh, each venue connected, live prices fresh.

    `expected` actors must at least exist. Of `connections` there are none on paper.
    """
    checks = [HealthCheck("store", writable, "writable" if writable else "does not take a write")]
    by_address = {status.address: status for status in statuses}
    venues = [address for address in by_address if address.startswith("execution/")]
    wanted = dict.fromkeys(("risk", *sorted(expected), *venues))
    for address in wanted:
        if address == "risk":
            checks.append(_alive("risk", by_address.get(address), pulses, fresh_within_s))
        elif address.startswith("execution/"):
            checks.append(_connected(projection, by_address.get(address), address, pulses, fresh_within_s))
    parked = projection.strategies.parked
    if parked:
        told = "; ".join(f"{each.strategy}/{each.symbol} parked: {each.error}" for each in parked[:_NAMED])
        checks.append(HealthCheck("strategies", False, told))
    checks += _connections(connections or Connections())
    return Health(all(check.ok for check in checks), tuple(checks))


def alive(status: ActorStatus | None, pulses: Pulses, fresh_within_s: float) -> bool:
    """Whether an actor's heartbeat is fresh."""
    return status is not None and _alive("", status, pulses, fresh_within_s).ok


def _alive(name: str, status: ActorStatus | None, pulses: Pulses, fresh_within_s: float) -> HealthCheck:
    if status is None:
        return HealthCheck(name, False, "has never been started")
    if status.exit_reason:
        return HealthCheck(name, False, f"has left: {status.exit_reason}")
    age = pulses.age_s(status.address)
    if age is None:
        return HealthCheck(name, False, "its heartbeat was looked at once only")
    if age > fresh_within_s:
        return HealthCheck(name, False, f"no heartbeat for {age:.1f} s")
    return HealthCheck(name, True, f"epoch {status.epoch}, step {status.step}")


def _connected(
    projection: Projection,
    status: ActorStatus | None,
    address: Address,
    pulses: Pulses,
    fresh_within_s: float,
) -> HealthCheck:
    name = f"venue/{address.partition('/')[2]}"
    check = _alive(name, status, pulses, fresh_within_s)
    if not check.ok:
        return check
    account = projection.books.state.accounts.get(address.partition("/")[2])
    if account is None or not account.opened:
        return HealthCheck(name, False, "its account has not been read yet")
    mismatches = projection.event_counts[EventType.RECONCILIATION_MISMATCH]
    return HealthCheck(name, True, f"account known, {mismatches} mismatches since the start")


_NAMED = 5
"""How many feeds are named one by one."""


def _connections(told: Connections) -> list[HealthCheck]:
    """One check for each venue's stream, and one for all live prices."""
    checks = []
    for each in told.venues:
        trouble = each.trouble(told.time)
        checks.append(HealthCheck(f"stream/{each.venue}", not trouble, trouble or "private stream up"))
    if told.feeds:
        bad = [(feed.symbol, feed.trouble) for feed in told.feeds if feed.trouble]
        named = ", ".join(f"{symbol}: {trouble}" for symbol, trouble in bad[:_NAMED])
        more = f" and {len(bad) - _NAMED} more" if len(bad) > _NAMED else ""
        detail = f"{named}{more}" if bad else f"{len(told.feeds)} of {len(told.feeds)} fresh"
        checks.append(HealthCheck("feeds", not bad, detail))
    return checks
