"""Joining a Ray cluster that runs: Ray's token is shown to it, and one that is not there is told at once."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
import ray

from cluster import ray_session

STARTS = """
import ray, sys
ray.init(num_cpus=1, include_dashboard=False, logging_level="error")
print(ray.get_runtime_context().gcs_address, flush=True)
sys.stdin.read()
"""
JOINS = """
import ray, sys
from cluster.ray_session import join
join(sys.argv[1])
print(len(ray.nodes()))
"""


@pytest.fixture
def environ(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Stands for the environment of this process."""
    environ: dict[str, str] = {}
    monkeypatch.setattr(os, "environ", environ)
    return environ


class _Tokens:
    there = True

    @classmethod
    def instance(cls) -> type[_Tokens]:
        return cls

    @classmethod
    def has_token(cls, ignore_auth_mode: bool) -> bool:
        return cls.there


@pytest.mark.parametrize(
    ("there", "said", "shown"),
    [(True, None, "token"), (True, "disabled", "disabled"), (False, None, None)],
)
def test_the_token_is_shown_where_there_is_one_and_nobody_says_otherwise(
    environ: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
    there: bool,
    said: str | None,
    shown: str | None,
) -> None:
    modes: list[str | None] = []
    monkeypatch.setattr(ray, "init", lambda **given: modes.append(environ.get("RAY_AUTH_MODE")))
    monkeypatch.setattr(ray_session, "AuthenticationTokenLoader", _Tokens)
    monkeypatch.setattr(_Tokens, "there", there)
    if said is not None:
        environ["RAY_AUTH_MODE"] = said

    ray_session.join("auto")

    assert modes == [shown]


def test_an_address_at_which_nobody_listens_is_told_at_once() -> None:
    with socket.socket() as taken:  # bound and not listening: refused, and nobody else can take it
        taken.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        began = time.monotonic()

        with pytest.raises(ConnectionError, match=f"nobody listens at {address}"):
            ray_session.join(address)

    assert time.monotonic() - began < ray_session.ANSWER_S + 1


@pytest.mark.long
def test_a_process_that_knows_nothing_of_the_one_that_started_the_cluster_may_join_it(tmp_path: Path) -> None:
    environ = {name: value for name, value in os.environ.items() if not name.startswith("RAY_")}
    environ["HOME"] = str(tmp_path)
    starter = subprocess.Popen(
        [sys.executable, "-c", STARTS], env=environ, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        assert starter.stdout is not None
        address = starter.stdout.readline().strip()
        joined = subprocess.run(
            [sys.executable, "-c", JOINS, address], env=environ, capture_output=True, text=True, timeout=60
        )
    finally:
        starter.communicate("", timeout=60)

    assert joined.stdout.strip() == "1", joined.stderr
