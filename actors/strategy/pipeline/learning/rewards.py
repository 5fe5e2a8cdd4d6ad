"""What a trade has paid after costs, from its own fills, and the bounded loss that the bandit learns from.

A trade runs from flat to flat. It remembers on which horizon and by which models it was opened, so that the reward
reaches those that asked for it, however much later.
"""

from __future__ import annotations

from math import isfinite

import msgspec

from actors.strategy.pipeline.limits import require

DAY_NS = 86_400_000_000_000
_DUST = 1e-9
"""Part of a trade's quantity below which what is left of it is rounding."""


class RewardSettings(msgspec.Struct, frozen=True):
    """`range_bps` is the gain or loss at which the loss scale ends. `assumed_cost_bps` is charged besides the fees of
    the fills: 0 where fills are real, for their prices hold the slippage; sheet F charges 6. A trade held for longer
    than `stale_after_ns`, and longer than twice its horizon, teaches nothing."""

    range_bps: float = 100.0
    assumed_cost_bps: float = 0.0
    stale_after_ns: int = DAY_NS

    def __post_init__(self) -> None:
        require(self, "learning.rewards", "range_bps", above=True)
        require(self, "learning.rewards", "assumed_cost_bps", "stale_after_ns")


class Trade(msgspec.Struct, frozen=True):
    """A position on its way from flat to flat, in float64: quantities in base units, values and fees in quote currency.

    `direction` is +1 or -1, `shares` are the models' weights in the blend that opened it.
    """

    direction: int
    opened_at: int
    horizon: str
    shares: dict[str, float]
    quantity: float
    entry_value: float
    entered: float
    exit_value: float = 0.0
    fees: float = 0.0


class Reward(msgspec.Struct, frozen=True):
    """What a closed trade has paid, in bps of the value it entered with."""

    horizon: str
    shares: dict[str, float]
    gross_bps: float
    cost_bps: float
    held_ns: int

    @property
    def net_bps(self) -> float:
        """Gross less costs."""
        return self.gross_bps - self.cost_bps


def after_fill(
    trade: Trade | None,
    *,
    signed_quantity: float,
    price: float,
    fee: float,
    time: int,
    horizon: str,
    shares: dict[str, float],
    settings: RewardSettings,
) -> tuple[Trade | None, Reward | None]:
    """The trade after a fill, and the reward of one that the fill closed.

    `horizon` and `shares` are those of the decision in force; they count when the fill opens a trade. A fill beyond
    flat closes the trade and opens another with the rest; the fee is split by quantity. `fee` is in quote currency,
    negative for a rebate. A fill of nothing, or whose price is none, changes nothing.
    """
    size = abs(signed_quantity)
    if not (size > 0 and isfinite(size) and price > 0 and isfinite(price) and isfinite(fee)):
        return trade, None
    side = 1 if signed_quantity > 0 else -1
    if trade is None:
        return _opened(side, size, price, fee, time, horizon, shares), None
    if side == trade.direction:
        grown = msgspec.structs.replace(
            trade,
            quantity=trade.quantity + size,
            entered=trade.entered + size,
            entry_value=trade.entry_value + size * price,
            fees=trade.fees + fee,
        )
        return grown, None
    closing = min(size, trade.quantity)
    part = closing / size
    left = msgspec.structs.replace(
        trade,
        quantity=trade.quantity - closing,
        exit_value=trade.exit_value + closing * price,
        fees=trade.fees + fee * part,
    )
    if left.quantity > trade.entered * _DUST:
        return left, None
    rest = size - closing
    opened = None
    if rest > size * _DUST:
        opened = _opened(side, rest, price, fee * (1 - part), time, horizon, shares)
    return opened, _reward(left, time, settings)


def _opened(
    side: int, size: float, price: float, fee: float, time: int, horizon: str, shares: dict[str, float]
) -> Trade:
    return Trade(side, time, horizon, dict(shares), size, size * price, size, fees=fee)


def _reward(trade: Trade, time: int, settings: RewardSettings) -> Reward:
    gross = (trade.exit_value - trade.entry_value) * trade.direction / trade.entry_value * 1e4
    cost = trade.fees / trade.entry_value * 1e4 + settings.assumed_cost_bps
    return Reward(trade.horizon, trade.shares, gross, cost, time - trade.opened_at)


def is_stale(reward: Reward, horizon_ns: int, settings: RewardSettings) -> bool:
    """Whether the trade was held for so long that its horizon can't be praised or blamed for it."""
    return reward.held_ns > max(settings.stale_after_ns, 2 * horizon_ns)


def bounded_loss(net_bps: float, settings: RewardSettings) -> float:
    """The loss in [0, 1] of a net result: 0.5 for nothing, 0 for a gain of `range_bps` or more, 1 for such a loss."""
    limited = min(max(net_bps, -settings.range_bps), settings.range_bps)
    return 0.5 - limited / (2.0 * settings.range_bps)
