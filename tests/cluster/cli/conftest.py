"""Fixtures of the commands' tests: a desk with a story behind it, and a way to run commands on it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import pytest

from cluster.cli import desks as finding
from cluster.cli.main import run
from tests.cluster.cli.desks import FakeDesk, StoredDesk, unique_name
from tests.cluster.observe import stories


class Said(NamedTuple):
    """What a command left: its exit code, stdout and stderr."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Its stdout, which must be one JSON object."""
        return json.loads(self.out)


Command = Callable[..., Said]


@pytest.fixture
def empty_desk(redis_url: str) -> Iterator[StoredDesk]:
    """A desk that has no journals yet."""
    stored = StoredDesk(redis_url, unique_name())
    yield stored
    stored.close()


@pytest.fixture
def desk(empty_desk: StoredDesk) -> StoredDesk:
    """A desk that has made one trade and lost one child."""
    empty_desk.write([*stories.one_trade(), *stories.a_given_up_child()])
    return empty_desk


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Command:
    """Runs a command line; `on=` is the desk that it finds, none without."""

    def run_command(*arguments: str, on: StoredDesk | None = None) -> Said:
        if on is not None:

            async def found(name: str, folder: object) -> FakeDesk:
                return FakeDesk(on)

            monkeypatch.setattr(finding, "find", found)
        capfd.readouterr()
        code = run(list(arguments))
        return Said(int(code), *capfd.readouterr())

    return run_command
