"""A history is of one kind of money, wherever it is gone on from, and none where a session begins afresh."""

from __future__ import annotations

import pytest

from cluster.history import require_nothing_before, require_one_kind_of_money
from cluster.host.lease import this_incarnation
from cluster.store.redis_store import RedisStore
from messages.errors import ConfigurationError
from tests.cluster.test_account_lease import on

pytestmark = pytest.mark.integration


@pytest.mark.parametrize(("before", "now"), [("paper", "live"), ("live", "paper")])
def test_a_history_of_other_money_is_not_gone_on_with(redis_url: str, before: str, now: str) -> None:
    async def work(one: RedisStore, other: RedisStore) -> None:
        await require_one_kind_of_money(one, before)
        with pytest.raises(ConfigurationError, match=f"history is one of {before}") as refused:
            await require_one_kind_of_money(one, now)
        assert (refused.value.field, refused.value.value) == ("desk.environment", now)
        await require_one_kind_of_money(one, before)
        await require_one_kind_of_money(other, now)

    on(redis_url, work)


def test_a_dry_run_may_be_followed_by_either_and_comes_after_either(redis_url: str) -> None:
    async def work(one: RedisStore, _: RedisStore) -> None:
        for environment in ("dry_run", "live", "dry_run", "live"):
            await require_one_kind_of_money(one, environment)

    on(redis_url, work)


def test_a_session_that_begins_afresh_finds_no_history_of_its_desk(redis_url: str) -> None:
    async def work(one: RedisStore, other: RedisStore) -> None:
        await other.claim("risk", this_incarnation())
        await require_nothing_before(one, "one")
        await one.claim("risk", this_incarnation())
        with pytest.raises(ConfigurationError, match="holds a history of this desk") as refused:
            await require_nothing_before(one, "one")
        assert (refused.value.field, refused.value.value) == ("desk.name", "one")

    on(redis_url, work)
