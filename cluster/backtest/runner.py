"""`backtest`: a configured desk over recorded data, from Python or from the command line."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from decimal import Decimal
from pathlib import Path

import msgspec

from cluster.backtest.desk import BacktestDesk
from cluster.backtest.export import recorded_run
from cluster.backtest.funding import open_funding
from cluster.backtest.harvest import Harvest
from cluster.backtest.market import MarketData, open_market, prices_of
from cluster.backtest.record import OrderCounts, ReportSettings, RunRecord, SymbolInfo
from cluster.backtest.result import BacktestResult
from cluster.backtest.sliced import SlicedDesk
from cluster.code_version import code_version
from cluster.feeds.window import MadeQuotes
from cluster.host import paper_map
from cluster.host.strategy_check import require_bars_in
from config import DeskConfig, LoadedConfig, load_config
from config.schema.base import format_money
from messages.errors import ConfigurationError, InvariantError
from messages.intents import Verdict
from messages.orders import OrderState

CONFLATION = (
    "A backtest sees every quote; a live desk that falls behind sees the latest and passes over the rest."
)
EXACT_TIME = (
    "Decisions, commands and reports happen at their exact desk time, and nothing is known before its time."
)
SLICES = (
    "Time was granted in slices of {:g} ms, as in a replay in lockstep: what is decided within a slice reaches the "
    "venues at its end."
)
GENERATED = "The market was generated from seed {}: these figures say nothing about a real one."
MADE_QUOTES = (
    "Strategies saw a quote at the close of each bar, or at the price of each trade where no quotes were recorded. "
    "These quotes count as rows."
)
NO_FUNDING = "No funding was charged or paid."
FUNDING = "Funding is due on the position at its time, with the mid of that moment as mark price."


class Progress(msgspec.Struct, frozen=True):
    """How far a run is: rows played, of how many in all (None when that is not known), and the desk time reached."""

    rows: int
    total: int | None
    time: int


def backtest(
    config: LoadedConfig | Path | str,
    data: Sequence[Path | str] = (),
    *,
    start: int | None = None,
    end: int | None = None,
    funding: Sequence[Path | str] = (),
    overrides: Sequence[str] = (),
    cache: Path | None = None,
    progress: Callable[[Progress], None] | None = None,
    settings: ReportSettings | None = None,
    keep_journal: bool = False,
    lockstep: bool = False,
) -> BacktestResult:
    """Run a desk over recorded data, or over the synthetic market of its settings when no data is given.

    `config` is a profile's name, a file or folder of settings, or settings that were loaded; `overrides` are texts
    `path=value`. `data` are files, folders or patterns; `start` and `end` (ns UTC, inclusive) narrow what they
    cover. `funding` are files or folders of funding rates, which take the place of constant ones in the settings.
    `cache` is where decoded files are kept, by default below `~/.raydesk`. With `keep_journal` every step of every
    actor is kept in memory, to be replayed (`BacktestResult.recorded`, `write_export`); the run is slower then. With
    `lockstep` desk time is granted in slices of `feed.slice` as `raydesk run --speed lockstep` does, and the run has
    the fingerprint of that one. The same settings, data and code give the same result to the last byte.

    Raises `ConfigurationError`, `DataProviderError`, and `InvariantError` when the books of desk and venues differ
    in the end.
    """
    loaded = (
        config
        if isinstance(config, LoadedConfig)
        else load_config(config, environ=os.environ, overrides=overrides)
    )
    loaded = loaded.simulated
    if isinstance(config, LoadedConfig) and overrides:
        raise ConfigurationError(
            "settings that are loaded already can't be overridden",
            field="overrides",
            value=", ".join(overrides),
            remedy="give a profile's name or a path instead",
        )
    desk, market = prepare(
        loaded,
        data,
        start=start,
        end=end,
        funding=funding,
        cache=cache,
        keep_journal=keep_journal,
        lockstep=lockstep,
    )
    desk.run(_reporter(market, progress))
    result = result_of(loaded, desk, market, settings)
    if keep_journal:
        result.recorded = recorded_run(loaded, desk, market, str(_cache_folder(cache).resolve()))
    return result


def prepare(
    loaded: LoadedConfig,
    data: Sequence[Path | str] = (),
    *,
    start: int | None = None,
    end: int | None = None,
    funding: Sequence[Path | str] = (),
    cache: Path | None = None,
    keep_journal: bool = False,
    lockstep: bool = False,
    market: MarketData | None = None,
) -> tuple[BacktestDesk | SlicedDesk, MarketData]:
    """The desk of a backtest and its market, ready to run; see `backtest`.

    `market` is this data in this window where it is open already, for many runs over the same.
    """
    settings = loaded.config
    if market is None:
        files = [Path(each) for each in data]
        market = open_market(settings, files, _cache_folder(cache), start=start, end=end)
        require_bars_in(settings, market.feeds)
    rates, rate_files = open_funding(settings, funding)
    market = msgspec.structs.replace(market, files=(*market.files, *rate_files))
    kind = SlicedDesk if lockstep else BacktestDesk
    desk = kind(settings, market.feeds, market.start, market.end, keep_journal=keep_journal, funding=rates)
    return desk, market


def _cache_folder(chosen: Path | None) -> Path:
    return chosen or Path.home() / ".raydesk" / "cache"


def result_of(
    loaded: LoadedConfig,
    desk: BacktestDesk | SlicedDesk,
    market: MarketData,
    settings: ReportSettings | None = None,
) -> BacktestResult:
    """What a desk that has run leaves: its record, with prices and arrival quotes. Raises `InvariantError`."""
    require_equal_books(desk)
    config, harvest = loaded.config, desk.harvest
    fingerprint = harvest.fingerprint()
    record = RunRecord(
        config_hash=loaded.hash,
        code_version=code_version(),
        seed=config.desk.seed,
        name=config.desk.name,
        base_currency=config.desk.base_currency,
        starting_balances={name: dict(venue.starting_balances) for name, venue in config.venues.items()},
        start=market.start,
        end=market.end,
        symbols=_symbols(config, market),
        files=market.files,
        fills=harvest.fills,
        funding=harvest.funding,
        orders=_counts(harvest),
        rows=desk.rows,
        decisions=harvest.decisions,
        no_trades={reason.value: count for reason, count in sorted(harvest.no_trades.items())},
        fill_model={name: fill_model(config, name) for name in config.venues},
        notes=_notes(
            config,
            start=market.start,
            recorded=bool(market.files),
            charged=desk.has_funding,
            sliced=isinstance(desk, SlicedDesk),
            made_quotes=any(isinstance(feed, MadeQuotes) for feed in market.feeds.values()),
        ),
        fingerprint=fingerprint,
        rates=dict(config.desk.rates),
    )
    chosen = settings or ReportSettings(day_boundary=str(config.risk.day_boundary))
    return BacktestResult(record, prices_of(market.feeds), harvest.arrivals, chosen)


def require_equal_books(desk: BacktestDesk | SlicedDesk) -> None:
    """Cash and positions as the venues have them are those that risk has, to the last digit.

    Raises `InvariantError` otherwise: then no figure of the run can be trusted.
    """
    risk = desk.actors["risk"].state
    for venue in desk.venues.values():
        truth = venue.engine.account(desk.config.desk.name)
        known = risk.accounts.get(venue.name)
        balances = {} if known is None else {name: each for name, each in known.balances.items() if each}
        if balances != {name: each for name, each in truth.balances.items() if each}:
            raise _unequal(f"cash at {venue.name}", balances, truth.balances)
        for symbol, listed in desk.config.symbols.items():
            if listed.venue != venue.name:
                continue
            held = truth.positions[symbol].quantity if symbol in truth.positions else 0
            holding = risk.holdings.get(f"{venue.name}/{symbol}")
            if (holding.position if holding is not None else 0) != held:
                raise _unequal(f"position in {symbol} at {venue.name}", holding, held)


def _unequal(what: str, desk: object, venue: object) -> InvariantError:
    return InvariantError(
        f"{what}: the venue has {venue}", field="books", value=desk, remedy="a defect of the desk; report it"
    )


def fill_model(config: DeskConfig, name: str) -> str:
    """How orders are filled at a venue, in one sentence."""
    venue = config.venues[name]
    queue = "behind the size displayed at their price" if venue.fill.queue_position else "first in line"
    slippage = venue.fill.slippage
    further = f" and more of that size, each {slippage:%} worse" if slippage else ""
    worse = f" worsened by {slippage:%}" if slippage else ""
    models = {
        "top": f"takers get the displayed best price and size{further}, passive orders wait {queue} for prints and "
        "quotes through them",
        "depth": f"takers walk the displayed levels, passive orders wait {queue} for prints and quotes through them",
        "trades": f"takers get the size of the last print{further}, passive orders wait {queue} for prints",
        "bars": f"market orders fill at the next bar's open{worse}, limits only when a bar trades through them, "
        "stops at the worse of stop and open; where one bar could reach both, stops come first",
        "none": "orders meet each other only",
    }
    return (
        f"{models[venue.fill.market]}; {venue.latency_order / 1e6:g} ms to the book, "
        f"{venue.latency_report / 1e6:g} ms back"
    )


def _symbols(config: DeskConfig, market: MarketData) -> tuple[SymbolInfo, ...]:
    return tuple(
        SymbolInfo(
            each.symbol,
            config.symbols[each.symbol].venue,
            each.quote_currency,
            each.multiplier,
            each.tick,
            each.maker_fee,
            each.taker_fee,
            config.desk.rate_of(each.quote_currency) or Decimal(1),
        )
        for each in paper_map.paper_instruments(config)
        if each.symbol in market.feeds
    )


def _notes(
    config: DeskConfig, *, start: int, recorded: bool, charged: bool, sliced: bool, made_quotes: bool
) -> tuple[str, ...]:
    time = SLICES.format(config.feed.slice / 1e6) if sliced else EXACT_TIME
    notes = [] if recorded else [GENERATED.format(config.feed.synthetic.seed)]
    notes += [CONFLATION, time, *([MADE_QUOTES] if made_quotes else []), FUNDING if charged else NO_FUNDING]
    if config.desk.rates:
        rates = ", ".join(
            f"1 {currency} = {format_money(rate)}" for currency, rate in config.desk.rates.items()
        )
        notes.append(f"Valued at fixed rates: {rates} {config.desk.base_currency}.")
    if config.desk.rate_symbols:
        symbols = ", ".join(config.desk.rate_symbols.values())
        notes.append(f"Risk counted currencies by the marks of {symbols}; this report does not.")
    models = [folder for each in config.strategies.values() if each.enabled for folder in each.models]
    if models:
        from cluster.models.hindsight import hindsight_of  # few desks have models

        notes += hindsight_of(models, start)
    return tuple(notes)


def _counts(harvest: Harvest) -> OrderCounts:
    states = harvest.orders.states()
    return OrderCounts(
        intents=harvest.intents,
        approved=harvest.verdicts[Verdict.APPROVED],
        resized=harvest.verdicts[Verdict.RESIZED],
        rejected={reason.value: count for reason, count in sorted(harvest.rejected.items())},
        placed=harvest.orders.orders_seen,
        filled=states[OrderState.FILLED],
        partially_filled=harvest.orders.partially_filled,
        cancelled=states[OrderState.CANCELLED],
        expired=states[OrderState.EXPIRED],
        rejected_by_venue=states[OrderState.REJECTED],
        checks_per_intent=harvest.checks / harvest.intents if harvest.intents else None,
    )


def _reporter(
    market: MarketData, progress: Callable[[Progress], None] | None
) -> Callable[[int, int], None] | None:
    if progress is None:
        return None
    counts = [getattr(feed, "rows", None) for feed in market.feeds.values()]
    total = None if None in counts else sum(counts)
    return lambda rows, time: progress(Progress(rows, total, time))
