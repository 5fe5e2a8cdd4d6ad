"""What a shadow run has shown of a run of models: same prices, same decisions, no orders.

It lies beside the manifest and speaks of exactly that manifest: a run that was changed has no evidence.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import msgspec

from cluster.durable_files import write_atomically
from cluster.models.manifest import fingerprint_of, read_manifest
from config.duration import format_duration
from messages.errors import ModelLoadError

EVIDENCE: Final = "shadow.json"
VERSION: Final = 1


class ShadowEvidence(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One shadow run. Times ns UTC (desk time).

    `decisions` were made with the models, `predictions` by them, of which `pairs` have met their returns since.
    `desk` and `config_hash` say where.
    """

    version: int = VERSION
    manifest_sha256: str
    desk: str
    config_hash: str
    started: int
    ended: int
    decisions: int
    predictions: int
    pairs: int


def write_evidence(folder: Path, evidence: ShadowEvidence) -> Path:
    """Put the evidence beside the manifest it speaks of. Raises `ModelLoadError` when it speaks of another."""
    if evidence.manifest_sha256 != fingerprint_of(folder):
        raise _wrong("speaks of another manifest", evidence.manifest_sha256, folder)
    path = folder / EVIDENCE
    write_atomically(path, msgspec.json.format(msgspec.json.encode(evidence), indent=2) + b"\n", mode=0o644)
    return path


def read_evidence(folder: Path) -> ShadowEvidence | None:
    """The evidence about the run in `folder`; None without any. Raises `ModelLoadError` when it is unsound."""
    try:
        data = (folder / EVIDENCE).read_bytes()
    except FileNotFoundError:
        return None
    try:
        evidence = msgspec.json.decode(data, type=ShadowEvidence)
    except msgspec.DecodeError as error:
        raise _wrong(f"can't be read: {error}", None, folder) from error
    if evidence.version != VERSION:
        raise _wrong("is of another version", evidence.version, folder)
    if evidence.manifest_sha256 != fingerprint_of(folder):
        raise _wrong("speaks of another manifest", evidence.manifest_sha256, folder)
    return evidence


def require_evidence(folder: Path, at_least: int) -> ShadowEvidence:
    """Evidence that is enough to trade on: on data the models had not seen, for `at_least` ns.

    Raises `ModelLoadError` saying what is missing.
    """
    evidence = read_evidence(folder)
    if evidence is None:
        raise _wrong("there is none: these models have never been watched", None, folder)
    trained_to = read_manifest(folder).trained_to
    if evidence.started <= trained_to:
        raise _wrong(
            f"the shadow run began before {trained_to}, until which the models had learnt",
            evidence.started,
            folder,
        )
    if evidence.ended - evidence.started < at_least:
        raise _wrong(
            f"is of less than {format_duration(at_least)}",
            format_duration(max(0, evidence.ended - evidence.started)),
            folder,
        )
    if not (evidence.decisions and evidence.pairs):
        raise _wrong("has no decision, or no prediction that has met its return", evidence.decisions, folder)
    return evidence


def _wrong(message: str, value: object, folder: Path) -> ModelLoadError:
    return ModelLoadError(
        f"evidence from a shadow run: {message}",
        field=str(folder / EVIDENCE),
        value=value,
        remedy="let the run trade in shadow, or say with --without-shadow why it need not",
    )
