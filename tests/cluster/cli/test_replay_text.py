"""What a replay found, as people read it."""

from __future__ import annotations

from decimal import Decimal
from io import StringIO

import pytest
from rich.console import Console

from cluster.cli.documents import ReplayDocument
from cluster.cli.replay_text import replay_text, what_if_text
from cluster.replaying.results import ActorReplay, ActorWhatIf, ChangedDecision, VerdictView
from messages.intents import Verdict
from messages.reasons import Reason

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


def test_two_rejections_of_one_intent_differ_in_their_reason() -> None:
    before, after = (
        VerdictView(
            Verdict.REJECTED, reason, Decimal(0), "gross_exposure", Decimal(limit), Decimal(9000), "quote"
        )
        for reason, limit in ((Reason.BELOW_MINIMUM_AFTER_RESIZE, 8000), (Reason.SYMBOL_EXPOSURE, 6000))
    )
    changed = ChangedDecision(7, 1, "x#1", "ema", "BTC-USDT", "buy", Decimal(1), before, after)
    document = ReplayDocument(
        "mine",
        "c0ffee",
        "1",
        "1",
        ("risk.max_gross_exposure=6%",),
        None,
        (),
        (ActorWhatIf("risk", 0, 9, 3, (changed,), (), None, ()),),
    )
    out = StringIO()
    Console(file=out, width=250, no_color=True).print(what_if_text(document))
    assert "rejected below_min_after_caps; tightest: gross_exposure, limit 8000" in out.getvalue()
    assert "rejected symbol_cap; tightest: gross_exposure, limit 6000" in out.getvalue()
