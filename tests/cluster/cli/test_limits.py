"""`raydesk limits` and `raydesk risk`: what is shown is what risk goes by, and a change waits for risk's answer."""

from __future__ import annotations

from decimal import Decimal

import msgspec
import pytest
import redis

from cluster.cli.documents import DOCUMENTS
from cluster.cli.exits import Exit, UsageError
from cluster.cli.limit_documents import LimitCommandDocument, LimitsDocument, RiskDocument
from cluster.cli.limits import canonical
from cluster.host.risk_map import risk_settings
from cluster.store.port import Position
from messages import codec
from messages.base import Message
from messages.intents import Verdict
from messages.limits import SetLimit
from messages.reasons import Reason
from tests.actors.risk import desk as bench
from tests.cluster.cli.conftest import Command
from tests.cluster.cli.desks import StoredDesk
from tests.cluster.observe.stories import T0, record

pytestmark = pytest.mark.integration

D = Decimal


class Risk:
    """A risk actor whose steps are in the desk's journal."""

    def __init__(self, desk: StoredDesk, snapshot: int = 0) -> None:
        self.stored, self.steps = desk, snapshot
        self.bench = bench.Desk(risk_settings(desk.loaded.config))
        self.bench.ctx.now = T0
        self.bench.seed(100_000).mark("BTC-USDT", 50_000).mark("ETH-USDT", 2_000)
        if not snapshot:
            self.write(self.bench.journal)
            return
        position = codec.to_plain(Position(step=snapshot, now=self.bench.ctx.now))
        data = codec.pack([1, position, codec.to_plain(self.bench.risk.state)])
        stored = codec.digest(data)[:16].encode() + data
        client = redis.Redis.from_url(desk.url)
        client.hset(desk.keys.snapshots("risk"), str(snapshot), stored)
        client.close()

    def write(self, events: list[Message]) -> None:
        self.steps += 1
        self.stored.append("risk", record(self.steps, self.bench.ctx.now, *events))

    def give(self, message: Message) -> None:
        self.bench.give(message, "operator", "operator#1")
        self.write(self.bench.last_events)

    def trade(self, quantity: str, price: int) -> None:
        before = len(self.bench.journal)
        self.bench.trade(bench.BUY, quantity, price)
        self.write(self.bench.journal[before:])


@pytest.fixture
def risk(empty_desk: StoredDesk) -> Risk:
    return Risk(empty_desk)


def read(out: str, command: str) -> LimitsDocument | LimitCommandDocument | RiskDocument:
    return msgspec.json.decode(out.encode(), type=DOCUMENTS[command])


def test_a_limit_is_set_shown_and_taken_back(empty_desk: StoredDesk, risk: Risk, command: Command) -> None:
    empty_desk.on_post = risk.give
    said = command("limits", "set", "price_collar", "25bps", "--json", on=empty_desk)
    assert said.code == Exit.OK, said.err
    [sent] = empty_desk.posted
    assert isinstance(sent, SetLimit)
    assert (sent.name, sent.scope, sent.value) == ("price_collar", "desk", "0.0025")
    told = read(said.out, "limits set")
    assert isinstance(told, LimitCommandDocument)
    assert (told.answered, told.before, told.after, told.version) == (True, "1%", "0.25%", 1)

    shown = read(command("limits", "show", "--json", on=empty_desk).out, "limits show")
    assert isinstance(shown, LimitsDocument)
    [row] = [each for each in shown.limits if each.name == "price_collar"]
    assert (row.value, row.setting, row.changed, shown.version) == ("0.25%", "1%", True, 1)


def test_a_limit_of_a_part_of_the_desk_is_set_and_shown(
    empty_desk: StoredDesk, risk: Risk, command: Command
) -> None:
    empty_desk.on_post = risk.give
    scope = "symbol:BTC-USDT"
    said = command("limits", "set", "symbol_spacing", "15m", "--scope", scope, on=empty_desk)
    assert (said.code, "off -> 15m" in said.out) == (Exit.OK, True), said.out
    text = command("limits", "show", on=empty_desk).out
    assert [line for line in text.splitlines() if scope in line and "15m" in line and "changed" in line]


