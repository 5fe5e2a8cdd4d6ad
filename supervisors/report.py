"""The tree as rows that a person reads: `raydesk tree`, the dashboard and the status page print these."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import msgspec

from messages.base import Address
from messages.child_specs import ChildKind
from messages.supervision import ExitReason
from supervisors.state import ChildRecord, SupervisorState


class TreeRow(msgspec.Struct, frozen=True):
    """One line of the tree, `depth` 0 for the root. `retry_at` (ns) is None when no retry is planned."""

    depth: int
    address: Address
    kind: ChildKind
    status: str
    restarts: int
    last_exit: ExitReason | None
    last_detail: str
    retry_at: int | None
    incarnation: int
    pid: int
    node: str


def render_tree(states: Mapping[Address, SupervisorState], root: Address) -> list[TreeRow]:
    """The tree below `root`, depth first in start order, from the states of its supervisors.

    A supervisor whose state is not at hand is shown by what its parent knows. The root's status is its phase.
    """
    state = states.get(root)
    phase = "unknown" if state is None else state.phase.value
    top = TreeRow(0, root, ChildKind.SUPERVISOR, phase, 0, None, "", None, 0, 0, "")
    return [top, *_below(root, states, depth=1, above=(root,))]


def _below(
    address: Address, states: Mapping[Address, SupervisorState], depth: int, above: tuple[Address, ...]
) -> Iterator[TreeRow]:
    state = states.get(address)
    for child in () if state is None else state.children.values():
        yield _row(child, depth)
        if child.id not in above:
            yield from _below(child.id, states, depth + 1, (*above, child.id))


def _row(child: ChildRecord, depth: int) -> TreeRow:
    return TreeRow(
        depth,
        child.id,
        child.spec.kind,
        child.status.value,
        child.restart_count,
        child.last_exit,
        child.last_detail,
        child.retry_at,
        child.incarnation,
        child.pid,
        child.node,
    )
