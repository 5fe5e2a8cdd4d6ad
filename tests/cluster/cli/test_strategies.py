"""`raydesk strategies`: what it lists, and that a change counts only when every actor has taken it over."""

from __future__ import annotations

from decimal import Decimal

import msgspec
import pytest

from cluster.cli.exits import Exit
from cluster.cli.strategy_documents import (
    StrategiesDocument,
    StrategyCommandDocument,
    SuggestionDocument,
)
from config import load_config
from messages.base import Message
from messages.decisions import (
    Decision,
    DecisionMade,
    DisableStrategy,
    EnableStrategy,
    PositionChanged,
    PromoteSizer,
    SetStrategyBudget,
    SizerPromoted,
    StrategyBudgetSet,
    StrategySwitched,
)
from messages.intents import Side
from messages.isolation import StrategyFaulted, StrategyParked, StrategyUnparked
from messages.learning import FillCounted, SymbolSuspended
from messages.reasons import Reason
from messages.shadow import ShadowSwitched
from messages.stages import StageRecords, TradeDecision
from tests.cluster.cli.conftest import Command
from tests.cluster.cli.desks import FAST, StoredDesk
from tests.cluster.observe.stories import T0, record

pytestmark = pytest.mark.integration

BTC = "strategy/BTC-USDT"
STAGES = StageRecords(
    decision=TradeDecision("BTC-USDT", None, None, None, "5m", 0.5, Reason.SCORE_BELOW_THRESHOLD)
)


@pytest.fixture
def traded(empty_desk: StoredDesk) -> StoredDesk:
    """A desk on which `ema` holds something, was cut in its budget, and has just declined to trade."""
    changed = PositionChanged(
        "ema",
        "BTC-USDT",
        "f",
        "i",
        Side.BUY,
        Decimal("0.5"),
        Decimal(60_000),
        Decimal("0.5"),
        Decimal(60_000),
        T0,
        Decimal(0),
        T0,
    )
    events = (
        DecisionMade("ema", "BTC-USDT", Decision.TRADE, Reason.SIGNAL, T0, {}),
        changed,
        StrategyBudgetSet("ema", "BTC-USDT", Decimal(5_000), "ann"),
        DecisionMade("ema", "BTC-USDT", Decision.BLOCKED, Reason.COOLDOWN, T0 + 1, {"fast": 1.0}, STAGES),
        DecisionMade("old", "BTC-USDT", Decision.BLOCKED, Reason.COOLDOWN, T0 + 2, {}),
    )
    empty_desk.append(BTC, record(1, T0, *events))
    return empty_desk


def symbols_of(desk: StoredDesk, name: str) -> tuple[str, ...]:
    return desk.loaded.config.symbols_of(name)


def test_every_strategy_is_listed_on_every_symbol(traded: StoredDesk, command: Command) -> None:
    said = command("strategies", "list", "--json", on=traded)
    assert said.code == Exit.OK, said.err
    document = msgspec.json.decode(said.out.encode(), type=StrategiesDocument)
    config = traded.loaded.config
    wanted = [(name, symbol) for name in config.strategies for symbol in config.symbols_of(name)]
    assert [(each.strategy, each.symbol) for each in document.strategies] == [*wanted, ("old", "BTC-USDT")]
    ema = document.strategies[wanted.index(("ema", "BTC-USDT"))]
    assert (ema.enabled, ema.started, ema.kind) == (True, True, "ema_cross")
    assert (ema.budget, ema.position, ema.trades) == (Decimal(5_000), Decimal("0.5"), 1)
    assert (ema.decision, ema.reason, ema.decided_at) == ("blocked", "cooldown", T0 + 1)
    old = document.strategies[-1]
    assert (old.kind, old.started, old.enabled) == ("not configured", False, False)


def test_the_list_is_a_table_for_people(traded: StoredDesk, command: Command) -> None:
    said = command("strategies", "list", on=traded)
    assert said.code == Exit.OK
    assert "blocked: cooldown" in said.out
    assert "5,000.00" in said.out
    assert "no bound" in said.out


@pytest.mark.parametrize(
    ("verb", "kind", "enabled"), [("disable", DisableStrategy, False), ("enable", EnableStrategy, True)]
)
def test_a_switch_is_confirmed_when_every_actor_has_taken_it(
    verb: str, kind: type[Message], enabled: bool, traded: StoredDesk, command: Command
) -> None:
    def answer(message: Message) -> None:
        for step, symbol in enumerate(symbols_of(traded, "ema"), 2):
            switched = StrategySwitched("ema", symbol, enabled, "me")
            traded.append(f"strategy/{symbol}", record(step if symbol == "BTC-USDT" else 1, T0, switched))

    traded.on_post = answer
    said = command("strategies", verb, "ema", "--json", on=traded)
    assert said.code == Exit.OK, said.err
    [posted] = traded.posted
    assert isinstance(posted, kind)
    document = msgspec.json.decode(said.out.encode(), type=StrategyCommandDocument)
    assert document.confirmed
    assert {each.enabled for each in document.strategies} == {enabled}


