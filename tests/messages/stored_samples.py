"""The stored samples: for every message type bytes as a desk has written them, and what they are to be read as.

`samples/v<schema version>/<module>.json` holds, per type, a `full` sample (every field set) and a `bare` one
(nothing that may be absent). A sample is written once and never changed: it stands for the journals out there.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterable
from decimal import Decimal
from pathlib import Path
from typing import Any
from zlib import crc32

from msgspec import NODEFAULT, Struct, inspect

from messages import codec
from messages.base import Message
from messages.errors import CodecError
from tests.messages.desk_types import subject

FOLDER = Path(__file__).parent / "samples"
REMEDY = (
    "raise the type's schema_version, lift the old fields in `upgrade`, "
    "then run `python -m tests.messages.make_samples`"
)

Sample = dict[str, Any]
"""`stored`: the bytes in base64; `reads_as`: by schema version of the reading code, the fields."""

NANOSECOND_FIELDS = frozenset(
    {"time", "event_time", "sent_at", "deadline", "due", "until", "at", "retry_at", "since"}
)


# --- reading --------------------------------------------------------------------------------------------------


def problems(kind: type[Message], folder: Path = FOLDER) -> list[str]:
    """What is wrong with the stored samples of one type; empty when all are read as they always were."""
    current = _load(_file(kind, kind.schema_version, folder)).get(kind.__name__, {})
    found = [
        f"{kind.__name__} has no {name} sample of schema version {kind.schema_version}: {REMEDY}"
        for name in _EXAMPLES
        if name not in current
    ]
    for version in range(1, kind.schema_version + 1):
        for name, sample in _load(_file(kind, version, folder)).get(kind.__name__, {}).items():
            found += [
                f"{kind.__name__}, {name} sample of schema version {version}: {complaint}"
                for complaint in _complaints(kind, version, sample)
            ]
    return found


def _complaints(kind: type[Message], version: int, sample: Sample) -> Iterable[str]:
    stored = base64.b64decode(sample["stored"])
    try:
        message = codec.decode(stored)
    except CodecError as error:
        return [f"can't be read any more: {error}; {REMEDY}"]
    expected = sample["reads_as"].get(str(kind.schema_version))
    if expected is None:
        return [f"nobody has looked at what it reads as now: {REMEDY}"]
    complaints = []
    if type(message) is not kind or not _alike(readable(message), expected):
        complaints.append(f"is read as {readable(message)} instead of {expected}; {REMEDY}")
    if version == kind.schema_version and codec.encode(message) != stored:
        complaints.append(f"is written differently now; {REMEDY}")
    return complaints


def readable(message: Message) -> Any:
    """The fields of a message as JSON: decimals as `{"decimal": text}`, bytes as `{"bytes": base64}`."""
    return _json_form(codec.to_plain(message))


def _json_form(value: Any) -> Any:
    if isinstance(value, Decimal):
        return {"decimal": str(value)}
    if isinstance(value, bytes):
        return {"bytes": base64.b64encode(value).decode()}
    if isinstance(value, dict):
        return {key: _json_form(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_json_form(inner) for inner in value]
    return value


def _alike(one: object, other: object) -> bool:
    """Equal as JSON texts, which tell 1 from 1.0 and from true."""
    return json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)


# --- adding ---------------------------------------------------------------------------------------------------


def add_missing(kinds: Iterable[type[Message]], folder: Path = FOLDER) -> list[str]:
    """Store what samples are missing, and what older samples read as under a new schema version; what was added.

    What is stored stays as it is, right or wrong.
    """
    added: list[str] = []
    for kind in kinds:
        for version in range(1, kind.schema_version + 1):
            path = _file(kind, version, folder)
            content = _load(path)
            new = _complete(kind, version, content)
            if new:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(
                    json.dumps(dict(sorted(content.items())), indent=1, ensure_ascii=False) + "\n",
                    encoding="utf-8",
                )
                added += new
    return added


def _complete(kind: type[Message], version: int, content: dict[str, dict[str, Sample]]) -> list[str]:
    added = []
    samples = content.get(kind.__name__, {})
    if version == kind.schema_version:
        for name in _EXAMPLES.keys() - samples.keys():
            stored = codec.encode(example(kind, name))
            samples[name] = {"stored": base64.b64encode(stored).decode(), "reads_as": {}}
    for name, sample in sorted(samples.items()):
        if str(kind.schema_version) not in sample["reads_as"]:
            message = codec.decode(base64.b64decode(sample["stored"]))
            sample["reads_as"][str(kind.schema_version)] = readable(message)
            added.append(f"{kind.__name__} {name}, written under {version}, read under {kind.schema_version}")
    if added:
        content[kind.__name__] = dict(sorted(samples.items()))
    return added


def _file(kind: type[Message], version: int, folder: Path) -> Path:
    return folder / f"v{version}" / f"{subject(kind)}.json"


def _load(path: Path) -> dict[str, dict[str, Sample]]:
    if not path.exists():
        return {}
    content: dict[str, dict[str, Sample]] = json.loads(path.read_text(encoding="utf-8"))
    return content


# --- examples -------------------------------------------------------------------------------------------------


def example(kind: type[Struct], name: str) -> Any:
    """The `full` or the `bare` example of a struct; the same at every call."""
    return _EXAMPLES[name](kind, "")


def _full(kind: type[Struct], path: str) -> Struct:
    fields = _fields(kind)
    return kind(**{field.name: _telling(field.type, _below(path, field.name)) for field in fields})


def _bare(kind: type[Struct], path: str) -> Struct:
    needed = [field for field in _fields(kind) if field.required]
    return kind(**{field.name: _empty(field.type, _below(path, field.name)) for field in needed})


_EXAMPLES: dict[str, Callable[[type[Struct], str], Struct]] = {"bare": _bare, "full": _full}


def _fields(kind: type[Struct]) -> tuple[inspect.Field, ...]:
    described = inspect.type_info(kind)
    assert isinstance(described, inspect.StructType)
    assert all(
        field.required == (field.default is field.default_factory is NODEFAULT) for field in described.fields
    )
    return described.fields


def _below(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _number(path: str) -> int:
    """A number that belongs to the place it stands at, so that two fields that change places are noticed."""
    return crc32(path.encode())


def _whole(node: inspect.IntType, path: str) -> int:
    nanoseconds = path.rpartition(".")[2] in NANOSECOND_FIELDS
    return 1_722_988_800_000_000_000 + _number(path) if nanoseconds else 1 + _number(path) % 1_000


def _choice(node: inspect.UnionType, path: str) -> Any:
    return _telling(_alternatives(node)[0], path)


def _mapping(node: inspect.DictType, path: str) -> dict[str, Any]:
    values = _alternatives(node.value_type)
    return {f"{path}/{place}": _telling(value, f"{path}/{place}") for place, value in enumerate(values)}


def _alternatives(node: inspect.Type) -> list[inspect.Type]:
    options = node.types if isinstance(node, inspect.UnionType) else (node,)
    return [option for option in options if not isinstance(option, inspect.NoneType)]


_PLAIN = {
    "text": "naïve",
    "number": -7,
    "ratio": 0.25,
    "amount": Decimal("-1.50"),
    "none": None,
    "list": [True, []],
}

_TELLING: dict[type, Callable[[Any, str], Any]] = {
    inspect.BoolType: lambda node, path: True,
    inspect.IntType: _whole,
    inspect.FloatType: lambda node, path: _number(path) % 100_000 / 8,
    inspect.StrType: lambda node, path: path,
    inspect.BytesType: lambda node, path: path.encode(),
    inspect.DecimalType: lambda node, path: Decimal(_number(path)).scaleb(-5).quantize(Decimal("1.000000")),
    inspect.EnumType: lambda node, path: list(node.cls)[_number(path) % len(node.cls)],
    inspect.UnionType: _choice,
    inspect.VarTupleType: lambda node, path: tuple(
        _telling(node.item_type, f"{path}/{place}") for place in (0, 1)
    ),
    inspect.DictType: _mapping,
    inspect.StructType: lambda node, path: _full(node.cls, path),
    inspect.CustomType: lambda node, path: _PLAIN,
}

_EMPTY: dict[type, Callable[[Any, str], Any]] = {
    inspect.BoolType: lambda node, path: False,
    inspect.IntType: lambda node, path: 0,
    inspect.FloatType: lambda node, path: 0.0,
    inspect.StrType: lambda node, path: "",
    inspect.BytesType: lambda node, path: b"",
    inspect.DecimalType: lambda node, path: Decimal(0),
    inspect.EnumType: _TELLING[inspect.EnumType],
    inspect.UnionType: lambda node, path: None if node.includes_none else _empty(node.types[0], path),
    inspect.VarTupleType: lambda node, path: (),
    inspect.DictType: lambda node, path: {},
    inspect.StructType: lambda node, path: _bare(node.cls, path),
}


def _telling(node: inspect.Type, path: str) -> Any:
    return _TELLING[type(node)](node, path)


def _empty(node: inspect.Type, path: str) -> Any:
    return _EMPTY[type(node)](node, path)
