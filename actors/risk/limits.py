"""What the risk actor is set up with: limits, instruments, policies. Plain data; the defaults are the house's.

Apart from the desk's configuration, which is read elsewhere and mapped to this.
"""

from __future__ import annotations

import zoneinfo
from decimal import Decimal

import msgspec

from actors.risk.allocation_settings import AdaptationSettings, AllocationSettings
from actors.risk.anomalies import AnomalySettings
from actors.risk.books.rate_settings import RateSettings
from actors.risk.statistics_settings import StatisticsSettings
from actors.risk.treasury_settings import TreasurySettings
from messages.errors import ConfigurationError

ZERO = Decimal(0)
ONE = Decimal(1)
LimitValue = Decimal | int | bool | str | tuple[str, ...]
"""What a limit may be: an amount or part, a count or time in ns, a flag, a word, symbols."""
RATE_DIGITS = 10
"""Digits a rate may have: sums of price x quantity x rate are exact as long as all three stay short."""
MILLISECOND = 1_000_000
SECOND = 1_000_000_000


class RiskLimits(msgspec.Struct, frozen=True, gc=False, kw_only=True, forbid_unknown_fields=True):
    """What no approval may exceed. Money in base currency, ratios as fractions, ages in ns.

    - `min_notional`, `max_order_notional`: the value of one order.
    - `max_symbol_exposure`, `max_gross_exposure`: parts of NAV, under the worst fate of everything open.
    - `min_cash_reserve`: part of NAV that buys leave untouched.
    - `daily_loss_limit`, `weekly_loss_limit` (None: no limit): parts of the day's and the week's anchor;
      `drawdown_reduce`, `drawdown_halt`: parts of the highest NAV.
    - `self_financing`: at the beginning of each day `treasury_share` of the profit realised since the last is set aside
      and left untouched by buys; see `books.capital`.
    - `price_collar`: how far an order's worst price may be beyond the mark.
    - `breach_tolerance`: how far marks and costs may carry an exposure beyond its limit before the desk reduces.
      No approval uses it, and what was never reserved (a late fill, a correction) has none. Without it a desk that
      uses its limits to the full would change its mode with every tick.
    - `max_portfolio_var`, `max_position_cvar`, `max_correlated_exposure` (None: no limit): parts of NAV, by the
      statistics of `var`; symbols whose correlation is at least `correlation_threshold` count as one.
    - All others are off while they are None; what they mean is said where they are set, in `config.schema.limits`, and
      what they need by the checks that go by them.
    """

    min_notional: Decimal = Decimal(10)
    max_order_notional: Decimal = Decimal(10_000)
    max_symbol_exposure: Decimal = Decimal("0.25")
    max_gross_exposure: Decimal = ONE
    min_cash_reserve: Decimal = Decimal("0.05")
    max_open_positions: int = 20
    max_open_orders: int = 50
    daily_loss_limit: Decimal = Decimal("0.03")
    drawdown_reduce: Decimal = Decimal("0.05")
    drawdown_halt: Decimal = Decimal("0.10")
    weekly_loss_limit: Decimal | None = None
    self_financing: bool = False
    treasury_share: Decimal = Decimal("0.4")
    drawdown_cautious: Decimal = Decimal("0.03")
    drawdown_defensive: Decimal = Decimal("0.05")
    max_mark_age: int = 5 * SECOND
    max_intent_age: int = 5 * SECOND
    price_collar: Decimal = Decimal("0.01")
    breach_tolerance: Decimal = Decimal("0.05")
    max_portfolio_var: Decimal | None = None
    max_position_cvar: Decimal | None = None
    max_correlated_exposure: Decimal | None = None
    correlation_threshold: Decimal = Decimal("0.7")
    whitelist: tuple[str, ...] | None = None
    block_side: str | None = None
    prevent_self_trade: bool = False
    max_quantity: Decimal | None = None
    max_position_quantity: Decimal | None = None
    max_trade_nav: Decimal | None = None
    fat_finger_multiple: Decimal | None = None
    max_mark_move: Decimal | None = None
    max_spread: Decimal | None = None
    max_depth_share: Decimal | None = None
    strict: bool = False
    min_profit: Decimal | None = None
    max_nav_age: int | None = None
    max_leverage: Decimal | None = None
    max_margin_use: Decimal | None = None
    min_liquidation_distance: Decimal | None = None
    max_net_exposure: Decimal | None = None
    max_concentration: Decimal | None = None
    concentration_floor: Decimal = Decimal("0.05")
    max_total_at_risk: Decimal | None = None
    regime: str | None = None
    regime_caps: dict[str, Decimal] = {}
    max_symbol_orders: int | None = None
    global_spacing: int | None = None
    symbol_spacing: int | None = None
    cooldown_after_fill: int | None = None
    cooldown_after_win: int | None = None
    cooldown_after_loss: int | None = None
    cooldown_after_stop: int | None = None
    max_consecutive_losses: int | None = None
    losing_streak_cooldown: int = 3_600 * SECOND
    max_errors: int | None = None
    error_window: int = 300 * SECOND
    max_burst: int | None = None
    burst_window: int = 60 * SECOND
    max_symbol_hourly_trades: int | None = None
    max_hourly_trades: int | None = None
    max_daily_trades: int | None = None
    cycle: int = 60 * SECOND
    max_cycle_orders: int | None = None
    max_cycle_notional: Decimal | None = None
    canary_order_notional: Decimal | None = None
    canary_exposure: Decimal | None = None


