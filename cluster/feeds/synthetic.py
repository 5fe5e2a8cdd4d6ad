"""A seeded synthetic market, so that demo, tests and benchmarks need no file.

Nothing is carried from row to row but the price at the boundaries of segments, and that comes from a table which
is drawn a thousand segments at a time; so any position can be entered without generating what came before it.

Levels of the construction, each drawn from its own counter-based stream (Philox, keyed by seed and symbol):

- a *segment* is 256 rows in a fixed span of time, under one regime (calm, rising, falling, stormy);
- a *block* is 1024 segments: their regimes (a Markov chain) and the log return over each of them;
- a *chunk* is 16 segments: within each, the price runs along a Brownian bridge between the two boundary prices.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

import numpy as np
import numpy.typing as npt

from cluster.feeds.columns import Chunk, Kinds, Times, Values
from messages.errors import DataProviderError
from messages.market import TickKind

_SEGMENT_ROWS: Final = 256
_CHUNK_SEGMENTS: Final = 16
_BLOCK_SEGMENTS: Final = 1024
_CHUNK_ROWS: Final = _SEGMENT_ROWS * _CHUNK_SEGMENTS
_BLOCK_STREAM: Final = 1
_CHUNK_STREAM: Final = 2
_SECOND: Final = 1_000_000_000

Counts = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Regime:
    """A state of the market: drift and volatility as multiples of the base volatility, mean stay in seconds."""

    name: str
    drift: float
    volatility: float
    stay_s: float
    extra_spread: float
    """Mean number of ticks the spread is wider than its minimum."""


REGIMES: Final = (
    Regime("calm", drift=0.0, volatility=0.6, stay_s=90.0, extra_spread=0.2),
    Regime("rising", drift=0.12, volatility=0.9, stay_s=120.0, extra_spread=0.5),
    Regime("falling", drift=-0.12, volatility=0.9, stay_s=120.0, extra_spread=0.5),
    Regime("stormy", drift=0.0, volatility=2.5, stay_s=30.0, extra_spread=2.0),
)
"""`drift` is per second, in units of the volatility per square root of a second: a rising spell of two minutes
moves the price by about 1.3 of its own standard deviations, so that a trend follower has something to follow."""


@dataclass(frozen=True, slots=True)
class MarketShape:
    """What a synthetic market looks like. Prices and sizes are in the symbol's own units.

    `volatility` is the standard deviation of the log price over one second (1e-4 is about 56 % a year);
    `trade_share` the fraction of rows that are trades; `median_size` that of quotes (trades are a fifth of it);
    `latency_ns` the median delay from the venue to us; `clock_offset_ns` how far the venue's clock is ahead.
    """

    start_price: float = 60_000.0
    tick: Decimal = Decimal("0.1")
    lot: Decimal = Decimal("0.001")
    quotes_per_second: float = 20.0
    trade_share: float = 0.2
    volatility: float = 1e-4
    minimum_spread_ticks: int = 1
    median_size: float = 1.0
    size_spread: float = 1.0
    latency_ns: int = 3_000_000
    clock_offset_ns: int = 0

    def __post_init__(self) -> None:
        positive = ("start_price", "tick", "lot", "quotes_per_second", "minimum_spread_ticks", "median_size")
        for name in positive:
            if not getattr(self, name) > 0:
                raise _bad(name, getattr(self, name), "give a number above 0")
        for name in ("volatility", "size_spread", "latency_ns"):
            if not getattr(self, name) >= 0:
                raise _bad(name, getattr(self, name), "give 0 or more")
        if not 0 <= self.trade_share < 1:
            raise _bad("trade_share", self.trade_share, "give a fraction of at least 0 and below 1")


class SyntheticMarket:
    """A `Feed` of quotes and trades for one symbol, the same for the same seed, symbol, start and shape.

    `duration` is in ns; None never ends. Raises `DataProviderError` for a shape or duration that makes no market.
    """

    def __init__(
        self,
        symbol: str,
        seed: int,
        start_time: int,
        duration: int | None = None,
        shape: MarketShape | None = None,
    ) -> None:
        if duration is not None and duration <= 0:
            raise _bad("duration", duration, "give nanoseconds above 0, or None for no end")
        self._symbol = symbol
        self._shape = shape or MarketShape()
        self._start_time = start_time
        self._end_time = None if duration is None else start_time + duration
        rows_per_second = self._shape.quotes_per_second / (1 - self._shape.trade_share)
        self._segment_ns = max(_SEGMENT_ROWS, round(_SEGMENT_ROWS / rows_per_second * _SECOND))
        digest = hashlib.sha256(f"{seed}|{symbol}".encode()).digest()
        self._key = np.frombuffer(digest[:16], dtype="<u8")
        self._block_bases: list[float] = [0.0]
        self._cached_block: tuple[int, _Block] | None = None

    @property
    def symbol(self) -> str:
        """The canonical symbol of all rows."""
        return self._symbol

    @property
    def first_time(self) -> int:
        """Where the market opens, ns UTC."""
        return self._start_time

    @property
    def last_time(self) -> int | None:
        """The last ns in which a row may fall; None for a market without end."""
        return None if self._end_time is None else self._end_time - 1

    @property
    def rows(self) -> int | None:
        """How many rows the market has: the position at its end; None for a market without end."""
        if self._end_time is None:
            return None
        last = (self._end_time - 1 - self._start_time) // (self._segment_ns * _CHUNK_SEGMENTS)
        return last * _CHUNK_ROWS + self._rows_before_end(self._generate(last))

    def open(self, position: int = 0) -> Iterator[Chunk]:
        """The rows from ordinal `position` on. Raises `DataProviderError` for a position outside of the feed."""
        rows = self.rows
        if position < 0 or (rows is not None and position > rows):
            raise _bad("position", position, f"give 0 to {'any number' if rows is None else rows}")
        return self._chunks(position)

    def _chunks(self, position: int) -> Iterator[Chunk]:
        index, skip = divmod(position, _CHUNK_ROWS)
        while True:
            chunk = self._generate(index)
            stop = self._rows_before_end(chunk)
            if skip < stop:
                yield chunk.part(skip, stop)
            if stop < len(chunk):
                return
            index, skip = index + 1, 0

    def _rows_before_end(self, chunk: Chunk) -> int:
        if self._end_time is None:
            return len(chunk)
        return int(np.searchsorted(chunk.time, self._end_time, side="left"))

    def _random(self, stream: int, index: int) -> np.random.Generator:
        # The counter's low words count the draws; the high words say of what.
        return np.random.Generator(
            np.random.Philox(key=self._key, counter=np.array([0, 0, stream, index], dtype=np.uint64))
        )

    def _generate(self, index: int) -> Chunk:
        """The whole chunk `index`, from nothing but the key and the boundary prices of its segments."""
        shape = self._shape
        random = self._random(_CHUNK_STREAM, index)
        first = index * _CHUNK_SEGMENTS
        block = self._block(first // _BLOCK_SEGMENTS)
        segments = slice(first % _BLOCK_SEGMENTS, first % _BLOCK_SEGMENTS + _CHUNK_SEGMENTS)
        regimes = block.regimes[segments]
        within = self._times_within(random)
        starts = self._start_time + (first + np.arange(_CHUNK_SEGMENTS, dtype=np.int64)) * self._segment_ns
        time: Times = (starts[:, None] + within).reshape(-1)
        bounds = block.log_prices[segments.start : segments.stop + 1]
        log_price = self._bridge(random, within / self._segment_ns, bounds, regimes).reshape(-1)
        kind: Kinds = np.full(_CHUNK_ROWS, TickKind.QUOTE, dtype=np.int8)
        kind[random.random(_CHUNK_ROWS) < shape.trade_share] = TickKind.TRADE
        kind[0] = TickKind.QUOTE  # so that every trade has its touch within the chunk
        extra = np.repeat([REGIMES[regime].extra_spread for regime in regimes], _SEGMENT_ROWS)
        bid, ask = self._touch(random, shape.start_price * np.exp(log_price), extra)
        latency = (shape.latency_ns * np.exp(0.5 * random.standard_normal(_CHUNK_ROWS))).astype(np.int64)
        values = self._values(random, kind, bid, ask)
        return Chunk(self._symbol, time, time - latency + shape.clock_offset_ns, kind, *values)

    def _times_within(self, random: np.random.Generator) -> Counts:
        """Arrival times within each segment: a Poisson process, given its count."""
        return np.sort(random.integers(0, self._segment_ns, (_CHUNK_SEGMENTS, _SEGMENT_ROWS)), axis=1)

    def _bridge(
        self, random: np.random.Generator, elapsed: Values, bounds: Values, regimes: Counts
    ) -> Values:
        """Log prices at the fractions `elapsed` of each segment, pinned to `bounds` at its ends."""
        ends = np.ones((_CHUNK_SEGMENTS, 1))
        steps = np.diff(elapsed, axis=1, prepend=0.0 * ends, append=ends)
        walk = np.cumsum(random.standard_normal(steps.shape) * np.sqrt(steps), axis=1)
        scale = np.array([REGIMES[regime].volatility for regime in regimes]) * self._segment_deviation
        noise = (walk[:, :-1] - elapsed * walk[:, -1:]) * scale[:, None]
        path: Values = bounds[:-1, None] + elapsed * np.diff(bounds)[:, None] + noise
        return path

    def _touch(self, random: np.random.Generator, mid: Values, extra: Values) -> tuple[Values, Values]:
        """Bid and ask in whole ticks around the mid price; the bid is at least one tick."""
        tick = float(self._shape.tick)
        spread = self._shape.minimum_spread_ticks + random.geometric(1 / (1 + extra)) - 1
        bid_ticks = np.maximum(1, np.floor(mid / tick - spread / 2 + 0.5))
        return _in_units(bid_ticks, self._shape.tick), _in_units(bid_ticks + spread, self._shape.tick)

    def _values(
        self, random: np.random.Generator, kind: Kinds, bid: Values, ask: Values
    ) -> tuple[Values, Values, Values, Values, Values]:
        """Quotes as drawn; trades at the touch of the quote before them, more often in the price's direction."""
        trades = kind == TickKind.TRADE
        rows = np.arange(_CHUNK_ROWS)
        quote_before = np.maximum.accumulate(np.where(trades, 0, rows))
        up_next = np.append(np.sign(np.diff(bid)), 0.0)
        buys = random.random(_CHUNK_ROWS) < 0.5 + 0.2 * up_next
        touch = np.where(buys, ask[quote_before], bid[quote_before])
        sizes = self._sizes(random, self._shape.median_size)
        others = self._sizes(random, self._shape.median_size)
        traded = self._sizes(random, self._shape.median_size / 5)
        return (
            np.where(trades, touch, bid),
            np.where(trades, traded, sizes),
            np.where(trades, np.where(buys, 1.0, -1.0), ask),
            np.where(trades, np.nan, others),
            np.full(_CHUNK_ROWS, np.nan),
        )

    def _sizes(self, random: np.random.Generator, median: float) -> Values:
        drawn = median * np.exp(self._shape.size_spread * random.standard_normal(_CHUNK_ROWS))
        return _in_units(np.maximum(1, np.rint(drawn / float(self._shape.lot))), self._shape.lot)

    @property
    def _segment_deviation(self) -> float:
        """Standard deviation of the log price over one segment, before the regime's factor."""
        return self._shape.volatility * float(np.sqrt(self._segment_ns / _SECOND))

    def _block(self, index: int) -> _Block:
        """The block `index`; the blocks before it are drawn once, for where the price stands (0.1 ms each)."""
        if self._cached_block is not None and self._cached_block[0] == index:
            return self._cached_block[1]
        for known in range(len(self._block_bases) - 1, index):
            self._block_bases.append(float(self._draw_block(known).log_prices[-1]))
        block = self._draw_block(index)
        self._cached_block = (index, block)
        return block

    def _draw_block(self, index: int) -> _Block:
        random = self._random(_BLOCK_STREAM, index)
        base = self._block_bases[index]
        regimes = self._draw_regimes(random)
        seconds = self._segment_ns / _SECOND
        drift = np.array([regime.drift for regime in REGIMES])[regimes] * self._shape.volatility * seconds
        deviation = np.array([regime.volatility for regime in REGIMES])[regimes] * self._segment_deviation
        # A hundredth of the way home per block keeps an endless market within sight of its first price.
        pull = 0.01 * base / _BLOCK_SEGMENTS
        returns = drift + deviation * random.standard_normal(_BLOCK_SEGMENTS) - pull
        return _Block(regimes, np.concatenate(([base], base + np.cumsum(returns))))

    def _draw_regimes(self, random: np.random.Generator) -> Counts:
        """A Markov chain over the regimes: stay with the probability of its mean stay, else any other."""
        seconds = self._segment_ns / _SECOND
        leave = [min(1.0, seconds / regime.stay_s) for regime in REGIMES]
        draws = random.random(_BLOCK_SEGMENTS).tolist()
        jumps = random.integers(1, len(REGIMES), _BLOCK_SEGMENTS).tolist()
        regime = int(random.integers(0, len(REGIMES)))
        regimes = []
        for draw, jump in zip(draws, jumps, strict=True):
            if draw < leave[regime]:
                regime = (regime + jump) % len(REGIMES)
            regimes.append(regime)
        return np.array(regimes, dtype=np.int64)


@dataclass(frozen=True, slots=True)
class _Block:
    """The regimes of 1024 segments and the log prices at their 1025 boundaries, relative to the start price."""

    regimes: Counts
    log_prices: Values


def _in_units(counts: Values, unit: Decimal) -> Values:
    """Whole multiples of a decimal unit as the floats nearest to them."""
    exponent = unit.as_tuple().exponent
    decimals = -exponent if isinstance(exponent, int) else 0
    return np.round(counts * float(unit), max(0, decimals))


def _bad(field: str, value: object, remedy: str) -> DataProviderError:
    return DataProviderError(
        "no such market or place in it", field=f"synthetic.{field}", value=value, remedy=remedy
    )
