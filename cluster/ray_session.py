"""The Ray cluster a desk runs on: one of its own on this machine, or one that is there already."""

from __future__ import annotations

import os
import socket
from collections.abc import MutableMapping

import ray
from ray._raylet import AuthenticationTokenLoader, Config  # Ray has no public names for them

from config import DeskConfig
from messages.child_specs import SECOND
from messages.errors import ConfigurationError

ANSWER_S = 5.0
"""How long a cluster's address is given to take a connection."""
_STARTS_AT_ONCE = 32
"""Processes that Ray starts beside each other. One for each core, as it would, makes a desk of many actors wait; and of
those beyond it Ray would warn on the operator's screen."""


class RaySession:
    """This process's connection to Ray; `own` says that the cluster ends with it."""

    def __init__(self, own: bool, dashboard_url: str | None) -> None:
        self.own = own
        self.dashboard_url = dashboard_url

    @classmethod
    def open(cls, config: DeskConfig, environ: MutableMapping[str, str]) -> RaySession:
        """Join the configured cluster, or start one whose processes die with this one.

        Raises `ConfigurationError` when the configured cluster can't be reached.
        """
        if ray.is_initialized():
            return cls(False, _dashboard())
        settings = config.ray
        _tune(config, environ)
        if settings.address is not None:
            try:
                join(settings.address)
            except ConnectionError as error:
                raise ConfigurationError(
                    f"no Ray cluster answers: {error}",
                    field="ray.address",
                    value=settings.address,
                    remedy="start one, or set ray.address to null for one of the desk's own",
                ) from error
            return cls(False, _dashboard())
        _show_token()
        ray.init(
            num_cpus=_cpus(),
            include_dashboard=settings.dashboard,
            dashboard_host=settings.dashboard_host,
            dashboard_port=_dashboard_port(settings.dashboard_host, settings.dashboard_port),
            log_to_driver=False,
            logging_level="warning",
        )
        return cls(True, _dashboard() if settings.dashboard else None)

    @property
    def address(self) -> str:
        """Where other processes of this machine reach the cluster."""
        address: str = ray.get_runtime_context().gcs_address
        return address

    def stop(self) -> None:
        """Leave the cluster; one of our own ends. A connection that was there before stays."""
        if self.own:
            ray.shutdown()


def join(address: str) -> None:
    """Connect this process to a Ray cluster that runs; raises `ConnectionError` when none answers there."""
    host, _, port = address.rpartition(":")
    if host and port.isdigit():  # where nobody listens Ray would try for minutes
        try:
            socket.create_connection((host, int(port)), ANSWER_S).close()
        except OSError as error:
            raise ConnectionError(f"nobody listens at {address}: {error}") from error
    if AuthenticationTokenLoader.instance().has_token(ignore_auth_mode=True):
        _show_token()
    ray.init(address=address, log_to_driver=False, logging_level="warning")


def _show_token() -> None:
    """Have this process show Ray's token (`~/.ray/auth_token`, which the first cluster makes), unless the environment
    says otherwise.

    New clusters ask for it. Ray itself turns this on only in the process that starts one: every other one, such as a
    command about a running desk, would be turned away.
    """
    if "RAY_AUTH_MODE" not in os.environ:
        os.environ["RAY_AUTH_MODE"] = "token"
        Config.initialize("")  # Ray has read the environment when it was imported


def _tune(config: DeskConfig, environ: MutableMapping[str, str]) -> None:
    """What Ray reads from the environment of the processes it starts: how soon a dead node is noticed, log sizes, how
    many actors start at once and with what priority.

    Set on the node, never as a `runtime_env`: that would keep prestarted workers from being used.
    """
    check = config.ray.health_check
    tuned = {
        "RAY_health_check_initial_delay_ms": check.initial_delay * 1000 // SECOND,
        "RAY_health_check_period_ms": check.period * 1000 // SECOND,
        "RAY_health_check_timeout_ms": check.timeout * 1000 // SECOND,
        "RAY_health_check_failure_threshold": check.failure_threshold,
        "RAY_ROTATION_MAX_BYTES": 50_000_000,
        "RAY_DEDUP_LOGS": 0,
        "RAY_ENABLE_UV_RUN_RUNTIME_ENV": 0,
        "RAY_worker_maximum_startup_concurrency": _STARTS_AT_ONCE,
        "RAY_worker_niceness": 0,  # actors trade: not to wait behind everything else on the machine, as jobs may
    }
    for name, value in tuned.items():
        environ.setdefault(name, str(value))
    environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")


def _dashboard_port(host: str, wanted: int) -> int:
    """The configured port, or any free one when somebody else's dashboard has it: a view must not keep a desk down."""
    for port in (wanted, 0):
        with socket.socket() as probe:
            try:
                probe.bind((host, port))
            except OSError:
                continue
            free: int = probe.getsockname()[1]
            return free
    return wanted


def _cpus() -> int:
    return max(2, os.cpu_count() or 2)


def _dashboard() -> str | None:
    url = ray._private.worker.global_worker.node.webui_url  # Ray has no public name for it
    return f"http://{url}" if url else None
