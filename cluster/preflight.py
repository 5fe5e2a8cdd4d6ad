"""Preflight: everything that must be so before real orders may leave, in three groups, each only after the one before.

First the settings, then this machine and the desk's store, then every venue over its own protocol, by requests that
change nothing. What `holds` the desk does not refuse its start: it then starts HALTED or in OBSERVE, so that its stops
go on being looked after.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable
from enum import StrEnum
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlsplit

import msgspec

from cluster import arming
from cluster.account_lease import AccountFiles, AccountLeases, account_keys
from cluster.folders import default_folder
from cluster.host.kill_file import read_kill_file
from cluster.host.venue_map import account_settings
from cluster.observe.observer import RedisObserver
from cluster.owner import read_owner
from cluster.store.redis_store import RedisStore
from config import LoadedConfig
from config.live import LIVE_RULES
from config.schema.venues import BinanceUsdmSettings
from messages.control import Mode
from messages.errors import ConfigurationError, DeskLockedError, StoreUnavailableError, VenueConnectionError
from messages.venue import Outcome
from messages.venue_account import ListingStatus, QueryAccount, QueryInstruments

if TYPE_CHECKING:
    from actors.venues.binance_usdm.port import BinanceUsdmPort

PATIENCE_S = 20.0
"""How long one venue may take to answer one check."""

HARD_CAPS = (
    *("max_order_notional", "max_symbol_exposure", "max_gross_exposure", "max_open_positions"),
    *("max_open_orders", "price_collar", "daily_loss_limit", "weekly_loss_limit"),
    *("drawdown_reduce", "drawdown_halt"),
)
"""Limits that a live desk's settings must spell out: a default is nobody's decision."""


class Status(StrEnum):
    """What became of a check."""

    PASSED = "passed"
    FAILED = "failed"
    SKIPPED = "skipped"


class Checked(msgspec.Struct, frozen=True):
    """One check's end; `detail` says what was seen, or what to do."""

    name: str
    status: Status
    detail: str
    holds: bool = False


class Preflight(msgspec.Struct, frozen=True):
    """All checks. `green`: none failed and none that matters was skipped."""

    desk: str
    environment: str
    green: bool
    armed: bool
    not_armed_because: tuple[str, ...]
    checks: tuple[Checked, ...]

    @property
    def refuses(self) -> Checked | None:
        """The first check because of which a live desk may not even start."""
        return next((each for each in self.checks if each.status is Status.FAILED and not each.holds), None)


class Probe:
    """What the checks look at. Without `store` the desk's Redis is not up; `starting`: its locks are ours already."""

    def __init__(self, loaded: LoadedConfig, store: RedisStore | None, *, starting: bool = False) -> None:
        self.loaded, self.config, self.store, self.starting = loaded, loaded.config, store, starting
        self.ports: dict[str, BinanceUsdmPort] = {}

    async def port(self, venue: str) -> BinanceUsdmPort:
        """The account's port, connected, over a transport that only reads. Raises `VenueConnectionError`."""
        from actors.venues.binance_usdm.port import BinanceUsdmPort
        from actors.venues.binance_usdm.signing import Credentials
        from cluster.host.venue_access import reading_transport

        known = self.ports.get(venue)
        if known is None:
            chosen = self.config.venues[venue]
            assert isinstance(chosen, BinanceUsdmSettings)
            key, secret = (_secret(getattr(chosen, name)) for name in ("api_key", "api_secret"))
            settings = account_settings(self.config, venue, chosen)
            transport = reading_transport(settings)
            known = self.ports[venue] = BinanceUsdmPort(
                settings, Credentials(key, secret), transport=transport
            )
            await known.connect()
        return known

    async def close(self) -> None:
        """Let go of all connections."""
        for port in self.ports.values():
            await port.close()


Judge = Callable[[Probe], Awaitable[str]]
"""What is wrong; empty when nothing is. Raises `Skip` where it can't be looked at and need not."""


class Skip(Exception):
    """A check that has nothing to look at; its text says why."""


class Check(NamedTuple):
    """One row: name, group, what it says, whether a failure holds the desk instead of refusing it."""

    name: str
    group: str
    says: str
    judge: Judge
    holds: bool = False


