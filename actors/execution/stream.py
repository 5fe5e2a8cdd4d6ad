"""The venue's private stream: each event and payment once, in whatever order, and nothing of it lost.

A sequence that was skipped is remembered and taken when it comes after all; its fill counts, its state is old.
Sequences only save work: whether a fill is new is decided by its id as long as its order is remembered.
"""

from __future__ import annotations

from actors.base import Context
from actors.execution.account import request_account
from actors.execution.acts import RISK
from actors.execution.evidence import Told, book, told_by_fills, weigh
from actors.execution.external import is_ours, take_external
from actors.execution.fills import known_until, request_fills, symbols_here
from actors.execution.memory import ExecutionMemory, transfer_key
from actors.execution.order import Order
from messages.account_events import (
    ExternalActivity,
    Funding,
    FundingReceived,
    StreamBegun,
    StreamGapFound,
    VenueEventTaken,
)
from messages.orders import TERMINAL, Fill
from messages.reasons import Reason
from messages.transfers import Transfer, TransferReceived
from messages.venue import VenueFill
from messages.venue_stream import StreamOpened, VenueEvent, VenueFunding, VenueTransfer


def on_venue_event(actor: ExecutionMemory, ctx: Context, event: VenueEvent) -> None:
    """Take one event of the private stream."""
    state, sequence = actor.state, event.sequence
    order = state.orders.get(event.client_order_id)
    late = sequence <= state.stream_sequence
    if late and sequence not in state.stream_missing and not _new_fill(order, event):
        return
    gap = _note_sequence(actor, ctx, sequence, event.time)
    if gap:
        _on_gap(actor, ctx, event)
    if order is None:
        if not _is_known(actor, event):
            take_external(actor, ctx, _external(actor, event))
        if event.fill is None and event.filled > 0:
            _ask_for_executions(actor, ctx, event)
    else:
        _take(actor, ctx, order, event, late=late)


def on_venue_funding(actor: ExecutionMemory, ctx: Context, told: VenueFunding) -> None:
    """Take one payment of funding and tell risk of it, unless it was taken, or is contained in the first reading."""
    state, sequence = actor.state, told.sequence
    if sequence <= state.stream_sequence and sequence not in state.stream_missing:
        return
    gap = _note_sequence(actor, ctx, sequence)
    contained = state.account_as_of is not None and told.time <= state.account_as_of
    if told.payment_id not in state.payments and not contained:
        funding = Funding(
            told.payment_id,
            actor.settings.venue,
            told.symbol,
            told.currency,
            told.amount,
            told.rate,
            told.time,
        )
        ctx.emit(FundingReceived(funding))
        if state.account_seeded:
            ctx.send(RISK, funding)
    if gap:
        _on_gap(actor, ctx, told)


def on_venue_transfer(actor: ExecutionMemory, ctx: Context, told: VenueTransfer) -> None:
    """Take one transfer and tell risk of it, unless it was taken, or is contained in the first reading."""
    state, sequence = actor.state, told.sequence
    if sequence <= state.stream_sequence and sequence not in state.stream_missing:
        return
    gap = _note_sequence(actor, ctx, sequence)
    contained = state.account_as_of is not None and told.time <= state.account_as_of
    if transfer_key(told.transfer_id) not in state.payments and not contained:
        venue = actor.settings.venue
        transfer = Transfer(told.transfer_id, venue, told.currency, told.amount, told.kind, told.time)
        ctx.emit(TransferReceived(transfer))
        if state.account_seeded:
            ctx.send(RISK, transfer)
    if gap:
        _on_gap(actor, ctx, told)


def _note_sequence(actor: ExecutionMemory, ctx: Context, sequence: int, time: int | None = None) -> bool:
    """Remember how far the stream was read; whether something was skipped.

    `time` is that of an order or a fill; payments may be told long after theirs.
    """
    state = actor.state
    next_one = state.stream_sequence + 1
    gap, whole = sequence > next_one, sequence == next_one and not state.stream_missing
    if gap:
        ctx.emit(StreamGapFound(next_one, sequence - 1))
    ctx.emit(VenueEventTaken(sequence, time if whole else None))
    return gap


