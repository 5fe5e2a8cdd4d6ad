"""The settings of an exchange that serves: plain data, made by the command line or by the process that hosts it.

They are apart from the desk's configuration because the exchange is a system of its own.
"""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum
from pathlib import Path

import msgspec

from cluster.exchange.api import Rules
from cluster.exchange.core import ExchangeSettings
from cluster.exchange.core.listings import PROFILES, default_listings, perpetual
from cluster.exchange.faults import FaultSettings
from cluster.exchange.fronts.binance_usdm.context import FrontSettings
from cluster.exchange.web import require_loopback
from cluster.json_files import read_json
from messages.errors import ConfigurationError

DEFAULT_BALANCE = Decimal(1_000_000)


class Levels(StrEnum):
    """What the books of a recording are made of."""

    DEPTH = "depth"
    QUOTES = "quotes"


class AccountPlan(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An account to be opened: the cash it begins with by currency, and its fees where they are its own.

    Its key and secret are made, and kept in the home folder.
    """

    name: str
    balances: dict[str, Decimal] = msgspec.field(default_factory=lambda: {"USDT": DEFAULT_BALANCE})
    maker_fee: Decimal | None = None
    taker_fee: Decimal | None = None


class ServerSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Everything an exchange needs to serve.

    - `home`: its folder: keys, control token, address, log and store; made when missing. One process at a time.
    - `market`: the core's settings; its accounts are made from `accounts`.
    - `data`, `speed`, `levels`: recorded files (or folders, or patterns) that the books follow in place of the seeded
      market, how fast, and whether their depth or their quotes are the books.
    - `port`, `control_port`: 0 takes a free one, and the same again after a restart.
    - `host`: an address of this machine, unless `allow_remote`.
    - `step_s`: how often the market moves on and streams are looked after, in seconds.
    """

    home: str
    market: ExchangeSettings = msgspec.field(default_factory=ExchangeSettings)
    accounts: tuple[AccountPlan, ...] = (AccountPlan(name="desk"),)
    data: tuple[str, ...] = ()
    speed: float = 1.0
    levels: Levels = Levels.DEPTH
    host: str = "127.0.0.1"
    port: int = 0
    control_port: int = 0
    allow_remote: bool = False
    step_s: float = 0.01
    front: FrontSettings = msgspec.field(default_factory=FrontSettings)
    faults: FaultSettings = msgspec.field(default_factory=FaultSettings)


def checked(settings: ServerSettings) -> ServerSettings:
    """The settings themselves. Raises `ConfigurationError` naming the first field that makes no sense."""
    if not settings.allow_remote:
        require_loopback(settings.host, "exchange.host")
    names = [account.name for account in settings.accounts]
    rules: tuple[tuple[str, object, bool, str], ...] = (
        ("home", settings.home, bool(settings.home), "give a folder for the exchange"),
        ("accounts", len(names), bool(names), "give at least one"),
        ("accounts", names, len(set(names)) == len(names), "give each account once"),
        ("market.accounts", "given", not settings.market.accounts, "give `accounts`: keys are made for them"),
        ("speed", settings.speed, settings.speed > 0, "give a factor above 0"),
        ("port", settings.port, 0 <= settings.port < 65_536, "give 0 (any) to 65535"),
        ("control_port", settings.control_port, 0 <= settings.control_port < 65_536, "give 0 (any) to 65535"),
        ("step_s", settings.step_s, 0 < settings.step_s <= 1, "give seconds, at most 1"),
    )
    for name, value, holds, remedy in rules:
        if not holds:
            raise ConfigurationError("not allowed", field=f"exchange.{name}", value=value, remedy=remedy)
    return settings


def load_settings(path: Path) -> ServerSettings:
    """Read settings from a JSON file. Raises `ConfigurationError` naming the file and the field."""
    return checked(read_json(path, ServerSettings, what="settings", field="settings"))


def listings_of(symbols: str) -> tuple[Rules, ...]:
    """Listings by number (`12`) or by name (`BTCUSDT,ETHUSDT`). Raises `ConfigurationError` for an unknown name."""
    if symbols.isdigit():
        return default_listings(int(symbols))
    known = {f"{profile.base}USDT": profile for profile in PROFILES}
    wanted = [name.strip().upper() for name in symbols.split(",") if name.strip()]
    for name in wanted:
        if name not in known:
            raise ConfigurationError(
                "there is no such listing",
                field="--symbols",
                value=name,
                remedy=f"give a number, or some of {', '.join(known)}",
            )
    return tuple(perpetual(known[name]) for name in dict.fromkeys(wanted))


def account_of(spec: str) -> AccountPlan:
    """An account as people write it: `NAME` or `NAME=50000USDT,1BTC`. Raises `ConfigurationError`."""
    name, equals, cash = spec.partition("=")
    if not equals:
        return AccountPlan(name=name)
    balances: dict[str, Decimal] = {}
    for part in cash.split(","):
        number = part.strip().rstrip("ABCDEFGHIJKLMNOPQRSTUVWXYZ")
        currency = part.strip()[len(number) :]
        try:
            amount = Decimal(number)
        except ArithmeticError:
            amount = Decimal("NaN")
        if not currency or currency in balances or not amount.is_finite() or amount < 0:
            raise ConfigurationError(
                "this is no balance", field="--account", value=spec, remedy="write NAME=50000USDT,1BTC"
            )
        balances[currency] = amount
    return AccountPlan(name=name, balances=balances)
