"""The rules of the house: what may be imported where, what no pure part may touch, and what lies at the top.

They are read from the syntax trees, so that they hold for code that no test runs.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

pytestmark = pytest.mark.unit

ROOT = Path(__file__).parents[1]
PACKAGES = ("messages", "config", "actors", "supervisors", "cluster")

MAY_IMPORT = {
    "messages": set(),
    "config": set(),
    "actors": {"messages", "config"},
    "supervisors": {"actors", "messages", "config"},
    "cluster": {"supervisors", "actors", "messages", "config"},
}
"""`cluster -> supervisors -> actors -> messages`; `config` is read by all but `messages`."""
ERRORS_FOR_CONFIG = "messages.errors"
"""config reports its problems in the desk's one error tree, and takes nothing else from messages."""

FORBIDDEN = {"ray", "redis", "asyncio", "threading", "time", "random", "numpy.random", "uuid", "os"}
PURE = ("messages", "supervisors", "actors")
ADAPTERS = {Path("actors/venues"), Path("actors/venues/transport"), Path("actors/venues/binance_usdm")}
"""The folders of adapters, which talk to venues; the matching engine beside them does not."""

DIRECTORIES = {
    ".ci",
    ".git",
    "actors",
    "cluster",
    "config",
    "docs",
    "messages",
    "supervisors",
    "tests",
}
FILES = {
    ".env.example",
    ".gitignore",
    "LICENSE",
    "Makefile",
    "README.md",
    "constraints.txt",
    "pyproject.toml",
}
LEFT_BY_TOOLS = {
    ".coverage",
    ".hypothesis",
    ".mypy_cache",
    ".pytest_cache",
    ".ruff_cache",
    ".venv",
    "__pycache__",
    "build",
    "raydesk.egg-info",
}
"""Never committed: `.gitignore` has them all."""


def modules(*packages: str) -> list[Path]:
    """The source files of these packages, relative to the root."""
    return [
        path.relative_to(ROOT)
        for package in packages
        for path in sorted((ROOT / package).rglob("*.py"))
        if "__pycache__" not in path.parts
    ]


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse((ROOT / path).read_text(), filename=str(path))


@cache
def nodes(path: Path) -> tuple[ast.AST, ...]:
    return tuple(ast.walk(tree(path)))


@cache
def imports(path: Path) -> tuple[tuple[int, str], ...]:
    """Line and full name of everything a file imports, also inside functions; relative names are resolved."""
    return tuple(_imports(path))


def _imports(path: Path) -> Iterator[tuple[int, str]]:
    for node in nodes(path):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node.lineno, alias.name
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                parts = path.parent.parts[: len(path.parent.parts) - node.level + 1]
                base = ".".join((*parts, base)).rstrip(".")
            for alias in node.names:
                yield node.lineno, f"{base}.{alias.name}"


def is_adapter(path: Path) -> bool:
    return path.parent in ADAPTERS


def is_forbidden(name: str) -> bool:
    return any(name == module or name.startswith(f"{module}.") for module in FORBIDDEN)


def pure_modules() -> list[Path]:
    return [path for path in modules(*PURE) if not is_adapter(path)]


# ---------------------------------------------------------------- purity


def test_the_pure_packages_import_nothing_of_the_machine() -> None:
    found = [
        f"{path}:{line} imports {name}"
        for path in pure_modules()
        for line, name in imports(path)
        if is_forbidden(name)
    ]
    assert found == []


def test_the_pure_packages_read_no_clock() -> None:
    found = [
        f"{path}:{node.lineno} calls {ast.unparse(node.func)}"
        for path in pure_modules()
        for node in nodes(path)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in ("now", "utcnow", "today")
    ]
    assert found == []


def test_the_pure_packages_draw_no_numpy_randomness() -> None:
    found = [
        f"{path}:{node.lineno}"
        for path in pure_modules()
        for node in nodes(path)
        if isinstance(node, ast.Attribute)
        and node.attr == "random"
        and ast.unparse(node) in ("np.random", "numpy.random")
    ]
    assert found == []


def test_matching_is_pure_and_adapters_are_known() -> None:
    assert any(path.parts[:3] == ("actors", "venues", "matching") for path in pure_modules())
    assert all(path.parts[:2] == ("actors", "venues") for path in modules("actors") if is_adapter(path))


# ---------------------------------------------------------------- direction


def package_of(name: str) -> str | None:
    first = name.split(".")[0]
    return first if first in PACKAGES else None


