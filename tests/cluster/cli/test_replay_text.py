"""What a replay found, as people read it."""

from __future__ import annotations

from io import StringIO

import pytest
from rich.console import Console

from cluster.cli.documents import ReplayDocument
from cluster.cli.replay_text import replay_text
from cluster.replaying.results import ActorReplay

pytestmark = pytest.mark.unit

LIVE = "its prices were live"


def told(*skipped: str) -> str:
    """The text of a replay of risk, and of these strategies that it passed over."""
    actors = (
        ActorReplay("risk", 0, 9, 9, None, None, ()),
        *(ActorReplay(name, 0, 0, 0, None, LIVE, ()) for name in skipped),
    )
    out = StringIO()
    document = ReplayDocument("mine", "c0ffee", "1", "1", (), True, actors, ())
    Console(file=out, width=200, no_color=True).print(replay_text(document))
    return out.getvalue()


def test_what_was_passed_over_is_part_of_the_verdict_and_told_once() -> None:
    text = told("strategy/BTC-USDT", "strategy/ETH-USDT")
    assert text.count(LIVE) == 1
    assert f"not replayed: strategy/BTC-USDT, strategy/ETH-USDT: {LIVE}" in text
    assert "bit-identical, but 2 of 3 actors were not replayed" in text


def test_a_whole_replay_is_bit_identical() -> None:
    assert told().rstrip().endswith("bit-identical")
