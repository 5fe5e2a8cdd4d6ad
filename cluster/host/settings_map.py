"""The desk's settings, mapped to what each actor is set up with: actors know nothing of configuration files."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import msgspec

from cluster.host.strategy_places import place_of
from messages.child_specs import SECOND, GiveUpPolicy

if TYPE_CHECKING:
    from actors.execution.routing.settings import RoutingSettings
    from actors.execution.settings import ExecutionSettings
    from actors.precheck.funds import Collateral
    from actors.strategy.intelligence.settings import IntelligenceSettings
    from actors.strategy.schedule import ScheduleSettings
    from actors.strategy.settings import (
        FaultSettings,
        Instrument,
        StrategyActorSettings,
        StrategySettings,
    )
    from actors.venues.port import VenueTraits
    from cluster.host.actor_host import HostSettings
    from cluster.logs import LogSettings
    from cluster.steps.machine import StepSettings
    from config import DeskConfig
    from config.schema.routing import RoutingSettings as ChosenRouting
    from config.schema.strategies import IntelligenceSettings as ChosenIntelligence
    from config.schema.strategies import ScheduleSettings as ChosenSchedule

# Settings modules are imported where they are used: a process pays only for the actor it hosts.


def log_settings(config: DeskConfig) -> LogSettings:
    """What every process logs, how and where."""
    from cluster.logs import LogSettings

    chosen = config.logging
    return LogSettings(
        level=chosen.level,
        format=chosen.format,
        file=chosen.file,
        max_bytes=chosen.max_bytes,
        backups=chosen.backups,
        levels=dict(chosen.levels),
    )


def host_settings(config: DeskConfig) -> HostSettings:
    """Heartbeat, lease and patience of every host, on machine time."""
    from cluster.host.actor_host import HostSettings

    supervision = config.supervision
    return HostSettings(
        heartbeat_s=supervision.heartbeat_interval / SECOND,
        lease_s=supervision.lease / SECOND,
        on_store_loss_s=config.redis.on_store_loss / SECOND,
        stale_after=config.feed.max_quote_age,
    )


def step_settings(config: DeskConfig) -> StepSettings:
    """Snapshots, digests, poison and retention of every actor."""
    from cluster.steps.machine import StepSettings

    supervision = config.supervision
    return StepSettings(
        snapshot_every=supervision.snapshot_every,
        digest_every=supervision.digest_every,
        poison_attempts=supervision.poison_attempts,
        keep_steps=supervision.journal_retention_steps,
    )


def strategy_settings(config: DeskConfig, owner: str) -> StrategyActorSettings:
    """All enabled strategies of the actor `strategy/<owner>`, in the order in which they are configured.

    `owner` is a symbol, or a strategy that decides on a group of them.
    """
    from actors.strategy.settings import StrategyActorSettings

    place = place_of(config, owner)
    chosen = [_strategy(config, name, symbol) for name in place.strategies for symbol in place.symbols]
    settings = StrategyActorSettings(
        strategies=tuple(chosen),
        max_quote_age=config.feed.max_quote_age,
        strict=config.desk.environment == "live",
        has_universe=config.universe.mode != "off",
        faults=_fault_settings(config),
    )
    if config.feed.live:
        settings = msgspec.structs.replace(settings, max_clock_offset=config.feed.clock_bound)
    return settings


def _fault_settings(config: DeskConfig) -> FaultSettings:
    """A strategy beside others is given up by the rules by which supervisors give their children up."""
    from actors.strategy.settings import FaultSettings

    supervision = config.supervision
    return FaultSettings(
        failures=supervision.intensity.restarts,
        period=supervision.intensity.period,
        rest_min=supervision.backoff.minimum,
        rest_max=supervision.backoff.maximum,
        quiet_time=supervision.quiet_time,
    )


def traded_symbols(config: DeskConfig) -> list[str]:
    """The symbols that an enabled strategy trades, in configured order."""
    wanted = {
        symbol
        for name in config.strategies
        if config.strategies[name].enabled
        for symbol in config.symbols_of(name)
    }
    return [symbol for symbol in config.symbols if symbol in wanted]


def _strategy(config: DeskConfig, name: str, symbol: str) -> StrategySettings:
    from actors.strategy.settings import (
        CooldownSettings,
        ExitSettings,
        OrderSettings,
        OrderStyle,
        StrategySettings,
    )
    from messages.intents import Route

    strategy = config.strategies[name]
    order = strategy.order
    resting = order.style != "market"
    time_to_live = order.time_to_live or config.venues[config.symbols[symbol].venue].order_ttl
    return StrategySettings(
        id=name,
        kind=strategy.kind,
        instrument=_instrument(config, symbol),
        order=OrderSettings(
            notional=order.notional,
            style=OrderStyle(order.style),
            offset_ticks=order.offset_ticks,
            time_to_live=time_to_live if resting else None,
            deadline=order.deadline,
            route=Route(order.route),
            max_bump=order.max_bump,
        ),
        parameters=dict(strategy.parameters),
        exits=ExitSettings(
            stop=strategy.stop,
            target=strategy.target,
            trailing=strategy.trailing,
            max_holding=strategy.max_holding,
        ),
        cooldown=CooldownSettings(after_entry=strategy.cooldown, after_close=strategy.cooldown),
        budget=strategy.budget,
        budget_parts=1 if strategy.group else len(config.symbols_of(name)),
        weight=strategy.weight,
        group=strategy.group,
        deduplicate=strategy.deduplicate,
        schedule=schedule_settings(strategy.schedule),
        models=strategy.models,
        allow_pickle=strategy.allow_pickle,
        intelligence=_intelligence(strategy.intelligence),
        shadow=strategy.shadow,
        shadow_fee=config.venues[config.symbols[symbol].venue].fees.taker,
        on_give_up=GiveUpPolicy(strategy.on_give_up),
        give_up_stop=strategy.give_up_stop,
    )


def _intelligence(chosen: ChosenIntelligence) -> IntelligenceSettings | None:
    from actors.strategy.intelligence.settings import IntelligenceSettings

    if not chosen.enabled:
        return None
    drawdown = chosen.max_drawdown
    return IntelligenceSettings(
        window=chosen.window,
        min_trades=chosen.min_trades,
        feedback=chosen.feedback,
        min_factor=float(chosen.min_factor),
        max_factor=float(chosen.max_factor),
        max_drawdown=None if drawdown is None else float(drawdown),
        drawdown_window=chosen.drawdown_window,
        rest=chosen.rest,
        fee_rate=float(chosen.fee_rate),
    )


def schedule_settings(chosen: ChosenSchedule) -> ScheduleSettings:
    """When a strategy decides and may enter."""
    from actors.strategy.schedule import MINUTE, DecideOn, ScheduleSettings, SessionWindow
    from config.session_windows import parse_window

    windows = [parse_window(text) for text in chosen.windows]
    return ScheduleSettings(
        decide_on=DecideOn(chosen.on),
        interval=chosen.interval,
        windows=tuple(SessionWindow(each.days, each.begin * MINUTE, each.end * MINUTE) for each in windows),
    )


def _instrument(config: DeskConfig, symbol: str) -> Instrument:
    from actors.strategy.settings import Instrument

    listed = config.symbols[symbol]
    return Instrument(
        symbol=symbol,
        venue=listed.venue,
        tick=listed.tick,
        lot=listed.lot,
        min_quantity=listed.min_quantity,
        min_notional=listed.min_notional,
        max_quantity=listed.max_quantity,
        multiplier=listed.multiplier,
        rate=rate_of(config, symbol),
        fee_in_kind=_fee_in_kind(config, listed.venue),
        taker_fee=config.venues[listed.venue].fees.taker,
    )


def _fee_in_kind(config: DeskConfig, venue: str) -> Decimal:
    """The highest fee that is taken from what is bought; 0 at a venue that takes its fees in money."""
    from cluster.host.venue_map import traits_of

    return config.venues[venue].fees.taker if traits_of(config, venue).fee_in_base else Decimal(0)


def rate_of(config: DeskConfig, symbol: str) -> Decimal:
    """What one unit of the symbol's quote currency counts in base currency."""
    rate = config.desk.rate_of(symbol.split("-")[1])
    assert rate is not None, symbol  # the settings were refused otherwise
    return rate


