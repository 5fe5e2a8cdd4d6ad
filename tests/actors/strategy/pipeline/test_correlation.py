"""What is taken out and put in, prediction by prediction, is to the bit what adding all up anew gives."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.strategy.pipeline.correlation import Correlations

pytestmark = pytest.mark.unit

SHAPE = (2, 3, 2)


@given(st.integers(0, 2**32 - 1), st.integers(1, 40), st.floats(0.0, 0.4))
def test_sums_that_are_kept_up_are_those_that_are_made_anew(seed: int, count: int, missing: float) -> None:
    random = np.random.default_rng(seed)
    kept = Correlations(SHAPE, history=8)
    for _ in range(count):
        z = np.clip(random.normal(size=SHAPE), -3.0, 3.0)
        if random.random() < 0.5:  # else nothing is missing
            z[random.random(SHAPE) < missing] = np.nan
        kept.push(z)
    anew = Correlations.from_state(kept.to_state())
    for one, other in zip(kept.agreement(), anew.agreement(), strict=True):
        assert one.tobytes() == other.tobytes()


def test_a_live_state_is_the_memory_itself_and_a_stored_one_is_not() -> None:
    kept = Correlations(SHAPE, history=8)
    live, stored = kept.live(), kept.to_state()
    assert live == stored
    kept.push(np.ones(SHAPE))
    assert live == kept.to_state()
    assert live != stored
