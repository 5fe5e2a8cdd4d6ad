"""How the execution actor remembers: one method per journal event, each a plain change of state.

Nothing here decides or fails on a valid event; the state that an event led to is in the event, so that code with
another transition table still reads an old journal.
"""

from __future__ import annotations

from decimal import Decimal

from actors.base import applies
from actors.execution.order import Order
from actors.execution.routing.memory import RoutingMemory
from actors.execution.routing.tally import Tally
from actors.execution.state import Exit, Holding, Protection, Ward, holding_key, intent_parts
from messages import order_events as e
from messages import protection as p
from messages.account_events import (
    ExternalSeen,
    Funding,
    FundingReceived,
    GenerationChanged,
    StreamGapFound,
    VenueAccountOpened,
    VenueEventTaken,
)
from messages.orders import Fill, OrderState
from messages.reasons import Reason
from messages.transfers import Transfer, TransferReceived
from messages.wards import ExitAbandoned, ExitEnded, ExitRaised, WardReleased, WardTaken

_UNKNOWN, _PENDING_CANCEL = OrderState.UNKNOWN, OrderState.PENDING_CANCEL
_AT_WORK = (OrderState.WORKING, OrderState.PARTIALLY_FILLED)
"""Bound once: to look a member up on its enum class costs more than the comparison."""


def transfer_key(transfer_id: str) -> str:
    """The id of a transfer among those of payments: a venue may number both alike."""
    return f"transfer/{transfer_id}"


