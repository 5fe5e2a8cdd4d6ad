"""The page of all settings, from the schema: what each is called, means and is by default."""

from __future__ import annotations

import inspect
import json
from collections.abc import Iterator

from pydantic import BaseModel

from actors.strategy.registry import BUILT_IN, find
from cluster.docs.markdown import code, codes, page, table
from config.catalogue import ANY_ENTRY, Node, Path, node_at, schema_tree, settings
from config.environment import PREFIX, TIGHTENING
from config.files import FOLDER_FILES, profile_names

_HEAD = f"""\
# Settings

*Written by `python -m cluster.docs` from the schema; a test compares it with the code.*

A desk is told what to be by a profile ({codes(profile_names())}), a YAML file, or a folder holding any of
{codes(FOLDER_FILES)}.
A file that begins with `profile: paper` changes only what it names. Unknown keys are refused.
`raydesk config check FILE` lists every problem; `raydesk config show FILE` prints each setting with its value and where
that came from.

**Precedence**, the later the stronger: defaults, profile, files, `{PREFIX}SECTION__KEY` in the environment (or in a
`.env` beside the file), `--set section.key=value`. After all of them {codes(f"{name}=1" for name in TIGHTENING)} in the
environment can only tighten.

**Forms.** A duration has its unit: `250ms`, `30s`, `5m`, `1h`, `1d`. A ratio is `5%`, `25bps` or `0.05`, never a bare
5. Amounts, prices and quantities are decimals. A text may be `${{NAME}}`, taken from the environment: that is how
secrets are given. `*` stands for a name of one's own: `venues.*.kind` is `venues.paper.kind`."""


def settings_page() -> str:
    """The whole page."""
    sections = [_section(name, node) for name, node in schema_tree().children.items()]
    return page(_HEAD, *sections, _parameters())


def _section(name: str, node: Node) -> str:
    rows = ((code(".".join(path)), _default(path, each), each.description) for path, each in _below(name))
    return page(f"## {name}", node.description, table(("setting", "default", "meaning"), rows))


def _below(section: str) -> Iterator[tuple[Path, Node]]:
    return ((path, node) for path, node in settings() if path[0] == section)


def _default(path: Path, node: Node) -> str:
    if node.secret:
        return "none; a secret"
    if node.required or _needs_an_entry(path):
        return "**required**"
    if node.default in (None, {}, []):
        return "none"
    return code(node.default if isinstance(node.default, str) else json.dumps(node.default))


def _needs_an_entry(path: Path) -> bool:
    above = node_at(path[:-1]) if path[-1] == ANY_ENTRY else None
    return above is not None and above.required


def _parameters() -> str:
    """What the built-in strategies take under `strategies.*.parameters`."""
    parts = [f"## Parameters of the built-in strategies\n\nUnder `strategies.{ANY_ENTRY}.parameters`."]
    for kind in BUILT_IN:
        rows = (
            (code(name), code(_text(default)), says) for name, default, says in _leaves(find(kind).Parameters)
        )
        says = inspect.cleandoc(find(kind).__doc__ or "")
        parts.append(page(f"### {kind}", says, table(("parameter", "default", "meaning"), rows)))
    return page(*parts)


def _leaves(model: type[BaseModel], above: str = "") -> Iterator[tuple[str, object, str]]:
    """Every parameter by its path, its default and what it means; those of a section below its name."""
    defaults = model.model_construct().model_dump(mode="json")
    for name, field in model.model_fields.items():
        kind = field.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            yield from _leaves(kind, f"{above}{name}.")
        else:
            yield f"{above}{name}", defaults[name], field.description or ""


def _text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)
