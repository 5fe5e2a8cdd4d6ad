"""Commands that show the machinery: tree and ps."""

from __future__ import annotations

import typer
from rich.tree import Tree

from cluster.cli import pictures
from cluster.cli.desks import ConfigOption, DeskName, FolderOption, JsonFlag, Watch, on_desk
from cluster.cli.documents import ProcessesDocument, TreeDocument, TreeEntry
from cluster.cli.exits import EPILOG, Exit
from cluster.cli.fitting import Fitted
from cluster.cli.output import console, moment, print_json, shown, size, span


def register(app: typer.Typer) -> None:
    """Add this group's commands."""
    app.command(epilog=EPILOG)(tree)
    app.command(epilog=EPILOG)(ps)


def tree(
    desk: DeskName = None, config: ConfigOption = None, folder: FolderOption = None, as_json: JsonFlag = False
) -> Exit:
    """Show the supervision tree: state, restarts, last exit reason and next retry of every child."""

    async def read(watch: Watch) -> TreeDocument:
        await watch.look()
        return pictures.tree_document(watch.config.desk.name, watch.projection)

    document = on_desk(desk, config, folder, read)
    if as_json:
        print_json(document)
    else:
        console().print(render_tree(document))
    return Exit.OK


def ps(
    desk: DeskName = None, config: ConfigOption = None, folder: FolderOption = None, as_json: JsonFlag = False
) -> Exit:
    """List the actors' processes: pid, node, epoch, step, heartbeat age, lag, memory."""

    async def read(watch: Watch) -> ProcessesDocument:
        await watch.look_for_life()
        return pictures.processes_document(
            watch.config.desk.name, watch.projection, watch.statuses, watch.pulses, watch.fresh_within_s
        )

    document = on_desk(desk, config, folder, read)
    if as_json:
        print_json(document)
    else:
        _print_processes(document)
    return Exit.OK


def render_tree(document: TreeDocument) -> Tree:
    """The tree as a rich tree."""
    top = Tree(f"[bold]{shown(document.desk)}[/]")
    path = [top]
    for row in document.rows:
        del path[row.depth + 1 :]
        path.append(path[-1].add(_tree_line(row)))
    return top


_COLOURS = {"running": "green", "supervising": "green", "given_up": "bold red", "backing_off": "yellow"}


def _tree_line(row: TreeEntry) -> str:
    colour = _COLOURS.get(row.status, "dim")
    parts = [f"{shown(row.address)} [{colour}]{row.status.upper()}[/]"]
    if row.pid is not None:
        parts.append(f"pid {row.pid}, epoch {shown(row.epoch)}")
    if row.restarts:
        parts.append(f"{row.restarts} restarts")
    if row.last_exit is not None:
        detail = f" ({row.last_detail})" if row.last_detail else ""
        parts.append(
            f"last exit: {row.last_exit}{shown(detail)}" if detail else f"last exit: {row.last_exit}"
        )
    if row.retry_at is not None:
        parts.append(f"next try {moment(row.retry_at)}")
    return ", ".join(parts)


def _print_processes(document: ProcessesDocument) -> None:
    rows = Fitted(
        "!actor",
        ">pid",
        "node",
        ">epoch",
        ">step",
        ">heartbeat",
        ">urgent",
        ">mail",
        ">lag",
        ">owes",
        ">memory",
        "",
        spare=("node", "owes", "urgent", "memory", "step", "epoch"),
    )
    for each in document.actors:
        beat = "-" if each.heartbeat_age_s is None else f"{each.heartbeat_age_s:.1f} s"
        rows.add_row(
            shown(each.address),
            shown(each.pid),
            shown(each.node),
            str(each.epoch),
            str(each.step),
            beat,
            str(each.urgent_depth),
            str(each.mailbox_depth),
            span(each.lag_ns),
            str(each.outstanding),
            size(each.memory_bytes),
            _life(each.alive, each.exit_reason),
        )
    console().print(rows)


def _life(alive: bool | None, exit_reason: str | None) -> str:
    if exit_reason:
        return f"left: {shown(exit_reason)}"
    return {True: "[green]alive[/]", False: "[bold red]silent[/]", None: "-"}[alive]
