"""The universe: which symbols the desk trades, in one numbered snapshot that everybody goes by.

Its actor judges the candidates by their market's figures or takes them as a person chose them, tells everybody each
new snapshot, and starts and retires the symbols' strategy actors. A symbol that leaves is `leaving` until its
strategies have told that they hold nothing of it any more.
"""

from __future__ import annotations

from enum import StrEnum

import msgspec

from messages.base import Address, Effect, Message, message_type
from messages.events import EventType
from messages.reasons import Reason


class Tier(StrEnum):
    """How good a symbol's market is, from the best."""

    CORE = "core"
    SATELLITE = "satellite"
    TACTICAL = "tactical"


class SymbolFigures(msgspec.Struct, frozen=True, gc=False, forbid_unknown_fields=True):
    """What is known of a symbol's market; None where it is not, which is never taken for a number.

    `volume` of 24 hours and `depth` of both sides within 20 bps of the mid, both in base currency; `spread_bps` of the
    mid; `volatility` of hourly returns, a fraction a year; `trend` is the return of seven days, a fraction.
    """

    symbol: str
    volume: float | None = None
    spread_bps: float | None = None
    depth: float | None = None
    volatility: float | None = None
    trend: float | None = None


class SymbolStanding(msgspec.Struct, frozen=True, gc=False, forbid_unknown_fields=True):
    """How a candidate stands after a cycle.

    `fit` says whether it has a place in its `tier` now, and `reason` why or why not (`detail` with the figures).
    `streak` counts the cycles in a row in which it was fit, or, below 0, was not.
    """

    symbol: str
    fit: bool
    tier: Tier | None
    score: float | None
    reason: Reason
    detail: str = ""
    streak: int = 0


class UniverseMember(msgspec.Struct, frozen=True, gc=False, forbid_unknown_fields=True):
    """A symbol that is traded, since desk time `since` (ns UTC), and why. A tier only where figures were judged."""

    symbol: str
    tier: Tier | None
    score: float | None
    reason: Reason
    since: int


class LeavingSymbol(msgspec.Struct, frozen=True, gc=False, forbid_unknown_fields=True):
    """A symbol that is managed to flat: since when (ns UTC), since which snapshot, and why."""

    symbol: str
    reason: Reason
    since: int
    version: int


class SymbolBan(msgspec.Struct, frozen=True, gc=False, forbid_unknown_fields=True):
    """A symbol that must not be traded until desk time `until` (ns UTC), by whom it was banned and why."""

    symbol: str
    until: int
    by: str
    reason: str


# ---------------------------------------------------------------- to everybody


@message_type
class UniverseChanged(Message, frozen=True):
    """The universe from now on (universe -> everyone). One of an older `version` is void.

    `outside` are all candidates that are not members, those that are leaving among them.
    """

    broadcast = True
    urgent = True
    grave = True

    version: int
    members: tuple[UniverseMember, ...]
    leaving: tuple[LeavingSymbol, ...]
    outside: tuple[str, ...]
    cause: str


@message_type
class SymbolRetired(Message, frozen=True):
    """A strategy actor holds nothing of a symbol that left with snapshot `version`, and has no order open."""

    urgent = True

    symbol: str
    version: int


@message_type
class StrategyHandled(Message, frozen=True):
    """Of a strategy actor that was given up nothing is held on these symbols any more (execution -> universe)."""

    urgent = True

    strategy: Address
    symbols: tuple[str, ...]


@message_type
class SymbolHeld(Message, frozen=True):
    """An order on this symbol was filled that its strategy did not wait for (execution, strategy -> universe).

    It was filled after its end, or the strategy has not asked for it, as for a stop at the venue.
    Who had told that nothing is held of the symbol holds something now, and may not run any more.
    """

    urgent = True

    symbol: str


# ---------------------------------------------------------------- operators


@message_type
class AddSymbol(Message, frozen=True):
    """Trade a symbol whatever its figures (operator -> universe), until it is removed or banned."""

    urgent = True

    symbol: str
    by: str


@message_type
class RemoveSymbol(Message, frozen=True):
    """Manage a symbol to flat and keep it out whatever its figures (operator -> universe), until it is added."""

    urgent = True

    symbol: str
    by: str


@message_type
class BanSymbol(Message, frozen=True):
    """A red flag (operator -> universe): the symbol leaves at once and may not come back for `duration` ns."""

    urgent = True

    symbol: str
    by: str
    reason: str
    duration: int | None = None
    """None for as long as the settings say."""


@message_type
class UnbanSymbol(Message, frozen=True):
    """Lift a ban before it ends (operator -> universe)."""

    urgent = True

    symbol: str
    by: str


