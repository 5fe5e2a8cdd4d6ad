"""The universe actor: who is in, what persons may do, and how a symbol comes and goes."""

from __future__ import annotations

import msgspec
import pytest

from actors.operations.universe.actor import UniverseActor
from actors.operations.universe.settings import Steadiness, UniverseMode
from messages.child_specs import ChildSpec, GiveUpOrder
from messages.control import SessionStarted
from messages.errors import ConfigurationError
from messages.reasons import Reason
from messages.supervision import AddChild, GiveUpPolicy, RemoveChild, RetryChild, StrategyGivenUp
from messages.universe import (
    AddSymbol,
    BanSymbol,
    LeaverHandedOver,
    MarketObserved,
    RemoveSymbol,
    StrategyHandled,
    SymbolHeld,
    SymbolRetired,
    UnbanSymbol,
    UniverseCommandRefused,
    UniverseThin,
)
from tests.actors.operations.universe.market import (
    BTC,
    ETH,
    HOUR,
    SOL,
    SYMBOLS,
    XRP,
    Play,
    candidate,
    market,
    settings,
)

pytestmark = pytest.mark.unit

DYNAMIC = UniverseMode.DYNAMIC
OWN = "strategy/" + ETH


def static() -> Play:
    return Play(settings(start=(BTC, ETH)))


def refusals(play: Play) -> list[str]:
    return [each.problem for each in play.outputs.events if isinstance(each, UniverseCommandRefused)]


def test_at_the_start_everybody_is_told_and_strategies_are_asked_for() -> None:
    play = static()
    assert play.told is not None
    assert (play.told.version, [each.symbol for each in play.told.members]) == (1, [BTC, ETH])
    assert play.told.outside == (SOL, XRP)
    assert [each.spec.id for each in play.sent(AddChild)][:2] == ["strategy/BTC-USDT", "strategy/ETH-USDT"]


def test_a_session_that_goes_on_tells_everybody_anew_and_asks_again_for_its_strategies() -> None:
    play = static()
    play.give(RemoveSymbol(ETH, "me"))
    play.give(SessionStarted("desk"))
    assert play.told is not None
    assert play.told.version == 3
    assert [each.symbol for each in play.told.members] == [BTC]
    assert [(each.symbol, each.version) for each in play.told.leaving] == [(ETH, 2)]
    assert [each.spec.id for each in play.sent(AddChild)] == ["strategy/BTC-USDT", OWN]  # one leaves still


def test_a_symbol_that_is_added_is_told_and_started() -> None:
    play = static()
    play.give(AddSymbol(SOL, "me"))
    assert play.told is not None
    assert play.told.version == 2
    assert [(each.symbol, each.reason) for each in play.told.members][-1] == (SOL, Reason.ADDED)
    assert [each.spec.id for each in play.sent(AddChild)] == ["strategy/SOL-USDT"]
    play.give(AddSymbol(SOL, "me"))
    assert play.told is None


def test_said_again_an_actor_is_asked_for_again_for_the_supervisor_may_have_lost_it() -> None:
    play = static()
    play.give(AddSymbol(ETH, "me"))
    assert [each.spec.id for each in play.sent(AddChild)] == [OWN]
    for _ in range(2):  # what is leaving is left by an actor that runs
        play.give(RemoveSymbol(ETH, "me"))
    assert [each.spec.id for each in play.sent(AddChild)] == [OWN]
    assert play.state.leaving[ETH].version == 3


def test_a_symbol_that_is_removed_is_left_first_and_its_strategy_removed_when_it_holds_nothing() -> None:
    play = static()
    play.give(RemoveSymbol(ETH, "me"))
    assert play.told is not None
    assert [(each.symbol, each.reason, each.version) for each in play.told.leaving] == [
        (ETH, Reason.REMOVED, 2)
    ]
    assert play.sent(RemoveChild) == []
    play.give(SymbolRetired(ETH, 2), sender=OWN)
    assert [each.child for each in play.sent(RemoveChild)] == [OWN]
    assert play.state.leaving == {}
    play.give(SymbolRetired(ETH, 2), sender=OWN)
    assert play.outputs.sent == ()


def test_a_symbol_of_a_group_is_gone_when_all_its_actors_hold_nothing() -> None:
    shared = (candidate(BTC), candidate(ETH, "paper", "strategy/pairs"))
    play = Play(settings(candidates=shared, start=(BTC, ETH)))
    play.give(RemoveSymbol(ETH, "me"))
    play.give(SymbolRetired(ETH, 2), sender="strategy/pairs")
    assert play.sent(RemoveChild) == []
    play.give(SymbolRetired(ETH, 2), sender=OWN)
    assert [each.child for each in play.sent(RemoveChild)] == [OWN]


