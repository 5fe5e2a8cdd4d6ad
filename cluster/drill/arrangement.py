"""What a drill arranges: which faults come when, and what is said to the desk meanwhile. Plain data."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import msgspec

from cluster.feeds import Feed
from cluster.paper.faults import Fault
from cluster.simulator.lockstep import LockstepDesk
from messages.base import CONTROL, Address, Effect, Message
from messages.child_specs import SECOND

__all__ = ["SECOND", "Arrangement", "Command", "Span", "Trouble"]

FeedFault = Callable[[Feed], Feed]


class Span(msgspec.Struct, frozen=True):
    """A span of desk time, ns UTC: from `begin` up to, not including, `end`."""

    begin: int
    end: int

    def __contains__(self, time: int) -> bool:
        return self.begin <= time < self.end


class Trouble(msgspec.Struct, frozen=True):
    """Requests of these kinds that leave within `span` meet the `faults`, in turn."""

    span: Span
    kinds: tuple[type[Effect], ...]
    faults: tuple[Fault, ...]


@dataclass(frozen=True)
class Command:
    """A message that is sent at desk time `time`: on the control stream as an operator's, or to one actor.

    Where it depends on how things stand by then, `message` makes it of the desk.
    """

    time: int
    message: Message | Callable[[LockstepDesk], Message]
    recipient: Address = CONTROL


@dataclass(frozen=True)
class Arrangement:
    """The faults of one run. `fault` is when they are in force; what is empty is as it always is.

    `market` changes what venues and strategies see of a symbol, `seen` only what strategies do; in `silence` no
    venue tells events of the account, which come when it ends.
    """

    fault: Span
    market: Mapping[str, FeedFault] = field(default_factory=dict)
    seen: Mapping[str, FeedFault] = field(default_factory=dict)
    troubles: tuple[Trouble, ...] = ()
    silence: Span | None = None
    commands: tuple[Command, ...] = ()
    subject: str = ""
    """the symbol it is about, when it is about one"""