def resume_after(actor: ExecutionMemory) -> int:
    """The sequence after which the stream is to be read on: before the first that is missing."""
    missing = actor.state.stream_missing
    return min(missing) - 1 if missing else actor.state.stream_sequence


def on_stream_opened(actor: ExecutionMemory, ctx: Context, opened: StreamOpened) -> None:
    """The stream begins anew, and what it told meanwhile is lost: ask for the fills since, and for the account."""
    state = actor.state
    if opened.sequence <= state.stream_sequence:
        return
    _begin_anew(actor, ctx, opened.sequence, opened.time)


def _on_gap(actor: ExecutionMemory, ctx: Context, event: VenueEvent | VenueFunding | VenueTransfer) -> None:
    """Something was skipped: it may come late in a stream that can be read again, and else has to be asked for."""
    if actor.settings.traits.stream_resumes:
        request_account(actor, ctx, Reason.UNKNOWN_OUTCOME)
    else:
        _begin_anew(actor, ctx, event.sequence, event.time)


def _begin_anew(actor: ExecutionMemory, ctx: Context, sequence: int, time: int) -> None:
    # what was known before counts: an event that has just come says nothing of those before it
    known = known_until(actor)
    ctx.emit(StreamBegun(sequence, time))
    if known is not None:
        # of every symbol: what a person bought and sold again at the venue leaves no position, and costs money
        request_fills(actor, ctx, symbols_here(actor), known)
    request_account(actor, ctx, Reason.UNKNOWN_OUTCOME)


def _ask_for_executions(actor: ExecutionMemory, ctx: Context, event: VenueEvent) -> None:
    """An order that is not ours has executions which the event does not tell, as a liquidation's may be: the list does.

    Where the stream can be read again they come in it.
    """
    known = known_until(actor)
    if known is not None and not actor.settings.traits.stream_resumes:
        request_fills(actor, ctx, [event.symbol], known)


def _is_known(actor: ExecutionMemory, event: VenueEvent) -> bool:
    """Whether an event of an order that is not known here tells a fill that is in the account already."""
    venue, fill = actor.state.at_venue, event.fill
    if fill is None:
        return False
    return fill.fill_id in venue.fills or (venue.base_time is not None and event.time <= venue.base_time)


def _new_fill(order: Order | None, event: VenueEvent) -> bool:
    return order is not None and event.fill is not None and event.fill.fill_id not in order.fills


def _take(actor: ExecutionMemory, ctx: Context, order: Order, event: VenueEvent, *, late: bool) -> None:
    fill = event.fill
    fresh = _new_fill(order, event)
    if fill is not None and fresh:
        book(actor, ctx, order, _fill(actor, order, event, fill), event.filled)
    weigh(actor, ctx, order, _told(order, event, late=late), fill_booked=fresh)


def _told(order: Order, event: VenueEvent, *, late: bool) -> Told:
    """What the event says of the order now. A late one proves its fill, that the order lived, or that it ended."""
    if not late or event.state in TERMINAL:
        return Told(event.state, event.filled, event.venue_order_id, event.reason)
    return told_by_fills(order, event.venue_order_id)._replace(filled=max(event.filled, order.filled))


def _fill(actor: ExecutionMemory, order: Order, event: VenueEvent, fill: VenueFill) -> Fill:
    return Fill(
        fill.fill_id,
        actor.settings.venue,
        order.terms.symbol,
        order.strategy,
        order.intent_id,
        order.client_order_id,
        event.venue_order_id,
        order.terms.side,
        fill.price,
        fill.quantity,
        fill.fee,
        fill.fee_currency,
        fill.liquidity,
        event.time,
    )


def _external(actor: ExecutionMemory, event: VenueEvent) -> ExternalActivity:
    return ExternalActivity(
        actor.settings.venue,
        event.client_order_id,
        event.venue_order_id,
        event.symbol,
        event.side,
        event.state,
        event.filled,
        event.fill,
        is_ours(actor, event.client_order_id),
        event.time,
    )
