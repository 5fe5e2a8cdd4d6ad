"""Whose money a desk's history is about: play money of `paper` or real money of `live`, never both.

One set of books goes through a whole history. What a paper account holds would count in the NAV that real orders are
sized by, and so would limits that were loosened while nothing was at stake.
"""

from __future__ import annotations

from pathlib import Path

from cluster.durable_files import write_atomically
from messages.errors import ConfigurationError

_FILE = "environment"
_WITH_MONEY = ("paper", "live")
"""A `dry_run` moves none, so that either may come after it."""


def require_one_kind_of_money(home: Path, environment: str) -> None:
    """Note the environment that the history in `home` is traded in.

    Raises `ConfigurationError` for `live` on a history of `paper`, and the other way about.
    """
    if environment not in _WITH_MONEY:
        return
    path = home / _FILE
    before = path.read_text(encoding="utf-8").strip() if path.exists() else None
    if before is None:
        write_atomically(path, f"{environment}\n".encode())
    elif before != environment:
        raise ConfigurationError(
            f"this desk's history is one of {before}: its books hold other money",
            field="desk.environment",
            value=environment,
            remedy="give the desk another desk.name or --folder",
        )