async def run_preflight(
    loaded: LoadedConfig, store: RedisStore | None = None, *, starting: bool = False
) -> Preflight:
    """Run all checks; a group is looked at once those before it hold."""
    probe = Probe(loaded, store, starting=starting)
    checked: list[Checked] = []
    try:
        for group in dict.fromkeys(check.group for check in CHECKS):
            refused = any(each.status is Status.FAILED and not each.holds for each in checked)
            for check in CHECKS:
                if check.group == group:
                    checked.append(_unlooked(check) if refused else await _judged(check, probe))
    finally:
        await probe.close()
    failed = [each for each in checked if each.status is Status.FAILED]
    clock = next(each for each in checked if each.name == "clock")
    facts = arming.Facts(
        loaded.config,
        clock_in_bounds=None if clock.status is Status.SKIPPED else clock.status is Status.PASSED,
        preflight_green=not failed,
    )
    reasons = arming.reasons(facts)
    desk = loaded.config.desk
    return Preflight(
        desk.name,
        desk.environment,
        not failed,
        not reasons,
        tuple(each.value for each in reasons),
        tuple(checked),
    )


async def require_preflight(loaded: LoadedConfig, store: RedisStore) -> None:
    """For a live desk that starts: raises `ConfigurationError` naming the first check that refuses it."""
    refused = (await run_preflight(loaded, store, starting=True)).refuses
    if refused is not None:
        raise ConfigurationError(
            f"preflight is not green: {refused.detail}",
            field=f"preflight.{refused.name}",
            value=loaded.config.desk.environment,
            remedy="see `raydesk preflight`",
        )


def _unlooked(check: Check) -> Checked:
    return Checked(check.name, Status.SKIPPED, "not looked at: an earlier check has failed", check.holds)


async def _judged(check: Check, probe: Probe) -> Checked:
    try:
        async with asyncio.timeout(PATIENCE_S * max(1, len(probe.config.venues))):
            wrong = await check.judge(probe)
    except Skip as skipped:
        return Checked(check.name, Status.SKIPPED, str(skipped), check.holds)
    except (VenueConnectionError, StoreUnavailableError, DeskLockedError) as error:
        wrong = str(error)
    except TimeoutError:
        wrong = "it took too long"
    if wrong:
        return Checked(check.name, Status.FAILED, wrong, check.holds)
    return Checked(check.name, Status.PASSED, check.says, check.holds)


# --- settings -----------------------------------------------------------------------------------------------------


def _rule(name: str) -> Judge:
    rule = next(each for each in LIVE_RULES if each.name == name)

    async def judge(probe: Probe) -> str:
        found = [f"{'.'.join(each.path)}: {each.message}" for each in rule.broken(probe.config)]
        if name == "live_env_armed" and probe.config.desk.environment != "live":
            found.insert(0, f"desk.environment is {probe.config.desk.environment}, not live")
        if name == "live_env_armed" and probe.config.arming.role == "monitor":
            found.append("arming.role is monitor")
        return "; ".join(found)

    return judge


async def _safe_mode(probe: Probe) -> str:
    return "risk.safe_mode is set: the desk would only observe" if probe.config.risk.safe_mode else ""


async def _kill_switch(probe: Probe) -> str:
    return "risk.kill_switch is set: the desk would start HALTED" if probe.config.risk.kill_switch else ""


async def _kill_file(probe: Probe) -> str:
    path = probe.config.risk.kill_file
    if path is None:
        raise Skip("risk.kill_file is not set")
    text = await asyncio.to_thread(read_kill_file, Path(path))
    return "" if text is None else f"{path} is there: {text}".rstrip(": ")


async def _hard_caps(probe: Probe) -> str:
    missing = [
        f"risk.{name}"
        for name in HARD_CAPS
        if getattr(probe.config.risk, name) is None or f"risk.{name}" not in probe.loaded.sources
    ]
    return f"not spelled out: {', '.join(missing)}" if missing else ""


async def _released(probe: Probe) -> str:
    """Nobody has accepted this release for real money: no venue but one on this machine may be traded on in live."""
    public = [
        f"venues.{name} ({venue.rest_url})"
        for name, venue in probe.config.venues.items()
        if isinstance(venue, BinanceUsdmSettings) and venue.exchange is None and not _is_near(venue.rest_url)
    ]
    if not public:
        return ""
    return (
        f"{', '.join(public)}: this release does not trade with real money yet; use paper on a test network"
    )


def _is_near(url: str | None) -> bool:
    host = urlsplit(url or "").hostname or ""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


# --- machine ------------------------------------------------------------------------------------------------------


async def _store(probe: Probe) -> str:
    """The desk's Redis takes a write; one that is not up is started in a folder that does."""
    if probe.store is not None:
        return "" if await RedisObserver(probe.store).writable() else "Redis does not take a write"
    folder = default_folder(probe.config)
    existing = next(each for each in (folder, *folder.parents) if each.exists())
    return "" if os.access(existing, os.W_OK | os.X_OK) else f"{existing} can't be written to"


