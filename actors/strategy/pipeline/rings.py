"""The last values of many series that advance on their own: what the standardiser and the correlations remember.

The size is fixed when they are made, so that a month of predictions needs no more memory than an hour of them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import cast

import msgspec
import numpy as np

from actors.strategy.pipeline.arrays import Floats, Ints, every
from messages.errors import ConfigurationError, StoreError

_CELL = 8


class RingsState(msgspec.Struct, frozen=True, gc=False):
    """Rings as they are stored: little-endian float64 cells [length, *shape] and int64 numbers of pushes [shape].

    Those that `Rings.live` gives are the rings' own memory: they change with every push.
    """

    length: int
    shape: tuple[int, ...]
    cells: bytes
    pushed: bytes


class Rings:
    """The last `length` values of each series of `shape`; a cell that was never written holds NaN.

    `cells` is float64[length, *shape] (not in the order of time), `pushed` int64[shape] counts what was ever pushed.
    """

    __slots__ = ("_cells", "_common", "_full", "_next", "_pushed", "cells", "length", "pushed", "shape")

    def __init__(self, length: int, shape: Sequence[int]) -> None:
        if length < 1 or any(each < 0 for each in shape):
            raise ConfigurationError(
                "needs room for at least one value",
                field="length",
                value=(length, tuple(shape)),
                remedy="give a length above zero",
            )
        self.length = length
        self.shape = tuple(shape)
        count = math.prod(self.shape)
        self._cells, self._pushed = bytearray(_CELL * length * count), bytearray(_CELL * count)
        self.cells: Floats = np.frombuffer(self._cells, dtype="<f8").reshape(length, *self.shape)
        self.cells.fill(np.nan)
        self.pushed: Ints = np.frombuffer(self._pushed, dtype="<i8").reshape(self.shape)
        self._next: Ints = np.zeros(count, dtype=np.int64)
        self._full = False
        self._common: int | None = 0  # the slot that is next in every series, while `_next` is not kept

    @property
    def full(self) -> bool:
        """Whether every series has all of its values."""
        if not self._full:
            self._full = bool(self.pushed.size) and int(self.pushed.min()) >= self.length
        return self._full

    def counts(self) -> Ints:
        """int64[shape]: how many values each series holds, at most `length`."""
        return np.minimum(self.pushed, self.length)

    def push(self, values: Floats, series: Ints) -> Floats:
        """Write `values[n]` to these series (distinct indices into the flattened shape); what they replaced, or NaN."""
        if self._common is not None:
            self._next[:], self._common = self._common, None
        cells = self.cells.reshape(-1)
        slots = self._next[series]
        places = slots * self._next.size + series
        replaced: Floats = cells[places]
        cells[places] = values
        slots += 1
        slots[slots == self.length] = 0
        self._next[series] = slots
        self.pushed.reshape(-1)[series] += 1
        return replaced

    def push_all(self, values: Floats) -> Floats:
        """As `push` of a value for every series, [shape]; what they replaced."""
        slot = self._common
        if slot is None:
            return self.push(values.reshape(-1), np.arange(self._next.size)).reshape(self.shape)
        replaced: Floats = self.cells[slot].copy()
        self.cells[slot] = values
        self._common = (slot + 1) % self.length
        self.pushed += 1
        return replaced

    def selected(self, *axes: Sequence[int]) -> Rings:
        """The same series in another order: one sequence of old indices for each axis, -1 for one that is new."""
        chosen = Rings(self.length, [len(each) for each in axes])
        old: tuple[Ints, ...] = np.ix_(*(np.asarray(each, dtype=np.int64) for each in axes))
        known = np.ones(chosen.shape, dtype=np.bool_)
        for each in old:
            known &= each >= 0
        chosen.cells[:] = [np.where(known, each[old], np.nan) for each in self.cells]
        chosen.pushed[:] = np.where(known, self.pushed[old], 0)
        chosen._find_next()
        return chosen

    def to_state(self) -> RingsState:
        """Everything as it is now, to be stored."""
        return RingsState(self.length, self.shape, bytes(self._cells), bytes(self._pushed))

    def live(self) -> RingsState:
        """Everything as it is whenever it is looked at: for a state that is stored seldom and changes often."""
        return RingsState(self.length, self.shape, cast(bytes, self._cells), cast(bytes, self._pushed))

    @classmethod
    def from_state(cls, state: RingsState) -> Rings:
        """The rings of a stored state, to the last bit. Raises `StoreError` when its parts don't fit together."""
        rings = cls(state.length, state.shape)
        if len(state.cells) != rings.cells.nbytes or len(state.pushed) != rings.pushed.nbytes:
            raise StoreError(
                "the stored series don't fit their shape",
                field="rings",
                value=(state.length, state.shape, len(state.cells), len(state.pushed)),
                remedy="restore the snapshot before it",
            )
        rings.cells[:] = np.frombuffer(state.cells, dtype="<f8").reshape(rings.cells.shape)
        rings.pushed[:] = np.frombuffer(state.pushed, dtype="<i8").reshape(rings.shape)
        rings._find_next()
        return rings

    def _find_next(self) -> None:
        """The slots that are written next, of how often each series was pushed."""
        self._next[:] = (self.pushed % self.length).reshape(-1)
        common = bool(self._next.size) and every(self._next == self._next[0])
        self._common = int(self._next[0]) if common else None
