"""Which code this is: what tells a desk's processes, exports and reports of one version from those of another."""

from __future__ import annotations

import hashlib
from functools import cache
from importlib import resources
from pathlib import Path


@cache
def code_version() -> str:
    """12 hex digits over the desk's own source: children of other code are replaced, not adopted."""
    total = hashlib.sha256()
    for package in ("messages", "config", "actors", "supervisors", "cluster"):
        root = Path(str(resources.files(package)))
        for path in sorted((*root.rglob("*.py"), *root.rglob("*.lua"))):
            total.update(str(path.relative_to(root)).encode())
            total.update(path.read_bytes())
    return total.hexdigest()[:12]