class RiskInstrument(msgspec.Struct, frozen=True, gc=False, kw_only=True, forbid_unknown_fields=True):
    """A symbol as a venue lists it: steps, smallest and largest order, base units per unit of quantity.

    `tick` in quote currency per base unit, `lot` and quantities in base units, `min_notional` in quote currency.
    `rate` is the worth of one unit of the quote currency in the desk's base currency. `spot`: what is bought is paid in
    full, and no contract. One that `converts` exchanges cash of its base for cash of its quote currency, and makes no
    position. `taker_fee` is a fraction.
    """

    symbol: str
    venue: str
    tick: Decimal
    lot: Decimal
    min_quantity: Decimal = ZERO
    max_quantity: Decimal | None = None
    min_notional: Decimal = ZERO
    multiplier: Decimal = ONE
    quote_currency: str = "USDT"
    rate: Decimal = ONE
    spot: bool = False
    converts: bool = False
    taker_fee: Decimal = ZERO

    @property
    def base_currency(self) -> str:
        """What is bought and sold."""
        return self.symbol.split("-")[0]


class FlattenPolicy(msgspec.Struct, frozen=True, gc=False, kw_only=True, forbid_unknown_fields=True):
    """How positions are closed by command: `collar` bounds the price, `deadline` the start of each order (ns).

    An attempt that did not finish is followed by another after `retry`, doubled each time up to `retry_most` (ns).
    """

    collar: Decimal = Decimal("0.05")
    deadline: int = 5 * SECOND
    retry: int = 500 * MILLISECOND
    retry_most: int = 60 * SECOND


class RiskSettings(msgspec.Struct, frozen=True, gc=False, kw_only=True, forbid_unknown_fields=True):
    """Everything the risk actor is set up with.

    `kill_switch` holds the desk HALTED as long as it is set, `safe_mode` in OBSERVE; `kill_file` is the path that
    its host watches ("" for none); `flatten_on_halt` closes all positions whenever the desk becomes HALTED;
    `day_boundary` is the time zone at whose midnight the daily loss starts anew. `rates` are the worth of one unit of
    other currencies in base currency, fixed, or until the first mark of those that are `marked`; what is in a currency
    without one is not counted. Without `has_universe` an earlier session's universe is forgotten. `tiers` are the
    symbols' by hand, before those of a universe, `themes` the symbols of each group that moves together; `overrides`
    are limits by scope, see `limit_book`. A `live` desk loosens no limit without an acknowledgement. `venues`
    are those of the desk at which no symbol is listed, too.
    """

    instruments: tuple[RiskInstrument, ...]
    limits: RiskLimits = RiskLimits()
    flatten: FlattenPolicy = FlattenPolicy()
    base_currency: str = "USDT"
    rates: dict[str, Decimal] = {}
    marked: RateSettings = RateSettings()
    kill_switch: bool = False
    safe_mode: bool = False
    kill_file: str = ""
    anomalies: AnomalySettings = AnomalySettings()
    flatten_on_halt: bool = False
    day_boundary: str = "UTC"
    treasury: TreasurySettings = TreasurySettings()
    statistics: StatisticsSettings = StatisticsSettings()
    allocation: AllocationSettings = AllocationSettings()
    adaptation: AdaptationSettings = AdaptationSettings()
    has_universe: bool = True
    tiers: dict[str, str] = {}
    themes: dict[str, tuple[str, ...]] = {}
    overrides: dict[str, dict[str, LimitValue]] = {}
    live: bool = False
    venues: tuple[str, ...] = ()


