"""Where a strategy's fills meet the intelligence on closed trades: what is counted, and what follows from it."""

from __future__ import annotations

from decimal import Decimal

from actors.base import Context
from actors.strategy.budget import budget_of
from actors.strategy.intelligence.expectancy import since
from actors.strategy.intelligence.trades import worst_fall
from actors.strategy.intents import cancel_entries, forget_deferred
from actors.strategy.position import Position
from actors.strategy.settings import OrderStyle
from actors.strategy.slot import Slot
from messages.intents import Route
from messages.learning import FillCounted, SymbolSuspended
from messages.orders import Fill, Liquidity
from messages.reasons import Reason

BY_DRAWDOWN = "drawdown"
"""Who suspends a symbol that lost too much."""


def count(slot: Slot, ctx: Context, fill: Fill, before: Position, quantity: Decimal) -> None:
    """Count a fill that was just booked; let the symbol rest if the trade that it closed was one loss too many.

    `before` is the position before it, `quantity` the part of the fill that was booked.
    """
    state, settings = slot.state, slot.settings
    position, known = state.position, state.intelligence
    trades = 0 if known is None else len(known.closed)
    last = known.closed[-1] if known is not None and known.closed else None
    against = before.size if before.direction == -fill.side.sign else Decimal(0)
    closed = min(quantity, against)
    unit = fill.price * settings.instrument.multiplier * settings.instrument.rate
    ctx.emit(
        FillCounted(
            settings.id,
            settings.instrument.symbol,
            float((quantity - closed) * unit),
            float(closed * unit),
            float((position.realized - before.realized) * settings.instrument.rate),
            _fee(slot, fill, quantity),
            not position.direction,
            fill.liquidity is Liquidity.MAKER,
            settings.order.style is not OrderStyle.MARKET or settings.order.route is Route.MAKER_FIRST,
            _slippage(slot, fill),
            ctx.now,
        )
    )
    known = slot.state.intelligence
    if known is not None and known.closed and (len(known.closed) != trades or known.closed[-1] is not last):
        _judge_drawdown(slot, ctx)


def lift(slot: Slot, ctx: Context, by: str) -> None:
    """A person wants the symbol traded again."""
    if ctx.now < slot.state.suspended_until:
        settings = slot.settings
        ctx.emit(SymbolSuspended(settings.id, settings.instrument.symbol, ctx.now, None, by, ctx.now))


def _judge_drawdown(slot: Slot, ctx: Context) -> None:
    settings, state = slot.settings.intelligence, slot.state
    if settings is None or settings.max_drawdown is None or state.intelligence is None:
        return
    # what led to the last rest is not held against the symbol twice
    begin = max(ctx.now - settings.drawdown_window, state.suspended_until)
    budget = budget_of(slot)
    capital = float(slot.settings.order.notional if budget is None else budget)
    drawdown = worst_fall(since(state.intelligence.closed, begin)) / capital
    if drawdown < settings.max_drawdown:
        return
    strategy, symbol = slot.settings.id, slot.settings.instrument.symbol
    ctx.emit(SymbolSuspended(strategy, symbol, ctx.now + settings.rest, drawdown, BY_DRAWDOWN, ctx.now))
    if not slot.observing:
        forget_deferred(slot, ctx)
        cancel_entries(slot, ctx, Reason.SYMBOL_DISABLED, adding_only=True)


def _fee(slot: Slot, fill: Fill, quantity: Decimal) -> float:
    """The fee of the booked part in base currency.

    One that was paid in a third currency, whose price nobody told, is taken for the settings' rate of the value.
    """
    settings = slot.settings
    base, quote, *_ = fill.symbol.split("-")
    rate = settings.instrument.rate
    part = quantity / fill.quantity
    if not fill.fee or fill.fee_currency == quote:
        return float(fill.fee * part * rate)
    if fill.fee_currency == base:
        return float(fill.fee * part * fill.price * rate)
    value = quantity * fill.price * settings.instrument.multiplier * rate
    assumed = settings.intelligence
    return 0.0 if assumed is None else float(value) * assumed.fee_rate


def _slippage(slot: Slot, fill: Fill) -> float | None:
    if not slot.view.has_quote:
        return None
    return (float(fill.price) / slot.view.mid - 1.0) * fill.side.sign * 1e4
