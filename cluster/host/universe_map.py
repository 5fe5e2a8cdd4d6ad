"""The universe's settings, mapped to what its actor is set up with; and whether a desk has one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cluster.host.settings_map import traded_symbols
from cluster.host.strategy_places import StrategyPlace, strategy_places
from messages.universe import Tier

if TYPE_CHECKING:
    from actors.operations.universe.settings import Candidate, TierRule, UniverseSettings
    from cluster.session_feed import FeedPlan
    from config import DeskConfig
    from config.schema.universe import CoreTier

_BPS = 10_000


def has_universe(config: DeskConfig, feed: FeedPlan) -> bool:
    """Whether symbols come and go on this desk. Where time is granted they don't: a replay is of what was traded."""
    return config.universe.mode != "off" and not feed.granted


def is_dynamic(place: StrategyPlace) -> bool:
    """Whether the universe starts and retires this strategy actor: that of one symbol."""
    return len(place.symbols) == 1 and place.address == f"strategy/{place.symbols[0]}"


def universe_settings(config: DeskConfig) -> UniverseSettings:
    """Candidates and rules of the universe actor."""
    from actors.operations.universe import settings as target

    chosen = config.universe
    near = chosen.near_misses
    return target.UniverseSettings(
        candidates=_candidates(config),
        mode=target.UniverseMode(chosen.mode),
        start=_start(config),
        every=chosen.every,
        size=chosen.size,
        tiers=(
            _tier(Tier.CORE, chosen.core),
            _tier(Tier.SATELLITE, chosen.satellite),
            _tier(Tier.TACTICAL, chosen.tactical),
        ),
        weights=target.Weights(
            float(chosen.weights.liquidity), float(chosen.weights.spread), float(chosen.weights.volatility)
        ),
        near=target.NearMiss(float(near.tolerance), float(near.max_spread * _BPS), near.most),
        steadiness=target.Steadiness(
            chosen.enter_cycles,
            chosen.exit_cycles,
            float(chosen.exit_slack),
            chosen.changes_a_day,
            chosen.reentry,
        ),
        whitelist=frozenset(chosen.whitelist),
        blacklist=frozenset(chosen.blacklist),
        overrides={
            symbol: target.Override(
                None if each.tier is None else Tier(each.tier),
                None if each.min_volume is None else float(each.min_volume),
                None if each.max_spread is None else float(each.max_spread * _BPS),
                None if each.min_depth is None else float(each.min_depth),
            )
            for symbol, each in chosen.overrides.items()
        },
        ban=chosen.ban,
        regime_symbol=chosen.regime_symbol,
        regimes={
            tier: {name: float(factor) for name, factor in rule.regimes.items()}
            for tier, rule in (
                (Tier.CORE, chosen.core),
                (Tier.SATELLITE, chosen.satellite),
                (Tier.TACTICAL, chosen.tactical),
            )
        },
    )


def symbol_units(config: DeskConfig) -> dict[str, float]:
    """What one unit of each traded symbol counts in base currency at a price of 1."""
    units = {}
    for symbol in traded_symbols(config):
        rate = config.desk.rate_of(symbol.split("-")[1])
        assert rate is not None, symbol  # the settings were refused otherwise
        units[symbol] = float(config.symbols[symbol].multiplier * rate)
    return units


def _start(config: DeskConfig) -> tuple[str, ...]:
    chosen, traded = config.universe.start, traded_symbols(config)
    if chosen is None:
        return () if config.universe.mode == "dynamic" else tuple(traded)
    return tuple(traded) if isinstance(chosen, str) else tuple(chosen)


def _candidates(config: DeskConfig) -> tuple[Candidate, ...]:
    from actors.operations.universe.settings import Candidate
    from cluster.host.tree_plan import strategy_spec

    places = strategy_places(config)
    return tuple(
        Candidate(
            symbol,
            config.symbols[symbol].venue,
            tuple(place.address for place in places if symbol in place.symbols),
            next(
                (
                    strategy_spec(config, place)
                    for place in places
                    if is_dynamic(place) and place.symbols == (symbol,)
                ),
                None,
            ),
        )
        for symbol in traded_symbols(config)
    )


def _tier(tier: Tier, chosen: CoreTier) -> TierRule:
    from actors.operations.universe.settings import Floors, TierRule

    floors = Floors(float(chosen.min_volume), float(chosen.max_spread * _BPS), float(chosen.min_depth))
    return TierRule(tier, floors, chosen.most)
