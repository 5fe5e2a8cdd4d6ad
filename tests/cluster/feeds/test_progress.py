"""The progress bar: what it shows, and that it stays silent where nobody looks."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from cluster.feeds.progress import FeedProgress
from tests.cluster.feeds.recordings import START, chunk_at

pytestmark = pytest.mark.unit

SECOND = 1_000_000_000


class Clock:
    """Machine time that stands where it is put."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


def terminal() -> Console:
    return Console(file=io.StringIO(), force_terminal=True, width=160)


def shown(console: Console) -> str:
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_it_shows_rows_rate_desk_time_and_share_done() -> None:
    console, clock = terminal(), Clock()
    with FeedProgress(START, START + 100 * SECOND, console=console, get_time=clock) as progress:
        clock.now += 2.0
        progress.advance(5000, START + 25 * SECOND)
    text = shown(console)
    assert "5,000 rows" in text
    assert "2,500 rows/s" in text
    assert "25%" in text
    assert "2024-08-08 23:54:40" in text


def test_it_counts_the_chunks_that_pass_and_changes_none() -> None:
    chunks = [chunk_at([START, START + 1]), chunk_at([]), chunk_at([START + 2])]
    with FeedProgress(START, START + 2, console=terminal()) as progress:
        assert list(progress.track(iter(chunks))) == chunks
    assert progress.rows == 3


def test_a_run_without_end_shows_no_share() -> None:
    console = terminal()
    with FeedProgress(START, None, console=console) as progress:
        progress.advance(10, START + SECOND)
    assert "10 rows" in shown(console)
    assert "100%" not in shown(console)


def test_without_a_terminal_it_prints_nothing() -> None:
    console = Console(file=io.StringIO())
    with FeedProgress(START, START + SECOND, console=console) as progress:
        progress.advance(10, START + SECOND)
    assert shown(console) == ""
    assert progress.rows == 10
