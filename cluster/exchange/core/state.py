"""What an exchange keeps over a restart: its whole state as one file, and what the log tells since."""

from __future__ import annotations

import zlib
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec

from actors.venues.matching.snapshot import EngineSnapshot
from cluster.durable_files import write_atomically
from cluster.exchange.api import MarkChanged, OrderRecord, Payment, PublicTrade, Rules, Trade
from cluster.exchange.core.candles import Bar
from cluster.exchange.core.floor import Floor, Timer, new_listing
from cluster.exchange.core.journal import Journal
from cluster.exchange.core.ledger import AccountState, apply_setting, credit, execute
from cluster.exchange.core.matching import Matching
from cluster.exchange.core.orders import Totals
from cluster.exchange.core.public import Listing
from cluster.exchange.core.settings import ExchangeSettings, check_change
from messages.errors import ConfigurationError, JournalCorruptError, SchemaVersionError, StoreUnavailableError

STATE_NAME = "exchange.state"
SCHEMA_VERSION = 1
AFTER_A_CRASH = 1_000_000_000
"""How far the counters of what is not logged (events, book changes, trades of outsiders) jump after a crash, so that no
number is used twice."""


class ListingState(msgspec.Struct, frozen=True):
    """A listing. `original` are the rules it began with, which fix the engine's tick and lot; `configured` those that
    the settings had last."""

    original: Rules
    configured: Rules
    rules: Rules
    numbered: int
    traded: int
    bids: dict[int, int]
    asks: dict[int, int]
    conditionals: list[int]
    tape: list[PublicTrade]
    minutes: list[Bar]
    seconds: list[Bar]
    mark: MarkChanged | None
    last_price: Decimal | None


class ExchangeState(msgspec.Struct, frozen=True):
    """Everything an exchange knows at one moment. `log_offset` is where the log stood then.

    `clean` when the exchange was closed in order: nothing has happened since.
    """

    schema_version: int
    clean: bool
    log_offset: int
    now: int
    sequence: int
    last_payment: int
    last_order: int
    maintenance: bool
    engine: EngineSnapshot
    handed_in: int
    names: dict[int, str]
    traded: dict[int, Decimal]
    listings: list[ListingState]
    accounts: list[AccountState]
    records: list[OrderRecord]
    totals: dict[int, Totals]
    trades: list[Trade]
    payments: list[Payment]
    timers: list[Timer]
    timer_number: int
    market: Any = None


class LogLine(msgspec.Struct, frozen=True):
    """A line of the log, as far as the exchange itself reads it."""

    type: str
    time: int
    record: OrderRecord | None = None
    trade: Trade | None = None
    payment: Payment | None = None
    account: str = ""
    listing: str = ""
    name: str = ""
    value: int | bool | None = None
    rules: Rules | None = None
    maintenance: bool = False


def write_state(folder: Path, state: ExchangeState) -> None:
    """Put the state in the place of the one before, whole or not at all. Raises `StoreUnavailableError`."""
    data = msgspec.msgpack.encode(state)
    path = folder / STATE_NAME
    try:
        write_atomically(path, zlib.crc32(data).to_bytes(4, "little") + data, mode=0o644)
    except OSError as error:
        raise StoreUnavailableError(
            f"the exchange's state can't be written: {error.strerror}",
            field="exchange.folder",
            value=str(path),
            remedy="give a folder that can be written and has room",
        ) from error


def read_state(folder: Path) -> ExchangeState | None:
    """The stored state; None in a new folder. Raises `JournalCorruptError` and `SchemaVersionError`."""
    path = folder / STATE_NAME
    if not path.exists():
        return None
    data = path.read_bytes()
    if zlib.crc32(data[4:]).to_bytes(4, "little") != data[:4]:
        raise _corrupt(path, "its checksum is wrong")
    try:
        state = msgspec.msgpack.decode(data[4:], type=ExchangeState)
    except (msgspec.DecodeError, msgspec.ValidationError) as error:
        raise _corrupt(path, str(error)) from error
    if state.schema_version > SCHEMA_VERSION:
        raise SchemaVersionError(
            f"this code knows exchange states up to version {SCHEMA_VERSION}",
            field="exchange.folder",
            value=state.schema_version,
            remedy="start the exchange with the newer code, or in another folder",
        )
    return state


def read_lines(path: Path, offset: int) -> list[LogLine]:
    """The whole lines of the log from an offset on. Raises `JournalCorruptError`."""
    data = path.read_bytes()[offset:] if path.exists() else b""
    decoder = msgspec.json.Decoder(LogLine)
    try:
        return [decoder.decode(line) for line in data[: data.rfind(b"\n") + 1].splitlines()]
    except (msgspec.DecodeError, msgspec.ValidationError) as error:
        raise _corrupt(path, str(error)) from error


def state_of(floor: Floor, market: object, *, clean: bool) -> ExchangeState:
    """The floor's state now."""
    matching, orders = floor.matching, floor.orders
    return ExchangeState(
        SCHEMA_VERSION,
        clean,
        floor.journal.offset,
        floor.now,
        floor.sequence,
        floor.last_payment,
        orders.last_id,
        floor.maintenance,
        matching.engine.snapshot(),
        matching.handed_in,
        matching.names,
        matching.traded,
        [_listing_state(listing) for listing in floor.listings.values()],
        list(floor.accounts.values()),
        list(orders.records()),
        orders.totals,
        floor.history.all_trades(),
        floor.history.all_payments(),
        sorted(floor.timers),
        floor.timer_number,
        market,
    )


