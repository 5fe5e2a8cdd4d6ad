"""What a strategy actor remembers: for each strategy its position, open intents, exit and cooldown.

Plain fields only: this is what snapshots store. It changes in `actors.strategy.memory` and nowhere else.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec

from actors.strategy.intelligence.trades import IntelligenceState
from actors.strategy.position import ZERO, Position
from messages.control import Mode
from messages.decisions import ChosenExits, Decision, ExitLevels, RememberedValue
from messages.intents import Side
from messages.orders import OrderState
from messages.reasons import Reason

FILLS_REMEMBERED = 1_000
"""Fill ids kept per strategy against doubles. The mailboxes deliver once and execution sends each fill once, so
that this is a second line; a double further away than this has no way to come."""

VALUES_REMEMBERED = 64
"""How many values a strategy may ask its actor to keep."""


class OpenIntent(msgspec.Struct):
    """An intent of which more may come. `filled` is what was booked here.

    `leaving` is an exit, `adds` whether it could open or grow a position when it was raised. `final_filled` is
    set when it has ended but not all of its fills are in.
    """

    side: Side
    quantity: Decimal
    leaving: bool
    adds: bool
    raised_at: int
    filled: Decimal = ZERO
    cancel_asked: bool = False
    final_filled: Decimal | None = None
    final_state: OrderState | None = None
    final_reason: Reason | None = None

    @property
    def left(self) -> Decimal:
        """What may still be filled."""
        return self.quantity - self.filled


class FaultState(msgspec.Struct):
    """How a strategy failed: when lately (`times`, desk time in ns UTC), how often in all, last with what and where.

    It rests until `rests_until`. `parked`: it is given up, until `until` or for a person to decide; `broken`: nothing
    but a new start of its actor can bring it back.
    """

    times: list[int] = []
    total: int = 0
    error: str = ""
    callback: str = ""
    rests_until: int = 0
    parked: bool = False
    broken: bool = False
    until: int | None = None


class StrategyState(msgspec.Struct):
    """One strategy on one symbol. `enabled` is None until a person switches it: then the settings hold.

    `exiting` is why the position is being closed, `retry_due` when an exit that failed is tried again,
    `deferred` the direction that waits for an open intent to end, `deferred_notional` its size where one was asked
    for. `budget` is None until a person sets one, `sizer` until one promotes the sizer in shadow; `scheduled` is when
    the clock makes the next decision due.
    `suspended_until` is how long the symbol rests after it lost too much, `intelligence` what closed trades have shown.
    `long_exits` and `short_exits` are those that a decision chose for the position in that direction.
    `shadow`: position and intents are simulated, and `simulated` counts such intents. `fault` is None until it fails
    beside others.
    """

    strategy: str
    symbol: str
    enabled: bool | None = None
    position: Position = Position()
    levels: ExitLevels | None = None
    long_exits: ChosenExits | None = None
    short_exits: ChosenExits | None = None
    intents: dict[str, OpenIntent] = {}
    exiting: Reason | None = None
    exit_attempts: int = 0
    retry_due: int | None = None
    cooldown_until: int = 0
    deferred: int | None = None
    deferred_until: int = 0
    deferred_notional: Decimal | None = None
    budget: Decimal | None = None
    sizer: str | None = None
    scheduled: int | None = None
    decision: Decision | None = None
    decision_reason: Reason | None = None
    trades: int = 0
    fills: dict[str, None] = {}
    suspended_until: int = 0
    intelligence: IntelligenceState | None = None
    values: dict[str, RememberedValue] = {}
    shadow: bool = False
    simulated: int = 0
    fault: FaultState | None = None


class SymbolState(msgspec.Struct):
    """Whether decisions on a symbol are suspended for want of a fresh quote, and how many times that began."""

    stale: bool = False
    episodes: int = 0


class Retirement(msgspec.Struct):
    """A symbol that left the universe with snapshot `version`; `told` once it was said that nothing of it is held."""

    version: int
    told: bool = False


class StrategyActorState(msgspec.Struct):
    """The whole state. `strategies` is keyed by `id/symbol` and holds those of which something was journalled.

    `halt_heard` bridges the time between the kill switch and risk's change of mode. `overruns` counts how often each
    stage of a decision took longer than it may. `learned` is what the pipelines
    know, by strategy: a `PipelineState`, or what a snapshot made of one; its type is not named here because it needs
    numpy, which other strategies do without. `retiring` are symbols that the universe let go: nothing is
    entered on them.
    """

    mode: Mode = Mode.NORMAL
    mode_version: int = 0
    halt_heard: bool = False
    failed_decisions: int = 0
    overruns: dict[str, int] = {}
    strategies: dict[str, StrategyState] = {}
    symbols: dict[str, SymbolState] = {}
    learned: dict[str, Any] = {}
    retiring: dict[str, Retirement] = {}
