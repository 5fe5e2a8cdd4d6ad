"""What a local exchange is built from: its listings, accounts and clockwork."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

import msgspec

from actors.venues.matching.instruments import Instrument
from cluster.exchange.api import Rules
from cluster.exchange.core.listings import default_listings
from messages.errors import ConfigurationError

SECOND = 1_000_000_000
HOUR = 3_600 * SECOND
_MOST_UPDATES = 10_000


class AccountSpec(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An account of the exchange: its key and secret, and the cash it opens with (by currency).

    Fees are ratios that take the place of the listings' own; None = the listing's.
    """

    account: str
    api_key: str
    secret: str
    balances: dict[str, Decimal] = {}
    maker_fee: Decimal | None = None
    taker_fee: Decimal | None = None


class ExchangeSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How the exchange is set up. Durations in ns.

    - `updates_per_second`: book updates of each listing of the seeded market.
    - `start_prices`: where the seeded market of a listing begins, if not near its profile's price.
    - `volatility`: standard deviation of a relative move over one second in quiet times; None = each listing's own.
    - `depth_levels`: levels per side of the seeded market.
    - `funding_interval`: time between two payments of funding, on a grid that begins at the epoch.
    - `mark_interval`: time between two mark prices.
    - `default_leverage`: what a listing has before anybody sets it (never more than its `max_leverage`).
    - `tape_length`: public trades kept per listing; `minutes_kept`, `seconds_kept`: bars kept per listing.
    - `history_length`: closed orders, trades and payments kept per account (each).
    - `snapshot_interval`: time between two stored states, for an exchange with a folder.
    """

    seed: int = 1
    listings: tuple[Rules, ...] = msgspec.field(default_factory=default_listings)
    accounts: tuple[AccountSpec, ...] = ()
    updates_per_second: float = 20.0
    start_prices: dict[str, float] = {}
    volatility: float | None = None
    depth_levels: int = 20
    funding_interval: int = 8 * HOUR
    mark_interval: int = SECOND
    default_leverage: int = 20
    tape_length: int = 1000
    minutes_kept: int = 10_080
    seconds_kept: int = 3_600
    history_length: int = 100_000
    snapshot_interval: int = 300 * SECOND

    def __post_init__(self) -> None:
        _check_numbers(self)
        _check_names("listings", [rules.listing for rules in self.listings])
        _check_names("accounts", [spec.account for spec in self.accounts])
        _check_names("api keys", [spec.api_key for spec in self.accounts])
        for rules in self.listings:
            check_rules(rules)
        for spec in self.accounts:
            if not spec.account or set(":/") & set(spec.account):
                raise _bad("accounts.account", spec.account, "give a name without ':' and '/'")


def check_rules(rules: Rules) -> None:
    """Raises `ConfigurationError` naming the first rule of a listing that makes no sense."""
    where = f"listings.{rules.listing}"
    for name in ("tick", "lot", "min_quantity", "max_quantity", "initial_margin", "maintenance_margin"):
        value = getattr(rules, name)
        if not value > 0:
            raise _bad(f"{where}.{name}", value, "must be greater than 0")
    for name in ("min_notional", "liquidation_fee"):
        if not getattr(rules, name) >= 0:
            raise _bad(f"{where}.{name}", getattr(rules, name), "must not be negative")
    for name in ("maker_fee", "taker_fee"):
        if not abs(getattr(rules, name)) < 1:
            raise _bad(f"{where}.{name}", getattr(rules, name), "give a ratio such as 0.0004")
    if rules.max_leverage < 1 or rules.maintenance_margin * rules.max_leverage >= 1:
        raise _bad(
            f"{where}.max_leverage",
            rules.max_leverage,
            "give 1 or more, with 1 / max_leverage above the maintenance margin: else a position ends as it begins",
        )


def check_change(base: Instrument | None, rules: Rules) -> None:
    """Whether a listing's rules may become these. Raises `ConfigurationError`.

    The engine keeps the tick and lot that it began with, so that new ones can be coarser but not finer.
    """
    if base is None:
        raise _bad("listings", rules.listing, "name a listing that is there")
    check_rules(rules)
    for name, known in (("tick", base.tick), ("lot", base.lot)):
        if getattr(rules, name) % known:
            raise _bad(
                f"listings.{rules.listing}.{name}", getattr(rules, name), f"give a multiple of {known}"
            )


def _check_numbers(settings: ExchangeSettings) -> None:
    for name in (
        "updates_per_second",
        "depth_levels",
        "funding_interval",
        "mark_interval",
        "default_leverage",
        "tape_length",
        "minutes_kept",
        "seconds_kept",
        "history_length",
        "snapshot_interval",
    ):
        if not getattr(settings, name) > 0:
            raise _bad(name, getattr(settings, name), "must be greater than 0")
    if settings.updates_per_second > _MOST_UPDATES:
        raise _bad("updates_per_second", settings.updates_per_second, f"give at most {_MOST_UPDATES:,}")
    if not settings.listings:
        raise _bad("listings", (), "give at least one")
    for listing, price in settings.start_prices.items():
        if not price > 0:
            raise _bad(f"start_prices.{listing}", price, "must be greater than 0")
    if settings.volatility is not None and not 0 <= settings.volatility <= 0.1:
        raise _bad("volatility", settings.volatility, "give a ratio from 0 to 0.1")


def _check_names(what: str, names: Sequence[str]) -> None:
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise _bad(what, twice[0], "each may be there once")


def _bad(field: str, value: object, remedy: str) -> ConfigurationError:
    return ConfigurationError("not allowed", field=f"exchange.{field}", value=value, remedy=remedy)
