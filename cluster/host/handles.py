"""Finding, starting and ending the Ray processes of a desk by address; the only place that talks to Ray about them."""

from __future__ import annotations

import asyncio
import os
import pickle
import signal
import time
from typing import Any

import ray
from ray.exceptions import RayError

from cluster.host.launch import ChildLaunch, Started, role_of
from cluster.host.lease import is_here, proven_gone
from cluster.host.process import remote_class
from cluster.host.process_spec import process_spec
from cluster.store.port import Incarnation
from messages.base import Address

ANSWER_TIMEOUT_S = 3.0
"""How long a living process may take to say who it is."""


_RAYS_OWN_KILL_S = 0.5
"""How long Ray's own kill may take before the process is killed from here; a stopped one keeps Ray waiting for 5 s."""


class Handles:
    """The processes of one desk: `namespace` is where its Ray actors are named by their addresses."""

    def __init__(self, namespace: str, *, resources: bool = False) -> None:
        self.namespace = namespace
        self.resources = resources

    def find(self, address: Address) -> Any | None:
        """The handle of the process that has this name now, or None."""
        try:
            return ray.get_actor(address, namespace=self.namespace)
        except ValueError:
            return None

    def names(self) -> list[Address]:
        """The addresses of all processes of the desk that Ray knows, sorted."""
        named = ray.util.list_named_actors(all_namespaces=True)
        return sorted(entry["name"] for entry in named if entry["namespace"] == self.namespace)

    def create(self, child: ChildLaunch, *, root: bool = False) -> Any:
        """Start a process for a child; it does nothing before `begin` is called.

        Raises `ConfigurationError` for settings that its actor refuses.
        """
        options: dict[str, Any] = {
            "name": child.address,
            "namespace": self.namespace,
            "lifetime": "detached",
            "max_concurrency": 16,
        }
        if self.resources:
            options["resources"] = {role_of(child.address): 1}
            options["scheduling_strategy"] = "SPREAD"
        told = pickle.dumps(process_spec(child))
        return remote_class(child.address, root=root).options(**options).remote(told)

    async def identify(self, handle: Any) -> Started | None:
        """Who lives there; None when it does not answer in time, is dead, or is not ready."""
        try:
            return await asyncio.wait_for(_awaited(handle.identify.remote()), ANSWER_TIMEOUT_S)
        except (RayError, TimeoutError):
            return None

    async def end(
        self, address: Address, incarnation: Incarnation | None, *, timeout_s: float = 10.0
    ) -> None:
        """Kill whatever runs under this name, and the process of `incarnation`, and wait until both are gone.

        Ray's word that an actor is dead is no proof: on this machine the process itself is looked at.
        """
        handle = self.find(address)
        if handle is not None:
            ray.kill(handle, no_restart=True)
        began = time.monotonic()
        while (elapsed := time.monotonic() - began) < timeout_s:
            if incarnation is not None and (handle is None or elapsed > _RAYS_OWN_KILL_S):
                kill_here(incarnation)
            named = self.find(address) is not None
            alive = incarnation is not None and is_here(incarnation) and not proven_gone(incarnation)
            if not named and not alive:
                return
            await asyncio.sleep(0.01)


def kill_here(incarnation: Incarnation) -> None:
    """kill -9 that process if it is one of this machine and still the same."""
    if is_here(incarnation) and not proven_gone(incarnation):
        try:
            os.kill(incarnation.pid, signal.SIGKILL)
        except ProcessLookupError:
            return


async def _awaited(reference: Any) -> Any:
    return await reference
