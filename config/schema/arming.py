"""Settings of live arming: what has to be said, by a person and in the settings, before real orders leave."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from pydantic import Field

from config.schema.base import Contradiction, Settings, Text

ACKNOWLEDGEMENT = "I_UNDERSTAND"
"""What `arming.acknowledgement` has to be, letter by letter."""


class ArmingSettings(Settings):
    """Whether the desk may change anything at a venue. `live` needs all of it, and a green `raydesk preflight`."""

    role: Literal["trader", "monitor"] = Field(
        default="trader", description="A monitor looks at its accounts and changes nothing at any venue."
    )
    live_trading: bool = Field(default=False, description="Whether live orders may leave at all.")
    acknowledgement: Text | None = Field(
        default=None,
        description=f"{ACKNOWLEDGEMENT}, from whoever answers for the money; needed for live.",
    )
    stage: Literal["pilot", "full"] | None = Field(
        default=None,
        description="How far live trading has come: a pilot is held to the caps of a canary. Needed for live.",
    )

    def contradictions(self) -> Iterator[Contradiction]:
        said = self.acknowledgement
        if said not in (None, ACKNOWLEDGEMENT):
            yield Contradiction(
                ("acknowledgement",),
                said,
                "is no acknowledgement",
                f"write {ACKNOWLEDGEMENT}, or leave it out",
            )
