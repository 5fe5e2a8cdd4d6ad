"""How a run ended, for people: the summary table, and everything that makes it a run with trouble."""

from __future__ import annotations

from rich.console import Group
from rich.table import Table

from cluster.cli.output import money, pairs, shown, table
from cluster.observe.projection import Projection
from cluster.observe.summary import RunSummary
from messages.orders import OrderState


def troubles(projection: Projection, dead_letters: int) -> tuple[str, ...]:
    """What a person has to look at after the run; empty when there is nothing."""
    found = [
        f"{row.address} was given up: {row.last_detail or 'too many failures'}"
        for row in projection.family.rows()
        if row.status == "given_up"
    ]
    unknown = projection.orders.states()[OrderState.UNKNOWN]
    damaged = sum(actor.damaged for actor in projection.actors.values())
    if unknown:
        found.append(f"{unknown} orders are of unknown fate")
    if dead_letters:
        found.append(f"{dead_letters} messages were put aside: see `raydesk store`")
    if damaged:
        found.append(f"{damaged} journal records could not be read")
    return tuple(found)


def summary_tables(summary: RunSummary) -> Group:
    """The summary as it is printed at the end of a run."""
    rows = Table.grid(padding=(0, 2))
    rejected = sum(summary.rejected.values())
    for name, value in (
        (
            "intents",
            f"{summary.intents}: {summary.approved} approved, {summary.resized} resized, {rejected} rejected",
        ),
        ("rejected", pairs(summary.rejected)),
        ("orders", pairs(summary.orders)),
        (
            "fills",
            f"{summary.fills}, fees {pairs(summary.fees)}"
            + (f", funding {money(summary.funding)}" if summary.funding else ""),
        ),
        ("positions", pairs(summary.positions)),
        ("nav", f"{money(summary.nav)}, cash {money(summary.cash)}"),
        (
            "profit",
            f"realised {money(summary.realized)}, unrealised {money(summary.unrealized)}, before fees",
        ),
        ("config", summary.config_hash[:12]),
        ("fingerprint", summary.fingerprint),
    ):
        rows.add_row(f"[bold]{name}[/]", value)
    actors = table("actor", ">pid", ">epoch", ">steps", ">restarts", ">journal")
    for address, actor in summary.actors.items():
        actors.add_row(
            shown(address),
            shown(actor.pid),
            str(actor.epoch),
            str(actor.steps),
            str(actor.restarts),
            str(actor.journal_length),
        )
    return Group(rows, "", actors)
