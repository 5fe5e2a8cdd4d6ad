"""`python -m tests.messages.make_samples`: stores the samples that are missing. It never changes one that is there."""

from __future__ import annotations

from tests.messages.desk_types import desk_types
from tests.messages.stored_samples import FOLDER, add_missing


def main() -> None:
    """Add what is missing and say what it was."""
    added = add_missing(desk_types())
    for line in added:
        print(f"added: {line}")
    print(f"{len(added)} samples added to {FOLDER.name}/; look at them before you commit them")


if __name__ == "__main__":
    main()
