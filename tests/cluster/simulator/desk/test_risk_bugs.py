"""Bugs planted into what risk does besides deciding: each is found by the seeds whose desks have that part."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal
from random import Random
from typing import Any

import msgspec
import pytest

from actors.risk import adaptation, allocation, anomalies, engine
from actors.risk import counting as pace_counting
from actors.risk.books import cashier, transfers
from actors.risk.limits import RiskInstrument
from actors.risk.measuring import Measurer
from actors.risk.var import Outlook, PortfolioStatistics
from cluster.simulator.desk.seed import SeedFailedError, run_seed
from cluster.simulator.desk.shape import DeskShape, drawn_shape
from messages.pace import FillCounted

pytestmark = pytest.mark.unit

Patch = pytest.MonkeyPatch
Plant = Callable[[Patch], None]
Part = Callable[[DeskShape], bool]


def moves_money(shape: DeskShape) -> bool:
    return "money_moved" in shape.plan.intervals


def tells_of_money(shape: DeskShape) -> bool:
    return moves_money(shape) and bool(shape.risk.tells_transfers)


def has_moving_rates(shape: DeskShape) -> bool:
    return bool(shape.config.desk.rate_symbols)


def limits_var(shape: DeskShape) -> bool:
    return shape.config.risk.max_portfolio_var is not None


def watches(shape: DeskShape) -> bool:
    return shape.config.risk.anomalies.enabled


def splits(shape: DeskShape) -> bool:
    return shape.risk.allocation.enabled


def adapts(shape: DeskShape) -> bool:
    return shape.risk.adaptation.enabled


def waits_after_outcomes(shape: DeskShape) -> bool:
    return shape.config.risk.cooldown_after_loss is not None


def transfer_told_twice_is_booked_twice(patch: Patch) -> None:
    """Nobody asks whether a transfer is in the books."""
    patch.setattr(cashier, "is_transferred", lambda state, venue, transfer_id: False)


def withdrawal_looks_like_a_loss(patch: Patch) -> None:
    """The anchor of the day's loss stays where it was."""
    patch.setattr(transfers, "moved", lambda anchor, flow, nav: anchor)


def rates_of_the_settings_stay(patch: Patch) -> None:
    """Instruments keep the rate that they began with."""

    def fit(instruments: dict[str, RiskInstrument], rates: dict[str, Decimal]) -> dict[str, Decimal]:
        return rates

    patch.setattr(engine, "fit", fit)


def var_is_not_asked_for(patch: Patch) -> None:
    """An order changes nothing about what the portfolio may lose."""
    patch.setattr(Outlook, "value_at_risk", lambda outlook, worth: 0.0)


def var_of_facts_is_not_judged(patch: Patch) -> None:
    """What marks and fills make of VaR has no consequence."""
    patch.setattr(Measurer, "_judge_var", lambda risk, part, ctx, *, unreserved: None)


def statistics_miss_what_moved(patch: Patch) -> None:
    """What is kept step by step is not brought up to date."""
    refresh = PortfolioStatistics.refresh

    def forgetful(statistics: PortfolioStatistics, state: Any) -> None:
        statistics.moved = {}
        refresh(statistics, state)

    patch.setattr(PortfolioStatistics, "refresh", forgetful)


def degrade_level_never_ends(patch: Patch) -> None:
    """A level that was found once stays."""
    advance = anomalies.advance

    def rising(degrade: Any, found: Any, settings: Any, now: int) -> anomalies.Step:
        step = advance(degrade, found, settings, now)
        return msgspec.structs.replace(step, found=max(step.found, degrade.found))

    patch.setattr(anomalies, "advance", rising)


def degrade_level_changes_no_size(patch: Patch) -> None:
    """Every level's factor is 1."""
    patch.setattr(anomalies.AnomalySettings, "factor", lambda settings, level: Decimal(1))


def budgets_exceed_what_they_divide(patch: Patch) -> None:
    """What rises gets what it asks for."""
    patch.setattr(allocation, "_affordable", lambda changes, capital, known: changes)


def limits_are_adapted_without_a_floor(patch: Patch) -> None:
    """A limit is halved with each bad cycle, whatever its floor."""

    def halved(row: Any, configured: Any, present: Any, settings: Any) -> adaptation.Step | None:
        whole = getattr(configured, row.limit)
        before = present.get(row.limit, whole)
        after = before // 2 if isinstance(before, int) else before / 2
        return adaptation.Step(row.limit, before, after, row.sign) if after else None

    patch.setattr(adaptation, "_tighter", halved)


def losses_are_forgotten(patch: Patch) -> None:
    """Nobody remembers how a position ended."""
    of_fill = pace_counting.fill_of

    def nothing(state: Any, event: Any) -> FillCounted:
        return msgspec.structs.replace(of_fill(state, event), outcome=None)

    patch.setattr(pace_counting, "fill_of", nothing)


BUGS: dict[Plant, Part] = {
    transfer_told_twice_is_booked_twice: tells_of_money,
    withdrawal_looks_like_a_loss: moves_money,
    rates_of_the_settings_stay: has_moving_rates,
    var_is_not_asked_for: limits_var,
    var_of_facts_is_not_judged: limits_var,
    statistics_miss_what_moved: limits_var,
    degrade_level_never_ends: watches,
    degrade_level_changes_no_size: watches,
    budgets_exceed_what_they_divide: splits,
    limits_are_adapted_without_a_floor: adapts,
    losses_are_forgotten: waits_after_outcomes,
}
SEEDS = 100
"""How many of the seeds that have the part are tried."""
QUICK = (transfer_told_twice_is_booked_twice, withdrawal_looks_like_a_loss, degrade_level_changes_no_size)


def seeds_with(part: Part) -> Iterator[int]:
    """The first seeds whose desks have this part."""
    return (seed for seed in range(1_000) if part(drawn_shape(Random(f"desk {seed}"))))


def first_failure(plant: Plant, most: int, patch: Patch) -> SeedFailedError | None:
    plant(patch)
    for _, seed in zip(range(most), seeds_with(BUGS[plant]), strict=False):
        try:
            run_seed(seed)
        except SeedFailedError as error:
            return error
    return None


@pytest.mark.parametrize("plant", QUICK)
def test_a_planted_bug_is_found_soon(plant: Plant, monkeypatch: Patch) -> None:
    error = first_failure(plant, 8, monkeypatch)
    assert error is not None
    assert error.invariant in ("2", "3")


@pytest.mark.long
@pytest.mark.parametrize("plant", BUGS)
def test_every_planted_bug_is_found(plant: Plant, monkeypatch: Patch) -> None:
    error = first_failure(plant, SEEDS, monkeypatch)
    assert error is not None
    assert error.invariant in ("2", "3", "4", "5")
