"""A failing history shrinks to the few faults that matter.

Hypothesis draws a seed and a script of faults, not every draw of the schedule: those are thousands, and one left out
would change all behind it.
"""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import HealthCheck, Phase, Verbosity, given, settings
from hypothesis import strategies as st

from cluster.simulator.desk.script import SCRIPTED, Script, ScriptedMisfortune
from cluster.simulator.desk.seed import SeedFailedError, run_seed
from cluster.simulator.desk.shape import drawn_shape
from cluster.simulator.faults import FaultPlan
from tests.cluster.simulator.planted.bugs import BUGS

_QUIETLY = settings(
    database=None,
    deadline=None,
    derandomize=True,
    report_multiple_bugs=False,
    verbosity=Verbosity.quiet,
    suppress_health_check=list(HealthCheck),
)

scripts = st.lists(st.tuples(st.sampled_from(SCRIPTED), st.integers(1, 60)), max_size=12, unique=True).map(
    tuple
)


def live(seed: int, script: Script) -> None:
    """One history: a schedule drawn from the seed, and the faults of the script. Raises `SeedFailedError`."""
    chance = Random(seed)
    until = drawn_shape(chance).plan.until
    shape = drawn_shape(Random(seed), FaultPlan({}, {}, False, until))
    run_seed(
        seed,
        chance=chance,
        shape=shape,
        misfortune=lambda shape, chance: ScriptedMisfortune(shape.plan, chance, script),
    )


@settings(_QUIETLY, max_examples=15)
@given(st.integers(0, 1_000), scripts)
def test_no_script_of_faults_breaks_an_invariant(seed: int, script: Script) -> None:
    live(seed, script)


@pytest.mark.long
def test_a_planted_bugs_counterexample_is_small(monkeypatch: pytest.MonkeyPatch) -> None:
    BUGS["blind_resend"](monkeypatch)
    smallest: list[Script] = []

    @settings(_QUIETLY, max_examples=300, phases=(Phase.generate, Phase.shrink))
    @given(st.integers(0, 30), scripts)
    def holds(seed: int, script: Script) -> None:
        try:
            live(seed, script)
        except SeedFailedError:
            smallest.append(script)
            raise

    with pytest.raises(SeedFailedError) as caught:
        holds()
    # of up to 12; how far it goes depends on the histories: without one more fault all behind it is drawn anew
    assert len(smallest[-1]) <= 4, smallest[-1]
    assert caught.value.invariant == "1"
