"""The `sizing` section of a pipeline's parameters: which sizer decides, which is asked beside it, and the caps."""

from __future__ import annotations

import json
from typing import Any

from pydantic import Field, model_validator

from actors.strategy.pipeline.section import Section
from actors.strategy.pipeline.sizers import Candidate, make_own
from actors.strategy.pipeline.sizing import AtrSizer, Sizer, VolatilitySizer
from messages.errors import ConfigurationError


class SizeParameters(Section):
    """How large a position is, as a part of the budget."""

    sizer: str = Field(
        default="volatility",
        description="`volatility` (edge over volatility), `atr` (risk over ATR), or package.module:Class of one's own.",
    )
    parameters: dict[str, Any] = Field(default={}, description="Those of a sizer of one's own.")
    shadow: str | None = Field(
        default=None,
        description="A sizer beside it that has no say until it is promoted; written as `sizer`.",
    )
    shadow_parameters: dict[str, Any] = Field(
        default={}, description="Those of a sizer of one's own in shadow."
    )
    full_weight: float = Field(
        default=0.05, gt=0, le=1, description="volatility: weight of an edge of z_max deviations."
    )
    z_max: float = Field(default=3.0, gt=0, description="volatility: deviations of a full weight.")
    risk: float = Field(
        default=0.0025, gt=0, le=1, description="atr: part of the budget that an average range may move."
    )
    min_strength: float = Field(default=0.25, gt=0, le=1, description="atr: least strength of a signal.")
    max_weight: float = Field(default=0.20, gt=0, le=1, description="Cap on a symbol.")
    max_gross: float = Field(default=0.50, gt=0, le=1, description="Cap on all symbols together.")
    band: float = Field(default=0.008, ge=0, description="Smaller changes are not traded.")

    @model_validator(mode="after")
    def _sizers_can_be_made(self) -> SizeParameters:
        try:
            self.chosen()
            self.candidate()
        except ConfigurationError as error:
            raise ValueError(str(error)) from error
        return self

    def chosen(self) -> Sizer:
        """The sizer. Raises `ConfigurationError` for one that can't be made, or that learns."""
        built_in = self._built_in(self.sizer, self.parameters, "sizing.parameters")
        if built_in is not None:
            return built_in
        own = make_own(self.sizer, self.parameters, "sizing.sizer")
        if own.columns:
            raise ConfigurationError(
                "learns, and what learns begins in shadow",
                field="sizing.sizer",
                value=self.sizer,
                remedy="name it as `shadow`, and promote it with `raydesk strategies sizer`",
            )
        return own

    def candidate(self) -> Candidate | None:
        """The sizer in shadow, None for none. Raises `ConfigurationError` for one that can't be made."""
        if self.shadow is None:
            return None
        built_in = self._built_in(self.shadow, self.shadow_parameters, "sizing.shadow_parameters")
        if built_in is None:
            return make_own(self.shadow, self.shadow_parameters, "sizing.shadow")
        figures = {name: getattr(built_in, name) for name in built_in.__struct_fields__ if name != "name"}
        return Candidate(built_in, f"{self.shadow}{json.dumps(figures, sort_keys=True)}")

    def _built_in(
        self, name: str, parameters: dict[str, Any], field: str
    ) -> AtrSizer | VolatilitySizer | None:
        if name not in ("atr", "volatility"):
            return None
        if parameters:
            raise ConfigurationError(
                f"{name} has its parameters beside `sizer`",
                field=field,
                value=parameters,
                remedy="set full_weight and z_max, or risk and min_strength, in `sizing`",
            )
        if name == "atr":
            return AtrSizer(risk=self.risk, min_strength=self.min_strength)
        return VolatilitySizer(z_max=self.z_max, max_weight=self.full_weight)