class ExecutionMemory(RoutingMemory):
    """The `apply` half of the execution actor."""

    # --- intents

    @applies(e.IntentWaiting)
    def remember_waiting(self, event: e.IntentWaiting) -> None:
        """Queue the intent until the account is compared."""
        self.state.waiting[event.submit.intent_id] = event.submit

    @applies(e.IntentEnded)
    def remember_ended_intent(self, event: e.IntentEnded) -> None:
        """Keep the id, so that the intent can't come to life later."""
        self.state.waiting.pop(event.intent_id, None)
        self.state.tombstones.pop(event.intent_id, None)
        self.state.intents[event.intent_id] = ""
        self._close(event.intent_id)
        if event.intent_id in self.state.stops:
            self.touched_holdings[self.state.stops[event.intent_id]] = None

    @applies(e.IntentIgnored)
    def remember_ignored_intent(self, event: e.IntentIgnored) -> None:
        """A record only: the first one stands."""

    @applies(e.Tombstoned)
    def remember_tombstone(self, event: e.Tombstoned) -> None:
        """Keep the cancel for the intent that is still under way; the oldest eighth goes when there are too many."""
        tombstones = self.state.tombstones
        tombstones[event.intent_id] = event.reason
        if len(tombstones) > self.settings.keep_tombstones:
            for intent_id in list(tombstones)[: _prunable(self.settings.keep_tombstones)]:
                del tombstones[intent_id]

    # --- orders

    @applies(e.OrderPlacing)
    def remember_placing(self, event: e.OrderPlacing) -> None:
        """From now on the order may exist at the venue."""
        self.state.waiting.pop(event.intent_id, None)
        order = self.state.orders[event.client_order_id] = Order(
            event.client_order_id,
            event.intent_id,
            event.requester,
            event.beneficiary,
            event.strategy,
            event.terms,
            event.mode_version,
            event.increases_exposure,
            event.time,
        )
        self.state.intents[event.intent_id] = event.client_order_id
        self.state.live[event.client_order_id] = None
        plans = self.state.routing.plans
        if plans and event.intent_id in plans:
            self.note_child(plans[event.intent_id], order, event)
        else:
            order.tally = Tally(event.quote, event.time)
        if event.intent_id in self.state.stops:
            # what it protects may have changed while risk was asked
            self.touched_holdings[self.state.stops[event.intent_id]] = None

    @applies(e.OrderSimulated)
    def remember_simulated(self, event: e.OrderSimulated) -> None:
        """The order ended without having left."""
        order = self.state.orders[event.client_order_id]
        order.state, order.reason = OrderState.SIMULATED, event.reason

    @applies(e.OrderResent)
    def remember_resent(self, event: e.OrderResent) -> None:
        """A new request under the same id; doubt about an older one stays."""
        order = self.state.orders[event.client_order_id]
        if order.state is OrderState.UNKNOWN:
            self._thaw(order.symbol)
        order.state = OrderState.PLACING
        order.sends, order.placed_at = event.sends, event.time
        order.absences, order.retry_at = 0, None

    @applies(e.OrderRetryPlanned)
    def remember_retry(self, event: e.OrderRetryPlanned) -> None:
        """Nothing is at the venue; the order waits for its next attempt."""
        self.state.orders[event.client_order_id].retry_at = event.due

    @applies(e.OrderTransitioned)
    def remember_transition(self, event: e.OrderTransitioned) -> None:
        """Take over the state the event says."""
        order = self.state.orders.get(event.client_order_id)
        if order is None:
            return
        before, order.state = order.state, event.state
        order.retry_at = None
        if event.state is not before:
            order.reason = event.reason
            self._entered(order, before, event)
        if event.venue_order_id is not None:
            order.venue_order_id = event.venue_order_id
        if event.seen:
            order.seen, order.doubt_from, order.absences = True, None, 0
            if order.routed:
                self.note_heard(order, event)
            elif order.tally is not None and order.tally.acknowledged_at is None:
                order.tally.acknowledged_at = event.time
        if event.venue_filled is not None and event.venue_filled > order.venue_filled:
            order.venue_filled = event.venue_filled
        self._reopen_if_unsettled(order)

    def _entered(self, order: Order, before: OrderState, event: e.OrderTransitioned) -> None:
        if before is _UNKNOWN:
            self._thaw(order.symbol)
            order.probes, order.escalated = 0, False
        if event.state is _UNKNOWN:
            self.state.frozen[order.symbol] = self.state.frozen.get(order.symbol, 0) + 1
            # a request that may be under way was written by now; when, nobody knows: after a lost history, or where
            # it waited for the lease, for the budget or for the venue's clock, long after it was promised
            order.doubt_from = event.time
        elif event.state is _PENDING_CANCEL:
            order.cancel_reason = event.reason
            order.cancels = 1
        elif order.worked_at is None and event.state in _AT_WORK:
            order.worked_at = event.time

    @applies(e.CancelWished)
    def remember_cancel_wish(self, event: e.CancelWished) -> None:
        """Cancel it once it is known to work; said again while a cancel is pending, the cancel is sent again."""
        order = self.state.orders[event.client_order_id]
        if order.state is OrderState.PENDING_CANCEL:
            order.cancels += 1
        else:
            order.cancel_reason = event.reason

    @applies(e.OrderSettled)
    def remember_settled(self, event: e.OrderSettled) -> None:
        """The order is closed; it stays in memory for late news until it is pruned."""
        order = self.state.orders[event.client_order_id]
        order.settled = order.was_settled = True
        order.asking = False
        if order.tally is not None:
            order.tally.recorded = event.filled  # its record follows in the same step, where anybody reads it
        self.state.live.pop(event.client_order_id, None)
        if not order.routed:
            self._close(order.intent_id)
        if order.intent_id in self.state.stops:
            self.touched_holdings[self.state.stops[order.intent_id]] = None

    @applies(e.OrderOverfilled)
    def remember_overfilled(self, event: e.OrderOverfilled) -> None:
        """A record only: the fills are booked already."""

    @applies(e.OrderAsked)
    def remember_asked(self, event: e.OrderAsked) -> None:
        """A question is under way."""
        order = self.state.orders[event.client_order_id]
        order.asking, order.asked_at = True, event.time

    @applies(e.OrderAnswered)
    def remember_answered(self, event: e.OrderAnswered) -> None:
        """Count the answer."""
        order = self.state.orders[event.client_order_id]
        order.asking = False
        order.probes += 1
        if event.found is False:
            order.absences += 1
            order.absent_at = order.asked_at
        elif event.found:
            order.absences, order.found_at = 0, order.asked_at

    @applies(e.OrderEscalated)
    def remember_escalated(self, event: e.OrderEscalated) -> None:
        """A person was called once."""
        self.state.orders[event.client_order_id].escalated = True

    # --- fills

    @applies(e.FillReceived)
    def remember_fill(self, event: e.FillReceived) -> None:
        """Add the fill to its order, to the position of whom it is for, and to the account's."""
        fill = event.fill
        order = self.state.orders[fill.client_order_id]
        order.fills[fill.fill_id] = None
        order.filled += fill.quantity
        order.seen, order.doubt_from = True, None
        order.venue_order_id = fill.venue_order_id
        order.venue_filled = max(order.venue_filled, event.venue_filled, order.filled)
        signed = fill.quantity * fill.side.sign
        if fill.symbol in self.settings.conversions:
            self.note_exchange(fill, signed)
        else:
            if self.state.at_venue.balances:
                key = holding_key(order.beneficiary, order.strategy, fill.symbol)
                self.note_cash(fill, signed, self.state.holdings.get(key))
            self._hold(order, fill, signed)
            self.move_position(fill.symbol, signed)
        self.note_fill(fill.fill_id)
        if order.filled == order.venue_filled:
            order.fill_probes = 0
        if order.routed:
            self.note_plan_fill(order, fill)
        elif order.tally is not None:
            order.tally.note_fill(fill)
        self._reopen_if_unsettled(order)

    @applies(FundingReceived)
    def remember_funding(self, event: FundingReceived) -> None:
        """Keep the payment's id."""
        funding = event.funding
        self.move_cash(funding.currency, funding.amount)
        self._keep_payment(funding.payment_id)
        if not self.state.account_seeded:
            self.state.early_payments[funding.payment_id] = funding

    @applies(TransferReceived)
    def remember_transfer(self, event: TransferReceived) -> None:
        """Keep the transfer's id."""
        transfer = event.transfer
        self.move_cash(transfer.currency, transfer.amount)
        self._keep_payment(transfer_key(transfer.transfer_id))
        if not self.state.account_seeded:
            self.state.early_transfers[transfer.transfer_id] = transfer

    def _keep_payment(self, key: str) -> None:
        """Remember an id; the oldest eighth goes when there are too many."""
        payments, keep = self.state.payments, self.settings.keep_payments
        payments[key] = None
        if len(payments) > keep:
            for payment_id in list(payments)[: _prunable(keep)]:
                del payments[payment_id]

    def _hold(self, order: Order, fill: Fill, signed: Decimal) -> None:
        key = holding_key(order.beneficiary, order.strategy, fill.symbol)
        if self.protects:
            self.touched_holdings[key] = None
        holding = self.state.holdings.get(key)
        if holding is None:
            self.state.holdings[key] = Holding(
                order.beneficiary, order.strategy, fill.symbol, signed, fill.price
            )
            return
        before, after = holding.quantity, holding.quantity + signed
        if after == 0:
            del self.state.holdings[key]
            return
        if (before > 0) == (signed > 0):
            holding.average_price = (before * holding.average_price + signed * fill.price) / after
        elif (before > 0) != (after > 0):
            holding.average_price = fill.price
        holding.quantity = after

    # --- the private stream and the account

    @applies(VenueEventTaken)
    def remember_sequence(self, event: VenueEventTaken) -> None:
        """The stream was read to here, or one of the missing has come."""
        if event.sequence > self.state.stream_sequence:
            self.state.stream_sequence = event.sequence
        else:
            self.state.stream_missing.pop(event.sequence, None)
        if event.time is not None:
            self.note_told_until(event.time)

    @applies(StreamGapFound)
    def remember_gap(self, event: StreamGapFound) -> None:
        """Note what is missing; of very many only the newest are waited for."""
        missing, keep = self.state.stream_missing, self.settings.keep_missing
        for sequence in range(max(event.first, event.last - keep + 1), event.last + 1):
            missing[sequence] = None
        for sequence in list(missing)[: max(0, len(missing) - keep)]:
            del missing[sequence]

    @applies(ExternalSeen)
    def remember_external(self, event: ExternalSeen) -> None:
        """The account's position moves by any fill, whoever caused it; an order that may work on is known again."""
        activity, fill = event.activity, event.activity.fill
        if fill is not None:
            signed = fill.quantity * activity.side.sign
            self.move_position(activity.symbol, signed)
            self.note_put_back(activity.symbol, signed)
            self.note_fill(fill.fill_id)
        if fill is None or activity.state in _AT_WORK:
            self.note_stranger(activity.symbol, activity.venue_order_id)

    @applies(VenueAccountOpened)
    def remember_account(self, event: VenueAccountOpened) -> None:
        """The first reading is the base of all positions, and of all cash but what came after it."""
        later = self.later_than(event.as_of)
        self.state.early_payments, self.state.early_transfers = {}, {}
        self.state.account_seeded = True
        self.state.account_as_of = event.as_of
        self.state.at_venue.balances = dict(event.balances)
        self.state.positions = {symbol: held for symbol, held in event.positions.items() if held != 0}
        self.state.at_venue.base_time = event.time if event.as_of is None else event.as_of
        for told in later:
            self.move_cash(told.currency, told.amount)

    def later_than(self, as_of: int | None) -> list[Funding | Transfer]:
        """What was told before the first reading of the account but is not in it; None: it does not say its time."""
        early: list[Funding | Transfer] = [*self.state.early_payments.values()]
        early += self.state.early_transfers.values()
        return [told for told in early if as_of is not None and told.event_time > as_of]

    @applies(GenerationChanged)
    def remember_generation(self, event: GenerationChanged) -> None:
        """New client order ids; nothing is placed before the account was compared and risk has told its mode anew."""
        self.state.generation = event.generation
        self.state.mode_version, self.state.mode_due = 0, True
        self.state.placing_held = True

    # --- modes and wards

    @applies(e.ExecutionModeSet)
    def remember_mode(self, event: e.ExecutionModeSet) -> None:
        """The mode as it is known here; the kill switch says nothing of the version."""
        if event.version > self.state.mode_version:
            self.state.mode_due = False
        self.state.mode, self.state.mode_version = event.mode, event.version
        self.state.halt_unconfirmed, self.state.resume_seen = event.halt_unconfirmed, event.resume_seen

    @applies(e.DrainingSet)
    def remember_draining(self, event: e.DrainingSet) -> None:
        """Note that the session ends, or that another has begun."""
        self.state.draining = event.draining

    @applies(WardTaken)
    def remember_ward(self, event: WardTaken) -> None:
        """Look after the strategy's positions; attempts start anew."""
        self.state.wards[event.strategy] = Ward(event.symbols, event.policy, event.stop, event.until)

    @applies(WardReleased)
    def forget_ward(self, event: WardReleased) -> None:
        """Nothing left to look after."""
        self.state.wards.pop(event.strategy, None)

    @applies(ExitRaised)
    def remember_exit(self, event: ExitRaised) -> None:
        """An exit is under way for this holding."""
        self.state.exits[event.intent_id] = Exit(event.ward, event.strategy, event.symbol)
        ward = self.state.wards.get(event.ward)
        if ward is not None:
            ward.attempts[holding_key(event.ward, event.strategy, event.symbol)] = event.attempt

    @applies(ExitEnded)
    def remember_exit_ended(self, event: ExitEnded) -> None:
        """The exit is over; the next one waits for its time, and one that was filled ends a row of failures."""
        ended, order = self.state.exits.pop(event.intent_id, None), self.state.order_of(event.intent_id)
        ward = self.state.wards.get(ended.ward) if ended is not None else None
        if ended is not None and ward is not None:
            key = holding_key(ended.ward, ended.strategy, ended.symbol)
            ward.next_at[key] = event.retry_at
            if order is not None and order.filled:
                ward.attempts.pop(key, None)
            if event.reason is Reason.STOP_WOULD_TRIGGER:
                ward.crossed[key] = None

    @applies(ExitAbandoned)
    def remember_abandoned(self, event: ExitAbandoned) -> None:
        """A person was called; no further attempt is made."""
        ward = self.state.wards.get(event.ward)
        if ward is not None:
            ward.abandoned[holding_key(event.ward, event.strategy, event.symbol)] = None

    # --- protective stops

    @applies(p.ProtectionRaised)
    def remember_protection(self, event: p.ProtectionRaised) -> None:
        """A stop is under way for this holding."""
        key = holding_key(event.owner, event.strategy, event.symbol)
        kept = self.state.protections.get(key)
        if kept is None:
            kept = Protection(event.owner, event.strategy, event.symbol)
            self.state.protections[key] = kept
        kept.intent_id, kept.raised_at = event.intent_id, event.time
        self.state.stops[event.intent_id] = key

    @applies(p.ProtectionEnded)
    def remember_protection_end(self, event: p.ProtectionEnded) -> None:
        """The stop is over; nothing is kept of a holding that is gone."""
        key = self.state.stops.pop(event.intent_id)
        kept = self.state.protections[key]
        kept.intent_id, kept.failures, kept.next_at = "", event.failures, event.retry_at
        if key not in self.state.holdings:
            del self.state.protections[key]

    @applies(p.ProtectionMissing)
    def remember_protection_missing(self, event: p.ProtectionMissing) -> None:
        """A record only: the next attempt has its time."""

    # --- bounds

    def _thaw(self, symbol: str) -> None:
        left = self.state.frozen.get(symbol, 0) - 1
        if left > 0:
            self.state.frozen[symbol] = left
        else:
            self.state.frozen.pop(symbol, None)

    def _reopen_if_unsettled(self, order: Order) -> None:
        if order.settled and not (order.terminal and order.filled == order.venue_filled):
            order.settled = False
            if order.routed:
                self.reopen_plan(order)
            else:
                self.state.closed.remove(order.intent_id)
            self.state.live[order.client_order_id] = None

    def close_intent(self, intent_id: str) -> None:
        """Note the end of an intent that was more than one order."""
        self._close(intent_id)

    def _close(self, intent_id: str) -> None:
        """Note the end, and forget the oldest eighth once there are too many: whole blocks cost nothing each."""
        state, keep = self.state, self.settings.keep_closed
        state.closed.append(intent_id)
        if len(state.closed) <= keep + _prunable(keep):
            return
        pruned, state.closed = state.closed[: _prunable(keep)], state.closed[_prunable(keep) :]
        for old in pruned:
            client_order_id = state.intents.pop(old)
            state.orders.pop(client_order_id, None)
            plan = state.routing.plans.pop(old, None) if state.routing.plans else None
            if plan is not None:
                for name in plan.orders:
                    state.orders.pop(name, None)
            sender, sequence = intent_parts(old)
            if sequence >= 0:
                state.forgotten[sender] = max(sequence, state.forgotten.get(sender, -1))


def _prunable(keep: int) -> int:
    return max(1, keep // 8)
