"""The settings of a recorded desk: into an export without secrets, and out of it again, some of them changed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

import msgspec
from pydantic import BaseModel

from config import DeskConfig
from config.catalogue import Path, is_secret
from config.environment import flags_layer
from config.layers import Layer, Merged
from config.problems import configuration_error
from config.show import MASK
from config.validation import validate

_RECORDED = "the recorded settings"


class RecordedSettings(msgspec.Struct, frozen=True):
    """A desk's settings as plain data, secrets masked.

    `exact` has the text of every decimal that `document` writes in another form, by dotted path: 0.10 equals 0.1, but
    a price made with the one is not stored like a price made with the other. Settings are read in one form today;
    exports made before that was so have both.
    """

    document: dict[str, Any]
    exact: dict[str, str]


def recorded_settings(config: DeskConfig) -> RecordedSettings:
    """The settings of a desk, to be kept with what it did; a secret that is set is only shown to be set."""
    document = _masked(config.model_dump(mode="json"), ())
    plain = dict(_decimals(restored(RecordedSettings(document, {})), ()))
    exact = {path: str(value) for path, value in _decimals(config, ()) if str(value) != str(plain[path])}
    return RecordedSettings(document, exact)


def restored(settings: RecordedSettings, overrides: Sequence[str] = ()) -> DeskConfig:
    """The settings of a recorded desk, with `section.key=value` overrides laid over them.

    Raises `ConfigurationError` listing every problem: unknown names, values out of range, settings that this version
    of the code does not know.
    """
    merged = Merged()
    merged.lay(Layer(settings.document, {(): _RECORDED}, literal=True))
    flags, problems = flags_layer(overrides)
    merged.lay(flags)
    config, more = validate(merged, {})
    problems = [*problems, *merged.problems, *more]
    if config is None or problems:
        raise configuration_error(problems)
    exact: DeskConfig = _exact(config, settings.exact, ())
    return exact


def _masked(data: Mapping[str, Any], above: Path) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in data.items():
        path = (*above, key)
        if isinstance(value, dict):
            found[key] = _masked(value, path)
        elif is_secret(path) and value is not None:
            found[key] = (
                f"redis://{MASK}" if path == ("redis", "url") else MASK
            )  # an address stays an address
        else:
            found[key] = value
    return found


def _decimals(value: object, path: Path) -> Iterator[tuple[str, Decimal]]:
    """Every decimal below `value`, by dotted path."""
    if isinstance(value, Decimal):
        yield ".".join(path), value
    for key, each in _below(value):
        yield from _decimals(each, (*path, key))


def _exact(value: Any, texts: Mapping[str, str], path: Path) -> Any:
    """`value` with its decimals in the form they had, where they are still the same numbers."""
    if isinstance(value, Decimal):
        text = texts.get(".".join(path))
        return Decimal(text) if text is not None and Decimal(text) == value else value
    changed = {
        key: new for key, each in _below(value) if (new := _exact(each, texts, (*path, key))) is not each
    }
    if not changed:
        return value
    return value.model_copy(update=changed) if isinstance(value, BaseModel) else {**value, **changed}


def _below(value: object) -> Iterator[tuple[str, Any]]:
    if isinstance(value, BaseModel):
        yield from ((name, getattr(value, name)) for name in type(value).model_fields)
    elif isinstance(value, Mapping):
        yield from value.items()
