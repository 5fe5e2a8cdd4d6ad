"""The live view and what it is made of."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from cluster.arming import not_armed_because, side_effects
from cluster.cli.banner import start_banner
from cluster.cli.documents import Progress
from cluster.cli.live import live_view, nearest_end, share_done, sparkline, time_left_s
from cluster.cli.output import clock, moment, money, percent, size, span
from cluster.observe.health import Pulses
from cluster.observe.projection import Projection
from cluster.observe.wording import number
from config import load_config
from tests.cluster.observe import stories
from tests.cluster.observe.stories import T0, D
from tests.cluster.observe.test_figures import beating, status
from tests.cluster.observe.test_projection import folded

pytestmark = pytest.mark.unit


def drawn(renderable: object) -> str:
    """What is seen on a terminal of 140 columns."""
    screen = Console(file=io.StringIO(), width=140, no_color=True)
    screen.print(renderable)
    assert isinstance(screen.file, io.StringIO)
    return screen.file.getvalue()


def half_way() -> Progress:
    """A bounded session, half over."""
    return Progress(T0 + 50, T0, T0 + 100, False, False)


def test_a_frame_shows_time_money_positions_orders_actors_and_events() -> None:
    projection = folded([*stories.one_trade(), *stories.a_given_up_child()])
    statuses = [status("risk"), status(stories.STRATEGY)]
    frame = drawn(
        live_view(
            projection,
            statuses,
            beating("risk", stories.STRATEGY),
            half_way(),
            elapsed_s=30.0,
            fresh_within_s=5.0,
            note="Redis did not answer",
        )
    )

    for expected in (
        "50%",
        "30 s left",
        "NORMAL",
        "99,999.00",
        "BTC-USDT",
        "filled 1",
        "GIVEN UP",
        "alive",
        "trade_filled",
        "Redis did not answer",
    ):
        assert expected in frame


def test_a_frame_can_be_drawn_before_anything_is_known() -> None:
    frame = drawn(live_view(Projection(), [], Pulses(), None, elapsed_s=0.0, fresh_within_s=5.0))

    assert "UNKNOWN" in frame
    assert "unknown" in frame


@pytest.mark.parametrize(
    ("progress", "done", "left"),
    [
        (None, None, None),
        (Progress(T0, T0, None, False, False), None, None),
        (Progress(T0, T0, T0 + 100, False, False), 0.0, None),
        (half_way(), 0.5, 10.0),
        (Progress(T0 + 300, T0, T0 + 100, False, True), 1.0, 0.0),
    ],
)
def test_the_end_is_told_when_it_is_in_sight(
    progress: Progress | None, done: float | None, left: float | None
) -> None:
    assert share_done(progress) == done
    assert time_left_s(progress, 10.0) == left


@pytest.mark.parametrize(
    ("progress", "elapsed_s", "for_s", "end"),
    [
        (None, 15.0, 60.0, (0.25, 45.0)),
        (None, 61.0, 60.0, (1.0, 0.0)),
        (None, 1.0, 0.0, (1.0, 0.0)),
        (None, 15.0, None, (None, None)),
        (Progress(30, 0, 120, False, False), 15.0, 30.0, (0.5, 15.0)),
        (Progress(30, 0, 120, False, False), 15.0, 90.0, (0.25, 45.0)),
        (Progress(30, 0, 120, False, False), 15.0, None, (0.25, 45.0)),
    ],
)
def test_the_end_in_sight_is_that_of_the_data_or_of_the_time_given_whichever_is_nearer(
    progress: Progress | None,
    elapsed_s: float,
    for_s: float | None,
    end: tuple[float | None, float | None],
) -> None:
    assert nearest_end(progress, elapsed_s, for_s) == end


def test_a_sparkline_is_as_wide_as_asked_for_and_spans_the_values() -> None:
    assert sparkline([]) == ""
    assert sparkline([1.0, 1.0]) == "▁▁"
    assert sparkline([0.0, 1.0]) == "▁█"
    assert len(sparkline([float(n) for n in range(1_000)], width=40)) == 40


def test_figures_are_written_for_people_and_what_is_not_known_says_so() -> None:
    assert (money(D("1234.5")), money(None)) == ("1,234.50", "unknown")
    assert (percent(D("0.0123")), percent(None)) == ("1.23%", "unknown")
    assert (number(D("1E+3")), number(D("0.500")), number(None)) == ("1000", "0.5", "unknown")
    assert (span(None), span(0), span(1_500), span(87_200_000)) == ("-", "0", "1.5 µs", "87.2 ms")
    assert (span(90_000_000_000), span(7_200_000_000_000)) == ("1.5 min", "2 h")
    assert (moment(T0 + 1_000_000), clock(T0), moment(None)) == (
        "2024-08-09 00:00:00.001",
        "00:00:00.000",
        "-",
    )
    assert (size(152_000_000), size(None)) == ("152 MB", "-")


@pytest.mark.parametrize(
    ("overrides", "effects", "reasons"),
    [
        ([], "paper", ()),
        (["desk.environment=dry_run"], "none", ("dry_run",)),
        (["risk.kill_switch=true"], "paper", ("kill_switch",)),
        (["venues.paper.read_only=true"], "none", ("read_only",)),
        (["desk.environment=dry_run", "risk.kill_switch=true"], "none", ("kill_switch", "dry_run")),
    ],
)
def test_the_banner_tells_how_real_it_is_and_every_reason_why_not(
    overrides: list[str], effects: str, reasons: tuple[str, ...]
) -> None:
    loaded = load_config("synthetic", environ={}, overrides=overrides)
    banner = drawn(start_banner(loaded, speed="1", dashboard_url=None))

    assert side_effects(loaded.config) == effects
    assert not_armed_because(loaded.config) == reasons
    assert f"side effects: {effects}" in banner
    assert ("NOT_ARMED" in banner) is bool(reasons)
    assert all(reason in banner for reason in reasons)
