"""What `raydesk limits` and `raydesk risk` print with `--json`; amounts are text, times int ns, unknown is null."""

from __future__ import annotations

from decimal import Decimal

import msgspec

from actors.risk.room import RoomSummary
from cluster.observe.check_views import CheckView
from messages.control import Mode
from messages.intents import Side, Verdict
from messages.reasons import Reason


class LimitEntry(msgspec.Struct, frozen=True):
    """One limit of a scope: the value in force there, that of the settings, and whether an operator changed it."""

    name: str
    scope: str
    value: str | None
    setting: str | None
    changed: bool


class LimitsDocument(msgspec.Struct, frozen=True):
    """`raydesk limits show`. `version` grows with each change; decisions carry it."""

    desk: str
    version: int
    limits: tuple[LimitEntry, ...]


class LimitCommandDocument(msgspec.Struct, frozen=True):
    """`raydesk limits set`. Not `answered`: risk has not taken the command yet; `problem` says why it refused."""

    desk: str
    message_id: str
    name: str
    scope: str
    answered: bool
    before: str | None
    after: str | None
    version: int | None
    problem: str | None


class WhatIf(msgspec.Struct, frozen=True):
    """An order as asked about, and risk's answer to it."""

    symbol: str
    venue: str
    side: Side
    strategy: str
    asked: Decimal
    worst_price: Decimal
    verdict: Verdict
    reason: Reason
    quantity: Decimal
    increases_exposure: bool
    checks: tuple[CheckView, ...]


class RiskDocument(msgspec.Struct, frozen=True):
    """`raydesk risk`: the room left of every limit at desk time `time`; `what_if` only where it was asked."""

    desk: str
    time: int
    mode: Mode
    nav: Decimal | None
    limits_version: int
    room: tuple[RoomSummary, ...]
    what_if: WhatIf | None = None
