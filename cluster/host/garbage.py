"""Python's search for garbage in cycles, kept off the way of orders. A desk's process makes next to no such garbage."""

from __future__ import annotations

import gc

_LESS_OFTEN = 10
_USUAL, *_OLDER = gc.get_threshold()


def spare_what_is_loaded() -> None:
    """Have the search pass over what is there for good, and look ten times less often at what is new.

    A search of everything looks at all that Ray has loaded: 50 ms, in the midst of a recovery or of an order's way.
    New objects are searched whenever 700 more of them are there than before, which a step of many approvals is alone:
    5 % of its time, for finding nothing. May be called again, when more has been loaded.
    """
    gc.freeze()
    gc.set_threshold(_USUAL * _LESS_OFTEN, *_OLDER)
