"""The manifest of a dataset: what it holds of which venue, its parts with their hashes, and where it has holes.

It is the word on what belongs to the dataset: a part counts from the moment the manifest names it.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Final

import msgspec

from cluster.durable_files import write_atomically
from messages.errors import ConfigurationError, DataProviderError
from messages.venue_account import VenueInstrument

MANIFEST: Final = "manifest.json"
VERSION: Final = 1
_HASHED: Final = 1 << 20


class Part(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One Parquet file: rows by listing and kind, the times of its first and last row (ns UTC), its sha256."""

    file: str
    rows: int
    counts: dict[str, dict[str, int]]
    first_time: int
    last_time: int
    sha256: str


class Hole(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """From `start` to `end` (ns UTC; None: until the recording stopped) the listing may lack rows."""

    listing: str
    start: int
    end: int | None
    detail: str


class Listed(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An instrument's rules as they were found at `time` (ns UTC)."""

    time: int
    instrument: VenueInstrument


class Rates(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One file of paid funding rates of a listing; the rest as in `Part`."""

    file: str
    listing: str
    rows: int
    first_time: int
    last_time: int
    sha256: str


class History(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The dataset was downloaded: all from `start` to `done` (ns UTC) is in it. `next_trade` is, by listing, the number
    of the trade that comes next.
    """

    start: int
    done: int
    trades: bool = False
    funding: bool = True
    next_trade: dict[str, int] = {}


class Manifest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """See the module docstring. `symbols` are the venue's names by canonical symbol; `bar_ns` None: no bars.

    `history` is None of a dataset that is recorded as it happens.
    """

    version: int = VERSION
    venue: str
    rest_url: str
    stream_url: str
    created_at: int
    symbols: dict[str, str]
    depth: bool = False
    bar_ns: int | None = None
    instruments: tuple[Listed, ...] = ()
    parts: tuple[Part, ...] = ()
    holes: tuple[Hole, ...] = ()
    history: History | None = None
    funding: tuple[Rates, ...] = ()

    @property
    def next_part(self) -> int:
        """The number of the part to be written next."""
        return 1 + max((int(Path(part.file).stem.partition("-")[2]) for part in self.parts), default=0)


def part_name(number: int) -> str:
    """The file of a part; names sort as their numbers do."""
    return f"part-{number:06d}.parquet"


def load_manifest(folder: Path) -> Manifest:
    """The manifest in `folder`. Raises `DataProviderError` when there is none, or it can't be read."""
    path = folder / MANIFEST
    try:
        manifest = msgspec.json.decode(path.read_bytes(), type=Manifest)
    except OSError as error:
        raise DataProviderError(
            f"not a dataset: {error.strerror or error}",
            field="manifest",
            value=str(path),
            remedy="make one with raydesk record init",
        ) from error
    except msgspec.DecodeError as error:
        raise DataProviderError(
            f"the manifest can't be read: {error}",
            field="manifest",
            value=str(path),
            remedy="restore it; the parts themselves can still be given as data",
        ) from error
    if manifest.version != VERSION:
        raise DataProviderError(
            "the manifest is of another version",
            field="manifest.version",
            value=manifest.version,
            remedy=f"this raydesk reads version {VERSION}",
        )
    return manifest


def create_dataset(folder: Path, manifest: Manifest) -> None:
    """Make an empty dataset. Raises `ConfigurationError` when the folder holds something already."""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise ConfigurationError(
            "there is something already",
            field="folder",
            value=str(folder),
            remedy="name a folder that is empty or not there yet",
        )
    folder.mkdir(parents=True, exist_ok=True)
    store_manifest(folder, manifest)


def store_manifest(folder: Path, manifest: Manifest) -> None:
    """Replace the manifest in one instant; it is on disk when this returns."""
    path = folder / MANIFEST
    write_atomically(path, msgspec.json.format(msgspec.json.encode(manifest), indent=2) + b"\n", mode=0o644)


def sha256_of(path: Path) -> str:
    """The hash of a file's content."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(_HASHED):
            digest.update(block)
    return digest.hexdigest()
