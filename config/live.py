"""What a live desk's settings must say: one table, for the settings' own check and for `raydesk preflight`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, NamedTuple

from config.schema.arming import ACKNOWLEDGEMENT
from config.schema.base import Contradiction
from config.schema.venues import PaperVenueSettings

if TYPE_CHECKING:
    from config.schema.root import DeskConfig


class Rule(NamedTuple):
    """One thing that must be so for live: the check's name, and what contradicts it."""

    name: str
    says: str
    broken: Callable[[DeskConfig], Iterator[Contradiction]]


def _armed(config: DeskConfig) -> Iterator[Contradiction]:
    arming = config.arming
    if not arming.live_trading:
        yield Contradiction(
            ("arming", "live_trading"), False, "live trading is not armed", "set it to true, or use paper"
        )
    if arming.acknowledgement != ACKNOWLEDGEMENT:
        yield Contradiction(
            ("arming", "acknowledgement"),
            arming.acknowledgement,
            "live trading is not acknowledged",
            f"write {ACKNOWLEDGEMENT} once you do",
        )
    if arming.stage is None:
        yield Contradiction(
            ("arming", "stage"), None, "is required in live", "write pilot (profile pilot), later full"
        )


def _venues(config: DeskConfig) -> Iterator[Contradiction]:
    for name, venue in config.venues.items():
        if isinstance(venue, PaperVenueSettings):
            yield Contradiction(
                ("venues", name, "kind"), "paper", "fills on paper", "name a real venue, or use paper"
            )
        if venue.read_only:
            yield Contradiction(
                ("venues", name, "read_only"),
                True,
                "no order of a live desk could leave",
                "take it back, or make the desk a monitor with environment dry_run",
            )


def _stops(config: DeskConfig) -> Iterator[Contradiction]:
    for name, venue in config.venues.items():
        if venue.protective_stop is None:
            yield Contradiction(
                ("venues", name, "protective_stop"),
                None,
                "is required in live: a desk that is down must still leave its positions",
                "give its distance from the position's price, such as 5%",
            )


def _canary(config: DeskConfig) -> Iterator[Contradiction]:
    if config.arming.stage != "pilot":
        return
    for name in ("canary_order_notional", "canary_exposure"):
        if getattr(config.risk, name) is None:
            yield Contradiction(
                ("risk", name), None, "is required in stage pilot", "give it in base currency, such as 100"
            )


def _monitoring(config: DeskConfig) -> Iterator[Contradiction]:
    if not config.metrics.enabled:
        yield Contradiction(
            ("metrics", "enabled"), False, "a live desk has to be watched", "leave it switched on"
        )


LIVE_RULES: tuple[Rule, ...] = (
    Rule("live_env_armed", "live trading is armed and acknowledged, its stage is said", _armed),
    Rule("credentials_present", "every venue is real and may be written to", _venues),
    Rule("protective_stops", "every position has a stop at its venue", _stops),
    Rule("canary_caps", "a pilot has the caps of a canary", _canary),
    Rule("monitoring_config", "the desk can be watched", _monitoring),
)
"""In the order in which they are told. That keys are there is the venues' own rule."""


def contradictions(config: DeskConfig) -> Iterator[Contradiction]:
    """Everything that speaks against a live desk with these settings."""
    for rule in LIVE_RULES:
        yield from rule.broken(config)
