"""Putting a run into use: a verified copy in a place of its own, and a link that is swapped in one instant.

PLACE/runs/<run id>-<manifest>/   copies of promoted runs, never changed
PLACE/current                     leads to the one in use
PLACE/history.jsonl               each promotion: when, what, instead of what, on which evidence

A desk opens PLACE when it starts and keeps what it opened; promoting an earlier run again takes a promotion back.
"""

from __future__ import annotations

import fcntl
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import msgspec

from cluster.durable_files import sync_folder, write_atomically
from cluster.models.evidence import EVIDENCE, ShadowEvidence, require_evidence
from cluster.models.loading import CURRENT, run_folder
from cluster.models.manifest import MANIFEST, RunManifest, fingerprint_of, read_manifest
from cluster.models.verifying import verify
from messages.errors import ConfigurationError, ModelLoadError

RUNS: Final = "runs"
HISTORY: Final = "history.jsonl"


class Promotion(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the history. `time` ns UTC; `previous` is the run that was in use, null for none.

    Either `evidence` or `without_shadow`, the reason why there is none.
    """

    time: int
    run: str
    run_id: str
    manifest_sha256: str
    previous: str | None
    evidence: ShadowEvidence | None
    without_shadow: str | None


def promote(
    folder: Path,
    place: Path,
    *,
    now: int,
    at_least: int,
    without_shadow: str | None = None,
    allow_pickle: str | None = None,
) -> Promotion:
    """Put the run in `folder` into use in `place`, at `now` (ns UTC).

    It must have traded in shadow for `at_least` ns, or `without_shadow` says in words why it need not. Raises
    `ModelLoadError` for a run that is unsound or without evidence, `ConfigurationError` when `place` can't be written
    or no reason is given. A crash leaves the old run in use, or the new one.
    """
    if without_shadow is not None and not without_shadow.strip():
        raise ConfigurationError(
            "must be a reason in words", field="--without-shadow", value=without_shadow, remedy="say why"
        )
    source, target = run_folder(folder), place.expanduser().resolve()
    _require_sound(source, allow_pickle)
    evidence = require_evidence(source, at_least) if without_shadow is None else None
    manifest = read_manifest(source)
    name = f"{manifest.run_id}-{fingerprint_of(source)[:12]}"
    try:
        (target / RUNS).mkdir(parents=True, exist_ok=True)
        with _locked(target):
            copy = target / RUNS / name
            if not copy.exists():
                _copy(source, copy, manifest)
            _require_sound(copy, allow_pickle)
            promotion = Promotion(
                time=now,
                run=name,
                run_id=manifest.run_id,
                manifest_sha256=fingerprint_of(copy),
                previous=_in_use(target),
                evidence=evidence,
                without_shadow=without_shadow,
            )
            _swap(target, name)
            _note(target, promotion)
    except OSError as error:
        raise ConfigurationError(
            f"can't be promoted: {error.strerror or error}",
            field="--to",
            value=str(place),
            remedy="name a folder that can be written to",
        ) from error
    return promotion


def history_of(place: Path) -> tuple[Promotion, ...]:
    """All promotions of a place, oldest first. Raises `ModelLoadError` for a history that can't be read."""
    path = place / HISTORY
    try:
        return tuple(
            msgspec.json.decode(line, type=Promotion) for line in path.read_bytes().splitlines() if line
        )
    except FileNotFoundError:
        return ()
    except msgspec.DecodeError as error:
        raise ModelLoadError(
            f"the history can't be read: {error}",
            field="history",
            value=str(path),
            remedy="move it away; what is in use does not depend on it",
        ) from error


def _require_sound(folder: Path, allow_pickle: str | None) -> None:
    found = verify(folder, allow_pickle=allow_pickle)
    problems = [*found.problems, *(each.problem for each in found.models if each.problem)]
    if problems:
        raise ModelLoadError(
            f"the run is unfit for use: {problems[0]}"
            + (f", and {len(problems) - 1} more" if problems[1:] else ""),
            field="run",
            value=str(folder),
            remedy="see raydesk models verify",
        )


def _copy(source: Path, copy: Path, manifest: RunManifest) -> None:
    """Copy what the manifest names, beside its place, and give it its name when it is whole and on disk."""
    draft = copy.with_name(f".{copy.name}.{os.getpid()}.part")
    shutil.rmtree(draft, ignore_errors=True)
    try:
        names = [*(entry.file for entry in manifest.models), MANIFEST]
        if (source / EVIDENCE).exists():
            names.append(EVIDENCE)
        for name in names:
            path = draft / name
            path.parent.mkdir(parents=True, exist_ok=True)
            write_atomically(path, (source / name).read_bytes(), mode=0o644)
        draft.rename(copy)
        sync_folder(copy.parent)
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _in_use(place: Path) -> str | None:
    link = place / CURRENT
    return link.readlink().name if link.is_symlink() else None


def _swap(place: Path, name: str) -> None:
    """Lead `current` to a run: whoever follows it comes to the old one or the new one."""
    link = place / f".{CURRENT}-{secrets.token_hex(4)}"
    link.symlink_to(Path(RUNS) / name)
    link.replace(place / CURRENT)
    sync_folder(place)


def _note(place: Path, promotion: Promotion) -> None:
    path = place / HISTORY
    before = path.read_bytes() if path.exists() else b""
    write_atomically(path, before + msgspec.json.encode(promotion) + b"\n", mode=0o644)


@contextmanager
def _locked(place: Path) -> Iterator[None]:
    """Held by the one process that promotes; the kernel lets go when that process dies."""
    with (place / ".lock").open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
