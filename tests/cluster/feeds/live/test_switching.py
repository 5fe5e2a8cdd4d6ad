"""When a symbol is polled: the rule, its hysteresis, its modes."""

from __future__ import annotations

import pytest

from cluster.feeds.live.settings import FeedMode, LiveFeedSettings
from cluster.feeds.live.switching import Switch
from messages.errors import ConfigurationError

pytestmark = pytest.mark.unit

SETTINGS = LiveFeedSettings(grace_s=2.0, settle_s=10.0, silent_s=30.0)


def switch(settings: LiveFeedSettings = SETTINGS) -> Switch:
    return Switch(["A", "B"], settings, 0.0)


def test_a_stream_that_does_not_come_up_is_polled_after_the_grace() -> None:
    judge = switch()
    assert judge.polled(1.9) == []
    assert judge.polled(2.0) == ["A", "B"] == judge.polling
    assert judge.switches == 2


def test_a_stream_that_comes_up_late_at_the_start_ends_polling_at_once() -> None:
    judge = switch()
    assert judge.polled(5.0) == ["A", "B"]
    judge.restored(["A"], 6.0)
    assert judge.polled(6.0) == ["B"]
    judge.interrupted(["A"])
    assert judge.polled(9.0) == ["B"]
    assert judge.polled(11.0) == ["A", "B"]
    judge.restored(["A"], 12.0)
    assert judge.polled(12.0) == ["A", "B"]


def test_a_short_interruption_is_not_polled() -> None:
    judge = switch()
    judge.restored(["A", "B"], 0.5)
    assert judge.polled(1.0) == []
    judge.interrupted(["A"])
    assert judge.polled(20.0) == []
    judge.restored(["A"], 21.0)
    assert judge.polled(21.5) == []
    assert judge.polled(24.0) == []


def test_only_the_symbols_that_are_down_are_polled_and_they_go_back_when_well_for_long_enough() -> None:
    judge = switch()
    judge.restored(["A", "B"], 0.0)
    judge.polled(0.0)
    judge.interrupted(["A"])
    assert judge.polled(1.0) == []
    assert judge.polled(3.0) == ["A"]
    judge.restored(["A"], 5.0)
    assert judge.polled(5.0) == ["A"]
    assert judge.polled(12.0) == ["A"]
    judge.interrupted(["A"])
    judge.polled(13.0)
    judge.restored(["A"], 14.0)
    assert judge.polled(14.0) == ["A"]
    assert judge.polled(23.9) == ["A"]
    assert judge.polled(24.0) == [] == judge.polling
    assert judge.switches == 1


def test_a_silent_symbol_is_polled_though_its_stream_is_up() -> None:
    judge = switch()
    judge.restored(["A", "B"], 0.0)
    judge.polled(0.0)
    judge.heard("A", 25.0)
    assert judge.polled(31.0) == []
    assert judge.polled(33.0) == ["B"]
    assert judge.up("B")


@pytest.mark.parametrize(("mode", "polled"), [(FeedMode.POLL, ["A", "B"]), (FeedMode.STREAM, [])])
def test_the_other_modes_never_switch(mode: FeedMode, polled: list[str]) -> None:
    judge = switch(LiveFeedSettings(mode=mode))
    assert judge.polled(0.0) == judge.polled(1000.0) == judge.polling == polled
    assert judge.switches == 0


def test_settings_that_make_no_sense_are_refused() -> None:
    with pytest.raises(ConfigurationError, match="above zero"):
        LiveFeedSettings(poll_s=0.0)
