"""How often a step machine stores and checks its state, and how patient it is with inputs that fail."""

from __future__ import annotations

import msgspec


class StepSettings(msgspec.Struct, frozen=True):
    """How often to snapshot and digest (see `cluster.steps.digests`), how patient to be with poison, how much
    history to keep for replay.

    `lone_deaths` deaths without a word at one step make inputs be taken one by one; `poison_deaths` of them, the
    later ones with one and the same input in hand, give that input up. `hash_outputs` and `report_steps` are off in
    backtests, where nobody reads them.
    """

    snapshot_every: int = 500
    digest_every: int = 50
    poison_attempts: int = 3
    lone_deaths: int = 3
    poison_deaths: int = 6
    keep_steps: int = 100_000
    trim_every: int = 1_000
    hash_outputs: bool = True
    report_steps: bool = True
