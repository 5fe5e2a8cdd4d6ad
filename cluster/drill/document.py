"""What `raydesk drill --json` prints: the assertions of a drill and what was seen. Apart, because it needs nothing."""

from __future__ import annotations

import msgspec


class CheckEntry(msgspec.Struct, frozen=True):
    """One assertion and what came of it."""

    check: str
    passed: bool
    observed: str


class DrillDocument(msgspec.Struct, frozen=True):
    """A drill that was run. Times are desk time in ns UTC; `fault_*` are null when there was no place for the fault.

    `subject` is the symbol it was about, empty where it was about all of them.
    """

    drill: str
    says: str
    passed: bool
    config_hash: str
    start: int
    end: int
    fault_begin: int | None
    fault_end: int | None
    subject: str
    fingerprint: str
    checks: tuple[CheckEntry, ...]


class DrillEntry(msgspec.Struct, frozen=True):
    """One drill in the list; `needs` is how much market data it takes, in ns."""

    drill: str
    says: str
    needs: int


class DrillsDocument(msgspec.Struct, frozen=True):
    """What `raydesk drill` prints with --json: the drills that were run, or with --list those that there are."""

    drills: tuple[DrillDocument, ...] = ()
    available: tuple[DrillEntry, ...] = ()
