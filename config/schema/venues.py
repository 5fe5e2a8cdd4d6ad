"""Settings of the venues: what each kind is told of the account, its fees and its behaviour."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from ipaddress import ip_address
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import Field, SecretStr

from config.duration import HOUR, MILLISECOND, MINUTE, SECOND, Duration, PositiveDuration, format_duration
from config.ratio import PositiveShare, Ratio, Share, SignalRatio, SignedRatio
from config.schema.base import (
    ByKind,
    Contradiction,
    Count,
    Currency,
    Money,
    Port,
    PositiveCount,
    PositiveMoney,
    Settings,
    Symbol,
    SymbolChoice,
    Text,
)
from config.schema.routing import RoutingSettings


class FeeSettings(Settings):
    """What a venue takes of each fill's value."""

    maker: SignedRatio = Field(
        default=Decimal("0.0002"), description="Fee on passive fills; negative is a rebate."
    )
    taker: Ratio = Field(default=Decimal("0.0004"), description="Fee on fills that take liquidity.")


class FillSettings(Settings):
    """How a paper venue decides that an order is filled."""

    market: Literal["top", "depth", "trades", "bars"] = Field(
        default="top",
        description="What stands for the market: the best bid and ask, the book's depth, the trades, or bars; "
        "`docs/reference.md` says what each fills.",
    )
    queue_position: bool = Field(
        default=True, description="Whether a passive order waits for the size that was displayed before it."
    )
    slippage: Ratio = Field(
        default=Decimal("0.0001"),
        description="Price given up for each further displayed size that an order takes beyond the best; by bars, "
        "for all that it takes.",
    )
    max_participation: PositiveShare | None = Field(
        default=Decimal(1),
        description="Part of a bar's volume that all orders of the venue in it may fill; null for no bound, also "
        "where the volume is not known.",
    )


class FaultSettings(Settings):
    """Misbehaviour that a paper venue shows on purpose; all off by default."""

    late_ratio: Share = Field(default=Decimal(0), description="Part of the answers that are late.")
    late_by: Duration = Field(default=2 * SECOND, description="How late those answers are.")
    duplicate_ratio: Share = Field(default=Decimal(0), description="Part of the answers that are sent twice.")
    drop_ratio: Share = Field(default=Decimal(0), description="Part of the answers that are never sent.")
    seed: Count = Field(default=7, description="Seed that chooses which answers.")


class FundingSettings(Settings):
    """What positions at a paper venue pay each other as perpetuals do: longs a positive rate, shorts a negative one."""

    rate: SignedRatio = Field(
        default=Decimal(0), description="Part of a position's value that is due each time; 0 for none."
    )
    interval: PositiveDuration = Field(
        default=8 * HOUR, description="Time between payments, counted from midnight UTC."
    )
    symbols: SymbolChoice = Field(
        default="all", description="The symbols of the venue that pay it: a list, or all."
    )

    def contradictions(self) -> Iterator[Contradiction]:
        if abs(self.rate) >= 1:
            yield Contradiction(("rate",), self.rate, "is the whole value or more", "write 1bps or 0.01%")


class AnyVenueSettings(Settings):
    """What every venue is told, whatever its kind."""

    fees: FeeSettings = Field(default=FeeSettings(), description="Fees by liquidity.")
    order_ttl: PositiveDuration | None = Field(
        default=None, description="Time to live of resting orders that name none; null lets them rest."
    )
    read_only: bool = Field(
        default=False, description="Whether placing and cancelling stop before the socket."
    )
    protective_stop: PositiveShare | None = Field(
        default=None,
        description="Distance of the stop kept at the venue for each position, part of its price; null for none.",
    )
    routing: RoutingSettings = Field(
        default=RoutingSettings(), description="How orders with a route other than direct are worked."
    )


class PaperVenueSettings(AnyVenueSettings):
    """A venue that fills on paper: a process of the desk's own with its own store."""

    kind: Literal["paper"] = Field(description="What the venue is; paper fills orders against the feed.")
    starting_balances: Mapping[Currency, Money] = Field(
        min_length=1, description="Balances the account is opened with, by currency."
    )
    fill: FillSettings = Field(default=FillSettings(), description="When orders are filled.")
    funding: FundingSettings = Field(
        default=FundingSettings(), description="What holding a position costs or brings at fixed times."
    )
    faults: FaultSettings = Field(default=FaultSettings(), description="Misbehaviour on purpose.")
    latency_order: Duration = Field(
        default=5 * MILLISECOND,
        description="Time from a request being sent to its arrival at the matching engine.",
    )
    latency_report: Duration = Field(
        default=5 * MILLISECOND,
        description="Time from an event in the matching engine to its report's arrival.",
    )
    allow_short: bool = Field(default=True, description="Whether positions may be negative.")
    initial_margin: Share = Field(
        default=Decimal("0.1"), description="Part of an order's value that must be free on the account."
    )
    host: Text = Field(default="127.0.0.1", description="Address that the venue listens on.")
    port: Port | None = Field(default=None, description="Port of the venue; null chooses a free one.")

    @property
    def simulated(self) -> PaperVenueSettings:
        """How a backtest or a replay stands in for this venue: it is one already."""
        return self


