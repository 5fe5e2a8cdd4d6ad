"""Commands that look into the store: store, and store show ACTOR."""

from __future__ import annotations

from typing import Annotated, Any

import typer

import messages.known  # noqa: F401 - all types that actors write
from cluster.cli.desks import ConfigOption, DeskName, FolderOption, JsonFlag, Watch, on_desk
from cluster.cli.exits import EPILOG, Exit, require_known
from cluster.cli.fitting import Fitted
from cluster.cli.output import clock, console, moment, print_json, shown
from cluster.cli.store_documents import (
    DeadLetterEntry,
    RecordEntry,
    SnapshotEntry,
    StoreActorDocument,
    StoreDocument,
    StoreEntry,
)
from cluster.observe.asking import answered
from cluster.observe.snapshots import open_snapshot
from cluster.steps.journal import JournalRecord, decode_record
from cluster.store.port import ActorStatus, StoredSnapshot
from messages import codec
from messages.base import Address, Message
from messages.errors import CodecError, JournalCorruptError


def register(app: typer.Typer) -> None:
    """Add this group's commands."""
    group = typer.Typer(
        name="store",
        help="Look into the store: journals, snapshots, mailboxes, dead letters.",
        epilog=EPILOG,
        invoke_without_command=True,
        rich_markup_mode=None,
    )
    group.callback(invoke_without_command=True)(overview)
    group.command(epilog=EPILOG)(show)
    app.add_typer(group)


def overview(
    context: typer.Context,
    desk: DeskName = None,
    config: ConfigOption = None,
    folder: FolderOption = None,
    as_json: JsonFlag = False,
) -> Exit | None:
    """Look into the store: without a command, list what it keeps of every actor."""
    if context.invoked_subcommand is not None:
        return None

    async def read(watch: Watch) -> StoreDocument:
        statuses = await watch.observer.statuses()
        total, letters = await watch.observer.dead_letters(20)
        return StoreDocument(
            watch.config.desk.name,
            await watch.observer.generation(),
            tuple(_entry(status) for status in statuses),
            total,
            tuple(DeadLetterEntry(x.time, x.address, x.input, x.error, x.size) for x in letters),
        )

    document = on_desk(desk, config, folder, read)
    if as_json:
        print_json(document)
    else:
        _print_overview(document)
    return Exit.OK


def show(
    actor: Annotated[str, typer.Argument(help="Address of the actor, such as risk or strategy/BTC-USDT.")],
    desk: DeskName = None,
    config: ConfigOption = None,
    folder: FolderOption = None,
    as_json: JsonFlag = False,
    count: Annotated[int, typer.Option("--count", "-n", min=1, max=10_000, help="How many records.")] = 10,
) -> Exit:
    """Decode an actor's newest journal records, its snapshots, and the state in the newest sound one."""

    async def read(watch: Watch) -> StoreActorDocument:
        return await _actor(watch, actor, count)

    document = on_desk(desk, config, folder, read)
    if as_json:
        print_json(document)
    else:
        _print_actor(document)
    return Exit.OK


async def _actor(watch: Watch, address: Address, count: int) -> StoreActorDocument:
    observer = watch.observer
    statuses = {status.address: status for status in await observer.statuses()}
    require_known("ACTOR", address, statuses, "the store knows no such actor")
    snapshots = await observer.snapshots(address)
    state_step, state = _newest_state(address, snapshots)
    timers = await answered(watch.desk.store.client.hgetall(watch.desk.store.keys.timers(address)))
    return StoreActorDocument(
        desk=watch.config.desk.name,
        actor=_entry(statuses[address]),
        timers=tuple(_timer(key, data) for key, data in sorted(timers.items())),
        snapshots=tuple(_snapshot(address, each) for each in snapshots),
        records=tuple(_record(address, step, data) for step, data in await observer.records(address, count)),
        state_step=state_step,
        state=state,
    )


def _entry(status: ActorStatus) -> StoreEntry:
    return StoreEntry(
        status.address,
        status.epoch,
        status.step,
        status.journal_length,
        status.urgent_depth,
        status.mailbox_depth,
        status.control_behind,
        status.outstanding,
        status.next_timer,
        status.exit_reason,
        status.digest,
    )


