"""Text as blocks of whole lines, for readers that parse a block at a time and must name a line when it is wrong."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

from cluster.feeds.readers.base import data_error

BLOCK_BYTES: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class Block:
    """Whole lines, and the number of the first."""

    first_line: int
    data: bytes

    def numbered(self) -> Iterator[tuple[int, bytes]]:
        """The lines that are not empty, with their numbers."""
        for number, line in enumerate(self.data.splitlines(), self.first_line):
            if line:
                yield number, line

    def line_of_row(self, row: int) -> int:
        """The number of the line that holds row `row` (empty lines are no rows). Only errors ask."""
        return next(number for ordinal, (number, _) in enumerate(self.numbered()) if ordinal == row)


def blocks(path: Path, stream: BinaryIO, *, first_line: int, ends_in_newline: bool = True) -> Iterator[Block]:
    """Blocks of about a megabyte.

    Raises `DataProviderError` when the last line has no line end, which is how a text shows that it was cut off;
    unless the format ends without one and tells by other means that it is whole (`ends_in_newline=False`).
    """
    rest = b""
    line = first_line
    data = stream.read(BLOCK_BYTES)
    while data:
        following = stream.read(BLOCK_BYTES)
        is_end = not following and not ends_in_newline
        cut = len(data) if is_end else data.rfind(b"\n") + 1
        if cut:
            block = rest + data[:cut]
            yield Block(line, block)
            line += block.count(b"\n")
            rest = b""
        rest += data[cut:]
        data = following
    if rest:
        raise data_error(
            path,
            "the last line is half written: it has no line end",
            row=line,
            value=rest[-60:],
            remedy="the file was cut off or is still being written; add the line end if the line is whole",
        )
