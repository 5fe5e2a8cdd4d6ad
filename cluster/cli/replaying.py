"""Commands about recorded runs: export, replay, parity."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cluster.cli.desks import ConfigOption, DeskName, FolderOption, JsonFlag, chosen_name, load
from cluster.cli.documents import ExportDocument, ReplayDocument
from cluster.cli.exits import EPILOG, DeskNotRunningError, Exit, require_known
from cluster.cli.output import console, print_json, say, size
from cluster.cli.replay_text import parity_text, replay_text, what_if_text
from messages.errors import StoreUnavailableError

if TYPE_CHECKING:
    from cluster.replaying.recorded import Recorded

RedisOption = Annotated[
    str | None,
    typer.Option("--redis", help="URL of the Redis that keeps the desk; default: as its starter left word."),
]
DataOption = Annotated[
    list[Path] | None,
    typer.Option("--data", help="A recording, where it lies now. May be repeated, in the order of the run."),
]

_NO_DESK = "name one that has run here with --desk or --folder; for another's Redis give --redis and --config"


def register(app: typer.Typer) -> None:
    """Add this group's commands."""
    for command in (export, replay, parity):
        app.command(epilog=EPILOG)(command)


def export(
    out: Annotated[Path, typer.Option("--out", "-o", help="The file to write; replaced when it is there.")],
    desk: DeskName = None,
    config: ConfigOption = None,
    folder: FolderOption = None,
    redis: RedisOption = None,
    as_json: JsonFlag = False,
) -> Exit:
    """Write a desk's whole recorded history into one file, running or stopped; secrets are left out."""
    from cluster.replaying.export_file import write_export

    recorded = _recorded_desk(desk, config, folder, redis, ())
    written = write_export(recorded, out)
    records = sum(len(actor.journal) for actor in recorded.actors.values())
    document = ExportDocument(str(out), recorded.header.desk, written, len(recorded.actors), records)
    if as_json:
        print_json(document)
    else:
        console().print(
            f"{document.actors} actors, {records} journal records of {recorded.header.desk}: "
            f"{size(written)} in {out}",
            markup=False,
        )
    return Exit.OK


def replay(
    desk: DeskName = None,
    config: ConfigOption = None,
    folder: FolderOption = None,
    redis: RedisOption = None,
    exported: Annotated[
        Path | None, typer.Option("--export", help="Replay this export instead of a desk of this machine.")
    ] = None,
    actor: Annotated[
        list[str] | None, typer.Option("--actor", help="Replay this actor only. May be repeated.")
    ] = None,
    with_settings: Annotated[
        list[str] | None,
        typer.Option("--with", help="What if: section.key=value had been set. May be repeated."),
    ] = None,
    data: DataOption = None,
    as_json: JsonFlag = False,
) -> Exit:
    """Feed the recorded inputs to the actors again and compare: exit code 1 at the first difference.

    With --with each input is decided under other settings on the recorded state; lists the decisions that change.
    """
    files = tuple(data or ())
    if exported is None:
        recorded = _recorded_desk(desk, config, folder, redis, files)
    else:
        from cluster.replaying.export_file import read_export

        recorded = read_export(exported)
    actors = _known(recorded, actor or ())
    with tempfile.TemporaryDirectory(prefix="raydesk-") as cache:
        document = _replayed(recorded, actors, tuple(with_settings or ()), files, Path(cache))
    if as_json:
        print_json(document)
    else:
        console().print(what_if_text(document) if with_settings else replay_text(document), soft_wrap=True)
    return Exit.OK if document.identical is not False else Exit.TROUBLE


def parity(
    first: Annotated[str, typer.Argument(metavar="A", help="An export, a run's --json output, or a desk.")],
    second: Annotated[str, typer.Argument(metavar="B", help="What it is compared with.")],
    folder: FolderOption = None,
    as_json: JsonFlag = False,
) -> Exit:
    """Compare what two runs traded, by fingerprint; exit code 1 when they differ, or traded nothing."""
    from cluster.replaying.parity import parity as compared
    from cluster.replaying.parity import run_in_file, run_recorded

    runs = [
        run_in_file(Path(name))
        if Path(name).is_file()
        else run_recorded(_recorded_desk(name, None, folder, None, ()), name)
        for name in (first, second)
    ]
    document = compared(*runs)
    if as_json:
        print_json(document)
    else:
        console().print(parity_text(document), soft_wrap=True)
    return Exit.OK if document.equal else Exit.TROUBLE


def _recorded_desk(
    desk: str | None, config: str | None, folder: Path | None, redis: str | None, files: Sequence[Path]
) -> Recorded:
    """The history of a desk of this machine, or with `--redis` and `--config` of any."""
    from cluster.replaying.recorded import Header
    from cluster.replaying.settings import recorded_settings
    from cluster.replaying.stored import read_desk, read_recorded

    name = chosen_name(desk, config)
    if redis is None or config is None:
        try:
            return asyncio.run(read_desk(name, folder, redis))
        except StoreUnavailableError as error:
            raise DeskNotRunningError(
                error.message, field=error.field, value=error.value or name, remedy=_NO_DESK
            ) from error
    loaded = load(config)
    say("how its session ran is not known: synthetic market data can't be made again")
    header = Header(
        name, recorded_settings(loaded.config), loaded.hash, "", loaded.config.desk.seed, "", None
    )
    return asyncio.run(read_recorded(redis, header))


def _known(recorded: Recorded, names: Sequence[str]) -> tuple[str, ...]:
    with_journal = [address for address, each in recorded.actors.items() if each.journal]
    for name in names:
        require_known("--actor", name, with_journal, "this actor has no journal")
    return tuple(names)


def _replayed(
    recorded: Recorded, actors: Sequence[str], changes: tuple[str, ...], files: Sequence[Path], cache: Path
) -> ReplayDocument:
    from cluster.code_version import code_version
    from cluster.replaying.cast import Cast, market_of
    from cluster.replaying.replay import replay as replayed
    from cluster.replaying.settings import restored
    from cluster.replaying.what_if import what_if

    header = recorded.header
    config = restored(header.config)
    market = market_of(config, header.feed, files, cache)
    cast = Cast(config, header.feed, market)
    results = () if changes else replayed(recorded, cast, actors)
    trials = (
        what_if(recorded, cast, Cast(restored(header.config, changes), header.feed, market), actors)
        if changes
        else ()
    )
    identical = all(each.difference is None for each in results) and any(each.steps for each in results)
    return ReplayDocument(
        header.desk,
        header.config_hash,
        header.code_version,
        code_version(),
        changes,
        None if changes else identical,
        results,
        trials,
    )
