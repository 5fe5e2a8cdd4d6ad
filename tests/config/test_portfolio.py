"""Settings of statistics, the split of capital and adaptation: what makes no sense is refused where it is written."""

from __future__ import annotations

from decimal import Decimal

import pytest

from cluster.host.risk_map import risk_settings
from config import ConfigurationError, load_config
from config.duration import MINUTE

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("flag", "said"),
    [
        ("risk.statistics.spacing=500ms", "shorter than a second"),
        ("risk.statistics.min_samples=5", "too few"),
        ("risk.statistics.min_samples=501", "above lookback"),
        ("risk.statistics.tail_samples=501", "above lookback"),
        ("risk.statistics.horizon=30s", "shorter than spacing"),
        ("risk.allocation.every=30s", "shorter than a minute"),
        ("risk.allocation.min_weight=70%", "above max_weight"),
        ("risk.allocation.max_weight=120%", "above 100%"),
        ("risk.allocation.min_observations=61", "above lookback"),
        ("risk.allocation.min_observations=1", "too few"),
        ('risk.allocation.strategies=["nobody"]', "no such strategy"),
        ("risk.adaptation.cycle=1s", "shorter than 10 seconds"),
        ("risk.adaptation.floor=120%", "above 100%"),
        ("risk.adaptation.healthy_cycles=6", "above window"),
    ],
)
def test_a_setting_that_makes_no_sense_is_refused(flag: str, said: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        load_config("synthetic", environ={}, overrides=(flag,))
    assert refused.value.field == flag.partition("=")[0]
    assert said in str(refused.value)
    assert refused.value.remedy


def test_a_window_must_see_three_losses() -> None:
    flags = ("risk.adaptation.window=2", "risk.adaptation.healthy_cycles=2")
    with pytest.raises(ConfigurationError, match="too short to see three losses"):
        load_config("synthetic", environ={}, overrides=flags)


def test_all_of_it_is_off_by_default() -> None:
    settings = risk_settings(load_config("synthetic", environ={}).config)
    assert not any(each.enabled for each in (settings.allocation, settings.adaptation, settings.statistics))
    limits = settings.limits
    assert limits.max_portfolio_var is limits.max_position_cvar is limits.max_correlated_exposure is None


def test_what_is_set_reaches_risk() -> None:
    flags = (
        "risk.max_portfolio_var=12%",
        "risk.statistics.spacing=5m",
        "risk.allocation.enabled=true",
        "risk.adaptation.floor=50%",
        "strategies.momentum.shadow=true",
    )
    settings = risk_settings(load_config("synthetic", environ={}, overrides=flags).config)
    assert settings.limits.max_portfolio_var == Decimal("0.12")
    assert settings.statistics.spacing == 5 * MINUTE
    assert settings.allocation.enabled
    assert settings.allocation.strategies == (
        "ema",
    )  # one that only decides beside the others has no capital
    assert settings.adaptation.floor == Decimal("0.5")
