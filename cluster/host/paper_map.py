"""The desk's settings, mapped to what a paper venue and the market it trades on are set up with."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from actors.venues.matching.instruments import Instrument as PaperInstrument
    from cluster.host.launch import Launch
    from cluster.paper.funding import ConstantFunding
    from cluster.paper.settings import MarketSource, PaperSettings, TimeSettings
    from cluster.session_feed import FeedPlan
    from config import DeskConfig

# Settings modules are imported where they are used: a process pays only for the actor it hosts.


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
