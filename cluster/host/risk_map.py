"""The desk's settings, mapped to what the risk actor is set up with."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cluster.host.settings_map import rate_of

if TYPE_CHECKING:
    from actors.risk.allocation_settings import AdaptationSettings, AllocationSettings
    from actors.risk.anomalies import AnomalySettings
    from actors.risk.limits import RiskSettings
    from actors.risk.statistics_settings import StatisticsSettings
    from actors.risk.treasury_settings import TreasurySettings
    from config import DeskConfig

# Settings modules are imported where they are used: a process pays only for the actor it hosts.


def risk_settings(config: DeskConfig) -> RiskSettings:
    """Limits and instruments of the portfolio risk actor."""
    from actors.risk.books.rate_settings import RateSettings
    from actors.risk.limits import RiskInstrument, RiskLimits, RiskSettings

    risk = config.risk
    limits = {name: getattr(risk, name) for name in RiskLimits.__struct_fields__ if hasattr(risk, name)}
    limits["regime_caps"] = dict(risk.regime_caps)
    limits["strict"] = risk.strict or config.desk.environment == "live"
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
            rate=rate_of(config, symbol),
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
        marked=RateSettings(
            symbols=dict(config.desk.rate_symbols),
            step=config.desk.rate_step,
            max_age=config.desk.max_rate_age,
        ),
        kill_switch=risk.kill_switch,
        safe_mode=risk.safe_mode,
        kill_file=risk.kill_file or "",
        anomalies=_anomaly_settings(config),
        flatten_on_halt=risk.on_halt == "flatten",
        day_boundary=risk.day_boundary,
        treasury=_treasury_settings(config),
        statistics=_statistics_settings(config),
        allocation=_allocation_settings(config),
        adaptation=_adaptation_settings(config),
        has_universe=config.universe.mode != "off",
        tiers={symbol: tier for tier, symbols in risk.tiers.items() for symbol in symbols},
        themes=dict(risk.themes),
        overrides={scope: dict(own.own()) for scope, own in risk.overrides.items()},
        live=config.desk.environment == "live",
        venues=tuple(config.venues),
    )


def _statistics_settings(config: DeskConfig) -> StatisticsSettings:
    """How returns are sampled."""
    from actors.risk.statistics_settings import StatisticsSettings

    chosen = config.risk.statistics
    return StatisticsSettings(
        **{name: getattr(chosen, name) for name in StatisticsSettings.__struct_fields__}
    )


def _allocation_settings(config: DeskConfig) -> AllocationSettings:
    """How capital is split; over all strategies that trade, unless some are named."""
    from actors.risk.allocation_settings import AllocationSettings

    chosen = config.risk.allocation
    trading = [name for name, each in config.strategies.items() if each.enabled and not each.shadow]
    names = tuple(trading if chosen.strategies is None else chosen.strategies)
    plain = {name: getattr(chosen, name) for name in type(chosen).model_fields if name != "strategies"}
    return AllocationSettings(strategies=names, **plain)


def _adaptation_settings(config: DeskConfig) -> AdaptationSettings:
    """How far limits adapt."""
    from actors.risk.allocation_settings import AdaptationSettings

    chosen = config.risk.adaptation
    return AdaptationSettings(**{name: getattr(chosen, name) for name in type(chosen).model_fields})


def _anomaly_settings(config: DeskConfig) -> AnomalySettings:
    """What is an anomaly, and how far the desk trades less for it."""
    from actors.risk.anomalies import AnomalySettings

    chosen = config.risk.anomalies
    plain = {name: getattr(chosen, name) for name in AnomalySettings.__struct_fields__ if name != "factors"}
    factors = (chosen.factor_1, chosen.factor_2, chosen.factor_3)
    return AnomalySettings(**plain, factors=factors)


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
