"""What is said before a desk starts to trade: how real it is, whether it may, and where to look."""

from __future__ import annotations

from rich.panel import Panel

from cluster.arming import not_armed_because, side_effects
from cluster.cli.output import shown
from config import LoadedConfig


def start_banner(loaded: LoadedConfig, *, speed: str, dashboard_url: str | None) -> Panel:
    """The banner of a desk that has started with these settings."""
    config = loaded.config
    reasons = not_armed_because(config)
    armed = f"NOT_ARMED ({', '.join(reasons)})" if reasons else "ARMED"
    colour = "yellow" if reasons else "green"
    strategies = [name for name, strategy in config.strategies.items() if strategy.enabled]
    lines = (
        f"[bold]{shown(config.desk.name)}[/]  environment: [bold]{config.desk.environment}[/]  "
        f"side effects: [bold]{side_effects(config)}[/]  [bold {colour}]{armed}[/]",
        f"symbols {shown(list(config.symbols))}; strategies {shown(strategies)}; venues {shown(list(config.venues))}",
        f"config {loaded.hash[:12]}; feed {config.feed.mode}, speed {shown(speed)}; dashboard {shown(dashboard_url)}",
    )
    return Panel("\n".join(lines), title="raydesk", title_align="left", expand=False)
