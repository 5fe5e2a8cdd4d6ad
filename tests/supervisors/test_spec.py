"""Specs are validated whole, with the field, the value and the remedy of everything that is wrong."""

from __future__ import annotations

import msgspec
import pytest

from messages.child_specs import (
    AutoShutdown,
    Backoff,
    ChildKind,
    ChildSpec,
    ExitPolicy,
    GiveUpOrder,
    GiveUpPolicy,
    Intensity,
    IntensityScope,
    Restart,
    RestartStrategy,
    SupervisorSpec,
)
from messages.errors import ConfigurationError
from supervisors.spec import child_problems, require_sound, supervisor_problems, tree_problems
from supervisors.supervisor import Supervisor
from tests.supervisors.fake_host import children, supervisor_child

pytestmark = pytest.mark.unit

BAD_CHILDREN = {
    "id": ChildSpec(id=""),
    "shutdown_timeout": ChildSpec(id="a", shutdown_timeout=-1),
    "shutdown_timeout ": ChildSpec(id="a", shutdown_timeout=None),
    "shutdown_timeout  ": ChildSpec(id="a", kind=ChildKind.SUPERVISOR),
    "significant": ChildSpec(id="a", significant=True),
    "arguments.x": ChildSpec(id="a", arguments={"x": object()}),
    "arguments.x.1": ChildSpec(id="a", arguments={"x": [1, b"raw"]}),
    "on_give_up.stop": ChildSpec(
        id="a", on_give_up=GiveUpOrder(("execution/x",), ("A-B",), GiveUpPolicy.FLATTEN, 2.0)
    ),
}

BAD_SUPERVISORS = {
    "id": SupervisorSpec(id=""),
    "children": SupervisorSpec(id="s", children=children("a", "b", "a")),
    "intensity.restarts": SupervisorSpec(id="s", intensity=Intensity(restarts=-1)),
    "intensity.period": SupervisorSpec(id="s", intensity=Intensity(period=0)),
    "intensity.quiet_time": SupervisorSpec(id="s", intensity=Intensity(quiet_time=0)),
    "intensity.scope": SupervisorSpec(
        id="s", strategy=RestartStrategy.REST_FOR_ONE, intensity=Intensity(scope=IntensityScope.CHILD)
    ),
    "backoff.minimum": SupervisorSpec(id="s", backoff=Backoff(minimum=0)),
    "backoff.maximum": SupervisorSpec(id="s", backoff=Backoff(minimum=2, maximum=1)),
    "backoff.jitter": SupervisorSpec(id="s", backoff=Backoff(jitter=1.5)),
    "backoff.reset_after": SupervisorSpec(id="s", backoff=Backoff(reset_after=-1)),
    "concurrency": SupervisorSpec(id="s", concurrency=0),
    "concurrency ": SupervisorSpec(id="s", strategy=RestartStrategy.ONE_FOR_ALL, concurrency=2),
    "root.grace": SupervisorSpec(id="s", root=ExitPolicy(grace=-1)),
}


@pytest.mark.parametrize("field", BAD_CHILDREN)
def test_each_fault_of_a_child_is_named_with_its_remedy(field: str) -> None:
    (problem,) = child_problems(BAD_CHILDREN[field])
    assert problem.field.endswith(f".{field.strip()}")
    assert problem.remedy


@pytest.mark.parametrize("field", BAD_SUPERVISORS)
def test_each_fault_of_a_supervisor_is_named_with_its_remedy(field: str) -> None:
    (problem,) = supervisor_problems(BAD_SUPERVISORS[field])
    assert problem.field.endswith(f".{field.strip()}")
    assert problem.remedy


def test_a_significant_child_needs_a_supervisor_that_can_be_ended_by_it() -> None:
    kid = ChildSpec(id="a", restart=Restart.TRANSIENT, significant=True)
    assert [problem.field for problem in supervisor_problems(SupervisorSpec(id="s", children=(kid,)))] == [
        "a.significant"
    ]
    ended = SupervisorSpec(id="s", children=(kid,), auto_shutdown=AutoShutdown.ANY_SIGNIFICANT)
    assert supervisor_problems(ended) == ()


def test_all_faults_are_reported_at_once_and_nothing_is_built() -> None:
    bad = SupervisorSpec(id="s", children=(ChildSpec(id="s", shutdown_timeout=-1),), concurrency=0)
    with pytest.raises(ConfigurationError) as caught:
        Supervisor(bad, life=1)
    for part in ("s.concurrency", "s.shutdown_timeout", "its own child"):
        assert part in str(caught.value)


def test_a_sound_spec_raises_nothing() -> None:
    require_sound(
        supervisor_problems(SupervisorSpec(id="s", children=(*children("a"), supervisor_child("t"))))
    )


ROOT = SupervisorSpec(id="r", children=(supervisor_child("t"),), root=ExitPolicy())
LEAF = SupervisorSpec(id="t", children=children("a"))

BAD_TREES = {
    "tree.root": {"r": msgspec.structs.replace(ROOT, root=None), "t": LEAF},
    "tree.x": {"r": ROOT, "t": LEAF, "x": SupervisorSpec(id="x")},
    "tree.t": {"r": ROOT},
    "tree.a": {"r": msgspec.structs.replace(ROOT, children=(*ROOT.children, *children("a"))), "t": LEAF},
    "tree.k": {"r": ROOT, "t": LEAF, "k": msgspec.structs.replace(LEAF, id="t", children=())},
}


@pytest.mark.parametrize("field", BAD_TREES)
def test_a_tree_must_hang_together(field: str) -> None:
    assert field in [problem.field for problem in tree_problems(BAD_TREES[field])]


def test_a_ring_of_supervisors_is_not_a_tree() -> None:
    ring = {
        "r": SupervisorSpec(id="r", root=ExitPolicy()),
        "x": SupervisorSpec(id="x", children=(supervisor_child("y"),)),
        "y": SupervisorSpec(id="y", children=(supervisor_child("x"),)),
    }
    assert {problem.field for problem in tree_problems(ring)} == {"tree.x", "tree.y"}


def test_a_sound_tree_has_no_problems() -> None:
    assert tree_problems({"r": ROOT, "t": LEAF}) == ()
