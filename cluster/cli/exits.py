"""The one table of exit codes, and how an error becomes one clear line and its code."""

from __future__ import annotations

from collections.abc import Iterable
from enum import IntEnum

from messages.errors import ConfigurationError, DeskError


class Exit(IntEnum):
    """What the process's exit code tells scripts."""

    OK = 0
    TROUBLE = 1
    USAGE = 2
    NOT_RUNNING = 3


MEANINGS: dict[Exit, str] = {
    Exit.OK: "all is well",
    Exit.TROUBLE: "something failed, is not healthy, or was given up",
    Exit.USAGE: "bad usage or settings",
    Exit.NOT_RUNNING: "the desk is not running",
}

EPILOG = "Exit codes: " + "; ".join(f"{code.value} {meaning}" for code, meaning in MEANINGS.items()) + "."
"""Shown at the end of every help text."""

TAKES_NUMBER = {"ignore_unknown_options": True}
"""Context of a command that is given a number: `-5` is a value then, refused by its name, and no option."""


class DeskNotRunningError(DeskError):
    """No desk of this name can be found, or it does not answer."""

    reason_code = "desk_not_running"


class UsageError(DeskError):
    """A command was called in a way that makes no sense."""

    reason_code = "usage"


def require_known(field: str, value: str, known: Iterable[str], problem: str) -> None:
    """Raises `UsageError` with `problem` and all there is to choose from, where `value` is none of it."""
    choices = tuple(known)
    if value not in choices:
        remedy = "one of " + ", ".join(choices) if choices else "there is none yet"
        raise UsageError(problem, field=field, value=value, remedy=remedy)


_CODES: tuple[tuple[type[DeskError], Exit], ...] = (
    (DeskNotRunningError, Exit.NOT_RUNNING),
    (UsageError, Exit.USAGE),
    (ConfigurationError, Exit.USAGE),
)


def code_of(error: DeskError) -> Exit:
    """The exit code of an error that ended a command."""
    return next((code for kind, code in _CODES if isinstance(error, kind)), Exit.TROUBLE)
