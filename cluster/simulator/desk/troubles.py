"""The faults and people that come over a simulated desk from time to time."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from actors.operations.universe.actor import UNIVERSE
from cluster.simulator.desk.faults import SECOND, role_of
from cluster.simulator.desk.hands import trade_by_hand
from cluster.simulator.desk.host import DeskHost
from cluster.simulator.desk.limits import drawn_change
from cluster.simulator.desk.money import move_money
from cluster.simulator.desk.world import DeskWorld
from cluster.simulator.faults import MILLISECOND
from messages.anomalies import OverrideDegrade
from messages.base import Address, Message
from messages.control import Drain, Flatten, Halt, Mode, Resume, SessionStarted, SetMode
from messages.decisions import DisableStrategy, EnableStrategy, SetStrategyBudget
from messages.supervision import RestartChild, Shutdown
from messages.treasury import TreasuryCommand, TreasuryOperation
from supervisors.tree import ROOT, STRATEGIES, VENUES

_DECIDERS = ("strategy", "risk", "execution")
_MOST_TRIES = 300
GARBAGE = b"\xc1 no message of this desk"


class Troubles:
    """Lets every recurring kind of the plan happen again and again, until the world is calm."""

    def __init__(self, world: DeskWorld) -> None:
        self._world = world
        for kind in world.misfortune.plan.intervals:
            self._arrange(kind)

    def _arrange(self, kind: str) -> None:
        world = self._world
        world.at(world.clock.now + 1 + world.misfortune.wait(kind), lambda: self._befall(kind))

    def _befall(self, kind: str) -> None:
        if self._world.misfortune.calm:
            return
        befall(self._world, kind)
        self._arrange(kind)


def befall(world: DeskWorld, kind: str) -> None:
    """Let a fault of this kind happen, if it can now, and count whom it struck."""
    for role in _BEFALLS[kind](world):
        world.misfortune.struck_by(kind, role)
        world.note(role, f"befallen by {kind}")


# ---------------------------------------------------------------------- processes


def _anybody(world: DeskWorld) -> DeskHost | None:
    """A process that Ray knows, all roles alike."""
    roles: dict[str, list[DeskHost]] = {}
    for host in world.named.values():
        roles.setdefault(role_of(host.address), []).append(host)
    if not roles:
        return None
    names = list(roles)
    chosen = roles[names[world.chance.randrange(len(names))]]
    return chosen[world.chance.randrange(len(chosen))]


def _kill(world: DeskWorld) -> list[str]:
    host = _anybody(world)
    if host is None:
        return []
    world.kill(host)
    return [role_of(host.address)]


def _pause(world: DeskWorld) -> list[str]:
    host = _anybody(world)
    if host is None or host.paused:
        return []
    _stand_still(world, host, world.chance.randrange(4 * SECOND))
    return [role_of(host.address)]


def _stand_still(world: DeskWorld, host: DeskHost, duration: int) -> None:
    """Nothing moves in this process for `duration` ns."""
    host.paused = True
    world.doze(host)

    def go_on() -> None:
        host.resume()
        world.wake(host)

    world.at(world.clock.now + duration, go_on)


def _believe_dead(world: DeskWorld) -> list[str]:
    host = _anybody(world)
    if host is None or host.address == ROOT:
        return []
    world.believe_dead(host)
    return [role_of(host.address)]


def _double_root(world: DeskWorld) -> list[str]:
    host = world.named.get(ROOT)
    if host is None or world.root_left:
        return []
    world.believe_dead(host)
    return ["supervisor"]


def _set_clock(world: DeskWorld) -> list[str]:
    """A machine's clock is set, forward or backward; supervisors go by the monotonic one."""
    host = _anybody(world)
    if host is None or host.address.startswith("supervisor/"):
        return []
    host.skew.offset = world.chance.randrange(-400 * MILLISECOND, 400 * MILLISECOND)
    world.wake(host)
    return [role_of(host.address)]


# ---------------------------------------------------------------------- the store


def _take_store_away(world: DeskWorld) -> list[str]:
    if world.store_away:
        return []
    world.store_away = True

    def bring_back() -> None:
        world.store_away = False
        for host in world.hosts.values():
            world.wake(host)

    world.at(world.clock.now + 1 + world.chance.randrange(1_500 * MILLISECOND), bring_back)
    return ["store"]


def _roll_store_back(world: DeskWorld) -> list[str]:
    """To a backup that was taken a while ago; the next one is taken a while later, or when mail is on its way to
    execution then: it comes again when what follows is lost. Risk may go down with the server, so that the others are
    back before it.
    """
    chance = world.chance
    happened = world.backups.restore()
    risk = world.named.get("risk")
    if happened and risk is not None and chance.random() < 0.4:
        world.kill(risk)
    take = world.backups.take
    back_up = chance.choice((take, lambda: world.moments.at_mail("backup", take)))
    world.at(world.clock.now + chance.randrange(SECOND), back_up)
    return ["store"] if happened else []


def _send_garbage(world: DeskWorld) -> list[str]:
    """Something that can't be decoded lies in a mailbox."""
    addresses = [address for address in world.cast.addresses if role_of(address) in _DECIDERS]
    address = addresses[world.chance.randrange(len(addresses))]
    actor = world.store.actors.get(address)
    if actor is None:
        return []
    stream = actor.urgent if world.chance.random() < 0.3 else actor.mailbox
    stream.append(GARBAGE)  # type: ignore[arg-type]
    world.store.addressed[address] = None
    return [role_of(address)]


# ---------------------------------------------------------------------- venues


def _cut_stream(world: DeskWorld) -> list[str]:
    exchanges = list(world.exchanges.values())
    chosen = exchanges[world.chance.randrange(len(exchanges))]
    return ["execution"] if chosen.cut(world.chance.randrange(2 * SECOND)) else []


