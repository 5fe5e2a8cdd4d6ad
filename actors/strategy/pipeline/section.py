"""The base of the sections of a pipeline's parameters."""

from __future__ import annotations

from typing import TypeVar

import msgspec
from pydantic import BaseModel, ConfigDict

S = TypeVar("S", bound=msgspec.Struct)


class Section(BaseModel):
    """Base of the sections: immutable, unknown names refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    def settings(self, kind: type[S]) -> S:
        """The stage's own settings; durations are those of its fields whose names end in `_ns`.

        Raises `ConfigurationError` for figures that the stage can't work with.
        """
        return kind(**{name: getattr(self, name.removesuffix("_ns")) for name in kind.__struct_fields__})
