"""Puts variables of the environment into settings: `${NAME}` inside any text, `$${` for a literal `${`."""

from __future__ import annotations

import re
from collections.abc import Mapping

from config.catalogue import Path
from config.layers import Merged
from config.problems import Problem

_REFERENCE = re.compile(
    r"\$(?P<escaped>\$\{)|\$\{(?P<name>[A-Za-z_][A-Za-z0-9_]*)\}|(?P<broken>\$\{)", re.ASCII
)


def interpolate(merged: Merged, variables: Mapping[str, str]) -> dict[Path, str]:
    """Replace every reference in `merged` and return the original texts by path, for errors to show instead of
    what was put in. A variable that is missing or empty is a problem; values of the environment stay as they are."""
    templates: dict[Path, str] = {}

    def replaced(value: object, path: Path) -> object:
        if isinstance(value, dict):
            return {key: replaced(each, (*path, key)) for key, each in value.items()}
        if isinstance(value, list):
            return [replaced(each, (*path, str(index))) for index, each in enumerate(value)]
        if not isinstance(value, str) or "${" not in value or path in merged.literal:
            return value
        templates[path] = value
        return _REFERENCE.sub(lambda match: _text_of(match, path, merged, variables), value)

    merged.data = {key: replaced(value, (key,)) for key, value in merged.data.items()}
    return templates


def _text_of(match: re.Match[str], path: Path, merged: Merged, variables: Mapping[str, str]) -> str:
    if match["escaped"]:
        return "${"
    source, dotted = merged.source(path), ".".join(path)
    if match["broken"]:
        merged.problems.append(
            Problem(
                dotted, "has a broken reference", source=source, remedy="write ${NAME}, or $${ for a plain ${"
            )
        )
        return ""
    text = variables.get(match["name"], "")
    if not text:
        merged.problems.append(
            Problem(
                dotted,
                f"needs the environment variable {match['name']}, which is not set or empty",
                source=source,
                remedy=f"export {match['name']}=..., or put it into the .env beside the settings",
            )
        )
    return text
