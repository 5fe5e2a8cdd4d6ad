"""The desk's settings, mapped to what each actor is set up with: actors know nothing of configuration files."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import msgspec

from cluster.host.strategy_places import place_of
from messages.child_specs import SECOND

if TYPE_CHECKING:
    from actors.execution.routing.settings import RoutingSettings
    from actors.execution.settings import ExecutionSettings
    from actors.precheck.funds import Collateral
    from actors.risk.limits import RiskSettings
    from actors.risk.treasury_settings import TreasurySettings
    from actors.strategy.intelligence.settings import IntelligenceSettings
    from actors.strategy.schedule import ScheduleSettings
    from actors.strategy.settings import Instrument, StrategyActorSettings, StrategySettings
    from actors.venues.matching.instruments import Instrument as PaperInstrument
    from actors.venues.port import VenueTraits
    from cluster.host.actor_host import HostSettings
    from cluster.host.launch import Launch
    from cluster.logs import LogSettings
    from cluster.paper.funding import ConstantFunding
    from cluster.paper.settings import MarketSource, PaperSettings, TimeSettings
    from cluster.session_feed import FeedPlan
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
    )
    if config.feed.live:
        settings = msgspec.structs.replace(settings, max_clock_offset=config.feed.clock_bound)
    return settings


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
        rate=_rate(config, symbol),
        fee_in_kind=_fee_in_kind(config, listed.venue),
        taker_fee=config.venues[listed.venue].fees.taker,
    )


def _fee_in_kind(config: DeskConfig, venue: str) -> Decimal:
    """The highest fee that is taken from what is bought; 0 at a venue that takes its fees in money."""
    from cluster.host.venue_map import traits_of

    return config.venues[venue].fees.taker if traits_of(config, venue).fee_in_base else Decimal(0)


def _rate(config: DeskConfig, symbol: str) -> Decimal:
    """What one unit of the symbol's quote currency counts in base currency."""
    rate = config.desk.rate_of(symbol.split("-")[1])
    assert rate is not None, symbol  # the settings were refused otherwise
    return rate


def risk_settings(config: DeskConfig) -> RiskSettings:
    """Limits and instruments of the portfolio risk actor."""
    from actors.risk.limits import RiskInstrument, RiskLimits, RiskSettings

    risk = config.risk
    limits = {name: getattr(risk, name) for name in RiskLimits.__struct_fields__ if hasattr(risk, name)}
    instruments = tuple(
        RiskInstrument(
            symbol=symbol,
            venue=listed.venue,
            tick=listed.tick,
            lot=listed.lot,
            min_quantity=listed.min_quantity,
            max_quantity=listed.max_quantity,
            min_notional=listed.min_notional,
            multiplier=listed.multiplier,
            quote_currency=symbol.split("-")[1],
            rate=_rate(config, symbol),
            spot=_is_spot(config, symbol),
            converts=listed.converts,
            taker_fee=config.venues[listed.venue].fees.taker,
        )
        for symbol, listed in config.symbols.items()
    )
    return RiskSettings(
        instruments=instruments,
        limits=RiskLimits(**limits),
        base_currency=config.desk.base_currency,
        rates=dict(config.desk.rates),
        kill_switch=risk.kill_switch,
        flatten_on_halt=risk.on_halt == "flatten",
        day_boundary=risk.day_boundary,
        treasury=_treasury_settings(config),
        has_universe=config.universe.mode != "off",
    )


def _is_spot(config: DeskConfig, symbol: str) -> bool:
    """Whether buying a symbol makes an owner: no contract, and not on margin."""
    from config.schema.venues import PaperVenueSettings

    venue = config.venues[config.symbols[symbol].venue]
    on_margin = not isinstance(venue, PaperVenueSettings) or venue.initial_margin < 1
    return not on_margin and not symbol.endswith("-PERP")


def _treasury_settings(config: DeskConfig) -> TreasurySettings:
    """What is done about idle cash and unwanted positions."""
    from actors.risk.treasury_settings import TreasurySettings
    from messages.treasury import TreasuryOperation

    chosen = config.treasury
    return TreasurySettings(
        every=chosen.every,
        automatic=tuple(each for each in TreasuryOperation if getattr(chosen, each.value).automatic),
        reserve=dict(chosen.sweep.reserve),
        into=chosen.sweep.into,
        sweep_least=chosen.sweep.min_value,
        slippage=chosen.sweep.slippage,
        fee_buffer=chosen.sweep.fee_buffer,
        eligible=chosen.purge.eligible,
        purge_least=chosen.purge.min_value,
        purge_most=chosen.purge.most,
        trim_tolerance=chosen.trim.tolerance,
        trim_below=chosen.trim.below,
        convert=chosen.convert.enabled,
        convert_slippage=chosen.convert.slippage,
    )