def test_what_makes_no_sense_is_not_even_sent(empty_desk: StoredDesk, risk: Risk, command: Command) -> None:
    for arguments, said in (
        (("max_nothing", "5"), "there is no such limit"),
        (("price_collar", "5"), "ambiguous"),
        (("max_burst", "10", "--scope", "symbol:DOGE-USDT"), "does not know"),
        (("drawdown_reduce", "50%"), "drawdown_halt"),
    ):
        found = command("limits", "set", *arguments, on=empty_desk)
        assert (found.code, said in found.err) == (Exit.USAGE, True), found.err
    assert empty_desk.posted == []


def test_without_risk_s_answer_a_change_is_no_success(
    empty_desk: StoredDesk, risk: Risk, command: Command
) -> None:
    said = command("limits", "set", "max_burst", "10", "--wait", "0", on=empty_desk)
    assert (said.code, "not answered" in said.out) == (Exit.TROUBLE, True)


@pytest.mark.parametrize(
    ("name", "value", "plain"),
    [
        ("max_symbol_exposure", "5%", "0.05"),
        ("global_spacing", "90s", "90000000000"),
        ("max_order_notional", "5000", "5000"),
        ("block_side", "sell", "sell"),
    ],
)
def test_values_are_written_as_in_the_settings(name: str, value: str, plain: str) -> None:
    assert canonical(name, value) == plain


def test_a_value_without_its_unit_is_refused() -> None:
    with pytest.raises(UsageError):
        canonical("global_spacing", "90")


def test_the_room_left_is_that_of_risk_s_own_state(
    empty_desk: StoredDesk, risk: Risk, command: Command
) -> None:
    risk.trade("0.04", 50_000)
    document = read(command("risk", "--json", on=empty_desk).out, "risk")
    assert isinstance(document, RiskDocument)
    rooms = {each.name: each for each in document.room}
    assert (document.nav, rooms["symbol_exposure:BTC-USDT"].used) == (D(100_000), D(2_000))
    assert rooms["symbol_exposure:BTC-USDT"].limit == D(10_000)
    assert document.what_if is None


def test_a_what_if_is_answered_as_risk_would_and_sends_nothing(
    empty_desk: StoredDesk, risk: Risk, command: Command
) -> None:
    risk.trade("0.04", 50_000)
    said = command("risk", "--what-if", "BTC-USDT", "buy", "20000", "--json", on=empty_desk)
    document = read(said.out, "risk")
    assert isinstance(document, RiskDocument)
    answer = document.what_if
    assert answer is not None
    assert (answer.asked, answer.verdict, answer.reason) == (
        D("0.4"),
        Verdict.RESIZED,
        Reason.MAX_ORDER_NOTIONAL,
    )
    assert answer.quantity < D("0.1")
    assert empty_desk.posted == []
    text = command("risk", "--what-if", "BTC-USDT", "sell", "1000", on=empty_desk).out
    assert "approved" in text
    assert "symbol_exposure" in text


def test_a_what_if_has_a_row_for_each_check_with_figures_and_one_line_for_those_without(
    empty_desk: StoredDesk, risk: Risk, command: Command
) -> None:
    risk.trade("0.04", 50_000)
    said = command("risk", "--what-if", "BTC-USDT", "buy", "20000", on=empty_desk).out.splitlines()
    told = [line.split() for line in said]
    assert ["well_formed", "passes", "-", "-", "-"] not in told
    assert [
        "order_notional",
        "fails",
        "5,000.00",
        "20,100.00",
        "-15,100.00",
        "0.099",
        "max_order_notional",
    ] in told
    [plain] = [line for line in said if line.startswith("passed, without figures: ")]
    assert "well_formed, kill_switch, mode" in plain


def test_a_what_if_of_a_strategy_that_there_is_not_is_refused(
    empty_desk: StoredDesk, risk: Risk, command: Command
) -> None:
    said = command("risk", "--what-if", "BTC-USDT", "buy", "100", "--strategy", "emaa", on=empty_desk)
    assert said.code == Exit.USAGE
    assert "emaa" in said.err


