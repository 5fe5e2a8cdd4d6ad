"""The desk's processes have the priority of the command that started them, which Ray would lower."""

from __future__ import annotations

import os

import ray


def test_an_actor_is_as_urgent_as_who_started_the_desk() -> None:
    @ray.remote(num_cpus=0)
    def niceness() -> int:
        return os.nice(0)

    assert ray.get(niceness.remote(), timeout=120) == os.nice(0)
