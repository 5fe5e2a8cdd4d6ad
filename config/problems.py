"""What is wrong with settings: one record per problem, and the one error that lists them all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from messages.errors import ConfigurationError


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong: the dotted path of the setting, what is wrong with it, the value, where it was set, the remedy.

    `value` is text for people and never a secret; None when there is none to show.
    """

    path: str
    message: str
    value: str | None = None
    source: str | None = None
    remedy: str | None = None

    def __str__(self) -> str:
        place = f"{self.path}: " if self.path else ""
        found = [f"found {self.value}"] if self.value is not None else []
        where = [f"in {self.source}"] if self.source is not None else []
        context = f" ({', '.join(found + where)})" if found or where else ""
        advice = f" — {self.remedy}" if self.remedy else ""
        return f"{place}{self.message}{context}{advice}"


def configuration_error(problems: Sequence[Problem]) -> ConfigurationError:
    """The error that lists `problems`, of which there is at least one; of a single one it carries the fields too."""
    if len(problems) == 1:
        (only,) = problems
        where = f" in {only.source}" if only.source else ""
        return ConfigurationError(
            f"{only.message}{where}", field=only.path or None, value=only.value, remedy=only.remedy
        )
    listed = "".join(f"\n  {problem}" for problem in problems)
    return ConfigurationError(f"{len(problems)} problems in the settings:{listed}")
