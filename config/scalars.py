"""What plain text means as a value: the core rules of YAML 1.2, the same for files, environment and flags.

Apart because YAML 1.1, which PyYAML follows, reads `no` as false, `1:30` as 90 and 0.1 as a binary fraction.
"""

from __future__ import annotations

import re
from decimal import Decimal

Scalar = str | int | bool | Decimal | None

_WORDS: dict[str, bool | None] = {
    "": None,
    "~": None,
    "null": None,
    "Null": None,
    "NULL": None,
    "true": True,
    "True": True,
    "TRUE": True,
    "false": False,
    "False": False,
    "FALSE": False,
}
# A leading zero (007) makes a code of it, not a number. Longer digits than these stay text.
_INTEGER = re.compile(r"[-+]?(0|[1-9][0-9]{0,29})", re.ASCII)
_DECIMAL = re.compile(r"[-+]?(0|[1-9][0-9]{0,29})?(\.[0-9]{0,30})?([eE][-+]?[0-9]{1,2})?", re.ASCII)


def parse_scalar(text: str) -> Scalar:
    """The value of unquoted `text`: null, true or false, a whole number, an exact decimal, or the text itself."""
    if text in _WORDS:
        return _WORDS[text]
    if _INTEGER.fullmatch(text):
        return int(text)
    if _DECIMAL.fullmatch(text) and any(digit.isdecimal() for digit in re.split("[eE]", text)[0]):
        return Decimal(text)
    return text
