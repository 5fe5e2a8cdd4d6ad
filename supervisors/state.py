"""What a supervisor remembers: its phase, its children in start order, and their histories."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from messages import codec
from messages.base import Address
from messages.child_specs import ChildSpec, SupervisorSpec
from messages.supervision import ExitReason, StopReason
from supervisors.lifecycle import ALIVE, ChildStatus


class Phase(StrEnum):
    """Where the supervisor stands."""

    NEW = "new"
    """it has not begun"""
    SUPERVISING = "supervising"
    HALTING = "halting"
    """a root gave up: the desk is halted and has a moment to carry out its exit policy"""
    ENDING = "ending"
    """children are stopped in reverse order"""
    ENDED = "ended"
    """no child is left, the process ends"""


class ChildRecord(msgspec.Struct):
    """One child. Times in ns; `incarnation` is the epoch it claimed last, 0 for none; `ended_incarnation` the last
    that is known to be over.

    - `life`, `resumable`: the next start goes on with that life (after a crash), or begins a new one.
    - `been_up`: it came up since the supervisor began, so its restarts wait for no elder sibling.
    - `replacing`, `removing`: it is to be stopped, and then started afresh, or forgotten.
    - `failure`, `failure_detail`, `failure_counts`: why the stop under way was ordered, if the child had failed.
    - `fencing`: the incarnation whose fence was promised and not confirmed.
    - `reviving`: a supervisor that died before its children were stopped is brought back to do so.
    - `failures`: in a row; `restarts`: times within the intensity's window; `restart_count`: ever.
    """

    spec: ChildSpec
    dynamic: bool
    status: ChildStatus = ChildStatus.WAITING
    attempt: int = 0
    life: int = 0
    resumable: bool = False
    incarnation: int = 0
    ended_incarnation: int = 0
    pid: int = 0
    node: str = ""
    started_at: int | None = None
    been_up: bool = False
    replacing: bool = False
    removing: bool = False
    stop_reason: StopReason | None = None
    failure: ExitReason | None = None
    failure_detail: str = ""
    failure_counts: bool = True
    fencing: int | None = None
    reviving: bool = False
    failures: int = 0
    restarts: list[int] = []
    restart_count: int = 0
    retry_at: int | None = None
    last_exit: ExitReason | None = None
    last_detail: str = ""

    @property
    def id(self) -> Address:
        """The child's address."""
        return self.spec.id

    @property
    def alive(self) -> bool:
        """Whether a process of it may exist."""
        return self.status in ALIVE


class SupervisorState(msgspec.Struct):
    """A supervisor's memory; `children` are in start order. `spec` is kept without its children.

    - `taken_up`: digest of the spec, children included, that the supervisor has taken up.
    - `attempts`: the number of the last start promised to any child.
    - `restarts`: times of the restarts within the window, under intensity scope `supervisor`.
    - `shutdown_noted`: the life for which a shutdown came before it had begun.
    """

    spec: SupervisorSpec
    phase: Phase = Phase.NEW
    life: int = 0
    children: dict[str, ChildRecord] = {}
    taken_up: str = ""
    attempts: int = 0
    restarts: list[int] = []
    shutdown_noted: int = 0
    grace_until: int | None = None
    gave_up: bool = False
    ending: str = ""

    def wants(self, child: ChildRecord) -> bool:
        """Whether the child should run as it is, or be started."""
        return self.phase is Phase.SUPERVISING and not child.removing and not child.replacing


def spec_digest(spec: SupervisorSpec) -> str:
    """A supervisor spec's fingerprint, by which a changed one is told."""
    return codec.digest(codec.pack(codec.to_plain(spec)))
