"""`orders.jsonl`: the venue's own record, append-only, one JSON line for whatever happened.

It is evidence that anybody can read without this code, and what the stream and the catch-up are served from: what
was told and what is on record are the same bytes. It is written behind the journal, which can always say it again.
"""

from __future__ import annotations

import os
from array import array
from pathlib import Path

import msgspec

from cluster.durable_files import sync_folder, write_all
from cluster.paper.lines import COMMAND_HEAD, EVENT_HEAD, StreamLine, decode_event, encode_line
from messages.errors import JournalCorruptError, StoreError

_READ_AHEAD = 262_144


class OrderLog:
    """The file and where each event stands in it. Lines already on record are compared, never written again.

    `sequence` is the last event and `commands` the last command on record.
    """

    def __init__(self, path: Path, *, fsync: bool = False) -> None:
        """Opens the file and reads where everything stands; a half-written last line is cut off.

        Raises `JournalCorruptError` when events are missing or out of order.
        """
        self._path = path
        self._fsync = fsync
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        self._starts = array("Q")
        self._pending: list[bytes] = []
        self._pending_size = 0
        self.commands = 0
        self._size = self._scan()
        os.ftruncate(self._file, self._size)
        if fsync:
            os.fsync(self._file)
            sync_folder(path.parent)

    @property
    def sequence(self) -> int:
        """The last event on record."""
        return len(self._starts)

    def command(self, number: int, line: bytes) -> None:
        """Put a command on record, unless it is already; `flush` writes it."""
        if number > self.commands:
            self.commands = number
            self._add(line)

    def event(self, line: StreamLine) -> None:
        """Put an event on record; `flush` writes it.

        Raises `JournalCorruptError` when an event of this sequence is on record and was another one.
        """
        if line.sequence <= self.sequence:
            self._compare(line)
            return
        if line.sequence != self.sequence + 1:
            raise self._corrupt("events are missing", f"event {line.sequence} after {self.sequence}")
        self._starts.append(self._size + self._pending_size)
        self._add(encode_line(line))

    def note(self, line: bytes) -> None:
        """Put a line on record that nothing depends on; `flush` writes it."""
        self._add(line)

    def flush(self) -> None:
        """Write what was put on record. Raises `StoreError` when the disk refuses; the venue must stop then."""
        if not self._pending:
            return
        try:
            write_all(self._file, b"".join(self._pending))
            if self._fsync:
                os.fsync(self._file)
        except OSError as error:
            raise StoreError(
                f"the record can't be written: {error.strerror}",
                field=str(self._path),
                remedy="make room on the disk and start the venue again",
            ) from error
        self._size += self._pending_size
        self._pending.clear()
        self._pending_size = 0

    def sync(self) -> None:
        """Write everything and wait for the disk."""
        self.flush()
        os.fsync(self._file)

    def check_events(self, sequence: int) -> None:
        """Raises `JournalCorruptError` unless all events up to `sequence` are on record."""
        if self.sequence < sequence:
            raise self._corrupt("events are missing at the end", f"{self.sequence} of {sequence}")

    def check_commands(self, number: int) -> None:
        """Raises `JournalCorruptError` when commands are on record that the journal, up to `number`, has lost."""
        if self.commands > number:
            raise self._corrupt(
                "the journal has lost commands that are on record", f"{number} of {self.commands}"
            )

    def read(self, after: int, until: int, *, limit: int) -> list[bytes]:
        """The lines of the events after `after` up to `until`, at most `limit` of them."""
        last = min(until, self.sequence, after + limit)
        if last <= after:
            return []
        start = self._starts[after]
        stop = self._starts[last] if last < self.sequence else self._size
        lines = os.pread(self._file, stop - start, start).split(b"\n")
        return [line for line in lines if line.startswith(EVENT_HEAD)][: last - after]

    def close(self) -> None:
        """Let go of the file, as it is. Harmless to repeat."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    def _add(self, line: bytes) -> None:
        self._pending.append(line + b"\n")
        self._pending_size += len(line) + 1

    def _scan(self) -> int:
        """Read the file once; returns where its last whole line ends."""
        offset = 0
        rest = b""
        while chunk := os.pread(self._file, _READ_AHEAD, offset + len(rest)):
            *lines, rest = (rest + chunk).split(b"\n")
            for line in lines:
                self._enter(line, offset)
                offset += len(line) + 1
        return offset

    def _enter(self, line: bytes, offset: int) -> None:
        if line.startswith(EVENT_HEAD):
            if _number(line, EVENT_HEAD) != self.sequence + 1:
                raise self._corrupt("an event is missing or out of order", f"at byte {offset}")
            self._starts.append(offset)
        elif line.startswith(COMMAND_HEAD):
            self.commands = max(self.commands, _number(line, COMMAND_HEAD))
        elif not line.startswith(b"{"):
            raise self._corrupt("a line is not a record", f"at byte {offset}")

    def _compare(self, line: StreamLine) -> None:
        stored = self.read(line.sequence - 1, line.sequence, limit=1)
        try:
            same = bool(stored) and decode_event(stored[0]) == line
        except msgspec.DecodeError:
            same = False
        if not same:
            raise self._corrupt("the journal tells another history than the record", f"event {line.sequence}")

    def _corrupt(self, message: str, value: str) -> JournalCorruptError:
        return JournalCorruptError(
            message,
            field=str(self._path),
            value=value,
            remedy="restore the venue's folder from a copy, or begin with an empty one",
        )


def _number(line: bytes, head: bytes) -> int:
    digits = line[len(head) :].split(b",", 1)[0]
    return int(digits) if digits.isdigit() else -1
