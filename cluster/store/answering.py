"""What it means when Redis does not answer, or refuses: the one place where its errors become the desk's."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

from redis import exceptions

from messages.errors import StoreError, StoreUnavailableError

_AWAY = (exceptions.ConnectionError, exceptions.TimeoutError, exceptions.ReadOnlyError, OSError)

_NOT_NOW = (
    exceptions.OutOfMemoryError,
    exceptions.MasterDownError,
    exceptions.ClusterDownError,
    exceptions.TryAgainError,
)
"""Refusals that pass, as redis-py tells them: without the server's word for them, which it takes off."""

_NOT_NOW_WORDS = re.compile(
    r"(?:^|-)(?:LOADING|OOM|MISCONF|MASTERDOWN|CLUSTERDOWN|NOREPLICAS|TRYAGAIN|READONLY|BUSY)\b"
)
"""The server's words for refusals that pass: at the beginning, or where it tells that a script ran into one.

It asks before the first write of a script, so that nothing is written then.
"""


@contextmanager
def answering(what: str) -> Iterator[None]:
    """Turn a missing answer into `StoreUnavailableError`, and a refusal of the server into `StoreError`."""
    try:
        yield
    except _AWAY as error:
        raise StoreUnavailableError(
            f"Redis did not answer: {error}",
            field=what,
            remedy="the desk waits and fails closed; check that Redis runs and can be reached",
        ) from error
    except exceptions.ResponseError as error:
        text = str(error)
        if isinstance(error, _NOT_NOW) or _NOT_NOW_WORDS.search(text):
            raise StoreUnavailableError(
                f"Redis refuses to write: {text}",
                field=what,
                remedy="free memory or disk, or wait until it is loaded",
            ) from error
        raise StoreError(f"Redis refused: {text}", field=what) from error
