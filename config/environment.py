"""Settings from the process's environment and from flags: `RAYDESK__SECTION__KEY`, `section.key=value`, and the
two safety controls DRY_RUN and KILL_SWITCH, which may only tighten."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from config.catalogue import Path, is_secret, node_at
from config.layers import Layer, Merged
from config.problems import Problem
from config.scalars import parse_scalar

PREFIX = "RAYDESK__"
FLAG = "flag"

TIGHTENING: Mapping[str, tuple[Path, object]] = {
    "DRY_RUN": (("desk", "environment"), "dry_run"),
    "KILL_SWITCH": (("risk", "kill_switch"), True),
}
"""Per safety control: the setting it forces when it is on. Off, it changes nothing."""

_SWITCH = {
    "1": True,
    "true": True,
    "yes": True,
    "on": True,
    "0": False,
    "false": False,
    "no": False,
    "off": False,
}


@dataclass(frozen=True, slots=True)
class Variables:
    """The environment's variables, each with a name for people (`.env:3 NAME` for one read from that file)."""

    values: Mapping[str, str]
    origins: Mapping[str, str] = field(default_factory=dict)

    def origin(self, name: str) -> str:
        """How the variable is called in errors and in `config show`."""
        return self.origins.get(name, name)


def environment_layer(variables: Variables, merged: Merged) -> tuple[Layer, list[Problem]]:
    """The layer of all `RAYDESK__` variables. Names are matched to settings and to the entries in `merged` without
    regard to case, `_` standing for `-` too: a shell can't export `RAYDESK__SYMBOLS__BTC-USDT__TICK`."""
    data: dict[str, object] = {}
    origins: dict[Path, str] = {}
    problems: list[Problem] = []
    for name in sorted(variables.values):
        if not name.upper().startswith(PREFIX):
            continue
        path = _match(name[len(PREFIX) :].split("__"), merged.data)
        try:
            if path in origins:
                raise ValueError(f"is set by {origins[path]} too; keep one of them")
            _put(data, path, _read_text(variables.values[name], path))
        except ValueError as error:
            problems.append(Problem(".".join(path), str(error), source=variables.origin(name)))
        else:
            origins[path] = variables.origin(name)
    return Layer(data, origins, literal=True), problems


def flags_layer(overrides: Mapping[str, object] | Sequence[str]) -> tuple[Layer, list[Problem]]:
    """The layer of flags: dotted paths with values, or `path=value` texts."""
    data: dict[str, object] = {}
    problems: list[Problem] = []
    for dotted, value in _assignments(overrides):
        path = tuple(dotted.split("."))
        try:
            _put(data, path, _read_text(value, path) if isinstance(value, str) else value)
        except ValueError as error:
            problems.append(Problem(dotted.rstrip("."), str(error), source=FLAG))
    return Layer(data, {(): FLAG}), problems


def tighten(merged: Merged, variables: Variables) -> list[Problem]:
    """Apply DRY_RUN and KILL_SWITCH, which outrank everything. A value that is neither on nor off is a problem:
    whoever sets a safety control must not be misunderstood."""
    problems = []
    for name, (path, forced) in TIGHTENING.items():
        text = variables.values.get(name, "").strip().lower()
        switch = _SWITCH.get(text)
        if text and switch is None:
            remedy = f"write one of {', '.join(_SWITCH)}"
            problems.append(
                Problem(variables.origin(name), "is neither on nor off", repr(text), None, remedy)
            )
        if switch:
            data: dict[str, object] = {}
            _put(data, path, forced)
            merged.lay(Layer(data, {path: variables.origin(name)}, literal=True))
    return problems


def _assignments(overrides: Mapping[str, object] | Sequence[str]) -> Iterator[tuple[str, object]]:
    if isinstance(overrides, Mapping):
        yield from overrides.items()
        return
    for text in overrides:
        path, equals, value = text.partition("=")
        # without `=` nothing is set; the empty path lets _put refuse it with the rest
        yield (path.strip() if equals else f"{text}."), value


def _read_text(text: str, path: Path) -> object:
    """The value of `text`: verbatim for a secret, JSON when it begins like it, else one scalar."""
    if is_secret(path):
        return text
    if text[:1] in ("[", "{", '"'):
        try:
            return json.loads(text, parse_float=parse_scalar)
        except json.JSONDecodeError as error:
            raise ValueError(f'is not JSON: {error.msg}; write lists as ["a", "b"]') from error
    return parse_scalar(text.strip())


def _put(data: dict[str, object], path: Path, value: object) -> None:
    """Set `value` at `path`, joining mappings. Raises ValueError when the path is empty or crosses another value."""
    if not all(path):
        raise ValueError("sets nothing; write section.key=value")
    for key in path[:-1]:
        below = data.setdefault(key, {})
        if not isinstance(below, dict):
            raise ValueError(f"can't be set, because {key} is set as a whole")
        data = below
    if path[-1] in data:
        raise ValueError("is set twice; keep one of them")
    data[path[-1]] = value


def _match(segments: Sequence[str], data: Mapping[str, object]) -> Path:
    """The path that the segments of a variable's name mean: existing entries first, lower case otherwise."""
    path: Path = ()
    here: object = data
    for segment in segments:
        node = node_at(path)
        known = list(here) if isinstance(here, Mapping) else []
        if node is not None and node.form == "section":
            known = list(node.children)
        alike = [key for key in known if _folded(key) == _folded(segment)]
        key = alike[0] if len(alike) == 1 else segment.lower()
        path = (*path, key)
        here = here.get(key) if isinstance(here, Mapping) else None
    return path


def _folded(name: str) -> str:
    return name.casefold().replace("-", "_").replace("/", "_")
