"""How an exchange begins: in memory, in a new folder, or with what an earlier run left in one."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import NamedTuple

from cluster.exchange.core.floor import Floor, new_listing
from cluster.exchange.core.journal import LOG_NAME, Journal
from cluster.exchange.core.ledger import AccountState
from cluster.exchange.core.matching import Matching
from cluster.exchange.core.settings import AccountSpec, ExchangeSettings
from cluster.exchange.core.state import floor_of, read_lines, read_state
from messages.errors import ConfigurationError, StoreUnavailableError


class Start(StrEnum):
    """How an exchange begins."""

    NEW = "new"
    AGAIN = "again"
    CRASHED = "crashed"


class Opened(NamedTuple):
    """A floor, how it comes to be, and what the market had to keep."""

    floor: Floor
    start: Start
    market: object


def open_floor(settings: ExchangeSettings, now: int, folder: Path | None) -> Opened:
    """The floor of an exchange that opens at `now`. Raises `ConfigurationError` and `StoreError`."""
    if folder is None:
        return Opened(_new_floor(settings, now, Journal()), Start.NEW, None)
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise StoreUnavailableError(
            f"the exchange's folder can't be made: {error.strerror}",
            field="exchange.folder",
            value=str(folder),
            remedy="give a folder that can be written",
        ) from error
    log = folder / LOG_NAME
    state = read_state(folder)
    if state is None:
        return Opened(_new_floor(settings, now, Journal(log)), Start.NEW, None)
    _check_same(settings, [each.original.listing for each in state.listings])
    lines = [] if state.clean else read_lines(log, state.log_offset)
    floor = floor_of(settings, state, Journal(log), lines)
    if not state.clean:
        for account in floor.accounts.values():
            floor.matching.open_account(account.account, account.positions())
    return Opened(floor, Start.AGAIN if state.clean else Start.CRASHED, state.market)


def open_account(floor: Floor, spec: AccountSpec) -> None:
    """Open an account that was not there before, with the cash of its settings."""
    account = floor.accounts[spec.account] = AccountState(spec.account)
    floor.matching.open_account(spec.account)
    for currency, amount in spec.balances.items():
        floor.pay(account, "deposit", currency, amount)


def _new_floor(settings: ExchangeSettings, now: int, journal: Journal) -> Floor:
    listings = {rules.listing: new_listing(rules, settings) for rules in settings.listings}
    return Floor(settings, now, Matching.of(settings.listings), listings, {}, journal)


def _check_same(settings: ExchangeSettings, stored: list[str]) -> None:
    fresh = sorted({rules.listing for rules in settings.listings} - set(stored))
    if fresh:
        raise ConfigurationError(
            "the exchange was set up without this listing",
            field="exchange.listings",
            value=fresh[0],
            remedy="keep its listings, or start it in another folder",
        )
