"""The sources of the desk's mode: who asks for what, and what ends it. The strictest wins. Pure functions.

`SOURCES` is the one table of them. What one venue's own trouble asks for (`HEALTH`) holds that venue's orders, and the
desk where it has no other.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import NamedTuple

import msgspec

from messages.control import Mode, strictest
from messages.modes import Clearing, ModeSource

Sources = Mapping[str, ModeSource]

OPERATOR = "operator"
OPERATOR_MODE = "operator_mode"
CONFIGURATION = "configuration"
SAFE_MODE = "safe_mode"
KILL_FILE = "kill_file"
DRAWDOWN = "drawdown"
DRAWDOWN_HALT = "drawdown_halt"
DAILY_LOSS = "daily_loss"
WEEKLY_LOSS = "weekly_loss"
NAV_ANOMALY = "nav_anomaly"
CAPITAL = "capital"
MISSING_MARKS = "missing_marks"
ANOMALIES = "anomalies"
EXPOSURE = "exposure:"
GROSS_EXPOSURE = "gross_exposure"
CASH_RESERVE = "cash_reserve"
OPEN_POSITIONS = "open_positions"
PORTFOLIO_VAR = "portfolio_var"
LIMIT = "limit:"
RECONCILIATION = "reconciliation:"
DEAD_LETTER = "dead_letter:"
FEE_CONVERSION = "fee_conversion:"
CONVERSION = "conversion:"
UNMATCHED_FILL = "unmatched_fill:"
UNRESERVED_ORDER = "unreserved_order:"
OVERFILL = "overfill:"
EXTERNAL = "external:"
VENUE = "venue:"
UNKNOWN_SYMBOL = "unknown_symbol:"


HEALTH = frozenset({"stream_down", "circuit_open", "clock_skew", "cursor_stall", "account_unread"})
"""Causes of `venue:VENUE:CAUSE` that are about the way to one venue: they hold its orders, not those elsewhere."""


class SourceRow(NamedTuple):
    """One row of the table: the source's name, what it asks for, what it comes with, what ends it.

    A name in capitals stands for any. Empty `modes`: whoever sets it chooses.
    """

    source: str
    modes: tuple[Mode, ...]
    comes_with: str
    ends_with: str
    clearing: tuple[Clearing, ...]


_REDUCE, _HALTED, _OBSERVE = (Mode.REDUCE,), (Mode.HALTED,), (Mode.OBSERVE,)
_PERSON, _FACT, _BY_SETTER = (Clearing.PERSON,), (Clearing.FACT,), (Clearing.WITHDRAWAL,)

SOURCES: tuple[SourceRow, ...] = (
    SourceRow("operator", _HALTED, "Halt, or a kill file", "Resume", _PERSON),
    SourceRow("operator_mode", (), "SetMode", "SetMode to NORMAL", _BY_SETTER),
    SourceRow("configuration", _HALTED, "the setting risk.kill_switch", "its being taken back", _BY_SETTER),
    SourceRow("safe_mode", _OBSERVE, "the setting risk.safe_mode", "its being taken back", _BY_SETTER),
    SourceRow("kill_file", _HALTED, "the file risk.kill_file is there", "its being gone", _BY_SETTER),
    SourceRow(
        "drawdown",
        _REDUCE,
        "the fall from the peak reaches drawdown_reduce",
        "half of it recovered, or Resume",
        _PERSON,
    ),
    SourceRow("drawdown_halt", _HALTED, "the fall from the peak reaches drawdown_halt", "Resume", _PERSON),
    SourceRow(
        "daily_loss", _REDUCE, "the day's loss reaches its limit", "the next day boundary", (Clearing.DAY,)
    ),
    SourceRow(
        "weekly_loss",
        _REDUCE,
        "the week's loss reaches its limit",
        "the week's end (Monday)",
        (Clearing.WEEK,),
    ),
    SourceRow("capital", _REDUCE, "a checkpoint of the capital makes no sense", "Resume", _PERSON),
    SourceRow("nav_anomaly", _REDUCE, "NAV above three times its peak", "Resume", _PERSON),
    SourceRow(
        "missing_marks", _REDUCE, "something held has no mark, or a correction no price", "a mark", _FACT
    ),
    SourceRow("anomalies", _REDUCE, "degrade level 3", "a lower level; see below", _FACT),
    SourceRow(
        "exposure:SYMBOL",
        _REDUCE,
        "a fact carries a symbol beyond its limit and tolerance",
        "back within the limit",
        _FACT,
    ),
    SourceRow(
        "gross_exposure",
        _REDUCE,
        "a fact carries the desk beyond its limit and tolerance",
        "back within the limit",
        _FACT,
    ),
    SourceRow("cash_reserve", _REDUCE, "cash falls below the reserve and tolerance", "back above it", _FACT),
    SourceRow("open_positions", _REDUCE, "more listings active than allowed", "back within the limit", _FACT),
    SourceRow(
        "portfolio_var",
        _REDUCE,
        "facts or new samples carry VaR beyond its limit and tolerance",
        "back within the limit",
        _FACT,
    ),
    SourceRow(
        "limit:NAME",
        _REDUCE,
        "a fact carries net exposure, leverage, margin, or a tier, theme, venue or symbol beyond a limit of its own, "
        "or a position too near to its liquidation",
        "back within the limit",
        _FACT,
    ),
    SourceRow(
        "reconciliation:VENUE",
        _REDUCE,
        "a store lost history, or the books differ",
        "a clean VenueReconciled; of a venue that the settings do not have any more: Resume",
        (Clearing.RECONCILIATION, Clearing.PERSON),
    ),
    SourceRow("dead_letter:ACTOR", _REDUCE, "a grave message could not be processed", "Resume", _PERSON),
    SourceRow(
        "fee_conversion:CURRENCY",
        _REDUCE,
        "fee, funding, transfer or balance in a currency without a rate",
        "Resume",
        _PERSON,
    ),
    SourceRow(
        "conversion:CURRENCY",
        _REDUCE,
        "something is held in a currency whose mark is missing or old",
        "a mark of its symbol in desk.rate_symbols",
        _FACT,
    ),
    SourceRow("unmatched_fill:VENUE", _REDUCE, "a fill of an intent long forgotten", "Resume", _PERSON),
    SourceRow(
        "unreserved_order:ACTOR", _REDUCE, "an order works for an intent long forgotten", "Resume", _PERSON
    ),
    SourceRow("overfill:VENUE", _REDUCE, "more was filled than approved", "Resume", _PERSON),
    SourceRow("external:VENUE", _REDUCE, "activity at the venue that is not the desk's", "Resume", _PERSON),
    SourceRow(
        "venue:VENUE:CAUSE",
        (),
        "what execution found about its venue: stream_down, circuit_open, clock_skew, cursor_stall, unknown_orders, "
        "open_replace, account_unread (OBSERVE), positions_differ, negative_balance, foreign_desk (HALTED)",
        "its being over; the books' differences, another desk, a venue that the settings do not have any more: Resume",
        (Clearing.WITHDRAWAL, Clearing.PERSON),
    ),
    SourceRow(
        "unknown_symbol:SYMBOL",
        _REDUCE,
        "a fill, funding or position in no configured symbol",
        "Resume",
        _PERSON,
    ),
)
"""Every source there is; a test compares it with the names above and drives each row there and back."""


def effective(sources: Sources, venues: Collection[str] = ()) -> Mode:
    """The mode that follows from all sources: the strictest; NORMAL without any.

    With several `venues` the health of one holds that one alone; of all of them, the desk.
    """
    if len(venues) < 2 or not any(_venue_of(name) for name in sources):
        return strictest(*(source.mode for source in sources.values()))
    common = strictest(*(source.mode for name, source in sources.items() if not _venue_of(name)))
    mildest = min((at_venue(sources, venue) for venue in venues), key=lambda mode: mode.strictness)
    return strictest(common, mildest)


def at_venue(sources: Sources, venue: str) -> Mode:
    """What the health of one venue asks for its orders."""
    return strictest(*(source.mode for name, source in sources.items() if _venue_of(name) == venue))


def _venue_of(name: str) -> str:
    """The venue that a source is about alone; "" for the desk's."""
    kind, _, rest = name.partition(":")
    venue, _, cause = rest.partition(":")
    return venue if kind == "venue" and cause in HEALTH else ""