def test_a_symbol_that_comes_back_while_it_leaves_stays_and_old_word_about_it_is_void() -> None:
    play = static()
    play.give(RemoveSymbol(ETH, "me"))
    play.give(AddSymbol(ETH, "me"))
    assert play.told is not None
    assert play.told.leaving == ()
    play.give(SymbolRetired(ETH, 2), sender=OWN)
    assert play.outputs.sent == ()
    play.give(RemoveSymbol(ETH, "me"))
    play.give(SymbolRetired(ETH, 2), sender=OWN)
    assert play.outputs.sent == ()
    play.give(SymbolRetired(ETH, 4), sender=OWN)
    assert [each.child for each in play.sent(RemoveChild)] == [OWN]


def test_a_banned_symbol_leaves_at_once_and_is_back_when_the_ban_has_ended() -> None:
    play = static()
    play.give(BanSymbol(ETH, "me", "rug", duration=HOUR))
    assert play.members == [BTC]
    assert play.state.leaving[ETH].reason is Reason.BANNED
    play.give(AddSymbol(ETH, "me"))
    assert refusals(play) == ["it is banned: lift the ban first"]
    play.harness.advance(HOUR - 1)
    assert play.members == [BTC]
    play.harness.advance(1)
    assert play.members == [BTC, ETH]
    assert play.state.bans == {}


def test_a_ban_that_ended_while_the_desk_was_away_is_over_when_it_begins() -> None:
    play = static()
    play.give(BanSymbol(ETH, "me", "rug"))
    assert play.state.bans[ETH].until - play.harness.now == 168 * HOUR
    play.harness.now += 169 * HOUR
    play.give(SessionStarted("desk"))
    assert play.members == [BTC, ETH]


def test_a_ban_that_is_lifted_does_not_end_another_one() -> None:
    play = static()
    play.give(BanSymbol(ETH, "me", "rug", duration=HOUR))
    play.give(UnbanSymbol(ETH, "me"))
    assert play.members == [BTC, ETH]
    play.give(BanSymbol(ETH, "me", "again", duration=2 * HOUR))
    play.harness.advance(HOUR)
    assert play.members == [BTC]


def test_lists_come_before_persons_and_bans_before_lists() -> None:
    play = Play(settings(start=(BTC, ETH), whitelist=frozenset({SOL}), blacklist=frozenset({BTC})))
    assert play.members == [ETH, SOL]
    assert play.state.members[SOL].reason is Reason.FORCE_ELIGIBLE
    play.give(AddSymbol(BTC, "me"))
    assert refusals(play) == ["it is on universe.blacklist"]
    play.give(RemoveSymbol(SOL, "me"))
    assert refusals(play)[0].startswith("it is on universe.whitelist")
    play.give(BanSymbol(SOL, "me", "rug"))
    assert play.members == [ETH]


@pytest.mark.parametrize(
    "command",
    [
        AddSymbol("DOGE-USDT", "me"),
        RemoveSymbol("DOGE-USDT", "me"),
        BanSymbol("DOGE-USDT", "me", "x"),
        BanSymbol(ETH, "me", "x", duration=0),
        UnbanSymbol(ETH, "me"),
    ],
)
def test_what_makes_no_sense_is_refused_and_changes_nothing(command: AddSymbol) -> None:
    play = static()
    version = play.state.version
    play.give(command)
    assert len(refusals(play)) == 1
    assert (play.state.version, play.outputs.sent) == (version, ())


# by figures


def dynamic(**changes: object) -> Play:
    steady = Steadiness(enter_cycles=3, exit_cycles=3, changes_a_day=100, reentry=0)
    return Play(settings(DYNAMIC, **{"steadiness": steady, **changes}))


GOOD = tuple(market(each) for each in SYMBOLS[:3])


def test_with_the_first_figures_whoever_is_fit_comes_at_once() -> None:
    play = dynamic()
    assert play.members == []
    play.cycle(*GOOD)
    assert play.members == [BTC, ETH, SOL]
    assert [each.spec.id for each in play.sent(AddChild)] == [f"strategy/{each}" for each in (BTC, ETH, SOL)]


def test_later_a_symbol_comes_after_three_good_cycles_in_a_row() -> None:
    play = dynamic()
    play.cycle(*GOOD)
    everything = (*GOOD, market(XRP))
    play.cycles(2, *everything)
    play.cycle(*GOOD)
    play.cycles(2, *everything)
    assert XRP not in play.members
    play.cycle(*everything)
    assert XRP in play.members


def test_and_leaves_after_three_bad_ones_with_its_reason() -> None:
    play = dynamic()
    play.cycle(*GOOD)
    bad = (*GOOD[:2], market(SOL, spread_bps=90.0))
    play.cycles(2, *bad)
    assert SOL in play.members
    play.cycle(*bad)
    assert SOL not in play.members
    assert play.state.leaving[SOL].reason is Reason.WIDE_SPREAD


