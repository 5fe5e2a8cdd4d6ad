"""Layers of settings laid over each other, the later the stronger, each value remembering where it came from."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from config.catalogue import Path, node_at
from config.problems import Problem
from config.yaml_reader import Document


@dataclass(frozen=True, slots=True)
class Layer:
    """Settings of one origin. `origins` names it per path; `literal` values are not interpolated."""

    data: Mapping[str, object]
    origins: Mapping[Path, str]
    literal: bool = False

    def origin(self, path: Path) -> str:
        """Where `path` was set: its own origin or that of the nearest name above it."""
        return next(
            (self.origins[path[:end]] for end in range(len(path), -1, -1) if path[:end] in self.origins), ""
        )


@dataclass(slots=True)
class Merged:
    """All layers laid over each other so far."""

    data: dict[str, object] = field(default_factory=dict)
    sources: dict[Path, str] = field(default_factory=dict)
    literal: set[Path] = field(default_factory=set)
    problems: list[Problem] = field(default_factory=list)

    def source(self, path: Path) -> str | None:
        """Where the value at `path` was set, or None when no layer says anything about it."""
        above = (path[:end] for end in range(len(path), 0, -1))
        found = next((self.sources[each] for each in above if each in self.sources), None)
        return found or next((text for each, text in self.sources.items() if each[: len(path)] == path), None)

    def lay(self, layer: Layer) -> None:
        """Lay `layer` over what is there: mappings join, all other values replace, null removes an entry."""
        _join(self, self.data, layer, layer.data, ())


def document_layer(document: Document) -> Layer:
    """The layer of one file, each value's origin being `file:line`."""
    origins = {path: f"{document.name}:{line}" for path, line in document.lines.items()}
    return Layer(document.data, origins)


def set_twice(documents: Iterable[Document]) -> Iterator[Problem]:
    """Settings that more than one file of a folder sets, which would leave to chance which one counts."""
    first: dict[Path, str] = {}
    for document in documents:
        mine = {path: f"{document.name}:{document.lines[path]}" for path in leaves(document.data)}
        for path, origin in mine.items():
            for other in first:
                if path[: len(other)] == other or other[: len(path)] == path:
                    yield Problem(
                        ".".join(path), f"is set in {first[other]} and in {origin}", remedy="keep one of them"
                    )
        first.update(mine)


def leaves(data: Mapping[str, object], above: Path = ()) -> Iterator[Path]:
    """The paths of all values in `data` that are not mappings themselves; a section left empty is none."""
    for key, value in data.items():
        path = (*above, key)
        if isinstance(value, Mapping):
            yield from leaves(value, path)
        elif value is not None or not _says_nothing(path):
            yield path


def _says_nothing(path: Path) -> bool:
    """Whether null at `path` is a section whose lines are all commented out, rather than a value."""
    node, above = node_at(path), node_at(path[:-1])
    return node is not None and node.form != "setting" and (above is None or above.form != "entries")


def _join(
    merged: Merged, target: dict[str, object], layer: Layer, data: Mapping[str, object], above: Path
) -> None:
    for key, value in data.items():
        path = (*above, key)
        present = target.get(key)
        parent = node_at(above)
        if value is None and _says_nothing(path):
            continue
        if value is None and parent is not None and parent.form == "entries":
            _remove(merged, target, layer, path)
        elif isinstance(value, Mapping):
            if not isinstance(present, dict):
                _forget(merged, path)
                present = target[key] = {}
                if not value:
                    merged.sources[path] = layer.origin(path)
            _join(merged, present, layer, value, path)
        else:
            _forget(merged, path)
            target[key] = value
            merged.sources[path] = layer.origin(path)
            if layer.literal:
                merged.literal.add(path)


def _remove(merged: Merged, target: dict[str, object], layer: Layer, path: Path) -> None:
    if path[-1] not in target:
        merged.problems.append(
            Problem(
                ".".join(path),
                "null removes an entry of the profile, which has none of that name",
                source=layer.origin(path),
                remedy="write its settings below it, or remove the line",
            )
        )
        return
    del target[path[-1]]
    _forget(merged, path)


def _forget(merged: Merged, path: Path) -> None:
    for known in [each for each in merged.sources if each[: len(path)] == path]:
        del merged.sources[known]
        merged.literal.discard(known)
