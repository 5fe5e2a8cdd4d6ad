"""What only some seeds' desks have is drawn, has what it needs, and is wanted in the end as people said."""

from __future__ import annotations

from random import Random

import pytest

from actors.operations.universe.settings import UniverseMode
from cluster.host.strategy_places import strategy_places
from cluster.host.universe_map import universe_settings
from cluster.simulator.desk.extras import universe_at
from cluster.simulator.desk.membership import UniverseErrands
from cluster.simulator.desk.shape import DeskShape, drawn_shape
from cluster.simulator.desk.world import DeskWorld
from messages.universe import AddSymbol, ObserveMarket, RemoveSymbol, SymbolFigures

pytestmark = pytest.mark.unit

SEEDS = 120


@pytest.fixture(scope="module")
def shapes() -> list[DeskShape]:
    """The desks of the first seeds."""
    return [drawn_shape(Random(f"desk {seed}")) for seed in range(SEEDS)]


def test_a_fair_part_of_the_desks_has_each_part(shapes: list[DeskShape]) -> None:
    configs = [shape.config for shape in shapes]
    parts = {
        "group": sum(any(each.group for each in config.strategies.values()) for config in configs),
        "group alone": sum(all(each.group for each in config.strategies.values()) for config in configs),
        "static": sum(shape.universe is not None and not shape.universe.dynamic for shape in shapes),
        "dynamic": sum(shape.universe is not None and shape.universe.dynamic for shape in shapes),
        "policies": sum(config.treasury.every is not None for config in configs),
        "conversions": sum(config.treasury.convert.enabled for config in configs),
        "budget": sum(any(each.budget for each in config.strategies.values()) for config in configs),
    }
    assert min(parts.values()) >= SEEDS / 40, parts
    assert max(parts.values()) <= SEEDS * 0.8, parts
    assert sum(shape.universe is None and not shape.config.treasury.every for shape in shapes) > SEEDS / 4


def test_symbols_come_and_go_by_waits_that_fit_into_a_history(shapes: list[DeskShape]) -> None:
    for shape in shapes:
        assert shape.feed.granted is (shape.universe is None)
        if shape.universe is None:
            continue
        settings = universe_at(universe_settings(shape.config), shape.universe)
        assert (settings.mode is UniverseMode.DYNAMIC) is shape.universe.dynamic
        assert settings.every < shape.trading
        assert set(settings.start) <= {each.symbol for each in settings.candidates}


def test_people_have_a_last_word_on_every_symbol_and_never_want_none(shapes: list[DeskShape]) -> None:
    ended = set()
    for seed, shape in enumerate(shapes):
        if shape.universe is None:
            continue
        membership = DeskWorld(shape, Random(seed)).membership
        words = list(membership.last_words())
        wanted = {each.symbol for each in words if isinstance(each, AddSymbol)}
        unwanted = {each.symbol for each in words if isinstance(each, RemoveSymbol)}
        traded = {symbol for place in strategy_places(shape.config) for symbol in place.symbols}
        assert wanted | unwanted == traded
        assert wanted
        assert not wanted & unwanted
        ended.add(bool(unwanted))
        before = {each.symbol for each in membership.last_words(all_in=True) if isinstance(each, AddSymbol)}
        assert before == traded
    assert ended == {True, False}


def test_figures_are_told_of_every_symbol_and_are_at_times_unknown() -> None:
    class Host:
        """Answers at once."""

        @staticmethod
        def later(delay: int, act: object) -> None:
            assert delay > 0
            assert callable(act)
            act()

    class World:
        chance = Random(1)

    told: list[SymbolFigures] = []
    errands = UniverseErrands(World())
    for cycle in range(40):
        question = ObserveMarket(cycle, ("BTC-USDT", "ETH-USDT"))
        errands.carry_out(Host(), question, lambda answer: told.extend(answer.figures))  # type: ignore[arg-type,union-attr]
    assert [each.symbol for each in told[:4]] == ["BTC-USDT", "ETH-USDT"] * 2
    assert any(each == SymbolFigures(each.symbol) for each in told)
    assert len({each.volume for each in told}) == 4
