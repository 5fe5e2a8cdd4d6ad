"""One history is of one kind of money."""

from __future__ import annotations

from pathlib import Path

import pytest

from cluster.money_kind import require_one_kind_of_money
from messages.errors import ConfigurationError

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(("before", "now"), [("paper", "live"), ("live", "paper")])
def test_a_history_of_other_money_is_not_gone_on_with(tmp_path: Path, before: str, now: str) -> None:
    require_one_kind_of_money(tmp_path, before)
    with pytest.raises(ConfigurationError, match=f"history is one of {before}") as refused:
        require_one_kind_of_money(tmp_path, now)
    assert (refused.value.field, refused.value.value) == ("desk.environment", now)
    require_one_kind_of_money(tmp_path, before)


def test_a_dry_run_may_be_followed_by_either_and_comes_after_either(tmp_path: Path) -> None:
    for environment in ("dry_run", "live", "dry_run", "live"):
        require_one_kind_of_money(tmp_path, environment)
