"""The reading commands and the kill switch, on a desk whose journals are real and whose processes are not."""

from __future__ import annotations

import msgspec
import pytest

from cluster.cli.documents import DOCUMENTS, Progress
from cluster.cli.exits import Exit
from messages.base import Message
from messages.control import Flatten, Halt, Mode, Resume
from messages.flattening import FlattenEnded, FlattenStarted
from messages.modes import ModeDecided
from tests.cluster.cli import desks
from tests.cluster.cli.conftest import Command
from tests.cluster.cli.desks import StoredDesk
from tests.cluster.observe import stories
from tests.cluster.observe.stories import T0, record

pytestmark = pytest.mark.integration

READING = {
    "status": ["status"],
    "health": ["health"],
    "tree": ["tree"],
    "ps": ["ps"],
    "orders": ["orders"],
    "positions": ["positions"],
    "trace": ["trace", "rdaaa"],
    "store": ["store"],
    "store show": ["store", "show", "risk"],
}


@pytest.mark.parametrize("name", READING)
def test_with_json_stdout_is_one_object_of_the_promised_form(
    name: str, desk: StoredDesk, command: Command
) -> None:
    said = command(*READING[name], "--json", on=desk)

    assert said.code == Exit.OK, said.err
    msgspec.json.decode(said.out.encode(), type=DOCUMENTS[name])
    assert said.err == ""


@pytest.mark.parametrize("name", READING)
def test_without_a_terminal_text_has_no_colour(name: str, desk: StoredDesk, command: Command) -> None:
    said = command(*READING[name], on=desk)

    assert said.code == Exit.OK, said.err
    assert said.out.strip()
    assert "\x1b[" not in said.out


@pytest.mark.parametrize("name", READING)
def test_a_desk_that_has_not_begun_can_be_looked_at(
    name: str, empty_desk: StoredDesk, command: Command
) -> None:
    said = command(*READING[name], "--json", on=empty_desk)

    assert said.code == {"health": Exit.TROUBLE, "trace": Exit.TROUBLE, "store show": Exit.USAGE}.get(
        name, Exit.OK
    )
    assert "Traceback" not in said.err


def test_status_tells_environment_arming_mode_and_money(desk: StoredDesk, command: Command) -> None:
    document = command("status", "--json", on=desk).json

    assert (document["environment"], document["side_effects"], document["armed"]) == ("paper", "paper", True)
    assert (document["mode"], document["nav"]) == ("normal", "99999")
    assert document["given_up"] == [stories.STRATEGY]
    assert document["actors_alive"] == document["actors"] == 4


