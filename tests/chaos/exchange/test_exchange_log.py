"""The reader of the exchange's log is evidence about the desk, so it must not be of the desk."""

from __future__ import annotations

import ast
import sys

from tests.chaos.exchange import exchange_log


def test_the_reader_imports_the_standard_library_alone() -> None:
    assert exchange_log.__file__ is not None
    with open(exchange_log.__file__) as source:
        tree = ast.parse(source.read())
    imported = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    imported |= {name.name for node in ast.walk(tree) if isinstance(node, ast.Import) for name in node.names}
    assert {str(name).partition(".")[0] for name in imported} <= sys.stdlib_module_names
