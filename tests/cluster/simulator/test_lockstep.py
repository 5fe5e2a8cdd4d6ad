"""The lockstep in one process: repeatable, at rest in the end. That it is the real stack's: tests/chaos/test_parity."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from cluster.observe.fingerprint import fingerprint
from cluster.observe.projection import Projection
from cluster.session_feed import replay_plan
from cluster.simulator.lockstep import LockstepDesk
from config.loader import LoadedConfig
from tests.chaos.desks import settings


def _play(loaded: LoadedConfig, data: Sequence[Path], cache: Path) -> tuple[LockstepDesk, Projection]:
    desk = LockstepDesk(loaded.config, replay_plan(loaded.config, data, cache))
    desk.run()
    return desk, desk.projection()


def test_the_same_session_twice_is_the_same(tmp_path: Path) -> None:
    loaded = settings(tmp_path, "twice")
    _, first = _play(loaded, (), tmp_path)
    _, second = _play(loaded, (), tmp_path)
    assert first.orders.orders_seen > 20
    assert first.orders.fills_seen > 10
    assert fingerprint(first) == fingerprint(second)


def test_at_the_end_everything_is_at_rest_and_the_books_are_the_venues(tmp_path: Path) -> None:
    desk, projection = _play(settings(tmp_path, "rest"), (), tmp_path)
    venue = desk.venues["execution/paper"]
    assert not venue.ledger.open_orders
    assert all(host.machine.position.outstanding == 0 for host in desk.hosts.values())
    account = venue.engine.account("rest")
    risk = desk.hosts["risk"].machine.actor.state
    assert risk.accounts["paper"].balances == account.balances
    held = {holding.symbol: holding.position for holding in projection.books.open_positions()}
    assert held == {symbol: position.quantity for symbol, position in account.positions.items()}