def test_a_universe_of_which_hardly_anything_is_left_is_an_anomaly() -> None:
    play = dynamic()
    play.cycle(*GOOD)
    bad = tuple(market(each, volume=1.0) for each in (ETH, SOL))
    play.cycles(3, market(BTC), *bad)
    assert [each.members for each in play.outputs.events if isinstance(each, UniverseThin)] == [1]


def test_a_venue_that_is_silent_for_long_makes_nobody_leave() -> None:
    play = dynamic()
    play.cycle(*GOOD)
    play.cycles(10)
    assert play.members == [BTC, ETH, SOL]
    assert set(play.state.frozen) == set(SYMBOLS)


def test_a_figure_that_is_missing_for_one_symbol_counts_against_it() -> None:
    play = dynamic()
    play.cycle(*GOOD)
    play.cycles(3, *GOOD[:2], market(SOL, depth=None))
    assert play.state.leaving[SOL].reason is Reason.MISSING


def test_a_symbol_added_by_hand_stays_whatever_its_figures() -> None:
    play = dynamic()
    play.cycle(*GOOD)
    play.give(AddSymbol(XRP, "me"))
    play.cycles(5, *GOOD)
    assert XRP in play.members
    play.give(RemoveSymbol(XRP, "me"))
    play.cycles(5, *GOOD, market(XRP))
    assert XRP not in play.members


def test_no_more_changes_in_a_day_than_the_settings_let() -> None:
    play = dynamic(steadiness=Steadiness(1, 1, 0.95, 1, 0))
    play.cycle(*GOOD)
    bad = tuple(market(each, volume=1.0) for each in SYMBOLS[:3])
    play.cycles(3, *bad)
    assert len(play.members) == 2
    play.cycles(24, *bad)
    assert len(play.members) == 1


