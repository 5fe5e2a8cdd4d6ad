"""Fills by question: what the private stream told while nobody listened, where it can't be read again, or is to tell.

Two questions: all fills of a symbol since a moment (after the stream began anew, or where positions differ), and the
fills of one order of which the venue counts more than were seen. A fill is new by its id, whoever tells it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from actors.base import Context
from actors.execution.acts import ask, ask_for_fills, escalate, wake
from actors.execution.evidence import book, told_by_fills, weigh
from actors.execution.external import tell_external
from actors.execution.health import note_stalled
from actors.execution.memory import ExecutionMemory
from actors.execution.order import Order
from actors.execution.settings import SECOND, doubling, probe_delay
from actors.execution.venue_state import FillsQuestion
from messages.account_events import ExternalActivity, FillsDue, FillsQueryDue, FillsTaken, OrderFillsAnswered
from messages.order_events import OrderTimer
from messages.orders import Fill, OrderState
from messages.venue import FillsResult, Outcome, QueryFills, VenueTrade

_LATEST_NS = 3_600 * SECOND
"""No request stays under way for longer, whatever a venue does."""


def request_fills(actor: ExecutionMemory, ctx: Context, symbols: Iterable[str], known_until: int) -> None:
    """Ask for all fills of these symbols that may have come after `known_until` (the venue's time, ns UTC).

    Where that is asked already, the older question stands, and is put again a little further back, so that the
    answers of the two can be told apart.
    """
    due = actor.state.at_venue.fills_due
    for symbol in dict.fromkeys(symbols):
        pending = due.get(symbol)
        since = known_until - actor.settings.fills_overlap_ns
        if pending is not None:
            since = min(since, pending.since - 1)
        ctx.emit(FillsDue(symbol, since, 0, ctx.now))
        ctx.perform(QueryFills(actor.settings.venue, symbol, since))


def symbols_here(actor: ExecutionMemory) -> list[str]:
    """Every symbol of which something may have been filled: traded here, held, or with an open order."""
    settings, state = actor.settings, actor.state
    live = [order.symbol for order in state.live_orders()]
    return sorted({*(settings.symbols or settings.tick_sizes), *live, *state.positions})


def request_all_fills(actor: ExecutionMemory, ctx: Context) -> None:
    """Ask for the fills of every symbol here, where the stream can't be read again and something is known at all."""
    known = known_until(actor)
    if known is not None and not actor.settings.traits.stream_resumes:
        request_fills(actor, ctx, symbols_here(actor), known)


def known_until(actor: ExecutionMemory) -> int | None:
    """Until when (the venue's time, ns UTC) all fills are known, while the stream is not interrupted.

    Only the stream tells of all. A fill found by asking for one order says nothing of others before it, and what was
    bought and sold again leaves an account whose positions agree; that counts only where the stream has told nothing.
    """
    venue = actor.state.at_venue
    heard = venue.compared_at if venue.heard_until is None else venue.heard_until
    return max((time for time in (venue.base_time, heard) if time is not None), default=None)


def on_fills_query_due(actor: ExecutionMemory, ctx: Context, due: FillsQueryDue) -> None:
    """Ask again."""
    question = actor.state.at_venue.fills_due.get(due.symbol)
    if question is not None:
        ctx.perform(QueryFills(actor.settings.venue, due.symbol, question.since))


def on_order_fills_due(actor: ExecutionMemory, ctx: Context, order: Order) -> None:
    """Ask again for the fills of one order, unless they have come."""
    if order.filled != order.venue_filled:
        ask_for_fills(actor, ctx, order)


def on_fills_result(actor: ExecutionMemory, ctx: Context, result: FillsResult) -> None:
    """Book what is new, and see whether the question is answered."""
    strangers = [trade for trade in result.trades if not _book(actor, ctx, trade)]
    if result.client_order_id is not None:
        _order_answered(actor, ctx, result)
        return
    question = actor.state.at_venue.fills_due.get(result.symbol)
    if question is None or result.since != question.since:
        return  # an older question's answer: the newer one asks for all of it and more
    if result.outcome is not Outcome.ACCEPTED:
        _again(actor, ctx, result.symbol, question)
        return
    suspects = _nameless(actor, result.symbol, question, strangers) if strangers else []
    if suspects:
        # a fill without our id may be that of an order whose venue id we were not told: ask for those first
        for order in suspects:
            ask(ctx, order)
        _again(actor, ctx, result.symbol, question, strangers)
        return
    for trade in strangers:
        tell_external(actor, ctx, _external(actor, trade))
    ctx.emit(FillsTaken(result.symbol, ctx.now))
    ctx.cancel_timer(_key(result.symbol))


def _again(
    actor: ExecutionMemory,
    ctx: Context,
    symbol: str,
    question: FillsQuestion,
    strangers: Sequence[VenueTrade] = (),
) -> None:
    settings, attempt = actor.settings, question.attempt
    noted = tuple(trade.fill.fill_id for trade in strangers)
    ctx.emit(FillsDue(symbol, question.since, attempt + 1, ctx.now, noted))
    if not strangers:
        note_stalled(actor, ctx, symbol, attempt + 1)
    delay = doubling(settings.account_backoff_ns, attempt, settings.account_backoff_max_ns)
    ctx.after(delay, FillsQueryDue(symbol), key=_key(symbol))


def _order_answered(actor: ExecutionMemory, ctx: Context, result: FillsResult) -> None:
    order = actor.state.orders.get(result.client_order_id or "")
    if order is None or not order.fills_asked:
        return
    ctx.emit(OrderFillsAnswered(order.client_order_id, result.outcome is Outcome.ACCEPTED, ctx.now))
    if order.filled == order.venue_filled:
        return
    if order.fill_probes >= actor.settings.escalate_at_probe:
        escalate(ctx, order, order.fill_probes, "the venue counts fills that it does not list")
    wake(ctx, order, OrderTimer.FILLS, probe_delay(actor.settings, order.fill_probes))


def _book(actor: ExecutionMemory, ctx: Context, trade: VenueTrade) -> bool:
    """Book a listed fill if it is new; False for one that no order known here explains."""
    order = _order_of(actor, trade)
    fill = trade.fill
    if order is not None and fill.fill_id in order.fills:
        return True
    venue = actor.state.at_venue
    if order is None:
        contained = venue.base_time is not None and trade.time <= venue.base_time
        return contained or fill.fill_id in venue.fills
    if fill.fill_id in venue.fills:
        return (
            True  # booked before as nobody's: it must not count twice, and the order stays open for a person
        )
    told = Fill(
        fill.fill_id,
        actor.settings.venue,
        order.terms.symbol,
        order.strategy,
        order.intent_id,
        order.client_order_id,
        trade.venue_order_id,
        order.terms.side,
        fill.price,
        fill.quantity,
        fill.fee,
        fill.fee_currency,
        fill.liquidity,
        trade.time,
    )
    book(actor, ctx, order, told, order.filled + fill.quantity)
    weigh(actor, ctx, order, told_by_fills(order, trade.venue_order_id), fill_booked=True)
    return True


def _order_of(actor: ExecutionMemory, trade: VenueTrade) -> Order | None:
    if trade.client_order_id:
        return actor.state.orders.get(trade.client_order_id)
    for order in actor.state.orders.values():
        if order.venue_order_id == trade.venue_order_id and order.symbol == trade.symbol:
            return order
    return None


def _nameless(
    actor: ExecutionMemory, symbol: str, question: FillsQuestion, strangers: Sequence[VenueTrade]
) -> list[Order]:
    """Orders of the symbol that may be at the venue under an id that we were not told.

    One that was given up as never sent is out of it once the venue has said after the strangers were first listed
    that it has no such order. What was sent long before is not thought of: had it been accepted, the stream or a
    comparison of the account would have told. A stop that triggers becomes another order, with another id, and may
    have done so while nobody listened: it is out of it once the venue has told after that which order it is.
    """
    noted = all(trade.fill.fill_id in question.strangers for trade in strangers)
    found = []
    for order in actor.state.orders.values():
        if order.symbol != symbol:
            continue
        if order.venue_order_id is not None:
            told = noted and order.found_at is not None and order.found_at >= question.time
            if order.conditional and not order.settled and not told:
                found.append(order)
            continue
        written = order.doubt_from is not None or order.retry_at is None
        if order.state in (OrderState.PLACING, OrderState.UNKNOWN):
            if written:
                found.append(order)
        elif order.state is OrderState.NOT_SENT and order.doubt_from is not None:
            denied = noted and order.absent_at is not None and order.absent_at >= question.time
            if not denied and order.placed_at >= question.since - _LATEST_NS:
                found.append(order)
    return found


def _external(actor: ExecutionMemory, trade: VenueTrade) -> ExternalActivity:
    """What a listed fill says of an order that is not known here: nothing but itself."""
    return ExternalActivity(
        actor.settings.venue,
        trade.client_order_id or "",
        trade.venue_order_id,
        trade.symbol,
        trade.side,
        OrderState.UNKNOWN,
        trade.fill.quantity,
        trade.fill,
        False,
        trade.time,
    )


def _key(symbol: str) -> str:
    return f"fills:{symbol}"
