"""What the universe actor is set up with: the candidates, and the rules by which they come and go."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

import msgspec

from actors.operations.universe.regime import Regime
from messages.base import Address
from messages.child_specs import SECOND, ChildSpec
from messages.errors import ConfigurationError
from messages.universe import Tier

HOUR = 3_600 * SECOND
DAY = 24 * HOUR


class UniverseMode(StrEnum):
    """Who decides what is traded."""

    STATIC = "static"
    """the settings, and persons"""
    DYNAMIC = "dynamic"
    """the market's figures, and persons"""


class Candidate(msgspec.Struct, frozen=True):
    """A symbol that may be traded: at which venue, by which strategy actors, and the one of its own, if any."""

    symbol: str
    venue: str
    actors: tuple[Address, ...]
    child: ChildSpec | None = None


class Floors(msgspec.Struct, frozen=True):
    """What a market must offer: `volume` of 24 h and `depth` in base currency, at most `spread_bps`."""

    volume: float
    spread_bps: float
    depth: float


class TierRule(msgspec.Struct, frozen=True):
    """One tier: its floors, and how many symbols it holds at most."""

    tier: Tier
    floors: Floors
    most: int


class Override(msgspec.Struct, frozen=True):
    """What is different for one symbol; None where nothing is. A symbol with a `tier` has a place in no other."""

    tier: Tier | None = None
    volume: float | None = None
    spread_bps: float | None = None
    depth: float | None = None


class Weights(msgspec.Struct, frozen=True):
    """Parts of a score."""

    liquidity: float = 0.5
    spread: float = 0.3
    volatility: float = 0.2


class NearMiss(msgspec.Struct, frozen=True):
    """One that misses its volume or its depth by at most the part `tolerance` may have a place all the same.

    Up to `most` per tier, the best scores first; one short of volume only with a spread of at most `spread_bps`.
    """

    tolerance: float = 0.10
    spread_bps: float = 30.0
    most: int = 2


class Steadiness(msgspec.Struct, frozen=True):
    """How slowly the universe follows the figures.

    A symbol comes after `enter_cycles` cycles in a row in which it was fit, leaves after `exit_cycles` in which it was
    not. One that is in is judged by `exit_slack` of the floors. At most `changes_a_day` in any 24 h; who has left does
    not come back for `reentry` ns.
    """

    enter_cycles: int = 3
    exit_cycles: int = 3
    exit_slack: float = 0.95
    changes_a_day: int = 4
    reentry: int = 6 * HOUR


TIERS = (
    TierRule(Tier.CORE, Floors(10e6, 20.0, 100e3), 10),
    TierRule(Tier.SATELLITE, Floors(8e6, 35.0, 25e3), 20),
    TierRule(Tier.TACTICAL, Floors(8e6, 60.0, 10e3), 0),
)
"""The tiers from the best, with the floors that all of them share (8 M a day, 80 bps) worked in."""


_SECOND_RATE: Mapping[str, float] = {Regime.BULL: 1.2, Regime.CHOP: 0.8, Regime.BEAR: 0.5, Regime.CRASH: 0.0}
REGIMES: Mapping[Tier, Mapping[str, float]] = {
    Tier.CORE: {Regime.CRASH: 0.0},
    Tier.SATELLITE: _SECOND_RATE,
    Tier.TACTICAL: _SECOND_RATE,
}
"""By what the places of each tier are multiplied in a regime; 1 where it is not named. In a crash there are none."""


class UniverseSettings(msgspec.Struct, frozen=True):
    """All of it. `start` is what is traded at the very first; `every` how often (ns) the figures are judged.

    Of `whitelist` all is traded that is not banned, of `blacklist` nothing; a ban lasts `ban` ns unless it says how
    long. `size` is the most that is traded at a time by figures. `regime_symbol` tells the market's regime, None for
    none; then the places of the tiers are multiplied by their factors in `regimes`. Raises `ConfigurationError` through
    `check_settings`.
    """

    candidates: tuple[Candidate, ...]
    mode: UniverseMode = UniverseMode.STATIC
    start: tuple[str, ...] = ()
    every: int = HOUR
    size: int = 30
    tiers: tuple[TierRule, ...] = TIERS
    weights: Weights = Weights()
    near: NearMiss = NearMiss()
    steadiness: Steadiness = Steadiness()
    whitelist: frozenset[str] = frozenset()
    blacklist: frozenset[str] = frozenset()
    overrides: Mapping[str, Override] = {}
    ban: int = 168 * HOUR
    regime_symbol: str | None = None
    regimes: Mapping[Tier, Mapping[str, float]] = msgspec.field(default_factory=lambda: REGIMES)


def check_settings(settings: UniverseSettings) -> None:
    """Raise `ConfigurationError` for settings that no universe can work with."""
    known = {each.symbol for each in settings.candidates}
    if not known:
        raise ConfigurationError(
            "there is no candidate", field="universe", remedy="let an enabled strategy trade a symbol"
        )
    for name in ("start", "whitelist", "blacklist", "overrides"):
        foreign = sorted(set(getattr(settings, name)) - known)
        if foreign:
            raise ConfigurationError(
                "no enabled strategy trades it",
                field=f"universe.{name}",
                value=", ".join(foreign),
                remedy=f"name some of {', '.join(sorted(known))}",
            )
    if settings.regime_symbol is not None and settings.regime_symbol not in known:
        raise ConfigurationError(
            "no figures are asked for of a symbol that no enabled strategy trades",
            field="universe.regime_symbol",
            value=settings.regime_symbol,
            remedy=f"name one of {', '.join(sorted(known))}",
        )
    torn = sorted(settings.whitelist & settings.blacklist)
    if torn:
        raise ConfigurationError(
            "a symbol is always traded and never",
            field="universe.whitelist",
            value=", ".join(torn),
            remedy="take it from one of the lists",
        )
    for name in ("every", "size", "ban"):
        if getattr(settings, name) <= 0:
            raise ConfigurationError(
                "must be above zero",
                field=f"universe.{name}",
                value=getattr(settings, name),
                remedy="set a positive value",
            )
