"""Journals written by released code are read by this code: every stored sample still says what it said."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgpack
import pytest

from messages import base, codec
from messages.base import Message, message_type
from tests.messages.desk_types import desk_types, subject
from tests.messages.stored_samples import FOLDER, add_missing, problems

pytestmark = pytest.mark.golden

PROJECT = Path(__file__).parents[2]
BESIDE_THE_DESK = ("cluster/simulator/", "cluster/bench/")
"""Casts of simulations and benchmarks: their messages never reach a desk's journal."""


@pytest.mark.parametrize("kind", desk_types(), ids=lambda kind: kind.__name__)
def test_every_type_has_samples_and_they_are_read_and_written_as_ever(kind: type[Message]) -> None:
    assert problems(kind) == []


def test_no_stored_sample_belongs_to_a_type_that_is_gone() -> None:
    known = {(subject(kind), kind.__name__) for kind in desk_types()}
    stored = {
        (path.stem, name) for path in FOLDER.glob("v*/*.json") for name in json.loads(path.read_text("utf-8"))
    }
    assert stored - known == set(), "journals out there still hold these; keep the type and lift it"


def test_samples_can_be_read_without_the_desk() -> None:
    content = json.loads((FOLDER / "v1" / "order_events.json").read_text("utf-8"))
    sample = content["OrderOverfilled"]["full"]
    name, version, fields = msgpack.unpackb(base64.b64decode(sample["stored"]))
    assert (name, version) == ("OrderOverfilled", 1)
    assert fields["quantity"] == msgpack.ExtType(1, sample["reads_as"]["1"]["quantity"]["decimal"].encode())


def test_every_message_of_the_desk_is_declared_in_messages() -> None:
    declaring = {
        path.relative_to(PROJECT).as_posix()
        for package in ("actors", "supervisors", "cluster", "config")
        for path in sorted((PROJECT / package).rglob("*.py"))
        if "@message_type\nclass" in path.read_text("utf-8")
    }
    assert {path for path in declaring if not path.startswith(BESIDE_THE_DESK)} == set(), (
        "they have no samples"
    )


# --- the samples notice what they are there to notice ---------------------------------------------------------


@pytest.fixture
def toll(own_register: None) -> type[Message]:
    """The type as it was first released."""

    @message_type
    class Toll(Message, frozen=True):
        cents: int
        payer: str | None = None

    return Toll


def replace(new: type[Message]) -> type[Message]:
    """The next release has another class of the same name."""
    del base._types["Toll"]
    new.__name__ = "Toll"
    return message_type(new)


class Renamed(Message, frozen=True):
    """A field has another name."""

    pence: int
    payer: str | None = None


class Widened(Message, frozen=True):
    """A field was added."""

    cents: int
    payer: str | None = None
    lane: int = 1


class Retyped(Message, frozen=True):
    """A field has another type that takes the old values."""

    cents: float
    payer: str | None = None


class Reordered(Message, frozen=True):
    """The fields stand in another order."""

    payer: str | None = None
    cents: int = 0


class Lifted(Message, frozen=True):
    """The second schema version: cents became a decimal amount."""

    schema_version = 2

    amount: Decimal
    payer: str | None = None

    @classmethod
    def upgrade(cls, version: int, fields: Mapping[str, Any]) -> Mapping[str, Any]:
        """Cents became a decimal amount."""
        kept = {name: value for name, value in fields.items() if name != "cents"}
        return {**kept, "amount": Decimal(fields["cents"]).scaleb(-2)}


def test_a_type_without_samples_is_noticed(toll: type[Message], tmp_path: Path) -> None:
    complaints = problems(toll, tmp_path)
    assert len(complaints) == 2
    assert "has no bare sample of schema version 1" in complaints[0]


@pytest.mark.parametrize(
    ("changed", "complaint"),
    [
        (Renamed, "can't be read any more"),
        (Widened, "is read as"),
        (Retyped, "is read as"),
        (Reordered, "is written differently now"),
    ],
)
def test_a_changed_type_under_the_same_version_is_noticed(
    toll: type[Message], tmp_path: Path, changed: type[Message], complaint: str
) -> None:
    add_missing([toll], tmp_path)
    assert problems(toll, tmp_path) == []
    assert complaint in " ".join(problems(replace(changed), tmp_path))


def test_a_changed_encoding_is_noticed_though_it_reads_back_equal(
    toll: type[Message], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_missing([toll], tmp_path)

    def encode(message: Message) -> bytes:
        packed: bytes = msgpack.packb(in_another_order(codec.message_to_plain(message)))
        return packed

    monkeypatch.setattr(codec, "encode", encode)
    complaints = problems(toll, tmp_path)
    assert complaints
    assert all("is written differently now" in complaint for complaint in complaints)


def in_another_order(value: Any) -> Any:
    """Maps in reverse order of their keys: another encoding of an equal value."""
    if isinstance(value, dict):
        return dict(sorted(value.items(), reverse=True))
    return [in_another_order(inner) for inner in value] if isinstance(value, list) else value


def test_an_older_sample_is_read_through_its_lift(toll: type[Message], tmp_path: Path) -> None:
    add_missing([toll], tmp_path)
    lifted = replace(Lifted)
    assert any("nobody has looked" in complaint for complaint in problems(lifted, tmp_path))
    add_missing([lifted], tmp_path)
    assert problems(lifted, tmp_path) == []
    old = json.loads((tmp_path / "v1" / f"{subject(lifted)}.json").read_text("utf-8"))["Toll"]["full"]
    cents = old["reads_as"]["1"]["cents"]
    assert old["reads_as"]["2"]["amount"] == {"decimal": str(Decimal(cents).scaleb(-2))}


def test_adding_never_changes_what_is_stored(toll: type[Message], tmp_path: Path) -> None:
    assert len(add_missing([toll], tmp_path)) == 2
    assert add_missing([toll], tmp_path) == []
    path = tmp_path / "v1" / f"{subject(toll)}.json"
    content = json.loads(path.read_text("utf-8"))
    content["Toll"]["full"]["reads_as"]["1"]["cents"] = -1
    del content["Toll"]["bare"]
    path.write_text(json.dumps(content), "utf-8")
    assert add_missing([toll], tmp_path) == ["Toll bare, written under 1, read under 1"]
    again = json.loads(path.read_text("utf-8"))["Toll"]
    assert again["full"]["reads_as"]["1"]["cents"] == -1
    assert "is read as" in " ".join(problems(toll, tmp_path))
