"""Files that are whole after any crash: the writing, the replacing, and the names in their folder."""

from __future__ import annotations

import os
from pathlib import Path


def write_all(file: int, data: bytes) -> None:
    """Write all of `data`, however many calls the system makes of it."""
    written = os.write(file, data)
    while written < len(data):
        written += os.write(file, data[written:])


def write_atomically(path: Path, data: bytes, *, mode: int = 0o600) -> None:
    """Put `data` under `path` so that a reader sees the old content or the new one, whatever crashes."""
    draft = path.with_name(path.name + ".draft")
    file = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    try:
        write_all(file, data)
        os.fsync(file)
    finally:
        os.close(file)
    draft.replace(path)
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable."""
    file = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(file)
    finally:
        os.close(file)
