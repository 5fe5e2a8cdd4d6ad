"""Randomness as a function: the same numbers for the same key and index, wherever one begins to ask."""

from __future__ import annotations

import hashlib

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Bits = npt.NDArray[np.uint64]
Floats = npt.NDArray[np.float64]

_STEP = np.uint64(0x9E3779B97F4A7C15)
_FIRST = np.uint64(0xBF58476D1CE4E5B9)
_SECOND = np.uint64(0x94D049BB133111EB)
_SECOND_INDEX = np.uint64(0xD1B54A32D192ED03)
_PART = np.uint64(0xFFFF)


def key_of(*names: object) -> np.uint64:
    """A key from a seed and names."""
    digest = hashlib.sha256("|".join(map(str, names)).encode()).digest()
    return np.uint64(int.from_bytes(digest[:8], "little"))


def bits(key: np.uint64, index: Ints, second: Ints | None = None) -> Bits:
    """64 random bits for each index, or pair of indexes (splitmix64: Steele, Lea and Flood 2014)."""
    with np.errstate(over="ignore"):
        mixed = (index.astype(np.uint64) + np.uint64(1)) * _STEP + key
        if second is not None:
            mixed = _finish(mixed) + second.astype(np.uint64) * _SECOND_INDEX
        return _finish(mixed)


def uniform(key: np.uint64, index: Ints, second: Ints | None = None) -> Floats:
    """Uniform numbers in [0, 1)."""
    return (bits(key, index, second) >> np.uint64(11)).astype(np.float64) * 2.0**-53


def normal(key: np.uint64, index: Ints, second: Ints | None = None) -> Floats:
    """Numbers of mean 0 and variance 1, close to normal up to about three deviations (a sum of four uniforms)."""
    drawn = bits(key, index, second)
    total = (
        (drawn & _PART)
        + ((drawn >> np.uint64(16)) & _PART)
        + ((drawn >> np.uint64(32)) & _PART)
        + (drawn >> np.uint64(48))
    )
    drawn_normal: Floats = (total.astype(np.float64) / 65_535.0 - 2.0) * 3.0**0.5
    return drawn_normal


def _finish(mixed: Bits) -> Bits:
    mixed = (mixed ^ (mixed >> np.uint64(30))) * _FIRST
    mixed = (mixed ^ (mixed >> np.uint64(27))) * _SECOND
    return mixed ^ (mixed >> np.uint64(31))
