"""Sometimes counters: what a campaign must have seen at least once, or it has not tested what it claims to test."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any, Final

from actors.risk.state import RiskState
from actors.strategy.state import StrategyActorState
from cluster.simulator.desk.audit.orders import Promise
from cluster.simulator.desk.reached_risk import RISK_COUNTERS, RiskReached
from cluster.store.port import Section
from messages.account_events import (
    ExternalSeen,
    FillsDue,
    GenerationChanged,
    HoldingsExceeded,
    OrderFillsAsked,
    PositionCorrected,
    StreamBegun,
)
from messages.account_setup import ConfigurationTaken, DeadManAsked
from messages.base import Envelope, Message
from messages.control import Mode
from messages.flattening import FlattenTried
from messages.intents import OrderIntent, Purpose, SubmitOrder, Verdict
from messages.limits import LimitSet
from messages.modes import LimitBreached, ModeDecided
from messages.order_events import (
    FillReceived,
    IntentEnded,
    IntentWaiting,
    OrderAnswered,
    OrderAsked,
    OrderEscalated,
    OrderPlacing,
    OrderRetryPlanned,
    OrderTransitioned,
    Tombstoned,
)
from messages.orders import OrderState
from messages.portfolio import IntentDecided, ReservationReopened
from messages.protection import ProtectionEnded
from messages.reasons import Reason
from messages.routing import ReplaceEnded, ReplaceStarted, RouteStage, RouteStaged
from messages.supervision import ExitReason
from messages.supervision_events import ChildFailed, ChildGivenUp, ChildStarted, Escalated
from messages.treasury import ConversionEnded, TreasuryOperation, TreasuryOutcome, TreasuryReviewed
from messages.universe import SymbolGone, SymbolReadmitted, UniverseSet
from messages.venue import FillsResult, Outcome, ReplaceResult
from messages.wards import ExitRaised, WardTaken

COUNTERS: Final = (
    "an intent was resized",
    "an intent was rejected",
    "an approval found execution's mailbox full",
    "an intent found risk's mailbox full",
    "a cancel overtook its intent",
    "an approved intent waited for the account",
    "an approved intent expired at execution",
    "an order's answer was lost",
    "an order of unknown fate was found",
    "an order of unknown fate was absent",
    "an order was sent again",
    "an order waited for the way to the venue",
    "an order was adopted after a restart",
    "an order thought absent was accepted late",
    "an order of unknown fate was escalated",
    "an order was filled in part",
    "an order was filled after its cancel was sent",
    "a reservation was reopened",
    "a limit was exceeded by facts",
    "a halt found orders open",
    "a kill switch alone held an approved order back",
    "a listing was flattened by command",
    "activity of lost history was booked as external",
    "the store was renewed",
    "a zombie was fenced",
    "a request was withheld without a lease",
    "a child hung",
    "a child was adopted by a new supervisor",
    "a child was given up",
    "a given-up strategy's position was taken in charge",
    "a given-up strategy's position was closed",
    "a root gave up",
    "a message was put aside",
    "a cancel left while the store was away",
    "a venue traded while another was out",
    "an event was told while nobody listened",
    "a stream began anew",
    "a fill was found by asking",
    "fills that an order missed were asked for",
    "a listed fill waited for an order of unknown fate",
    "a dead-man switch was armed",
    "a dead-man switch cancelled an order",
    "an order was changed in place",
    "an order was cancelled to be placed at another price",
    "the answer to a change was lost",
    "a change without an answer was found made",
    "an order was filled while it was being changed",
    "a passive order was taken instead",
    "an intent was placed in three slices or more",
    "a flip closed before it opened",
    "a stop was kept at the venue",
    "a stop was replaced as the position changed",
    "an account was set up",
    "what a person did at the venue was found",
    "what a person did took a strategy's position",
    "a strategy's position was corrected",
    "a symbol was left by all its strategies",
    "a symbol that was leaving came back",
    "a symbol came or left by its figures",
    "an intent on a symbol outside the universe was rejected",
    "a symbol was left against what others held of it",
    "a group came back with positions in several symbols",
    "an entry filled the budget of its strategy",
    "a policy swept idle cash",
    "a policy closed what may not be held",
    "a policy trimmed a position",
    "money was exchanged for an order",
    "a limit was changed while orders were open",
    "a limit was tightened below what was held",
    "an intent was held back after limits were changed",
    "risk came back halted",
    "risk came back with changed limits",
    *RISK_COUNTERS,
)
"""Every counter, in a fixed order."""


_POLICIES: Final = {
    TreasuryOperation.SWEEP: "a policy swept idle cash",
    TreasuryOperation.PURGE: "a policy closed what may not be held",
    TreasuryOperation.TRIM: "a policy trimmed a position",
}
_HELD_BACK: Final = frozenset(
    {
        Reason.MAX_ORDER_NOTIONAL,
        Reason.SYMBOL_EXPOSURE,
        Reason.GROSS_EXPOSURE,
        Reason.VENUE_CAP,
        Reason.CASH_RESERVE,
        Reason.MAX_POSITIONS,
        Reason.MAX_OPEN_ORDERS,
    }
)
_FORGOTTEN: Final = "activity of lost history was booked as external"


class Reached:
    """Counts by committed events, and by what the world tells it."""

    def __init__(self) -> None:
        self.by_hand: dict[str, None] = {}
        """ids of orders that a person placed at a venue, the venues' own too"""
        self.counts: Counter[str] = Counter()
        self._of_risk = RiskReached(self.count)
        self._cancelling: dict[str, None] = {}
        self._open: dict[str, None] = {}
        self._epochs: dict[str, int] = {}
        self._changing: dict[str, bool] = {}
        """orders that are being changed; whether the answer to that was lost"""

    def count(self, name: str) -> None:
        """This was reached once more."""
        assert name in COUNTERS, name
        self.counts[name] += 1

    def written(self, promise: Promise) -> None:
        """A request to place was written."""
        if promise.written > 1:
            self.count("an order was sent again")

    def committed(self, section: Section) -> None:
        """A step was committed."""
        for event in section.record.events:
            look = _LOOKS.get(type(event))
            if look is not None:
                look(self, event, section)
        if section.address == "risk":
            self._of_risk.committed(section)
        if section.record.fault is not None and type(section.record.fault).__name__ == "DeadLettered":
            self.count("a message was put aside")

    def refused(self, envelope: Envelope) -> None:
        """A full mailbox did not take this."""
        if isinstance(envelope.message, SubmitOrder):
            self.count("an approval found execution's mailbox full")
        elif isinstance(envelope.message, OrderIntent):
            self.count("an intent found risk's mailbox full")

    # ------------------------------------------------------------------ risk

    def _decided(self, event: IntentDecided, section: Section) -> None:
        if event.limits_version and event.reason in _HELD_BACK:
            self.count("an intent was held back after limits were changed")
        if event.verdict is Verdict.RESIZED:
            self.count("an intent was resized")
        elif event.verdict is Verdict.REJECTED:
            self.count("an intent was rejected")
            if event.reason is Reason.NOT_IN_UNIVERSE:
                self.count("an intent on a symbol outside the universe was rejected")

    def _limited(self, event: LimitSet, section: Section) -> None:
        if self._open:
            self.count("a limit was changed while orders were open")
        if any(isinstance(each, LimitBreached) for each in section.record.events):
            self.count("a limit was tightened below what was held")

    def _mode(self, event: ModeDecided, section: Section) -> None:
        if event.mode is Mode.HALTED and self._open:
            self.count("a halt found orders open")

    def _treated(self, event: TreasuryReviewed, section: Section) -> None:
        if event.by == "policy" and any(line.outcome is TreasuryOutcome.BEGUN for line in event.lines):
            self.count(_POLICIES[event.operation])

    def _exchanged(self, event: ConversionEnded, section: Section) -> None:
        if event.filled:
            self.count("money was exchanged for an order")

    # ------------------------------------------------------------------ strategies and the universe

    def recovered(self, state: object) -> None:
        """A process has recovered, with its actor in this state."""
        if isinstance(state, RiskState):
            if state.mode is Mode.HALTED:
                self.count("risk came back halted")
            if state.limit_changes:
                self.count("risk came back with changed limits")
            self._of_risk.recovered(state)
        if isinstance(state, StrategyActorState):
            held = {each.symbol for each in state.strategies.values() if each.position.quantity}
            if len(held) > 1:
                self.count("a group came back with positions in several symbols")

    def _chosen(self, event: UniverseSet, section: Section) -> None:
        if event.changes:
            self.count("a symbol came or left by its figures")

    # ------------------------------------------------------------------ execution

    def _moved(self, event: OrderTransitioned, section: Section) -> None:
        name, state = event.client_order_id, event.state
        if state is OrderState.PENDING_CANCEL:
            self._cancelling[name] = None
        if event.trigger == "late_accepted":
            self.count("an order thought absent was accepted late")
        if state is OrderState.UNKNOWN and event.trigger == "doubted":
            self.count("an order's answer was lost")
        if state is OrderState.PARTIALLY_FILLED:
            self.count("an order was filled in part")
        if state in (OrderState.WORKING, OrderState.PARTIALLY_FILLED):
            self._open[name] = None
        else:
            self._open.pop(name, None)

    def _placing(self, event: OrderPlacing, section: Section) -> None:
        self._epochs[event.client_order_id] = section.epoch
        if event.terms.purpose is Purpose.PROTECTIVE and event.requester == section.address:
            self.count("a stop was kept at the venue")
        if event.child == 2:
            self.count("an intent was placed in three slices or more")

    def _answered(self, event: OrderAnswered, section: Section) -> None:
        if event.found is not None:
            self.count(f"an order of unknown fate was {'found' if event.found else 'absent'}")
        if event.found and self._epochs.get(event.client_order_id, section.epoch) != section.epoch:
            self.count("an order was adopted after a restart")

    def _fills_due(self, event: FillsDue, section: Section) -> None:
        if event.strangers:
            self.count("a listed fill waited for an order of unknown fate")

    def _filled(self, event: FillReceived, section: Section) -> None:
        if any(isinstance(each.message, FillsResult) for each in section.record.inputs):
            self.count("a fill was found by asking")
        if event.fill.client_order_id in self._changing:
            self.count("an order was filled while it was being changed")
        if event.fill.client_order_id in self._cancelling:
            self.count("an order was filled after its cancel was sent")

    def _replacing(self, event: ReplaceStarted, section: Section) -> None:
        self._changing[event.client_order_id] = False
        if not event.amends:
            self.count("an order was cancelled to be placed at another price")

    def _replaced(self, event: ReplaceEnded, section: Section) -> None:
        doubted = self._changing.pop(event.client_order_id, False)
        if event.applied:
            self.count("an order was changed in place")
        if doubted and event.applied:
            self.count("a change without an answer was found made")

    def _asked(self, event: OrderAsked, section: Section) -> None:
        lost = any(
            isinstance(each.message, ReplaceResult) and each.message.outcome is Outcome.NO_ANSWER
            for each in section.record.inputs
        )
        if lost and event.client_order_id in self._changing:
            self.count("the answer to a change was lost")
            self._changing[event.client_order_id] = True

    def _staged(self, event: RouteStaged, section: Section) -> None:
        if event.stage is RouteStage.TAKER and event.reason is Reason.MAKER_FALLBACK:
            self.count("a passive order was taken instead")
        elif event.stage is RouteStage.PLAIN and event.slice:
            self.count("a flip closed before it opened")

    def _unprotected(self, event: ProtectionEnded, section: Section) -> None:
        if event.reason is Reason.REPRICED:
            self.count("a stop was replaced as the position changed")

    def _external(self, event: ExternalSeen, section: Section) -> None:
        by_hand = (
            event.activity.client_order_id in self.by_hand or event.activity.venue_order_id in self.by_hand
        )
        self.count(f"{'what a person did at the venue was found' if by_hand else _FORGOTTEN}")

    def _corrected(self, event: PositionCorrected, section: Section) -> None:
        if not event.of_account:
            self.count("a strategy's position was corrected")

    def _ended(self, event: IntentEnded, section: Section) -> None:
        if event.reason in (Reason.EXPIRED, Reason.MODE_OUTDATED):
            self.count("an approved intent expired at execution")
        elif event.reason is Reason.HALTED:
            # with an outdated approval the reason would be that: risk had not halted yet
            self.count("a kill switch alone held an approved order back")

    # ------------------------------------------------------------------ supervisors

    def _failed(self, event: ChildFailed, section: Section) -> None:
        if event.reason is ExitReason.HUNG:
            self.count("a child hung")

    def _started(self, event: ChildStarted, section: Section) -> None:
        if event.adopted:
            self.count("a child was adopted by a new supervisor")