def execution_settings(config: DeskConfig, venue: str, traits: VenueTraits) -> ExecutionSettings:
    """One venue account, with what its port declares of the venue."""
    from actors.execution.settings import Conversion, ExecutionSettings

    return ExecutionSettings(
        venue=venue,
        traits=traits,
        has_universe=config.universe.mode != "off",
        dry_run=config.desk.environment == "dry_run",
        read_only=config.venues[venue].read_only or config.arming.role == "monitor",
        tick_sizes={
            symbol: listed.tick for symbol, listed in config.symbols.items() if listed.venue == venue
        },
        protective_stop=config.venues[venue].protective_stop,
        routing=routing_settings(config.venues[venue].routing),
        taker_fee=config.venues[venue].fees.taker,
        collateral=_collateral(config, venue),
        conversions={
            symbol: Conversion(*symbol.split("-"))
            for symbol, listed in config.symbols.items()
            if listed.venue == venue and listed.converts
        },
        lot_sizes={symbol: listed.lot for symbol, listed in config.symbols.items() if listed.venue == venue},
    )


def may_write(config: DeskConfig, venue: str) -> bool:
    """Whether anything may be changed at a venue."""
    reading = config.venues[venue].read_only or config.arming.role == "monitor"
    return config.desk.environment != "dry_run" and not reading


def _collateral(config: DeskConfig, venue: str) -> dict[str, Collateral]:
    """What exposures take of the account, as far as the settings say: an account's own leverage is not known here."""
    from actors.precheck.funds import Collateral
    from config.schema.venues import PaperVenueSettings

    chosen = config.venues[venue]
    if isinstance(chosen, PaperVenueSettings):
        rate = chosen.initial_margin
    elif chosen.leverage is not None:
        rate = Decimal(1) / chosen.leverage
    else:
        return {}
    return {
        symbol: Collateral(symbol.split("-")[1], rate, listed.multiplier)
        for symbol, listed in config.symbols.items()
        if listed.venue == venue and not listed.converts
    }


def routing_settings(chosen: ChosenRouting) -> RoutingSettings:
    """How a venue's execution actor works what is more than one order."""
    from actors.execution.routing.settings import RoutingSettings

    return RoutingSettings(
        maker_patience_ns=chosen.maker_patience,
        fallback_margin_ns=chosen.fallback_margin,
        reprice_drift=chosen.reprice_drift,
        reprice_interval_ns=chosen.reprice_interval,
        max_reprices=chosen.max_reprices,
        max_rejects=chosen.max_rejects,
        offset_ticks=chosen.offset_ticks,
        max_offset_ticks=chosen.max_offset_ticks,
        cost_budget=chosen.cost_budget,
        quote_age_ns=chosen.quote_age,
        twap_notional=chosen.twap_notional,
        twap_slices=chosen.twap_slices,
        twap_interval_ns=chosen.twap_interval,
        quality_orders=chosen.quality_orders,
        tuning_symbols=chosen.tuning.symbols,
        tuning_offset_step=chosen.tuning.offset_step,
        tuning_bias_step=float(chosen.tuning.bias_step),
        tuning_every=chosen.tuning.every,
    )
