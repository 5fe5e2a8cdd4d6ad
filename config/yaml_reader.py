"""Reads one YAML file of settings, remembering the line of every key and refusing what PyYAML lets pass:
duplicate keys, tags, keys with dots and references that contain themselves."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path as FilePath

import yaml

from config.catalogue import Path
from config.problems import Problem
from config.scalars import parse_scalar


@dataclass(frozen=True, slots=True)
class Document:
    """The settings of one file, the line (from 1) of every path in it, and what is wrong with it."""

    name: str
    data: dict[str, object] = field(default_factory=dict)
    lines: dict[Path, int] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)


class _UntypedLoader(yaml.SafeLoader):
    """Leaves every scalar as text: what text means is decided by `parse_scalar`."""

    yaml_implicit_resolvers = {}


_SCALAR_TAG = "tag:yaml.org,2002:str"
_COLLECTION_TAGS = {"tag:yaml.org,2002:map", "tag:yaml.org,2002:seq"}
_DEEPEST = 12  # the schema has five levels; a file nested far deeper is not one of settings


def read_yaml(file: FilePath, name: str | None = None) -> Document:
    """The settings in `file`; problems are collected in the document rather than raised."""
    document = Document(name or file.name)
    try:
        root = yaml.compose(file.read_text(encoding="utf-8"), Loader=_UntypedLoader)
    except OSError as error:
        reason = error.strerror or "can't be read"
        document.problems.append(
            Problem("", f"{file}: {reason}", remedy="check the path and its permissions")
        )
    except UnicodeDecodeError:
        document.problems.append(Problem("", f"{file}: is not UTF-8 text", remedy="save it as UTF-8"))
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        document.problems.append(
            Problem(
                "", f"is not YAML: {error.problem}", source=f"{document.name}:{line}", remedy="mend the line"
            )
        )
    except (yaml.YAMLError, RecursionError):
        document.problems.append(
            Problem("", f"{document.name}: is not YAML", remedy="check for stray characters")
        )
    else:
        _fill(document, root)
    return document


def _fill(document: Document, root: yaml.Node | None) -> None:
    if root is None:  # an empty file says nothing
        return
    if not isinstance(root, yaml.MappingNode):
        document.problems.append(
            Problem(
                "", "must hold settings by name", source=f"{document.name}:1", remedy="write `section:` lines"
            )
        )
        return
    document.data.update(_mapping(document, root, ()))


def _value(document: Document, node: yaml.Node, path: Path) -> object:
    document.lines.setdefault(path, node.start_mark.line + 1)
    plain_collection = node.tag in _COLLECTION_TAGS and len(path) <= _DEEPEST
    if isinstance(node, yaml.MappingNode) and plain_collection:
        return _mapping(document, node, path)
    if isinstance(node, yaml.SequenceNode) and plain_collection:
        return [_value(document, each, (*path, str(index))) for index, each in enumerate(node.value)]
    if isinstance(node, yaml.ScalarNode) and node.tag == _SCALAR_TAG:
        text: str = node.value
        return parse_scalar(text) if node.style is None else text
    what = f"the tag {node.tag}" if len(path) <= _DEEPEST else "nested too deep or contains itself"
    _complain(document, node, path, f"can't be read: {what}", "write a plain value")
    return None


def _mapping(document: Document, node: yaml.MappingNode, path: Path) -> dict[str, object]:
    data: dict[str, object] = {}
    first_lines: dict[str, int] = {}
    for key_node, value_node in node.value:
        if not isinstance(key_node, yaml.ScalarNode) or key_node.tag != _SCALAR_TAG or not key_node.value:
            _complain(document, key_node, path, "a key must be a name", "write `name: value`")
            continue
        key: str = key_node.value
        if key in first_lines:
            _complain(
                document,
                key_node,
                (*path, key),
                f"is set twice, first in line {first_lines[key]}",
                "keep one of them",
            )
            continue
        if "." in key:
            _complain(document, key_node, path, f"the key {key!r} has a dot", "nest it, one level per line")
            continue
        first_lines[key] = document.lines[*path, key] = key_node.start_mark.line + 1
        data[key] = _value(document, value_node, (*path, key))
    return data


def _complain(document: Document, node: yaml.Node, path: Path, message: str, remedy: str) -> None:
    source = f"{document.name}:{node.start_mark.line + 1}"
    document.problems.append(Problem(".".join(path), message, source=source, remedy=remedy))
