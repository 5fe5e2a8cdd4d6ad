"""Money that people move at venues while the desk trades: deposits and withdrawals, told by the stream or recorded.

Nothing of the desk moves it. Where the venue's stream does not tell, a person records what was moved; where it does,
somebody may record it all the same, and it must count once. In the end everything is recorded again.
"""

from __future__ import annotations

from decimal import ROUND_DOWN, Decimal

from cluster.simulator.desk.audit.transfers import Moved
from cluster.simulator.desk.faults import SECOND
from cluster.simulator.desk.world import DeskWorld
from messages.transfers import RecordTransfer
from messages.venue_account import QueryAccount

_CENT = Decimal("0.01")
_STRANGE = "EUR"
"""A currency that no desk of these has a rate for."""


def move_money(world: DeskWorld) -> bool:
    """One deposit or withdrawal, drawn; whether there was one."""
    chance = world.chance
    names = list(world.exchanges)
    name = names[chance.randrange(len(names))]
    exchange = world.exchanges[name]
    # what is moved before the desk has looked is in what it finds then
    if exchange.out or name not in world.watch.limits.portfolio.opened:
        return False
    balances = exchange.venue.account(QueryAccount(name)).balances
    currency = chance.choice([*balances, _STRANGE]) if chance.random() < 0.3 else "USDT"
    amount = _drawn(world, balances.get(currency, Decimal(0)))
    if not amount:
        return False
    told = name in world.shape.risk.tells_transfers
    moved = Moved(name, f"{name}-{len(world.moved)}", currency, amount, told)
    world.moved.append(moved)
    world.note(f"execution/{name}", f"moved by hand: {moved}")
    exchange.move_by_hand(moved)
    for _ in range(chance.choice((0, 0, 1) if told else (1, 1, 2))):
        world.at(world.clock.now + chance.randrange(SECOND), lambda: record(world, moved))
    return True


def record(world: DeskWorld, moved: Moved) -> None:
    """A person tells risk what was moved."""
    command = RecordTransfer(
        "operator", moved.venue, moved.currency, moved.amount, "planned", moved.transfer_id
    )
    world.post(command, to="risk")


def _drawn(world: DeskWorld, balance: Decimal) -> Decimal:
    """A deposit of anything up to half of what is there, or a withdrawal of at most a third of it."""
    chance = world.chance
    if balance <= 0 or chance.random() < 0.5:
        return Decimal(chance.randrange(1, 2_500_000)) * _CENT
    return -(balance * Decimal(chance.randrange(1, 34)) / 100).quantize(_CENT, ROUND_DOWN)
