"""`raydesk probe`: would it trade now, and if not why. Asked of the strategies' own processes; nothing comes of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Annotated

import msgspec
import typer
from rich.console import Group, RenderableType
from rich.markup import escape

from actors.strategy.probing import GateAnswer, ProbeAnswer
from cluster.cli.desks import ConfigOption, DeskName, FolderOption, JsonFlag, Watch, on_desk
from cluster.cli.exits import EPILOG, Exit, UsageError
from cluster.cli.output import console, moment, money, print_json, shown, span, table
from cluster.cli.stage_tables import stage_tables
from cluster.observe.stage_words import share
from messages import codec
from messages.decisions import Decision

if TYPE_CHECKING:
    from cluster.host.strategy_places import StrategyPlace


class ProbeDocument(msgspec.Struct, frozen=True):
    """`raydesk probe`: the answers by strategy; `silent` are the actors whose processes gave none."""

    desk: str
    symbol: str
    answers: tuple[ProbeAnswer, ...]
    silent: tuple[str, ...] = ()


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(epilog=EPILOG)(probe)


def probe(
    symbol: Annotated[str, typer.Argument(help="The symbol that is asked about.")],
    strategy: Annotated[
        str | None, typer.Option("--strategy", help="Ask this strategy only; default: all on the symbol.")
    ] = None,
    desk: DeskName = None,
    config: ConfigOption = None,
    folder: FolderOption = None,
    as_json: JsonFlag = False,
) -> Exit:
    """Tell whether strategies would trade a symbol now, and if not why: every gate's answer.

    A pipeline decides on what it sees at this moment, as if a decision were due; other strategies wait for their
    signal, and tell whether an order could pass. Nothing is sent or recorded. Exit code 1 when no actor answers.
    """

    async def ask(watch: Watch) -> ProbeDocument:
        return await _ask(watch, symbol, strategy)

    document = on_desk(desk, config, folder, ask)
    if as_json:
        print_json(document)
    else:
        console().print(Group(*_pieces(document)))
    return Exit.OK if document.answers else Exit.TROUBLE


async def _ask(watch: Watch, symbol: str, strategy: str | None) -> ProbeDocument:
    places = _places(watch, symbol, strategy)
    answers: list[ProbeAnswer] = []
    silent: list[str] = []
    for place in places:
        told = await watch.desk.ask(place.address, "probe", symbol, strategy)
        if told is None:
            silent.append(place.address)
        else:
            answers += codec.from_plain(codec.unpack(told), list[ProbeAnswer], where="probe")
    return ProbeDocument(watch.config.desk.name, symbol, tuple(answers), tuple(silent))


def _places(watch: Watch, symbol: str, strategy: str | None) -> Sequence[StrategyPlace]:
    """The actors that trade the symbol. Raises `UsageError` for one that nobody trades."""
    from cluster.host.strategy_places import strategy_places

    found = [
        place
        for place in strategy_places(watch.config)
        if symbol in place.symbols and (strategy is None or strategy in place.strategies)
    ]
    if not found:
        raise UsageError(
            "no strategy that is started trades it"
            if strategy is None
            else f"no strategy {strategy} that is started trades it",
            field="SYMBOL",
            value=symbol,
            remedy="see `raydesk strategies list`",
        )
    return found


# ---------------------------------------------------------------------- the screen


def _pieces(document: ProbeDocument) -> Iterator[RenderableType]:
    for answer in document.answers:
        yield _headline(answer)
        yield _situation(answer)
        if answer.stages is not None:
            yield from stage_tables(answer.stages)
        if answer.shadow_sizer is not None:
            yield _beside(answer)
        yield "What every order of the strategy has to pass:"
        yield _gates(answer.gates)
        yield ""
    for address in document.silent:
        yield f"[bold red]{shown(address)} does not answer[/]: see `raydesk tree`"


def _headline(answer: ProbeAnswer) -> str:
    name = f"[bold]{escape(answer.strategy)}/{escape(answer.symbol)}[/] ({escape(answer.kind)})"
    if answer.trades:
        assert answer.side is not None
        size = "" if answer.quantity is None else f" {answer.quantity:f}"
        worst = f", no worse than {shown(answer.worst_price)}"
        return f"{name}: [green]would trade now[/]: {answer.side.value}{size}{worst}"
    if answer.trades is None:
        return f"{name}: {_waiting(answer)}"
    if answer.decision is Decision.HOLD:
        return f"{name}: [yellow]would leave things as they are[/] ({_reason(answer)})"
    return f"{name}: [yellow]would not trade now[/]: {_reason(answer)}"


def _waiting(answer: ProbeAnswer) -> str:
    """Of a strategy that was not asked to decide: what stands in the way, else that it waits."""
    refused = [each for each in answer.gates if not each.allowed]
    last = f"; its last decision was {answer.decision}: {_reason(answer)}" if answer.decision else ""
    if answer.may_enter:
        return f"[green]may enter[/] at its next signal{last}"
    return f"[yellow]would not trade now[/]: {', '.join(each.reason.value for each in refused)}{last}"


def _reason(answer: ProbeAnswer) -> str:
    if answer.reason is None:
        return "nothing was decided yet"
    reason = answer.reason.value if answer.missing is None else f"{answer.reason.value}:{answer.missing}"
    return reason if answer.lacks is None else f"{reason} ({escape(answer.lacks)})"


def _situation(answer: ProbeAnswer) -> str:
    quote = (
        "no quote yet"
        if answer.bid is None
        else f"bid {answer.bid:.10g}, ask {shown(answer.ask)}, {span(answer.quote_age)} old"
    )
    room = "" if answer.room is None else f", {money(answer.room)} of its budget is free"
    return f"At {moment(answer.time)}: {quote}; it holds {answer.position:f}{room}."


def _beside(answer: ProbeAnswer) -> str:
    return (
        f"In shadow the sizer {shown(answer.shadow_sizer)} would hold {share(answer.shadow_target)} of the budget "
        f"({shown(answer.shadow_reason)}); the one that decides, {share(answer.sizer_target)}."
    )


def _gates(gates: Sequence[GateAnswer]) -> RenderableType:
    rows = table("", "gate", "reason")
    for each in gates:
        rows.add_row("[green]ok[/]" if each.allowed else "[red]no[/]", each.gate, each.reason.value)
    return rows
