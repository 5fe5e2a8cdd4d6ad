"""Validation of child and supervisor specs: whole, before anything starts, and usable by any tool.

The specs themselves are data of messages (`messages.child_specs`) and re-exported here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal

import msgspec

from messages.base import Address
from messages.child_specs import AutoShutdown as AutoShutdown
from messages.child_specs import Backoff as Backoff
from messages.child_specs import ChildKind as ChildKind
from messages.child_specs import ChildSpec as ChildSpec
from messages.child_specs import ExitPolicy as ExitPolicy
from messages.child_specs import GiveUpOrder as GiveUpOrder
from messages.child_specs import GiveUpPolicy as GiveUpPolicy
from messages.child_specs import Intensity as Intensity
from messages.child_specs import IntensityScope as IntensityScope
from messages.child_specs import Restart as Restart
from messages.child_specs import RestartStrategy as RestartStrategy
from messages.child_specs import SupervisorSpec as SupervisorSpec
from messages.errors import ConfigurationError


class SpecProblem(msgspec.Struct, frozen=True):
    """One thing that is wrong with a spec: where, what was found, what is wrong, what to do."""

    field: str
    value: object
    message: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.field}: {self.message} (found {self.value!r}) — {self.remedy}"


Found = tuple[str, object, str, str]
"""A problem whose field is still relative to its spec."""


def child_problems(spec: ChildSpec) -> tuple[SpecProblem, ...]:
    """All that is wrong with a child's spec, taken by itself; empty when it is sound."""
    return _named(spec.id or "child", _child_faults(spec))


def supervisor_problems(spec: SupervisorSpec) -> tuple[SpecProblem, ...]:
    """All that is wrong with a supervisor's spec and its children; empty when it is sound."""
    found = list(_named(spec.id or "supervisor", _supervisor_faults(spec)))
    for child in spec.children:
        found += child_problems(child)
        found += membership_problems(spec, child)
    return tuple(found)


def membership_problems(supervisor: SupervisorSpec, child: ChildSpec) -> tuple[SpecProblem, ...]:
    """What speaks against having this child under this supervisor."""
    return _named(child.id or "child", _membership_faults(supervisor, child))


def tree_problems(specs: Mapping[Address, SupervisorSpec]) -> tuple[SpecProblem, ...]:
    """All that is wrong with a whole tree: each spec, and how they hang together."""
    found = [problem for spec in specs.values() for problem in supervisor_problems(spec)]
    found += _named("tree", _tree_faults(specs))
    return tuple(found)


def require_sound(problems: Sequence[SpecProblem]) -> None:
    """Raise `ConfigurationError` naming all `problems`, unless there are none."""
    if problems:
        raise ConfigurationError(
            "; ".join(str(problem) for problem in problems),
            field="supervision",
            remedy="correct all of these; nothing was started",
        )


# ---------------------------------------------------------------- the rules


def _child_faults(spec: ChildSpec) -> Iterator[Found]:
    if not spec.id:
        yield "id", spec.id, "a child needs an address", "give it one, such as strategy/BTC-USDT"
    if spec.kind is ChildKind.SUPERVISOR and spec.shutdown_timeout is not None:
        yield (
            "shutdown_timeout",
            spec.shutdown_timeout,
            "a supervisor that is killed orphans its children",
            "set it to null: wait for ever",
        )
    if spec.kind is not ChildKind.SUPERVISOR and spec.shutdown_timeout is None:
        yield (
            "shutdown_timeout",
            None,
            "a child that never stops would stop the shutdown",
            "set a time in ns; only supervisors are waited for without end",
        )
    if spec.shutdown_timeout is not None and spec.shutdown_timeout < 0:
        yield "shutdown_timeout", spec.shutdown_timeout, "is negative", "set 0 or more ns"
    if spec.significant and spec.restart is Restart.PERMANENT:
        yield (
            "significant",
            True,
            "a permanent child never ends for good",
            "make it transient or temporary, or not significant",
        )
    for path, value in _not_plain("arguments", spec.arguments):
        yield path, value, "is not a plain value", "use numbers, text, null, lists and maps with text keys"
    if spec.on_give_up is not None and not 0 < spec.on_give_up.stop < 1:
        yield (
            "on_give_up.stop",
            spec.on_give_up.stop,
            "a stop's distance is a fraction of the price",
            "set a number between 0 and 1, such as 0.02",
        )