async def _account_free(probe: Probe) -> str:
    """No other desk trades on one of the accounts, on this machine or over the same Redis."""
    if not account_keys(probe.config):
        raise Skip("no venue has keys of its own")
    if probe.starting:
        return ""  # the start has taken them
    name = probe.config.desk.name
    if probe.store is not None:
        owner = await read_owner(probe.store)
        for venue, holder in (await AccountLeases(probe.store, probe.config, "").holders()).items():
            if holder.desk != name or owner is None:
                return f"venues.{venue} is traded on by desk {holder.desk} on {holder.owner.host}"
        if owner is not None:
            return ""  # they are this desk's own
    files = AccountFiles(probe.config)
    files.take(name)
    files.release()
    return ""


async def _no_halt(probe: Probe) -> str:
    """No kill switch was pulled in the session that would be gone on from."""
    if probe.store is None:
        raise Skip("the desk's store is not up; a halt that it remembers holds after the start")
    observer = RedisObserver(probe.store)
    await observer.poll()
    mode = observer.projection.mode
    if mode.mode in (Mode.HALTED, Mode.OBSERVE):
        return f"the desk is {mode.mode.value.upper()}: {mode.reason}; see `raydesk resume`"
    return ""


# --- venues -------------------------------------------------------------------------------------------------------


async def _each(probe: Probe, judge: Callable[[Probe, str], Awaitable[str]]) -> str:
    venues = list(account_keys(probe.config, writing=False))
    if not venues:
        raise Skip("no venue has keys of its own")
    found = [f"venues.{venue}: {wrong}" for venue in venues if (wrong := await judge(probe, venue))]
    return "; ".join(found)


async def _auth(probe: Probe, venue: str) -> str:
    result = await (await probe.port(venue)).account(QueryAccount(venue))
    if result.outcome is Outcome.ACCEPTED:
        return ""
    return f"the account can't be read: {getattr(result, 'detail', '') or result.outcome.value}"


async def _clock(probe: Probe, venue: str) -> str:
    health = (await probe.port(venue)).health()
    chosen = probe.config.venues[venue]
    assert isinstance(chosen, BinanceUsdmSettings)
    error, bound = health.clock_error_ns, chosen.clock_bound
    if error is None:
        return "its clock is not known"
    if error > bound:
        return f"its clock is known to {error / 1e9:.2f} s, the bound is {bound / 1e9:.2f} s"
    return ""


async def _instruments(probe: Probe, venue: str) -> str:
    wanted = tuple(name for name, symbol in probe.config.symbols.items() if symbol.venue == venue)
    result = await (await probe.port(venue)).instruments(QueryInstruments(venue, wanted))
    if result.outcome is not Outcome.ACCEPTED:
        return f"its rules can't be read: {result.detail}"
    open_ = {each.symbol for each in result.instruments if each.status is ListingStatus.TRADING}
    closed = [name for name in wanted if name not in open_]
    return f"not traded there now: {', '.join(closed)}" if closed else ""


def _secret(value: object) -> str:
    reveal = getattr(value, "get_secret_value", None)
    return "" if reveal is None else str(reveal())


SETTINGS, MACHINE, VENUES = "settings", "machine", "venues"


CHECKS: tuple[Check, ...] = (
    *(Check(rule.name, SETTINGS, rule.says, _rule(rule.name)) for rule in LIVE_RULES),
    Check("hard_caps_configured", SETTINGS, "the limits on size and loss are spelled out", _hard_caps),
    Check("released", SETTINGS, "this release may trade at its venues", _released),
    Check("safe_mode_disabled", SETTINGS, "the settings let it act", _safe_mode, holds=True),
    Check(
        "kill_switch_disabled_in_settings", SETTINGS, "the settings do not halt it", _kill_switch, holds=True
    ),
    Check("kill_file_absent", SETTINGS, "no kill file is there", _kill_file, holds=True),
    Check("db_lock_and_writable", MACHINE, "its store takes a write", _store),
    Check("account_free", MACHINE, "no other desk trades on its accounts", _account_free),
    Check("db_kill_switch_inactive", MACHINE, "no kill switch stands from before", _no_halt, holds=True),
    Check("private_api_auth", VENUES, "every account can be read", lambda probe: _each(probe, _auth)),
    Check(
        "clock", VENUES, "every venue's clock is known within its bound", lambda probe: _each(probe, _clock)
    ),
    Check(
        "instruments", VENUES, "every symbol is traded at its venue", lambda probe: _each(probe, _instruments)
    ),
)
"""All checks in their order; `docs/reference.md` prints them."""
