"""An answer that breaks off in the middle, for servers that misbehave on purpose."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from starlette.responses import Response
from starlette.types import Receive, Scope, Send


class HalfAnswer(Response):
    """Announces a whole answer, sends the first half of it and ends the connection by `cut`."""

    def __init__(self, whole: Response, cut: Callable[[], None]) -> None:
        super().__init__(bytes(whole.body), whole.status_code, media_type=whole.media_type)
        self._cut = cut

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send half, then cut."""
        await send(
            {"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers},
        )
        half = bytes(self.body)[: len(self.body) // 2]
        await send({"type": "http.response.body", "body": half, "more_body": True})
        self._cut()
        await asyncio.sleep(0)  # the connection ends; the server must still see its answer finished
        await send({"type": "http.response.body", "body": bytes(self.body)[len(half) :]})