def listing_id(venue: str, symbol: str) -> str:
    """The name of a symbol's listing at a venue, under which its books are kept."""
    return f"{venue}/{symbol}"


def check_settings(settings: RiskSettings) -> None:
    """Raises `ConfigurationError` naming the first setting that makes no sense."""
    limits = settings.limits
    rules: list[tuple[str, object, bool, str]] = [
        (f"limits.{name}", value, value >= 0, "must not be negative")
        for name, value in msgspec.structs.asdict(limits).items()
        if isinstance(value, int | Decimal)
    ]
    rules += [
        (
            "limits.drawdown_halt",
            limits.drawdown_halt,
            limits.drawdown_halt >= limits.drawdown_reduce > 0,
            "at or above drawdown_reduce, and both above 0",
        ),
        ("limits.treasury_share", limits.treasury_share, limits.treasury_share <= 1, "a part, at most 1"),
        ("limits.daily_loss_limit", limits.daily_loss_limit, limits.daily_loss_limit > 0, "must be above 0"),
        (
            "limits.weekly_loss_limit",
            limits.weekly_loss_limit,
            limits.weekly_loss_limit != 0,
            "must be above 0",
        ),
        (
            "limits.drawdown_defensive",
            limits.drawdown_defensive,
            limits.drawdown_defensive >= limits.drawdown_cautious > 0,
            "at or above drawdown_cautious, and both above 0",
        ),
        (
            "limits.min_notional",
            limits.min_notional,
            limits.min_notional <= limits.max_order_notional,
            "lower it",
        ),
        ("flatten.collar", settings.flatten.collar, 0 < settings.flatten.collar < 1, "a ratio such as 0.05"),
        ("flatten.retry", settings.flatten.retry, settings.flatten.retry > 0, "must be above 0 ns"),
        ("day_boundary", settings.day_boundary, _is_time_zone(settings.day_boundary), "a name such as UTC"),
    ]
    rules += [
        rule for currency, rate in settings.rates.items() for rule in _rate_rules(currency, rate, settings)
    ]
    seen: dict[str, None] = {}
    for instrument in settings.instruments:
        rules += _instrument_rules(instrument, settings, seen)
    for name, value, holds, remedy in rules:
        if not holds:
            raise ConfigurationError("not allowed", field=f"risk.{name}", value=value, remedy=remedy)


def _rate_rules(currency: str, rate: Decimal, settings: RiskSettings) -> list[tuple[str, object, bool, str]]:
    where = f"rates.{currency}"
    short = rate.is_finite() and len(rate.as_tuple().digits) <= RATE_DIGITS
    return [
        (where, rate, rate.is_finite() and rate > 0, "must be above 0"),
        (where, rate, short, f"write at most {RATE_DIGITS} digits, or sums would not be exact"),
        (where, rate, currency != settings.base_currency, "leave out the base currency: its rate is 1"),
    ]


def _instrument_rules(
    instrument: RiskInstrument, settings: RiskSettings, seen: dict[str, None]
) -> list[tuple[str, object, bool, str]]:
    base, quote = settings.base_currency, instrument.quote_currency
    rate = ONE if quote == base else settings.rates.get(quote)
    listing = listing_id(instrument.venue, instrument.symbol)
    where = f"instruments.{listing}"
    twice = listing in seen
    seen[listing] = None
    return [
        (where, listing, not twice, "list each symbol once per venue"),
        (f"{where}.tick", instrument.tick, instrument.tick > 0, "must be above 0"),
        (f"{where}.lot", instrument.lot, instrument.lot > 0, "must be above 0"),
        (f"{where}.multiplier", instrument.multiplier, instrument.multiplier > 0, "must be above 0"),
        (
            f"{where}.quote_currency",
            quote,
            rate is not None,
            f"without a rate only symbols quoted in the base currency {base} can be valued",
        ),
        (f"{where}.rate", instrument.rate, rate in (None, instrument.rate), f"take that of {quote}: {rate}"),
        (
            f"{where}.converts",
            instrument.converts,
            not instrument.converts or instrument.base_currency in (base, *settings.rates),
            f"give {instrument.base_currency} a rate, or what is bought would count as nothing",
        ),
    ]


def _is_time_zone(name: str) -> bool:
    try:
        zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError):
        return False
    return True