@pytest.mark.parametrize(
    "asked", [("DOGE-USDT", "buy", "5"), ("BTC-USDT", "left", "5"), ("BTC-USDT", "buy", "-5")]
)
def test_a_what_if_about_nothing_is_refused(
    empty_desk: StoredDesk, risk: Risk, command: Command, asked: tuple[str, str, str]
) -> None:
    assert command("risk", "--what-if", *asked, on=empty_desk).code == Exit.USAGE


@pytest.mark.parametrize("value", ["0.01", "1e30", "1e999999"])
def test_a_what_if_of_no_size_that_can_be_traded_says_what_one_lot_is_worth(
    empty_desk: StoredDesk, risk: Risk, command: Command, value: str
) -> None:
    risk.trade("0.04", 50_000)
    said = command("risk", "--what-if", "BTC-USDT", "buy", value, on=empty_desk)
    assert said.code == Exit.USAGE
    assert "VALUE: not the value of an order in this symbol" in said.err
    assert "one lot of it is worth 50" in said.err


def test_a_state_is_read_from_the_snapshot_where_the_journal_has_no_beginning(
    empty_desk: StoredDesk, command: Command
) -> None:
    risk = Risk(empty_desk, snapshot=7)
    risk.trade("0.04", 50_000)
    document = read(command("risk", "--json", on=empty_desk).out, "risk")
    assert isinstance(document, RiskDocument)
    assert {each.name: each.used for each in document.room}["symbol_exposure:BTC-USDT"] == D(2_000)


def test_a_gap_in_the_journal_is_said_not_passed_over(empty_desk: StoredDesk, command: Command) -> None:
    risk = Risk(empty_desk)
    risk.steps += 1
    risk.trade("0.04", 50_000)
    said = command("risk", on=empty_desk)
    assert (said.code, "gap" in said.err) == (Exit.TROUBLE, True)


@pytest.mark.parametrize(
    "scope", ["strategy:emaa", "tier:cores", "symbol:BTCUSDT", "venue:papr", "theme:l1", "desks"]
)
def test_a_limit_on_what_there_is_not_is_refused_and_not_sent(
    empty_desk: StoredDesk, risk: Risk, command: Command, scope: str
) -> None:
    """It would bind nobody, and look as if it did."""
    said = command("limits", "set", "max_order_notional", "100", "--scope", scope, on=empty_desk)
    assert said.code == Exit.USAGE
    assert scope in said.err
    assert empty_desk.posted == []


def test_a_value_that_another_limit_forbids_is_named_as_it_was_written(
    empty_desk: StoredDesk, risk: Risk, command: Command
) -> None:
    for name, value, found in (
        ("drawdown_halt", "1%", "drawdown_halt: not allowed (found '1%')"),
        ("drawdown_reduce", "50%", "drawdown_halt: not allowed (found '10%')"),
        (
            "daily_loss_limit",
            "300%",
            "daily_loss_limit: more than the whole would be no limit (found '300%')",
        ),
        ("max_order_notional", "much", "max_order_notional: not a number (found 'much')"),
        ("max_order_notional", "-5", "max_order_notional: too small (found '-5') — write 0 or more"),
        ("price_collar", "-25bps", "price_collar: too small (found '-25bps')"),
    ):
        said = command("limits", "set", name, value, on=empty_desk)
        assert said.code == Exit.USAGE
        assert found in said.err
    assert empty_desk.posted == []


@pytest.mark.parametrize("scope", ["strategy:ema", "tier:core"])
def test_a_limit_on_a_part_of_the_desk_is_sent(
    empty_desk: StoredDesk, risk: Risk, command: Command, scope: str
) -> None:
    empty_desk.on_post = risk.give
    said = command("limits", "set", "max_order_notional", "100", "--scope", scope, on=empty_desk)
    assert said.code == Exit.OK, said.err
    assert [each.scope for each in empty_desk.posted if isinstance(each, SetLimit)] == [scope]
