"""Sizes: the golden values, what each decision comes to, and what holds for any input."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.strategy.pipeline.arrays import Floats
from actors.strategy.pipeline.gating import OUTCOMES, code_of, texts
from actors.strategy.pipeline.sizing import (
    AtrSizer,
    SizeInputs,
    Sizer,
    SizeSettings,
    VolatilitySizer,
    size,
)
from messages.errors import ConfigurationError
from messages.reasons import Reason

pytestmark = pytest.mark.unit

NAN = np.nan
FREE = SizeSettings(band=0.0)
"""No band: a golden value may be a small change."""


def column(value: float | Sequence[float] | np.ndarray, kind: type = float) -> np.ndarray:
    return np.atleast_1d(np.asarray(value, dtype=kind))


def wants(
    alpha: float | Sequence[float] = 0.01,
    volatility: float | Sequence[float] = 0.01,
    position: float | Sequence[float] = 0.0,
    **changed: object,
) -> SizeInputs:
    """Inputs in which gates let the sign of alpha pass and no exit speaks; tests change what they are about."""
    alphas = column(alpha)
    count = len(alphas)
    held = np.broadcast_to(column(position), alphas.shape).copy()
    inputs = SizeInputs(
        direction=np.sign(alphas),
        position=held,
        alpha=alphas,
        volatility=np.broadcast_to(column(volatility), (count,)).copy(),
        allowed=np.abs(np.sign(alphas)) > 0,
        factor=np.ones(count),
        decidable=np.ones(count, bool),
        refusal=np.full(count, code_of(Reason.WIDE_SPREAD), np.int8),
        leave=np.zeros(count, bool),
        leave_code=np.where(held == 0, code_of(Reason.ACCEPTED), code_of(Reason.HOLD_POSITION)).astype(
            np.int8
        ),
    )
    kinds = {name: getattr(getattr(inputs, name), "dtype", float) for name in changed}
    return msgspec.structs.replace(
        inputs, **{name: column(value, kinds[name]) for name, value in changed.items()}
    )


def exits(inputs: SizeInputs, why: Reason = Reason.ALPHA_EXIT) -> SizeInputs:
    """The same inputs, with every position to be closed."""
    held = inputs.position != 0
    return msgspec.structs.replace(
        inputs, leave=held, leave_code=np.where(held, code_of(why), inputs.leave_code).astype(np.int8)
    )


def one(inputs: SizeInputs, sizing: SizeSettings = SizeSettings(), sizer: Sizer = VolatilitySizer()):  # noqa: B008
    """Target, whether it is a trade, and why, of a single symbol."""
    found = size(inputs, sizing, sizer)
    return float(found.target[0]), bool(found.trade[0]), texts(found.code)[0]


# ---------------------------------------------------------------- golden


@pytest.mark.golden
@pytest.mark.parametrize(
    ("alpha", "volatility", "weight"),
    [(0.01, 0.01, 0.016666666666666666), (0.1, 0.01, 0.05), (-0.1, 0.01, -0.05), (0.01, 0.0, 0.0)],
)
def test_the_volatility_sizer(alpha: float, volatility: float, weight: float) -> None:
    # without volatility the sizer has no wish: flat stays flat, where the original would also have sold a position
    assert one(wants(alpha, volatility), FREE)[0] == pytest.approx(weight, rel=1e-15)


@pytest.mark.golden
def test_the_gates_factor_scales_the_wish() -> None:
    found = one(wants(factor=0.5643580423808985), FREE)
    assert found == (pytest.approx(0.009405967373014974, rel=1e-14), True, "accepted")


def test_what_closed_trades_have_shown_scales_wishes_before_the_caps_and_never_past_them() -> None:
    sizes = [one(wants(scale=scale), FREE) for scale in (0.5, 1.25)]
    assert sizes == [(pytest.approx(part / 60), True, "accepted") for part in (0.5, 1.25)]
    assert size(wants(scale=0.5), FREE, VolatilitySizer()).wished == pytest.approx(
        [1 / 60]
    )  # the sizer's own
    full = one(wants(0.1, scale=1.25), SizeSettings(max_weight=0.05, band=0.0))
    assert full == (0.05, True, "capped")


def test_the_scale_counts_for_positions_that_may_only_shrink() -> None:
    """What gates refuse to grow is held to the same size as what they let enter."""
    refused = wants(position=0.03, allowed=False, refusal=code_of(Reason.WIDE_SPREAD), scale=0.5)
    assert one(refused, FREE)[0] == pytest.approx(0.5 / 60)


@pytest.mark.golden
def test_that_part_of_a_budget_in_shares() -> None:
    notional = one(wants(), FREE)[0] * 100_000
    assert notional == pytest.approx(1666.6666666666667, rel=1e-14)
    assert int(notional / 150) == 11


@pytest.mark.golden
@pytest.mark.parametrize(
    ("held", "target", "trade", "why"),
    [(0.055, 0.055, False, "no_trade_band"), (0.08, 0.05, True, "accepted")],
)
def test_a_band_of_1_percent(held: float, target: float, trade: bool, why: str) -> None:
    assert one(wants(0.1, position=held), SizeSettings(band=0.01)) == (target, trade, why)


@pytest.mark.golden
@pytest.mark.parametrize(
    ("atr", "strength", "weight"),
    [
        (0.01, 1.0, 0.25),  # NAV x 25 bps / 1 %
        (0.05, 1.0, 0.05),
        (0.05, 0.5, 0.025),
        (0.05, 0.0, 0.0125),  # at least a quarter
    ],
)
def test_the_atr_sizer(atr: float, strength: float, weight: float) -> None:
    inputs = msgspec.structs.replace(wants(), atr=column(atr), strength=column(strength))
    assert one(inputs, SizeSettings(max_weight=1.0, max_gross=1.0, band=0.0), AtrSizer())[0] == pytest.approx(
        weight
    )
    short = msgspec.structs.replace(wants(-0.01), atr=column(atr), strength=column(strength))
    assert one(short, SizeSettings(max_weight=1.0, max_gross=1.0, band=0.0), AtrSizer())[0] == pytest.approx(
        -weight
    )


@pytest.mark.golden
def test_the_cap_on_a_symbol_is_applied_after_the_sizer() -> None:
    inputs = msgspec.structs.replace(wants(), atr=column(0.001))
    assert one(inputs, sizer=AtrSizer()) == (0.20, True, "capped")


# ---------------------------------------------------------------- cases


@pytest.mark.parametrize(
    ("inputs", "found"),
    [
        (wants(), (pytest.approx(1 / 60), True, "accepted")),
        (wants(-0.01), (pytest.approx(-1 / 60), True, "accepted")),
        (wants(0.004), (0.0, False, "no_trade_band")),
        (wants(NAN), (0.0, False, "wide_spread")),
        (wants(NAN, direction=1, allowed=True), (0.0, False, "missing:alpha")),
        (wants(volatility=NAN), (0.0, False, "missing:volatility")),
        (wants(volatility=np.inf), (0.0, False, "missing:volatility")),
        (wants(allowed=False, factor=0), (0.0, False, "wide_spread")),
        # held, and nothing new
        (wants(NAN, position=0.05), (0.05, False, "hold_position")),
        (wants(volatility=NAN, position=0.05), (0.05, False, "missing:volatility")),
        (wants(0.0, position=0.05), (0.05, False, "hold_position")),
        # grown and reduced
        (wants(0.1, position=0.02), (0.05, True, "accepted")),
        (wants(0.1, position=0.02, allowed=False, factor=0), (0.02, False, "wide_spread")),
        (wants(0.01, position=0.05, allowed=False, factor=0), (pytest.approx(1 / 60), True, "accepted")),
        (wants(0.01, position=0.05, factor=0.5), (pytest.approx(1 / 120), True, "accepted")),
        # the other side is wanted, but no exit says so
        (wants(-0.01, position=0.05), (0.05, False, "hold_position")),
        # exits
        (exits(wants(NAN, position=0.05)), (0.0, True, "alpha_exit")),
        (exits(wants(NAN, position=0.002)), (0.0, True, "alpha_exit")),
        (exits(wants(-0.01, position=0.05)), (pytest.approx(-1 / 60), True, "alpha_exit")),
        (exits(wants(-0.01, position=0.05, allowed=False, factor=0)), (0.0, True, "alpha_exit")),
        (exits(wants(0.1, position=0.05), Reason.PEAK_EXIT), (0.0, True, "peak_exit")),
        (exits(wants(-0.1, position=-0.05), Reason.VALLEY_EXIT), (0.0, True, "valley_exit")),
        # a bad tick holds all
        (
            exits(wants(-0.1, position=0.05, decidable=False, allowed=False), Reason.BAD_TICK),
            (0.05, False, "price_outlier"),
        ),
        # caps, also on what is held
        (wants(NAN, position=0.25), (0.20, True, "capped")),
        (wants(0.1, position=0.25, allowed=False, factor=0), (0.05, True, "accepted")),
    ],
)
def test_what_a_decision_comes_to(inputs: SizeInputs, found: tuple[float, bool, str]) -> None:
    assert one(inputs) == found


def test_an_unknown_position_is_not_traded_and_counts_as_a_full_one() -> None:
    found = size(
        wants([0.1] * 3, position=[NAN, NAN, 0.0]),
        SizeSettings(max_weight=0.2, max_gross=0.43),
        VolatilitySizer(),
    )
    assert np.isnan(found.target[:2]).all()
    assert not found.trade[:2].any()
    assert texts(found.code) == ["missing:position", "missing:position", "capped"]
    assert found.target[2] == pytest.approx(0.03)


def test_wishes_beyond_the_gross_cap_shrink_in_proportion() -> None:
    found = size(
        wants([0.1, 0.1, 0.01]), SizeSettings(max_gross=0.05, band=0.0), VolatilitySizer(max_weight=0.06)
    )
    assert found.target == pytest.approx(np.array([3, 3, 1]) * 0.05 / 7)
    assert texts(found.code) == ["capped"] * 3


def test_increases_give_way_before_positions_do() -> None:
    inputs = wants([0.1, NAN, NAN], position=[0.0, 0.2, 0.2])
    found = size(inputs, SizeSettings(max_gross=0.42), VolatilitySizer(max_weight=0.06))
    assert found.target == pytest.approx([0.02, 0.2, 0.2])
    none_left = size(inputs, SizeSettings(max_gross=0.405), VolatilitySizer(max_weight=0.06))
    assert none_left.target == pytest.approx([0.0, 0.2, 0.2])  # what is left is less than the band
    too_much = size(inputs, SizeSettings(max_gross=0.3), VolatilitySizer(max_weight=0.06))
    assert too_much.target == pytest.approx([0.0, 0.15, 0.15])


@pytest.mark.parametrize(
    "make",
    [
        lambda: SizeSettings(max_weight=0.0),
        lambda: SizeSettings(band=0.3),
        lambda: VolatilitySizer(z_max=0.0),
        lambda: AtrSizer(risk=-1.0),
        lambda: SizeSettings(max_gross=NAN),
    ],
)
def test_settings_out_of_range_are_refused(make) -> None:
    with pytest.raises(ConfigurationError, match=r"sizing\.\S+: must be (above|at least)"):
        make()


# ---------------------------------------------------------------- for any input

SYMBOLS = 5
ANY = st.one_of(st.just(NAN), st.floats(-1, 1), st.sampled_from([0.0, 1e-300, np.inf, -np.inf]))
ARRAYS = ("position", "alpha", "volatility", "factor", "direction", "atr", "strength")


@st.composite
def inputs(draw: st.DrawFn) -> SizeInputs:
    def some(values: st.SearchStrategy[object]) -> list[object]:
        return draw(st.lists(values, min_size=SYMBOLS, max_size=SYMBOLS))

    code = st.integers(0, len(OUTCOMES) - 1)
    return SizeInputs(
        direction=column(some(st.sampled_from([-1.0, 0.0, 1.0, NAN]))),
        position=column(some(st.one_of(ANY, st.floats(-0.2, 0.2), st.just(0.0)))),
        alpha=column(some(st.one_of(ANY, st.floats(-0.01, 0.01)))),
        volatility=column(some(st.one_of(ANY, st.floats(1e-4, 0.1)))),
        allowed=column(some(st.booleans()), bool),
        factor=column(some(st.one_of(st.floats(0, 1), st.just(NAN)))),
        decidable=column(some(st.booleans()), bool),
        refusal=column(some(code), np.int8),
        leave=column(some(st.booleans()), bool),
        leave_code=column(some(code), np.int8),
        atr=column(some(st.one_of(ANY, st.floats(1e-3, 0.1)))),
        strength=column(some(ANY)),
        scale=column(some(st.floats(0.5, 1.25))),
    )


SIZERS = st.sampled_from([VolatilitySizer(), VolatilitySizer(max_weight=2.0), AtrSizer()])


def rows(taken: SizeInputs, order: list[int]) -> SizeInputs:
    given = {name: getattr(taken, name) for name in SizeInputs.__struct_fields__}
    return SizeInputs(**{name: each if each is None else each[order] for name, each in given.items()})


@pytest.mark.property
@given(inputs(), SIZERS, st.floats(0.01, 0.3), st.floats(0.01, 1.0), st.floats(0, 0.01))
@settings(deadline=None, max_examples=60)
def test_targets_are_within_the_caps(
    taken: SizeInputs, sizer: Sizer, weight: float, gross: float, band: float
) -> None:
    found = size(taken, SizeSettings(weight, gross, band), sizer)
    known = np.isfinite(taken.position)
    assert (np.isnan(found.target) == ~known).all()
    assert (np.abs(found.target[known]) <= weight).all()
    assert np.abs(found.target[known]).sum() <= gross * (1 + 1e-12)


@pytest.mark.property
@given(inputs(), SIZERS)
@settings(deadline=None, max_examples=60)
def test_nothing_is_opened_or_grown_without_leave_of_the_gates_and_all_inputs(
    taken: SizeInputs, sizer: Sizer
) -> None:
    found = size(taken, SizeSettings(), sizer)
    position = np.where(np.isfinite(taken.position), taken.position, 0)
    same = found.target * position > 0
    grown = found.trade & ((np.abs(found.target) > np.abs(position)) | (~same & (found.target != 0)))
    assert not (grown & ~(taken.allowed & np.isfinite(taken.alpha) & (np.abs(taken.direction) == 1))).any()
    assert (np.sign(found.target)[grown] == taken.direction[grown]).all()
    assert not (grown & np.isnan(found.wished)).any()
    assert taken.scale is not None
    most = np.abs(found.wished * taken.scale)
    assert (np.abs(found.target)[grown] <= most[grown]).all()


@pytest.mark.property
@given(inputs(), SIZERS)
@settings(deadline=None, max_examples=60)
def test_what_is_missing_never_trades_but_for_the_caps(taken: SizeInputs, sizer: Sizer) -> None:
    found = size(taken, SizeSettings(max_weight=10.0, max_gross=1e6), sizer)
    blind = np.isnan(found.wished) & ~(taken.leave & taken.decidable) & (np.abs(taken.position) <= 10.0)
    assert not found.trade[blind].any()
    assert (found.target[blind] == taken.position[blind]).all()


@pytest.mark.property
@given(inputs(), SIZERS, st.permutations(range(SYMBOLS)))
@settings(deadline=None, max_examples=60)
def test_permuting_symbols_permutes_the_sizes(taken: SizeInputs, sizer: Sizer, order: list[int]) -> None:
    whole, permuted = size(taken, SizeSettings(), sizer), size(rows(taken, order), SizeSettings(), sizer)
    assert permuted.target == pytest.approx(whole.target[order], rel=1e-12, abs=1e-15, nan_ok=True)


@pytest.mark.property
@given(inputs(), SIZERS)
@settings(deadline=None, max_examples=60)
def test_one_symbol_alone_is_one_among_many_where_the_cap_on_all_leaves_room(
    taken: SizeInputs, sizer: Sizer
) -> None:
    roomy = SizeSettings(max_gross=10.0)
    whole = size(taken, roomy, sizer)
    for row in range(SYMBOLS):
        alone = size(rows(taken, [row]), roomy, sizer)
        assert [str(each[0]) for each in alone] == [str(each[row]) for each in whole]


def test_a_sizer_in_shadow_is_asked_beside_the_one_that_trades() -> None:
    class Learned(msgspec.Struct, frozen=True):
        name: str = "learned"

        def wish(self, inputs: SizeInputs):
            return VolatilitySizer().wish(inputs)._replace(weight=inputs.direction * 0.03)

    inputs = wants([0.01, -0.01])
    before = [np.copy(getattr(inputs, name)) for name in ("direction", "position", "alpha", "factor")]
    traded, shadow = (size(inputs, SizeSettings(), sizer) for sizer in (VolatilitySizer(), Learned()))
    assert shadow.target.tolist() == [0.03, -0.03]
    assert traded.target == pytest.approx([1 / 60, -1 / 60])
    after: list[Floats] = [inputs.direction, inputs.position, inputs.alpha, inputs.factor]
    assert all((a == b).all() for a, b in zip(before, after, strict=True))