def floor_of(
    settings: ExchangeSettings, state: ExchangeState, journal: Journal, lines: list[LogLine]
) -> Floor:
    """A floor that goes on where the stored one stood.

    After a clean end it is the same to the last queue. After a crash orders, positions, cash and numbers are those of
    the log; the engine is new, and the open orders are for the caller to hand in again.
    """
    listings = {each.original.listing: _listing(each, settings) for each in state.listings}
    accounts = {each.account: each for each in state.accounts}
    if state.clean:
        matching = Matching.restored(state.engine, state.handed_in, state.names, state.traded)
    else:
        matching = Matching.of(each.original for each in state.listings)
    floor = Floor(settings, state.now, matching, listings, accounts, journal)
    floor.sequence, floor.last_payment = state.sequence, state.last_payment
    floor.maintenance = state.maintenance
    floor.orders.load(state.records, state.totals, state.last_order)
    for trade in state.trades:
        floor.history.add_trade(trade)
    for payment in state.payments:
        floor.history.add_payment(payment)
    floor.timers, floor.timer_number = list(state.timers), state.timer_number
    if not state.clean:
        _catch_up(floor, lines)
    return floor


def _catch_up(floor: Floor, lines: list[LogLine]) -> None:
    """Bring the floor from its stored state to the end of the log, and its unlogged counters to safe ground."""
    for line in lines:
        floor.now = max(floor.now, line.time)
        _apply(floor, line)
    floor.sequence += AFTER_A_CRASH
    for listing in floor.listings.values():
        listing.numbered += AFTER_A_CRASH
        listing.traded += AFTER_A_CRASH
        listing.bids.clear()
        listing.asks.clear()
        listing.conditionals.clear()
    floor.timers.clear()
    for account in floor.accounts.values():
        for name, until in account.count_downs.items():
            floor.call_at(until, "count_down", account=account.account, listing=name)
        for record in floor.orders.open(account.account):
            if record.request.expire_at is not None:
                floor.call_at(record.request.expire_at, "expire", order_id=record.order_id)
            if record.conditional:
                floor.listings[record.request.listing].conditionals[record.order_id] = None


def _apply(floor: Floor, line: LogLine) -> None:
    if line.trade is not None:
        account, listing = floor.accounts[line.trade.account], floor.listings[line.trade.listing]
        execute(account, listing.rules, line.trade, floor.margins.leverage(account, line.trade.listing))
        floor.orders.traded(line.trade)
        floor.history.add_trade(line.trade)
        listing.traded = max(listing.traded, line.trade.trade_id)
        listing.last_price = line.trade.price
    if line.record is not None:
        floor.orders.put(line.record)
    if line.payment is not None:
        account = floor.accounts.setdefault(line.payment.account, AccountState(line.payment.account))
        credit(account, line.payment)
        floor.history.add_payment(line.payment)
        floor.last_payment = max(floor.last_payment, line.payment.payment_id)
    if line.type == "setting":
        apply_setting(floor.accounts[line.account], line.listing, line.name, line.value)
    if line.type == "status":
        floor.maintenance = line.maintenance
        if line.rules is not None:
            floor.listings[line.rules.listing].rules = line.rules


def _listing_state(listing: Listing) -> ListingState:
    return ListingState(
        listing.original,
        listing.configured,
        listing.rules,
        listing.numbered,
        listing.traded,
        listing.bids,
        listing.asks,
        list(listing.conditionals),
        list(listing.tape),
        list(listing.bars.minutes),
        list(listing.bars.seconds),
        listing.mark,
        listing.last_price,
    )


def _listing(state: ListingState, settings: ExchangeSettings) -> Listing:
    """A stored listing. Settings that are new since its last start count, else what it was changed to while it ran."""
    name = state.original.listing
    wanted = next((rules for rules in settings.listings if rules.listing == name), None)
    if wanted is None:
        raise ConfigurationError(
            "the exchange was set up with this listing",
            field="exchange.listings",
            value=name,
            remedy="keep its listings, or start it in another folder",
        )
    listing = new_listing(state.original, settings)
    check_change(listing.grid.instrument, wanted)
    listing.rules = state.rules if wanted == state.configured else wanted
    listing.configured = wanted
    listing.numbered, listing.traded = state.numbered, state.traded
    listing.bids, listing.asks = dict(state.bids), dict(state.asks)
    listing.conditionals = dict.fromkeys(state.conditionals)
    listing.tape.extend(state.tape)
    listing.bars.minutes.extend(state.minutes)
    listing.bars.seconds.extend(state.seconds)
    listing.mark = state.mark
    listing.last_price = state.last_price
    return listing


def _corrupt(path: Path, why: str) -> JournalCorruptError:
    return JournalCorruptError(
        f"the exchange's store can't be read: {why}",
        field="exchange.folder",
        value=str(path),
        remedy="restore the folder from a copy, or start the exchange in another one",
    )
