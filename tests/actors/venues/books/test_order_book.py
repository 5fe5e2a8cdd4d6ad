"""A book changed in place agrees with one sorted anew each time."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.venues.books import OrderBook

pytestmark = [pytest.mark.unit, pytest.mark.property]

levels = st.lists(
    st.tuples(st.integers(1, 40).map(lambda n: n / 10), st.sampled_from([0.0, 0.5, 3.0])), max_size=12
)


@given(levels, levels, st.lists(st.tuples(levels, levels), max_size=12))
def test_the_best_levels_are_those_of_the_sizes_sorted(bids: list, asks: list, changes: list) -> None:
    book = OrderBook()
    book.replace(bids, asks)
    plain = [{p: s for p, s in dict(side).items() if s} for side in (bids, asks)]
    for change in changes:
        book.change(*change)
        for side, told in zip(plain, change, strict=True):
            for price, size in told:
                side.pop(price, None)
                if size:
                    side[price] = size
    ranked = [sorted(plain[0].items(), reverse=True), sorted(plain[1].items())]
    assert [dict(book.bids.sizes), dict(book.asks.sizes)] == plain
    assert [list(book.bids.top(100)), list(book.asks.top(100))] == ranked
    assert book.bids.top(2) == tuple(ranked[0][:2])
    assert [book.bids.best, book.asks.best] == [side[0] if side else None for side in ranked]
    assert (len(book.bids), len(book.asks)) == (len(plain[0]), len(plain[1]))
    crossed = all(ranked) and ranked[0][0][0] >= ranked[1][0][0]
    assert book.crossed == bool(crossed)
