"""Where a message type holds Decimals, found in its annotations once: how it may be packed, and what must be no float.

Where Decimals are stored as text, msgspec would take a float in their place as well; money never passes through one.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any, cast

from msgspec import inspect

Finder = Callable[[Any], str | None]
"""Where in a plain value a float stands in a Decimal's place, as a path; None: nowhere."""


@cache
def float_finder(kind: type) -> Finder | None:
    """Finds floats in the place of Decimals in the plain form of `kind`; None where it has no Decimals."""
    return _finder(inspect.type_info(kind))


@cache
def is_packed_at_once(kind: type) -> bool:
    """Whether msgspec packs messages of `kind` as they are stored: no Decimals, and nothing that may hold some."""
    return not _may_hold(inspect.type_info(kind))


def _may_hold(info: inspect.Type) -> bool:
    if isinstance(info, inspect.AnyType | inspect.CustomType | inspect.RawType | inspect.DecimalType):
        return True
    return any(_may_hold(inner) for inner in _parts(info))


def _parts(info: inspect.Type) -> list[inspect.Type]:
    """The types inside a type."""
    if isinstance(info, inspect.StructType):
        return [field.type for field in info.fields]
    if isinstance(info, inspect.UnionType):
        return list(info.types)
    if isinstance(info, inspect.DictType):
        return [info.key_type, info.value_type]
    if isinstance(info, inspect.TupleType):
        return list(info.item_types)
    if isinstance(info, inspect.CollectionType):
        return [info.item_type]
    return []


def _finder(info: inspect.Type) -> Finder | None:
    if isinstance(info, inspect.DecimalType):
        return lambda value: "" if type(value) is float else None
    if isinstance(info, inspect.UnionType):
        return _of_union(info)
    if isinstance(info, inspect.StructType):
        return _of_struct(info)
    if isinstance(info, inspect.DictType):
        return _of_items(_finder(info.value_type), dict)
    if isinstance(info, inspect.TupleType):
        inner = [(index, _finder(each)) for index, each in enumerate(info.item_types)]
        return _of_places([(index, find) for index, find in inner if find is not None], list)
    if isinstance(info, inspect.CollectionType):
        return _of_items(_finder(info.item_type), list)
    return None


def _of_union(info: inspect.UnionType) -> Finder | None:
    is_float_fine = any(isinstance(each, inspect.FloatType) for each in info.types)
    types = [each for each in info.types if not (is_float_fine and isinstance(each, inspect.DecimalType))]
    finders = [find for each in types if (find := _finder(each)) is not None]
    if len(finders) < 2:
        return finders[0] if finders else None
    return lambda value: next((found for find in finders if (found := find(value)) is not None), None)


def _of_struct(info: inspect.StructType) -> Finder | None:
    found = [(place, field.encode_name, _finder(field.type)) for place, field in enumerate(info.fields)]
    if info.array_like:
        return _of_places([(place, find) for place, _, find in found if find is not None], list)
    return _of_places([(name, find) for _, name, find in found if find is not None], dict)


def _of_places(finders: list[tuple[Any, Finder]], kind: type) -> Finder | None:
    """In a map's fields by name, or a list's by index."""
    if not finders:
        return None

    def find(value: Any) -> str | None:
        if type(value) is not kind:
            return None
        named: Any = value if kind is dict else dict(enumerate(cast("list[Any]", value)))
        for place, find_in in finders:
            inner = named.get(place)
            if inner is not None and (found := find_in(inner)) is not None:
                return f".{place}{found}" if kind is dict else f"[{place}]{found}"
        return None

    return find


def _of_items(inside: Finder | None, kind: type) -> Finder | None:
    """In all values of a map, or items of a list."""
    if inside is None:
        return None
    find_in = inside

    def find(value: Any) -> str | None:
        items: Any = value
        if type(value) is not kind:
            return None
        for inner in items.values() if kind is dict else items:
            if (found := find_in(inner)) is not None:
                return f"[...]{found}"
        return None

    return find
