"""Where tasks run: one after the other in this process, or as Ray tasks on whatever cores there are.

Both give results in the order in which tasks end, each with the number of its task.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Protocol, TypeVar

from cluster.sweep.evaluate import RunResult, Task, evaluate
from config import DeskConfig

R = TypeVar("R")

_AHEAD = 2
"""Tasks submitted per core: enough that none waits for the next, few enough that an end comes soon."""
_RETRIES = 1
"""A run whose process dies is tried once more: it may have been another's memory that ran out."""


class Runner(Protocol):
    """Runs tasks; see the module docstring."""

    def __call__(self, tasks: Sequence[Task]) -> Iterator[tuple[int, RunResult]]:
        """The results with their tasks' numbers, as they come."""


def run_here(tasks: Sequence[Task]) -> Iterator[tuple[int, RunResult]]:
    """One after the other in this process."""
    for number, task in enumerate(tasks):
        yield number, evaluate(task)


@contextmanager
def ray_runner(config: DeskConfig) -> Iterator[Runner]:
    """Tasks on the configured Ray cluster, or on one of our own that ends with the block; for the main thread only.

    Raises `ConfigurationError` when the configured cluster can't be reached.
    """
    with ray_cluster(config):
        yield run_on_ray


@contextmanager
def ray_cluster(config: DeskConfig) -> Iterator[None]:
    """A connection to Ray for the block; see `ray_runner`."""
    from cluster.ray_session import RaySession

    # a sweep has a progress bar of its own; a dashboard would only take a core from it
    plain = config.model_copy(update={"ray": config.ray.model_copy(update={"dashboard": False})})
    session = RaySession.open(plain, os.environ)
    try:
        yield
    finally:
        session.stop()


def run_on_ray(tasks: Sequence[Task]) -> Iterator[tuple[int, RunResult]]:
    """One Ray task of one core each. A task that Ray can't bring to its end is a run that failed."""
    return each_on_ray(evaluate, tasks, failed=lambda reason: RunResult(error=reason))


def each_on_ray(
    function: Callable[..., R],
    tasks: Sequence[Any],
    *,
    failed: Callable[[str], R],
    shared: Sequence[Any] = (),
) -> Iterator[tuple[int, R]]:
    """`function(*shared, task)` for each task, one Ray task of one core each; what is `shared` is sent once.

    `failed` makes the result of a task that Ray can't bring to its end from the reason.
    """
    import ray

    remote = ray.remote(num_cpus=1, max_retries=_RETRIES)(function)
    common = [ray.put(each) for each in shared]
    ahead = _AHEAD * max(1, int(_resources(ray).get("CPU", 1)))
    waiting = list(enumerate(tasks))[::-1]
    running: dict[Any, int] = {}
    try:
        while waiting or running:
            while waiting and len(running) < ahead:
                number, task = waiting.pop()
                running[remote.remote(*common, task)] = number
            ready, _ = ray.wait(list(running), num_returns=1)
            for reference in ready:
                yield running.pop(reference), _result(reference, ray, failed)
    finally:
        for reference in running:
            ray.cancel(reference, force=True)


def _resources(ray: Any) -> dict[str, float]:
    found: dict[str, float] = ray.cluster_resources()
    return found


def _result(reference: Any, ray: Any, failed: Callable[[str], R]) -> R:
    try:
        found: R = ray.get(reference)
    except ray.exceptions.RayError as error:
        return failed(f"{type(error).__name__}: {str(error).strip().splitlines()[0]}")
    return found
