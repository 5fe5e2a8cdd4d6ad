"""Client order ids: deterministic, in the venue's alphabet and length, refused where they could collide."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.execution.client_ids import client_order_id
from actors.execution.settings import LOWERCASE_BASE32
from messages.errors import ConfigurationError

pytestmark = pytest.mark.unit


def make(generation: str = "g1", intent: str = "strategy/BTC#1", **changes: object) -> str:
    parts: dict[str, object] = {"prefix": "rd", "alphabet": LOWERCASE_BASE32, "max_length": 36}
    return client_order_id(generation, intent, **(parts | changes))  # type: ignore[arg-type]


def test_the_same_order_has_the_same_id_for_ever() -> None:
    assert make() == make() == "rdiy4wmkl7u5z5hbzhadnkppraxx"


@pytest.mark.parametrize("change", [{"generation": "g2"}, {"intent": "x#1"}, {"child": 1}, {"attempt": 1}])
def test_each_part_changes_the_id(change: dict[str, object]) -> None:
    assert make(**change) != make()  # type: ignore[arg-type]


def test_parts_can_not_be_shifted_into_each_other() -> None:
    assert make("g1", "1x") != make("g11", "x")


@settings(max_examples=60)
@given(
    intent=st.text(max_size=40),
    alphabet=st.sampled_from([LOWERCASE_BASE32, "0123456789", "0123456789abcdef"]),
    max_length=st.integers(31, 64),
)
def test_the_id_keeps_to_alphabet_length_and_prefix(intent: str, alphabet: str, max_length: int) -> None:
    made = client_order_id("g", intent, prefix="12", alphabet=alphabet, max_length=max_length)
    assert made.startswith("12")
    assert len(made) <= max_length
    assert set(made[2:]) <= set(alphabet)


def test_too_little_room_is_refused_with_the_field_and_the_remedy() -> None:
    with pytest.raises(ConfigurationError, match=r"client_id_prefix: .*80 bits.*shorten the prefix"):
        make(max_length=12)
    with pytest.raises(ConfigurationError, match="client_id_alphabet"):
        make(alphabet="aa")
