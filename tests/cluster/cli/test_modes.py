"""Commands on the desk's mode: what a resume would clear and what it can't, `mode` and `degrade`, and their answers."""

from __future__ import annotations

from decimal import Decimal

import pytest

from cluster.cli import background
from cluster.cli.background import Started
from cluster.cli.exits import Exit
from messages.anomalies import DegradeChanged, OverrideDegrade
from messages.base import Message
from messages.control import Mode, Resume, SetMode
from messages.modes import Clearing, ModeDecided, ModeSource
from tests.cluster.cli.conftest import Command
from tests.cluster.cli.desks import HERE, StoredDesk
from tests.cluster.observe.stories import T0, record

pytestmark = pytest.mark.integration

OPERATOR = ModeSource(Mode.HALTED, "anna: flood", Clearing.PERSON, T0)
LOSS = ModeSource(Mode.REDUCE, "daily_loss", Clearing.DAY, T0)
FILE = ModeSource(Mode.HALTED, "kill file /run/halt", Clearing.WITHDRAWAL, T0)


def halted(desk: StoredDesk, **sources: ModeSource) -> None:
    desk.append("risk", record(5, T0, ModeDecided(Mode.HALTED, 2, sources, "flood", T0)))


def answering(desk: StoredDesk, event: Message, step: int = 6) -> None:
    desk.on_post = lambda message: desk.append("risk", record(step, T0, event))


def test_without_an_acknowledgement_resume_says_what_it_would_clear_and_sends_nothing(
    desk: StoredDesk, command: Command
) -> None:
    halted(desk, operator=OPERATOR, daily_loss=LOSS)
    said = command("resume", on=desk)
    assert (said.code, desk.posted) == (Exit.USAGE, [])
    assert "would clear: operator, halted, anna: flood" in said.out
    assert "stays: daily_loss, reduce, daily_loss, cleared by day" in said.out
    assert "raydesk resume --ack TEXT" in said.out


def test_a_resume_tells_what_it_cleared_and_what_stays(desk: StoredDesk, command: Command) -> None:
    halted(desk, operator=OPERATOR, kill_file=FILE)
    answering(desk, ModeDecided(Mode.HALTED, 3, {"kill_file": FILE}, "resume by anna", T0))
    said = command("resume", "--ack", "the water is gone", "--json", on=desk)
    [sent] = desk.posted
    assert isinstance(sent, Resume)
    assert (said.code, said.json["confirmed"], said.json["mode"]) == (Exit.OK, True, "halted")
    assert (list(said.json["clears"]), list(said.json["stays"])) == (["operator"], ["kill_file"])


def test_a_resume_that_risk_has_refused_or_not_heard_is_not_confirmed(
    desk: StoredDesk, command: Command
) -> None:
    halted(desk, operator=OPERATOR)
    said = command("resume", "--ack", "looked", "--wait", "0.05", on=desk)
    assert said.code == Exit.TROUBLE
    assert "not confirmed by risk yet" in said.out


@pytest.mark.parametrize("mode", [Mode.REDUCE, Mode.OBSERVE])
def test_mode_asks_for_at_least_that_mode(desk: StoredDesk, command: Command, mode: Mode) -> None:
    source = ModeSource(mode, "anna: drill", Clearing.WITHDRAWAL, T0)
    answering(desk, ModeDecided(mode, 2, {"operator_mode": source}, "mode", T0), 5)
    said = command("mode", mode.value, "--reason", "drill", "--json", on=desk)
    [sent] = desk.posted
    assert isinstance(sent, SetMode)
    assert (sent.mode, sent.reason) == (mode, "drill")
    assert (said.code, said.json["confirmed"], said.json["mode"]) == (Exit.OK, True, mode.value)


def test_mode_normal_takes_back_the_operators_mode_and_says_what_else_stands(
    desk: StoredDesk, command: Command
) -> None:
    halted(desk, operator_mode=ModeSource(Mode.HALTED, "anna", Clearing.WITHDRAWAL, T0), daily_loss=LOSS)
    answering(desk, ModeDecided(Mode.REDUCE, 3, {"daily_loss": LOSS}, "mode normal", T0))
    said = command("mode", "normal", on=desk)
    assert said.code == Exit.OK
    assert "REDUCE (version 3)" in said.out
    assert "daily_loss: reduce" in said.out


def test_a_mode_that_there_is_not_is_refused(desk: StoredDesk, command: Command) -> None:
    assert command("mode", "sleepy", on=desk).code == Exit.USAGE
    said = command("mode", "halted", on=desk)
    assert said.code == Exit.USAGE
    assert "raydesk halt" in said.err
    assert command("degrade", "4", on=desk).code == Exit.USAGE
    assert desk.posted == []


def test_degrade_asks_risk_for_a_level_and_status_shows_it(desk: StoredDesk, command: Command) -> None:
    answering(desk, DegradeChanged(0, 2, Decimal("0.25"), "manual_override by anna: drill", T0), 5)
    said = command("degrade", "2", "--reason", "drill", "--json", on=desk)
    [sent] = desk.posted
    assert isinstance(sent, OverrideDegrade)
    assert (sent.level, sent.reason, said.json["confirmed"]) == (2, "drill", True)
    status = command("status", "--json", on=desk).json
    assert (status["degrade_level"], status["size_factor"]) == (2, "0.25")
    assert "degrade level 2: new orders at 25.00%" in " ".join(command("status", on=desk).out.split())


def test_degrade_answers_with_the_level_and_the_size_of_orders(desk: StoredDesk, command: Command) -> None:
    answering(desk, DegradeChanged(0, 1, Decimal("0.5"), "manual_override by anna: drill", T0), 5)
    assert "degrade level 1: new orders at 50.00%" in " ".join(command("degrade", "1", on=desk).out.split())


@pytest.mark.parametrize(("held", "told"), [(True, "HALTED (operator: "), (False, "NORMAL")])
def test_up_says_what_mode_the_desk_goes_on_in(
    desk: StoredDesk, command: Command, monkeypatch: pytest.MonkeyPatch, held: bool, told: str
) -> None:
    if held:
        halted(desk, operator=OPERATOR)

    async def nothing(*_: object) -> None: ...

    monkeypatch.setattr(background, "refuse_second", nothing)
    monkeypatch.setattr(background, "start", lambda *_: Started(HERE.pid, "up.log"))
    said = command("up", "synthetic", "--desk", desk.name, on=desk)

    assert said.code == Exit.OK
    assert f"mode {told}" in said.out
    assert (f"a person is waited for: raydesk resume --desk {desk.name}" in said.out) == held


def test_a_halted_desk_is_not_armed(desk: StoredDesk, command: Command) -> None:
    halted(desk, operator=OPERATOR)
    status = command("status", "--json", on=desk).json
    assert (status["armed"], status["not_armed_because"]) == (False, ["kill_switch"])
