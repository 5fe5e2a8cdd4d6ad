"""Settings of a program in a JSON file of its own."""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

import msgspec

from messages.errors import ConfigurationError

T = TypeVar("T")


def read_json(path: Path, kind: type[T], *, what: str, field: str) -> T:
    """The `kind` that a file holds. Raises `ConfigurationError` for `field`, with what is wrong with the file."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=kind)
    except OSError as error:
        raise ConfigurationError(
            f"the {what} can't be read: {error.strerror}", field=field, value=str(path)
        ) from error
    except msgspec.DecodeError as error:
        raise ConfigurationError(
            str(error), field=field, value=str(path), remedy="correct the file"
        ) from error
