"""The measurement of feeds: its frames are a venue's, and every one is counted."""

from __future__ import annotations

from collections import Counter

import pytest

from actors.venues.binance_usdm.market_frames import decode_frame
from cluster.bench.feed import FeedPlan, make_frames, measure_feed
from cluster.bench.runner import run_bench

pytestmark = pytest.mark.unit


def test_frames_are_made_from_a_seed_in_recorded_proportions() -> None:
    frames = make_frames(1_400)
    assert frames == make_frames(1_400)
    kinds = Counter(type(decode_frame(frame)).__name__ for frame in frames)
    assert kinds == {"BookTicker": 1_000, "AggTrade": 300, "DepthUpdate": 100}


def test_rates_are_measured_beside_plain_decoding() -> None:
    found = measure_feed(FeedPlan(frames=500, rounds=1))
    assert set(found) == {"decode", "book", "rows"}
    assert found["decode"]["floor_plain_json_per_s"] > 0
    assert found["decode"]["frames_per_s"] > found["book"]["frames_per_s"] > 0


def test_the_bench_knows_the_section_and_its_aims() -> None:
    result = run_bench(["feed"], quick=True)
    assert [aim["figure"] for aim in result["aims"]] == ["feed.decode.frames_per_s", "feed.book.frames_per_s"]