def execution_settings(config: DeskConfig, venue: str, traits: VenueTraits) -> ExecutionSettings:
    """One venue account, with what its port declares of the venue."""
    from actors.execution.settings import Conversion, ExecutionSettings

    return ExecutionSettings(
        venue=venue,
        traits=traits,
        dry_run=config.desk.environment == "dry_run",
        read_only=config.venues[venue].read_only,
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


def paper_instruments(config: DeskConfig, venue: str | None = None) -> tuple[PaperInstrument, ...]:
    """The instruments of a paper venue (of all venues when none is named), with fees and fill model."""
    from actors.venues.matching.instruments import Instrument as PaperInstrument
    from actors.venues.matching.instruments import MarketKind, MarketModel

    found = []
    for symbol, listed in config.symbols.items():
        if venue not in (None, listed.venue):
            continue
        chosen = config.venues[listed.venue].simulated
        model = MarketModel(
            kind=MarketKind(chosen.fill.market),
            queue_position=chosen.fill.queue_position,
            slippage=chosen.fill.slippage,
            max_participation=chosen.fill.max_participation,
        )
        found.append(
            PaperInstrument(
                symbol=symbol,
                tick=listed.tick,
                lot=listed.lot,
                min_quantity=listed.min_quantity,
                min_notional=listed.min_notional,
                multiplier=listed.multiplier,
                quote_currency=symbol.split("-")[1],
                maker_fee=chosen.fees.maker,
                taker_fee=chosen.fees.taker,
                market=model,
                converts=listed.converts,
            )
        )
    return tuple(found)


def paper_funding(config: DeskConfig, venue: str) -> tuple[ConstantFunding, ...]:
    """The constant funding of a paper venue's symbols; none where the rate is 0."""
    from cluster.paper.funding import ConstantFunding

    chosen = config.venues[venue].simulated.funding
    if not chosen.rate:
        return ()
    return tuple(
        ConstantFunding(symbol=symbol, rate=chosen.rate, interval=chosen.interval)
        for symbol, listed in config.symbols.items()
        if listed.venue == venue and (chosen.symbols == "all" or symbol in chosen.symbols)
    )


def paper_settings(config: DeskConfig, launch: Launch, venue: str) -> PaperSettings:
    """A paper venue on the same market data as the desk."""
    from actors.venues.matching.instruments import AccountSettings, EngineSettings
    from cluster.paper.faults import FaultSettings
    from cluster.paper.settings import PaperSettings

    chosen = config.venues[venue].simulated
    faults = chosen.faults
    return PaperSettings(
        folder=str(launch.venue_folder(venue)),
        venue=venue,
        instruments=paper_instruments(config, venue),
        account=AccountSettings(
            account=config.desk.name,
            balances=dict(chosen.starting_balances),
            allow_short=chosen.allow_short,
            initial_margin=chosen.initial_margin,
        ),
        source=market_source(config, launch.feed, venue),
        time=_venue_time(launch.feed),
        funding=paper_funding(config, venue),
        engine=EngineSettings(order_latency=chosen.latency_order, report_latency=chosen.latency_report),
        faults=FaultSettings(
            seed=faults.seed,
            late=float(faults.late_ratio),
            late_by=faults.late_by,
            lost_before=float(faults.drop_ratio) / 2,
            lost_after=float(faults.drop_ratio) / 2,
            duplicated_events=float(faults.duplicate_ratio),
        ),
        host=chosen.host,
        port=chosen.port or 0,
    )


def market_source(config: DeskConfig, feed: FeedPlan, venue: str | None = None) -> MarketSource:
    """Where market data comes from: the recorded files of the run, or the synthetic market of the settings."""
    from cluster.paper.settings import MarketShapeSettings, RecordedSource, SyntheticSource

    listed = {symbol: each for symbol, each in config.symbols.items() if venue in (None, each.venue)}
    if config.feed.mode == "recorded":
        return RecordedSource(
            paths=feed.files,
            listings={each.listing: symbol for symbol, each in listed.items()},
            cache_folder=feed.cache,
            include_depth=needs_depth(config),
            bar_time=config.feed.bar_time,
            one_sided=config.feed.one_sided,
        )
    synthetic = config.feed.synthetic
    return SyntheticSource(
        seed=synthetic.seed,
        start_time=feed.start,
        duration=synthetic.duration,
        shapes={
            symbol: MarketShapeSettings(
                start_price=float(synthetic.start_prices[symbol]),
                volatility=synthetic.volatility,
                minimum_spread_ticks=synthetic.spread_ticks,
                quotes_per_second=float(synthetic.quotes_per_second),
                median_size=_median_size(synthetic.start_prices[symbol]),
            )
            for symbol in listed
        },
    )


def needs_depth(config: DeskConfig) -> bool:
    """Whether any venue fills from the displayed levels: only then are they read."""
    return any(venue.simulated.fill.market == "depth" for venue in config.venues.values())


def _median_size(price: Decimal) -> float:
    """About 20,000 in quote currency at the touch, whatever a unit costs."""
    return 20_000 / float(price)


def _venue_time(feed: FeedPlan) -> TimeSettings:
    from cluster.paper.settings import TimeMode, TimeSettings

    if feed.granted:
        return TimeSettings(mode=TimeMode.GRANTED, start=feed.start)
    assert feed.anchor is not None
    return TimeSettings(
        mode=TimeMode.PACED, start=feed.anchor.desk, speed=feed.anchor.speed, wall_start=feed.anchor.wall
    )
