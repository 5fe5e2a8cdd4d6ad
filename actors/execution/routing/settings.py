"""What can be set about routing; a plain frozen struct. Durations are ns, ratios fractions."""

from __future__ import annotations

from decimal import Decimal

import msgspec

_SECOND = 1_000_000_000


class RoutingSettings(msgspec.Struct, frozen=True):
    """How intents with a route other than direct are worked.

    - `maker_patience_ns`: how long a slice is worked passively before it is taken; ends early where the deadline
      would leave less than `fallback_margin_ns` for that.
    - `reprice_drift`: how far (fraction of the price) the market must have moved away from a passive order for a new
      price; at most `max_reprices` of them, `reprice_interval_ns` apart. After `max_rejects` orders that the venue did
      not let rest, the slice is taken.
    - `offset_ticks`: distance of passive orders from their own touch where nothing is known of the symbol, and
      `max_offset_ticks` the most that quality or tuning may make of it.
    - `cost_budget`: the most that taking may cost against the arrival price, taker fee included.
    - `quote_age_ns`: an older quote is none.
    - `twap_notional`: smaller intents (quote currency) are not sliced; else `twap_slices` slices, one each
      `twap_interval_ns`, fewer where a slice would be below the venue's minimum.
    - `quality_orders`: over about how many of the latest intents a symbol's quality is reckoned; it counts once so many
      ended. `keep_symbols`: of how many symbols it is remembered.
    - `tuning_symbols`: whose policy may be tuned; empty = nobody's. `tuning_offset_step`, `tuning_bias_step`: the most
      that one proposal may change. After `tuning_every` intents of such a symbol its own record proposes; 0 = never.
    """

    maker_patience_ns: int = 15 * _SECOND
    fallback_margin_ns: int = _SECOND
    reprice_drift: Decimal = Decimal("0.0002")
    reprice_interval_ns: int = _SECOND
    max_reprices: int = 3
    max_rejects: int = 2
    offset_ticks: int = 0
    max_offset_ticks: int = 5
    cost_budget: Decimal = Decimal("0.001")
    quote_age_ns: int = 5 * _SECOND
    twap_notional: Decimal = Decimal(500)
    twap_slices: int = 4
    twap_interval_ns: int = 10 * _SECOND
    quality_orders: int = 20
    keep_symbols: int = 1_000
    tuning_symbols: tuple[str, ...] = ()
    tuning_offset_step: int = 2
    tuning_bias_step: float = 0.05
    tuning_every: int = 0
