"""From fills to closed trades: what is open, what was closed, and how far the closed ones fell from their best."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from messages.learning import FillCounted

TRADES_KEPT = 300
"""How many closed trades are kept of a strategy on a symbol; the oldest goes first."""

KEPT_FOR = 7 * 24 * 3_600_000_000_000
"""For how long, in ns: what expectancy by the hour looks back on."""


class ClosedTrade(msgspec.Struct, frozen=True, gc=False):
    """A position from flat to flat (or to the other side). Amounts in base currency.

    `notional` is what was entered, `gross` what it gained before `fees`. `maker` is the share of its fills that made
    liquidity, `fallback` of those that took it although their orders were meant to make. `slippage_bps` is the mean
    distance of fills from the mid they were booked at, positive for worse; None where there was no quote.
    """

    opened_at: int
    closed_at: int
    notional: float
    gross: float
    fees: float
    maker: float
    fallback: float
    slippage_bps: float | None

    @property
    def net(self) -> float:
        """What it paid after fees."""
        return self.gross - self.fees

    @property
    def net_bps(self) -> float:
        """What it paid after fees, in bps of what was entered."""
        return self.net / self.notional * 1e4


class OpenTrade(msgspec.Struct, frozen=True, gc=False):
    """The sums of a trade that is not closed yet; see `ClosedTrade`."""

    opened_at: int
    notional: float = 0.0
    gross: float = 0.0
    fees: float = 0.0
    fills: int = 0
    makers: int = 0
    fallbacks: int = 0
    slippage_bps: float = 0.0
    slips: int = 0


class IntelligenceState(msgspec.Struct):
    """All that is remembered: the open trade, and the closed ones, oldest first."""

    open: OpenTrade | None = None
    closed: list[ClosedTrade] = []


def count_fill(state: IntelligenceState, fill: FillCounted) -> ClosedTrade | None:
    """Fold one fill into the state, in place; the trade that it closed, None when it closed none.

    A position that was there before anything was counted is left out: its entry is not known.
    """
    held = state.open
    if held is None:
        if not fill.opened:
            return None
        held = OpenTrade(fill.time)
    total = fill.opened + fill.closed
    closing = fill.closed / total if total else 0.0
    ends = fill.closed > 0.0 and (fill.flat or fill.opened > 0.0)
    if not ends:
        state.open = _added(held, fill, fill.opened, fill.fee)
        return None
    whole = _added(held, fill, 0.0, fill.fee * closing)
    state.open = None
    if fill.opened:
        state.open = _added(
            OpenTrade(fill.time),
            msgspec.structs.replace(fill, gain=0.0),
            fill.opened,
            fill.fee * (1.0 - closing),
        )
    if not whole.notional > 0.0:
        return None
    trade = ClosedTrade(
        whole.opened_at,
        fill.time,
        whole.notional,
        whole.gross,
        whole.fees,
        whole.makers / whole.fills,
        whole.fallbacks / whole.fills,
        whole.slippage_bps / whole.slips if whole.slips else None,
    )
    state.closed.append(trade)
    kept = [each for each in state.closed if each.closed_at > fill.time - KEPT_FOR]
    state.closed = kept[-TRADES_KEPT:]
    return trade


def worst_fall(trades: Iterable[ClosedTrade]) -> float:
    """How far the sum of what trades paid is below its best since the first of them, in base currency; 0 at its best.

    The best is at least 0, what it began with.
    """
    total = best = 0.0
    for each in trades:
        total += each.net
        best = max(best, total)
    return best - total


def _added(held: OpenTrade, fill: FillCounted, notional: float, fee: float) -> OpenTrade:
    slipped = fill.slippage_bps
    return OpenTrade(
        held.opened_at,
        held.notional + notional,
        held.gross + fill.gain,
        held.fees + fee,
        held.fills + 1,
        held.makers + fill.maker,
        held.fallbacks + (fill.passive and not fill.maker),
        held.slippage_bps + (slipped or 0.0),
        held.slips + (slipped is not None),
    )
