"""A failing history shrinks to the faults that matter.

Hypothesis draws a seed and a script of faults, not every draw of the schedule: those are thousands, and one left out
would change all behind it. A script that fails is made smaller by `shrunk`, which knows what a fault is.
"""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import HealthCheck, Phase, Verbosity, given, settings
from hypothesis import strategies as st

from cluster.simulator.desk.script import LAST_PASSING, SCRIPTED, Script, ScriptedMisfortune, shrunk
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

scripts = st.lists(
    st.tuples(st.sampled_from(SCRIPTED), st.integers(1, LAST_PASSING)), max_size=12, unique=True
).map(tuple)


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


def test_whole_kinds_go_first_and_then_ever_smaller_parts() -> None:
    asked: list[Script] = []

    def fails(script: Script) -> bool:
        asked.append(script)
        return {("killed", 7), ("reply_lost", 3)} <= set(script)

    script: Script = (("late_commit", 1), *(("killed", n) for n in range(1, 9)), ("reply_lost", 3))
    assert shrunk(script, fails) == (("killed", 7), ("reply_lost", 3))
    assert asked[0] == script[1:]
    assert len(asked) < 30 + 2 * LAST_PASSING


def test_what_two_faults_did_together_one_may_do_alone_elsewhere() -> None:
    def fails(script: Script) -> bool:
        return script in ((("killed", 2), ("reply_lost", 3)), (("reply_lost", 4),))

    assert shrunk((("killed", 2), ("reply_lost", 3)), fails) == (("reply_lost", 4),)


def test_a_script_that_can_not_be_made_smaller_stays() -> None:
    for script in ((("killed", 1),), (("killed", 1), ("killed", 2))):
        assert shrunk(script, lambda each, script=script: each == script) == script


@pytest.mark.long
def test_a_planted_bug_needs_one_crash_and_no_other_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    """An execution that places again what it does not know fails with its first crash while an order is under way."""
    BUGS["blind_resend"](monkeypatch)
    found: list[tuple[int, Script]] = []

    def breaks(seed: int, script: Script) -> bool:
        try:
            live(seed, script)
        except SeedFailedError as error:
            return error.invariant == "1"
        return False

    @settings(_QUIETLY, max_examples=300, phases=(Phase.generate,))
    @given(st.integers(0, 30), scripts)
    def holds(seed: int, script: Script) -> None:
        if not found and breaks(seed, script):
            found.append((seed, script))

    holds()
    [(seed, script)] = found
    smallest = shrunk(script, lambda fewer: breaks(seed, fewer))
    assert len(smallest) == 1, smallest
    assert smallest[0][0] in ("before_effect", "during_effect", "after_effect", "after_commit")