def test_imports_between_packages_run_one_way() -> None:
    found = []
    for path in modules(*PACKAGES):
        here = path.parts[0]
        for line, name in imports(path):
            there = package_of(name)
            if there is None or there == here or there in MAY_IMPORT[here]:
                continue
            if here == "config" and name.startswith(ERRORS_FOR_CONFIG):
                continue
            found.append(f"{path}:{line} imports {name}")
    assert found == []


def test_no_package_imports_the_tests() -> None:
    found = [
        f"{path}:{line}"
        for path in modules(*PACKAGES)
        for line, name in imports(path)
        if name.startswith("tests")
    ]
    assert found == []


def module_name(path: Path) -> str:
    parts = path.with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def import_graph() -> dict[str, set[str]]:
    """Which module needs which when it is loaded: imports inside functions and for types only don't count."""
    names = {module_name(path): path for path in modules(*PACKAGES)}
    graph: dict[str, set[str]] = {}
    for name, path in names.items():
        needed = set()
        for line, target in imports(path):
            if line not in _lines_at_load(path):
                continue
            found = target if target in names else target.rpartition(".")[0]
            if found in names and found != name:
                needed.add(found)
        graph[name] = needed
    return graph


@cache
def _lines_at_load(path: Path) -> frozenset[int]:
    lines = set()
    for node in tree(path).body:
        if isinstance(node, ast.Import | ast.ImportFrom):
            lines.add(node.lineno)
    return frozenset(lines)


def test_no_two_modules_need_each_other() -> None:
    graph = import_graph()
    done: set[str] = set()
    path: list[str] = []

    def visit(name: str) -> list[str] | None:
        if name in path:
            return [*path[path.index(name) :], name]
        if name in done:
            return None
        path.append(name)
        for needed in sorted(graph[name]):
            # a package's own __init__ re-exports its parts; the parts don't count as needing it
            if not name.startswith(f"{needed}.") and (cycle := visit(needed)) is not None:
                return cycle
        path.pop()
        done.add(name)
        return None

    for name in sorted(graph):
        assert visit(name) is None, "these modules need each other"


# ---------------------------------------------------------------- errors


def broad_handlers(path: Path) -> list[int]:
    """Lines of handlers that catch everything and do not say why."""
    source = (ROOT / path).read_text().splitlines()
    return [
        node.lineno
        for node in nodes(path)
        if isinstance(node, ast.ExceptHandler)
        and _is_broad(node.type)
        and not _says_why(source[node.lineno - 1])
    ]


def _is_broad(kind: ast.expr | None) -> bool:
    kinds = kind.elts if isinstance(kind, ast.Tuple) else [kind]
    return any(kind is None or ast.unparse(kind) in ("Exception", "BaseException") for kind in kinds)


def _says_why(line: str) -> bool:
    return "noqa: BLE001 — " in line


def _raises_again(handler: ast.ExceptHandler) -> bool:
    last = handler.body[-1]
    return isinstance(last, ast.Raise) and last.exc is None


def test_nothing_is_caught_wholesale_without_a_reason() -> None:
    found = []
    for path in modules(*PACKAGES):
        handlers = {node.lineno: node for node in nodes(path) if isinstance(node, ast.ExceptHandler)}
        found += [f"{path}:{line}" for line in broad_handlers(path) if not _raises_again(handlers[line])]
    assert found == [], "catch what you can handle, or annotate: # noqa: BLE001 — why"


# ---------------------------------------------------------------- the house


def test_the_top_of_the_house_holds_only_what_belongs_there() -> None:
    there = {path.name for path in ROOT.iterdir()}
    assert there - DIRECTORIES - FILES - LEFT_BY_TOOLS == set()
    assert {"messages", "config", "actors", "supervisors", "cluster", "tests"} <= there


def test_the_rules_notice_what_they_forbid() -> None:
    assert is_forbidden("time")
    assert is_forbidden("numpy.random.default_rng")
    assert is_forbidden("os.path")
    assert not is_forbidden("numpy")
    assert not is_forbidden("ostrich")
    assert not is_adapter(Path("actors/venues/matching/engine.py"))
    assert is_adapter(Path("actors/venues/paper.py"))
    assert _is_broad(ast.parse("try: pass\nexcept Exception: pass").body[0].handlers[0].type)  # type: ignore[attr-defined]
    assert not _says_why("except Exception as error:  # noqa: BLE001")
