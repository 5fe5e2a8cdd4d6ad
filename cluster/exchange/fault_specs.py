"""Faults as people write them: `KIND[:RATE][@PATTERN][,name=value...]` on a command line, or a JSON file."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

import msgspec

from cluster.exchange.faults import (
    Fault,
    FaultRule,
    FaultSettings,
    FilterChange,
    Maintenance,
    TimedFault,
    checked,
)
from cluster.json_files import read_json
from messages.errors import ConfigurationError

T = TypeVar("T", int, float)

FORM = "KIND[:RATE][@PATTERN][,s=LOW-HIGH][,done=SHARE][,skip=N][,count=N]"
_FIELD = "--fault"


def parse_fault(spec: str) -> FaultRule | TimedFault:
    """One fault, for example `timeout_after:5%@POST /fapi/v1/order,s=1-3` or `maintenance,at=30,for=5`.

    `filters,listing=BTCUSDT,at=10,tick=0.5` changes rules of a listing. Raises `ConfigurationError`.
    """
    head, *rest = spec.split(",")
    options = dict(_option(spec, each) for each in rest)
    if head == "maintenance":
        length = options.pop("for", None)
        made: FaultRule | TimedFault = Maintenance(
            at_s=_seconds(spec, options.pop("at", "0")),
            for_s=None if length is None else _seconds(spec, length),
        )
    elif head == "filters":
        made = FilterChange(
            at_s=_seconds(spec, options.pop("at", "0")),
            listing=_required(spec, options, "listing"),
            changes=dict(options),
        )
        options.clear()
    else:
        made = _rule(spec, head, options)
    if options:
        raise _wrong(spec, f"there is no option {next(iter(options))!r}")
    return made


def fault_settings(
    specs: Sequence[str], *, file: Path | None = None, seed: int | None = None
) -> FaultSettings:
    """The faults of a file and of a command line together. Raises `ConfigurationError`."""
    base = FaultSettings() if file is None else read_faults(file)
    parsed = [parse_fault(spec) for spec in specs]
    rules = tuple(each for each in parsed if isinstance(each, FaultRule))
    timed = tuple(each for each in parsed if not isinstance(each, FaultRule))
    return checked(
        msgspec.structs.replace(
            base,
            rules=(*base.rules, *rules),
            timed=(*base.timed, *timed),
            seed=base.seed if seed is None else seed,
        )
    )


def read_faults(path: Path) -> FaultSettings:
    """The faults of a JSON file of `FaultSettings`. Raises `ConfigurationError` naming the file and the field."""
    return checked(read_json(path, FaultSettings, what="faults", field="--faults"))


def _rule(spec: str, head: str, options: dict[str, str]) -> FaultRule:
    named, _, pattern = head.partition("@")
    kind, _, rate = named.partition(":")
    try:
        fault = Fault(kind)
    except ValueError:
        raise _wrong(
            spec, f"there is no fault {kind!r}: name one of {', '.join(Fault)}, maintenance, filters"
        ) from None
    low, _, high = options.pop("s", "1").partition("-")
    count = options.pop("count", None)
    return FaultRule(
        kind=fault,
        match=pattern or "*",
        rate=_share(spec, rate) if rate else 1.0,
        low_s=_seconds(spec, low),
        high_s=_seconds(spec, high or low),
        done=_share(spec, options.pop("done", "0.5")),
        skip=_number(spec, options.pop("skip", "0"), int),
        count=None if count is None else _number(spec, count, int),
    )


def _option(spec: str, text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals:
        raise _wrong(spec, f"{text!r} is no name=value")
    return name.strip(), value.strip()


def _required(spec: str, options: dict[str, str], name: str) -> str:
    if name not in options:
        raise _wrong(spec, f"{name}= is missing")
    return options.pop(name)


def _share(spec: str, text: str) -> float:
    share = _number(spec, text[:-1], float) / 100 if text.endswith("%") else _number(spec, text, float)
    if not 0 <= share <= 1:
        raise _wrong(spec, f"{text!r} is no share: give 5% or 0.05")
    return share


def _seconds(spec: str, text: str) -> float:
    return _number(spec, text, float)


def _number(spec: str, text: str, kind: Callable[[str], T]) -> T:
    try:
        return kind(text)
    except ValueError:
        raise _wrong(spec, f"{text!r} is no number") from None


def _wrong(spec: str, what: str) -> ConfigurationError:
    return ConfigurationError(what, field=_FIELD, value=spec, remedy=f"write {FORM}")
