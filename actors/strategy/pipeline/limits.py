"""One check for the figures of settings: within these limits, and a number."""

from __future__ import annotations

from math import inf

import msgspec

from messages.errors import ConfigurationError


def require(
    settings: msgspec.Struct,
    where: str,
    *names: str,
    least: float = 0.0,
    most: float = inf,
    above: bool = False,
) -> None:
    """Raise `ConfigurationError` when one of these fields is not a finite number from `least` to `most`.

    With `above`, `least` itself is too little.
    """
    for name in names:
        value = getattr(settings, name)
        if not (least <= value <= most and abs(value) < inf) or (above and value == least):
            lower = f"above {least:g}" if above else f"at least {least:g}"
            upper = "" if most == inf else f" and at most {most:g}"
            raise ConfigurationError(
                f"must be {lower}{upper}",
                field=f"{where}.{name}",
                value=value,
                remedy="fractions are written as 0.05, or as 5% in a settings file",
            )
