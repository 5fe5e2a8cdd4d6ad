"""The settings of a desk as one whole, and what must agree between its sections."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

from pydantic import Field

from config.duration import SECOND
from config.schema.arming import ArmingSettings
from config.schema.base import Contradiction, EntryName, Settings, Symbol
from config.schema.desk import DeskSettings, LoggingSettings, MetricsSettings
from config.schema.market import FeedSettings, SymbolSettings
from config.schema.risk import RiskSettings
from config.schema.runtime import RaySettings, RedisSettings, SupervisionSettings
from config.schema.strategies import StrategySettings
from config.schema.treasury import TreasurySettings
from config.schema.universe import UniverseSettings
from config.schema.venues import BinanceUsdmSettings, PaperVenueSettings, VenueSettings


class DeskConfig(Settings):
    """Everything a desk is told before it starts. Immutable; loaded by `load_config`."""

    desk: DeskSettings = Field(default=DeskSettings(), description="Name, environment, seed.")
    arming: ArmingSettings = Field(default=ArmingSettings(), description="What live trading needs.")
    redis: RedisSettings = Field(default=RedisSettings(), description="Mailboxes and journals.")
    ray: RaySettings = Field(default=RaySettings(), description="Processes.")
    venues: Mapping[EntryName, VenueSettings] = Field(min_length=1, description="Venue accounts, by name.")
    symbols: Mapping[Symbol, SymbolSettings] = Field(min_length=1, description="Instruments, by symbol.")
    strategies: Mapping[EntryName, StrategySettings] = Field(min_length=1, description="Strategies, by name.")
    risk: RiskSettings = Field(default=RiskSettings(), description="Limits.")
    treasury: TreasurySettings = Field(
        default=TreasurySettings(), description="Idle cash and unwanted positions."
    )
    universe: UniverseSettings = Field(
        default=UniverseSettings(), description="Which of the symbols are traded."
    )
    supervision: SupervisionSettings = Field(
        default=SupervisionSettings(), description="Restarts, heartbeats, snapshots."
    )
    feed: FeedSettings = Field(default=FeedSettings(), description="Prices.")
    logging: LoggingSettings = Field(default=LoggingSettings(), description="Logs.")
    metrics: MetricsSettings = Field(default=MetricsSettings(), description="Metrics.")

    @property
    def simulated(self) -> DeskConfig:
        """These settings for a backtest: paper stands in for every venue, recorded prices for live ones, and all
        symbols of the strategies are traded.
        """
        fixed = self.universe.mode == "off"
        if all(venue.simulated is venue for venue in self.venues.values()) and not self.feed.live and fixed:
            return self
        venues = {name: venue.simulated for name, venue in self.venues.items()}
        feed = self.feed.model_copy(update={"mode": "recorded"}) if self.feed.live else self.feed
        universe = self.universe.model_copy(update={"mode": "off"})
        return self.model_copy(update={"venues": venues, "feed": feed, "universe": universe})

    def contradictions(self) -> Iterator[Contradiction]:
        yield from self._unknown_venues()
        yield from self._shared_listings()
        yield from self._shared_accounts()
        yield from self._foreign_quotes()
        yield from self._unknown_rate_symbols()
        yield from self._senseless_conversions()
        yield from self._unknown_symbols()
        yield from self._unknown_scopes()
        yield from self._ambiguous_groups()
        yield from self._untraded_universe()
        yield from self._foreign_funding()
        yield from self._missing_start_prices()
        yield from self._wrong_feed()
        yield from self._real_money()
        yield from self._live()
        yield from self._late_requests()
        yield from self._impatient_routes()
        if not any(strategy.enabled for strategy in self.strategies.values()):
            yield Contradiction(("strategies",), None, "none is enabled", "enable one of them")

    def symbols_of(self, strategy: str) -> tuple[str, ...]:
        """The symbols that the strategy named `strategy` trades, `all` spelled out.

        Raises KeyError when there is no such strategy.
        """
        chosen = self.strategies[strategy].symbols
        return tuple(self.symbols) if isinstance(chosen, str) else chosen

    def _unknown_venues(self) -> Iterator[Contradiction]:
        for name, symbol in self.symbols.items():
            if symbol.venue not in self.venues:
                yield Contradiction(
                    ("symbols", name, "venue"),
                    symbol.venue,
                    "there is no such venue",
                    f"name one of {', '.join(self.venues)}, or add it to venues",
                )

    def _unknown_scopes(self) -> Iterator[Contradiction]:
        known = {"symbol": self.symbols, "venue": self.venues, "strategy": self.strategies}
        for scope in self.risk.overrides:
            kind, _, name = scope.partition(":")
            names = known.get(kind)
            if names is not None and name not in names:
                yield Contradiction(
                    ("risk", "overrides", scope),
                    name,
                    f"there is no such {kind}",
                    f"name one of {', '.join(names)}",
                )
        named: list[tuple[tuple[str, ...], tuple[str, ...]]] = [
            (("risk", "whitelist"), self.risk.whitelist or ()),
            *((("risk", "tiers", tier), symbols) for tier, symbols in self.risk.tiers.items()),
            *((("risk", "themes", theme), symbols) for theme, symbols in self.risk.themes.items()),
        ]
        for path, symbols in named:
            for symbol in symbols:
                if symbol not in self.symbols:  # what it was meant for would be in no such group
                    yield Contradiction(
                        path, symbol, "there is no such symbol", f"name some of {', '.join(self.symbols)}"
                    )
        for name in self.risk.allocation.strategies or ():
            if name not in self.strategies:
                yield Contradiction(
                    ("risk", "allocation", "strategies"),
                    name,
                    "there is no such strategy",
                    f"name one of {', '.join(self.strategies)}",
                )

    def _shared_listings(self) -> Iterator[Contradiction]:
        listings = Counter((symbol.venue, symbol.listing) for symbol in self.symbols.values())
        for name, symbol in self.symbols.items():
            if listings[symbol.venue, symbol.listing] > 1:
                yield Contradiction(
                    ("symbols", name, "listing"),
                    symbol.listing,
                    f"is the listing of more than one symbol on {symbol.venue}",
                    "give each symbol a listing of its own",
                )

    def _shared_accounts(self) -> Iterator[Contradiction]:
        # two execution actors would take each other's orders and fills for a stranger's
        first: dict[tuple[str | None, str], str] = {}
        for name, venue in self.venues.items():
            if not isinstance(venue, BinanceUsdmSettings) or venue.api_key is None or venue.read_only:
                continue
            other = first.setdefault((venue.rest_url, venue.api_key.get_secret_value()), name)
            if other != name:
                yield Contradiction(
                    ("venues", name, "api_key"),
                    "***",
                    f"is the key of venues.{other} too: {other} and {name} would trade on one account",
                    "give each an account of its own, make one of them read_only, or trade all its symbols on one",
                )

    def _foreign_quotes(self) -> Iterator[Contradiction]:
        # without a rate, NAV and every limit would add up different currencies
        for name in self.symbols:
            quote = name.split("-")[1]
            if self.desk.rate_of(quote) is None:
                yield Contradiction(
                    ("symbols", name),
                    quote,
                    f"is not quoted in desk.base_currency, {self.desk.base_currency}, nor in a currency of desk.rates",
                    f"say in desk.rates what one {quote} counts, or trade symbols quoted in the base currency",
                )

    def _unknown_rate_symbols(self) -> Iterator[Contradiction]:
        for currency, symbol in self.desk.rate_symbols.items():
            if symbol not in self.symbols:
                yield Contradiction(
                    ("desk", "rate_symbols", currency),
                    symbol,
                    "is no symbol of the desk, so that nobody tells its mark",
                    "add it to symbols, and let a strategy trade it",
                )

    def _senseless_conversions(self) -> Iterator[Contradiction]:
        for name, symbol in self.symbols.items():
            venue = self.venues.get(symbol.venue)
            if not symbol.converts:
                continue
            where, base = ("symbols", name, "converts"), name.split("-")[0]
            if self.desk.rate_of(base) is None:
                yield Contradiction(
                    where, True, f"nobody says what one {base} counts", f"add {base} to desk.rates"
                )
            if venue is not None and not isinstance(venue, PaperVenueSettings):
                yield Contradiction(
                    where, True, f"{symbol.venue} keeps one kind of cash", "trade it on a paper venue"
                )
            if name.endswith("-PERP") or symbol.multiplier != 1:
                yield Contradiction(where, True, "a contract converts nothing", "name a spot symbol")

    def _unknown_symbols(self) -> Iterator[Contradiction]:
        users: list[tuple[tuple[str, ...], str]] = [
            (("strategies", name, "symbols"), each)
            for name, strategy in self.strategies.items()
            if isinstance(strategy.symbols, tuple)
            for each in strategy.symbols
        ]
        users += [(("treasury", "sweep", "into"), each) for each in self.treasury.sweep.into]
        users += [(("treasury", "purge", "eligible"), each) for each in self.treasury.purge.eligible or ()]
        users += [(("feed", "synthetic", "start_prices"), each) for each in self.feed.synthetic.start_prices]
        users += [
            (("venues", name, "funding", "symbols"), each)
            for name, venue in self.venues.items()
            if isinstance(venue, PaperVenueSettings) and isinstance(venue.funding.symbols, tuple)
            for each in venue.funding.symbols
        ]
        users += [
            (("venues", name, "exchange", "start_prices"), each)
            for name, venue in self.venues.items()
            if isinstance(venue, BinanceUsdmSettings) and venue.exchange is not None
            for each in venue.exchange.start_prices
        ]
        users += [
            (("venues", name, "routing", "tuning", "symbols"), each)
            for name, venue in self.venues.items()
            for each in venue.routing.tuning.symbols
        ]
        for path, symbol in users:
            if symbol not in self.symbols:
                yield Contradiction(
                    path,
                    symbol,
                    "there is no such symbol",
                    f"name one of {', '.join(self.symbols)}, or add it to symbols",
                )

    def _untraded_universe(self) -> Iterator[Contradiction]:
        """The universe chooses among what strategies trade, and goes by figures only where a venue tells some."""
        traded = {
            symbol
            for name, chosen in self.strategies.items()
            if chosen.enabled
            for symbol in self.symbols_of(name)
        }
        for path, symbol in self.universe.named:
            if symbol not in traded:
                yield Contradiction(
                    path, symbol, "is traded by no enabled strategy", "name a symbol that one of them trades"
                )
        if self.universe.mode == "dynamic" and not self.feed.live:
            yield Contradiction(
                ("universe", "mode"),
                self.universe.mode,
                f"has no figures in feed mode {self.feed.mode}",
                "use static, or a venue with its own prices",
            )

    def _ambiguous_groups(self) -> Iterator[Contradiction]:
        """The actor of a group is addressed by the strategy's name, others by their symbol."""
        for name, strategy in self.strategies.items():
            if strategy.group and name in self.symbols:
                yield Contradiction(
                    ("strategies", name, "group"), True, "its name is also a symbol", "give it another name"
                )

    def _foreign_funding(self) -> Iterator[Contradiction]:
        for name, venue in self.venues.items():
            if not isinstance(venue, PaperVenueSettings):
                continue
            chosen = venue.funding.symbols
            for symbol in chosen if isinstance(chosen, tuple) else ():
                if symbol in self.symbols and self.symbols[symbol].venue != name:
                    yield Contradiction(
                        ("venues", name, "funding", "symbols"),
                        symbol,
                        f"is traded at {self.symbols[symbol].venue}",
                        "name it in that venue's funding",
                    )

    def _missing_start_prices(self) -> Iterator[Contradiction]:
        if self.feed.mode != "synthetic":
            return
        for symbol in self.symbols:
            if symbol not in self.feed.synthetic.start_prices:
                yield Contradiction(
                    ("feed", "synthetic", "start_prices", symbol),
                    None,
                    "is required in feed mode synthetic",
                    "give the symbol's first price",
                )

    def _wrong_feed(self) -> Iterator[Contradiction]:
        """Paper venues fill by the feed; real protocols bring their own prices, at their own time."""
        for name, venue in self.venues.items():
            if isinstance(venue, PaperVenueSettings) and self.feed.live:
                yield Contradiction(
                    ("feed", "mode"),
                    self.feed.mode,
                    f"has no live prices for the paper venue {name}",
                    "use recorded or synthetic with paper venues",
                )
            if isinstance(venue, BinanceUsdmSettings) and not self.feed.live:
                yield Contradiction(
                    ("feed", "mode"),
                    self.feed.mode,
                    f"is not the market of {name}",
                    "use auto, stream or poll with a venue that has its own prices",
                )

    def _real_money(self) -> Iterator[Contradiction]:
        for name, venue in self.venues.items():
            if not isinstance(venue, BinanceUsdmSettings) or not venue.real_money:
                continue
            if self.desk.environment == "paper":
                yield Contradiction(
                    ("venues", name, "rest_url"),
                    venue.rest_url,
                    "takes real orders, and desk.environment is paper",
                    "use the venue's test network, a local exchange, or environment dry_run",
                )

    def _live(self) -> Iterator[Contradiction]:
        if self.desk.environment == "live":
            from config.live import contradictions  # the rules are about the whole, which is this class

            yield from contradictions(self)

    def _late_requests(self) -> Iterator[Contradiction]:
        """A successor waits one lease before it acts: no request of its predecessor may be taken after that.

        The venue takes time stamps that are up to a second ahead of its clock.
        """
        longest = self.supervision.lease - SECOND
        for name, venue in self.venues.items():
            if isinstance(venue, BinanceUsdmSettings) and venue.recv_window > longest:
                yield Contradiction(
                    ("venues", name, "recv_window"),
                    venue.recv_window,
                    "is longer than supervision.lease less a second",
                    "shorten it, or lengthen the lease",
                )

    def _impatient_routes(self) -> Iterator[Contradiction]:
        """An order that is worked passively needs time before what is kept for taking what is left of it."""
        for name, strategy in self.strategies.items():
            if strategy.order.route not in ("maker_first", "twap"):
                continue
            venues = {self.symbols[each].venue for each in self.symbols_of(name) if each in self.symbols}
            for venue in sorted(venues & set(self.venues)):
                if strategy.order.deadline <= self.venues[venue].routing.fallback_margin:
                    yield Contradiction(
                        ("strategies", name, "order", "deadline"),
                        strategy.order.deadline,
                        f"is no longer than venues.{venue}.routing.fallback_margin, which is kept for taking",
                        "lengthen the deadline, or shorten the margin",
                    )