def test_a_switch_that_nobody_answers_is_trouble(traded: StoredDesk, command: Command) -> None:
    said = command("strategies", "disable", "ema", "--symbol", "BTC-USDT", "--wait", "0", on=traded)
    assert said.code == Exit.TROUBLE
    assert "not confirmed" in said.out
    [posted] = traded.posted
    assert isinstance(posted, DisableStrategy)
    assert posted.symbol == "BTC-USDT"


def test_a_budget_is_changed_and_given_back(traded: StoredDesk, command: Command) -> None:
    def answer(message: Message) -> None:
        assert isinstance(message, SetStrategyBudget)
        for symbol in symbols_of(traded, "momentum"):
            told = StrategyBudgetSet("momentum", symbol, message.budget, message.by)
            traded.append(f"strategy/{symbol}", record(2 if symbol == "BTC-USDT" else 1, T0, told))

    traded.on_post = answer
    said = command("strategies", "budget", "momentum", "25000", "--json", on=traded)
    assert said.code == Exit.OK, said.err
    document = msgspec.json.decode(said.out.encode(), type=StrategyCommandDocument)
    assert {each.budget for each in document.strategies} == {Decimal(25_000)}
    traded.on_post = lambda message: None
    back = command("strategies", "budget", "momentum", "default", "--wait", "0", on=traded)
    assert back.code == Exit.TROUBLE
    assert traded.posted[-1] == SetStrategyBudget("momentum", traded.posted[0].by, None)  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("disable", "nobody"), "no such strategy"),
        (("disable", "ema", "--symbol", "DOGE-USDT"), "does not trade it"),
        (("budget", "ema", "-5"), "above zero"),
        (("budget", "ema", "much"), "above zero"),
        (("budget", "ema", "0"), "above zero"),
        (("budget", "ema", "nan"), "above zero"),
    ],
)
def test_what_would_change_nothing_is_refused(
    arguments: tuple[str, ...], said: str, traded: StoredDesk, command: Command
) -> None:
    found = command("strategies", *arguments, on=traded)
    assert found.code == Exit.USAGE
    assert said in found.err
    assert traded.posted == []


def test_the_last_decision_of_a_strategy_can_be_traced(traded: StoredDesk, command: Command) -> None:
    said = command("trace", "ema/BTC-USDT", on=traded)
    assert said.code == Exit.OK, said.err
    assert "blocked: cooldown" in said.out
    assert "So: no order for BTC-USDT (score_below_threshold)." in said.out
    assert command("trace", "ema/ETH-USDT", on=traded).code == Exit.TROUBLE


@pytest.mark.parametrize(("until", "shown"), [(1 << 62, True), (T0, False)])
def test_a_symbol_that_rests_after_losses_is_listed_as_disabled(
    traded: StoredDesk, command: Command, until: int, shown: bool
) -> None:
    event = SymbolSuspended("ema", "BTC-USDT", until, 0.04, "drawdown", T0 + 3)
    traded.append(BTC, record(2, T0 + 3, event))
    said = command("strategies", "list", "--json", on=traded)
    document = msgspec.json.decode(said.out.encode(), type=StrategiesDocument)
    [ema] = [each for each in document.strategies if (each.strategy, each.symbol) == ("ema", "BTC-USDT")]
    assert ema.suspended_until == until
    assert ("symbol_disabled" in " ".join(command("strategies", "list", on=traded).out.split())) is shown


def test_what_is_only_simulated_is_listed_as_such(traded: StoredDesk, command: Command) -> None:
    traded.append(BTC, record(2, T0, ShadowSwitched("ema", "BTC-USDT", True, T0)))
    said = command("strategies", "list", on=traded)
    assert "shadow, " in said.out
    listed = msgspec.json.decode(
        command("strategies", "list", "--json", on=traded).out, type=StrategiesDocument, strict=False
    )
    (ema,) = [each for each in listed.strategies if (each.strategy, each.symbol) == ("ema", "BTC-USDT")]
    assert ema.shadow
    assert ema.position == 0


def test_one_that_was_parked_is_listed_with_its_error_and_tried_again(
    traded: StoredDesk, command: Command
) -> None:
    fault = StrategyFaulted("ema", "BTC-USDT", "decide", "ValueError: no", 0, T0 + 2, T0 + 1)
    parked = StrategyParked("ema", "BTC-USDT", "ValueError: no", False, None, T0 + 1)
    traded.append(BTC, record(2, T0 + 1, fault, parked))
    table = " ".join(command("strategies", "list", on=traded).out.split())
    assert "parked ema on BTC-USDT, it failed: ValueError: no; `raydesk strategies enable ema`" in table

    def answer(message: Message) -> None:
        traded.append(BTC, record(3, T0 + 2, StrategyUnparked("ema", "BTC-USDT", "me", T0 + 2)))

    one = ("strategies", "enable", "ema", "--symbol", "BTC-USDT", "--json")
    silent = command(*one, "--wait", "0", on=traded)
    assert silent.code == Exit.TROUBLE
    [entry] = msgspec.json.decode(silent.out.encode(), type=StrategyCommandDocument).strategies
    assert (entry.parked, entry.faults, entry.error) == (True, 1, "ValueError: no")
    traded.on_post = answer
    said = command(*one, on=traded)
    assert said.code == Exit.OK, said.err


