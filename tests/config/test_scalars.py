"""What plain text means, including where YAML 1.1 would surprise."""

from __future__ import annotations

from decimal import Decimal

import pytest

from config.scalars import parse_scalar

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("", None),
        ("~", None),
        ("null", None),
        ("true", True),
        ("False", False),
        ("7", 7),
        ("-7", -7),
        ("0", 0),
        ("0.10", Decimal("0.10")),
        ("1e-8", Decimal("1e-8")),
        (".5", Decimal("0.5")),
        ("5.", Decimal(5)),
        ("5%", "5%"),
        ("no", "no"),
        ("on", "on"),
        ("007", "007"),
        ("1:30", "1:30"),
        ("2024-08-08", "2024-08-08"),
        (".", "."),
        ("e5", "e5"),
        ("-", "-"),
        (".inf", ".inf"),
        ("nan", "nan"),
        ("9" * 40, "9" * 40),
    ],
)
def test_text_means(text: str, value: object) -> None:
    found = parse_scalar(text)
    assert found == value
    assert type(found) is type(value)


def test_decimals_are_read_exactly() -> None:
    assert str(parse_scalar("100000.123456789012345678")) == "100000.123456789012345678"
