"""Processes of a measurement: they answer, their errors are told by name, and none stays behind."""

from __future__ import annotations

import os
from pathlib import Path

import psutil
import pytest

from cluster.bench.crew import BenchError, Crew

pytestmark = pytest.mark.integration


class Echo:
    """Answers, fails or dies, as it is asked to."""

    async def open(self) -> None:
        print("at work", flush=True)

    async def close(self) -> None:
        pass

    async def pid(self) -> int:
        return os.getpid()

    async def fail(self, why: str) -> None:
        raise BenchError(why)

    async def die(self) -> None:
        os._exit(3)


def test_a_role_answers_from_a_process_of_its_own_that_ends_with_the_crew(tmp_path: Path) -> None:
    with Crew(tmp_path) as crew:
        pid = crew.start("echo", Echo).ask("pid")
        assert pid != os.getpid()
    assert not psutil.pid_exists(pid)
    assert (tmp_path / "echo.log").read_text() == "at work\n"


def test_a_failure_and_a_death_say_which_process_and_what_it_last_wrote(tmp_path: Path) -> None:
    with Crew(tmp_path) as crew:
        echo = crew.start("echo", Echo)
        with pytest.raises(BenchError, match=r"bench\.echo: the measurement failed: too small.*at work"):
            echo.ask("fail", "too small")
        with pytest.raises(BenchError, match=r"bench\.echo: the measurement failed: its process ended"):
            echo.ask("die")
