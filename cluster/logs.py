"""Structured logs of the desk's processes: what was committed, line by line, as text for people or JSON.

Every committed step's events that have a name for operators are logged with who, what, which step and why. Levels
are per actor and can be changed while the desk runs. Secrets never get here: known ones are masked in every line.
"""

from __future__ import annotations

import json
import logging
import logging.handlers
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple, TextIO

import msgspec

from cluster.observe.wording import describe, subject
from cluster.store.port import Section
from messages.base import Address, Message
from messages.events import Severity, severity

LOGGER = "raydesk"
STEPS = logging.getLogger(f"{LOGGER}.step")

_LEVELS = {
    Severity.DEBUG: logging.DEBUG,
    Severity.INFO: logging.INFO,
    Severity.WARNING: logging.WARNING,
    Severity.ERROR: logging.ERROR,
    Severity.CRITICAL: logging.CRITICAL,
}
_MASK = "********"
_URL_PASSWORD = re.compile(r"(\w+://[^\s:/@]*:)[^\s@]+(@)")
_IDS_SHOWN = 8


def _level(name: str) -> int:
    return logging.getLevelNamesMapping()[name.upper()]


class LogSettings(msgspec.Struct, frozen=True):
    """What is logged, how and where: the settings' section `logging`, in which every name is explained."""

    level: str = "info"
    format: str = "text"
    file: str | None = None
    max_bytes: int = 50_000_000
    backups: int = 5
    levels: Mapping[str, str] = {}


class Levels:
    """The lowest level logged per actor: the longest matching beginning of its address wins."""

    def __init__(self, default: str = "info", by_address: Mapping[str, str] | None = None) -> None:
        self._default = _level(default)
        self._by_address = {name: _level(level) for name, level in (by_address or {}).items()}
        self._known: dict[Address, int] = {}

    def of(self, address: Address) -> int:
        """The level in force for this actor, as a number of the logging module."""
        found = self._known.get(address)
        if found is None:
            matching = [name for name in self._by_address if address.startswith(name)]
            best = max(matching, key=len, default=None)
            found = self._known[address] = self._default if best is None else self._by_address[best]
        return found

    def set(self, address: Address, level: str) -> None:
        """From now on log this actor, or all whose address begins so, from this level on."""
        self._by_address[address] = _level(level)
        self._known.clear()

    @property
    def lowest(self) -> int:
        """The lowest level that anyone is logged at."""
        return min((self._default, *self._by_address.values()))


class _State:
    """What this process logs as; one desk and one configuration per process."""

    levels = Levels()
    desk = ""
    secrets: tuple[str, ...] = ()


def configure_logging(
    settings: LogSettings,
    *,
    desk: str,
    actor: Address = "",
    secrets: Iterable[str] = (),
    stream: TextIO | None = None,
) -> None:
    """Set this process's logging up; safe to call again. `stream` is stdout unless given.

    With a file, every process writes one of its own (`desk.log` becomes `desk.risk.log`), because a file that several
    processes rotate loses lines.
    """
    _State.levels = Levels(settings.level, settings.levels)
    _State.desk = desk
    _State.secrets = tuple(secret for secret in secrets if secret)
    formatter: logging.Formatter = _JsonFormatter() if settings.format == "json" else _TextFormatter()
    handlers: list[logging.Handler] = [logging.StreamHandler(stream or sys.stdout)]
    if settings.file is not None:
        handlers.append(_rotated(settings, actor))
    root = logging.getLogger(LOGGER)
    for old in list(root.handlers):
        root.removeHandler(old)
        old.close()
    for handler in handlers:
        handler.setFormatter(formatter)
        handler.addFilter(_by_level)
        root.addHandler(handler)
    root.setLevel(_State.levels.lowest)
    root.propagate = False


def set_level(address: Address, level: str) -> None:
    """Change the level of one actor, or of all whose address begins so, while the process runs."""
    _State.levels.set(address, level)
    logging.getLogger(LOGGER).setLevel(_State.levels.lowest)


def log_step(section: Section) -> None:
    """Log the named events of a step that was committed, a line each, in one go: a step may hold dozens."""
    threshold = max(_State.levels.of(section.address), STEPS.getEffectiveLevel())
    lines = []
    for event in (*section.record.events, *_fault(section)):
        named = type(event).event_type
        if named is not None and (level := _LEVELS[severity(named)]) >= threshold:
            lines.append(_Line(level, named.value, describe(event), _fields(section, event)))
    if lines:
        STEPS.handle(_StepRecord(section, lines))


def log_file(settings: LogSettings, actor: Address) -> Path | None:
    """The file that the process of `actor` logs to; None when logs go to stdout only."""
    if settings.file is None:
        return None
    path = Path(settings.file).expanduser()
    if not actor:
        return path
    return path.with_name(f"{path.stem}.{actor.replace('/', '_')}{path.suffix or '.log'}")


def _fault(section: Section) -> tuple[Message, ...]:
    return () if section.record.fault is None else (section.record.fault,)


class _Line(NamedTuple):
    """What is logged of one event: level, name, text, and the ids it has of its own."""

    level: int
    event: str
    text: str
    fields: dict[str, Any]


