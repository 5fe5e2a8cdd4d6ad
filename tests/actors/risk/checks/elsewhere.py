"""Checks whose tests need more of a stage than a table gives: where each of the three is."""

from __future__ import annotations

from collections.abc import Mapping

_HERE = "tests/actors/risk/checks/test_special.py"
_OLD = "tests/actors/risk/test_checks.py"
_TAIL = "tests/actors/risk/test_measuring.py"
_AROUND = "tests/actors/risk/checks/test_surroundings.py"
_CANARY = f"{_AROUND}::test_canary_exposure_allows_resizes_and_rejects_by_all_that_is_held_and_open"
_UNKNOWN = f"{_TAIL}::test_until_there_are_samples_enough_nothing_may_grow"

ELSEWHERE: Mapping[str, Mapping[str, str]] = {
    "well_formed": {
        "allow": f"{_OLD}::test_a_limit_price_within_the_worst_price_is_well_formed",
        "reject": f"{_OLD}::test_an_intent_that_makes_no_sense_is_malformed",
    },
    "min_profit": {
        "allow": f"{_HERE}::test_a_sell_that_brings_its_cost_and_a_profit_passes",
        "reject": f"{_HERE}::test_a_sell_below_cost_and_profit_is_refused_unless_it_must_be",
    },
    "size_factor": {
        "allow": f"{_AROUND}::test_size_factor_allows_everything_while_there_is_no_degrade_level",
        "resize": f"{_AROUND}::test_size_factor_resizes_at_level_1",
        "reject": f"{_AROUND}::test_size_factor_rejects_at_level_3_all_but_what_reduces",
    },
    "canary_order": {
        "allow": f"{_AROUND}::test_canary_order_allows_what_is_small",
        "resize": f"{_AROUND}::test_canary_order_resizes_to_its_cap",
        "reject": f"{_AROUND}::test_canary_order_rejects_what_is_too_small_at_its_cap",
    },
    "canary_exposure": {
        "allow": _CANARY,
        "resize": _CANARY,
        "reject": _CANARY,
    },
    "portfolio_var": {
        "allow": f"{_TAIL}::test_an_order_within_the_limit_on_var_passes_and_says_what_is_left",
        "resize": f"{_TAIL}::test_an_order_beyond_the_limit_on_var_is_resized_into_the_room",
        "reject": _UNKNOWN,
    },
    "position_cvar": {
        "allow": f"{_TAIL}::test_a_position_is_held_to_its_cvar",
        "resize": f"{_TAIL}::test_a_position_is_held_to_its_cvar",
        "reject": f"{_TAIL}::test_cvar_is_not_known_before_there_are_samples_enough",
    },
    "correlated_exposure": {
        "allow": f"{_TAIL}::test_symbols_that_move_together_share_a_cap",
        "resize": f"{_TAIL}::test_symbols_that_move_together_share_a_cap",
        "reject": f"{_TAIL}::test_correlations_are_not_known_before_there_are_samples_enough",
    },
}
