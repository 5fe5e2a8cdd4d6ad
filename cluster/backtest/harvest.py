"""What is kept of a backtest while it runs: the few events a report is made of, taken as each step is committed.

Everything is counted as it passes; orders are kept in full until they have ended and been folded into the desk's
fingerprint, so that memory stays bounded.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from cluster.backtest.record import FundingPayment
from cluster.observe.fingerprint import FingerprintBuilder
from cluster.observe.latency import Histogram, Hop
from cluster.observe.orders import OrderDesk
from cluster.store.port import Section
from messages.base import Address, Message
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
_FOLD_EVERY = 5_000
_KEPT = 10_000
_REJECTED, _TRADE = Verdict.REJECTED, Decision.TRADE


class Harvest:
    """`take` is given every committed step; see the module docstring."""

    def __init__(self) -> None:
        self.fills: list[Fill] = []
        self.funding: list[FundingPayment] = []
        self.arrivals: dict[str, tuple[float, float]] = {}
        """Bid and ask of the quote each intent was raised on."""
        self.verdicts: Counter[Verdict] = Counter()
        self.rejected: Counter[Reason] = Counter()
        self.checks = 0
        self.intents = 0
        self.partially_filled = 0
        """Orders that ended with a part of their quantity filled."""
        self.decisions = 0
        self.no_trades: Counter[Reason] = Counter()
        self.orders = OrderDesk({hop: Histogram() for hop in Hop})
        self._sealed = FingerprintBuilder()
        self._unfolded: list[tuple[Address, int, Message]] = []

    def take(self, section: Section) -> None:
        """Look through the events of one step."""
        record = section.record
        for event in record.events:
            kind = type(event)
            counted = _COUNTED.get(kind)
            if counted is not None:
                counted(self, event)
            if kind in _FOLLOWED:
                self._unfolded.append((section.address, record.now, event))
        if len(self._unfolded) > _FOLD_EVERY:
            self.fold()

    def fold(self) -> None:
        """Fold the orders' events seen so far, and let go of orders that ended long ago."""
        for address, now, event in self._unfolded:
            self.orders.take(address, now, event)
            if isinstance(event, OrderSettled):
                quantity = self.orders.order(event.client_order_id).quantity
                self.partially_filled += quantity is not None and 0 < event.filled < quantity
        self._unfolded.clear()
        self.orders.trim(_KEPT, _KEPT, _KEPT, self._sealed, part=2)

    def fingerprint(self) -> str:
        """64 hex digits over all orders and fills; see `cluster.observe.fingerprint`."""
        self.fold()
        fills = (view.fill for view in self.orders.fills.values())
        return self._sealed.copy().add(self.orders.orders.values(), fills)

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


_COUNTED: dict[type[Message], Callable[[Harvest, Any], None]] = {
    IntentRaised: Harvest._raised,
    IntentDecided: Harvest._decided,
    DecisionMade: Harvest._decision,
    FillReceived: Harvest._filled,
    FundingBooked: Harvest._funded,
}

_FOLLOWED = frozenset({OrderPlacing, OrderTransitioned, FillReceived, OrderSettled, OrderSimulated})
"""The events that make the fixed fields of orders and fills."""
