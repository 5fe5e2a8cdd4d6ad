"""From the projection, the store and the settings to the documents that commands print. Pure, but for memory sizes."""

from __future__ import annotations

import socket
from collections.abc import Sequence
from decimal import Decimal
from typing import Protocol

import psutil

from cluster.arming import not_armed_because, side_effects
from cluster.cli.connections import feeds_entry, venue_entries
from cluster.cli.control_documents import ModeCause
from cluster.cli.documents import (
    OrderEntry,
    OrdersDocument,
    PositionEntry,
    PositionsDocument,
    ProcessEntry,
    ProcessesDocument,
    Progress,
    StatusDocument,
    TreeDocument,
    TreeEntry,
)
from cluster.observe.connections import Connections
from cluster.observe.health import Pulses
from cluster.observe.projection import Projection
from cluster.observe.summary import plain, run_summary
from cluster.observe.views import OrderView
from cluster.store.port import ActorStatus
from config import DeskConfig
from messages.child_specs import ChildKind
from supervisors.report import TreeRow


class OwnerFacts(Protocol):
    """What a desk tells of whoever runs it."""

    @property
    def host(self) -> str: ...
    @property
    def pid(self) -> int: ...
    @property
    def since(self) -> int: ...
    @property
    def speed(self) -> str: ...
    @property
    def config_hash(self) -> str: ...
    @property
    def dashboard_url(self) -> str | None: ...


def status_document(
    config: DeskConfig,
    owner: OwnerFacts,
    projection: Projection,
    statuses: Sequence[ActorStatus],
    pulses: Pulses,
    *,
    fresh_within_s: float,
    progress: Progress | None,
    dead_letters: int,
    metrics_url: str | None,
    connections: Connections,
) -> StatusDocument:
    """One screen: who runs what, whether it may trade, and how it stands."""
    totals = run_summary(projection, statuses, owner.config_hash)
    reasons = not_armed_because(config, projection.mode.mode)
    rows = projection.family.rows()
    wanted = [each for each in statuses if not _is_retired(each, rows)]
    alive = [is_alive(status, pulses, fresh_within_s) for status in wanted]
    return StatusDocument(
        desk=config.desk.name,
        environment=config.desk.environment,
        side_effects=side_effects(config),
        armed=not reasons,
        not_armed_because=reasons,
        metrics_url=metrics_url,
        desk_time=projection.now,
        progress=progress,
        mode=projection.mode.mode,
        mode_version=projection.mode.version,
        mode_causes=mode_causes(projection),
        degrade_level=projection.degrade.level,
        size_factor=projection.degrade.factor,
        exposure=_plain(projection.books.exposure),
        drawdown=_ratio(projection.books.drawdown),
        actors=len(wanted),
        actors_alive=sum(each is True for each in alive),
        restarts=sum(projection.family.restarts().values()),
        **{name: getattr(owner, name) for name in _FROM_OWNER},
        **{name: getattr(totals, name) for name in _FROM_SUMMARY},
        given_up=tuple(row.address for row in rows if row.status == "given_up"),
        dead_letters=dead_letters,
        damaged_records=sum(actor.damaged for actor in projection.actors.values()),
        feeds=feeds_entry(connections),
        venues=venue_entries(connections),
    )


_FROM_OWNER = ("host", "pid", "since", "speed", "config_hash", "dashboard_url")
_FROM_SUMMARY = (
    *("nav", "cash", "realized", "unrealized", "positions"),
    *("intents", "approved", "resized", "rejected", "orders", "fills"),
)


def mode_causes(projection: Projection) -> dict[str, ModeCause]:
    """Every source of the desk's mode, by its name."""
    return {
        name: ModeCause(source.mode, source.reason, source.clearing.value, source.since)
        for name, source in projection.mode.sources.items()
    }


def _is_retired(status: ActorStatus, rows: Sequence[TreeRow]) -> bool:
    """Whether it is a strategy that was removed with its symbol: it is not missed."""
    strategy = status.address.startswith("strategy/") and status.exit_reason is not None
    return strategy and all(row.address != status.address for row in rows)


def is_alive(status: ActorStatus, pulses: Pulses, fresh_within_s: float) -> bool | None:
    """Whether an actor's heartbeat moves; None while that can't be known yet."""
    if status.exit_reason or status.incarnation is None:
        return False
    age = pulses.age_s(status.address)
    return None if age is None else age <= fresh_within_s


def tree_document(desk: str, projection: Projection) -> TreeDocument:
    """The supervision tree as its journals tell it."""
    return TreeDocument(
        desk,
        tuple(
            TreeEntry(
                address=row.address,
                depth=row.depth,
                kind=ChildKind(row.kind).value,
                status=row.status,
                restarts=row.restarts,
                pid=row.pid or None,
                node=row.node or None,
                epoch=row.incarnation or None,
                last_exit=None if row.last_exit is None else row.last_exit.value,
                last_detail=row.last_detail,
                retry_at=row.retry_at,
            )
            for row in projection.family.rows()
        ),
    )


