"""From desks and bars to the arrays that the planning kernel is given: one number per symbol, NaN for none."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from math import inf, nan
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from actors.strategy.pipeline import market
from actors.strategy.pipeline.arrays import Floats, some
from actors.strategy.pipeline.columns import Barriers
from actors.strategy.pipeline.gating import (
    CHOP_LOOKBACK,
    average_true_range,
    bad_tick_measures,
    bars_seen,
    spread_bps,
)
from actors.strategy.pipeline.kernel import Held, Market, Words
from actors.strategy.pipeline.memory import PipelineMemory
from actors.strategy.pipeline.settings import MINUTE, PipelineParameters
from config.duration import SECOND
from messages.errors import InvariantError

if TYPE_CHECKING:
    from actors.strategy.desk import Desk


def mids_of(desks: Sequence[Desk]) -> Floats:
    """float64[S]: the middle of each quote that may be decided on, NaN for the others."""
    return np.array([each.view.mid if each.is_fresh else nan for each in desks])


def market_of(desks: Sequence[Desk], bars: Floats, barriers: Barriers, chosen: PipelineParameters) -> Market:
    """What the market is like; `bars` is float64[S,L,5]."""
    per_day = chosen.day_minutes * MINUTE / chosen.interval
    found = measured(bars, chosen.volatility_bars, per_day, chosen.gates.chop.lookback)
    volume = chosen.costs.daily_volume
    views = [each.view for each in desks]
    ages = [view.quote_age(desks[0].now) for view in views]
    return Market(
        spread_bps=spread_bps(np.array([view.bid for view in views]), np.array([view.ask for view in views])),
        quote_age_ns=np.array([nan if age is None else float(age) for age in ages]),
        price_deviation=found.price_deviation,
        volume_ratio=found.volume_ratio,
        bars=found.bars,
        atr_ratio=found.atr_ratio,
        atr=found.atr,
        volatility_daily=found.volatility_daily,
        adv=found.adv if volume is None else np.full(len(desks), volume),
        planned=np.array([_planned(each, chosen) for each in desks]),
        fee_bps=np.array([fee_bps_of(each, chosen) for each in desks]),
        p_peak=barriers.peak,
        p_valley=barriers.valley,
        y_peak=barriers.second,
    )


def words_of(memory: PipelineMemory, prior_slopes: Floats, now: int) -> Words:
    """What the models said last, and what is known of them at desk time `now`."""
    age_s = now - np.array(memory.state.bars, dtype=np.float64)
    age_s /= SECOND
    learned = memory.learned
    has_a_say = some(learned.share > 0.0)
    statistics, proven = memory.statistics(prior_slopes)
    return Words(
        raw=memory.raw,
        z=memory.z,
        age_s=age_s[:, None, None],
        statistics=statistics,
        standing=proven,
        agreement=memory.correlations.agreement(),
        learned=learned.models if has_a_say else None,
        learned_share=learned.share,
        preference=learned.preference if has_a_say else None,
    )


class Measures(NamedTuple):
    """What the bars say of the market, float64[S] each; see `kernel.Market`."""

    price_deviation: Floats
    volume_ratio: Floats
    bars: Floats
    atr_ratio: Floats
    atr: Floats
    volatility_daily: Floats
    adv: Floats


def measured(
    bars: Floats, volatility_bars: int, per_day: float, chop_lookback: int = CHOP_LOOKBACK
) -> Measures:
    """The measures of float64[S,L,5] of bars, `per_day` of which are a day."""
    deviation, volume_ratio = bad_tick_measures(bars)
    atr, ratio = average_true_range(bars, chop_lookback)
    return Measures(
        deviation,
        volume_ratio,
        bars_seen(bars),
        ratio,
        atr,
        market.daily_volatility(bars, volatility_bars, per_day),
        market.daily_volume(bars, volatility_bars, per_day),
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
    factors = np.array([each.size_factor for each in desks])
    return Held(
        np.array(weights),
        np.array(held),
        np.array(since),
        np.array(opened, dtype=np.int64),
        factors if some(factors != 1.0) else None,
    )


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
