"""Waiting for Redis's answer in the watchers' one way: no answer is `StoreUnavailableError`."""

from __future__ import annotations

from typing import Any

from redis import exceptions

from messages.errors import StoreUnavailableError


async def answered(request: Any) -> Any:
    """What Redis answers. Raises `StoreUnavailableError` when it does not, or refuses."""
    try:
        return await request
    except (exceptions.RedisError, OSError) as error:
        raise StoreUnavailableError(
            f"Redis did not answer: {error}",
            field="observer",
            remedy="check that Redis runs and can be reached",
        ) from error
