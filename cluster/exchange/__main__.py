"""`python -m cluster.exchange --settings FILE`: the local exchange as a process of its own."""

from __future__ import annotations

import sys

from cluster.exchange.server import serve
from cluster.exchange.settings import load_settings
from cluster.serving import main

if __name__ == "__main__":
    sys.exit(
        main(
            "cluster.exchange",
            "The local exchange.",
            "cluster.exchange.settings.ServerSettings",
            load_settings,
            serve,
        )
    )
