"""Profit, fees and worth recomputed from a venue's own fills, and the prices of a recording, with the standard library.

It imports nothing of the desk on purpose: what it finds is evidence about the desk, not the desk's opinion. Profit is
counted in exact fractions, by average cost and unit by unit in a queue.
"""

from __future__ import annotations

import gzip
import json
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

from tests.chaos.independent import SIGN, VenueFill


@dataclass
class SymbolBook:
    """One symbol's position: `queue` has the open lots, quantity and price, the oldest first; `cost` is signed."""

    position: Fraction = Fraction(0)
    cost: Fraction = Fraction(0)
    average_profit: Fraction = Fraction(0)
    fifo_profit: Fraction = Fraction(0)
    fees: Fraction = Fraction(0)
    queue: deque[tuple[Fraction, Fraction]] = field(default_factory=deque)
    closed_lots: int = 0

    def take(self, fill: VenueFill) -> None:
        """Book one fill both ways."""
        sign, price, left = SIGN[fill.side], Fraction(fill.price), Fraction(fill.quantity)
        self.fees += Fraction(fill.fee)
        direction = 1 if self.position > 0 else -1
        while left and self.queue and direction == -sign:
            held, opened = self.queue[0]
            part = min(held, left)
            self.fifo_profit += direction * part * (price - opened)
            released = self.cost * part / abs(self.position)
            self.average_profit += direction * part * price - released
            self.cost -= released
            self.position += sign * part
            self.queue[0] = (held - part, opened)
            if held == part:
                self.queue.popleft()
            left -= part
            self.closed_lots += 1
        if left:
            self.queue.append((left, price))
            self.position += sign * left
            self.cost += sign * left * price

    @property
    def fifo_cost(self) -> Fraction:
        """What the open lots have cost, signed like the position."""
        total = sum((quantity * price for quantity, price in self.queue), Fraction(0))
        return total if self.position > 0 else -total


def books_of(fills: Iterable[VenueFill]) -> dict[str, SymbolBook]:
    """The book of every symbol after all fills, in the venue's order."""
    books: dict[str, SymbolBook] = {}
    for fill in fills:
        books.setdefault(fill.symbol, SymbolBook()).take(fill)
    return books


def last_quotes(path: Path, count: int) -> list[tuple[Decimal, Decimal]]:
    """The last best bids and asks of a recorded stream, the newest last."""
    found: deque[tuple[Decimal, Decimal]] = deque(maxlen=count)
    with gzip.open(path, "rt") as lines:
        for line in lines:
            if '"bookTicker"' not in line:
                continue
            data = json.loads(line.partition(" ")[2])["data"]
            found.append((Decimal(data["b"]), Decimal(data["a"])))
    return list(found)
