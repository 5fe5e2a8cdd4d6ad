"""What it means when Redis does not answer, or refuses: the one place where its errors become the desk's."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from redis import exceptions

from messages.errors import StoreError, StoreUnavailableError

_AWAY = (exceptions.ConnectionError, exceptions.TimeoutError, exceptions.ReadOnlyError, OSError)


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
        if text.startswith(
            ("LOADING", "OOM", "MISCONF", "MASTERDOWN", "CLUSTERDOWN", "NOREPLICAS", "TRYAGAIN")
        ):
            raise StoreUnavailableError(
                f"Redis refuses to write: {text}",
                field=what,
                remedy="free memory or disk, or wait until it is loaded",
            ) from error
        raise StoreError(f"Redis refused: {text}", field=what) from error
