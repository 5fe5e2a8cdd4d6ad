"""Logs: every named event of a committed step, at its actor's level, with ids, and never a secret."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cluster.logs import LOGGER, LogSettings, configure_logging, log_file, log_step, set_level
from cluster.store.port import Position, Section
from messages.base import Envelope, Message
from messages.control import DecisionFailed
from messages.intents import Verdict
from messages.orders import OrderState
from messages.reasons import Reason
from tests.cluster.observe import stories
from tests.cluster.observe.stories import T0, record

pytestmark = pytest.mark.unit


@pytest.fixture(autouse=True)
def _restored() -> Iterator[None]:
    logger = logging.getLogger(LOGGER)
    before = (list(logger.handlers), logger.level, logger.propagate)
    yield
    for handler in list(logger.handlers):
        logger.removeHandler(handler)
        handler.close()
    logger.handlers[:], logger.propagate = before[0], before[2]
    logger.setLevel(before[1])


def section(address: str, *events: Message, fault: Message | None = None) -> Section:
    """A committed step."""
    sent = Envelope(address, 9, "risk", f"{address}#3", "feed:41", T0, stories.decided())
    return Section(
        address=address,
        epoch=3,
        position=Position(step=17, now=T0),
        record=record(17, T0, *events, inputs=[stories.observation()], fault=fault),
        envelopes=[sent],
        timers={},
        cancelled_timers=(),
        taken_urgent=0,
        taken_mailbox=0,
    )


def lines(settings: LogSettings, *sections: Section, secrets: tuple[str, ...] = ()) -> list[str]:
    """What is logged of these steps."""
    stream = io.StringIO()
    configure_logging(settings, desk="demo", secrets=secrets, stream=stream)
    for each in sections:
        log_step(each)
    return stream.getvalue().splitlines()


def as_json(settings: dict[str, Any], *sections: Section) -> list[dict[str, Any]]:
    """The same, as JSON objects."""
    return [json.loads(line) for line in lines(LogSettings(format="json", **settings), *sections)]


def test_a_rejection_is_logged_with_cycle_reason_and_layer() -> None:
    rejected = stories.decided(verdict=Verdict.REJECTED, reason=Reason.SYMBOL_EXPOSURE)
    [line] = as_json({}, section("risk", rejected))

    assert line["event"] == "intent_decided"
    assert (line["reason_code"], line["decision_layer"], line["cycle_id"]) == (
        "symbol_cap",
        "risk",
        "feed:41",
    )
    assert (line["desk"], line["actor"], line["step"], line["epoch"]) == ("demo", "risk", 17, 3)
    assert (line["symbol"], line["venue"], line["intent_id"]) == ("BTC-USDT", "paper", stories.INTENT)
    assert (line["cause"], line["sent"], line["inputs"]) == ("risk#3", "risk#9", "observation:41")
    assert line["message"] == "buy 0.5 BTC-USDT rejected: symbol_cap"


def test_events_without_a_name_are_not_logged() -> None:
    assert as_json({}, section("risk", stories.marks())) == []


def test_an_order_names_its_venue_and_symbol() -> None:
    [line] = as_json({}, section("execution/paper", stories.placing()))

    assert (line["symbol"], line["venue"], line["client_order_id"]) == ("BTC-USDT", "paper", "rdaaa")


def test_levels_are_per_actor_and_the_longest_beginning_wins() -> None:
    settings = {"level": "error", "levels": {"strategy/": "warning", "strategy/BTC": "info"}}
    order = stories.moved(OrderState.WORKING, T0)
    logged = as_json(
        settings, *(section(name, order) for name in ("strategy/BTC-USDT", "strategy/ETH-USDT", "risk"))
    )

    assert [line["actor"] for line in logged] == ["strategy/BTC-USDT"]


def test_a_level_can_be_changed_while_the_process_runs() -> None:
    stream = io.StringIO()
    configure_logging(LogSettings(level="error"), desk="demo", stream=stream)
    log_step(section("risk", stories.decided()))
    set_level("risk", "info")
    log_step(section("risk", stories.decided()))

    assert len(stream.getvalue().splitlines()) == 1


def test_a_failed_decision_is_an_error_with_its_reason() -> None:
    fault = DecisionFailed(input="k", reason="exception:ValueError", error="ValueError: no")
    [line] = as_json({}, section("strategy/BTC-USDT", fault=fault))

    assert (line["level"], line["reason_code"]) == ("error", "exception:ValueError")


def test_secrets_and_passwords_in_urls_are_masked() -> None:
    stream = io.StringIO()
    configure_logging(LogSettings(), desk="demo", secrets=("s3cret",), stream=stream)
    logging.getLogger(f"{LOGGER}.store").error(
        "lost %s", "redis://:hunter2@localhost:6379/0", extra={"key": "s3cret"}
    )

    assert "hunter2" not in stream.getvalue()
    assert "s3cret" not in stream.getvalue()
    assert "redis://:********@localhost:6379/0" in stream.getvalue()


def test_text_is_one_line_with_actor_event_and_ids() -> None:
    [line] = lines(LogSettings(), section("risk", stories.decided()))

    assert "INFO     risk" in line
    assert "intent_decided: buy 0.5 BTC-USDT approved 0.5" in line
    assert "step=17" in line


def test_every_process_rotates_a_file_of_its_own(tmp_path: Path) -> None:
    settings = LogSettings(file=str(tmp_path / "logs" / "desk.log"), max_bytes=2_000, backups=2)
    configure_logging(settings, desk="demo", actor="strategy/BTC-USDT", stream=io.StringIO())
    for _ in range(40):
        log_step(section("strategy/BTC-USDT", stories.decided()))

    assert log_file(settings, "risk") == tmp_path / "logs" / "desk.risk.log"
    assert sorted(path.name for path in (tmp_path / "logs").iterdir()) == [
        "desk.strategy_BTC-USDT.log",
        "desk.strategy_BTC-USDT.log.1",
        "desk.strategy_BTC-USDT.log.2",
    ]


def test_all_lines_of_a_step_are_written_at_once_and_share_what_it_took_and_sent() -> None:
    class Counting(io.StringIO):
        writes = 0

        def write(self, text: str) -> int:
            self.writes += 1
            return super().write(text)

    stream = Counting()
    configure_logging(LogSettings(), desk="demo", stream=stream)
    rejected = stories.decided(verdict=Verdict.REJECTED, reason=Reason.SYMBOL_EXPOSURE)
    log_step(section("risk", stories.decided(), stories.marks(), rejected))

    first, second = stream.getvalue().splitlines()
    assert stream.writes == 1
    assert "approved 0.5 [step=17 epoch=3 symbol=BTC-USDT" in first
    assert "rejected: symbol_cap [step=17 epoch=3 symbol=BTC-USDT" in second
    assert first.endswith("sent=risk#9 cause=risk#3 cycle_id=feed:41 inputs=observation:41]")
    assert second.endswith("sent=risk#9 cause=risk#3 cycle_id=feed:41 inputs=observation:41]")


def test_a_step_that_is_below_the_level_is_not_even_worded(monkeypatch: pytest.MonkeyPatch) -> None:
    worded: list[Message] = []
    monkeypatch.setattr("cluster.logs.describe", lambda event: worded.append(event) or "")
    assert lines(LogSettings(level="warning"), section("risk", stories.decided())) == []
    assert worded == []
