"""How samples of returns are taken and weighed, for limits on what a portfolio may lose in bad times."""

from __future__ import annotations

import msgspec

SECOND = 1_000_000_000
MINUTE = 60 * SECOND
DAY = 86_400 * SECOND


class StatisticsSettings(msgspec.Struct, frozen=True, gc=False, kw_only=True, forbid_unknown_fields=True):
    """Samples and the horizon of the figures made of them; times in ns.

    - `enabled`: samples are taken also while no limit needs them, so that they are there when one is set.
    - `spacing`: the time between two samples; `lookback`: how many are kept; the weight of a sample halves every
      `halflife` samples (sheet H 3.6: 500 and 100).
    - `min_samples`: a symbol with fewer is not known, and what depends on it is refused.
    - `tail_samples`: how many the conditional value at risk looks back (sheet H 3.6: 400).
    - `horizon`: losses are told for so long a time, by the square root of time.
    """

    enabled: bool = False
    spacing: int = MINUTE
    lookback: int = 500
    halflife: int = 100
    min_samples: int = 60
    tail_samples: int = 400
    horizon: int = DAY