class LocalExchangeSettings(Settings):
    """A local exchange that the desk starts beside itself and trades on over the venue's own protocol."""

    seed: Count = Field(default=7, description="Seed of its market; the same seed gives the same order flow.")
    starting_balances: Mapping[Currency, Money] = Field(
        default={"USDT": Decimal(100_000)},
        min_length=1,
        description="Balances the desk's account is opened with, by currency.",
    )
    start_prices: Mapping[Symbol, PositiveMoney] = Field(
        default_factory=dict, description="Price near which a symbol begins; what is missing has its own."
    )
    volatility: SignalRatio | None = Field(
        default=None,
        ge=0,
        le=0.1,
        description="Standard deviation of the relative price move over one second, in quiet times; null for each "
        "symbol's own.",
    )
    updates_per_second: PositiveCount = Field(
        default=20, le=10_000, description="Changes of the book per symbol and second."
    )
    funding_interval: PositiveDuration = Field(default=8 * HOUR, description="Time between funding payments.")
    latency: Duration = Field(default=0, description="Added to each answer.")
    faults: tuple[Text, ...] = Field(
        default=(), description="Faults on purpose; `raydesk exchange --help` says how they are written."
    )
    port: Port | None = Field(default=None, description="Port of its protocol; null chooses a free one.")


class ReconcileSettings(Settings):
    """How the desk's records are compared with the venue's, and what follows from a difference."""

    interval: PositiveDuration = Field(
        default=5 * MINUTE,
        description="Time between comparisons; also made at start and after each interruption.",
    )
    policy: Literal["strict", "warn", "auto"] = Field(
        default="strict",
        description="What a difference does: strict reduces until a person has looked, warn until the records agree, "
        "auto books a correction.",
    )
    external_orders: Literal["ignore", "warn", "cancel"] = Field(
        default="warn", description="What is done about orders on the account that are not the desk's."
    )

    def contradictions(self) -> Iterator[Contradiction]:
        if self.interval < 5 * SECOND:
            yield Contradiction(
                ("interval",),
                format_duration(self.interval),
                "would spend the venue's budget of requests on comparisons",
                "give 5s or more",
            )


class BinanceUsdmSettings(AnyVenueSettings):
    """An account at Binance USD-M futures, or at a local exchange that speaks its protocol."""

    kind: Literal["binance_usdm"] = Field(description="What the venue is; binance_usdm trades perpetuals.")
    exchange: LocalExchangeSettings | None = Field(
        default=None, description="A local exchange to start and trade on instead of Binance."
    )
    rest_url: Text | None = Field(default=None, description="Address of its REST interface, https://...")
    stream_url: Text | None = Field(default=None, description="Address of its streams, wss://...")
    api_key: SecretStr | None = Field(default=None, description="Key of the account.")
    api_secret: SecretStr | None = Field(default=None, description="Secret that requests are signed with.")
    recv_window: PositiveDuration = Field(
        default=3 * SECOND, le=60 * SECOND, description="How late a request may reach the venue to be taken."
    )
    connect_timeout: PositiveDuration = Field(default=2 * SECOND, description="Patience for a connection.")
    answer_timeout: PositiveDuration = Field(
        default=5 * SECOND, description="Patience for an answer; then nobody knows, and the venue is asked."
    )
    clock_bound: PositiveDuration = Field(
        default=1 * SECOND, description="Largest difference of clocks at which orders are still sent."
    )
    hedge_mode: bool = Field(default=False, description="Whether long and short are kept apart.")
    leverage: PositiveCount | None = Field(
        default=None, le=125, description="Leverage of every symbol; null leaves it as it is."
    )
    margin: Literal["cross", "isolated"] | None = Field(
        default=None, description="Margin of every symbol; null leaves it as it is."
    )
    dead_man: PositiveDuration | None = Field(
        default=60 * SECOND,
        description="Silence after which the venue cancels the working orders by itself; null for never.",
    )
    reconcile: ReconcileSettings = Field(default=ReconcileSettings(), description="Comparing the records.")
    instruments_interval: PositiveDuration = Field(
        default=1 * HOUR, description="Time between questions for the rules of the instruments."
    )
    max_order_age: PositiveDuration | None = Field(
        default=None, description="Age at which any working order is cancelled; null for no bound."
    )
    relay_above: Count = Field(
        default=20, description="Number of symbols above which one relay process holds the market streams."
    )

    def contradictions(self) -> Iterator[Contradiction]:
        for name in ("rest_url", "stream_url", "api_key", "api_secret"):
            given = getattr(self, name)
            if self.exchange is None and given is None:
                yield Contradiction((name,), None, "is missing", "give it, or trade on a local `exchange`")
            if self.exchange is not None and given is not None:
                shown = "***" if isinstance(given, SecretStr) else given
                yield Contradiction((name,), shown, "is not used with a local exchange", "remove one of them")

    @property
    def simulated(self) -> PaperVenueSettings:
        """How a backtest or a replay stands in for this venue."""
        balances = (self.exchange or LocalExchangeSettings()).starting_balances
        return PaperVenueSettings(
            kind="paper",
            starting_balances=balances,
            fees=self.fees,
            order_ttl=self.order_ttl,
            read_only=self.read_only,
            protective_stop=self.protective_stop,
            routing=self.routing,
        )

    @property
    def real_money(self) -> bool:
        """Whether orders here are anything but play: neither a local address nor the venue's test network."""
        if self.exchange is not None or self.rest_url is None:
            return False
        return not _plays(urlsplit(self.rest_url).hostname or "")


_TEST_HOSTS = frozenset({"demo-fapi.binance.com", "testnet.binancefuture.com"})
"""Where Binance offers play money."""


def _plays(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host in _TEST_HOSTS


VENUE_KINDS: Mapping[str, type[Settings]] = {"paper": PaperVenueSettings, "binance_usdm": BinanceUsdmSettings}
"""Every kind of venue and its settings; a further kind is one more row."""

VenueSettings = Annotated[PaperVenueSettings | BinanceUsdmSettings, ByKind(VENUE_KINDS)]
