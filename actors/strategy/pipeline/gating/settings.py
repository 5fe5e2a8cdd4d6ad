"""What the gates allow; figures out of range raise `ConfigurationError`.

Every gate can be switched off; its verdict is then `disabled`, and lets everything pass.
"""

from __future__ import annotations

import msgspec

from actors.strategy.pipeline.gating.measures import CHOP_BARS, CHOP_LOOKBACK
from actors.strategy.pipeline.limits import require

SECOND = 1_000_000_000


class BadTickSettings(msgspec.Struct, frozen=True):
    """A close further than `max_deviation` (fraction) from the mean of the 20 bars before it needs `min_volume_ratio`
    of their mean volume to be believed. Exactly the deviation, and exactly the ratio, pass."""

    enabled: bool = True
    max_deviation: float = 0.10
    min_volume_ratio: float = 0.1

    def __post_init__(self) -> None:
        require(self, "gates.bad_tick", "max_deviation", "min_volume_ratio")


class SpreadSettings(msgspec.Struct, frozen=True):
    """The widest spread (bps of the mid) and the oldest quote (ns, by the venue's clock) that are traded on.

    Sheet F's 200 ms suit a feed that repeats its quote; this desk's feeds tell changes only, so that the default is
    `feed.max_quote_age`'s.
    """

    enabled: bool = True
    max_spread_bps: float = 12.0
    max_quote_age_ns: int = 5 * SECOND

    def __post_init__(self) -> None:
        require(self, "gates.spread", "max_spread_bps", "max_quote_age_ns")


class ChopSettings(msgspec.Struct, frozen=True):
    """The least ratio of ATR(14) to the median of those before it, within `lookback` bars (sheet T 4: 1.05 in chop, 1.2
    in bull and bear)."""

    enabled: bool = True
    min_atr_ratio: float = 1.05
    lookback: int = CHOP_LOOKBACK

    def __post_init__(self) -> None:
        require(self, "gates.chop", "min_atr_ratio")
        require(self, "gates.chop", "lookback", least=CHOP_BARS)


class BarrierSettings(msgspec.Struct, frozen=True):
    """Sheet F 5. Probabilities above which a side is blocked or left, and the exponents of the size factor.

    The factor of a long is (1 - p_peak)^gamma * (0.5 + 0.5 p_valley)^delta within `min_factor` and 1; for a short
    the two probabilities swap roles. `bounce` and `rejection` only name an entry.
    """

    enabled: bool = True
    block_peak: float = 0.60
    block_valley: float = 0.55
    exit_peak: float = 0.65
    exit_valley: float = 0.60
    bounce: float = 0.55
    rejection: float = 0.48
    gamma: float = 1.0
    delta: float = 0.5
    min_factor: float = 0.2

    def __post_init__(self) -> None:
        require(self, "gates.barrier", "block_peak", "block_valley", "exit_peak", "exit_valley", most=1.0)
        require(self, "gates.barrier", "bounce", "rejection", "min_factor", most=1.0)
        require(self, "gates.barrier", "gamma", "delta")


class ChurnSettings(msgspec.Struct, frozen=True):
    """How long a position is held before a signal may close or turn it, and how long none is opened after one was
    closed (ns)."""

    enabled: bool = True
    min_hold_ns: int = 120 * SECOND
    reentry_cooldown_ns: int = 300 * SECOND

    def __post_init__(self) -> None:
        require(self, "gates.churn", "min_hold_ns", "reentry_cooldown_ns")


class FeeSettings(msgspec.Struct, frozen=True):
    """How many round trips' taker fees the net edge must pay for."""

    enabled: bool = True
    round_trips: float = 1.5

    def __post_init__(self) -> None:
        require(self, "gates.fees", "round_trips")


class GateSettings(msgspec.Struct, frozen=True):
    """All gates, in the order of their table."""

    bad_tick: BadTickSettings = BadTickSettings()
    spread: SpreadSettings = SpreadSettings()
    chop: ChopSettings = ChopSettings()
    barrier: BarrierSettings = BarrierSettings()
    churn: ChurnSettings = ChurnSettings()
    fees: FeeSettings = FeeSettings()
