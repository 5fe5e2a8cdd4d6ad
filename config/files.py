"""Finds the files that make up a desk's settings: a profile by name, one file, or the folder of five."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path as FilePath

from config.layers import set_twice
from config.problems import Problem
from config.yaml_reader import Document, read_yaml

FOLDER_FILES = ("app.yaml", "policy.yaml", "universe.yaml", "venues.yaml", "strategies.yaml")
"""The files of a folder of settings, in the order in which they are read."""

PROFILE_KEY = "profile"
"""At the top of a file: the profile that the file builds on, by name or by path from the file."""

_PROFILES = FilePath(__file__).parent / "profiles"
_SUFFIXES = (".yaml", ".yml")


def profile_names() -> tuple[str, ...]:
    """The ready-made profiles."""
    return tuple(sorted(file.stem for file in _PROFILES.glob("*.yaml")))


def dotenv_folder(source: str | FilePath) -> FilePath | None:
    """The folder beside the settings in which `.env` is looked for; None for a ready-made profile."""
    if _is_profile(source):
        return None
    path = FilePath(source)
    return path if path.is_dir() else path.parent


def read_source(source: str | FilePath) -> tuple[list[Document], list[Problem]]:
    """The documents that `source` stands for, the weakest first, and what is wrong with the files themselves."""
    documents: list[Document] = []
    problems = _read_onto(documents, source, ())
    return documents, problems + [problem for document in documents for problem in document.problems]


def _read_onto(
    documents: list[Document], source: str | FilePath, users: tuple[FilePath, ...]
) -> list[Problem]:
    """Put the documents of `source` in front of `documents`, and before them those of the profile it builds on."""
    path = _PROFILES / f"{source}.yaml" if _is_profile(source) else FilePath(source)
    if path.resolve() in users:
        return [Problem(PROFILE_KEY, f"{path} builds on itself", remedy="remove one of the profile lines")]
    mine, problems = _documents(path, profile=_is_profile(source))
    problems += list(set_twice(mine))
    named = [(each, each.data.pop(PROFILE_KEY)) for each in mine if PROFILE_KEY in each.data]
    documents[:0] = mine
    for document, base in named[:1]:
        place = f"{document.name}:{document.lines[(PROFILE_KEY,)]}"
        if not isinstance(base, str):
            problems.append(
                Problem(PROFILE_KEY, "must be a profile's name or path", source=place, remedy=_known())
            )
            continue
        below = path if path.is_dir() else path.parent
        builds_on: str | FilePath = base if _is_profile(base) else below / base
        problems += _read_onto(documents, builds_on, (*users, path.resolve()))
    return problems


def _documents(path: FilePath, profile: bool) -> tuple[list[Document], list[Problem]]:
    if path.is_dir():
        problems = list(_unread(path))
        files = [path / name for name in FOLDER_FILES if (path / name).is_file()]
        if not files:
            problems.append(
                Problem(
                    "", f"{path} holds no settings", remedy=f"put one of {', '.join(FOLDER_FILES)} into it"
                )
            )
        return [read_yaml(file) for file in files], problems
    if not path.exists():
        return [], [
            Problem("", f"there are no settings at {path}", remedy=f"name a file or folder; {_known()}")
        ]
    return [read_yaml(path, f"profile {path.stem}" if profile else None)], []


def _unread(folder: FilePath) -> Iterator[Problem]:
    """YAML files that would be passed over in silence, most likely misspelt ones."""
    for file in sorted(folder.iterdir()):
        if file.suffix in _SUFFIXES and file.name not in FOLDER_FILES:
            yield Problem(
                "",
                f"{file} is not read",
                remedy=f"name it one of {', '.join(FOLDER_FILES)}, or move it elsewhere",
            )


def _is_profile(source: str | FilePath) -> bool:
    return isinstance(source, str) and source in profile_names()


def _known() -> str:
    return f"the ready-made profiles are {', '.join(profile_names())}"
