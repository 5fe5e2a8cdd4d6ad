"""The supervision tree as the supervisors' journals tell it, replayed with their own memory."""

from __future__ import annotations

from messages.base import Address, Message
from messages.errors import IllegalTransitionError
from messages.supervision_events import ChildGivenUp, SupervisionBegun
from supervisors.memory import SupervisorMemory
from supervisors.report import TreeRow, render_tree
from supervisors.state import SupervisorState


class Family:
    """Every supervisor's children. A supervisor whose history is not whole is marked, not guessed at."""

    def __init__(self) -> None:
        self.supervisors: dict[Address, SupervisorMemory] = {}
        self.given_up_events = 0
        self.incomplete: dict[Address, str] = {}

    def apply(self, address: Address, event: Message) -> None:
        """Fold one event of the supervisor at `address` in; what no supervisor journals is passed over."""
        memory = self.supervisors.get(address)
        if memory is None:
            if not isinstance(event, SupervisionBegun):
                return
            memory = self.supervisors[address] = SupervisorMemory(address, event.spec)
        if type(event) not in memory.appliers:
            return
        try:
            memory.apply(event)
        except (IllegalTransitionError, KeyError) as error:
            self.incomplete[address] = f"{type(event).__name__}: {error}"
            return
        if isinstance(event, ChildGivenUp):
            self.given_up_events += 1

    def adopt(self, address: Address, state: SupervisorState) -> None:
        """Go on from a supervisor's own state at a snapshot."""
        memory = SupervisorMemory(address, state.spec)
        memory.state = state
        self.supervisors[address] = memory
        self.incomplete.pop(address, None)

    def restarts(self) -> dict[Address, int]:
        """How often each child was restarted by its supervisor."""
        return {
            child.id: child.restart_count
            for memory in self.supervisors.values()
            for child in memory.state.children.values()
        }

    def rows(self) -> list[TreeRow]:
        """The tree from its root down, children in start order."""
        states = {address: memory.state for address, memory in self.supervisors.items()}
        children = {child for state in states.values() for child in state.children}
        roots = sorted(address for address in states if address not in children)
        return [row for root in roots for row in render_tree(states, root)]
