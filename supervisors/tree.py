"""The desk's tree: from a plain description of what the desk consists of to one spec per supervisor.

desk
├── risk                    the portfolio risk actor; only its failures escalate
├── venues                  per venue: its own services first, then execution/<venue>
├── strategies              strategy/<symbol>, which the universe starts and retires; strategy/<name> of groups
└── operations              metrics, clock, universe, gateways
"""

from __future__ import annotations

import msgspec

from messages.base import Address
from messages.child_specs import (
    SECOND,
    Backoff,
    ChildKind,
    ChildSpec,
    ExitPolicy,
    GiveUpOrder,
    GiveUpPolicy,
    Intensity,
    IntensityScope,
    Restart,
    SupervisorSpec,
)
from supervisors.spec import require_sound, tree_problems

ROOT: Address = "supervisor/desk"
VENUES: Address = "supervisor/venues"
STRATEGIES: Address = "supervisor/strategies"
OPERATIONS: Address = "supervisor/operations"
RISK: Address = "risk"


class ServicePlan(msgspec.Struct, frozen=True):
    """A child beside the trading actors: a paper venue's process, the metrics page, the clock, a gateway."""

    address: Address
    arguments: dict[str, object] = {}
    kind: ChildKind = ChildKind.SERVICE
    restart: Restart = Restart.PERMANENT


class VenuePlan(msgspec.Struct, frozen=True):
    """A venue account: `execution/<name>`, and the `services` that must be up before it."""

    name: str
    arguments: dict[str, object] = {}
    services: tuple[ServicePlan, ...] = ()

    @property
    def executor(self) -> Address:
        """The address of its execution actor."""
        return f"execution/{self.name}"


class StrategyPlan(msgspec.Struct, frozen=True):
    """A strategy actor: its symbols, the venues that trade them, and what becomes of them if it is given up.

    `stop` is the protective stop's distance from the average price, a fraction; `told` are others who hear of it.
    """

    address: Address
    symbols: tuple[str, ...]
    venues: tuple[str, ...]
    arguments: dict[str, object] = {}
    on_give_up: GiveUpPolicy = GiveUpPolicy.FLATTEN
    stop: float = 0.05
    told: tuple[Address, ...] = ()


class SupervisionPlan(msgspec.Struct, frozen=True):
    """The rules all supervisors of the desk share. Times in ns; `restarts` are borne within `period`.

    `together` is how many strategies may be starting or stopping at a time.
    """

    restarts: int = 5
    period: int = 60 * SECOND
    quiet_time: int | None = None
    backoff: Backoff = Backoff()
    shutdown_timeout: int = 5 * SECOND
    together: int = 8
    exit_policy: ExitPolicy = ExitPolicy()


class DeskPlan(msgspec.Struct, frozen=True):
    """What the desk consists of; `arguments` are what the host builds each actor from."""

    venues: tuple[VenuePlan, ...]
    strategies: tuple[StrategyPlan, ...]
    operations: tuple[ServicePlan, ...] = ()
    risk_arguments: dict[str, object] = {}
    supervision: SupervisionPlan = SupervisionPlan()


def desk_tree(plan: DeskPlan) -> dict[Address, SupervisorSpec]:
    """One spec per supervisor, by address, the root first. Raises `ConfigurationError` if the tree is not sound."""
    rules = plan.supervision
    specs = (_root(plan), _venues(plan), _strategies(plan), _operations(plan))
    tree = {spec.id: msgspec.structs.replace(spec, backoff=rules.backoff) for spec in specs}
    require_sound(tree_problems(tree))
    return tree


def strategy_child(plan: StrategyPlan, rules: SupervisionPlan) -> ChildSpec:
    """The child spec of one strategy, as the tree has it and as `AddChild` brings it later."""
    executors = tuple(f"execution/{venue}" for venue in plan.venues)
    return ChildSpec(
        id=plan.address,
        shutdown_timeout=rules.shutdown_timeout,
        arguments=plan.arguments,
        on_give_up=GiveUpOrder((*executors, *plan.told), plan.symbols, plan.on_give_up, plan.stop),
    )


def _root(plan: DeskPlan) -> SupervisorSpec:
    rules = plan.supervision
    risk = ChildSpec(id=RISK, shutdown_timeout=rules.shutdown_timeout, arguments=plan.risk_arguments)
    supervisors = (
        ChildSpec(id=address, kind=ChildKind.SUPERVISOR, shutdown_timeout=None)
        for address in (VENUES, STRATEGIES, OPERATIONS)
    )
    return SupervisorSpec(
        id=ROOT,
        children=(risk, *supervisors),
        intensity=Intensity(rules.restarts, rules.period, IntensityScope.SUPERVISOR),
        root=rules.exit_policy,
    )


def _venues(plan: DeskPlan) -> SupervisorSpec:
    rules = plan.supervision
    children: list[ChildSpec] = []
    for venue in plan.venues:
        children += (_service(service, rules) for service in venue.services)
        children.append(
            ChildSpec(id=venue.executor, shutdown_timeout=rules.shutdown_timeout, arguments=venue.arguments)
        )
    return SupervisorSpec(id=VENUES, children=tuple(children), intensity=_each_alone(rules))


def _strategies(plan: DeskPlan) -> SupervisorSpec:
    rules = plan.supervision
    return SupervisorSpec(
        id=STRATEGIES,
        children=tuple(strategy_child(strategy, rules) for strategy in plan.strategies),
        intensity=_each_alone(rules),
        concurrency=rules.together,
    )


def _operations(plan: DeskPlan) -> SupervisorSpec:
    rules = plan.supervision
    return SupervisorSpec(
        id=OPERATIONS,
        children=tuple(_service(service, rules) for service in plan.operations),
        intensity=_each_alone(rules),
    )


def _service(plan: ServicePlan, rules: SupervisionPlan) -> ChildSpec:
    return ChildSpec(
        id=plan.address,
        kind=plan.kind,
        restart=plan.restart,
        shutdown_timeout=rules.shutdown_timeout,
        arguments=plan.arguments,
    )


def _each_alone(rules: SupervisionPlan) -> Intensity:
    return Intensity(rules.restarts, rules.period, IntensityScope.CHILD, rules.quiet_time)
