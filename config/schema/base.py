"""What every section of the settings shares: the frozen base model, contradictions, names and money types."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Annotated, Any, Literal, NamedTuple, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    PlainSerializer,
    Tag,
    model_validator,
)
from pydantic_core import PydanticCustomError, core_schema

CONTRADICTION = "contradiction"
"""The pydantic error type under which a section reports settings that are fine alone but not together."""


class Contradiction(NamedTuple):
    """Two settings that can't both stand. `path` is relative to the section that reports it."""

    path: tuple[str, ...]
    value: object
    message: str
    remedy: str


class Settings(BaseModel):
    """Base of every section: immutable, unknown keys refused, contradictions reported with their paths."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    def contradictions(self) -> Iterator[Contradiction]:
        """What is wrong between the settings of this section, each alone being valid."""
        yield from ()

    @model_validator(mode="after")
    def _refuse_contradictions(self) -> Self:
        found = tuple(self.contradictions())
        if found:
            summary = "; ".join(f"{'.'.join(each.path)}: {each.message}" for each in found)
            raise PydanticCustomError(CONTRADICTION, "{summary}", {"summary": summary, "found": found})
        return self


class ByKind:
    """Makes a field a union of models told apart by their `kind`; also with one member so far.

    pydantic's own discriminator refuses a union of one, and a plain model would lose the list of known kinds
    from the error.
    """

    def __init__(self, models: Mapping[str, type[Settings]]) -> None:
        self.models = models

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> core_schema.CoreSchema:
        choices = {kind: handler.generate_schema(model) for kind, model in self.models.items()}
        return core_schema.tagged_union_schema(choices, discriminator="kind")


def _whole(value: object) -> object:
    # pydantic would take `true` for 1
    if isinstance(value, bool):
        raise ValueError("must be a whole number, not true or false")
    return value


def format_money(amount: Decimal) -> str:
    """`amount` in plain digits without trailing zeros, so that equal amounts are written alike."""
    text = f"{amount if amount else abs(amount):f}"  # never -0
    return text.rstrip("0").rstrip(".") if "." in text else text


def matches(pattern: str, what: str) -> BeforeValidator:
    """A validator for text of the form `pattern`; `what` says in words what is allowed."""
    form = re.compile(pattern, re.ASCII)

    def check(value: object) -> object:
        if not isinstance(value, str) or form.fullmatch(value) is None:
            raise ValueError(f"must be {what}")
        return value

    return BeforeValidator(check)


def _plain_money(amount: Decimal) -> Decimal:
    # prices made with a tick of 0.10 are stored as 0.10, those of 0.1 as 0.1: one hash must mean one journal
    return Decimal(format_money(amount))


_plain = AfterValidator(_plain_money)
_money = PlainSerializer(format_money, return_type=str)

Count = Annotated[int, BeforeValidator(_whole), Field(ge=0)]
"""A whole number of zero or more."""

PositiveCount = Annotated[int, BeforeValidator(_whole), Field(ge=1)]
"""A whole number of one or more."""

WholeNumber = Annotated[int, BeforeValidator(_whole)]
"""A whole number of either sign."""

Port = Annotated[int, BeforeValidator(_whole), Field(ge=1, le=65_535)]
"""A TCP port."""

Money = Annotated[Decimal, Field(ge=0), _plain, _money]
"""An amount, price or quantity of zero or more."""

PositiveMoney = Annotated[Decimal, Field(gt=0), _plain, _money]
"""An amount, price or quantity above zero."""

Text = Annotated[str, Field(min_length=1)]
"""Text that is not empty."""

DeskName = Annotated[
    str, matches(r"[a-z0-9][a-z0-9-]{0,31}", "1 to 32 of a-z, 0-9 and '-', beginning with a letter or digit")
]
"""The name of a desk; part of its Redis keys, its folder and its Ray namespace."""

EntryName = Annotated[
    str,
    matches(
        r"[a-z0-9][a-z0-9_-]{0,31}",
        "1 to 32 of a-z, 0-9, '_' and '-', beginning with a letter or digit",
    ),
]
"""The name of a venue or strategy; part of an actor's address."""

Currency = Annotated[str, matches(r"[A-Z0-9]{2,12}", "2 to 12 capital letters or digits, such as USDT")]
"""A currency's code."""

Symbol = Annotated[
    str,
    matches(
        r"[A-Z0-9]{1,20}-[A-Z0-9]{2,12}(-PERP)?",
        "BASE-QUOTE or BASE-QUOTE-PERP in capitals, such as BTC-USDT",
    ),
]
"""The desk's own name of an instrument; a venue's name for it is its listing."""


def _form_of_symbols(value: object) -> str:
    return "all" if isinstance(value, str) else "list"


SymbolChoice = Annotated[
    Annotated[Literal["all"], Tag("all")] | Annotated[tuple[Symbol, ...], Field(min_length=1), Tag("list")],
    Discriminator(_form_of_symbols),
]
"""A list of symbols, or all there are."""