def test_an_answer_to_another_question_is_passed_over_and_one_is_asked_at_a_time() -> None:
    play = dynamic()
    asked = play.state.asked
    play.harness.advance(3 * HOUR)
    assert play.state.asked == asked
    play.give(MarketObserved(asked + 1, GOOD), sender="universe")
    assert play.members == []
    play.cycle(*GOOD)
    assert play.members == [BTC, ETH, SOL]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"candidates": ()}, "universe"),
        ({"start": ("DOGE-USDT",)}, "universe.start"),
        ({"whitelist": frozenset({BTC}), "blacklist": frozenset({BTC})}, "universe.whitelist"),
        ({"every": 0}, "universe.every"),
    ],
)
def test_settings_that_make_no_sense_are_refused(changes: dict[str, object], field: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        UniverseActor(settings(**changes))
    assert caught.value.field == field


# ---------------------------------------------------------------- what is held again


def test_a_symbol_that_is_gone_is_left_once_more_when_it_is_held_again() -> None:
    play = static()
    play.give(RemoveSymbol(ETH, "me"))
    play.give(SymbolRetired(ETH, 2), sender=OWN)
    play.give(SymbolHeld(ETH), sender="execution/paper")
    assert play.told is not None
    assert [(each.symbol, each.reason, each.version) for each in play.told.leaving] == [
        (ETH, Reason.REMOVED, 3)
    ]
    assert [each.spec.id for each in play.sent(AddChild)] == [OWN], "nobody else closes what it holds"
    assert play.sent(RemoveChild) == []
    play.give(SymbolRetired(ETH, 2), sender=OWN)
    assert list(play.state.leaving) == [ETH], "that was said before"
    play.give(SymbolRetired(ETH, 3), sender=OWN)
    assert [each.child for each in play.sent(RemoveChild)] == [OWN]


def test_what_was_said_of_a_leaving_symbol_is_void_when_it_is_held_again() -> None:
    shared = (candidate(BTC), candidate(ETH, "paper", "strategy/pairs"))
    play = Play(settings(candidates=shared, start=(BTC, ETH)))
    play.give(RemoveSymbol(ETH, "me"))
    play.give(SymbolRetired(ETH, 2), sender=OWN)
    play.give(SymbolHeld(ETH), sender="execution/paper")
    play.give(SymbolRetired(ETH, 3), sender="strategy/pairs")
    assert play.sent(RemoveChild) == [], "its own actor may hold something again"
    play.give(SymbolRetired(ETH, 3), sender=OWN)
    assert [each.child for each in play.sent(RemoveChild)] == [OWN]


@pytest.mark.parametrize("symbol", [ETH, "DOGE-USDT"])
def test_a_late_fill_changes_nothing_where_its_symbol_is_traded_or_is_no_candidate(
    symbol: str,
) -> None:
    play = static()
    play.give(SymbolHeld(symbol), sender="execution/paper")
    assert (play.outputs.sent, play.state.version) == ((), 1)


def test_one_that_was_given_up_when_its_symbol_left_is_tried_once_more_when_it_is_held_again() -> None:
    play = with_policy(GiveUpPolicy.FLATTEN)
    play.give(RemoveSymbol(ETH, "me"))
    play.give(given_up(GiveUpPolicy.FLATTEN), sender="supervisor/strategies")
    play.give(StrategyHandled(OWN, (ETH,)), sender="execution/paper")
    assert play.state.leaving == {}
    play.give(SymbolHeld(ETH), sender="execution/paper")
    assert [each.spec.id for each in play.sent(AddChild)] == [OWN]
    assert [each.child for each in play.sent(RetryChild)] == [OWN]
    assert list(play.state.leaving) == [ETH]


# ---------------------------------------------------------------- strategy actors that were given up


def given_up(policy: GiveUpPolicy) -> StrategyGivenUp:
    return StrategyGivenUp(OWN, (ETH,), policy, 0.05)


def with_policy(policy: GiveUpPolicy) -> Play:
    """A universe of which the second symbol's strategies are held with a stop, or flattened, when given up."""
    order = GiveUpOrder(("execution/paper", "universe"), (ETH,), policy, 0.05)
    child = ChildSpec(id=OWN, on_give_up=order)
    own = msgspec.structs.replace(candidate(ETH), child=child)
    return Play(settings(candidates=(candidate(BTC), own), start=(BTC, ETH)))


def test_one_that_is_given_up_is_tried_once_more_when_its_symbol_leaves() -> None:
    play = with_policy(GiveUpPolicy.FLATTEN)
    play.give(given_up(GiveUpPolicy.FLATTEN), sender="supervisor/strategies")
    assert play.outputs.sent == ()
    play.give(RemoveSymbol(ETH, "me"))
    assert [each.child for each in play.sent(RetryChild)] == [OWN]
    play.give(SymbolRetired(ETH, 2), sender=OWN)
    assert [each.child for each in play.sent(RemoveChild)] == [OWN]


@pytest.mark.parametrize("policy", list(GiveUpPolicy))
def test_when_that_fails_execution_closes_what_it_holds_and_the_symbol_is_gone(policy: GiveUpPolicy) -> None:
    play = with_policy(policy)
    play.give(RemoveSymbol(ETH, "me"))
    assert play.sent(RetryChild) == []
    play.give(given_up(policy), sender="supervisor/strategies")
    handed = [
        (each.symbol, each.address) for each in play.outputs.events if isinstance(each, LeaverHandedOver)
    ]
    assert handed == [(ETH, OWN)]
    told = [(each.recipient, each.message) for each in play.outputs.sent]
    flatten = StrategyGivenUp(OWN, (ETH,), GiveUpPolicy.FLATTEN, 0.05)
    assert told == ([] if policy is GiveUpPolicy.FLATTEN else [("execution/paper", flatten)])
    assert list(play.state.leaving) == [ETH], "it is held still"
    play.give(StrategyHandled(OWN, (ETH,)), sender="execution/paper")
    assert play.state.leaving == {}
    assert [each.child for each in play.sent(RemoveChild)] == [OWN]


def test_what_execution_has_closed_of_a_member_changes_nothing() -> None:
    play = with_policy(GiveUpPolicy.FLATTEN)
    play.give(given_up(GiveUpPolicy.FLATTEN), sender="supervisor/strategies")
    play.give(StrategyHandled(OWN, (ETH,)), sender="execution/paper")
    assert play.outputs.sent == ()
    assert play.members == [BTC, ETH]


def test_what_execution_has_closed_says_nothing_of_a_strategy_that_runs_again() -> None:
    play = with_policy(GiveUpPolicy.FLATTEN)
    play.give(given_up(GiveUpPolicy.FLATTEN), sender="supervisor/strategies")
    play.give(RemoveSymbol(ETH, "me"))
    assert [each.child for each in play.sent(RetryChild)] == [OWN]
    play.give(StrategyHandled(OWN, (ETH,)), sender="execution/paper")
    assert list(play.state.leaving) == [ETH], "it has traded since"
    play.give(SymbolRetired(ETH, 2), sender=OWN)
    assert play.state.leaving == {}


def test_a_group_that_is_given_up_holds_nothing_when_execution_says_so() -> None:
    shared = (candidate(BTC), candidate(ETH, "paper", "strategy/pairs"))
    play = Play(settings(candidates=shared, start=(BTC, ETH)))
    play.give(RemoveSymbol(ETH, "me"))
    play.give(SymbolRetired(ETH, 2), sender=OWN)
    play.give(StrategyGivenUp("strategy/pairs", (BTC, ETH), GiveUpPolicy.FLATTEN, 0.05), sender="supervisor")
    assert list(play.state.leaving) == [ETH]
    play.give(StrategyHandled("strategy/pairs", (BTC, ETH)), sender="execution/paper")
    assert play.state.leaving == {}