# ---------------------------------------------------------------- the market's figures


@message_type
class ObserveMarket(Effect, frozen=True):
    """Ask the venues for the figures of these symbols; `cycle` numbers the question."""

    harmless = True

    cycle: int
    symbols: tuple[str, ...]

    @property
    def lane(self) -> str:
        """One question at a time."""
        return "market"


@message_type
class MarketObserved(Message, frozen=True):
    """The answer to `ObserveMarket`; what a venue did not tell is None."""

    schema_version = 2

    cycle: int
    figures: tuple[SymbolFigures, ...]


# ---------------------------------------------------------------- timers of the universe


@message_type
class UniverseCycleDue(Message, frozen=True):
    """Timer: the candidates are to be judged again."""

    due: int


@message_type
class BanOver(Message, frozen=True):
    """Timer: a ban ends."""

    symbol: str
    until: int


# ---------------------------------------------------------------- what the universe journals


@message_type
class CycleBegun(Message, frozen=True):
    """The venues are asked for figures; the next cycle is due at `next_due` (ns UTC)."""

    cycle: int
    symbols: tuple[str, ...]
    next_due: int
    time: int


@message_type
class UniverseJudged(Message, frozen=True):
    """The answer was judged: how every candidate stands. `frozen` are symbols of venues that told nothing; `regime` is
    the market's, where the settings go by one and it is known.
    """

    schema_version = 2

    cycle: int
    standings: tuple[SymbolStanding, ...]
    figures: tuple[SymbolFigures, ...]
    frozen: tuple[str, ...]
    time: int
    regime: str | None = None


@message_type
class UniverseSet(Message, frozen=True):
    """A new snapshot. `changes` are the symbols that came or left by their figures: they count as churn."""

    event_type = EventType.UNIVERSE_CHANGED

    version: int
    members: tuple[UniverseMember, ...]
    leaving: tuple[LeavingSymbol, ...]
    changes: tuple[str, ...]
    cause: str
    time: int


@message_type
class UniverseThin(Message, frozen=True):
    """Hardly anything is left of the universe: a person should look why."""

    event_type = EventType.ANOMALY_DETECTED

    version: int
    members: int
    time: int


@message_type
class SymbolChosen(Message, frozen=True):
    """A person wants a symbol in or out."""

    symbol: str
    wanted: bool
    by: str
    time: int


@message_type
class SymbolBanned(Message, frozen=True):
    """A ban is in force."""

    event_type = EventType.WARNING

    ban: SymbolBan
    time: int


@message_type
class SymbolUnbanned(Message, frozen=True):
    """A ban is over: lifted by a person, or it has ended (`by` is empty)."""

    symbol: str
    by: str
    time: int


@message_type
class LeaverReported(Message, frozen=True):
    """One of a leaving symbol's strategy actors holds nothing of it any more."""

    symbol: str
    address: Address


@message_type
class TraderGivenUp(Message, frozen=True):
    """A strategy actor was given up: of symbols that leave it will tell nothing."""

    address: Address
    time: int


@message_type
class TraderRetried(Message, frozen=True):
    """The supervisor is asked to try it again, as it has a symbol to leave."""

    address: Address
    time: int


@message_type
class LeaverHandedOver(Message, frozen=True):
    """A leaving symbol's strategy actor is given up: execution is to close what it holds, whatever its settings say."""

    event_type = EventType.WARNING

    symbol: str
    address: Address
    time: int


@message_type
class SymbolGone(Message, frozen=True):
    """A symbol that was leaving is flat in all its strategies: its own strategy actor is removed."""

    symbol: str
    version: int
    time: int


@message_type
class UniverseCommandRefused(Message, frozen=True):
    """A person's command made no sense."""

    command: str
    symbol: str
    by: str
    problem: str


# ---------------------------------------------------------------- what strategies journal


@message_type
class SymbolRetiring(Message, frozen=True):
    """This actor's strategies enter nothing on the symbol any more and close what they hold."""

    symbol: str
    version: int
    time: int


@message_type
class SymbolReadmitted(Message, frozen=True):
    """A symbol that was leaving is traded again."""

    symbol: str
    version: int
    time: int


@message_type
class RetirementTold(Message, frozen=True):
    """The universe was told that nothing is held of the symbol any more."""

    symbol: str
    version: int


@message_type
class UniverseTaken(Message, frozen=True):
    """Risk goes by this snapshot from now on: on symbols `outside` exposure may only be reduced.

    `tiers` are those of the members that have one.
    """

    schema_version = 2

    version: int
    outside: tuple[str, ...]
    tiers: dict[str, str] = {}