def orphans(sources: Sources, venues: Collection[str]) -> dict[str, ModeSource]:
    """The sources that only a venue could end which is none of `venues` (any more): as such that wait for a person."""
    found = {}
    for name, source in sources.items():
        kind, _, rest = name.partition(":")
        ends_with_venue = source.clearing in (Clearing.WITHDRAWAL, Clearing.RECONCILIATION)
        if f"{kind}:" in (VENUE, RECONCILIATION) and ends_with_venue and rest.partition(":")[0] not in venues:
            found[name] = msgspec.structs.replace(source, clearing=Clearing.PERSON)
    return found


def with_sources(sources: Sources, added: Mapping[str, ModeSource]) -> dict[str, ModeSource]:
    """The sources with those of `added`; one that stands already keeps its time, unless it asks for another mode."""
    result = dict(sources)
    for name, source in added.items():
        known = result.get(name)
        if known is None or known.mode is not source.mode:
            result[name] = source
    return result


def without(sources: Sources, names: Iterable[str]) -> dict[str, ModeSource]:
    """The sources but those named."""
    gone = dict.fromkeys(names)
    return {name: source for name, source in sources.items() if name not in gone}


def without_clearing(sources: Sources, clearing: Clearing) -> dict[str, ModeSource]:
    """The sources but those that this ends."""
    return {name: source for name, source in sources.items() if source.clearing is not clearing}


def reducing(reason: str, now: int, clearing: Clearing = Clearing.PERSON) -> ModeSource:
    """A source that asks for REDUCE."""
    return ModeSource(Mode.REDUCE, reason, clearing, now)


def halting(reason: str, now: int, clearing: Clearing = Clearing.PERSON) -> ModeSource:
    """A source that asks for HALTED."""
    return ModeSource(Mode.HALTED, reason, clearing, now)
