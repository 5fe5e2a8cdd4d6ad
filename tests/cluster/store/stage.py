"""One store under test, called plainly, and commits and mail to try it with."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable
from typing import Any

from actors.base import Timer
from cluster.steps.journal import InputKind, JournalledInput, JournalRecord
from cluster.store.port import BEGINNING, Incarnation, Position, Section, StreamName, Trim
from messages.base import Envelope, Message
from messages.codec import decode_envelope
from tests.samples import Counted, Ping

CAPACITY = 3
"""Refusable messages that a mailbox takes."""
HERE = Incarnation("node", "boot", 1, 1)
THERE = Incarnation("node", "boot", 2, 2)


class Stage:
    """One store under test, with a plain way to call it."""

    def __init__(self, store: Any, runner: asyncio.Runner) -> None:
        self.store = store
        self._runner = runner

    def __getattr__(self, name: str) -> Callable[..., Any]:
        method = getattr(self.store, name)

        def call(*arguments: Any, **options: Any) -> Any:
            answer = method(*arguments, **options)
            if inspect.isawaitable(answer):

                async def wait() -> Any:
                    return await answer

                return self._runner.run(wait())
            return answer

        return call


def envelope(message: Message, *, sender: str = "a", sequence: int = 1, to: str = "b") -> Envelope:
    return Envelope(sender, sequence, to, "cause", "cycle", 7, message)


def section(
    epoch: int,
    step: int,
    *envelopes: Envelope,
    address: str = "a",
    timers: dict[str, Timer] | None = None,
    cancelled: tuple[str, ...] = (),
    digest: str | None = None,
    taken_mailbox: int = 0,
    trim: Trim | None = None,
    **position: Any,
) -> Section:
    record = JournalRecord(
        step=step,
        epoch=epoch,
        now=step * 10,
        inputs=(JournalledInput(InputKind.RESULT, "x", Ping(number=step)),),
        events=(Counted(number=step),),
        outputs="",
        sequence=0,
        ordinal=step,
        outstanding=0,
        feed=0,
        digest=digest,
    )
    return Section(
        address=address,
        epoch=epoch,
        position=Position(step=step, now=step * 10, **position),
        record=record,
        envelopes=envelopes,
        timers=timers or {},
        cancelled_timers=cancelled,
        taken_urgent=0,
        taken_mailbox=taken_mailbox,
        trim=trim,
    )


def mail(store: Stage, address: str) -> list[Message]:
    """Everything in an actor's own streams, urgent first."""
    streams = dict.fromkeys((StreamName.URGENT, StreamName.MAILBOX), BEGINNING)
    return [message_of(entry.data) for entry in store.read(address, streams, 1_000)]


def message_of(data: Any) -> Message:
    """What a store has read, as the message it is."""
    return (data if isinstance(data, Envelope) else decode_envelope(data)).message
