"""A pipeline on real processes is killed with -9: what it learned, holds and waits for is back; stops fire at once.

Between two kills somebody asks what it would do, which must not show in anything either.
"""

from __future__ import annotations

import asyncio
import os
import signal
from decimal import Decimal
from pathlib import Path

import pytest

from actors.strategy.pipeline.memory import PipelineMemory
from actors.strategy.probing import ProbeAnswer
from cluster.backtest.runner import prepare, result_of
from cluster.steps.recovery import state_digest
from config import LoadedConfig
from messages import codec
from messages.decisions import ExitTriggered
from messages.reasons import Reason
from tests.chaos.desks import BTC, PROFILE, SECOND, Session, session, settings, until
from tests.chaos.evidence import require_digests, require_sound
from tests.chaos.strategies import PIPELINE

pytestmark = pytest.mark.chaos

KILLS = (35, 70)
"""When, in seconds of desk time."""

BTC_ONLY = {"BTC-USDT": PROFILE["symbols"]["BTC-USDT"]}


def loaded(folder: Path, name: str, kind: str, *overrides: str, mode: str = "synthetic") -> LoadedConfig:
    market = {**PROFILE["feed"]["synthetic"], "duration": "100s", "quotes_per_second": 2}
    market["start_prices"] = {"BTC-USDT": 60_000}
    feed = {"mode": mode, "synthetic": market} if mode == "synthetic" else {"mode": mode}
    strategies = {"flow": {**PIPELINE, "kind": f"tests.chaos.strategies:{kind}"}}
    return settings(folder, name, *overrides, feed=feed, symbols=BTC_ONLY, strategies=strategies)


def test_a_killed_pipeline_goes_on_as_if_nothing_had_happened(tmp_path: Path) -> None:
    """The session ends with the orders and fills, and to the bit with the memory, of one that nobody killed."""
    chosen = loaded(tmp_path, "learning", "Swings")
    desk, market = prepare(chosen, cache=tmp_path / "cache", lockstep=True)
    desk.run()
    actor = desk.actors[BTC]
    learned = actor.state.learned["flow"]
    assert learned.returns.updates >= 4
    assert sum(learned.bandit.updates) >= 3
    result = result_of(chosen, desk, market)
    assert len(result.fills) > 5

    fingerprint, digest = asyncio.run(_killed(tmp_path / "desk", chosen))
    assert fingerprint == result.record.fingerprint
    assert digest == state_digest(actor)
    assert PipelineMemory.restored(codec.unpack(codec.pack(codec.to_plain(learned)))).state == learned


async def _killed(folder: Path, chosen: LoadedConfig) -> tuple[str, str | None]:
    async with session(folder, chosen) as running:
        ending = asyncio.create_task(running.ended())
        for at in KILLS:
            await until(lambda at=at: _after(running, at * SECOND), 60, f"{at} s have passed")  # type: ignore[misc]
            told = await running.desk.ask(BTC, "probe", "BTC-USDT", None)
            (answer,) = codec.from_plain(codec.unpack(told), list[ProbeAnswer], where="probe")
            assert answer.decision is not None
            assert answer.stages is not None
            pid = await running.pid(BTC)
            assert pid is not None
            os.kill(pid, signal.SIGKILL)
        await ending
        outcome = await running.outcome()
        require_sound(outcome)
        assert (await require_digests(running, BTC)).last_words == len(KILLS)
        return outcome.fingerprint, await _last_digest(running)


async def _after(running: Session, time: int) -> bool:
    return await running.time() >= time


async def _last_digest(running: Session) -> str | None:
    return (await running.desk.store.load(BTC, 0)).records[-1].digest


@pytest.mark.long
def test_a_stop_that_was_crossed_while_it_was_dead_fires_at_once(tmp_path: Path) -> None:
    rows = ["timestamp,bid,bid_size,ask,ask_size"]
    for number in range(400):
        price = 60_000 + number % 7 if number < 140 else 58_800 + number % 7
        rows.append(f"{1_700_000_000_000 + number * 100},{price},5,{price + 0.1:.1f},5")
    quotes = tmp_path / "BTCUSDT_quotes.csv"
    quotes.write_text("\n".join(rows) + "\n")
    chosen = loaded(
        tmp_path,
        "crossed",
        "Rises",
        "supervision.backoff.minimum=8s",
        "supervision.backoff.maximum=8s",
        mode="recorded",
    )
    asyncio.run(_crossed(tmp_path / "desk", chosen, quotes))


async def _crossed(folder: Path, chosen: LoadedConfig, quotes: Path) -> None:
    fall = 14 * SECOND
    async with session(folder, chosen, "1", data=[quotes]) as running:
        await until(lambda: _holds(running), 60, "it holds something", running.standing)
        await until(lambda: _after(running, 11 * SECOND), 60, "the fall is near")
        held = await running.status(BTC)
        assert held.incarnation is not None
        os.kill(held.incarnation.pid, signal.SIGKILL)
        assert await running.time() < fall, "it was killed too late"
        await until(lambda: _is_back(running), 60, "it is back", running.standing)
        back = await running.time()
        assert back > fall, "it was back before the price fell"
        await until(lambda: _is_flat(running), 60, "it has left", running.standing)
        records = (await running.desk.store.load(BTC, 0)).records
        (exits,) = [each for step in records for each in step.events if isinstance(each, ExitTriggered)]
        assert exits.reason is Reason.STOP
        progress = await running.desk.progress()
        assert progress is not None
        assert exits.time - progress.start <= back + SECOND


async def _is_back(running: Session) -> bool:
    return await running.desk.ask(BTC, "probe", "BTC-USDT", None) is not None


async def _holds(running: Session) -> bool:
    return any(each.symbol == "BTC-USDT" for each in (await running.picture()).books.open_positions())


async def _is_flat(running: Session) -> bool:
    told = await running.desk.ask(BTC, "probe", "BTC-USDT", None)
    if told is None:
        return False
    (answer,) = codec.from_plain(codec.unpack(told), list[ProbeAnswer], where="probe")
    return answer.position == Decimal(0)
