"""What the reading commands print with `--json`: one document type per command, whose schema is a promise.

Decimals are text, times int nanoseconds (desk time unless a field says otherwise), what is not known is null.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec

from cluster.cli.connections import FeedsEntry, VenueEntry
from cluster.cli.control_documents import (
    CommandDocument,
    FlattenDocument,
    ModeCause,
    ResumeDocument,
    TreasuryDocument,
)
from cluster.cli.limit_documents import LimitCommandDocument, LimitsDocument, RiskDocument
from cluster.cli.report_documents import ReportDocument
from cluster.cli.store_documents import StoreActorDocument, StoreDocument
from cluster.cli.strategy_documents import (
    StrategiesDocument,
    StrategyCommandDocument,
    SuggestionDocument,
)
from cluster.cli.transfers import TransferDocument
from cluster.cli.universe_documents import UniverseCommandDocument, UniverseDocument
from cluster.drill.document import DrillsDocument
from cluster.observe.health import Health
from cluster.observe.summary import RunSummary
from cluster.observe.trace import Trace
from cluster.replaying.results import ActorReplay, ActorWhatIf, ParityDocument
from messages.base import Address
from messages.control import Mode


class Progress(msgspec.Struct, frozen=True):
    """How far a bounded session has come; `end` is null for one without end."""

    time: int
    start: int
    end: int | None
    draining: bool
    ended: bool


class StatusDocument(msgspec.Struct, frozen=True):
    """`raydesk status`. `feeds` and `venues` are live prices and venues with a protocol of their own: none on paper."""

    desk: str
    environment: str
    side_effects: str
    armed: bool
    not_armed_because: tuple[str, ...]
    host: str
    pid: int
    since: int
    speed: str
    config_hash: str
    dashboard_url: str | None
    metrics_url: str | None
    desk_time: int | None
    progress: Progress | None
    mode: Mode | None
    mode_version: int
    mode_causes: dict[str, ModeCause]
    degrade_level: int
    size_factor: Decimal
    nav: Decimal | None
    cash: Decimal | None
    realized: Decimal
    unrealized: Decimal | None
    exposure: Decimal | None
    drawdown: Decimal | None
    positions: dict[str, Decimal]
    intents: int
    approved: int
    resized: int
    rejected: dict[str, int]
    orders: dict[str, int]
    fills: int
    actors: int
    actors_alive: int
    restarts: int
    given_up: tuple[Address, ...]
    dead_letters: int
    damaged_records: int
    feeds: FeedsEntry | None
    venues: dict[str, VenueEntry]


class TreeEntry(msgspec.Struct, frozen=True):
    """One place in the supervision tree. `retry_at` is machine time; pid, node and epoch are null when never up."""

    address: Address
    depth: int
    kind: str
    status: str
    restarts: int
    pid: int | None
    node: str | None
    epoch: int | None
    last_exit: str | None
    last_detail: str
    retry_at: int | None


class TreeDocument(msgspec.Struct, frozen=True):
    """`raydesk tree`: rows depth first, children in start order."""

    desk: str
    rows: tuple[TreeEntry, ...]


class ProcessEntry(msgspec.Struct, frozen=True):
    """One actor's process. `heartbeat_age_s` is a lower bound; `memory_bytes` is known on this machine only."""

    address: Address
    pid: int | None
    node: str | None
    epoch: int
    step: int
    heartbeat_age_s: float | None
    urgent_depth: int
    mailbox_depth: int
    outstanding: int
    lag_ns: int | None
    journal_length: int
    exit_reason: str | None
    memory_bytes: int | None
    alive: bool | None


class ProcessesDocument(msgspec.Struct, frozen=True):
    """`raydesk ps`."""

    desk: str
    actors: tuple[ProcessEntry, ...]


class OrderEntry(msgspec.Struct, frozen=True):
    """One order; `number` says the how many-th of its intent it is, `route` how the intent was to be worked."""

    client_order_id: str
    venue_order_id: str | None
    intent_id: str | None
    strategy: str | None
    symbol: str | None
    venue: str | None
    side: str | None
    order_type: str | None
    post_only: bool
    quantity: Decimal | None
    limit_price: Decimal | None
    stop_price: Decimal | None
    state: str
    reason: str
    filled: Decimal
    average_price: Decimal | None
    fees: dict[str, Decimal]
    placed_at: int | None
    sends: int
    route: str | None
    number: int


class OrdersDocument(msgspec.Struct, frozen=True):
    """`raydesk orders`: newest first; `total` counts those that match, `states` all orders of the desk."""

    desk: str
    total: int
    states: dict[str, int]
    orders: tuple[OrderEntry, ...]


