"""The schema of the settings: one frozen pydantic model per section, every field with its description."""

from config.schema.base import Contradiction, Settings
from config.schema.desk import DeskSettings, Environment, LoggingSettings, LogLevel, MetricsSettings
from config.schema.market import (
    FaultSettings,
    FeedSettings,
    FeeSettings,
    FillSettings,
    PaperVenueSettings,
    SymbolSettings,
    SyntheticSettings,
    VenueSettings,
)
from config.schema.risk import RiskSettings
from config.schema.root import DeskConfig
from config.schema.runtime import (
    BackoffSettings,
    HealthCheckSettings,
    IntensitySettings,
    RaySettings,
    RedisSettings,
    SupervisionSettings,
)
from config.schema.strategies import BUILT_IN_STRATEGIES, OrderSettings, StrategySettings

__all__ = [
    "BUILT_IN_STRATEGIES",
    "BackoffSettings",
    "Contradiction",
    "DeskConfig",
    "DeskSettings",
    "Environment",
    "FaultSettings",
    "FeeSettings",
    "FeedSettings",
    "FillSettings",
    "HealthCheckSettings",
    "IntensitySettings",
    "LogLevel",
    "LoggingSettings",
    "MetricsSettings",
    "OrderSettings",
    "PaperVenueSettings",
    "RaySettings",
    "RedisSettings",
    "RiskSettings",
    "Settings",
    "StrategySettings",
    "SupervisionSettings",
    "SymbolSettings",
    "SyntheticSettings",
    "VenueSettings",
]
