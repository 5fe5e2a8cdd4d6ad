"""Which history a desk may go on from: the mail, journals and books that its store keeps under the desk's name."""

from __future__ import annotations

from cluster.store.redis_store import RedisStore
from messages.errors import ConfigurationError

_NOTE = "environment"
_WITH_MONEY = ("paper", "live")
"""A `dry_run` moves none, so that either may come after it."""


async def require_nothing_before(store: RedisStore, desk: str) -> None:
    """For a session that begins afresh: its market and its paper venue begin anew, so the books must, too.

    Raises `ConfigurationError` where the store has a history of this desk, as a Redis that outlives the session may.
    """
    if await store.addresses():
        raise ConfigurationError(
            "this session begins afresh, and its Redis holds a history of this desk",
            field="desk.name",
            value=desk,
            remedy="give another name with --desk",
        )


async def require_one_kind_of_money(store: RedisStore, environment: str) -> None:
    """Note whose money the history is about: play money of `paper` or real money of `live`, never both.

    One set of books goes through a whole history. What a paper account holds would count in the NAV that real orders
    are sized by, and so would limits that were loosened while nothing was at stake. The store keeps the note, beside
    the books: they may be gone on with from another folder or machine. Raises `ConfigurationError` for `live` on a
    history of `paper`, and the other way about.
    """
    if environment not in _WITH_MONEY:
        return
    before = await store.note(_NOTE)
    if before is None:
        await store.set_note(_NOTE, environment.encode())
    elif before.decode() != environment:
        raise ConfigurationError(
            f"this desk's history is one of {before.decode()}: its books hold other money",
            field="desk.environment",
            value=environment,
            remedy="give the desk another desk.name; with redis.mode embedded another --folder will do",
        )
