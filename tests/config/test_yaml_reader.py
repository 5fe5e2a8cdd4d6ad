"""One file: values with their lines, and everything that makes a file unreadable."""

from __future__ import annotations

from pathlib import Path

import pytest

from config.yaml_reader import Document, read_yaml

pytestmark = pytest.mark.unit


def read(tmp_path: Path, text: str) -> Document:
    file = tmp_path / "a.yaml"
    file.write_text(text, encoding="utf-8")
    return read_yaml(file)


def test_every_value_has_its_line(tmp_path: Path) -> None:
    document = read(tmp_path, "desk:\n  name: mine\n\nrisk: {max_open_orders: 3}\n")
    assert document.data == {"desk": {"name": "mine"}, "risk": {"max_open_orders": 3}}
    assert document.lines["desk", "name"] == 2
    assert document.lines["risk", "max_open_orders"] == 4
    assert document.problems == []


def test_quoted_text_stays_text(tmp_path: Path) -> None:
    assert read(tmp_path, "a: '7'\nb: \"true\"\nc: 7\n").data == {"a": "7", "b": "true", "c": 7}


def test_references_are_followed(tmp_path: Path) -> None:
    document = read(tmp_path, "a: &fees {maker: 1bps}\nb: *fees\n")
    assert document.data["b"] == {"maker": "1bps"}


def test_an_empty_file_says_nothing(tmp_path: Path) -> None:
    document = read(tmp_path, "# only a comment\n")
    assert document.data == {}
    assert document.problems == []


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("desk: {name: a}\ndesk: {name: b}\n", "desk: is set twice, first in line 1 (in a.yaml:2)"),
        ("desk:\n  name: a\n  name: b\n", "desk.name: is set twice, first in line 2 (in a.yaml:3)"),
        ("desk: {name: a\n", "is not YAML: expected ',' or '}'"),
        ("a: 1\n\tb: 2\n", "a.yaml:2"),
        ("- a\n- b\n", "must hold settings by name (in a.yaml:1)"),
        ("risk.max_open_orders: 5\n", "the key 'risk.max_open_orders' has a dot (in a.yaml:1)"),
        ("a: !python/object:os.system x\n", "can't be read: the tag"),
        ("a: &a {b: *a}\n", "nested too deep or contains itself"),
        ("? [a]\n: 1\n", "a key must be a name (in a.yaml:1)"),
        ("a: 1\n---\nb: 2\n", "is not YAML: but found another document (in a.yaml:2)"),
        ("a: \x07\n", "is not YAML"),
    ],
)
def test_what_cannot_be_read_is_told_with_its_line(tmp_path: Path, text: str, complaint: str) -> None:
    problems = read(tmp_path, text).problems
    assert complaint in "\n".join(map(str, problems))
    assert all(problem.remedy for problem in problems)


def test_a_file_that_is_not_text_is_told(tmp_path: Path) -> None:
    file = tmp_path / "a.yaml"
    file.write_bytes(b"\xff\xfe\x00")
    assert "is not UTF-8 text" in str(read_yaml(file).problems[0])


def test_a_file_that_cannot_be_opened_is_told(tmp_path: Path) -> None:
    assert "No such file" in str(read_yaml(tmp_path / "none.yaml").problems[0])
