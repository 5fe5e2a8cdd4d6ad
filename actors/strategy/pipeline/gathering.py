"""From desks and bars to the arrays that the planning kernel is given: one number per symbol, NaN for none."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from math import inf, nan
from typing import TYPE_CHECKING

import numpy as np

from actors.strategy.pipeline import market
from actors.strategy.pipeline.arrays import Floats
from actors.strategy.pipeline.columns import Barriers
from actors.strategy.pipeline.gating import atr_ratio, bad_tick_measures, bars_seen, spread_bps
from actors.strategy.pipeline.kernel import Held, Market
from actors.strategy.pipeline.memory import PipelineMemory
from actors.strategy.pipeline.settings import MINUTE, PipelineParameters
from messages.errors import InvariantError

if TYPE_CHECKING:
    from actors.strategy.desk import Desk


def mids_of(desks: Sequence[Desk]) -> Floats:
    """float64[S]: the middle of each quote that may be decided on, NaN for the others."""
    return np.array([each.view.mid if each.is_fresh else nan for each in desks])


def market_of(desks: Sequence[Desk], bars: Floats, barriers: Barriers, chosen: PipelineParameters) -> Market:
    """What the market is like; `bars` is float64[S,L,5]."""
    per_day = chosen.day_minutes * MINUTE / chosen.interval
    deviation, volume_ratio = bad_tick_measures(bars)
    volume, lookback = chosen.costs.daily_volume, chosen.volatility_bars
    views = [each.view for each in desks]
    ages = [view.quote_age(desks[0].now) for view in views]
    return Market(
        spread_bps=spread_bps(np.array([view.bid for view in views]), np.array([view.ask for view in views])),
        quote_age_ns=np.array([nan if age is None else float(age) for age in ages]),
        price_deviation=deviation,
        volume_ratio=volume_ratio,
        bars=bars_seen(bars),
        atr_ratio=atr_ratio(bars, chosen.gates.chop.lookback),
        atr=market.average_true_range(bars),
        volatility_daily=market.daily_volatility(bars, lookback, per_day),
        adv=market.daily_volume(bars, lookback, per_day) if volume is None else np.full(len(desks), volume),
        planned=np.array([_planned(each, chosen) for each in desks]),
        fee_bps=np.array([fee_bps_of(each, chosen) for each in desks]),
        p_peak=barriers.peak,
        p_valley=barriers.valley,
        y_peak=barriers.second,
    )


def fee_bps_of(desk: Desk, chosen: PipelineParameters) -> float:
    """What an order that takes pays, in bps: as configured here, else as the venue's settings say."""
    told = chosen.costs.taker_fee_bps
    return float(desk.instrument.taker_fee) * 1e4 if told is None else told


def _planned(desk: Desk, chosen: PipelineParameters) -> float:
    """The most that is traded at once, in quote currency; nothing where impact costs nothing."""
    if not chosen.costs.impact_weight:
        return 0.0
    return float(budget_of(desk) / desk.instrument.rate) * chosen.sizing.max_weight


def held_of(desks: Sequence[Desk], memory: PipelineMemory, mids: Floats) -> Held:
    """What is held, as parts of the budget at these mids; of unknown weight where there is none."""
    state, now = memory.state, desks[0].now
    horizons = {name: place for place, name in enumerate(state.horizons)}
    weights, held, since, opened = [], [], [], []
    for mid, desk in zip(mids, desks, strict=True):
        position, instrument = desk.position, desk.instrument
        unit = float(mid) * float(instrument.multiplier * instrument.rate / budget_of(desk))
        weights.append(float(position.quantity) * unit if position.direction else 0.0)
        held.append(nan if position.opened_at is None else float(now - position.opened_at))
        closed = state.closed_at.get(desk.symbol)
        since.append(inf if closed is None else float(now - closed))
        adopted = state.adopted.get(desk.symbol)
        opened.append(-1 if adopted is None else horizons.get(adopted.horizon, -1))
    return Held(np.array(weights), np.array(held), np.array(since), np.array(opened, dtype=np.int64))


def budget_of(desk: Desk) -> Decimal:
    """The budget that weights are parts of. Raises `InvariantError` without one."""
    budget = desk.budget
    if budget is None:
        raise InvariantError(
            "a pipeline's weights are parts of a budget",
            field=f"strategies.{desk.strategy}.budget",
            remedy="set a budget in base currency",
        )
    return budget
