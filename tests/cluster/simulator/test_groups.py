"""Groups of symbols: one actor sees and trades them all, beside actors of single symbols, in every runtime alike."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from cluster.backtest.runner import backtest
from cluster.host.launch import ChildLaunch, Launch, StrategyPart
from cluster.host.process_spec import process_spec
from cluster.host.strategy_places import StrategyPlace, strategy_places
from cluster.host.tree_plan import tree_of
from cluster.observe.fingerprint import fingerprint
from cluster.replaying.cast import Cast, market_of
from cluster.replaying.replay import replay
from cluster.replaying.settings import restored
from cluster.session_feed import replay_plan
from cluster.simulator.lockstep import LockstepDesk
from config.loader import LoadedConfig
from messages.errors import ConfigurationError
from messages.supervision import GiveUpPolicy
from supervisors.tree import STRATEGIES
from tests.chaos.desks import PROFILE, settings
from tests.chaos.strategies import STRONGEST
from tests.cluster.backtest.market import small_desk

pytestmark = pytest.mark.unit

BTC, ETH, GROUP = "strategy/BTC-USDT", "strategy/ETH-USDT", "strategy/strongest"


def desk(folder: Path, name: str, **strategies: Any) -> LoadedConfig:
    return settings(folder, name, strategies={**PROFILE["strategies"], "strongest": STRONGEST, **strategies})


def test_a_desk_has_an_actor_per_symbol_and_one_per_group(tmp_path: Path) -> None:
    assert strategy_places(desk(tmp_path, "places").config) == (
        StrategyPlace(BTC, ("BTC-USDT",), ("ema",)),
        StrategyPlace(ETH, ("ETH-USDT",), ("momentum",)),
        StrategyPlace(GROUP, ("BTC-USDT", "ETH-USDT"), ("strongest",)),
    )
    off = {**STRONGEST, "enabled": False}
    assert [each.address for each in strategy_places(desk(tmp_path, "off", strongest=off).config)] == [
        BTC,
        ETH,
    ]


def test_symbols_of_a_group_are_in_the_order_of_the_desk(tmp_path: Path) -> None:
    turned = desk(tmp_path, "turned", strongest={**STRONGEST, "symbols": ["ETH-USDT", "BTC-USDT"]})
    assert strategy_places(turned.config)[-1].symbols == ("BTC-USDT", "ETH-USDT")


def test_a_group_is_one_child_and_its_give_up_concerns_all_its_symbols(tmp_path: Path) -> None:
    loaded = desk(tmp_path, "tree", strongest={**STRONGEST, "on_give_up": "hold_with_stop"})
    tree = tree_of(loaded.config, replay_plan(loaded.config, (), tmp_path))
    [child] = [each for each in tree[STRATEGIES].children if each.id == GROUP]
    assert child.on_give_up is not None
    assert child.on_give_up.symbols == ("BTC-USDT", "ETH-USDT")
    assert child.on_give_up.executors == ("execution/paper",)
    assert child.on_give_up.policy is GiveUpPolicy.HOLD_WITH_STOP


def test_the_process_of_a_group_is_told_all_its_instruments_and_says_what_it_is_for(tmp_path: Path) -> None:
    loaded = desk(tmp_path, "process")
    plan = replay_plan(loaded.config, (), tmp_path)
    launch = Launch("process", "process", loaded.config, "hash", "code", "redis://", str(tmp_path), plan)
    spec = process_spec(ChildLaunch(launch, GROUP, "actor", {}, None))
    assert spec.about == "strongest on BTC-USDT, ETH-USDT"
    assert isinstance(spec.part, StrategyPart)
    assert [each.symbol for each in spec.part.instruments] == ["BTC-USDT", "ETH-USDT"]
    assert [each.key for each in spec.part.settings.strategies] == [
        "strongest/BTC-USDT",
        "strongest/ETH-USDT",
    ]


def test_a_group_whose_name_is_a_symbol_is_refused(tmp_path: Path) -> None:
    symbols = {**PROFILE["symbols"], "1-22": {**PROFILE["symbols"]["ETH-USDT"], "listing": "122"}}
    feed = {**PROFILE["feed"]}
    feed["synthetic"] = {
        **feed["synthetic"],
        "start_prices": {**feed["synthetic"]["start_prices"], "1-22": 5},
    }
    base = {**PROFILE["desk"], "rates": {"22": 1}}
    with pytest.raises(ConfigurationError, match="also a symbol"):
        settings(tmp_path, "same", symbols=symbols, feed=feed, strategies={"1-22": STRONGEST}, desk=base)


def test_a_group_trades_in_lockstep_and_every_fill_reaches_the_actor_that_asked(tmp_path: Path) -> None:
    runs = []
    for number in range(2):
        loaded = desk(tmp_path, "lockstep")
        played = LockstepDesk(loaded.config, replay_plan(loaded.config, (), tmp_path / str(number)))
        played.run()
        runs.append(played)
    first = runs[0]
    assert fingerprint(first.projection()) == fingerprint(runs[1].projection())
    views = first.projection().strategies.views
    assert {key for key, view in views.items() if view.trades} == {
        ("ema", "BTC-USDT"),
        ("momentum", "ETH-USDT"),
        ("strongest", "BTC-USDT"),
        ("strongest", "ETH-USDT"),
    }
    held: dict[str, Any] = {}
    for (_, symbol), view in views.items():
        held[symbol] = held.get(symbol, 0) + view.position
    account = first.venues["execution/paper"].engine.account("lockstep")
    assert {symbol: quantity for symbol, quantity in held.items() if quantity} == {
        symbol: position.quantity for symbol, position in account.positions.items() if position.quantity
    }


def test_a_backtest_with_a_group_is_replayed_bit_for_bit(tmp_path: Path) -> None:
    loaded = small_desk(tmp_path, strategies={**PROFILE["strategies"], "strongest": dict(STRONGEST)})
    result = backtest(loaded, keep_journal=True)
    assert sum(fill.strategy == "strongest" for fill in result.fills) > 5
    assert sum(fill.strategy != "strongest" for fill in result.fills) > 5
    recorded = result.recorded
    config = restored(recorded.header.config)
    cast = Cast(config, recorded.header.feed, market_of(config, recorded.header.feed, (), tmp_path / "cache"))
    outcome = {each.actor: each.difference or each.skipped for each in replay(recorded, cast)}
    assert outcome == dict.fromkeys((BTC, ETH, GROUP, "execution/paper", "risk"))


def test_with_and_without_a_journal_a_group_trades_alike(tmp_path: Path) -> None:
    loaded = small_desk(tmp_path, strategies={"strongest": dict(STRONGEST)})
    kept, fast = backtest(loaded, keep_journal=True), backtest(loaded)
    assert len(fast.fills) > 5
    assert fast.fills == kept.fills
