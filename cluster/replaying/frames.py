"""A recorded desk as data frames, for a look at its journals in a notebook: of a live desk and of a backtest alike."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from cluster.frames import data_frames
from cluster.replaying.difference import plain
from cluster.replaying.parity import FILL_FIELDS, ORDER_FIELDS, run_recorded
from cluster.replaying.recorded import Recorded
from cluster.replaying.results import Row

if TYPE_CHECKING:
    import pandas  # type: ignore[import-untyped]  # an extra; it has no types of its own

_STEPS = ("actor", "step", "epoch", "time", "inputs", "events", "feed")
_EVENTS = ("actor", "step", "time", "type", "fields")
_NUMBERS = frozenset({"limit_price", "quantity", "filled", "price", "fee"})
_TIMES = frozenset({"time", "event_time"})


def frames(recorded: Recorded) -> dict[str, pandas.DataFrame]:
    """`steps` (one row per journal record), `events` (one per event, `fields` as a dict), `orders` and `fills`.

    Exact amounts become float64 in `orders` and `fills`, times UTC timestamps. Raises `ConfigurationError` when pandas
    is not installed, `JournalCorruptError` for a journal that can't be read.
    """
    run = run_recorded(recorded, "")
    return data_frames(
        {
            **_journals(recorded),
            "orders": _columns(("time", *ORDER_FIELDS), run.orders or ()),
            "fills": _columns(("time", *FILL_FIELDS), run.fills or ()),
        },
        _TIMES,
    )


def _journals(recorded: Recorded) -> dict[str, Mapping[str, list[Any]]]:
    steps: list[Row] = []
    events: list[Row] = []
    for address, actor in recorded.actors.items():
        for record in actor.records():
            told = [plain(event) for event in record.events]
            counts = (len(record.inputs), len(told), record.feed)
            row = (address, record.step, record.epoch, record.now, *counts)
            steps.append(dict(zip(_STEPS, row, strict=True)))
            for fields in told:
                name = fields.pop("type")
                row = (address, record.step, record.now, name, fields)
                events.append(dict(zip(_EVENTS, row, strict=True)))
    return {"steps": _columns(_STEPS, steps), "events": _columns(_EVENTS, events)}


def _columns(names: Sequence[str], rows: Sequence[Row]) -> Mapping[str, list[Any]]:
    return {name: [_value(name, row[name]) for row in rows] for name in dict.fromkeys(names)}


def _value(name: str, value: Any) -> Any:
    return float(value) if name in _NUMBERS and value is not None else value
