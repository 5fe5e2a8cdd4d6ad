"""Whether a dataset is what its manifest says, and what is missing in it: findings with stable codes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import Final

import msgspec

from cluster.feeds.funding import read_funding
from cluster.feeds.readers import read
from cluster.feeds.readers.base import Coverage
from cluster.feeds.readers.rows import KIND_NAMES
from cluster.recording.manifest import Manifest, Part, Rates, load_manifest, sha256_of
from messages.errors import DataProviderError


class Code(StrEnum):
    """What can be found. Scripts may rely on these."""

    DATASET_MISSING = "dataset_missing"
    DATASET_NOT_DIRECTORY = "dataset_not_directory"
    MANIFEST_INVALID = "manifest_invalid"
    PART_MISSING = "part_missing"
    PART_CHANGED = "part_changed"
    PART_UNKNOWN = "part_unknown"
    PART_UNREADABLE = "part_unreadable"
    COUNTS_DIFFER = "counts_differ"
    NON_MONOTONIC_TIMESTAMP = "non_monotonic_timestamp"
    SYMBOL_MISMATCH = "symbol_mismatch"
    INSUFFICIENT_ROWS = "insufficient_rows"
    INSTRUMENT_MISSING = "instrument_missing"
    HOLE = "hole"
    INTERRUPTED_WRITE = "interrupted_write"


MEANINGS: Final[dict[Code, tuple[bool, str]]] = {
    Code.DATASET_MISSING: (True, "there is no such folder"),
    Code.DATASET_NOT_DIRECTORY: (True, "it is a file"),
    Code.MANIFEST_INVALID: (True, "there is no manifest, or it can't be read"),
    Code.PART_MISSING: (True, "the manifest names a file that is not there"),
    Code.PART_CHANGED: (True, "a file's content has another hash than the manifest says"),
    Code.PART_UNKNOWN: (False, "a Parquet file is not named by the manifest"),
    Code.PART_UNREADABLE: (True, "a file can't be read as rows"),
    Code.COUNTS_DIFFER: (True, "a file holds other rows than the manifest says"),
    Code.NON_MONOTONIC_TIMESTAMP: (True, "a part begins before the one before it has ended"),
    Code.SYMBOL_MISMATCH: (False, "a file holds rows of a listing the dataset is not of"),
    Code.INSUFFICIENT_ROWS: (False, "a listing has no quotes at all, or of a download no rows"),
    Code.INSTRUMENT_MISSING: (False, "the rules of a listing are not known"),
    Code.HOLE: (False, "rows of a listing may be missing for a while"),
    Code.INTERRUPTED_WRITE: (False, "what a recorder that was killed has left: rows not in the dataset"),
}
"""Of each code: whether the dataset is unfit for use, and what it means."""


class Finding(msgspec.Struct, frozen=True):
    """Something found; `place` is a file or a listing."""

    code: Code
    place: str
    detail: str

    @property
    def grave(self) -> bool:
        """Whether the dataset is unfit for use."""
        return MEANINGS[self.code][0]


def check_dataset(folder: Path) -> list[Finding]:
    """Everything that is wrong or missing in a dataset, grave things first. Every part is read to its end."""
    if not folder.is_dir():
        code = Code.DATASET_NOT_DIRECTORY if folder.exists() else Code.DATASET_MISSING
        return [Finding(code, str(folder), MEANINGS[code][1])]
    try:
        manifest = load_manifest(folder)
    except DataProviderError as error:
        return [Finding(Code.MANIFEST_INVALID, str(folder), str(error))]
    found = [
        *_files(folder, manifest),
        *_parts(folder, manifest),
        *_rates(folder, manifest),
        *_listings(manifest),
    ]
    return sorted(found, key=lambda finding: not finding.grave)


def _files(folder: Path, manifest: Manifest) -> Iterator[Finding]:
    named = {part.file for part in manifest.parts} | {rates.file for rates in manifest.funding}
    for path in sorted(folder.glob("*.parquet")):
        if path.name not in named:
            yield Finding(Code.PART_UNKNOWN, path.name, "not named by the manifest")
    for path in sorted(folder.glob(".*.new")):
        yield Finding(Code.INTERRUPTED_WRITE, path.name, "the next recording removes it")


def _parts(folder: Path, manifest: Manifest) -> Iterator[Finding]:
    last = 0
    for part in manifest.parts:
        broken = _broken(folder, part)
        if broken is not None:
            yield broken
        else:
            yield from _rows(folder / part.file, part, manifest)
        if part.first_time < last:
            yield Finding(
                Code.NON_MONOTONIC_TIMESTAMP, part.file, f"begins at {part.first_time}, before {last}"
            )
        last = max(last, part.last_time)


def _broken(folder: Path, part: Part | Rates) -> Finding | None:
    """Why the file is not the one that was written; None when it is."""
    path = folder / part.file
    if not path.is_file():
        return Finding(Code.PART_MISSING, part.file, f"{part.rows:,} rows are gone")
    digest = sha256_of(path)
    if digest != part.sha256:
        return Finding(Code.PART_CHANGED, part.file, f"sha256 {digest[:12]}, not {part.sha256[:12]}")
    return None


def _rates(folder: Path, manifest: Manifest) -> Iterator[Finding]:
    for rates in manifest.funding:
        broken = _broken(folder, rates)
        if broken is not None:
            yield broken
            continue
        try:
            held = read_funding(folder / rates.file)
        except DataProviderError as error:
            yield Finding(Code.PART_UNREADABLE, rates.file, str(error))
            continue
        found = (len(held.times), int(held.times[0]), int(held.times[-1]))
        if found != (rates.rows, rates.first_time, rates.last_time):
            yield Finding(Code.COUNTS_DIFFER, rates.file, f"{found[0]:,} rates, not {rates.rows:,}")


def _rows(path: Path, part: Part, manifest: Manifest) -> Iterator[Finding]:
    counts: dict[str, Counter[str]] = {}
    coverage = Coverage()
    try:
        for listing, chunk in read(path, include_depth=True, coverage=coverage):
            found = counts.setdefault(listing, Counter())
            for kind, name in KIND_NAMES.items():
                found[name] += int((chunk.kind == kind).sum())
    except DataProviderError as error:
        yield Finding(Code.PART_UNREADABLE, part.file, str(error))
        return
    held = {
        listing: {name: count for name, count in each.items() if count} for listing, each in counts.items()
    }
    bounds = (coverage.first_time, coverage.last_time)
    if held != part.counts or coverage.rows != part.rows or bounds != (part.first_time, part.last_time):
        yield Finding(Code.COUNTS_DIFFER, part.file, f"{coverage.rows:,} rows, not {part.rows:,}; {held}")
    for listing in sorted(set(held) - set(manifest.symbols.values())):
        yield Finding(Code.SYMBOL_MISMATCH, part.file, f"rows of {listing}")


def _listings(manifest: Manifest) -> Iterator[Finding]:
    known = {each.instrument.listing for each in manifest.instruments}
    for listing in manifest.symbols.values():
        counts = [part.counts.get(listing, {}) for part in manifest.parts]
        if manifest.history is not None and not any(counts):
            yield Finding(Code.INSUFFICIENT_ROWS, listing, "nothing was downloaded")
        elif manifest.history is None and not any(each.get("quote") for each in counts):
            yield Finding(Code.INSUFFICIENT_ROWS, listing, "no quotes were recorded")
        if listing not in known:
            yield Finding(Code.INSTRUMENT_MISSING, listing, "the venue has not told its rules")
    for hole in manifest.holes:
        seconds = "its end" if hole.end is None else f"{(hole.end - hole.start) / 1e9:.1f} s later"
        yield Finding(Code.HOLE, hole.listing, f"from {hole.start} to {seconds}: {hole.detail}")
