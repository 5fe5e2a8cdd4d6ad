"""The kill file as risk's process watches it: there, gone, not readable, and told again when it was not taken."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from cluster.host import kill_file
from cluster.host.kill_file import read_kill_file, watch_kill_file
from messages.control import KillFileSeen

pytestmark = pytest.mark.unit


def test_what_is_in_it_is_told_and_what_can_t_be_read_counts_as_there(tmp_path: Path) -> None:
    path = tmp_path / "halt"
    assert read_kill_file(path) is None
    path.write_bytes(b" flood in the data centre\n")
    assert read_kill_file(path) == "flood in the data centre"
    path.write_bytes(b"\xff" * 10_000)
    assert 0 < len(read_kill_file(path) or "") <= 500
    assert "can't be read" in (read_kill_file(tmp_path) or "")
    (tmp_path / "file").touch()
    assert "can't be read" in (read_kill_file(tmp_path / "file" / "halt") or "")


def test_every_change_is_told_until_it_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kill_file, "LOOK_S", 0.001)
    path, sources, told = tmp_path / "halt", set[str](), list[KillFileSeen]()

    async def until(count: int) -> None:
        while len(told) < count:
            await asyncio.sleep(0.001)

    async def work() -> None:
        watching = asyncio.create_task(watch_kill_file(path, lambda: sources, told.append))
        await asyncio.sleep(0.02)
        assert told == []
        staged = tmp_path / "staged"
        staged.write_text("flood", encoding="utf-8")
        staged.rename(path)  # whole, for it is read meanwhile
        await until(2)  # nobody takes it
        assert told[0] == told[1] == KillFileSeen(str(path), True, "flood")
        sources.add("kill_file")
        await asyncio.sleep(0.02)
        told.clear()
        path.unlink()
        await until(1)
        assert told[0] == KillFileSeen(str(path), False, "")
        watching.cancel()

    async def bounded() -> None:
        async with asyncio.timeout(60):
            await work()

    asyncio.run(bounded())
