"""The desk's settings: schema, loader and ready-made profiles. Read by all packages but `messages`."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from config.files import profile_names
    from config.hashing import config_hash
    from config.loader import LoadedConfig, check_config, load_config
    from config.problems import Problem
    from config.schema import DeskConfig
    from config.show import SettingRow, rows
    from messages.errors import ConfigurationError

__all__ = [
    "ConfigurationError",
    "DeskConfig",
    "LoadedConfig",
    "Problem",
    "SettingRow",
    "check_config",
    "config_hash",
    "load_config",
    "profile_names",
    "rows",
]

_HOMES = {
    "ConfigurationError": "messages.errors",
    "DeskConfig": "config.schema",
    "LoadedConfig": "config.loader",
    "Problem": "config.problems",
    "SettingRow": "config.show",
    "check_config": "config.loader",
    "config_hash": "config.hashing",
    "load_config": "config.loader",
    "profile_names": "config.files",
    "rows": "config.show",
}
"""Imported when first asked for: the schema takes longer to load than a process may take to recover, and a strategy's
process wants `config.duration` alone."""


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = globals()[name] = getattr(import_module(_HOMES[name]), name)
    return found
