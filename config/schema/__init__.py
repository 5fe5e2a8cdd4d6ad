"""The schema of the settings: one frozen pydantic model per section, every field with its description."""

from config.schema.base import Contradiction, Settings
from config.schema.desk import DeskSettings, Environment, LoggingSettings, LogLevel, MetricsSettings
from config.schema.market import FeedSettings, SymbolSettings, SyntheticSettings
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
from config.schema.venues import (
    BinanceUsdmSettings,
    FaultSettings,
    FeeSettings,
    FillSettings,
    LocalExchangeSettings,
    PaperVenueSettings,
    ReconcileSettings,
    VenueSettings,
)

__all__ = [
    "BUILT_IN_STRATEGIES",
    "BackoffSettings",
    "BinanceUsdmSettings",
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
    "LocalExchangeSettings",
    "LogLevel",
    "LoggingSettings",
    "MetricsSettings",
    "OrderSettings",
    "PaperVenueSettings",
    "RaySettings",
    "ReconcileSettings",
    "RedisSettings",
    "RiskSettings",
    "Settings",
    "StrategySettings",
    "SupervisionSettings",
    "SymbolSettings",
    "SyntheticSettings",
    "VenueSettings",
]
