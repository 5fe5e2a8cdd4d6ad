"""The one hash over all settings that is stamped on every decision; secrets are no part of it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping

from config.catalogue import Path, is_secret
from config.schema import DeskConfig


def config_hash(config: DeskConfig) -> str:
    """sha256 (hex) over the settings in canonical JSON: equal for equal settings, however they were written
    (`5%` or `0.05`), in whatever order and from whichever files."""
    canonical = json.dumps(
        _without_secrets(config.model_dump(mode="json")), sort_keys=True, separators=(",", ":")
    )
    return hashlib.sha256(canonical.encode()).hexdigest()


def _without_secrets(data: Mapping[str, object], above: Path = ()) -> dict[str, object]:
    return {
        key: _without_secrets(value, (*above, key)) if isinstance(value, dict) else value
        for key, value in data.items()
        if not is_secret((*above, key))
    }
