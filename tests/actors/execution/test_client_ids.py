"""Client order ids: deterministic, in the venue's alphabet and length, refused where they could collide."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.execution.client_ids import Whose, client_order_id, whose
from actors.execution.settings import LOWERCASE_BASE32
from messages.errors import ConfigurationError

pytestmark = pytest.mark.unit


def make(generation: str = "g1", intent: str = "strategy/BTC#1", **changes: object) -> str:
    parts: dict[str, object] = {"prefix": "rd", "alphabet": LOWERCASE_BASE32, "max_length": 36}
    return client_order_id(generation, intent, **(parts | changes))  # type: ignore[arg-type]


def test_the_same_order_has_the_same_id_for_ever() -> None:
    assert make() == make() == "rd6wttqezziy4wmkl7u5z5hbzhadnkppraxx"


@pytest.mark.parametrize("change", [{"generation": "g2"}, {"intent": "x#1"}, {"child": 1}, {"attempt": 1}])
def test_each_part_changes_the_id(change: dict[str, object]) -> None:
    assert make(**change) != make()  # type: ignore[arg-type]


def test_parts_can_not_be_shifted_into_each_other() -> None:
    assert make("g1", "1x") != make("g11", "x")


@settings(max_examples=60)
@given(
    intent=st.text(max_size=40),
    alphabet=st.sampled_from([LOWERCASE_BASE32, "0123456789abcdef"]),
    max_length=st.integers(32, 64),
)
def test_the_id_keeps_to_alphabet_length_and_prefix(intent: str, alphabet: str, max_length: int) -> None:
    made = client_order_id("g", intent, prefix="12", alphabet=alphabet, max_length=max_length)
    assert made.startswith("12")
    assert len(made) <= max_length
    assert set(made[2:]) <= set(alphabet)


def ask(name: str, desk: str = "mine", max_length: int = 36) -> Whose:
    return whose(name, prefix="rd", desk=desk, alphabet=LOWERCASE_BASE32, max_length=max_length)


@settings(max_examples=60)
@given(generation=st.text(max_size=8), intent=st.text(max_size=20), length=st.integers(26, 64))
def test_an_id_tells_its_desk_whatever_the_generation(generation: str, intent: str, length: int) -> None:
    name = make(generation, intent, desk="mine", max_length=length)
    assert ask(name, max_length=length) is Whose.OURS
    assert ask(name, desk="other", max_length=length) is Whose.OTHER_DESK


@pytest.mark.parametrize(
    "name", ["", "rd", "rdlosthistory", "web_Xy12", "autoclose-123", "RD6WTTQEZZIY4WMKL7U5Z5HBZHADNKPPRAXX"]
)
def test_what_has_not_the_form_of_an_id_is_a_strangers(name: str) -> None:
    assert ask(name) is Whose.STRANGER


def test_too_little_room_is_refused_with_the_field_and_the_remedy() -> None:
    with pytest.raises(ConfigurationError, match=r"client_id_prefix: .*80 bits.*shorten the prefix"):
        make(max_length=12)
    with pytest.raises(ConfigurationError, match="client_id_alphabet"):
        make(alphabet="aa")
