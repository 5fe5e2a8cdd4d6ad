"""A session from start to end: it ends when it is to, is always stopped and closed, and sums up what happened."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from types import SimpleNamespace
from typing import Any

import pytest

from cluster.cli import running, session
from cluster.cli.documents import Progress
from cluster.cli.exits import Exit
from cluster.cli.session import Ending, Finished, Request, run_session
from messages.control import Drain
from messages.errors import StoreError
from messages.order_events import OrderTransitioned
from messages.orders import OrderState
from messages.reasons import Reason
from tests.cluster.cli.conftest import Command
from tests.cluster.cli.desks import FakeDesk, StoredDesk
from tests.cluster.observe.stories import T0, record

pytestmark = pytest.mark.integration


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "LOOK_S", 0.01)
    monkeypatch.setattr(session, "SETTLE_S", 0.05)


def request(desk: StoredDesk, ending: Ending, seconds: float | None = None) -> Request:
    """A session of this desk."""
    return Request(desk.loaded, ending=ending, seconds=seconds)


def carried_out(desk: StoredDesk, wanted: Request, on_look: Any = lambda looks: None) -> Finished:
    """Run the session; `on_look` is called with the number of looks so far."""
    looks = 0

    def show(watch: Any, progress: Progress | None, note: str) -> None:
        nonlocal looks
        looks += 1
        on_look(looks)

    async def starter(_: Request) -> Any:
        return FakeDesk(desk)

    return asyncio.run(run_session(wanted, started=lambda started: None, show=show, starter=starter))


def test_a_session_until_the_end_ends_when_the_desk_says_so(desk: StoredDesk) -> None:
    def after_three(looks: int) -> None:
        desk.ended = looks >= 3

    finished = carried_out(desk, request(desk, Ending.UNTIL_END), after_three)

    assert finished.because == "the session has ended"
    assert (desk.stopped, desk.closed) == (1, 1)
    assert desk.posted == []
    assert finished.summary.fills == 1


def test_a_session_for_a_time_drains_before_it_stops(desk: StoredDesk) -> None:
    finished = carried_out(desk, request(desk, Ending.AFTER, 0.03))

    assert finished.because == "0.03 s are over"
    assert [type(message) for message in desk.posted] == [Drain]
    assert (desk.stopped, desk.closed) == (1, 1)


def test_once_ends_when_every_strategy_has_decided(desk: StoredDesk) -> None:
    assert carried_out(desk, request(desk, Ending.ONCE)).because == "every strategy has decided once"


def test_once_waits_for_a_strategy_that_has_not_decided(
    empty_desk: StoredDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session, "ONCE_AT_MOST_S", 0.05)
    empty_desk.claim("strategy/BTC-USDT")

    assert "not every strategy" in carried_out(empty_desk, request(empty_desk, Ending.ONCE)).because


def test_a_signal_ends_a_session_in_order(desk: StoredDesk) -> None:
    def interrupt(looks: int) -> None:
        if looks == 2:
            os.kill(os.getpid(), signal.SIGTERM)

    finished = carried_out(desk, request(desk, Ending.NEVER), interrupt)

    assert finished.because == "stopped by a signal"
    assert (desk.stopped, desk.closed) == (1, 1)


def test_a_root_that_has_left_ends_the_session(desk: StoredDesk) -> None:
    def leave(looks: int) -> None:
        if looks == 2:
            desk.claim("supervisor/desk", step=5, left="shutdown")

    assert carried_out(desk, request(desk, Ending.NEVER), leave).because == "the desk has left"


def test_a_store_that_stays_away_ends_the_session_with_an_error(
    desk: StoredDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session, "PATIENCE_S", 0.05)
    notes: list[str] = []

    async def starter(_: Request) -> Any:
        started = FakeDesk(desk)
        await started.store.client.aclose()
        started.store.client.connection_pool.connection_kwargs["path"] = "/nowhere"
        return started

    def show(watch: Any, progress: Progress | None, note: str) -> None:
        notes.append(note)

    with pytest.raises(StoreError, match="away for too long"):
        asyncio.run(
            run_session(request(desk, Ending.NEVER), started=lambda started: None, show=show, starter=starter)
        )
    assert "Redis did not answer" in notes[-1]
    assert desk.closed == 1


def test_a_given_up_child_and_what_was_put_aside_are_trouble(desk: StoredDesk) -> None:
    desk.put_aside("risk", "no")
    unknown = OrderTransitioned("rdaaa", "lost", OrderState.UNKNOWN, Reason.UNKNOWN_OUTCOME, T0)
    desk.append("execution/paper", record(4, T0, unknown))
    troubles = carried_out(desk, request(desk, Ending.AFTER, 0.01)).troubles

    assert len(troubles) == 3
    assert "strategy/BTC-USDT was given up" in troubles[0]


def test_run_with_json_prints_one_object_and_keeps_stdout_clean(
    desk: StoredDesk, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def start(wanted: Request) -> Any:
        print("a library that talks")
        os.write(1, b"a library that writes to the descriptor\n")
        return FakeDesk(desk)

    monkeypatch.setattr(run_session, "__kwdefaults__", {"starter": start})
    said = command("run", "synthetic", "--for", "0.02", "--json")

    assert said.code == Exit.TROUBLE
    assert json.loads(said.out)["fingerprint"]
    assert "a library that talks" in said.err
    assert "trouble: strategy/BTC-USDT was given up" in said.err


def test_run_without_a_terminal_prints_banner_lines_and_summary(
    desk: StoredDesk, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def start(wanted: Request) -> Any:
        return FakeDesk(desk)

    monkeypatch.setattr(run_session, "__kwdefaults__", {"starter": start})
    desk.progress = SimpleNamespace(time=T0 + 5, start=T0, end=T0 + 10, draining=False, ended=False)
    said = command("run", "synthetic", "--for", "0.02")

    assert "side effects: paper" in said.out
    assert "ARMED" in said.out
    assert "50% intents 1, orders 1, fills 1, nav 99,999.00" in said.out
    assert "fingerprint" in said.out
    assert running.LINE_EVERY_S > 0
