"""Recorded sessions to replay: a whole desk in lockstep on the memory store, and one sample actor on a stage."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import msgspec

from actors.base import Actor
from cluster.replaying.cast import Cast, View
from cluster.replaying.recorded import Header, Recorded, RecordedActor, recorded_in_memory
from cluster.replaying.settings import RecordedSettings, recorded_settings, restored
from cluster.session_feed import replay_plan
from cluster.simulator.lockstep import LockstepDesk
from cluster.steps.journal import JournalRecord, encode_record
from config import load_config
from messages.base import Address
from tests.chaos.desks import PROFILE, settings
from tests.cluster.steps.stage import Raw, Stage
from tests.samples import Ping

LIMITS = {"max_order_notional": 1500, "max_symbol_exposure": "2%", "max_gross_exposure": "2%"}
"""So tight that many intents are resized."""


def short_session(folder: Path, name: str = "replayed", seconds: int = 8) -> Recorded:
    """Two strategies, risk and execution on a market made from a seed, all real, in one process."""
    synthetic = {**PROFILE["feed"]["synthetic"], "duration": f"{seconds}s"}
    loaded = settings(folder, name, feed={**PROFILE["feed"], "synthetic": synthetic}, risk=LIMITS)
    plan = replay_plan(loaded.config, (), folder / "cache")
    desk = LockstepDesk(loaded.config, plan)
    desk.run()
    header = Header(
        name,
        recorded_settings(loaded.config),
        loaded.hash,
        "c0de",
        loaded.config.desk.seed,
        desk.store.generation,
        plan,
    )
    return recorded_in_memory(desk.store, header)


def cast_of(recorded: Recorded, *overrides: str) -> Cast:
    """The actors of the recorded settings, some of them changed."""
    feed = recorded.header.feed
    return Cast(restored(recorded.header.config, overrides), feed, feed)


def with_actor(recorded: Recorded, address: Address, **parts: Any) -> Recorded:
    """The same recording, one actor's parts replaced."""
    changed = msgspec.structs.replace(recorded.actors[address], **parts)
    return msgspec.structs.replace(recorded, actors={**recorded.actors, address: changed})


def with_record(recorded: Recorded, address: Address, record: JournalRecord) -> Recorded:
    """The same recording, one journal record tampered with."""
    actor: RecordedActor = recorded.actors[address]
    journal = tuple(
        (step, encode_record(record) if step == record.step else data) for step, data in actor.journal
    )
    return with_actor(recorded, address, journal=journal)


def stage_recording(stage: Stage) -> Recorded:
    """What a stage's store has kept; `Raw` stands for its bytes."""
    store = stage.store.copy()
    raw: dict[str, bytes] = {}
    entries = store.actors[stage.address].mailbox.entries
    for index, envelope in enumerate(entries):
        message: Any = envelope.message
        if isinstance(message, Raw):
            raw[f"{index + 1}-0"] = message.data
            entries[index] = msgspec.structs.replace(envelope, message=Ping(number=0))
    recorded = recorded_in_memory(
        store, Header("stage", RecordedSettings({}, {}), "", "", 0, store.generation, None)
    )
    mailbox = tuple((key, raw.get(key, data)) for key, data in recorded.actors[stage.address].mailbox)
    return with_actor(recorded, stage.address, mailbox=mailbox)


class StageCast(Cast):
    """The one actor of a stage, made anew."""

    def __init__(self, make: Callable[[], Actor[Any]]) -> None:
        super().__init__(load_config("synthetic", environ={}).config, None, None)
        self._make = make

    def make(self, address: Address, life: Sequence[JournalRecord]) -> Actor[Any]:
        """See `Cast.make`."""
        return self._make()

    def view(self, address: Address) -> View:
        """See `Cast.view`."""
        return View(None)
