"""Turns merged settings into a DeskConfig, or pydantic's findings into problems a person can act on."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from config.catalogue import ANY_ENTRY, Path, holds_secret, node_at, schema_tree, settings
from config.layers import Merged
from config.problems import Problem
from config.schema import DeskConfig
from config.schema.base import CONTRADICTION, Contradiction

_LONGEST_VALUE = 80


def validate(merged: Merged, templates: Mapping[Path, str]) -> tuple[DeskConfig | None, list[Problem]]:
    """The settings in `merged`, or everything that is wrong with them. `templates` are shown in place of texts
    into which variables were put."""
    try:
        return DeskConfig.model_validate(merged.data), []
    except ValidationError as error:
        findings = error.errors(include_url=False)
    problems = (problem for finding in findings for problem in _problems(finding, merged, templates))
    unique = {(problem.path, problem.message): problem for problem in problems}
    return None, list(unique.values())


def _problems(finding: ErrorDetails, merged: Merged, templates: Mapping[Path, str]) -> Iterator[Problem]:
    path = _path(finding, merged.data)
    context = finding.get("ctx", {})
    if finding["type"] == "too_short" and finding["input"]:
        return  # the entries it misses are reported themselves
    if finding["type"] == CONTRADICTION:
        for each in context["found"]:
            yield _contradiction(each, path, merged)
        return
    explain = _EXPLANATIONS.get(finding["type"], _plainly)
    below, message, value, remedy = explain(path, context, finding)
    full = (*path, *below)
    shown = None if holds_secret(full) else templates.get(full) or _shown(value)
    yield Problem(".".join(full), message, shown, merged.source(full), remedy)


def _contradiction(each: Contradiction, section: Path, merged: Merged) -> Problem:
    path = (*section, *each.path)
    shown = None if holds_secret(path) else _shown(each.value)
    return Problem(".".join(path), each.message, shown, merged.source(path), each.remedy)


def _path(finding: ErrorDetails, data: Mapping[str, object]) -> Path:
    """The finding's place in the settings: pydantic's, without the names of unions and key checks in it."""
    path: Path = ()
    here: Any = data
    location = finding["loc"]
    for index, key in enumerate(location):
        last = index == len(location) - 1
        inside = (isinstance(here, dict) and key in here) or (isinstance(here, list) and isinstance(key, int))
        if inside:
            here = here[key]
        if inside or (last and finding["type"] == "missing"):
            path = (*path, str(key))
    return path


Explanation = tuple[Path, str, object, str | None]
"""The rest of the path, the message, the value to show and the remedy."""


def _missing(path: Path, context: Mapping[str, Any], finding: ErrorDetails) -> Explanation:
    node = node_at(path)
    return (), "is required", None, f"set it: {node.description}" if node and node.description else "set it"


def _unknown(path: Path, context: Mapping[str, Any], finding: ErrorDetails) -> Explanation:
    section = node_at(path[:-1])
    names = list(section.children) if section else []
    # no value: what is misspelt may be the name of a secret
    return (), "unknown setting", None, _did_you_mean(path, names)


def _kind_unknown(path: Path, context: Mapping[str, Any], finding: ErrorDetails) -> Explanation:
    return ("kind",), f"must be {context['expected_tags']}", context["tag"], None


def _kind_missing(path: Path, context: Mapping[str, Any], finding: ErrorDetails) -> Explanation:
    _, message, value, remedy = _missing((*path, "kind"), context, finding)
    return ("kind",), message, value, remedy


def _own_words(path: Path, context: Mapping[str, Any], finding: ErrorDetails) -> Explanation:
    return (), str(context["error"]), finding["input"], None


def _not_a_section(path: Path, context: Mapping[str, Any], finding: ErrorDetails) -> Explanation:
    node = node_at(path)
    names = [name for name in (node.children if node else {}) if name != ANY_ENTRY]
    return (
        (),
        "must hold settings by name",
        finding["input"],
        f"known here: {', '.join(names)}" if names else None,
    )


def _empty(path: Path, context: Mapping[str, Any], finding: ErrorDetails) -> Explanation:
    return (), "must hold at least one entry", None, "add one"


def _plainly(path: Path, context: Mapping[str, Any], finding: ErrorDetails) -> Explanation:
    node = node_at(path)
    message = finding["msg"].replace("Input should be", "must be", 1)
    return (), message, finding["input"], node.description if node and node.description else None


_EXPLANATIONS: Mapping[str, Callable[[Path, Mapping[str, Any], ErrorDetails], Explanation]] = {
    "missing": _missing,
    "extra_forbidden": _unknown,
    "union_tag_invalid": _kind_unknown,
    "union_tag_not_found": _kind_missing,
    "value_error": _own_words,
    "too_short": _empty,
    "model_type": _not_a_section,
    "model_attributes_type": _not_a_section,
    "mapping_type": _not_a_section,
    "dict_type": _not_a_section,
}
"""How each of pydantic's findings is told; any other is told in pydantic's own words."""


def _did_you_mean(path: Path, siblings: Iterable[str]) -> str:
    names = list(siblings)
    close = difflib.get_close_matches(path[-1].lower(), names, n=1)
    if close:
        return f"did you mean {'.'.join((*path[:-1], close[0]))}?"
    # the nearest to the top first: a part of the desk may have a limit of the same name
    elsewhere = sorted((known for known, _ in settings() if known[-1] == path[-1]), key=len)
    sections = [(name,) for name in schema_tree().children if name == path[-1]]
    if elsewhere or sections:
        return f"did you mean {'.'.join((elsewhere or sections)[0])}?"
    return f"known here: {', '.join(names)}"


def _shown(value: object) -> str | None:
    """`value` as a person would recognise it; None for nothing and for whole sections, which may hold secrets."""
    if value is None or isinstance(value, dict):
        return None
    text = repr(value) if isinstance(value, str) else str(value)
    return text if len(text) <= _LONGEST_VALUE else f"{text[:_LONGEST_VALUE]}..."
