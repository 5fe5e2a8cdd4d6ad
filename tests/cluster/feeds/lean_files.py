"""Small LEAN zips that the tests write themselves, in LEAN's own folders."""

from __future__ import annotations

import zipfile
from collections.abc import Sequence
from pathlib import Path

DAY = "20131007"
MIDNIGHT = 1_381_104_000_000_000_000
"""2013-10-07 00:00 UTC, ns."""

NEW_YORK_MIDNIGHT = MIDNIGHT + 4 * 3_600_000_000_000
"""The same day's midnight in New York (UTC-4)."""


def write_lean(
    root: Path,
    lines: Sequence[str] | str,
    *,
    place: str = "crypto/coinbase/minute/btcusd",
    kind: str = "trade",
    day: str = DAY,
    member: str | None = None,
) -> Path:
    """A zip at its place below `root`; the text has no line end after its last line, as LEAN's have none."""
    folder = root / place
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{day}_{kind}.zip"
    resolution, symbol = place.split("/")[-2:]
    name = (
        f"{day}_{symbol}_{kind.capitalize()}_Tick.csv"
        if resolution == "tick"
        else f"{day}_{symbol}_{resolution}_{kind}.csv"
    )
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        text = lines if isinstance(lines, str) else "\n".join(lines)
        archive.writestr(zipfile.ZipInfo(member or name), text)
    return path