class _StepRecord(logging.LogRecord):
    """All lines of one step, with what they share: where it stands, what it took and sent."""

    def __init__(self, section: Section, lines: list[_Line]) -> None:
        super().__init__(STEPS.name, max(line.level for line in lines), "", 0, "", None, None)
        self.actor = section.address
        self.lines = lines
        self.place = {"step": section.position.step, "epoch": section.epoch}
        self.desk_time = section.position.now
        self.ids = _ids(section)

    def getMessage(self) -> str:
        """The texts alone, for handlers of others."""
        return "\n".join(line.text for line in self.lines)


def _fields(section: Section, event: Message) -> dict[str, Any]:
    fields: dict[str, Any] = subject(event)
    reason = getattr(event, "reason", None)
    if isinstance(reason, str):
        fields["reason_code"] = str(reason)
        fields["decision_layer"] = str(getattr(event, "layer", section.address.partition("/")[0]))
    return fields


def _ids(section: Section) -> dict[str, Any]:
    """What a step took and sent, and why."""
    fields: dict[str, Any] = {}
    envelopes = section.envelopes
    _add(fields, "sent", (envelope.id for envelope in envelopes))
    _add(fields, "cause", (envelope.cause for envelope in envelopes))
    _add(fields, "cycle_id", (envelope.cycle for envelope in envelopes))
    _add(fields, "inputs", (f"{item.kind.name.lower()}:{item.reference}" for item in section.record.inputs))
    return fields


def _add(fields: dict[str, Any], name: str, values: Iterable[str]) -> None:
    unique = list(dict.fromkeys(value for value in values if value))
    if len(unique) > _IDS_SHOWN:
        unique = [*unique[:_IDS_SHOWN], f"and {len(unique) - _IDS_SHOWN} more"]
    if unique:
        fields[name] = unique[0] if len(unique) == 1 else unique


def _rotated(settings: LogSettings, actor: Address) -> logging.Handler:
    path = log_file(settings, actor)
    assert path is not None
    path.parent.mkdir(parents=True, exist_ok=True)
    return logging.handlers.RotatingFileHandler(
        path, maxBytes=settings.max_bytes, backupCount=settings.backups, encoding="utf-8", delay=True
    )


def _by_level(record: logging.LogRecord) -> bool:
    """Records of one actor are held to that actor's level, all others to the desk's."""
    return record.levelno >= _State.levels.of(_actor_of(record))


def _actor_of(record: logging.LogRecord) -> Address:
    return str(getattr(record, "actor", ""))


def _extras(record: logging.LogRecord) -> dict[str, Any]:
    """What the caller gave along."""
    return {name: value for name, value in vars(record).items() if name not in _STANDARD}


_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


def _masked(text: str) -> str:
    for secret in _State.secrets:
        text = text.replace(secret, _MASK)
    return _URL_PASSWORD.sub(rf"\1{_MASK}\2", text) if "://" in text else text


def _stamp(record: logging.LogRecord) -> str:
    return datetime.fromtimestamp(record.created, tz=UTC).isoformat(timespec="milliseconds")


class _JsonFormatter(logging.Formatter):
    """One JSON object a line."""

    def format(self, record: logging.LogRecord) -> str:
        if isinstance(record, _StepRecord):
            return _masked("\n".join(self._lines(record)))
        document = {
            "time": _stamp(record),
            "level": record.levelname.lower(),
            "desk": _State.desk,
            "logger": record.name,
            "message": record.getMessage(),
            **_extras(record),
        }
        if record.exc_info:
            document["exception"] = self.formatException(record.exc_info)
        return _masked(json.dumps(document, default=str, ensure_ascii=False))

    def _lines(self, record: _StepRecord) -> Iterator[str]:
        time, encode = _stamp(record), json.JSONEncoder(default=str, ensure_ascii=False).encode
        for line in record.lines:
            yield encode(
                {
                    "time": time,
                    "level": logging.getLevelName(line.level).lower(),
                    "desk": _State.desk,
                    "logger": record.name,
                    "message": line.text,
                    "actor": record.actor,
                    "event": line.event,
                    **record.place,
                    "desk_time": record.desk_time,
                    **line.fields,
                    **record.ids,
                }
            )


class _TextFormatter(logging.Formatter):
    """Time, level, actor, event and text, then the ids."""

    def format(self, record: logging.LogRecord) -> str:
        if isinstance(record, _StepRecord):
            return _masked("\n".join(self._lines(record)))
        extras = _extras(record)
        actor, ids = extras.pop("actor", "-"), _words(extras)
        line = f"{_stamp(record)} {record.levelname:<8} {actor:<22} {record.getMessage()}"
        line = f"{line} [{ids}]" if ids else line
        if record.exc_info:
            line = f"{line}\n{self.formatException(record.exc_info)}"
        return _masked(line)

    def _lines(self, record: _StepRecord) -> Iterator[str]:
        time, actor, place, ids = _stamp(record), record.actor, _words(record.place), _words(record.ids)
        for line in record.lines:
            level = logging.getLevelName(line.level)
            words = " ".join(filter(None, (place, _words(line.fields), ids)))
            yield f"{time} {level:<8} {actor:<22} {line.event}: {line.text} [{words}]"


def _words(fields: Mapping[str, Any]) -> str:
    return " ".join(
        [
            f"{name}={','.join(map(str, value)) if isinstance(value, list) else value}"
            for name, value in fields.items()
        ]
    )
