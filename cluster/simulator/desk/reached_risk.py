"""Sometimes counters of what risk does besides deciding: money moved, rates, tails, pace, anomalies, splits."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from actors.risk import modes
from actors.risk.anomalies import LAST
from actors.risk.state import RiskState
from cluster.store.port import Section
from messages.anomalies import AnomalyDetected, DegradeChanged
from messages.base import Message
from messages.intents import Verdict
from messages.modes import LimitBreached, ModeDecided
from messages.portfolio import IntentDecided, RatesTaken
from messages.reasons import Reason
from messages.statistics import AdaptationOutcome, BudgetPinned, CapitalAllocated, LimitsAdapted
from messages.transfers import TransferBooked, TransferRefused

RISK_COUNTERS: Final = (
    "a venue told of money that was moved",
    "a person recorded money that was moved",
    "money that was told twice was booked once",
    "money came in a currency without a rate",
    "a rate moved",
    "a rate was too old to grow by",
    "an intent was held back for what it may lose in bad times",
    "an intent was refused as nobody knew what it may lose",
    "facts carried VaR beyond its limit",
    "risk came back with samples of returns",
    "an intent waited for how the last position had ended",
    "an intent waited after losses in a row",
    "an intent came too soon after another",
    "an anomaly was found",
    "a degrade level made an order smaller",
    "anomalies reduced the desk",
    "a degrade level ended by itself",
    "a person set a degrade level",
    "risk came back at a degrade level",
    "capital was split over strategies",
    "a split went by what strategies had made",
    "a person's budget was left out of splits",
    "limits were tightened after a bad cycle",
    "limits were loosened again",
    "a loosening was taken back",
    "limits were left alone for the mode",
)
"""Counters of this file, in a fixed order."""


_TAILS = "an intent was held back for what it may lose in bad times"
_TOO_SOON = "an intent came too soon after another"
_REASONS: Final = {
    Reason.PORTFOLIO_VAR: _TAILS,
    Reason.POSITION_CVAR: _TAILS,
    Reason.CORRELATION_CAP: _TAILS,
    Reason.VAR_UNKNOWN: "an intent was refused as nobody knew what it may lose",
    Reason.PER_SYMBOL_COOLDOWN: "an intent waited for how the last position had ended",
    Reason.CONSECUTIVE_LOSSES: "an intent waited after losses in a row",
    Reason.COOLDOWN: _TOO_SOON,
    Reason.SYMBOL_SPACING: _TOO_SOON,
    Reason.GLOBAL_SPACING: _TOO_SOON,
    Reason.BURST: _TOO_SOON,
    Reason.DEGRADED: "a degrade level made an order smaller",
}


class RiskReached:
    """Counts by risk's committed events. `count` is told each name."""

    def __init__(self, count: Callable[[str], None]) -> None:
        self._count = count
        self._rated: dict[str, None] = {}
        self._sources: dict[str, object] = {}
        self._pinned: dict[str, None] = {}
        self._found = self._manual = 0

    def committed(self, section: Section) -> None:
        """A step of risk was committed."""
        for event in section.record.events:
            look = _LOOKS.get(type(event))
            if look is not None:
                look(self, event)

    def _transferred(self, event: TransferBooked) -> None:
        self._count(
            "a person recorded money that was moved" if event.by else "a venue told of money that was moved"
        )
        if event.value is None:
            self._count("money came in a currency without a rate")

    def _refused(self, event: TransferRefused) -> None:
        if event.reason is Reason.TRANSFER_KNOWN:
            self._count("money that was told twice was booked once")

    def _rates(self, event: RatesTaken) -> None:
        if any(currency in self._rated for currency in event.rates):
            self._count("a rate moved")
        self._rated.update(dict.fromkeys(event.rates))

    def _decided(self, event: IntentDecided) -> None:
        name = _REASONS.get(event.reason)
        if name is not None and event.verdict is not Verdict.APPROVED:
            self._count(name)

    def _breached(self, event: LimitBreached) -> None:
        if event.reason is Reason.PORTFOLIO_VAR:
            self._count("facts carried VaR beyond its limit")

    def _degraded(self, event: DegradeChanged) -> None:
        if event.found == LAST > self._found:
            self._count("anomalies reduced the desk")
        if not event.found and self._found and "without an anomaly" in event.because:
            self._count("a degrade level ended by itself")
        if event.manual and event.manual != self._manual:
            self._count("a person set a degrade level")
        self._found, self._manual = event.found, event.manual

    def _split(self, event: CapitalAllocated) -> None:
        self._count("capital was split over strategies")
        if any(each.score is not None for each in event.allotments):
            self._count("a split went by what strategies had made")
        if self._pinned:
            self._count("a person's budget was left out of splits")

    def _pin(self, event: BudgetPinned) -> None:
        self._pinned.pop(event.strategy, None)
        if event.budget is not None:
            self._pinned[event.strategy] = None

    def _adapted(self, event: LimitsAdapted) -> None:
        if event.outcome is AdaptationOutcome.REJECTED:
            self._count("limits were left alone for the mode")
        elif event.outcome is AdaptationOutcome.ROLLED_BACK:
            self._count("a loosening was taken back")
        elif event.loosens:
            self._count("limits were loosened again")
        else:
            self._count("limits were tightened after a bad cycle")

    def recovered(self, state: RiskState) -> None:
        """Risk has recovered, to this state."""
        if state.samples.columns:
            self._count("risk came back with samples of returns")
        if state.degrade.found:
            self._count("risk came back at a degrade level")

    def _mode(self, event: ModeDecided) -> None:
        fresh = [name for name in event.sources if name not in self._sources]
        if any(name.startswith(modes.CONVERSION) for name in fresh):
            self._count("a rate was too old to grow by")
        self._sources = dict(event.sources)


_LOOKS: dict[type[Message], Callable[[RiskReached, Any], None]] = {
    TransferBooked: RiskReached._transferred,
    TransferRefused: RiskReached._refused,
    RatesTaken: RiskReached._rates,
    ModeDecided: RiskReached._mode,
    IntentDecided: RiskReached._decided,
    LimitBreached: RiskReached._breached,
    AnomalyDetected: lambda reached, event: reached._count("an anomaly was found"),
    DegradeChanged: RiskReached._degraded,
    CapitalAllocated: RiskReached._split,
    BudgetPinned: RiskReached._pin,
    LimitsAdapted: RiskReached._adapted,
}
