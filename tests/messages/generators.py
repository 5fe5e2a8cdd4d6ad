"""Hypothesis strategies that build any message from its declared field types, so that a new type is tested unasked."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from functools import cache
from typing import Any

from hypothesis import strategies as st
from msgspec import inspect

from messages.base import Envelope, Message
from tests.messages.desk_types import desk_types

Strategy = st.SearchStrategy[Any]

NANOSECONDS = st.integers(-(2**63), 2**63 - 1)
"""Whole numbers are times, counts and versions: all of them fit into 64 bits."""
FINITE = st.floats(allow_nan=False, allow_infinity=False)
TEXT = st.text(max_size=12)
DECIMALS = st.builds(
    lambda sign, digits, exponent: Decimal((sign, tuple(map(int, str(digits))), exponent)),
    st.sampled_from((0, 1)),
    st.one_of(st.integers(0, 9), st.integers(0, 10**34)),
    st.integers(-40, 40),
)
"""Finite, of up to 35 digits, with trailing zeros, exponents and negative zero."""

_SCALARS = st.one_of(st.none(), st.booleans(), NANOSECONDS, FINITE, TEXT, DECIMALS, st.binary(max_size=8))
PLAIN = st.recursive(
    _SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=5,
)
"""What a field declared as `object` may hold."""


def _union(node: inspect.UnionType) -> Strategy:
    return st.one_of([_values(option) for option in node.types])


def _variadic(node: inspect.VarTupleType) -> Strategy:
    return st.lists(_values(node.item_type), max_size=3).map(tuple)


def _mapping(node: inspect.DictType) -> Strategy:
    return st.dictionaries(_values(node.key_type), _values(node.value_type), max_size=3)


def _struct(node: inspect.StructType) -> Strategy:
    return instances(node.cls)


def _any(node: inspect.CustomType) -> Strategy:
    assert node.cls is object, f"no strategy for {node.cls}"
    return PLAIN


_STRATEGIES: dict[type, Callable[[Any], Strategy]] = {
    inspect.NoneType: lambda node: st.none(),
    inspect.BoolType: lambda node: st.booleans(),
    inspect.IntType: lambda node: NANOSECONDS,
    inspect.FloatType: lambda node: FINITE,
    inspect.StrType: lambda node: TEXT,
    inspect.BytesType: lambda node: st.binary(max_size=8),
    inspect.DecimalType: lambda node: DECIMALS,
    inspect.EnumType: lambda node: st.sampled_from(list(node.cls)),
    inspect.UnionType: _union,
    inspect.VarTupleType: _variadic,
    inspect.DictType: _mapping,
    inspect.StructType: _struct,
    inspect.CustomType: _any,
}
"""One row per kind of field; a kind that is missing here fails the tests of the type that brings it."""


def _values(node: inspect.Type) -> Strategy:
    return _STRATEGIES[type(node)](node)


@cache
def instances(kind: type) -> Strategy:
    """Instances of a struct with every field drawn, defaults or not."""
    described = inspect.type_info(kind)
    assert isinstance(described, inspect.StructType)
    return st.builds(kind, **{field.name: _values(field.type) for field in described.fields})


def messages() -> st.SearchStrategy[Message]:
    """Instances of any of the desk's types."""
    return st.sampled_from(desk_types()).flatmap(instances)


def envelopes(content: st.SearchStrategy[Message]) -> st.SearchStrategy[Envelope]:
    """Messages under way, with any head."""
    return st.builds(Envelope, TEXT, NANOSECONDS, TEXT, TEXT, TEXT, NANOSECONDS, content)
