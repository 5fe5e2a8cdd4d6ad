"""One budget of requests for all processes of a desk that reach a venue from the same address, kept in Redis.

Redis's clock is the only one that counts. When Redis is away the desk fails closed by itself, but cancels and
questions must go on: each process then spends a fixed share of its own, so that all together stay within the limit.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from importlib import resources

import redis.asyncio as aioredis

from actors.venues.transport.budget import SHARES, SLOTS, Budget, Limit, Priority
from cluster.store.answering import answering
from messages.errors import ConfigurationError, StoreError

_MILLISECOND = 1_000_000
_AWAY_NS = 1_000_000_000


class RedisBudget:
    """A `SharedBudget`. `address` names the way out to the venue: processes with the same name share.

    `safety` is the part of each limit that is used, `own_share` the part this process may spend without Redis.
    The client should have short time-outs: a request waits for its answer.
    """

    def __init__(
        self,
        client: aioredis.Redis,
        desk: str,
        venue: str,
        address: str,
        *,
        safety: float = 0.95,
        own_share: float = 0.1,
    ) -> None:
        if not 0 < safety <= 1 or not 0 < own_share <= 1:
            raise ConfigurationError(
                "parts of a limit are above 0 and at most 1",
                field="rate_budget",
                value=(safety, own_share),
                remedy="give safety and own_share between 0 and 1",
            )
        self._safety = safety
        self._own_share = own_share
        self._prefix = f"{{{desk}}}:rate:{venue}:{address}"
        self._client = client
        self._script = client.register_script(_script("rate"))
        self._pause = client.register_script(_script("rate_pause"))
        self._own = Budget((), safety=safety)
        self._away_until = 0

    @property
    def away(self) -> bool:
        """Whether Redis did not answer lately, so that this process spends its own share."""
        return time.monotonic_ns() < self._away_until

    async def take(self, costs: Mapping[Limit, int], priority: Priority) -> int:
        """See `SharedBudget.take`."""
        if not self.away:
            try:
                return await self._take_shared(costs, priority)
            except StoreError:
                self._away_until = time.monotonic_ns() + _AWAY_NS
        return self._take_own(costs, priority)

    async def pause(self, duration_ns: int) -> None:
        """See `SharedBudget.pause`. A longer pause that is under way stays."""
        self._own.pause(time.monotonic_ns() + duration_ns)
        try:
            with answering("rate budget"):
                await self._pause(keys=[self._pause_key], args=[-(-duration_ns // _MILLISECOND)])
        except StoreError:
            self._away_until = time.monotonic_ns() + _AWAY_NS

    @property
    def _pause_key(self) -> str:
        return f"{self._prefix}:pause"

    async def _take_shared(self, costs: Mapping[Limit, int], priority: Priority) -> int:
        arguments: list[int] = []
        for limit, units in costs.items():
            window = -(-limit.window_ns // _MILLISECOND)
            ceiling = int(limit.capacity * self._safety * SHARES[priority])
            arguments += [units, ceiling, window, max(1, window // SLOTS)]
        keys = [self._pause_key, *(f"{self._prefix}:{limit.name}" for limit in costs)]
        with answering("rate budget"):
            told = int(await self._script(keys=keys, args=arguments))
        return told if told <= 0 else told * _MILLISECOND

    def _take_own(self, costs: Mapping[Limit, int], priority: Priority) -> int:
        own = [
            Limit(limit.name, max(1, int(limit.capacity * self._own_share)), limit.window_ns)
            for limit in costs
        ]
        self._own.learn(own)
        units = {limit.name: units for limit, units in costs.items()}
        return self._own.take(units, priority, time.monotonic_ns())


def _script(name: str) -> str:
    return resources.files("cluster.store").joinpath("scripts", f"{name}.lua").read_text()
