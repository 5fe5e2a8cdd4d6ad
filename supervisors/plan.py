"""Who comes next: the restart group of each strategy, and the starts and stops that are due, in order.

Pure functions of the state. Children start in list order and stop in reverse.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from messages.base import Address
from messages.child_specs import IntensityScope, RestartStrategy
from supervisors.lifecycle import ChildStatus
from supervisors.state import ChildRecord, Phase, SupervisorState

_SIBLINGS: dict[RestartStrategy, Callable[[Sequence[Address], int], tuple[Address, ...]]] = {
    RestartStrategy.ONE_FOR_ONE: lambda order, place: (),
    RestartStrategy.ONE_FOR_ALL: lambda order, place: (*order[:place], *order[place + 1 :]),
    RestartStrategy.REST_FOR_ONE: lambda order, place: tuple(order[place + 1 :]),
}


def siblings_to_restart(
    strategy: RestartStrategy, order: Sequence[Address], failed: Address
) -> tuple[Address, ...]:
    """Those of `order` that are restarted together with `failed`, in start order, without itself."""
    return _SIBLINGS[strategy](order, order.index(failed))


def stops_due(state: SupervisorState) -> tuple[ChildRecord, ...]:
    """The running children to be told to stop now, in this order: youngest first, `concurrency` at a time.

    A child that is still starting is waited for and then stopped; at a concurrency of 1 its elders wait with it,
    as they wait for a supervisor that has to be revived to stop its own.
    """
    due = _to_be_stopped(state)
    if not due:
        return ()
    strict = state.spec.concurrency == 1
    free = state.spec.concurrency - sum(child.status is ChildStatus.STOPPING for child in due)
    chosen: list[ChildRecord] = []
    for child in due:
        if free <= len(chosen) or (strict and child.status is not ChildStatus.RUNNING):
            break
        if child.status is ChildStatus.RUNNING:
            chosen.append(child)
    return tuple(chosen)


def starts_due(state: SupervisorState) -> tuple[ChildRecord, ...]:
    """The waiting children to be started now, in this order, `concurrency` at a time.

    - one_for_one, one at a time: a child that has not been up waits for its elders to come up first; under scope
      `child` an elder that failed is not waited for. A restart waits for nobody.
    - one_for_one, several at a time: nobody waits for its elders.
    - rest_for_one and one_for_all: every start waits for all elders and for the stops under way; one_for_all also
      waits until no child is backing off, so that the group is started as one.
    """
    if state.phase is not Phase.SUPERVISING:
        return ()
    together = state.spec.strategy is not RestartStrategy.ONE_FOR_ONE
    if together and _group_must_wait(state):
        return ()
    free = state.spec.concurrency - len(_in(state, ChildStatus.STARTING))
    waiting = [child for child in _in(state, ChildStatus.WAITING) if state.wants(child)]
    if state.spec.concurrency > 1:
        return tuple(waiting[: max(free, 0)])
    first = _first_in_turn(state)
    is_next = free > 0 and first is not None and first.status is ChildStatus.WAITING
    return tuple(
        child for child in waiting if (child.been_up and not together) or (is_next and child is first)
    )


def nothing_left(state: SupervisorState) -> bool:
    """Whether no child's process may exist, and no child's children may."""
    return not any(child.alive or child.reviving for child in state.children.values())


def _to_be_stopped(state: SupervisorState) -> list[ChildRecord]:
    """The children that must not go on as they are and may have a process, youngest first.

    Called after every signal, also with ten thousand children: the cheap test comes first.
    """
    if state.phase is Phase.HALTING:
        return []
    youngest_first = reversed(state.children.values())
    if state.phase is Phase.SUPERVISING:
        unwanted = [child for child in youngest_first if child.removing or child.replacing]
    else:
        unwanted = list(youngest_first)
    return [child for child in unwanted if child.alive or child.reviving]


def _in(state: SupervisorState, status: ChildStatus) -> list[ChildRecord]:
    return [child for child in state.children.values() if child.status is status]


def _group_must_wait(state: SupervisorState) -> bool:
    if _to_be_stopped(state) or _in(state, ChildStatus.STOPPING):
        return True
    all_together = state.spec.strategy is RestartStrategy.ONE_FOR_ALL
    return all_together and bool(_in(state, ChildStatus.BACKING_OFF))


def _first_in_turn(state: SupervisorState) -> ChildRecord | None:
    """The eldest child that is not up yet and that the younger wait for."""
    waited_for = [ChildStatus.WAITING, ChildStatus.STARTING]
    if state.spec.intensity.scope is IntensityScope.SUPERVISOR:
        waited_for.append(ChildStatus.BACKING_OFF)
    return next((child for child in state.children.values() if child.status in waited_for), None)
