"""Which processes tests have left behind, as the machine tells it."""

from __future__ import annotations

from pathlib import Path

import psutil


def processes_of(folder: Path) -> list[psutil.Process]:
    """Living processes other than this one and its parents that name the folder in an argument, or work in it.

    A Redis whose socket would have too long a path in its folder only does the latter.
    """
    own = psutil.Process()
    spared = (own, *own.parents())
    found = []
    for process in psutil.process_iter():
        try:
            named = [*process.cmdline(), process.cwd()]
        except psutil.Error:  # it has ended meanwhile, or is a corpse, or not ours to look at
            continue
        if any(str(folder) in each for each in named) and process not in spared:
            found.append(process)
    return found


def children() -> list[psutil.Process]:
    """Living processes below this one, but for multiprocessing's resource tracker.

    That one lives as long as the interpreter that once needed it.
    """
    return [each for each in psutil.Process().children(recursive=True) if not _is_pythons_own(each)]


def _is_pythons_own(process: psutil.Process) -> bool:
    try:
        return any("resource_tracker" in word for word in process.cmdline())
    except psutil.Error:
        return False
