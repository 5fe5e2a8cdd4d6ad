"""Protocols that the local exchange speaks; each is a plug-in on the core's plain calls."""

from __future__ import annotations

from typing import Protocol

from starlette.applications import Starlette


class Front(Protocol):
    """What the server needs of a protocol."""

    name: str
    application: Starlette

    def beat(self) -> None:
        """Called often: do whatever has become due."""

    def set_clock_offset(self, offset_s: float) -> None:
        """Let the server's time be ahead of the exchange's by so much."""

    def cut_streams(self) -> int:
        """Reset all stream connections; tells how many there were."""

    def expire_listen_keys(self) -> int:
        """End all sessions of private streams; tells how many there were."""

    def statistics(self) -> dict[str, object]:
        """What was asked and answered."""

    def sent_requests(self) -> list[object]:
        """The latest requests as they were sent, as many as the settings keep."""

    def close(self) -> None:
        """Take no more of the exchange's events."""
