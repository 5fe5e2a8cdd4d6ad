"""The Ray classes of a desk's processes: one for each kind, however often its processes are started."""

from __future__ import annotations

import pytest

from cluster.host.process import ActorProcess, remote_class

pytestmark = pytest.mark.unit


def test_processes_of_one_kind_share_their_class() -> None:
    assert remote_class("strategy/BTC-USDT") is remote_class("strategy/ETH-USDT")
    assert remote_class("strategy/BTC-USDT") is not remote_class("risk")


def test_only_the_root_is_restarted_by_ray() -> None:
    child, root = remote_class("supervisor/venues"), remote_class("supervisor/desk", root=True)
    assert child is not root
    assert (child._default_options["max_restarts"], root._default_options["max_restarts"]) == (0, -1)


def test_a_process_whose_constructor_failed_has_a_name_all_the_same() -> None:
    """Else Ray tells an error of the name, and not the one that kept the process from starting."""
    made = ActorProcess.__new__(ActorProcess)
    assert repr(made) == "ActorProcess"