def test_health_ends_with_one_when_a_heart_stands_still(
    desk: StoredDesk, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert command("health", on=desk).code == Exit.OK

    desk.claim("risk", step=4, left="crash: no")
    said = command("health", "--json", on=desk)

    assert said.code == Exit.TROUBLE
    assert [check["name"] for check in said.json["checks"] if not check["ok"]] == ["risk"]


def test_health_and_status_tell_at_one_call_of_a_heart_that_does_not_beat_any_more(
    desk: StoredDesk, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process that was killed leaves no word: its heartbeat only stands still."""
    desk.hang_after("200ms")
    monkeypatch.setattr(desks._LivingStore, "silent", ("risk",))
    said = command("health", "--json", on=desk)

    assert said.code == Exit.TROUBLE
    [check] = [check for check in said.json["checks"] if check["name"] == "risk"]
    assert "no heartbeat for" in check["detail"]
    assert command("status", "--json", on=desk).json["actors_alive"] == 3


def test_orders_can_be_narrowed(desk: StoredDesk, command: Command) -> None:
    assert command("orders", "--json", "--open", on=desk).json["orders"] == []
    assert command("orders", "--json", "--state", "filled", on=desk).json["total"] == 1
    assert command("orders", "--json", "--symbol", "ETH-USDT", on=desk).json["total"] == 0


def test_orders_of_a_symbol_that_the_desk_does_not_know_are_an_error(
    desk: StoredDesk, command: Command
) -> None:
    said = command("orders", "--symbol", "BTCUSDT", on=desk)
    assert said.code == Exit.USAGE
    assert "--symbol: the desk does not know it (found 'BTCUSDT') — one of BTC-USDT" in said.err


@pytest.mark.parametrize("ended", [True, False])
def test_status_says_why_the_desks_time_stands_still(desk: StoredDesk, command: Command, ended: bool) -> None:
    desk.progress = Progress(2, 1, 2, False, ended)
    assert ("the market data has ended" in command("status", on=desk).out) == ended


def test_positions_show_marks_and_profit(desk: StoredDesk, command: Command) -> None:
    [position] = command("positions", "--json", on=desk).json["positions"]

    assert (position["quantity"], position["average_price"]) == ("0.5", "60000")
    assert (position["bid"], position["unrealized"]) == ("60010", "5")


def test_the_tree_shows_the_child_that_was_given_up_and_why(desk: StoredDesk, command: Command) -> None:
    text = command("tree", on=desk).out

    assert "strategy/BTC-USDT GIVEN_UP" in text
    assert "1 restarts" in text
    assert "start_failed" in text


def test_trace_of_an_unknown_order_is_an_error(desk: StoredDesk, command: Command) -> None:
    said = command("trace", "nonsense", on=desk)

    assert said.code == Exit.TROUBLE
    assert "no order or intent of this id" in said.err


def test_the_store_lists_dead_letters_and_decodes_journals(desk: StoredDesk, command: Command) -> None:
    desk.put_aside("risk", "ValueError: no")
    overview = command("store", "--json", on=desk).json
    shown = command("store", "show", "risk", "--json", "--count", "2", on=desk).json

    assert overview["dead_letters"] == 1
    assert overview["newest_dead_letters"][0]["error"] == "ValueError: no"
    assert [each["step"] for each in shown["records"]] == [3, 4]
    assert shown["records"][1]["events"][0]["type"] == "MarksTaken"


def test_store_show_of_an_unknown_actor_names_those_there_are(desk: StoredDesk, command: Command) -> None:
    said = command("store", "show", "nobody", on=desk)

    assert said.code == Exit.USAGE
    assert "execution/paper" in said.err


# ---------------------------------------------------------------------- the kill switch


def answering(desk: StoredDesk, decided: ModeDecided) -> None:
    """Let risk answer the next message with this mode."""

    def answer(message: Message) -> None:
        desk.append("risk", record(5, T0, decided))

    desk.on_post = answer


def test_halt_posts_the_kill_switch_and_waits_for_risk(desk: StoredDesk, command: Command) -> None:
    answering(desk, stories.halted_mode())
    said = command("halt", "--reason", "drill", "--json", on=desk)
    [halt] = desk.posted

    assert said.code == Exit.OK
    assert isinstance(halt, Halt)
    assert (halt.reason, halt.flatten) == ("drill", False)
    assert halt.by
    assert (said.json["confirmed"], said.json["mode"]) == (True, "halted")
    assert said.json["mode_causes"]["operator"]["clearing"] == "person"


def test_halt_that_risk_does_not_confirm_ends_with_one(desk: StoredDesk, command: Command) -> None:
    said = command("halt", "--wait", "0.05", on=desk)

    assert said.code == Exit.TROUBLE
    assert "not confirmed" in said.out


def test_resume_needs_words_and_waits_for_risk(desk: StoredDesk, command: Command) -> None:
    desk.append("risk", record(5, T0, stories.halted_mode()))
    normal = ModeDecided(Mode.NORMAL, 3, {}, "resumed", T0)
    desk.on_post = lambda message: desk.append("risk", record(6, T0, normal))
    said = command("resume", "--ack", "positions checked", "--json", on=desk)
    [resume] = desk.posted

    assert said.code == Exit.OK
    assert isinstance(resume, Resume)
    assert resume.acknowledgement == "positions checked"
    assert said.json["mode"] == "normal"


def test_flatten_tells_what_is_still_held(desk: StoredDesk, command: Command) -> None:
    said = command("flatten", "BTC-USDT", "--stages", "3", "--wait", "0.05", "--json", on=desk)
    [flatten] = desk.posted

    assert said.code == Exit.TROUBLE
    assert isinstance(flatten, Flatten)
    assert (flatten.symbol, flatten.venue, flatten.stages) == ("BTC-USDT", None, 3)
    [left] = said.json["left"]
    assert (left["symbol"], left["quantity"], said.json["flat"]) == ("BTC-USDT", "0.5", False)


def test_flatten_is_done_when_nothing_it_names_is_held(desk: StoredDesk, command: Command) -> None:
    said = command("flatten", "ETH-USDT", "--wait", "0.05", on=desk)

    assert said.code == Exit.OK
    assert "flat: nothing was held" in said.out


def test_flatten_tells_what_it_closed_even_if_the_desk_has_opened_it_again(
    desk: StoredDesk, command: Command
) -> None:
    started = FlattenStarted("paper", "BTC-USDT", "operator", T0)
    ended = FlattenEnded("paper", "BTC-USDT", True, T0)
    desk.on_post = lambda message: desk.append("risk", record(5, T0, started, ended))
    said = command("flatten", "--wait", "5", on=desk)

    assert said.code == Exit.OK
    assert "flat: 1 of 1 positions closed in" in said.out
    assert " ".join(said.out.split()).endswith("paper BTC-USDT 0.5 closed")


def test_flatten_waits_for_what_risk_still_closes(desk: StoredDesk, command: Command) -> None:
    started = FlattenStarted("paper", "BTC-USDT", "operator", T0)
    ended = FlattenEnded("paper", "BTC-USDT", False, T0)
    desk.on_post = lambda message: desk.append("risk", record(5, T0, started, ended))
    said = command("flatten", "--wait", "0.05", on=desk)

    assert said.code == Exit.TROUBLE
    assert "not flat yet: 0 of 1 positions closed" in said.out
    assert "still held" in said.out


def test_flatten_refuses_names_that_the_desk_does_not_know(desk: StoredDesk, command: Command) -> None:
    said = command("flatten", "--venue", "nowhere", on=desk)

    assert said.code == Exit.USAGE
    assert "nowhere" in said.err
    assert desk.posted == []


def test_every_command_lets_go_of_the_desk(desk: StoredDesk, command: Command) -> None:
    for arguments in READING.values():
        command(*arguments, on=desk)

    assert desk.closed == len(READING)
    assert desk.stopped == 0
    assert desks.HERE.pid == 4242