def _newest_state(address: Address, snapshots: list[StoredSnapshot]) -> tuple[int | None, Any]:
    for each in snapshots:
        try:
            return each.step, open_snapshot(address, each).content
        except JournalCorruptError:
            continue
    return None, None


def _snapshot(address: Address, stored: StoredSnapshot) -> SnapshotEntry:
    try:
        open_snapshot(address, stored)
    except JournalCorruptError as error:
        return SnapshotEntry(stored.step, len(stored.data), False, str(error))
    return SnapshotEntry(stored.step, len(stored.data), True, None)


def _timer(key: bytes, data: bytes) -> dict[str, Any]:
    try:
        due, message = codec.unpack(data)
        return {"key": key.decode(), "due": due, "message": message[0]}
    except (CodecError, ValueError, TypeError) as error:
        return {"key": key.decode(errors="replace"), "error": str(error)}


def _record(address: Address, step: int, data: bytes) -> RecordEntry:
    try:
        record = decode_record(data, where=f"{address} step {step}")
    except JournalCorruptError as error:
        return RecordEntry(step, 0, 0, (), (), None, None, str(error))
    return RecordEntry(
        step,
        record.epoch,
        record.now,
        tuple(_inputs(record)),
        tuple(_plain(event) for event in record.events),
        record.digest,
        None if record.fault is None else _plain(record.fault),
        None,
    )


def _inputs(record: JournalRecord) -> list[str]:
    return [f"{item.kind.name.lower()}:{item.reference}" for item in record.inputs]


def _plain(message: Message) -> dict[str, Any]:
    return {"type": type(message).__name__, **codec.to_plain(message)}


def _print_overview(document: StoreDocument) -> None:
    rows = Fitted(
        "!actor",
        ">epoch",
        ">step",
        ">journal",
        ">urgent",
        ">mail",
        "control",
        ">owes",
        "next timer",
        "digest",
        "left",
        spare=("digest", "control", "left", "epoch", "urgent", "step"),
    )
    for each in document.actors:
        rows.add_row(
            shown(each.address),
            str(each.epoch),
            str(each.step),
            str(each.journal_length),
            str(each.urgent_depth),
            str(each.mailbox_depth),
            "behind" if each.control_behind else "read",
            str(each.outstanding),
            clock(each.next_timer),
            shown(each.digest),
            shown(each.exit_reason),
        )
    screen = console()
    screen.print(f"store of {shown(document.desk)}, generation {shown(document.generation)}")
    screen.print(rows)
    screen.print(f"dead letters: {document.dead_letters}")
    for letter in document.newest_dead_letters:
        screen.print(
            f"  {moment(letter.time)} {shown(letter.address)} {shown(letter.input)}: {shown(letter.error)}"
        )


def _print_actor(document: StoreActorDocument) -> None:
    screen, actor = console(), document.actor
    screen.print(
        f"[bold]{shown(actor.address)}[/] epoch {actor.epoch}, step {actor.step}, "
        f"{actor.journal_length} records, left: {shown(actor.exit_reason)}"
    )
    for timer in document.timers:
        screen.print(
            f"timer {shown(timer.get('key'))} due {moment(timer.get('due'))} {shown(timer.get('message'))}"
        )
    for snapshot in document.snapshots:
        sound = "sound" if snapshot.sound else f"[bold red]damaged[/]: {shown(snapshot.error)}"
        screen.print(f"snapshot at step {snapshot.step}, {snapshot.bytes} bytes, {sound}")
    for record in document.records:
        if record.error is not None:
            screen.print(f"[bold red]step {record.step} can't be read[/]: {shown(record.error)}")
            continue
        screen.print(
            f"step {record.step} at {moment(record.time)} epoch {record.epoch} {shown(record.inputs)}"
        )
        for event in (*record.events, *((record.fault,) if record.fault else ())):
            fields = ", ".join(f"{name}={value}" for name, value in event.items() if name != "type")
            screen.print(f"    {shown(event['type'])} {shown(fields)}", soft_wrap=True)
    if document.state_step is not None:
        screen.print(f"state in the snapshot at step {document.state_step}:")
        screen.print(document.state)
