"""Commands that show how the desk stands: status, health, orders, positions, trace."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.console import Group
from rich.panel import Panel

from cluster.cli import pictures
from cluster.cli.connections import feeds_line, venue_line
from cluster.cli.desks import ConfigOption, DeskName, FolderOption, JsonFlag, Watch, on_desk
from cluster.cli.documents import OrdersDocument, PositionsDocument, StatusDocument
from cluster.cli.exits import EPILOG, Exit, require_known
from cluster.cli.fitting import Fitted
from cluster.cli.output import clock, console, moment, money, pairs, percent, print_json, shown, table
from cluster.cli.owners import owner_facts, progress_of
from cluster.cli.traces import render_trace
from cluster.observe.health import Health, judge
from cluster.observe.services import Services
from cluster.observe.trace import trace as trace_of
from messages.orders import OrderState


def register(app: typer.Typer) -> None:
    """Add this group's commands."""
    for command in (status, health, orders, positions, trace):
        app.command(epilog=EPILOG)(command)


def status(
    desk: DeskName = None, config: ConfigOption = None, folder: FolderOption = None, as_json: JsonFlag = False
) -> Exit:
    """Show the desk on one screen: mode, money, orders, actors, and whether it is armed."""

    async def read(watch: Watch) -> StatusDocument:
        await watch.look_for_life()
        return await status_of(watch)

    document = on_desk(desk, config, folder, read)
    if as_json:
        print_json(document)
    else:
        console().print(_status_screen(document))
    return Exit.OK


async def status_of(watch: Watch) -> StatusDocument:
    """The status document of a running desk that was looked at for life."""
    total, _ = await watch.observer.dead_letters(1)
    return pictures.status_document(
        watch.config,
        owner_facts(watch.desk),
        watch.projection,
        watch.statuses,
        watch.pulses,
        fresh_within_s=watch.fresh_within_s,
        progress=await progress_of(watch.desk),
        dead_letters=total,
        metrics_url=await Services(watch.desk.store).find("metrics"),
        connections=watch.connections,
    )


def health(
    desk: DeskName = None, config: ConfigOption = None, folder: FolderOption = None, as_json: JsonFlag = False
) -> Exit:
    """Check the desk: store writable, risk heartbeat fresh, each venue connected, live prices fresh.

    Exit code 0 or 1.
    """

    async def read(watch: Watch) -> Health:
        await watch.look_for_life()
        return await health_of(watch)

    found = on_desk(desk, config, folder, read)
    if as_json:
        print_json(found)
    else:
        rows = table("", "check", "seen")
        for check in found.checks:
            rows.add_row("[green]ok[/]" if check.ok else "[bold red]bad[/]", check.name, shown(check.detail))
        console().print(rows)
    return Exit.OK if found.healthy else Exit.TROUBLE


async def health_of(watch: Watch) -> Health:
    """The checks of a running desk that was looked at for life."""
    return judge(
        watch.projection,
        watch.statuses,
        watch.pulses,
        writable=await watch.observer.writable(),
        fresh_within_s=watch.fresh_within_s,
        expected=[f"execution/{venue}" for venue in watch.config.venues],
        connections=watch.connections,
    )


def orders(
    desk: DeskName = None,
    config: ConfigOption = None,
    folder: FolderOption = None,
    as_json: JsonFlag = False,
    state: Annotated[
        list[str] | None, typer.Option("--state", help="Only this state. May be repeated.")
    ] = None,
    symbol: Annotated[str | None, typer.Option("--symbol", help="Only this symbol.")] = None,
    open_only: Annotated[bool, typer.Option("--open", help="Only orders that may still fill.")] = False,
    limit: Annotated[int, typer.Option("--limit", min=1, help="At most so many, the newest first.")] = 50,
) -> Exit:
    """List orders with their states, fills and fees."""
    wanted = state or []
    for each in wanted:
        require_known("--state", each, OrderState, "there is no such order state")

    async def read(watch: Watch) -> OrdersDocument:
        await watch.look()
        document = pictures.orders_document(
            watch.config.desk.name,
            watch.projection,
            states=wanted,
            symbol=symbol,
            open_only=open_only,
            limit=limit,
        )
        if symbol is not None and not document.orders:
            require_known("--symbol", symbol, watch.config.symbols, "the desk does not know it")
        return document

    document = on_desk(desk, config, folder, read)
    if as_json:
        print_json(document)
    else:
        console().print(_orders_table(document))
    return Exit.OK


def positions(
    desk: DeskName = None,
    config: ConfigOption = None,
    folder: FolderOption = None,
    as_json: JsonFlag = False,
    all_listings: Annotated[bool, typer.Option("--all", help="Also what is flat now.")] = False,
) -> Exit:
    """List positions at their marks, with profit and fees."""

    async def read(watch: Watch) -> PositionsDocument:
        await watch.look()
        return pictures.positions_document(
            watch.config.desk.name, watch.projection, all_listings=all_listings
        )

    document = on_desk(desk, config, folder, read)
    if as_json:
        print_json(document)
    else:
        console().print(_positions_table(document))
    return Exit.OK


