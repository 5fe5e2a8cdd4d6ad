"""The text of `.env.example`: every control and secret the environment can set, made from the schema.

`python -m config.env_example > .env.example` writes it anew.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

from config.catalogue import ANY_ENTRY, Node, Path, settings
from config.environment import PREFIX

_HEAD = """\
# Every control and secret that the environment can set. Copy the lines you need to `.env` beside your settings
# (read outside live only), or export them. Precedence: defaults < profile < files < these < flags.
# Settings can also refer to a variable of any name: `url: ${REDIS_URL}`.
# <NAME> stands for an entry's own name: RAYDESK__VENUES__PAPER__READ_ONLY, RAYDESK__SYMBOLS__BTC_USDT__TICK.

# ---- safety: may only tighten, and outrank everything else ----
# DRY_RUN=1        no order leaves the process, whatever desk.environment says
# KILL_SWITCH=1    the desk starts HALTED
"""


def example_text() -> str:
    """The whole file. Every line is a comment, so that an unedited copy changes nothing."""
    known = list(settings())
    secrets = "".join(_entry(path, node) for path, node in known if node.secret)
    parts = [_HEAD, "\n# ---- secrets: never in a file under version control ----\n", secrets]
    return "".join([*parts, *_sections([(path, node) for path, node in known if not node.secret])])


def variable_name(path: Path) -> str:
    """The variable that sets the setting at `path`."""
    names = ["<NAME>" if key == ANY_ENTRY else key.upper() for key in path]
    return PREFIX + "__".join(names)


def _sections(known: list[tuple[Path, Node]]) -> Iterator[str]:
    section = ""
    for path, node in known:
        if path[0] != section:
            section = path[0]
            yield f"\n# ---- {section} ----\n"
        yield _entry(path, node)


def _entry(path: Path, node: Node) -> str:
    return f"# {node.description}\n# {variable_name(path)}={_default_text(node)}\n"


def _default_text(node: Node) -> str:
    if node.default is None:
        return "" if not node.required else "(required)"
    return node.default if isinstance(node.default, str) else json.dumps(node.default)


if __name__ == "__main__":
    print(example_text(), end="")
