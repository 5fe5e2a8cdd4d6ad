"""The schema read as a tree of names: which settings exist, what they mean and which are secret.

Apart from the schema because the loader, the errors, `config show` and `.env.example` ask about names, not values.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Annotated, Any, Literal, get_args, get_origin

from pydantic import SecretStr

from config.schema import DeskConfig
from config.schema.base import ByKind, Settings

Path = tuple[str, ...]
"""Where a setting is: its keys from the top, written with dots between them for people."""

ANY_ENTRY = "*"
"""Stands in a path for the name of an entry, such as a venue or a symbol."""


@dataclass(frozen=True, slots=True)
class Node:
    """One name of the schema: a section of fixed names, entries under names of one's own, or a single setting.

    `default` is as `config show` prints it: text with its unit for durations and ratios.
    """

    form: Literal["section", "entries", "setting"]
    description: str
    children: Mapping[str, Node] = field(default_factory=dict)
    secret: bool = False
    required: bool = False
    default: object = None


@functools.cache
def schema_tree() -> Node:
    """The whole schema."""
    return Node("section", "All settings of a desk.", _children([DeskConfig]))


def node_at(path: Path) -> Node | None:
    """The name at `path`, or None when the schema has no such name."""
    node: Node | None = schema_tree()
    for key in path:
        if node is None:
            return None
        node = node.children.get(ANY_ENTRY if node.form == "entries" else key)
    return node


def settings() -> Iterator[tuple[Path, Node]]:
    """Every single setting with its path, in the schema's order; entries' names are `*`."""
    yield from _settings_below((), schema_tree())


def is_secret(path: Path) -> bool:
    """Whether the value at `path` must never be shown, logged or hashed."""
    node = node_at(path)
    return node is not None and node.secret


def holds_secret(path: Path) -> bool:
    """Whether what stands at `path` is or should have been or contained a secret."""
    node = node_at(path)
    return node is not None and any(each.secret for _, each in _settings_below(path, node))


def _settings_below(path: Path, node: Node) -> Iterator[tuple[Path, Node]]:
    if node.form == "setting":
        yield path, node
    for name, child in node.children.items():
        yield from _settings_below((*path, name), child)


def _children(models: Sequence[type[Settings]]) -> dict[str, Node]:
    return {name: node for model in models for name, node in _fields(model)}


def _fields(model: type[Settings]) -> Iterator[tuple[str, Node]]:
    defaults = model.model_construct().model_dump(mode="json")
    for name, info in model.model_fields.items():
        node = _node(info.annotation, info.description or "")
        yield name, replace(node, required=info.is_required(), default=defaults.get(name))


def _node(annotation: Any, description: str) -> Node:
    models = _models_of(annotation)
    if models:
        return Node("section", description, _children(models))
    bare = get_args(annotation)[0] if get_origin(annotation) is Annotated else annotation
    if get_origin(bare) is Mapping:
        return Node("entries", description, {ANY_ENTRY: _node(get_args(bare)[1], description)})
    return Node("setting", description, secret=SecretStr in (bare, *get_args(bare)))


def _models_of(annotation: Any) -> list[type[Settings]]:
    """The sections that may stand here: one, one per kind, or none for a single setting."""
    if get_origin(annotation) is Annotated:
        bare, *metadata = get_args(annotation)
        by_kind = [model for each in metadata if isinstance(each, ByKind) for model in each.models.values()]
        return by_kind or _models_of(bare)
    return [annotation] if isinstance(annotation, type) and issubclass(annotation, Settings) else []