FLOW = (
    '{"kind": "pipeline", "symbols": ["BTC-USDT"], "budget": 1000, "order": {"notional": 100}, "stop": "1%", '
    '"parameters": {"sizing": {"shadow": "tests.actors.strategy.pipeline.own_sizers:Learned"}}}'
)
SHADOW = "tests.actors.strategy.pipeline.own_sizers:Learned{}"


@pytest.fixture
def flowing(traded: StoredDesk) -> StoredDesk:
    """The desk with a pipeline that has a sizer in shadow."""
    traded.loaded = load_config(
        "synthetic", environ={}, overrides=(f"desk.name={traded.name}", *FAST, f"strategies.flow={FLOW}")
    )
    return traded


@pytest.mark.parametrize(("which", "sizer"), [("shadow", SHADOW), ("default", None)])
def test_a_sizer_is_promoted_and_taken_back_with_a_reason(
    which: str, sizer: str | None, flowing: StoredDesk, command: Command
) -> None:
    before = None if sizer else SHADOW
    flowing.append(BTC, record(2, T0, SizerPromoted("flow", "BTC-USDT", before, 3, "ann", "seen", T0)))

    def answer(message: Message) -> None:
        event = SizerPromoted("flow", "BTC-USDT", sizer, 3, "me", "enough", T0 + 1)
        flowing.append(BTC, record(3, T0 + 1, event))

    one = ("strategies", "sizer", "flow", which, "--reason", "enough")
    silent = command(*one, "--wait", "0", on=flowing)
    assert silent.code == Exit.TROUBLE
    assert ("is sized by" in silent.out) is (before is not None)
    flowing.on_post = answer
    said = command(*one, "--json", on=flowing)
    assert said.code == Exit.OK, said.err
    posted = flowing.posted[-1]
    assert isinstance(posted, PromoteSizer)
    assert (posted.promoted, posted.reason) == (sizer is not None, "enough")
    [entry] = msgspec.json.decode(said.out.encode(), type=StrategyCommandDocument).strategies
    assert entry.sizer == sizer


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("flow", "best", "--reason", "x"), "write shadow, or default"),
        (("flow", "shadow", "--reason", " "), "say why"),
        (("ema", "shadow", "--reason", "x"), "has no sizer in shadow"),
        (("nobody", "shadow", "--reason", "x"), "no such strategy"),
    ],
)
def test_a_sizer_that_is_none_is_not_promoted(
    arguments: tuple[str, ...], said: str, flowing: StoredDesk, command: Command
) -> None:
    found = command("strategies", "sizer", *arguments, on=flowing)
    assert found.code == Exit.USAGE
    assert said in found.err
    assert flowing.posted == []


def test_what_closed_trades_speak_for_is_suggested(empty_desk: StoredDesk, command: Command) -> None:
    """A symbol that pays gets more than one that does not; nothing is in force of it."""

    def trade(symbol: str, gain: float, time: int) -> list[Message]:
        opened = FillCounted("ema", symbol, 1_000.0, 0.0, 0.0, 0.1, False, True, True, 0.5, time)
        closed = FillCounted("ema", symbol, 0.0, 1_000.0, gain, 0.1, True, True, True, 0.5, time + 1)
        return [opened, closed]

    empty_desk.append(BTC, record(1, T0, *trade("BTC-USDT", 5.0, T0), *trade("BTC-USDT", 4.0, T0 + 2)))
    empty_desk.append("strategy/ETH-USDT", record(1, T0, *trade("ETH-USDT", -80.0, T0)))
    said = command("strategies", "suggest", "--json", on=empty_desk)
    assert said.code == Exit.OK, said.err
    document = msgspec.json.decode(said.out.encode(), type=SuggestionDocument)
    weights = {each.symbol: each.weight for each in document.symbols}
    assert weights["BTC-USDT"] > weights["ETH-USDT"]
    assert document.mode == "cautious"  # ETH has fallen 8 % of what is entered with
    assert sum(weights.values()) == pytest.approx(0.65)
    assert document.max_open_positions is not None
    said = command("strategies", "suggest", on=empty_desk)
    assert "cautious: ETH-USDT has fallen 8.0" in said.out


def test_without_judged_trades_nothing_is_suggested(empty_desk: StoredDesk, command: Command) -> None:
    said = command("strategies", "suggest", on=empty_desk)
    assert said.code == Exit.OK, said.err
    assert "nothing is known of symbols" in said.out
