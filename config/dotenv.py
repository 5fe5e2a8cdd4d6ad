"""Reads a `.env` file: one NAME=value per line, `#` comments, optional quotes and `export`."""

from __future__ import annotations

import re
from pathlib import Path as FilePath

from config.environment import Variables
from config.problems import Problem

_LINE = re.compile(
    r"""(?:export\s+)?(?P<name>[A-Za-z_][A-Za-z0-9_-]*)\s*=\s*
        (?:"(?P<double>[^"]*)"|'(?P<single>[^']*)'|(?P<plain>[^"'].*?|))\s*(?:(?<=\s)\#.*)?""",
    re.VERBOSE,
)


def read_dotenv(file: FilePath) -> tuple[Variables, list[Problem]]:
    """The variables in `file`, none when it does not exist. Lines that can't be read are problems, shown by their
    number only: they may hold a secret."""
    values: dict[str, str] = {}
    origins: dict[str, str] = {}
    problems: list[Problem] = []
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return Variables({}), []
    except (OSError, UnicodeDecodeError):
        return Variables({}), [
            Problem("", f"{file}: can't be read", remedy="check its permissions, save it as UTF-8")
        ]
    for number, line in enumerate(lines, start=1):
        text = line.strip()
        if not text or text.startswith("#"):
            continue
        match = _LINE.fullmatch(text)
        if match is None:
            problems.append(
                Problem("", "is not NAME=value", source=f"{file.name}:{number}", remedy="mend the line")
            )
            continue
        name = match["name"]
        values[name] = next(each for each in match.group("double", "single", "plain") if each is not None)
        origins[name] = f"{file.name}:{number} {name}"
    return Variables(values, origins), problems


def beneath(environ: Variables, dotenv: Variables) -> Variables:
    """Both together; the process's own environment wins."""
    mine = {name: text for name, text in dotenv.values.items() if name not in environ.values}
    return Variables(
        {**mine, **environ.values}, {**dotenv.origins, **{name: name for name in environ.values}}
    )
