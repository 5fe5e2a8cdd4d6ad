"""The way to the venue that a dataset is of."""

from __future__ import annotations

from actors.venues.binance_usdm.rest import BinanceRest
from actors.venues.binance_usdm.settings import BinanceUsdmSettings
from cluster.recording.manifest import Manifest


def rest_of(manifest: Manifest) -> BinanceRest:
    """Its REST API, public part; belongs to the event loop it is first used on, and is closed by the caller."""
    settings = BinanceUsdmSettings(
        venue=manifest.venue,
        rest_url=manifest.rest_url,
        stream_url=manifest.stream_url,
        listings=manifest.symbols,
    )
    return BinanceRest(settings, None)
