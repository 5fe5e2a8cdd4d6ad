"""Parity: did two runs trade the same? Compared by the fingerprint over their orders and fills, and where rows are to
be had, row by row. A run that traded nothing proves nothing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from itertools import zip_longest
from pathlib import Path

import msgspec

from cluster.observe.fingerprint import fill_row, fingerprint, order_row
from cluster.observe.projection import Bounds, Projection
from cluster.observe.snapshots import newest_sound, typed_state
from cluster.replaying.export_file import GZIP, read_export
from cluster.replaying.recorded import Recorded
from cluster.replaying.results import ParityDocument, Row, RowDifference, Side
from messages.errors import ConfigurationError

ORDER_FIELDS = ("intent_id", "symbol", "side", "type", "limit_price", "quantity", "state", "filled")
FILL_FIELDS = ("intent_id", "price", "quantity", "fee", "liquidity", "event_time")

_ALL = 2**62
_EMPTY = hashlib.sha256(2 * hashlib.sha256().digest()).hexdigest()
"""The fingerprint of a run without orders and fills."""


class TradedRun(msgspec.Struct, frozen=True):
    """What a run traded. `orders` and `fills` are None where only its summary is to be had; a count None is unknown.

    `complete` is False when the beginning of its journals is gone.
    """

    source: str
    fingerprint: str
    order_count: int | None
    fill_count: int | None
    complete: bool = True
    orders: tuple[Row, ...] | None = None
    fills: tuple[Row, ...] | None = None

    @property
    def empty(self) -> bool:
        """Whether nothing was traded."""
        return self.fingerprint == _EMPTY or (self.order_count == 0 and self.fill_count == 0)


def parity(first: TradedRun, second: TradedRun) -> ParityDocument:
    """Compare two runs."""
    same = first.fingerprint == second.fingerprint
    return ParityDocument(
        _side(first),
        _side(second),
        same and not first.empty and not second.empty,
        None if same else first_difference(first, second),
    )


def first_difference(first: TradedRun, second: TradedRun) -> RowDifference | None:
    """The first row that differs, orders before fills; None when one of the runs has no rows to look at."""
    for kind in ("orders", "fills"):
        ours, theirs = getattr(first, kind), getattr(second, kind)
        if ours is None or theirs is None:
            continue
        for number, (one, other) in enumerate(zip_longest(ours, theirs), start=1):
            if one != other:
                return RowDifference(kind.removesuffix("s"), number, one, other)
    return None


def run_in_file(path: Path) -> TradedRun:
    """The run in an export, in a summary as JSON, or in a backtest's report.json.

    Raises `ConfigurationError` for a file that is neither; what `read_export` raises for a damaged export.
    """
    try:
        data = path.read_bytes()[:2]
        if data == GZIP:
            return run_recorded(read_export(path), str(path))
        document = _as_summary(msgspec.json.decode(path.read_bytes()))
    except (OSError, msgspec.DecodeError) as error:
        raise _no_run(path, str(error)) from error
    if not isinstance(document, dict) or not isinstance(document.get("fingerprint"), str):
        raise _no_run(path, "it has no `fingerprint`")
    orders, fills = (_count(document.get(name)) for name in ("orders", "fills"))
    return TradedRun(str(path), document["fingerprint"], orders, fills)


def run_recorded(recorded: Recorded, source: str) -> TradedRun:
    """The run that was recorded, all its rows in the order of the fingerprint. Raises `JournalCorruptError`."""
    projection = Projection(Bounds(intents=_ALL, orders=_ALL, fills=_ALL))
    for address, actor in recorded.actors.items():
        records = actor.records()
        if records and records[0].step > 1:
            _adopt(projection, recorded, address, records[0].step)
        for record in records:
            projection.apply(address, record)
    desk = projection.orders
    orders = sorted(order_row(order) for order in desk.orders.values())
    fills = sorted(fill_row(view.fill) for view in desk.fills.values())
    return TradedRun(
        source,
        fingerprint(projection),
        len(orders),
        len(fills),
        projection.complete,
        _rows(orders, ORDER_FIELDS),
        _rows(fills, FILL_FIELDS),
    )


def _adopt(projection: Projection, recorded: Recorded, address: str, first: int) -> None:
    """Begin with a state from before the first record that is left, if there is one."""
    early = [each for each in recorded.actors[address].snapshots if each.step < first]
    opened = newest_sound(address, early)
    state = None if opened is None else typed_state(address, opened.content)
    if opened is not None and state is not None:
        projection.adopt(address, opened.position.step, opened.position.now, state)


def _rows(rows: Sequence[tuple[int, str, str]], names: Sequence[str]) -> tuple[Row, ...]:
    return tuple(
        {"time": time, **dict(zip(names, msgspec.json.decode(text), strict=True))} for time, _, text in rows
    )


def _as_summary(document: object) -> object:
    """What a summary would say of the run in a backtest's report; anything else as it is."""
    if not isinstance(document, dict) or not isinstance(document.get("run"), dict):
        return document
    orders = document.get("orders")
    placed = orders.get("placed") if isinstance(orders, dict) else None
    return {
        "fingerprint": document["run"].get("fingerprint"),
        "orders": placed,
        "fills": document.get("fills"),
    }


def _count(value: object) -> int | None:
    """How many there were: a number, a list of them, or numbers by state."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value
    if isinstance(value, list):
        return len(value)
    if isinstance(value, Mapping) and all(isinstance(each, int) for each in value.values()):
        return sum(value.values())
    return None


def _side(run: TradedRun) -> Side:
    return Side(run.source, run.fingerprint, run.order_count, run.fill_count, run.complete, run.empty)


def _no_run(path: Path, why: str) -> ConfigurationError:
    return ConfigurationError(
        f"this file is no stored run: {why}",
        field="RUN",
        value=str(path),
        remedy="give an export, what `raydesk run --json` printed, or a backtest's report.json",
    )
