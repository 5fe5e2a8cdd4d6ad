"""Desks that must not come up: each refusal says what is wrong and where, and leaves nothing behind."""

from __future__ import annotations

import asyncio
import gzip
import os
from pathlib import Path
from typing import Any

import psutil
import pytest

from cluster.desk import start_desk
from messages.errors import ConfigurationError, DataProviderError, DeskError, StoreUnavailableError
from tests.chaos.desks import settings
from tests.leftovers import processes_of

pytestmark = pytest.mark.chaos

RECORDED = {"mode": "recorded"}
QUOTES = "time,symbol,bid,ask,bid_size,ask_size\n1723161255000,BTCUSDT,60000.0,60000.1,1,1\n"


def refusal(folder: Path, *, data: list[Path] | None = None, **parts: Any) -> DeskError:
    """Why a desk with these settings does not start."""
    before = {process.pid for process in psutil.Process().children(recursive=True)}
    loaded = settings(folder, "refused", **parts)
    with pytest.raises(DeskError) as raised:
        asyncio.run(start_desk(loaded, data=data or [], speed="lockstep", folder=folder, environ=os.environ))
    assert not processes_of(folder), "a process was left behind"
    assert {process.pid for process in psutil.Process().children(recursive=True)} <= before
    return raised.value


def test_a_redis_that_does_not_answer(tmp_path: Path) -> None:
    error = refusal(tmp_path, redis={"mode": "url", "url": f"unix://{tmp_path}/nobody.sock"})
    assert isinstance(error, StoreUnavailableError)
    assert "nobody.sock" in str(error)


def test_a_recording_that_is_not_there(tmp_path: Path) -> None:
    error = refusal(tmp_path, feed=RECORDED, data=[tmp_path / "missing.csv"])
    assert isinstance(error, DataProviderError)
    assert "missing.csv" in str(error)


def test_a_recording_that_was_written_half(tmp_path: Path) -> None:
    whole = gzip.compress((QUOTES * 2_000).encode())
    half = tmp_path / "half.csv.gz"
    half.write_bytes(whole[: len(whole) // 2])
    error = refusal(tmp_path, feed=RECORDED, data=[half])
    assert isinstance(error, DataProviderError)
    assert "half.csv.gz" in str(error)


def test_a_symbol_that_the_recordings_do_not_have(tmp_path: Path) -> None:
    only_bitcoin = tmp_path / "quotes.csv"
    only_bitcoin.write_text(QUOTES)
    error = refusal(tmp_path, feed=RECORDED, data=[only_bitcoin])
    assert isinstance(error, ConfigurationError | DataProviderError)
    assert "ETH-USDT" in str(error)
