"""The account's position mode, leverage and margin, brought to what the settings want before anything is placed.

A symbol that the venue would not change takes no new exposure: its risk was reckoned under other terms.
"""

from __future__ import annotations

from actors.base import Context
from actors.execution.memory import ExecutionMemory
from actors.execution.settings import doubling
from messages.account_setup import ConfigurationAsked, ConfigurationTaken, ConfigureDue
from messages.reasons import Reason
from messages.venue import Outcome
from messages.venue_account import ConfigureAccount, ConfigureResult

ACCOUNT = ""
"""Stands for the whole account among the symbols that were refused."""


def is_open(actor: ExecutionMemory) -> bool:
    """Whether the account is not yet as the settings want it."""
    return actor.configuration != actor.state.at_venue.configured


def request(actor: ExecutionMemory) -> ConfigureAccount:
    """The request that brings it there."""
    settings = actor.settings
    return ConfigureAccount(settings.venue, settings.margins, settings.hedge_mode)


def on_configure_due(actor: ExecutionMemory, ctx: Context) -> None:
    """Ask again."""
    if is_open(actor):
        ctx.perform(request(actor))


def on_configure_result(actor: ExecutionMemory, ctx: Context, result: ConfigureResult) -> bool:
    """The venue's answer; True when the account is done, and placing may go on as far as this is concerned."""
    settings, venue = actor.settings, actor.state.at_venue
    if not is_open(actor):
        return False
    if result.outcome in (Outcome.NO_ANSWER, Outcome.NOT_SENT):
        ctx.emit(ConfigurationAsked(venue.configure_attempt + 1, ctx.now))
        delay = doubling(
            settings.account_backoff_ns, venue.configure_attempt - 1, settings.account_backoff_max_ns
        )
        ctx.after(delay, ConfigureDue(), key="configure")
        return False
    refused = dict(result.refused)
    if result.outcome is Outcome.REJECTED and not refused:
        refused = {ACCOUNT: result.detail}
    ctx.emit(ConfigurationTaken(actor.configuration, refused, ctx.now))
    ctx.cancel_timer("configure")
    return True


def refusal_of(actor: ExecutionMemory, symbol: str) -> Reason | None:
    """Why the symbol takes no new exposure, as far as its configuration goes."""
    refused = actor.state.at_venue.refused
    if not refused:
        return None
    if ACCOUNT in refused:
        return Reason.POSITION_MODE
    return Reason.LEVERAGE if symbol in refused else None