def trace(
    order: Annotated[
        str, typer.Argument(help="Id of an order (client or venue) or of an intent, or strategy/SYMBOL.")
    ],
    desk: DeskName = None,
    config: ConfigOption = None,
    folder: FolderOption = None,
    as_json: JsonFlag = False,
) -> Exit:
    """Tell an order's whole story: quote, decision, intent, every check, order events, fills, ledger, with times.

    Of strategy/SYMBOL the last decision that was recorded: what it saw, and why it traded or not.
    """

    async def read(watch: Watch) -> object:
        await watch.look()
        return trace_of(watch.projection, order)

    found = on_desk(desk, config, folder, read)
    if as_json:
        print_json(found)
    else:
        console().print(render_trace(found))  # type: ignore[arg-type]
    return Exit.OK


def standing(document: StatusDocument) -> str:
    """How real the desk is, and whether an order can reach a venue now; with markup."""
    armed = (
        "[green]ARMED[/]" if document.armed else f"[yellow]NOT_ARMED[/] ({shown(document.not_armed_because)})"
    )
    return f"{document.environment}, side effects: {document.side_effects}, {armed}"


def _status_screen(document: StatusDocument) -> Group:
    lines = table("", "")
    lines.show_header = False
    for name, value in (
        ("desk", f"{document.desk}, {standing(document)}"),
        (
            "runs",
            f"pid {document.pid} on {document.host} since {moment(document.since)}, speed {document.speed}",
        ),
        ("config", document.config_hash[:12]),
        ("pages", f"dashboard {shown(document.dashboard_url)}, metrics {shown(document.metrics_url)}"),
        ("desk time", _time_line(document)),
        ("mode", mode_line(document)),
        ("nav", f"{money(document.nav)}, cash {money(document.cash)}, drawdown {percent(document.drawdown)}"),
        (
            "profit",
            f"realised {money(document.realized)}, unrealised {money(document.unrealized)}, before fees",
        ),
        ("positions", pairs(document.positions)),
        ("intents", _intents_line(document)),
        ("rejected", pairs(document.rejected)),
        ("orders", f"{pairs(document.orders)}; {document.fills} fills"),
        ("actors", f"{document.actors_alive} of {document.actors} alive, {document.restarts} restarts"),
        *([("feeds", feeds_line(document.feeds))] if document.feeds is not None else []),
        *((f"venue {shown(name)}", venue_line(venue)) for name, venue in document.venues.items()),
        ("given up", shown(document.given_up)),
        ("set aside", f"{document.dead_letters} messages, {document.damaged_records} damaged records"),
    ):
        lines.add_row(f"[bold]{name}[/]", value)
    return Group(Panel(lines, title="raydesk", title_align="left"))


def _time_line(document: StatusDocument) -> str:
    """The desk's time, and why it stands still where it does."""
    ended = document.progress is not None and document.progress.ended
    return f"{moment(document.desk_time)}{', the market data has ended' if ended else ''}"


def mode_line(document: StatusDocument) -> str:
    """The desk's mode and why; with markup."""
    if document.mode is None:
        return "not known yet"
    causes = "; ".join(f"{name}: {cause.reason}" for name, cause in document.mode_causes.items())
    line = f"{document.mode.value.upper()} {f'({causes})' if causes else ''}".strip()
    if document.degrade_level:
        line += f", degrade level {document.degrade_level}: new orders at {percent(document.size_factor)}"
    return shown(line)


ORDER_COLUMNS = (
    "!placed",
    "!order",
    "!symbol",
    "!side",
    "!type",
    "!route",
    ">!quantity",
    ">!limit",
    ">!filled",
    ">!average",
    "!state",
    "reason",
)
ORDERS_SPARE = ("route", "type", "limit", "average", "placed", "filled", "reason")


def _intents_line(document: StatusDocument) -> str:
    """What risk said to the intents. Its journal is trimmed before others, which then know of more of them."""
    told = document.approved + document.resized + sum(document.rejected.values())
    line = f"{document.intents}: {document.approved} approved, {document.resized} resized"
    if told >= document.intents:
        return line
    return f"{line}, {document.intents - told} undecided or no longer in risk's journal"


def _orders_table(document: OrdersDocument) -> Group:
    rows = Fitted(*ORDER_COLUMNS, spare=ORDERS_SPARE)
    for order in document.orders:
        rows.add_row(
            clock(order.placed_at),
            shown(order.client_order_id),
            shown(order.symbol),
            shown(order.side),
            "post only" if order.post_only else shown(order.order_type),
            "-" if order.route is None else f"{shown(order.route)} {order.number}",
            shown(order.quantity),
            shown(order.limit_price),
            shown(order.filled),
            shown(order.average_price),
            order.state,
            order.reason,
        )
    footer = f"{len(document.orders)} of {document.total} shown; all orders: {pairs(document.states)}"
    return Group(rows, footer)


def _positions_table(document: PositionsDocument) -> Group:
    rows = Fitted(
        "venue",
        "!symbol",
        ">quantity",
        ">average",
        ">bid",
        ">ask",
        ">value",
        ">unrealised",
        ">realised",
        ">fees",
        spare=("bid", "ask", "fees", "average", "venue", "realised"),
    )
    for each in document.positions:
        rows.add_row(
            each.venue,
            each.symbol,
            shown(each.quantity),
            shown(each.average_price),
            shown(each.bid),
            shown(each.ask),
            money(each.value),
            money(each.unrealized),
            money(each.realized),
            money(each.fees),
        )
    footer = (
        f"nav {money(document.nav)}, cash {money(document.cash)}, realised {money(document.realized)}, "
        f"unrealised {money(document.unrealized)}, exposure {money(document.exposure)}, "
        f"drawdown {percent(document.drawdown)}"
    )
    return Group(rows, footer)
