"""What Binance USD-M futures declares of itself; apart from its adapter, as a simulation needs no sockets."""

from __future__ import annotations

from actors.venues.port import VenueTraits

CLIENT_ID_ALPHABET = "abcdefghijklmnopqrstuvwxyz234567"
"""Base32 in lower case. The venue takes more (`.A-Z:/_-`), but not everything that shows its ids tells cases apart."""


def binance_usdm_traits(request_expiry_ns: int) -> VenueTraits:
    """The venue's traits. Client order ids are unique among open orders only, so nothing is ever sent twice."""
    return VenueTraits(
        never_accepts_id_twice=False,
        idempotent_by_client_id=False,
        client_id_lookup=True,
        client_id_max_length=36,
        client_id_alphabet=CLIENT_ID_ALPHABET,
        request_expiry_ns=request_expiry_ns,
        post_only=True,
        reduce_only=True,
        stops=True,
        close_position=True,
        immediate_or_cancel=True,
        fill_or_kill=True,
        amend=True,
        cancel_all=True,
        asynchronous_cancel=False,
        margin=True,
        hedge_mode=True,
        dead_man_switch=True,
        stream_resumes=False,
        stream_tells_fills=True,
        instruments_change=True,
    )
