"""The actors of a recorded desk, made anew as their processes made them, and the market data they saw."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from actors.base import Actor
from cluster.backtest import market as backtest_market
from cluster.feeds import Feed, FeedCursor, expand_data
from cluster.feeds.columns import Observe
from cluster.feeds.grouped import GroupCursor, cursor_of
from cluster.host.paper_map import paper_instruments
from cluster.host.strategy_places import place_of
from cluster.host.tree_plan import tree_of
from cluster.replaying.history import NotReplayableError
from cluster.session_feed import FeedPlan
from cluster.simulator.cast import make_actor, open_market
from cluster.steps.journal import JournalRecord
from config import DeskConfig
from messages.base import Address
from messages.child_specs import SupervisorSpec
from messages.errors import DataProviderError
from messages.supervision import ChildrenFound
from messages.supervision_events import ShutdownNoted, SupervisionBegun
from supervisors.supervisor import Supervisor

_TRADERS = ("strategy", "risk", "execution", "universe")


class Cast:
    """Makes the actors of one desk under one set of settings.

    `plan` is how its session ran, None when nobody knows; `market` where its market data lies now, None when it is
    not to be had.
    """

    def __init__(self, config: DeskConfig, plan: FeedPlan | None, market: FeedPlan | None) -> None:
        self.config = config
        self.plan = plan
        self.market = market
        self._feeds: Mapping[str, Feed] | None = None

    def make(self, address: Address, life: Sequence[JournalRecord]) -> Actor[Any]:
        """A fresh actor for the incarnation that wrote the records `life`.

        Raises `NotReplayableError` when these settings have no such actor, `ConfigurationError` when it refuses them.
        """
        role = address.partition("/")[0]
        if role == "supervisor":
            return Supervisor(self._spec(address, life), life=life_number(life))
        if role in _TRADERS and self._has(address):
            return make_actor(self.config, address)
        raise _no_actor(address)

    def _has(self, address: Address) -> bool:
        role, _, rest = address.partition("/")
        strategies = {*self.config.symbols, *(n for n, each in self.config.strategies.items() if each.group)}
        known = {"strategy": strategies, "execution": set(self.config.venues)}.get(role)
        return known is None or rest in known

    def _spec(self, address: Address, life: Sequence[JournalRecord]) -> SupervisorSpec:
        """What the supervisor was told to keep; where the session's plan is not known, as it journalled it itself."""
        if self.plan is not None:
            spec = tree_of(self.config, self.plan).get(address)
        else:
            begun = (event for each in life for event in each.events if isinstance(event, SupervisionBegun))
            spec = next((event.spec for event in begun), None)
        if spec is None:
            raise _no_actor(address)
        return spec

    def view(self, address: Address) -> View:
        """What rebuilds the view of this actor.

        Raises `NotReplayableError` for a strategy whose market data is not to be had.
        """
        if not address.startswith("strategy/"):
            return View(None)
        return View(cursor_of([self._feed(symbol) for symbol in place_of(self.config, address).symbols]))

    def _feed(self, symbol: str) -> Feed:
        if self._feeds is None:
            self._feeds = self._open()
        if symbol not in self._feeds:
            raise _no_feed(symbol, "there is no data of this symbol")
        return self._feeds[symbol]

    def _open(self) -> Mapping[str, Feed]:
        if self.config.feed.live and not (self.market is not None and self.market.backtest):
            raise _no_feed(
                ", ".join(self.config.symbols),
                "its prices were live, and a desk's history does not hold them",
                remedy="replay the other actors; `raydesk trace` tells what a decision saw",
            )
        names = ", ".join(each.symbol for each in paper_instruments(self.config))
        if self.market is None:
            raise _no_feed(names, "nobody knows where it lies, or when it began")
        absent = [path for path in self.market.files if not Path(path).is_file()]
        if absent:
            raise _no_feed(names, f"no such file: {', '.join(absent)}")
        try:
            return _open_market(self.config, self.market)
        except DataProviderError as error:
            raise _no_feed(names, str(error)) from error


def market_of(
    config: DeskConfig, plan: FeedPlan | None, files: Sequence[Path], cache: Path
) -> FeedPlan | None:
    """Where the market data lies now: recordings at `files` if given, with a cache folder that can be written to.

    None when it is not to be had: a synthetic market of which nobody knows when it began, or no files. Raises
    `DataProviderError` for a folder or pattern, as a backtest takes them, that stands for no file.
    """
    known = plan or FeedPlan()
    if config.feed.mode != "recorded" and not (known.backtest and known.files):
        return plan
    given = expand_data(files) if known.backtest else files
    chosen = tuple(str(path.resolve()) for path in given) or known.files
    folder = Path(known.cache) if known.cache and Path(known.cache).is_dir() else cache
    return msgspec.structs.replace(known, files=chosen, cache=str(folder)) if chosen else None


def _open_market(config: DeskConfig, plan: FeedPlan) -> Mapping[str, Feed]:
    if not plan.backtest:
        return open_market(config, plan)
    paths = [Path(file) for file in plan.files]
    found = backtest_market.open_market(config, paths, Path(plan.cache), start=plan.start, end=plan.end)
    return found.feeds


def life_number(records: Sequence[JournalRecord]) -> int:
    """The number its starter gave to a supervisor's life: its own records name it. 0 when none of them does."""
    for record in records:
        for item in record.inputs:
            if isinstance(item.message, ChildrenFound):
                return item.message.life
        for event in record.events:
            if isinstance(event, ShutdownNoted):
                return event.life
    return 0


class View:
    """An actor's way through its feed: folded as far as a record says, never deciding."""

    def __init__(self, cursor: FeedCursor | GroupCursor | None) -> None:
        self._cursor = cursor

    def fold(self, observe: Observe, position: int) -> None:
        """Fold on up to `position` rows. Raises `DataProviderError` when the feed ends before."""
        if self._cursor is not None and position > self._cursor.position:
            self._cursor.rebuild(observe, position, start=self._cursor.position)

    def rebuild(self, observe: Observe, position: int) -> None:
        """Fold from the first row up to `position` rows, into a view that was forgotten."""
        if self._cursor is not None:
            self._cursor.rebuild(observe, position)


def _no_actor(address: Address) -> NotReplayableError:
    return NotReplayableError(
        "the settings have no such actor", field=address, remedy="replay it under settings that have it"
    )


def _no_feed(
    symbol: str,
    why: str,
    remedy: str = "give the files the run was started with, in the same order, with --data",
) -> NotReplayableError:
    return NotReplayableError(
        f"its view can't be folded again: {why}",
        field=f"market data of {symbol}",
        remedy=remedy,
    )