def _supervisor_faults(spec: SupervisorSpec) -> Iterator[Found]:
    if not spec.id:
        yield "id", spec.id, "a supervisor needs an address", "give it one, such as supervisor/venues"
    names = [child.id for child in spec.children]
    for name in dict.fromkeys(name for name in names if names.count(name) > 1) if _has_twins(names) else ():
        yield "children", name, "two children have one address", "rename or remove one of them"
    for field, value, least in (
        ("intensity.restarts", spec.intensity.restarts, 0),
        ("intensity.period", spec.intensity.period, 1),
        ("backoff.minimum", spec.backoff.minimum, 1),
        ("backoff.reset_after", spec.backoff.reset_after, 0),
        ("concurrency", spec.concurrency, 1),
    ):
        if value < least:
            yield field, value, "is too small", f"set at least {least}"
    if spec.intensity.quiet_time is not None and spec.intensity.quiet_time < 1:
        yield "intensity.quiet_time", spec.intensity.quiet_time, "is too small", "set at least 1 ns, or null"
    if spec.backoff.maximum < spec.backoff.minimum:
        yield (
            "backoff.maximum",
            spec.backoff.maximum,
            "is shorter than backoff.minimum",
            "make minimum the shorter",
        )
    if not 0 <= spec.backoff.jitter <= 1:
        yield "backoff.jitter", spec.backoff.jitter, "is not a fraction", "set a number from 0 to 1"
    if spec.root is not None and spec.root.grace < 0:
        yield "root.grace", spec.root.grace, "is negative", "set 0 or more ns"
    yield from _combination_faults(spec)


def _combination_faults(spec: SupervisorSpec) -> Iterator[Found]:
    if spec.strategy is RestartStrategy.ONE_FOR_ONE:
        return
    if spec.intensity.scope is IntensityScope.CHILD:
        yield (
            "intensity.scope",
            spec.intensity.scope.value,
            f"no child can be parked alone under {spec.strategy.value}",
            "use one_for_one, or scope supervisor",
        )
    if spec.concurrency > 1:
        yield (
            "concurrency",
            spec.concurrency,
            f"{spec.strategy.value} starts children strictly one after the other",
            "use one_for_one, or set it to 1",
        )


def _membership_faults(supervisor: SupervisorSpec, child: ChildSpec) -> Iterator[Found]:
    if child.id == supervisor.id:
        yield "id", child.id, "a supervisor can't be its own child", "give the child another address"
    if child.significant and supervisor.auto_shutdown is AutoShutdown.NEVER:
        yield (
            "significant",
            True,
            f"{supervisor.id} has auto_shutdown never, so no child's end ends it",
            "set auto_shutdown to any_significant or all_significant, or don't mark the child",
        )


def _tree_faults(specs: Mapping[Address, SupervisorSpec]) -> Iterator[Found]:
    roots = [spec.id for spec in specs.values() if spec.root is not None]
    if len(roots) != 1:
        yield "root", roots, "a tree has exactly one root", "set `root` on one supervisor and on no other"
    parents: dict[Address, Address] = {}
    for address, spec in specs.items():
        if address != spec.id:
            yield address, spec.id, "the key is not the supervisor's address", "use its id as the key"
        for child in spec.children:
            if child.id in parents:
                yield (
                    child.id,
                    [parents[child.id], spec.id],
                    "it has two parents",
                    "remove it from one of them",
                )
            parents[child.id] = spec.id
            if (child.kind is ChildKind.SUPERVISOR) != (child.id in specs):
                yield (
                    child.id,
                    child.kind.value,
                    "a child is a supervisor exactly if the tree has a spec of it",
                    "add its SupervisorSpec, or correct its kind",
                )
    for address in specs:
        if not any(_ascent_ends_at(root, address, parents) for root in roots):
            yield address, None, "can't be reached from the root", "make it a child of another supervisor"


# ---------------------------------------------------------------- helpers


def _ascent_ends_at(root: Address, address: Address, parents: Mapping[Address, Address]) -> bool:
    seen: dict[Address, None] = {}
    while address in parents and address not in seen:
        seen[address] = None
        address = parents[address]
    return address == root


def _has_twins(names: Sequence[str]) -> bool:
    return len(set(names)) != len(names)


def _not_plain(path: str, value: object) -> Iterator[tuple[str, object]]:
    if isinstance(value, dict):
        for key, item in value.items():
            if not isinstance(key, str):
                yield f"{path}.{key}", key
            yield from _not_plain(f"{path}.{key}", item)
    elif isinstance(value, list | tuple):
        for index, item in enumerate(value):
            yield from _not_plain(f"{path}.{index}", item)
    elif not (value is None or isinstance(value, str | int | float | Decimal)):
        yield path, value


def _named(prefix: str, faults: Iterator[Found]) -> tuple[SpecProblem, ...]:
    return tuple(
        SpecProblem(f"{prefix}.{field}", value, message, remedy) for field, value, message, remedy in faults
    )
