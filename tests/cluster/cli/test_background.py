"""Desks in the background: one of a name, told why when it does not come up, ended by its holder."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from cluster.cli import background
from cluster.cli import desks as finding
from cluster.cli.background import Started
from cluster.cli.exits import DeskNotRunningError, Exit
from cluster.host.lease import this_incarnation
from cluster.store.port import Incarnation
from messages.errors import DeskLockedError, StoreError
from tests.cluster.cli.conftest import Command
from tests.cluster.cli.desks import FakeDesk, StoredDesk

pytestmark = pytest.mark.integration


@pytest.fixture
def found(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Lets this desk be found, or none."""

    def let(desk: StoredDesk | None) -> None:
        async def find(name: str, folder: object) -> FakeDesk:
            if desk is None:
                raise DeskNotRunningError("no such desk is running")
            return FakeDesk(desk)

        for module in (background, finding):
            monkeypatch.setattr(module, "find", find)

    return let


@pytest.fixture
def sleeper() -> Iterator[subprocess.Popen[bytes]]:
    """A process that stands for one that holds a desk."""
    process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    yield process
    process.kill()
    process.wait()


def test_a_second_desk_of_a_name_is_refused_with_who_is_first(desk: StoredDesk, found: Any) -> None:
    found(desk)
    with pytest.raises(DeskLockedError, match="raydesk down") as caught:
        asyncio.run(background.refuse_second(desk.name, None))

    assert "pid 4242" in str(caught.value)
    found(None)
    asyncio.run(background.refuse_second(desk.name, None))


def test_the_name_of_a_desk_whose_holder_was_killed_is_free_at_once(
    desk: StoredDesk, monkeypatch: pytest.MonkeyPatch, sleeper: subprocess.Popen[bytes]
) -> None:
    fakes = FakeDesk(desk), FakeDesk(desk)
    for each in fakes:
        each.owner.incarnation = holder_of(sleeper)
    left = iter(fakes)

    async def find(name: str, folder: object) -> FakeDesk:
        return next(left)

    monkeypatch.setattr(background, "find", find)
    with pytest.raises(DeskLockedError, match=f"pid {sleeper.pid}"):
        asyncio.run(background.refuse_second(desk.name, None))
    sleeper.kill()
    sleeper.wait()
    asyncio.run(background.refuse_second(desk.name, None))


def test_hearts_that_beat_before_the_tree_is_up_are_those_of_an_earlier_one(
    desk: StoredDesk, monkeypatch: pytest.MonkeyPatch, sleeper: subprocess.Popen[bytes]
) -> None:
    """The actors of a desk whose holder was killed live on for a moment, beside the one that is starting."""
    up = [False, True]

    async def find(name: str, folder: object) -> FakeDesk:
        fake = FakeDesk(desk)
        fake.owner.incarnation = holder_of(sleeper)
        fake.owner.tree_up = up.pop(0)
        return fake

    monkeypatch.setattr(finding, "find", find)
    asyncio.run(background.until_healthy(Started(sleeper.pid, ""), desk.name, None, 60.0))
    assert not up


def test_what_a_desk_in_the_background_says_lies_in_its_folder(tmp_path: Path) -> None:
    started = background.start(["--help"], tmp_path / "desks" / "one")
    os.waitpid(started.pid, 0)
    assert Path(started.log) == tmp_path / "desks" / "one" / "up.log"
    assert "raydesk" in Path(started.log).read_text()


def test_up_refuses_before_it_starts_anything(
    desk: StoredDesk, found: Any, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    found(desk)
    monkeypatch.setattr(background, "start", lambda *_: pytest.fail("it started one"))
    said = command("up", "demo")

    assert said.code == Exit.TROUBLE
    assert "a desk of this name is running" in said.err


def test_a_desk_that_ends_while_it_starts_is_told_with_the_end_of_its_log(tmp_path: Path, found: Any) -> None:
    found(None)
    log = tmp_path / "up.log"
    log.write_text("error: redis.url: no such host\n")
    process = subprocess.Popen([sys.executable, "-c", "pass"])

    with pytest.raises(StoreError, match="no such host"):
        asyncio.run(background.until_healthy(Started(process.pid, str(log)), "demo", None, 20.0))


def test_a_desk_that_does_not_become_healthy_is_told_in_time(
    desk: StoredDesk, found: Any, sleeper: subprocess.Popen[bytes], tmp_path: Path
) -> None:
    found(desk)  # healthy, but held by another process
    with pytest.raises(StoreError, match="not healthy after"):
        asyncio.run(
            background.until_healthy(Started(sleeper.pid, str(tmp_path / "none")), desk.name, None, 0.1)
        )


def holder_of(process: subprocess.Popen[bytes]) -> Incarnation:
    """The identity of that process on this machine."""
    from cluster.host.lease import _started

    return msgspec.structs.replace(this_incarnation(), pid=process.pid, started=_started(process.pid) or 0)


def test_down_tells_the_holder_to_end_and_waits_for_it(
    desk: StoredDesk, sleeper: subprocess.Popen[bytes]
) -> None:
    async def there() -> None:
        fake = FakeDesk(desk)
        fake.owner.incarnation = holder_of(sleeper)
        await background.stop(fake, 10.0)  # type: ignore[arg-type]

    asyncio.run(there())

    assert sleeper.wait(60) == -signal.SIGTERM
    assert desk.stopped == 0


def test_down_stops_a_desk_whose_holder_is_gone(desk: StoredDesk) -> None:
    asyncio.run(_stop(desk))

    assert (desk.stopped, desk.closed) == (1, 1)


async def _stop(desk: StoredDesk) -> None:
    await background.stop(FakeDesk(desk), 1.0)  # type: ignore[arg-type]
