"""What the commands that change the mode, close positions or move cash print with `--json`; see `documents`."""

from __future__ import annotations

from decimal import Decimal

import msgspec

from messages.control import Mode
from messages.treasury import TreasuryLine, TreasuryOperation


class ModeCause(msgspec.Struct, frozen=True):
    """One source of the desk's mode: what it asks for, why, what ends it, since when."""

    mode: Mode
    reason: str
    clearing: str
    since: int


class ResumeDocument(msgspec.Struct, frozen=True):
    """`raydesk resume`: what it ends (`clears`) and what it can't (`stays`), by source; then as `CommandDocument`.

    Without an acknowledgement nothing is sent: `message_id` is null.
    """

    desk: str
    message_id: str | None
    confirmed: bool
    mode: Mode | None
    mode_version: int
    clears: dict[str, ModeCause]
    stays: dict[str, ModeCause]


class CommandDocument(msgspec.Struct, frozen=True):
    """`raydesk halt`, `mode` and `degrade`: what was sent, and what the desk's mode is now."""

    desk: str
    message_id: str
    confirmed: bool
    mode: Mode | None
    mode_version: int
    mode_causes: dict[str, ModeCause]
    degrade_level: int = 0
    size_factor: Decimal = Decimal(1)


class PositionLeft(msgspec.Struct, frozen=True):
    """A position that `raydesk flatten` is about: signed quantity in base units."""

    venue: str
    symbol: str
    quantity: Decimal


class FlattenDocument(msgspec.Struct, frozen=True):
    """`raydesk flatten`: what was sent, what was held then and was closed, and what is not closed yet.

    `seconds` is how long it was waited for that. What the desk opened again meanwhile is not in `left`.
    """

    desk: str
    message_id: str
    flat: bool
    left: tuple[PositionLeft, ...]
    closed: tuple[PositionLeft, ...]
    seconds: float


class TreasuryDocument(msgspec.Struct, frozen=True):
    """`raydesk treasury`: what was asked, whether risk has answered, what it found, and whether what it began is done.

    `value` of a line is in base currency. `seconds` is how long it was waited for.
    """

    desk: str
    message_id: str
    operation: TreasuryOperation
    dry_run: bool
    answered: bool
    done: bool
    lines: tuple[TreasuryLine, ...]
    seconds: float