def _always(name: str) -> Callable[[Reached, Any, Section], None]:
    return lambda reached, event, section: reached.count(name)


_LOOKS: dict[type[Message], Callable[[Reached, Any, Section], None]] = {
    IntentDecided: Reached._decided,
    LimitSet: Reached._limited,
    ModeDecided: Reached._mode,
    OrderTransitioned: Reached._moved,
    OrderAnswered: Reached._answered,
    FillReceived: Reached._filled,
    FillsDue: Reached._fills_due,
    StreamBegun: _always("a stream began anew"),
    OrderFillsAsked: _always("fills that an order missed were asked for"),
    DeadManAsked: _always("a dead-man switch was armed"),
    IntentEnded: Reached._ended,
    ChildFailed: Reached._failed,
    ChildStarted: Reached._started,
    Tombstoned: _always("a cancel overtook its intent"),
    IntentWaiting: _always("an approved intent waited for the account"),
    OrderRetryPlanned: _always("an order waited for the way to the venue"),
    OrderEscalated: _always("an order of unknown fate was escalated"),
    OrderPlacing: Reached._placing,
    ReservationReopened: _always("a reservation was reopened"),
    LimitBreached: _always("a limit was exceeded by facts"),
    FlattenTried: _always("a listing was flattened by command"),
    ExternalSeen: Reached._external,
    OrderAsked: Reached._asked,
    ReplaceStarted: Reached._replacing,
    ReplaceEnded: Reached._replaced,
    RouteStaged: Reached._staged,
    ProtectionEnded: Reached._unprotected,
    PositionCorrected: Reached._corrected,
    ConfigurationTaken: _always("an account was set up"),
    HoldingsExceeded: _always("what a person did took a strategy's position"),
    GenerationChanged: _always("the store was renewed"),
    ChildGivenUp: _always("a child was given up"),
    WardTaken: _always("a given-up strategy's position was taken in charge"),
    ExitRaised: _always("a given-up strategy's position was closed"),
    Escalated: _always("a root gave up"),
    TreasuryReviewed: Reached._treated,
    ConversionEnded: Reached._exchanged,
    UniverseSet: Reached._chosen,
    SymbolGone: _always("a symbol was left by all its strategies"),
    SymbolReadmitted: _always("a symbol that was leaving came back"),
}