def processes_document(
    desk: str,
    projection: Projection,
    statuses: Sequence[ActorStatus],
    pulses: Pulses,
    fresh_within_s: float,
) -> ProcessesDocument:
    """Every actor's process, with its memory where it is one of this machine."""
    entries = []
    for status in statuses:
        process = status.incarnation
        entries.append(
            ProcessEntry(
                address=status.address,
                pid=None if process is None else process.pid,
                node=None if process is None else process.node,
                epoch=status.epoch,
                step=status.step,
                heartbeat_age_s=pulses.age_s(status.address),
                urgent_depth=status.urgent_depth,
                mailbox_depth=status.mailbox_depth,
                outstanding=status.outstanding,
                lag_ns=_lag(projection, status),
                journal_length=status.journal_length,
                exit_reason=status.exit_reason,
                memory_bytes=_memory(status),
                alive=is_alive(status, pulses, fresh_within_s),
            )
        )
    return ProcessesDocument(desk, tuple(entries))


def orders_document(
    desk: str,
    projection: Projection,
    *,
    states: Sequence[str],
    symbol: str | None,
    open_only: bool,
    limit: int,
) -> OrdersDocument:
    """The orders that match, newest first."""
    found = [
        order
        for order in projection.orders.orders.values()
        if (not states or order.state.value in states)
        and (symbol is None or order.symbol == symbol)
        and (order.open or not open_only)
    ]
    found.sort(key=lambda order: (-(order.placed_at or 0), order.client_order_id))
    counts = {state.value: count for state, count in sorted(projection.orders.states().items()) if count}
    return OrdersDocument(
        desk, len(found), counts, tuple(_order(order, projection) for order in found[:limit])
    )


def positions_document(desk: str, projection: Projection, *, all_listings: bool = False) -> PositionsDocument:
    """What is held, listing by listing, at its marks; with `all_listings` also what was held before."""
    books = projection.books
    entries = []
    for holding in books.state.holdings.values():
        if not (holding.position or all_listings):
            continue
        mark = books.state.marks.get(holding.symbol)
        base = holding.position * holding.multiplier * holding.rate
        known = holding.value is not None and holding.cost is not None
        entries.append(
            PositionEntry(
                venue=holding.venue,
                symbol=holding.symbol,
                quantity=plain(holding.position),
                average_price=None
                if not base or holding.cost is None
                else plain(_rounded(holding.cost / base)),
                bid=None if mark is None else mark.bid,
                ask=None if mark is None else mark.ask,
                mark_time=None if mark is None else mark.time,
                value=_plain(holding.value),
                unrealized=plain((holding.value or ZERO) - (holding.cost or ZERO)) if known else None,
                realized=plain(holding.realised),
                net=plain(holding.net),
                fees=plain(holding.fees),
            )
        )
    return PositionsDocument(
        desk,
        _plain(books.nav),
        _plain(books.cash),
        plain(books.realised),
        _plain(books.unrealised),
        _plain(books.exposure),
        _ratio(books.drawdown),
        tuple(entries),
    )


ZERO = Decimal(0)


def _order(order: OrderView, projection: Projection) -> OrderEntry:
    average = order.average_price
    intent = projection.orders.intents.get(order.intent_id or "")
    siblings = [] if intent is None else intent.orders
    return OrderEntry(
        client_order_id=order.client_order_id,
        venue_order_id=order.venue_order_id,
        intent_id=order.intent_id,
        strategy=order.strategy,
        symbol=order.symbol,
        venue=order.venue,
        side=None if order.side is None else order.side.value,
        order_type=None if order.order_type is None else order.order_type.value,
        post_only=order.post_only,
        quantity=_plain(order.quantity),
        limit_price=_plain(order.limit_price),
        stop_price=_plain(order.stop_price),
        state=order.state.value,
        reason=order.reason.value,
        filled=plain(order.filled),
        average_price=None if average is None else plain(_rounded(average)),
        fees={currency: plain(amount) for currency, amount in sorted(order.fees.items())},
        placed_at=order.placed_at,
        sends=order.sends,
        route=None if intent is None or intent.route is None else intent.route.value,
        number=siblings.index(order.client_order_id) + 1 if order.client_order_id in siblings else 1,
    )


def _plain(amount: Decimal | None) -> Decimal | None:
    return None if amount is None else plain(amount)


def _rounded(amount: Decimal) -> Decimal:
    """For people: what a division left is cut at the eighth decimal."""
    return amount.quantize(Decimal("0.00000001"))


def _ratio(ratio: Decimal | None) -> Decimal | None:
    return None if ratio is None else plain(_rounded(ratio))


def _lag(projection: Projection, status: ActorStatus) -> int | None:
    """How far an actor with unread mail is behind, in desk time; supervisors run on machine time and have none."""
    if status.address.startswith("supervisor/") or projection.now is None or not status.step:
        return None
    waiting = status.urgent_depth or status.mailbox_depth
    return max(0, projection.now - status.now) if waiting else 0


def _memory(status: ActorStatus) -> int | None:
    process = status.incarnation
    if process is None or status.exit_reason or process.node not in _names_of_this_machine():
        return None
    try:
        found = psutil.Process(process.pid)
        memory: int = found.memory_info().rss
    except psutil.Error:
        return None
    return memory


def _names_of_this_machine() -> tuple[str, ...]:
    return socket.gethostname(), "localhost"
