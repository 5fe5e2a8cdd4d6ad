"""The planted bugs: each changes the real code in one place, as a mistake of ours would."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from actors.base import Context, Timer
from actors.execution import (
    acts,
    evidence,
    fills,
    gate,
    memory,
    order,
    placing,
    probing,
    reconciling,
    stream,
)
from actors.execution.actor import ExecutionActor
from actors.execution.gate import Sending
from actors.execution.order import Order, placement
from actors.execution.settings import ExecutionSettings
from actors.risk import engine
from actors.risk.actor import RiskActor
from cluster.simulator.desk import world
from cluster.simulator.desk.store import NotingStore
from cluster.simulator.intake import SimulatedIntake
from cluster.simulator.lease import VirtualLease
from cluster.steps import machine
from cluster.steps.machine import StepMachine, Steps
from cluster.steps.recovery import take_snapshot
from cluster.steps.requests import Perform
from cluster.store.port import CommitStatus, Loaded, Section
from messages.account_events import StreamBegun
from messages.base import Address, Effect, Envelope, Message
from messages.control import Mode
from messages.intents import Side
from messages.order_events import OrderSettled
from messages.orders import OrderReport, OrderState
from messages.portfolio import ReservationReleased
from messages.reasons import Reason
from messages.venue import Outcome, VenueTrade
from messages.venue_stream import StreamOpened, VenueEvent
from tests.cluster.simulator.planted.desk_bugs import DESK_BUGS
from tests.cluster.simulator.planted.limit_bugs import LIMIT_BUGS
from tests.cluster.simulator.planted.order_bugs import ORDER_BUGS

Patch = pytest.MonkeyPatch


def send_before_commit(patch: Patch) -> None:
    """Requests leave before the commit that promises them."""

    class Hasty(StepMachine):
        def _commit(
            self, section: Section, refused: CommitStatus | None = None, *, perform: bool = True
        ) -> Steps:
            if perform and self.context.effects:
                yield Perform(tuple(self.context.effects), owed=False)
            yield from super()._commit(section, refused, perform=False)

    patch.setattr(world, "StepMachine", Hasty)


def no_fencing(patch: Patch) -> None:
    """The store does not look at the epoch."""
    judge = NotingStore._judge

    def fenceless(self: NotingStore, section: Section) -> CommitStatus:
        verdict = judge(self, section)
        in_step = self.actors[section.address].position.step == section.position.step - 1
        return CommitStatus.COMMITTED if verdict is CommitStatus.FENCED and in_step else verdict

    patch.setattr(NotingStore, "_judge", fenceless)


def cursor_as_token(patch: Patch) -> None:
    """After a restart mail is read from its end: that it was read before is taken for having been worked off."""
    load = NotingStore.load

    def forgetful(self: NotingStore, address: Address, steps_after: int | None = None) -> Loaded:
        loaded = load(self, address, steps_after)
        last = self.actors[address].mailbox.last
        position = msgspec.structs.replace(loaded.position, mailbox=f"{last}-0")
        return msgspec.structs.replace(loaded, position=position)

    patch.setattr(NotingStore, "load", forgetful)


def blind_resend(patch: Patch) -> None:
    """After a restart orders of unknown fate are placed again instead of asked for."""
    outstanding = ExecutionActor.outstanding

    def blind(self: ExecutionActor) -> Sequence[Effect]:
        lost = [each for each in self.state.live_orders() if each.state is OrderState.PLACING]
        again = [
            placement(
                each.client_order_id, each.terms, each.mode_version, each.increases_exposure, self.settings
            )
            for each in lost
        ]
        return [*again, *outstanding(self)]

    patch.setattr(ExecutionActor, "outstanding", blind)


def duplicate_fill(patch: Patch) -> None:
    """Nobody looks whether an event of the stream was seen before."""

    def hand_on(self: SimulatedIntake, event: VenueEvent) -> None:
        self.venue_seen = max(self.venue_seen, event.sequence)
        self._venue.append(event)

    def always(order: Order | None, event: VenueEvent) -> bool:
        return order is not None and event.fill is not None

    patch.setattr(SimulatedIntake, "venue_event", hand_on)
    patch.setattr(stream, "_new_fill", always)


def reservation_dropped_early(patch: Patch) -> None:
    """Risk frees a reservation with the first report on its order."""

    def hasty(self: RiskActor, report: OrderReport, ctx: Context) -> None:
        if report.intent_id in self.state.reservations:
            ctx.emit(ReservationReleased(report.intent_id, report.reason, ctx.now))

    patch.setattr(RiskActor, "on_report", hasty)


def kill_switch_forgotten(patch: Patch) -> None:
    """A restarted execution begins in NORMAL."""
    outstanding = ExecutionActor.outstanding

    def fresh(self: ExecutionActor) -> Sequence[Effect]:
        self.state.mode, self.state.halt_unconfirmed = Mode.NORMAL, False
        return outstanding(self)

    patch.setattr(ExecutionActor, "outstanding", fresh)


def mode_ignored(patch: Patch) -> None:
    """The last gate does not look at the mode.

    It is the only guard between a kill switch and risk's word on it: what risk has approved until then is not outdated.
    """
    patch.setattr(gate, "CHECKS", tuple(row for row in gate.CHECKS if row[0] is not None))


def risk_ignores_mode(patch: Patch) -> None:
    """Risk approves in any mode; its word on the mode, and the version of it, are right."""
    kept = tuple(check for check in engine.CHECKS if check.name not in ("kill_switch", "mode"))
    patch.setattr(engine, "CHECKS", kept)


def only_halts_at_the_gate(patch: Patch) -> None:
    """The last gate obeys the kill switch and lets REDUCE pass, by risk's word that it never approves what it forbids.

    Not found alone: risk's word holds. See `test_what_risk_lets_through_the_last_gate_holds_back`.
    """
    forbidden = next(applies for reason, applies in gate.CHECKS if reason is None)

    def halts_only(effect: Sending, now: int, mode: Mode, version: int, settings: ExecutionSettings) -> bool:
        return mode is not Mode.REDUCE and forbidden(effect, now, mode, version, settings)

    patch.setattr(gate, "CHECKS", tuple((row[0], row[1] if row[0] else halts_only) for row in gate.CHECKS))


def no_tombstone(patch: Patch) -> None:
    """A cancel that overtakes its intent is forgotten."""
    patch.setattr(memory.ExecutionMemory, "remember_tombstone", lambda self, event: None)


def stale_approval_sent(patch: Patch) -> None:
    """The version of the mode under which an order was approved does not matter."""
    kept = tuple(row for row in gate.CHECKS if row[0] is not Reason.MODE_OUTDATED)
    patch.setattr(gate, "CHECKS", kept)


def refusal_blocks_fills(patch: Patch) -> None:
    """A full mailbox takes nothing any more, fills neither."""
    deliver = NotingStore._deliver

    def strict(self: NotingStore, envelope: Envelope) -> str:
        receiver = self.actors.get(envelope.recipient)
        full = receiver is not None and receiver.mailbox.added - receiver.mailbox.taken >= self.capacity
        return "0-0" if full and not type(envelope.message).refusable else deliver(self, envelope)

    patch.setattr(NotingStore, "_deliver", strict)


def lease_ignored_by_successor(patch: Patch) -> None:
    """A successor acts at once, whether its predecessor is gone or not."""
    begin = VirtualLease.begin
    patch.setattr(
        VirtualLease, "begin", lambda self, asked_at, now, predecessor_gone: begin(self, asked_at, now, True)
    )


def late_acceptance_not_booked(patch: Patch) -> None:
    """An order that was thought absent is not taken back when it turns out to live."""
    patch.setattr(evidence, "revive", lambda ctx, order: None)


def timer_lost_on_restart(patch: Patch) -> None:
    """Timers are not part of what is loaded."""
    load = NotingStore.load

    def timeless(self: NotingStore, address: Address, steps_after: int | None = None) -> Loaded:
        nothing: Mapping[str, Timer] = {}
        return msgspec.structs.replace(load(self, address, steps_after), timers=nothing)

    patch.setattr(NotingStore, "load", timeless)


def snapshot_without_cursor(patch: Patch) -> None:
    """A snapshot does not say how far its state had come."""

    def unplaced(actor: Any, position: Any) -> Any:
        return take_snapshot(actor, msgspec.structs.replace(position, step=max(0, position.step - 1)))

    patch.setattr(machine, "take_snapshot", unplaced)


def no_answer_is_a_rejection(patch: Patch) -> None:
    """Silence of the venue is taken for a no."""

    def rejected(actor: Any, ctx: Context, order: Order, result: Any) -> None:
        placing._rejected(actor, ctx, order, result)

    patch.setitem(placing._OUTCOMES, Outcome.NO_ANSWER, rejected)


def worst_price_ignored(patch: Patch) -> None:
    """A market order is sent with any price."""

    def anything(worst_price: Decimal, side: Side, tick: Decimal | None) -> Decimal:
        return worst_price * 2 if side is Side.BUY else worst_price / 2

    patch.setattr(order, "within", anything)


def limit_not_checked(patch: Patch) -> None:
    """Risk forgets one of its checks."""
    kept = tuple(check for check in engine.CHECKS if check.name != "symbol_exposure")
    patch.setattr(engine, "CHECKS", kept)


def fill_not_told(patch: Patch) -> None:
    """Execution books a fill and tells only risk."""

    def risk_only(ctx: Context, recipients: tuple[Address, ...], message: Message) -> None:
        ctx.send("risk", message)

    patch.setattr(evidence, "tell", risk_only)


def settled_before_fills_are_seen(patch: Patch) -> None:
    """An order that ended is told as final whatever the venue counts."""

    def hasty(actor: ExecutionActor, ctx: Context, order: Order) -> None:
        if order.terminal and not order.settled:
            ctx.emit(OrderSettled(order.client_order_id, order.filled, ctx.now))
            acts.report(ctx, order, final=True)

    for module in (evidence, placing, probing):
        patch.setattr(module, "settle", hasty)


def stream_opened_ignored(patch: Patch) -> None:
    """That a stream begins anew is noted, and nobody asks for what was missed."""

    def deaf(actor: ExecutionActor, ctx: Context, opened: StreamOpened) -> None:
        if opened.sequence > actor.state.stream_sequence:
            ctx.emit(StreamBegun(opened.sequence, opened.time))

    patch.setattr(stream, "on_stream_opened", deaf)


def listed_fill_booked_again(patch: Patch) -> None:
    """Whether a fill of a list was told in the stream before does not matter."""
    order_of = fills._order_of

    def forgetful(actor: ExecutionActor, trade: VenueTrade) -> Order | None:
        order = order_of(actor, trade)
        if order is not None:
            order.fills.pop(trade.fill.fill_id, None)
            actor.state.at_venue.fills.pop(trade.fill.fill_id, None)
        return order

    patch.setattr(fills, "_order_of", forgetful)


def doubtful_fill_called_a_strangers(patch: Patch) -> None:
    """A listed fill without our id is nobody's, whatever else is in doubt."""
    patch.setattr(fills, "_nameless", lambda actor, symbol, question, strangers: [])


