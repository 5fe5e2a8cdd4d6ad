"""`raydesk universe`: what it shows, and that a change counts only when the universe has taken it over."""

from __future__ import annotations

import msgspec
import pytest

from cluster.cli.exits import Exit
from cluster.cli.universe_documents import UniverseCommandDocument, UniverseDocument
from config import load_config
from messages.base import Message
from messages.reasons import Reason
from messages.universe import (
    AddSymbol,
    BanSymbol,
    LeavingSymbol,
    RemoveSymbol,
    SymbolBan,
    SymbolBanned,
    SymbolFigures,
    SymbolStanding,
    SymbolUnbanned,
    Tier,
    UnbanSymbol,
    UniverseCommandRefused,
    UniverseJudged,
    UniverseMember,
    UniverseSet,
)
from tests.cluster.cli.conftest import Command
from tests.cluster.cli.desks import FAST, StoredDesk
from tests.cluster.observe.stories import T0, record

pytestmark = pytest.mark.integration

BTC, ETH = "BTC-USDT", "ETH-USDT"
HOUR = 3_600_000_000_000


def members(*symbols: str) -> tuple[UniverseMember, ...]:
    return tuple(UniverseMember(each, Tier.CORE, 0.9, Reason.ELIGIBLE, T0) for each in symbols)


def snapshot(version: int, *symbols: str, leaving: tuple[LeavingSymbol, ...] = ()) -> UniverseSet:
    return UniverseSet(version, members(*symbols), leaving, (), "test", T0)


@pytest.fixture
def chosen(empty_desk: StoredDesk) -> StoredDesk:
    """A desk whose universe has judged two symbols, and taken one of them in."""
    static = (f"desk.name={empty_desk.name}", *FAST, "universe.mode=static")
    empty_desk.loaded = load_config("synthetic", environ={}, overrides=static)
    judged = UniverseJudged(
        1,
        (
            SymbolStanding(BTC, True, Tier.CORE, 0.9, Reason.ELIGIBLE, "", 3),
            SymbolStanding(ETH, False, None, 0.1, Reason.LOW_VOLUME, "volume 5 < 8 (tactical)", -2),
        ),
        (SymbolFigures(BTC, 1.5e8, 1.25, 2e6, 0.55), SymbolFigures(ETH, 5.0, None, None, None)),
        (),
        T0,
    )
    empty_desk.append("universe", record(1, T0, judged, snapshot(1, BTC)))
    return empty_desk


def test_every_candidate_is_shown_with_why(chosen: StoredDesk, command: Command) -> None:
    said = command("universe", "show", "--json", on=chosen)
    assert said.code == Exit.OK, said.err
    document = msgspec.json.decode(said.out.encode(), type=UniverseDocument)
    assert (document.version, document.mode, document.judged_at) == (1, "static", T0)
    rows = {each.symbol: each for each in document.symbols}
    assert (rows[BTC].state, rows[BTC].tier, rows[BTC].volume) == ("traded", Tier.CORE, 1.5e8)
    assert (rows[ETH].state, rows[ETH].reason, rows[ETH].streak) == ("out", "low_volume", -2)
    assert rows[ETH].spread_bps is None


def test_it_is_a_table_for_people(chosen: StoredDesk, command: Command) -> None:
    said = command("universe", "show", on=chosen)
    assert said.code == Exit.OK
    assert "low_volume: volume 5 < 8" in said.out.replace("\n", " ")
    assert "150,000,000" in said.out


@pytest.mark.parametrize(
    ("arguments", "posted", "answers"),
    [
        (("add", ETH), AddSymbol, (snapshot(2, BTC, ETH),)),
        (
            ("remove", BTC),
            RemoveSymbol,
            (snapshot(2, leaving=(LeavingSymbol(BTC, Reason.REMOVED, T0, 2),)),),
        ),
        (
            ("ban", BTC, "--reason", "rug", "--for", "2h"),
            BanSymbol,
            (SymbolBanned(SymbolBan(BTC, T0 + 2 * HOUR, "me", "rug"), T0), snapshot(2)),
        ),
    ],
)
def test_a_change_is_confirmed_when_the_universe_has_taken_it(
    arguments: tuple[str, ...],
    posted: type[Message],
    answers: tuple[Message, ...],
    chosen: StoredDesk,
    command: Command,
) -> None:
    chosen.on_post = lambda message: chosen.append("universe", record(2, T0, *answers))
    said = command("universe", *arguments, "--json", on=chosen)
    assert said.code == Exit.OK, said.err
    [message] = chosen.posted
    assert isinstance(message, posted)
    if isinstance(message, BanSymbol):
        assert (message.reason, message.duration) == ("rug", 2 * HOUR)
    document = msgspec.json.decode(said.out.encode(), type=UniverseCommandDocument)
    assert (document.confirmed, document.version, len(document.symbols)) == (True, 2, 1)


def test_a_ban_is_lifted(chosen: StoredDesk, command: Command) -> None:
    chosen.append("universe", record(2, T0, SymbolBanned(SymbolBan(BTC, T0 + HOUR, "me", "rug"), T0)))
    chosen.on_post = lambda message: chosen.append("universe", record(3, T0, SymbolUnbanned(BTC, "me", T0)))
    assert command("universe", "unban", BTC, on=chosen).code == Exit.OK
    assert isinstance(chosen.posted[0], UnbanSymbol)


def test_what_the_universe_refuses_is_trouble_and_says_why(chosen: StoredDesk, command: Command) -> None:
    refused = UniverseCommandRefused("AddSymbol", ETH, "me", "it is on universe.blacklist")
    chosen.on_post = lambda message: chosen.append("universe", record(2, T0, refused))
    said = command("universe", "add", ETH, on=chosen)
    assert said.code == Exit.TROUBLE
    assert "it is on universe.blacklist" in said.out


def test_a_change_that_nobody_answers_is_trouble(chosen: StoredDesk, command: Command) -> None:
    said = command("universe", "add", ETH, "--wait", "0", on=chosen)
    assert said.code == Exit.TROUBLE
    assert "not confirmed" in said.out


def test_a_desk_without_a_universe_says_so(empty_desk: StoredDesk, command: Command) -> None:
    said = command("universe", "show", on=empty_desk)
    assert said.code == Exit.USAGE
    assert "there is no universe" in said.err


@pytest.mark.parametrize("span", ["soon", "0s", "5"])
def test_a_span_that_makes_no_sense_is_refused(span: str, chosen: StoredDesk, command: Command) -> None:
    said = command("universe", "ban", BTC, "--reason", "rug", "--for", span, on=chosen)
    assert said.code == Exit.USAGE
    assert chosen.posted == []
