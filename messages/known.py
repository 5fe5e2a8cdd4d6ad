"""Every type of message and event: whoever reads what others have written imports this first.

An actor's process loads only what its own actor uses, so that it is soon there again after a crash.
"""

from __future__ import annotations

import importlib
import pkgutil

import messages

for _module in pkgutil.iter_modules(messages.__path__):
    importlib.import_module(f"messages.{_module.name}")
