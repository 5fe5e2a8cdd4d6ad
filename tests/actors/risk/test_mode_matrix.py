"""Source x mode x action: what every source of the mode asks for, what passes under it, and its coming and going.

Each row of `modes.SOURCES` is driven there and back on risk's bench; what risk then tells goes to an execution actor,
whose last gate must refuse on its own. Journal and log have a record of each transition and its reverse.
"""

from __future__ import annotations

import io
import itertools
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from actors.risk import modes
from cluster.logs import LOGGER, LogSettings, configure_logging, log_step
from cluster.store.port import Position, Section
from messages.control import ALLOWED, Action, Mode, ModeChanged
from messages.intents import OrderType, Purpose, Verdict
from messages.modes import ModeDecided
from messages.orders import OrderState
from tests.actors.execution.rig import Rig, approved, kinds
from tests.actors.risk.causes import CASES, HELD, OTHER, Case, prepared
from tests.actors.risk.desk import BUY, SELL, D, Desk
from tests.cluster.observe.stories import record

pytestmark = pytest.mark.unit

ELSEWHERE = {"portfolio_var": "test_measuring.py", "conversion:CURRENCY": "test_marked_rates.py"}
"""Rows that need settings of their own to come about, and the tests that drive them there and back."""

each_case = pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.source}-{case.mode.value}")


@pytest.fixture
def _quiet_logs() -> Iterator[None]:
    logger = logging.getLogger(LOGGER)
    before = (list(logger.handlers), logger.level, logger.propagate)
    yield
    logger.handlers[:], logger.propagate = before[0], before[2]
    logger.setLevel(before[1])


def logged(desk: Desk, since: int) -> list[str]:
    """What the log says of the steps since then, from WARNING on."""
    stream = io.StringIO()
    configure_logging(LogSettings(level="warning"), desk="d", actor="risk", stream=stream)
    position = Position(step=1, now=desk.ctx.now)
    told = record(1, desk.ctx.now, *desk.journal[since:])
    log_step(Section("risk", 1, position, told, [], {}, (), 0, 0))
    return stream.getvalue().splitlines()


def word_of(desk: Desk) -> ModeChanged:
    """The last that the desk was told of its mode."""
    return [one.message for one in desk.sent if isinstance(one.message, ModeChanged)][-1]


def test_every_row_of_the_table_is_driven_and_every_name_has_a_row() -> None:
    rows = {row.source: row for row in modes.SOURCES}
    assert len(rows) == len(modes.SOURCES)
    assert {case.row for case in CASES} | ELSEWHERE.keys() == rows.keys()
    for file in ELSEWHERE.values():
        assert "modes." in (Path(__file__).parent / file).read_text(encoding="utf-8"), file
    names = {value for name, value in vars(modes).items() if name.isupper() and isinstance(value, str)}
    assert {row.partition(":")[0] for row in rows} == {name.rstrip(":") for name in names}


@each_case
@pytest.mark.usefixtures("_quiet_logs")
def test_each_source_comes_is_told_journalled_and_logged_and_so_is_its_end(case: Case) -> None:
    desk = prepared(case)
    version, since = desk.risk.state.version, len(desk.journal)
    case.comes(desk)
    state, row = desk.risk.state, next(row for row in modes.SOURCES if row.source == case.row)
    source = state.sources[case.source]
    assert source.mode is case.mode
    assert not row.modes or source.mode in row.modes
    assert source.clearing in row.clearing
    assert desk.mode is case.mode
    assert state.version > version
    assert (word_of(desk).mode, word_of(desk).version) == (case.mode, state.version)
    assert word_of(desk).sources[case.source] is case.mode
    decided = [event for event in desk.journal[since:] if isinstance(event, ModeDecided)]
    assert case.source in decided[-1].sources
    assert any(f"mode {case.mode.value}" in line and "WARNING" in line for line in logged(desk, since))
    if case.replays:
        assert desk.replayed().state.sources == state.sources
        desk.restart()

    since, version = len(desk.journal), desk.risk.state.version
    case.ends(desk)
    assert case.source not in desk.risk.state.sources
    assert desk.mode is Mode.NORMAL
    assert (word_of(desk).mode, word_of(desk).version) == (Mode.NORMAL, desk.risk.state.version)
    assert desk.risk.state.version > version
    assert any("mode normal" in line for line in logged(desk, since))


@each_case
@pytest.mark.parametrize("action", Action)
def test_what_passes_at_risk_and_at_the_last_gate(case: Case, action: Action) -> None:
    desk, allowed = prepared(case), action in ALLOWED[case.mode]
    case.comes(desk)
    # what depends on NAV or on fresh marks has its own tests: here everything but the mode speaks for the order
    desk.mark(HELD, 10).mark(OTHER, 10)
    if action is not Action.CANCEL:
        _raise(desk, action)
        assert (desk.decision.verdict is not Verdict.REJECTED) is allowed, desk.decision
    _at_execution(word_of(desk), action, allowed=allowed)


def _raise(desk: Desk, action: Action) -> None:
    if action is Action.INCREASE:
        desk.intend(BUY, 1, OTHER, 10)
    elif action is Action.DECREASE:
        desk.intend(SELL, 1, HELD, 10)
    else:
        stop = {"order_type": OrderType.STOP, "stop_price": D(9), "purpose": Purpose.PROTECTIVE}
        desk.intend(SELL, 1, HELD, 9, **stop)


def _at_execution(told: ModeChanged, action: Action, *, allowed: bool) -> None:
    """The execution actor, told nothing but the mode, handed an order that risk should never have approved."""
    rig = Rig()
    working = rig.working(1)
    rig.take(told, sender="risk")
    if action is Action.CANCEL:
        if working.state is not OrderState.PENDING_CANCEL:  # HALTED has cancelled it already
            rig.cancel(1)
        assert (working.state is OrderState.PENDING_CANCEL) is allowed
        return
    purpose = Purpose.PROTECTIVE if action is Action.PROTECT else Purpose.EXIT
    increases = action is Action.INCREASE
    rig.take(
        approved(2, rig.now, mode_version=told.version, increases_exposure=increases, purpose=purpose),
        sender="risk",
    )
    assert (kinds(rig.effects) == ["PlaceOrder"]) is allowed
    if not allowed:
        [report] = rig.reports()
        assert report.final
        assert report.state is OrderState.REJECTED


def test_any_two_sources_ask_for_the_stricter_of_the_two_in_any_order() -> None:
    simple = [case for case in CASES if case.replays and case.source in _INDEPENDENT]
    for one, other in itertools.permutations(simple, 2):
        desk = prepared(one)
        one.comes(desk)
        other.comes(desk)
        wanted = max(one.mode, other.mode, key=lambda mode: mode.strictness)
        assert desk.mode is wanted, (one.source, other.source)


_INDEPENDENT = ("operator", "anomalies", "dead_letter:strategy/BTC-USDT", "reconciliation:paper", "safe_mode")
