"""Bugs planted into limits that people change while the desk trades."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import pytest

from actors.risk import limit_book
from actors.risk.limits import LimitValue, RiskSettings

Patch = pytest.MonkeyPatch


def changed_limit_not_in_force(patch: Patch) -> None:
    """A change is journalled and counted, but intents are judged by the settings."""
    values = limit_book.scoped_values

    def settings_only(
        settings: RiskSettings, changes: Mapping[str, Mapping[str, str]]
    ) -> dict[str, dict[str, LimitValue]]:
        return values(settings, {})

    patch.setattr(limit_book, "scoped_values", settings_only)


def narrower_limit_wins(patch: Patch) -> None:
    """A limit of a symbol or a venue takes the place of the desk's, and may be looser."""

    def narrowest(name: str, values: Iterable[LimitValue | None]) -> LimitValue | None:
        given = [each for each in values if each is not None]
        return given[-1] if given else None

    patch.setattr(limit_book, "strictest", narrowest)


LIMIT_BUGS = (changed_limit_not_in_force, narrower_limit_wins)