def _take_venue_out(world: DeskWorld) -> list[str]:
    exchanges = [each for each in world.exchanges.values() if not each.out]
    if not exchanges:
        return []
    chosen = exchanges[world.chance.randrange(len(exchanges))]
    chosen.out = True
    duration = world.chance.randrange(2 * SECOND)
    chosen.cut(duration)

    def bring_back() -> None:
        chosen.out = False

    world.at(world.clock.now + duration, bring_back)
    return ["execution"]


# ---------------------------------------------------------------------- people


def _operate(world: DeskWorld) -> list[str]:
    """A person's command; what they tie they may also loosen again."""
    chance, config = world.chance, world.shape.config
    strategy = chance.choice(list(config.strategies))
    symbol = chance.choice([None, *config.symbols])
    commands: tuple[tuple[Message, Address | None], ...] = (
        (Halt("operator", "planned"), None),
        (Resume("operator", "planned"), None),
        (Resume("operator", "planned"), None),
        (Resume("operator", "planned"), None),
        (Resume("operator", " "), None),
        (SetMode("operator", chance.choice(list(Mode)), "planned"), None),
        (SetMode("operator", Mode.NORMAL, "planned"), None),
        (SetMode("operator", Mode.NORMAL, "planned"), None),
        (Flatten("operator", symbol), None),
        (Flatten("operator", symbol, stages=3, every=SECOND // 4), None),
        (TreasuryCommand("operator", chance.choice(list(TreasuryOperation))), "risk"),
        (Drain("operator", "planned"), None),
        (SessionStarted("operator"), None),
        (SessionStarted("operator"), None),
        (DisableStrategy(strategy, "operator", symbol), None),
        (EnableStrategy(strategy, "operator", symbol), None),
        (SetStrategyBudget(strategy, "operator", chance.choice((None, Decimal(600), Decimal(3_000)))), None),
        (RestartChild(f"strategy/{chance.choice(list(config.symbols))}"), STRATEGIES),
        (RestartChild(f"execution/{chance.choice(list(config.venues))}"), VENUES),
        (Shutdown("operator", "planned"), STRATEGIES),
    )
    commands = (*commands, *_of_risk(world, strategy))
    message, address = commands[chance.randrange(len(commands))]
    if address is None:
        world.post(message)
    else:
        world.post(message, to=address)
    return ["operator"]


def _of_risk(world: DeskWorld, strategy: str) -> list[tuple[Message, Address | None]]:
    """Commands to what only some desks have risk do."""
    chance, shape = world.chance, world.shape
    commands: list[tuple[Message, Address | None]] = []
    if shape.config.risk.anomalies.enabled:
        level = OverrideDegrade("operator", chance.choice((0, 0, 1, 3)), "planned")
        commands += [(level, "risk")] * 4
    if shape.risk.allocation.enabled:
        budget = chance.choice((None, Decimal(600), Decimal(600)))
        commands += [(SetStrategyBudget(strategy, "operator", budget), None)] * 6
    return commands


def _move_symbol(world: DeskWorld) -> list[str]:
    """A person lets a symbol come or go, where symbols do."""
    if not world.membership.exists:
        return []
    world.post(world.membership.command(world.chance), to=UNIVERSE)
    return ["operator"]


def _set_limit(world: DeskWorld) -> list[str]:
    """A person changes a limit."""
    world.post(drawn_change(world.chance, world.shape.config), to="risk")
    return ["operator"]


def _halt(world: DeskWorld) -> list[str]:
    """The kill switch, and a person who resumes a while later."""
    world.post(Halt("operator", "planned", flatten=world.chance.random() < 0.2))
    later = world.clock.now + world.chance.randrange(SECOND)
    world.at(later, lambda: world.post(Resume("operator", "planned")))
    return ["operator"]


def _halt_at_approval(world: DeskWorld) -> list[str]:
    """The kill switch at the worst moment: people have loosened the desk, an approval is on its way, risk stands still.

    What was approved is of the newest version of the mode then. Nothing but execution's own obedience to the switch
    holds it back.
    """
    world.post(SetMode("operator", Mode.NORMAL, "planned"))
    world.post(Resume("operator", "planned"))
    world.moments.at_approval("halt", lambda: _halt_without_risk(world))
    return ["operator"]


def _halt_without_risk(world: DeskWorld) -> None:
    risk = world.named.get("risk")
    if world.misfortune.calm or risk is None:
        return
    if not risk.paused:
        _stand_still(world, risk, world.chance.randrange(SECOND))
    _halt(world)


def _trade_by_hand(world: DeskWorld) -> list[str]:
    """A person trades at the venue, and tells the desk a while later that this was meant."""
    if not trade_by_hand(world):
        return []
    later = world.clock.now + world.chance.randrange(SECOND)
    world.at(later, lambda: world.post(Resume("operator", "traded by hand")))
    return ["operator"]


_BEFALLS: dict[str, Callable[[DeskWorld], list[str]]] = {
    "killed": _kill,
    "paused": _pause,
    "believed_dead": _believe_dead,
    "root_doubled": _double_root,
    "store_away": _take_store_away,
    "store_rolled_back": _roll_store_back,
    "stream_cut": _cut_stream,
    "venue_out": _take_venue_out,
    "clock_jumps": _set_clock,
    "garbage_mail": _send_garbage,
    "operator": _operate,
    "halted": _halt,
    "halted_at_approval": _halt_at_approval,
    "traded_by_hand": _trade_by_hand,
    "symbol_moved": _move_symbol,
    "limit_set": _set_limit,
    "money_moved": lambda world: ["operator"] if move_money(world) else [],
}