def fills_asked_from_now_on(patch: Patch) -> None:
    """Fills are asked for from when the stream stands again, and not from when it was last heard."""

    request = fills.request_fills

    def from_now(actor: ExecutionActor, ctx: Context, symbols: Sequence[str], known: int) -> None:
        request(actor, ctx, symbols, ctx.now + actor.settings.fills_overlap_ns)

    for module in (fills, stream, reconciling):
        patch.setattr(module, "request_fills", from_now)


BUGS: dict[str, Callable[[Patch], None]] = {
    bug.__name__: bug
    for bug in (
        send_before_commit,
        no_fencing,
        cursor_as_token,
        blind_resend,
        duplicate_fill,
        reservation_dropped_early,
        kill_switch_forgotten,
        mode_ignored,
        risk_ignores_mode,
        no_tombstone,
        stale_approval_sent,
        refusal_blocks_fills,
        lease_ignored_by_successor,
        late_acceptance_not_booked,
        timer_lost_on_restart,
        snapshot_without_cursor,
        no_answer_is_a_rejection,
        worst_price_ignored,
        limit_not_checked,
        fill_not_told,
        settled_before_fills_are_seen,
        stream_opened_ignored,
        listed_fill_booked_again,
        doubtful_fill_called_a_strangers,
        fills_asked_from_now_on,
        *ORDER_BUGS,
        *DESK_BUGS,
        *LIMIT_BUGS,
    )
}
