"""`python -m cluster.docs [FOLDER]`: write the generated pages, into `docs` unless another folder is given."""

from __future__ import annotations

import argparse
from pathlib import Path

from cluster.docs.pages import write_pages


def main() -> None:
    """Write all pages and say which."""
    parser = argparse.ArgumentParser(prog="cluster.docs", description="Write the generated pages.")
    parser.add_argument("folder", type=Path, nargs="?", default=Path("docs"), help="default: docs")
    for path in write_pages(parser.parse_args().folder):
        print(path)


if __name__ == "__main__":
    main()
