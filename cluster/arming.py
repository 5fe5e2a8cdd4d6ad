"""Whether anything a desk does can change something at a venue, and every reason why not: one truth table."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import NamedTuple

from config import DeskConfig
from config.schema.arming import ACKNOWLEDGEMENT
from config.schema.venues import BinanceUsdmSettings
from messages.control import Mode

SIDE_EFFECTS = {"dry_run": "none", "paper": "paper", "live": "live"}
"""What orders do in each environment."""


class Unarmed(StrEnum):
    """Why a desk is NOT_ARMED. A code never changes its meaning."""

    MONITOR_ROLE = "monitor_role"
    KILL_SWITCH = "kill_switch"
    SAFE_MODE = "safe_mode"
    DRY_RUN = "dry_run"
    READ_ONLY = "read_only"
    NOT_ARMED = "not_armed"
    ACK_MISSING = "ack_missing"
    STAGE_MISSING = "stage_missing"
    KEYS_MISSING = "keys_missing"
    CLOCK = "clock"
    PREFLIGHT = "preflight"


class Facts(NamedTuple):
    """What is judged: the settings, and what is known beyond them. None: not known here, and no reason.

    `mode` is the desk's now; `clock_in_bounds` whether every venue's clock is known well enough; `preflight_green`
    whether all of preflight's checks hold.
    """

    config: DeskConfig
    mode: Mode | None = None
    clock_in_bounds: bool | None = None
    preflight_green: bool | None = None

    @property
    def live(self) -> bool:
        """Whether real money is meant."""
        return self.config.desk.environment == "live"


class Row(NamedTuple):
    """One reason, what it says, and when it holds."""

    reason: Unarmed
    says: str
    holds: Callable[[Facts], bool]


def _halted(facts: Facts) -> bool:
    return facts.config.risk.kill_switch or facts.mode is Mode.HALTED


def _observing(facts: Facts) -> bool:
    return facts.config.risk.safe_mode or facts.mode is Mode.OBSERVE


def _read_only(facts: Facts) -> bool:
    # a live desk of which one venue is read only is not what its settings say; on paper one that trades is enough
    reading = [venue.read_only for venue in facts.config.venues.values()]
    return any(reading) if facts.live else all(reading)


def _keyless(facts: Facts) -> bool:
    return any(
        isinstance(venue, BinanceUsdmSettings) and venue.exchange is None and venue.api_key is None
        for venue in facts.config.venues.values()
    )


TABLE: tuple[Row, ...] = (
    Row(
        Unarmed.MONITOR_ROLE, "`arming.role` is monitor", lambda facts: facts.config.arming.role == "monitor"
    ),
    Row(Unarmed.KILL_SWITCH, "`risk.kill_switch` is set, or the desk is HALTED", _halted),
    Row(Unarmed.SAFE_MODE, "`risk.safe_mode` is set, or the desk is in OBSERVE", _observing),
    Row(
        Unarmed.DRY_RUN,
        "the environment is dry_run",
        lambda facts: facts.config.desk.environment == "dry_run",
    ),
    Row(Unarmed.READ_ONLY, "every venue is read only; in live: any", _read_only),
    Row(
        Unarmed.NOT_ARMED,
        "live, and `arming.live_trading` is not set",
        lambda facts: facts.live and not facts.config.arming.live_trading,
    ),
    Row(
        Unarmed.ACK_MISSING,
        f"live, and `arming.acknowledgement` is not {ACKNOWLEDGEMENT}",
        lambda facts: facts.live and facts.config.arming.acknowledgement != ACKNOWLEDGEMENT,
    ),
    Row(
        Unarmed.STAGE_MISSING,
        "live, and `arming.stage` is not said",
        lambda facts: facts.live and facts.config.arming.stage is None,
    ),
    Row(
        Unarmed.KEYS_MISSING,
        "live, and a venue has no key",
        lambda facts: facts.live and _keyless(facts),
    ),
    Row(
        Unarmed.CLOCK,
        "live, and a venue's clock is not known within its bound",
        lambda facts: facts.live and facts.clock_in_bounds is False,
    ),
    Row(
        Unarmed.PREFLIGHT,
        "live, and `raydesk preflight` is not green",
        lambda facts: facts.live and facts.preflight_green is False,
    ),
)
"""Every row is judged, and every reason that holds is told."""


def reasons(facts: Facts) -> tuple[Unarmed, ...]:
    """Every reason why the desk is NOT_ARMED; empty when it is ARMED."""
    return tuple(row.reason for row in TABLE if row.holds(facts))


def not_armed_because(config: DeskConfig, mode: Mode | None = None) -> tuple[str, ...]:
    """Every reason why no order of this desk can reach a venue now, as its code; empty when it is armed."""
    return tuple(reason.value for reason in reasons(Facts(config, mode)))


def side_effects(config: DeskConfig) -> str:
    """`none`, `paper` or `live`: the most that an order of this desk can do."""
    reading = config.arming.role == "monitor" or all(venue.read_only for venue in config.venues.values())
    return "none" if reading else SIDE_EFFECTS[config.desk.environment]
