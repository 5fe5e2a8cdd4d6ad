"""What is kept of a backtest while it runs: the few events a report is made of, taken as each step is committed.

Everything is counted as it passes. Orders are kept until they have ended and been folded into the run's fingerprint,
fills for the report.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

from cluster.backtest.orders import PlacedOrders
from cluster.backtest.record import FundingPayment
from messages.base import Message
from messages.decisions import Decision, DecisionMade, IntentRaised
from messages.intents import Verdict
from messages.order_events import (
    FillReceived,
    OrderPlacing,
    OrderSettled,
    OrderSimulated,
    OrderTransitioned,
)
from messages.orders import Fill
from messages.portfolio import FundingBooked, IntentDecided
from messages.reasons import Reason

ZERO = Decimal(0)
_REJECTED, _TRADE = Verdict.REJECTED, Decision.TRADE


class Harvest:
    """`take` is given the events of every step; see the module docstring."""

    def __init__(self) -> None:
        self.fills: list[Fill] = []
        self.funding: list[FundingPayment] = []
        self.arrivals: dict[str, tuple[float, float]] = {}
        """Bid and ask of the quote each intent was raised on."""
        self.verdicts: Counter[Verdict] = Counter()
        self.rejected: Counter[Reason] = Counter()
        self.checks = 0
        self.intents = 0
        self.decisions = 0
        self.no_trades: Counter[Reason] = Counter()
        self.orders = PlacedOrders()
        orders = self.orders
        self.takers: dict[type[Message], Callable[[Any], None]] = {
            IntentRaised: self._raised,
            IntentDecided: self._decided,
            DecisionMade: self._decision,
            FundingBooked: self._funded,
            FillReceived: self._filled,
            OrderPlacing: orders.placing,
            OrderTransitioned: orders.moved,
            OrderSimulated: orders.simulated,
            OrderSettled: orders.settled,
        }

    def take(self, events: Sequence[Message]) -> None:
        """Look through the events of one step."""
        takers = self.takers
        for event in events:
            take = takers.get(type(event))
            if take is not None:
                take(event)

    def fingerprint(self) -> str:
        """64 hex digits over all orders and fills; see `cluster.observe.fingerprint`."""
        return self.orders.fingerprint(self.fills)

    def _raised(self, event: IntentRaised) -> None:
        quote = event.intent.quote
        self.arrivals[event.intent_id] = (quote.bid, quote.ask)
        self.intents += 1

    def _decided(self, event: IntentDecided) -> None:
        self.verdicts[event.verdict] += 1
        self.checks += len(event.checks)
        if event.verdict is _REJECTED:
            self.rejected[event.reason] += 1

    def _decision(self, event: DecisionMade) -> None:
        self.decisions += 1
        if event.decision is not _TRADE:
            self.no_trades[event.reason] += 1

    def _funded(self, event: FundingBooked) -> None:
        value = ZERO if event.value is None else event.value
        parts: list[tuple[str | None, Decimal]] = list(event.shares.items())
        parts.append((None, value - sum(event.shares.values(), ZERO)))
        self.funding += [
            FundingPayment(event.event_time, event.symbol, strategy, part) for strategy, part in parts if part
        ]

    def _filled(self, event: FillReceived) -> None:
        self.fills.append(event.fill)
        self.orders.filled(event)
