"""Strategies that installed packages bring along, by the name they give them in the group `raydesk.strategies`.

Apart because both the settings and the actors ask: a package says in its `pyproject.toml`

    [project.entry-points."raydesk.strategies"]
    breakout = "my_package.breakout:Breakout"

and `kind: breakout` is known wherever it is installed.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping

STRATEGY_GROUP = "raydesk.strategies"


@functools.cache
def strategy_entry_points() -> Mapping[str, str]:
    """The import path `package.module:Class` of each name; read once per process.

    A name that two packages give to different classes is left out: which one is meant can't be known.
    """
    from importlib.metadata import entry_points  # 10 ms, and most desks name built-ins or import paths

    found: dict[str, str] = {}
    disputed: set[str] = set()
    for point in sorted(entry_points(group=STRATEGY_GROUP), key=lambda each: (each.name, each.value)):
        if found.setdefault(point.name, point.value) != point.value:
            disputed.add(point.name)
    return {name: path for name, path in found.items() if name not in disputed}
