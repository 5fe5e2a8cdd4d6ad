"""What the paper venue declares of itself; apart from its adapter, so that a simulation needs no sockets for it."""

from __future__ import annotations

from actors.venues.port import ALPHANUMERIC, VenueTraits

PAPER_TRAITS = VenueTraits(
    never_accepts_id_twice=True,
    client_id_lookup=True,
    client_id_max_length=64,
    client_id_alphabet=ALPHANUMERIC + "-",
    post_only=True,
    reduce_only=True,
    stops=True,
    immediate_or_cancel=True,
    fill_or_kill=True,
    asynchronous_cancel=True,
    stream_resumes=True,
)
