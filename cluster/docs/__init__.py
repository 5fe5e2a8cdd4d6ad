"""The pages of `docs/` that are made from the code: every setting, and the tables operators look things up in.

`python -m cluster.docs` writes them anew; a test compares the committed files with fresh text.
"""

from cluster.docs.pages import PAGES, write_pages

__all__ = ["PAGES", "write_pages"]
