"""`python -m cluster.paper --settings FILE`: the paper venue as a process of its own."""

from __future__ import annotations

import sys

from cluster.paper.server import serve
from cluster.paper.settings import load_settings
from cluster.serving import main

if __name__ == "__main__":
    sys.exit(main("cluster.paper", "The paper venue.", "cluster.paper.PaperSettings", load_settings, serve))
