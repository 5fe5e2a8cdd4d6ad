"""The truth table of arming: every combination of what speaks against it, and all of it told."""

from __future__ import annotations

import itertools

import pytest

from cluster.arming import TABLE, Facts, Unarmed, not_armed_because, reasons, side_effects
from config import DeskConfig, load_config
from messages.control import Mode

pytestmark = pytest.mark.unit

KEYS = {"BINANCE_API_KEY": "key-of-the-account", "BINANCE_API_SECRET": "secret-of-the-account"}
ARMED = {"arming.live_trading": True, "arming.acknowledgement": "I_UNDERSTAND"}


def live() -> DeskConfig:
    config: DeskConfig = load_config("live", environ=KEYS, overrides=ARMED).config
    return config


def changed(config: DeskConfig, section: str, **changes: object) -> DeskConfig:
    """Settings as they could not be loaded: the table judges them all the same."""
    return config.model_copy(update={section: getattr(config, section).model_copy(update=changes)})


def venue_changed(config: DeskConfig, **changes: object) -> DeskConfig:
    venue = config.venues["binance"].model_copy(update=changes)
    return config.model_copy(update={"venues": {**config.venues, "binance": venue}})


AGAINST = {
    Unarmed.MONITOR_ROLE: lambda facts: facts._replace(
        config=changed(facts.config, "arming", role="monitor")
    ),
    Unarmed.KILL_SWITCH: lambda facts: facts._replace(config=changed(facts.config, "risk", kill_switch=True)),
    Unarmed.SAFE_MODE: lambda facts: facts._replace(config=changed(facts.config, "risk", safe_mode=True)),
    Unarmed.READ_ONLY: lambda facts: facts._replace(config=venue_changed(facts.config, read_only=True)),
    Unarmed.NOT_ARMED: lambda facts: facts._replace(
        config=changed(facts.config, "arming", live_trading=False)
    ),
    Unarmed.ACK_MISSING: lambda facts: facts._replace(
        config=changed(facts.config, "arming", acknowledgement=None)
    ),
    Unarmed.STAGE_MISSING: lambda facts: facts._replace(config=changed(facts.config, "arming", stage=None)),
    Unarmed.KEYS_MISSING: lambda facts: facts._replace(config=venue_changed(facts.config, api_key=None)),
    Unarmed.CLOCK: lambda facts: facts._replace(clock_in_bounds=False),
    Unarmed.PREFLIGHT: lambda facts: facts._replace(preflight_green=False),
}
"""What brings each reason about in a live desk; dry_run excludes the rest of what is about live."""
BEST = Facts(live(), Mode.NORMAL, clock_in_bounds=True, preflight_green=True)


def test_live_is_armed_only_when_nothing_speaks_against_it() -> None:
    assert reasons(BEST) == ()
    assert AGAINST.keys() | {Unarmed.DRY_RUN} == set(Unarmed) == {row.reason for row in TABLE}


def test_every_reason_that_holds_is_told_in_every_combination() -> None:
    for combination in itertools.product((False, True), repeat=len(AGAINST)):
        facts, expected = BEST, []
        for (reason, bring), holds in zip(AGAINST.items(), combination, strict=True):
            if holds:
                facts = bring(facts)
                expected.append(reason)
        assert list(reasons(facts)) == expected


@pytest.mark.parametrize(
    ("mode", "reason"), [(Mode.HALTED, Unarmed.KILL_SWITCH), (Mode.OBSERVE, Unarmed.SAFE_MODE)]
)
def test_the_desks_mode_disarms_it_too(mode: Mode, reason: Unarmed) -> None:
    assert reasons(BEST._replace(mode=mode)) == (reason,)
    assert not_armed_because(live(), mode) == (reason.value,)


def test_reduce_disarms_nothing_and_what_is_not_known_is_no_reason() -> None:
    assert reasons(BEST._replace(mode=Mode.REDUCE)) == ()
    assert reasons(Facts(live())) == ()


def test_a_dry_run_asks_for_none_of_what_live_needs() -> None:
    dry = load_config("live", environ={**KEYS, "DRY_RUN": "1"}).config
    assert reasons(Facts(dry, clock_in_bounds=False, preflight_green=False)) == (Unarmed.DRY_RUN,)
    assert side_effects(dry) == "none"


def test_side_effects_are_the_most_an_order_can_do() -> None:
    config = live()
    assert side_effects(config) == "live"
    assert side_effects(changed(config, "arming", role="monitor")) == "none"
