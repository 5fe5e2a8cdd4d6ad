"""Which pages are generated, and from what; apart so that neither page knows of the other."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from cluster.docs.reference import reference_page
from cluster.docs.risk import risk_page
from cluster.docs.settings import settings_page

PAGES: Mapping[str, Callable[[], str]] = {
    "settings.md": settings_page,
    "reference.md": reference_page,
    "risk.md": risk_page,
}
"""The text of each generated page, by its file's name."""


def write_pages(folder: Path) -> list[Path]:
    """Write every page into `folder`, which must exist; returns their paths."""
    written = []
    for name, text in PAGES.items():
        path = folder / name
        path.write_text(text(), encoding="utf-8")
        written.append(path)
    return written
