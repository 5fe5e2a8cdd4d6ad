"""What must hold after every step of a simulated desk, checked from outside the step machine.

The watch keeps a shadow of every actor, rebuilt from committed events alone, and its own count of what was read,
claimed and promised. It believes nothing that the machine or the store say about themselves.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from actors.base import Actor
from cluster.steps.journal import InputKind
from cluster.store.port import Section
from messages import codec
from messages.base import Address, Effect
from messages.errors import InvariantError

_STREAMS = (InputKind.URGENT, InputKind.CONTROL, InputKind.MAILBOX)
Memory = dict[Address, tuple[int, dict[InputKind, int], bytes, tuple["Claim", ...]]]


class Claim(NamedTuple):
    """An epoch that was given at `at` (ns) to the process `pid`; None where a supervisor raised it."""

    epoch: int
    at: int
    pid: int | None


class Shadow:
    """One actor as its committed history tells it: step, cursors per stream, state."""

    def __init__(self, make: Callable[[], Actor[Any]]) -> None:
        self.actor = make()
        self.step = 0
        self.cursors = dict.fromkeys(_STREAMS, 0)

    def state(self) -> bytes:
        """The state as stored."""
        return stored_state(self.actor)


class Watch:
    """See the module docstring. Every method raises `InvariantError` for what must not be.

    States are compared byte for byte at every `compare_every`-th step of an actor, and at every recovery.
    """

    def __init__(
        self, cast: Mapping[Address, Callable[[], Actor[Any]]], lease: int, compare_every: int = 1
    ) -> None:
        self.shadows = {address: Shadow(make) for address, make in cast.items()}
        self.lease = lease
        self._compare_every = compare_every
        self.steps = 0
        self._claims: dict[Address, list[Claim]] = {address: [] for address in cast}
        self._promised: dict[tuple[Address, str], None] = {}

    def claimed(self, address: Address, epoch: int, now: int, pid: int | None) -> None:
        """A process has claimed this epoch; None: a supervisor has raised it."""
        claims = self._claims[address]
        if claims and epoch <= claims[-1].epoch:
            raise _broken(address, "a claim was given an epoch that is not new", epoch)
        claims.append(Claim(epoch, now, pid))

    def committed(self, section: Section, actor: Actor[Any]) -> None:
        """A step was written: the next one, by the newest incarnation, on the next mail; its events make the state."""
        address, shadow = section.address, self.shadows[section.address]
        claims = self._claims[address]
        if not claims or section.epoch != claims[-1].epoch:
            raise _broken(address, "an incarnation committed after a newer one had claimed", section.epoch)
        if section.position.step != shadow.step + 1:
            raise _broken(address, f"step {section.position.step} followed step {shadow.step}", section.epoch)
        shadow.step += 1
        self.steps += 1
        for item in section.record.inputs:
            if item.kind in shadow.cursors:
                self._read(address, shadow, item.kind, int(item.reference.split("-")[0]))
        for event in section.record.events:
            shadow.actor.apply(event)
        if shadow.step % self._compare_every == 0 and shadow.state() != stored_state(actor):
            raise _broken(address, "the state is not snapshot + journal", section.position.step)
        self.promised(shadow)

    def promised(self, shadow: Shadow) -> None:
        """Note what an actor owes the outside after a step."""
        for effect in shadow.actor.outstanding():
            self._promised[shadow.actor.address, effect.lane] = None

    def _read(self, address: Address, shadow: Shadow, kind: InputKind, ordinal: int) -> None:
        if ordinal != shadow.cursors[kind] + 1:
            raise _broken(
                address,
                f"mail was not taken exactly once in order: {kind.name.lower()} {ordinal} "
                f"after {shadow.cursors[kind]}",
                shadow.step,
            )
        shadow.cursors[kind] = ordinal

    def stands(self, address: Address) -> tuple[int, bytes]:
        """The last committed step of an actor, and its state."""
        shadow = self.shadows[address]
        return shadow.step, shadow.state()

    def recovered(self, actor: Actor[Any], step: int, committed: tuple[int, bytes]) -> None:
        """An incarnation has recovered: to the step and state that were `committed` when it loaded."""
        if (step, stored_state(actor)) != committed:
            raise _broken(
                actor.address, f"recovered at step {step} to another state than committed", committed[0]
            )

    def acts(self, address: Address, epoch: int, effect: Effect, written_at: int) -> None:
        """A request reaches the outside: promised by a commit, written no later than a lease after a newer claim."""
        if (address, effect.lane) not in self._promised:
            raise _broken(address, "an effect was performed that no commit has promised", effect.lane)
        self.within_lease(address, epoch, effect, written_at)

    def within_lease(self, address: Address, epoch: int, effect: Effect, written_at: int) -> None:
        """A request was written: no later than a lease after a newer claim."""
        for newer in self._claims[address]:
            if newer.epoch > epoch and written_at > newer.at + self.lease:
                raise _broken(
                    address, f"epoch {epoch} acted a lease after epoch {newer.epoch} had claimed", effect.lane
                )

    def remember(self) -> Memory:
        """What a backup of the store taken now is worth."""
        return {
            address: (shadow.step, dict(shadow.cursors), shadow.state(), tuple(self._claims[address]))
            for address, shadow in self.shadows.items()
        }

    def forget_to(self, memory: Memory) -> None:
        """The store was rolled back: history ends where the backup was taken, and later epochs are given again."""
        for address, (step, cursors, state, claims) in memory.items():
            shadow = self.shadows[address]
            shadow.step, shadow.cursors = step, dict(cursors)
            shadow.actor.state = codec.from_plain(
                codec.unpack(state), type(shadow.actor.state), where=address
            )
            self._claims[address] = list(claims)


def stored_state(actor: Actor[Any]) -> bytes:
    """An actor's state in its stored form."""
    return codec.pack(codec.to_plain(actor.state))


def _broken(address: Address, what: str, value: object) -> InvariantError:
    return InvariantError(
        what, field=address, value=value, remedy="a defect of the step machine or the store"
    )
