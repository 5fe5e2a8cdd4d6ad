"""What a pipeline learns from a fill: the trade it belongs to, and the reward of one that it ends."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from actors.strategy.pipeline.learning import rewards
from actors.strategy.pipeline.memory import PipelineMemory
from actors.strategy.pipeline.sizers import Candidate
from config.duration import SECOND
from messages.base import Message
from messages.learning import FillLearned, RewardBooked, SizerTaught
from messages.orders import Fill

_MINUTE = 60 * SECOND


def learned_from(
    fill: Fill, strategy: str, now: int, memory: PipelineMemory, taker_fee_bps: float
) -> Iterator[Message]:
    """The events of a fill, each to be applied before the next is asked for."""
    signed, price = float(fill.quantity) * fill.side.sign, float(fill.price)
    fee = fee_in_quote(fill, taker_fee_bps)
    counted = FillLearned(strategy, fill.symbol, signed, price, fee, now)
    _, reward = memory.after_fill(counted)
    yield counted
    if reward is not None:
        yield RewardBooked(
            strategy,
            fill.symbol,
            reward.horizon,
            reward.shares,
            reward.gross_bps,
            reward.cost_bps,
            reward.held_ns,
            _loss(reward, memory),
            now,
        )


def lesson_of(event: RewardBooked, memory: PipelineMemory, sizer: Candidate) -> SizerTaught | None:
    """What the sizer learns from the trade that paid this; None for one that teaches nothing.

    Raises whatever the sizer does, unless it is contained.
    """
    if event.loss is None:
        return None
    row = memory.state.symbols.index(event.symbol)
    known = memory.sizer_knows(sizer.identity, sizer.columns)[row]
    paid = rewards.Reward(event.horizon, event.shares, event.gross_bps, event.cost_bps, event.held)
    learned = sizer.learn(known, paid)
    if learned is None:
        return None
    figures = np.ascontiguousarray(learned, dtype="<f8").tobytes()
    return SizerTaught(event.strategy, event.symbol, sizer.identity, figures, event.time)


def _loss(reward: rewards.Reward, memory: PipelineMemory) -> float | None:
    """The loss that the trade's models bear; None for a horizon that is gone, and a trade held for too long."""
    minutes = dict(zip(memory.state.horizons, memory.state.minutes, strict=True))
    length, settings = minutes.get(reward.horizon, 0) * _MINUTE, memory.settings.rewards
    if not length or rewards.is_stale(reward, length, settings):
        return None
    return rewards.bounded_loss(reward.net_bps, settings)


def fee_in_quote(fill: Fill, taker_fee_bps: float) -> float:
    """The fill's fee in quote currency; where it was paid in a third one, what the settings say it is."""
    base, quote, *_ = fill.symbol.split("-")
    if fill.fee_currency == quote or not fill.fee:
        return float(fill.fee)
    if fill.fee_currency == base:
        return float(fill.fee * fill.price)
    return float(fill.quantity * fill.price) * taker_fee_bps / 1e4
