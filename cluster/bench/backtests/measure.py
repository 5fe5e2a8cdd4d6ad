"""Runs one scenario in this process and says what it cost; `python -m cluster.bench.backtests.measure NAME`.

Time is the process's own CPU time, as the machine may have other work; memory is the kernel's high-water mark of
this process alone.
"""

from __future__ import annotations

import gc
import sys
import time
from pathlib import Path

import msgspec

from cluster.backtest.desk import BacktestDesk
from cluster.backtest.runner import require_equal_books
from cluster.bench.backtests.scenarios import SCENARIOS, Scenario, feeds_of, settings_of
from messages.orders import OrderState


class Measured(msgspec.Struct, frozen=True):
    """One run. `callbacks` are calls of the strategies' own code with market data; rates are per second of CPU time.

    `first_quarter_us` and `last_quarter_us` are the cost per order, with all that happened between the orders, while
    the first and the last quarter of the orders were made: they tell whether cost grows with what has accumulated.
    """

    says: str
    rows: int
    callbacks: int
    intents: int
    checks_per_intent: float
    orders: int
    fills: int
    cancels: int
    steps: int
    seconds: float
    callbacks_per_s: int
    orders_per_s: int
    steps_per_order: float
    order_us: float
    first_quarter_us: float
    last_quarter_us: float
    last_to_first_quarter: float
    peak_mb: float
    fingerprint: str


def measure(scenario: Scenario, *, quick: bool = False) -> Measured:
    """Run a scenario once. Raises `InvariantError` when the books of desk and venue differ in the end."""
    feeds, start, end = feeds_of(scenario, quick=quick)
    desk = BacktestDesk(settings_of(scenario), feeds, start, end)
    gc.collect()
    began = time.process_time()
    marks = [(0, began)]
    desk.run(lambda rows, now: marks.append((desk.harvest.intents, time.process_time())))
    seconds = time.process_time() - began
    marks.append((desk.harvest.intents, began + seconds))
    require_equal_books(desk)
    return _measured(scenario, desk, marks, seconds, quick=quick)


def _measured(
    scenario: Scenario, desk: BacktestDesk, marks: list[tuple[int, float]], seconds: float, *, quick: bool
) -> Measured:
    fingerprint = desk.harvest.fingerprint()
    harvest = desk.harvest
    orders, intents = harvest.orders.orders_seen, harvest.intents
    steps = desk.rounds.steps
    callbacks = _callbacks(desk)
    first, last = _between(marks, 0.0, 0.25), _between(marks, 0.75, 1.0)
    return Measured(
        says=f"{scenario.says}; a tenth of that" if quick else scenario.says,
        rows=desk.tape.rows,
        callbacks=callbacks,
        intents=intents,
        checks_per_intent=round(harvest.checks / intents, 2),
        orders=orders,
        fills=len(harvest.fills),
        cancels=harvest.orders.states()[OrderState.CANCELLED],
        steps=steps,
        seconds=round(seconds, 3),
        callbacks_per_s=round(callbacks / seconds),
        orders_per_s=round(orders / seconds),
        steps_per_order=round(steps / orders, 2),
        order_us=round(seconds / orders * 1e6, 1),
        first_quarter_us=first,
        last_quarter_us=last,
        last_to_first_quarter=round(last / first, 2),
        peak_mb=peak_memory_mb(),
        fingerprint=fingerprint,
    )


def _callbacks(desk: BacktestDesk) -> int:
    """How often the strategies were called: they count it, or one of their averages does."""
    found = 0
    for address, actor in desk.actors.items():
        if address.startswith("strategy/"):
            for strategy in actor.strategies:  # type: ignore[attr-defined]
                found += getattr(strategy, "callbacks", None) or strategy.slow.updates
    return found


def _between(marks: list[tuple[int, float]], begin: float, end: float) -> float:
    """µs per order from the first mark at or behind the part `begin` of all orders to the first behind `end`."""
    last = marks[-1][0]
    low = next(mark for mark in marks if mark[0] >= begin * last)
    high = next(mark for mark in marks if mark[0] >= end * last)
    return round((high[1] - low[1]) / max(1, high[0] - low[0]) * 1e6, 1)


def peak_memory_mb() -> float:
    """The most memory this process has held, in MB. Not `ru_maxrss`, which a child inherits from its parent."""
    status = Path("/proc/self/status").read_text()
    line = next(line for line in status.splitlines() if line.startswith("VmHWM:"))
    return round(int(line.split()[1]) / 1024, 1)


if __name__ == "__main__":
    sys.stdout.buffer.write(msgspec.json.encode(measure(SCENARIOS[sys.argv[1]], quick="--quick" in sys.argv)))
