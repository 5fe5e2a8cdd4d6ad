"""Whether anything a desk does can leave the process, and every reason why not."""

from __future__ import annotations

from config import DeskConfig

SIDE_EFFECTS = {"dry_run": "none", "paper": "paper", "live": "live"}
"""What orders do in each environment."""


def not_armed_because(config: DeskConfig) -> tuple[str, ...]:
    """Every reason why no order of this desk can reach a venue now; empty when it is armed."""
    reasons = []
    if config.desk.environment == "dry_run":
        reasons.append("dry_run")
    if config.risk.kill_switch:
        reasons.append("kill_switch")
    if all(venue.read_only for venue in config.venues.values()):
        reasons.append("read_only")
    return tuple(reasons)


def side_effects(config: DeskConfig) -> str:
    """`none`, `paper` or `live`: the most that an order of this desk can do."""
    reading = all(venue.read_only for venue in config.venues.values())
    return "none" if reading else SIDE_EFFECTS[config.desk.environment]
