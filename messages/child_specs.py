"""Child and supervisor specs: what a supervisor is to keep running and by which rules, in OTP's terms.

They are data of messages (`AddChild` carries one) and of supervisors' states; `supervisors.spec` validates them.
"""

from __future__ import annotations

from enum import StrEnum

import msgspec

from messages.base import Address

SECOND = 1_000_000_000
"""One second in the desk's unit of time."""


class ChildKind(StrEnum):
    """What a child is, and so how the host starts, watches and stops it."""

    ACTOR = "actor"
    """a desk actor with mailbox, journal and epoch"""
    SUPERVISOR = "supervisor"
    """an actor that has children of its own; they outlive its process and are adopted by its successor"""
    SERVICE = "service"
    """a process without a journal here: a paper venue, the metrics page, a clock"""


class Restart(StrEnum):
    """Which ends of a child make its supervisor start it again."""

    PERMANENT = "permanent"
    """every end"""
    TRANSIENT = "transient"
    """an abnormal end; normal and shutdown are its success"""
    TEMPORARY = "temporary"
    """none, not even when a sibling's end took it down"""


class RestartStrategy(StrEnum):
    """Which siblings are restarted with a child that is."""

    ONE_FOR_ONE = "one_for_one"
    ONE_FOR_ALL = "one_for_all"
    REST_FOR_ONE = "rest_for_one"


class IntensityScope(StrEnum):
    """Whose restarts are counted, and so what happens when they are too many."""

    SUPERVISOR = "supervisor"
    """those of all children together; too many end the supervisor (OTP)"""
    CHILD = "child"
    """those of each child; too many park that child as given up, its siblings go on"""


class AutoShutdown(StrEnum):
    """Whether the end of significant children ends the supervisor."""

    NEVER = "never"
    ANY_SIGNIFICANT = "any_significant"
    ALL_SIGNIFICANT = "all_significant"


class GiveUpPolicy(StrEnum):
    """What becomes of the positions of a strategy that is given up."""

    FLATTEN = "flatten"
    HOLD_WITH_STOP = "hold_with_stop"


class GiveUpOrder(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who is told what when a strategy is given up; see `StrategyGivenUp` for the fields."""

    executors: tuple[Address, ...]
    symbols: tuple[str, ...]
    policy: GiveUpPolicy
    stop: float


class ChildSpec(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One child. Children start in the order of their supervisor's list and stop in reverse.

    - `id`: the child's address.
    - `shutdown_timeout`: ns it has to stop by itself before it is terminated; None waits for ever, and is a must
      for supervisors, whose children would be orphaned.
    - `significant`: its own end may end the supervisor, see `AutoShutdown`.
    - `arguments`: plain values for the host: what to build the child from.
    - `on_give_up`: for strategies under intensity scope `child`; None tells nobody.
    """

    id: Address
    kind: ChildKind = ChildKind.ACTOR
    restart: Restart = Restart.PERMANENT
    shutdown_timeout: int | None = 5 * SECOND
    significant: bool = False
    arguments: dict[str, object] = {}
    on_give_up: GiveUpOrder | None = None


class Intensity(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`restarts` within `period` ns are borne, one more is too many; counted per `scope`.

    `quiet_time` ns after a child was given up it is tried again; None leaves it to a person.
    """

    restarts: int = 5
    period: int = 60 * SECOND
    scope: IntensityScope = IntensityScope.SUPERVISOR
    quiet_time: int | None = None


class Backoff(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The pause before a restart, ns: `minimum` doubled per failure in a row up to `maximum`, and up to the
    fraction `jitter` more. A child that ran for `reset_after` starts again at the minimum.
    """

    minimum: int = SECOND // 5
    maximum: int = 30 * SECOND
    jitter: float = 0.2
    reset_after: int = 30 * SECOND


class ExitPolicy(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How the desk leaves when its root gives up: HALTED is stored, then after `grace` ns everything stops.

    `flatten` makes the halt close all positions, for which `grace` is the time.
    """

    flatten: bool = False
    grace: int = 2 * SECOND


class SupervisorSpec(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One supervisor and its static children.

    `concurrency` children may be starting or stopping at a time; 1 is strictly one after the other. `root` is set
    on the one supervisor that has none above it and says how the desk leaves when it gives up.
    """

    id: Address
    children: tuple[ChildSpec, ...] = ()
    strategy: RestartStrategy = RestartStrategy.ONE_FOR_ONE
    intensity: Intensity = Intensity()
    backoff: Backoff = Backoff()
    auto_shutdown: AutoShutdown = AutoShutdown.NEVER
    concurrency: int = 1
    root: ExitPolicy | None = None