class PositionEntry(msgspec.Struct, frozen=True):
    """One listing. Quantities in base units, money in quote currency."""

    venue: str
    symbol: str
    quantity: Decimal
    average_price: Decimal | None
    bid: Decimal | None
    ask: Decimal | None
    mark_time: int | None
    value: Decimal | None
    unrealized: Decimal | None
    realized: Decimal
    net: Decimal
    fees: Decimal


class PositionsDocument(msgspec.Struct, frozen=True):
    """`raydesk positions`."""

    desk: str
    nav: Decimal | None
    cash: Decimal | None
    realized: Decimal
    unrealized: Decimal | None
    exposure: Decimal | None
    drawdown: Decimal | None
    positions: tuple[PositionEntry, ...]


class SettingEntry(msgspec.Struct, frozen=True):
    """One setting: where it stands, its value (secrets masked) and where that came from."""

    path: str
    value: Any
    source: str


class ConfigDocument(msgspec.Struct, frozen=True):
    """`raydesk config show`."""

    config_hash: str
    settings: tuple[SettingEntry, ...]


class ProblemEntry(msgspec.Struct, frozen=True):
    """One thing wrong with the settings."""

    path: str
    message: str
    value: str | None
    source: str | None
    remedy: str | None


class ConfigCheckDocument(msgspec.Struct, frozen=True):
    """`raydesk config check`."""

    valid: bool
    config_hash: str | None
    problems: tuple[ProblemEntry, ...]


class ExportDocument(msgspec.Struct, frozen=True):
    """`raydesk export`: the file, its size, and how much is in it."""

    file: str
    desk: str
    bytes: int
    actors: int
    records: int


class ReplayDocument(msgspec.Struct, frozen=True):
    """`raydesk replay`. `identical` is null with `--with`, where `what_if` has the result instead of `actors`.

    `recorded_by` and `replayed_by` are code versions; the former is empty when it is not known.
    """

    desk: str
    config_hash: str
    recorded_by: str
    replayed_by: str
    changes: tuple[str, ...]
    identical: bool | None
    actors: tuple[ActorReplay, ...]
    what_if: tuple[ActorWhatIf, ...]


class VolumeEntry(msgspec.Struct, frozen=True):
    """A symbol's mean daily volume in base units over `days` days; `time` is when the venue told it, `age` in ns."""

    symbol: str
    venue: str
    volume: float
    days: int
    time: int
    age: int


class VolumesDocument(msgspec.Struct, frozen=True):
    """`raydesk volumes`."""

    desk: str
    volumes: tuple[VolumeEntry, ...]


DOCUMENTS: dict[str, type[msgspec.Struct]] = {
    "run": RunSummary,
    "status": StatusDocument,
    "health": Health,
    "tree": TreeDocument,
    "ps": ProcessesDocument,
    "orders": OrdersDocument,
    "positions": PositionsDocument,
    "trace": Trace,
    "volumes": VolumesDocument,
    "store": StoreDocument,
    "store show": StoreActorDocument,
    "config show": ConfigDocument,
    "config check": ConfigCheckDocument,
    "halt": CommandDocument,
    "resume": ResumeDocument,
    "mode": CommandDocument,
    "degrade": CommandDocument,
    "flatten": FlattenDocument,
    "treasury sweep": TreasuryDocument,
    "treasury purge": TreasuryDocument,
    "treasury trim": TreasuryDocument,
    "treasury deposit": TransferDocument,
    "treasury withdraw": TransferDocument,
    "limits show": LimitsDocument,
    "limits set": LimitCommandDocument,
    "risk": RiskDocument,
    "strategies list": StrategiesDocument,
    "strategies enable": StrategyCommandDocument,
    "strategies disable": StrategyCommandDocument,
    "strategies budget": StrategyCommandDocument,
    "strategies sizer": StrategyCommandDocument,
    "strategies suggest": SuggestionDocument,
    "universe show": UniverseDocument,
    "universe add": UniverseCommandDocument,
    "universe remove": UniverseCommandDocument,
    "universe ban": UniverseCommandDocument,
    "universe unban": UniverseCommandDocument,
    "report": ReportDocument,
    "export": ExportDocument,
    "replay": ReplayDocument,
    "parity": ParityDocument,
    "drill": DrillsDocument,
}
"""Which document each command prints; the tests hold their JSON schemas to stored ones.

That of `raydesk sweep` is `cluster.sweep.document.SweepDocument`: not here, for it loads numpy.
"""
