"""What keeps strategies from starting is told before a desk starts, by `config check`, `run` and `up`."""

from __future__ import annotations

from pathlib import Path

import pytest

from actors.strategy import Strategy, SymbolView
from actors.strategy.bars import Bar
from cluster.cli.exits import Exit
from cluster.cli.main import run
from cluster.host.strategy_check import require_strategies, strategy_problems
from config import load_config
from messages.errors import ConfigurationError

pytestmark = pytest.mark.unit

DESK = """\
desk: {environment: paper}
venues:
  paper: {kind: paper, starting_balances: {USDT: 1000}}
symbols:
  BTC-USDT: {venue: paper, listing: BTCUSDT, tick: 0.10, lot: 0.001}
  ETH-USDT: {venue: paper, listing: ETHUSDT, tick: 0.10, lot: 0.001}
strategies:
  ema:
    kind: ema_cross
    order: {notional: 100}
  mine:
    order: {notional: 100}
"""


class OnNothing(Strategy):
    """Says of no row that a decision is due."""


class OnBarsAlone(Strategy):
    """Waits for bars and subscribes to none."""

    def on_bar(self, bar: Bar, view: SymbolView) -> bool:
        return True


class OnItsBars(OnBarsAlone):
    """Subscribes to them."""

    def on_start(self) -> None:
        self.subscribe_feed_bars()


def desk(tmp_path: Path, mine: str) -> Path:
    """Settings with these lines as the rest of the strategy `mine`."""
    file = tmp_path / "desk.yaml"
    file.write_text(DESK + "".join(f"    {line}\n" for line in mine.splitlines()), encoding="utf-8")
    return file


@pytest.mark.parametrize(
    ("mine", "path", "says"),
    [
        ("kind: pipeline", "strategies.mine.budget", "budget"),
        ("kind: momentum\nparameters: {lokback: 5s}", "strategies.mine.parameters.lokback", "not permitted"),
        ("kind: no_such_module:Mine", "strategies.mine.kind", "can't be imported"),
        (
            "kind: pipeline\nbudget: 100\nmodels: [nowhere]",
            "strategies.mine.models",
            "neither a run directory",
        ),
        ("kind: ema_cross\ngroup: true", "strategies.mine.group", "one symbol at a time"),
        (f"kind: {__name__}:OnBarsAlone", "strategies.mine.kind", "OnBarsAlone would never decide"),
        (f"kind: {__name__}:OnNothing", "strategies.mine.kind", "OnNothing would never decide"),
    ],
)
def test_a_strategy_that_cannot_start_is_one_problem(tmp_path: Path, mine: str, path: str, says: str) -> None:
    config = load_config(desk(tmp_path, mine), environ={}).config

    [problem] = strategy_problems(config)

    assert problem.path == path
    assert says in problem.message
    assert problem.remedy
    with pytest.raises(ConfigurationError, match=says):
        require_strategies(config)


@pytest.mark.parametrize("mine", ["kind: rules\nbudget: 100", f"kind: {__name__}:OnItsBars"])
def test_strategies_that_can_start_are_no_problem(tmp_path: Path, mine: str) -> None:
    config = load_config(desk(tmp_path, mine), environ={}).config

    assert strategy_problems(config) == ()


def test_what_is_not_enabled_is_not_asked(tmp_path: Path) -> None:
    config = load_config(desk(tmp_path, "kind: pipeline\nenabled: false"), environ={}).config

    assert strategy_problems(config) == ()


@pytest.mark.parametrize("command", [["config", "check"], ["run"], ["up"]])
def test_nothing_starts_with_a_strategy_that_cannot(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], command: list[str]
) -> None:
    code = run([*command, str(desk(tmp_path, "kind: pipeline"))])

    said = capsys.readouterr()
    assert code == Exit.USAGE
    assert "strategies.mine.budget" in said.out + said.err
