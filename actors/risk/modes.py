"""The sources of the desk's mode: who asks for what, and what ends it. The strictest wins. Pure functions.

| source                   | mode    | comes with                                     | ends with                      |
|--------------------------|---------|------------------------------------------------|--------------------------------|
| operator                 | HALTED  | Halt                                           | Resume                         |
| operator_mode            | any     | SetMode                                        | SetMode to NORMAL              |
| configuration            | HALTED  | the setting kill_switch                        | the setting being taken back   |
| drawdown                 | REDUCE  | the fall from the peak reaches drawdown_reduce | half of it recovered, Resume   |
| drawdown_halt            | HALTED  | the fall from the peak reaches drawdown_halt   | Resume                         |
| daily_loss               | REDUCE  | the loss of the day reaches its limit          | the next day boundary          |
| weekly_loss              | REDUCE  | the loss of the week reaches its limit         | the week's end (Monday)        |
| capital                  | REDUCE  | a checkpoint of the capital makes no sense     | Resume                         |
| nav_anomaly              | REDUCE  | NAV above three times its peak                 | Resume                         |
| exposure:SYMBOL          | REDUCE  | a fact carries a symbol beyond its limit       | back within the limit          |
| gross_exposure           | REDUCE  | a fact carries the whole desk beyond its limit | back within the limit          |
| cash_reserve             | REDUCE  | cash below the reserve                         | back above it                  |
| open_positions           | REDUCE  | more listings active than allowed              | back within the limit          |
| reconciliation:VENUE     | REDUCE  | a store lost history, or the books differ      | a clean VenueReconciled        |
| dead_letter:ACTOR        | REDUCE  | a grave message could not be processed         | Resume                         |
| fee_conversion:CURRENCY  | REDUCE  | fee, funding, debt in a currency without rate  | Resume                         |
| unmatched_fill:VENUE     | REDUCE  | a fill of an intent long forgotten             | Resume                         |
| unreserved_order:ACTOR   | REDUCE  | an order works for an intent long forgotten    | Resume                         |
| overfill:VENUE           | REDUCE  | more was filled than approved                  | Resume                         |
| external:VENUE           | REDUCE  | activity at the venue that is not the desk's   | Resume                         |
| venue:VENUE:CAUSE        | any     | what execution found about its venue           | its being over, or Resume      |
| unknown_symbol:SYMBOL    | REDUCE  | fill, funding or position in no configured one | Resume                         |
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from messages.control import Mode, strictest
from messages.portfolio import Clearing, ModeSource

Sources = Mapping[str, ModeSource]

OPERATOR = "operator"
OPERATOR_MODE = "operator_mode"
CONFIGURATION = "configuration"
DRAWDOWN = "drawdown"
DRAWDOWN_HALT = "drawdown_halt"
DAILY_LOSS = "daily_loss"
WEEKLY_LOSS = "weekly_loss"
NAV_ANOMALY = "nav_anomaly"
CAPITAL = "capital"
EXPOSURE = "exposure:"
GROSS_EXPOSURE = "gross_exposure"
CASH_RESERVE = "cash_reserve"
OPEN_POSITIONS = "open_positions"
RECONCILIATION = "reconciliation:"
DEAD_LETTER = "dead_letter:"
FEE_CONVERSION = "fee_conversion:"
UNMATCHED_FILL = "unmatched_fill:"
UNRESERVED_ORDER = "unreserved_order:"
OVERFILL = "overfill:"
EXTERNAL = "external:"
VENUE = "venue:"
UNKNOWN_SYMBOL = "unknown_symbol:"


def effective(sources: Sources) -> Mode:
    """The mode that follows from all sources: the strictest; NORMAL without any."""
    return strictest(*(source.mode for source in sources.values()))


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
