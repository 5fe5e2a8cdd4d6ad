"""Every setting with its value and where it came from, for `config show`; secrets are masked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from config.catalogue import Path, is_secret
from config.loader import LoadedConfig

MASK = "********"
DEFAULT = "default"


@dataclass(frozen=True, slots=True)
class SettingRow:
    """One setting. `value` is JSON: text with its unit for durations and ratios, the mask for a secret that is set."""

    path: str
    value: object
    source: str


def rows(loaded: LoadedConfig) -> list[SettingRow]:
    """All settings in the schema's order, defaults included."""
    return list(_rows(loaded.config.model_dump(mode="json"), loaded.sources, ()))


def _rows(data: Mapping[str, object], sources: Mapping[str, str], above: Path) -> Iterator[SettingRow]:
    for key, value in data.items():
        path = (*above, key)
        if isinstance(value, dict) and value:
            yield from _rows(value, sources, path)
            continue
        shown = MASK if is_secret(path) and value is not None else value
        yield SettingRow(".".join(path), shown, _source(sources, path))


def _source(sources: Mapping[str, str], path: Path) -> str:
    above = (".".join(path[:end]) for end in range(len(path), 0, -1))
    return next((sources[each] for each in above if each in sources), DEFAULT)
