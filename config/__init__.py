"""The desk's settings: schema, loader and ready-made profiles. Read by all packages but `messages`."""

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
