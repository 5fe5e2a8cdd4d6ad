"""The lines that a `.env` file may have."""

from __future__ import annotations

from pathlib import Path

import pytest

from config.dotenv import read_dotenv

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("A=1", "1"),
        ("export A=1", "1"),
        ("  A = 1  ", "1"),
        ("A=", ""),
        ("A='x # y'", "x # y"),
        ('A="x y"', "x y"),
        ('A="x"  # why', "x"),
        ("A=x # why", "x"),
        ("A=p#ss=word", "p#ss=word"),
        ("A=redis://:p@h:1/0", "redis://:p@h:1/0"),
    ],
)
def test_a_line_sets(tmp_path: Path, line: str, value: str) -> None:
    file = tmp_path / ".env"
    file.write_text(f"# head\n\n{line}\n", encoding="utf-8")
    variables, problems = read_dotenv(file)
    assert variables.values == {"A": value}
    assert variables.origin("A") == ".env:3 A"
    assert problems == []


@pytest.mark.parametrize("line", ["A", "1A=x", "A='x", "=x", "A B=x"])
def test_a_line_that_sets_nothing_is_a_problem(tmp_path: Path, line: str) -> None:
    file = tmp_path / ".env"
    file.write_text(line, encoding="utf-8")
    variables, problems = read_dotenv(file)
    assert variables.values == {}
    assert [problem.source for problem in problems] == [".env:1"]


def test_no_file_is_no_problem(tmp_path: Path) -> None:
    variables, problems = read_dotenv(tmp_path / ".env")
    assert (variables.values, problems) == ({}, [])


def test_a_file_that_is_not_text_is_a_problem(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_bytes(b"\xff\xfe")
    assert "can't be read" in str(read_dotenv(file)[1][0])
