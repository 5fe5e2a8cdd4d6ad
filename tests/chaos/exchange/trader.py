"""`python -m tests.chaos.exchange.trader FILE`: one execution actor as its process on a desk hosts it, without Ray.

Who starts it is its supervisor; what it is to trade it finds in its mailbox.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import msgspec
import uvloop

from actors.execution.settings import ExecutionSettings
from actors.venues.binance_usdm.settings import BinanceUsdmSettings
from cluster.host.actor_host import HostSettings
from cluster.host.assembly import assemble
from cluster.host.launch import ExecutionPart, ProcessSpec
from cluster.host.venue_access import BinanceUsdmAccess
from cluster.logs import LogSettings
from cluster.session_feed import FeedPlan
from cluster.steps.settings import StepSettings

DESK = "storm"
VENUE = "binance"
EXECUTION = f"execution/{VENUE}"
CAPACITY = 1_000_000
_NEVER = 1_000_000


class TraderPlan(msgspec.Struct, frozen=True):
    """What the process is told. The venue's address and keys are those the exchange published in `home`."""

    redis_url: str
    home: str
    execution: ExecutionSettings
    venue: BinanceUsdmSettings


def process_spec(plan: TraderPlan) -> ProcessSpec:
    """The process as the desk's supervisor would specify it. That it dies often is no input's fault here."""
    return ProcessSpec(
        address=EXECUTION,
        kind="actor",
        parent=None,
        about="",
        desk=DESK,
        namespace=DESK,
        config_hash="",
        code_version="",
        redis_url=plan.redis_url,
        mailbox_capacity=CAPACITY,
        seed=3,
        feed=FeedPlan(),
        logging=LogSettings(level="warning"),
        host=HostSettings(),
        steps=StepSettings(lone_deaths=_NEVER, poison_deaths=_NEVER, keep_steps=_NEVER),
        part=ExecutionPart(plan.execution, BinanceUsdmAccess(plan.venue, home=plan.home)),
    )


async def live(plan: TraderPlan) -> None:
    """Trade until killed."""
    host = await assemble(process_spec(plan))
    await host.run()


def main() -> None:
    """Read the plan and live."""
    plan = msgspec.json.decode(Path(sys.argv[1]).read_bytes(), type=TraderPlan)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(live(plan))


if __name__ == "__main__":
    main()
