"""Sheet H 14: a hedge bot on USD-M futures. What it was expected to do, and what holds this desk to it."""

from __future__ import annotations

from tests.actors.risk.acceptance.scenario import Scenario

SCENARIOS = (
    Scenario(
        "NAV fresh, older than its limit, a source unhealthy: allowed, vetoed, vetoed",
        {
            "actors/risk/test_checks.py": (
                "test_without_an_account_nothing_is_entered",
                "test_one_venue_that_is_not_open_leaves_nav_unknown",
                "test_an_account_with_a_position_that_was_never_marked_has_no_nav",
                "test_nav_is_as_old_as_the_oldest_mark_of_what_is_held_whatever_is_traded",
                "test_a_stale_mark_stops_entries_and_lets_exits_go",
            ),
        },
    ),
    Scenario(
        "NAV stale with fail-closed off: allowed with a warning",
        {},
        "there is no such switch: what is not known fails closed, always",
    ),
    Scenario(
        "A notional between the equity clamp and the trade cap is clamped, above the cap vetoed",
        {
            "actors/risk/acceptance/test_limit_scenarios.py": (
                "test_between_clamp_and_cap_the_clamp_holds_above_the_cap_both_do",
            ),
            "actors/risk/checks/test_table.py": (
                "test_what_exceeds_it_shrinks_to_what_would_pass",
                "test_what_leaves_no_room_is_rejected",
            ),
        },
    ),
    Scenario(
        "A symbol's own leverage limit beside the desk's",
        {
            "actors/risk/checks/test_special.py": ("test_leverage_goes_by_the_account_of_the_venue_alone",),
            "actors/risk/test_limit_changes.py": (
                "test_a_part_of_the_desk_has_a_limit_of_its_own",
                "test_the_strictest_wins_a_part_can_t_loosen_what_holds_for_all",
            ),
            "actors/risk/acceptance/test_limit_scenarios.py": (
                "test_a_symbols_own_leverage_tightens_the_desks_and_never_loosens_it",
            ),
        },
        "the stricter of the two holds: a part can't loosen what holds for the desk",
    ),
    Scenario(
        "Whitelist, minimum, symbol cap, day loss, cooldown, error circuit: a reason each, also after a restart",
        {
            "actors/risk/acceptance/test_limit_scenarios.py": (
                "test_each_veto_has_its_own_reason_and_no_other_before_and_after_a_restart",
            ),
            "actors/risk/checks/test_table.py": (
                "test_what_leaves_no_room_is_rejected",
                "test_a_limit_on_one_order_rejects_what_would_be_below_the_minimum",
            ),
            "actors/risk/checks/test_special.py": (
                "test_a_window_of_utc_ends_at_its_end_and_survives_a_restart",
                "test_errors_count_within_their_window_only",
            ),
        },
    ),
    Scenario(
        "Tier, portfolio and concurrency caps have one name wherever they veto",
        {
            "messages/test_reasons.py": ("test_no_two_reasons_share_a_code",),
            "actors/risk/checks/test_table.py": ("test_every_check_has_its_tests",),
            "actors/risk/checks/test_special.py": (
                "test_the_universe_s_tier_counts_where_the_settings_have_none",
            ),
        },
    ),
    Scenario(
        "A screener with the risk engine on or off decides alike",
        {
            "actors/risk/test_properties.py": ("test_the_same_inputs_give_the_same_outputs",),
            "actors/strategy/test_probing.py": ("test_what_it_says_is_what_it_decides",),
        },
    ),
    Scenario(
        "The same candle twice is decided once, the next one again",
        {
            "actors/strategy/test_bars.py": ("test_a_bar_that_comes_twice_counts_once",),
            "actors/risk/test_worst_fate.py": ("test_an_intent_that_comes_twice_is_decided_once",),
        },
    ),
    Scenario(
        "A buy while short closes first, opens then, and opens nothing where flat is not confirmed",
        {
            "actors/execution/routing/test_slices.py": (
                "test_a_flip_closes_first_and_opens_the_rest_once_that_is_filled",
                "test_a_flip_whose_close_is_not_filled_opens_nothing",
                "test_an_order_that_turns_a_hedged_position_closes_one_leg_and_opens_the_other",
            ),
        },
    ),
    Scenario(
        "A reduce-only order without a leg finds its own",
        {
            "actors/execution/test_order.py": (
                "test_where_legs_are_kept_apart_an_order_is_about_the_one_it_opens_or_reduces",
            ),
        },
    ),
    Scenario(
        "Reduce-only market order and closing stop",
        {
            "actors/execution/test_order.py": (
                "test_what_cannot_increase_exposure_closes_a_leg_without_saying_reduce_only",
                "test_a_take_profit_and_a_closing_stop_reach_the_venue_as_such",
            ),
        },
    ),
    Scenario(
        "In dry run no order leaves",
        {
            "actors/execution/test_placing.py": (
                "test_dry_run_records_route_price_and_cost_and_sends_nothing",
            ),
            "actors/execution/test_gate.py": ("test_read_only_and_dry_run_let_nothing_pass",),
            "cluster/host/test_dry_run.py": (
                "test_a_dry_run_records_what_it_would_have_sent",
                "test_who_may_not_write_writes_nothing",
            ),
        },
    ),
    Scenario(
        "Post-only refused twice is taken; fees bound the price",
        {
            "actors/execution/routing/test_router.py": (
                "test_an_order_that_may_not_rest_is_tried_one_tick_wider_and_then_taken",
            ),
            "actors/execution/routing/test_pricing.py": (
                "test_a_taking_price_is_bounded_by_budget_fee_and_approval",
            ),
        },
    ),
    Scenario(
        "Maker policy broken, good, overridden; what was done is recorded",
        {
            "actors/execution/routing/test_quality.py": (
                "test_the_policy_that_follows",
                "test_a_proposal_is_taken_by_steps_and_recorded_with_before_and_after",
            ),
            "actors/execution/routing/test_router.py": (
                "test_a_filled_passive_order_ends_the_intent_with_one_final_report_and_a_record",
            ),
        },
    ),
    Scenario(
        "An error of the exchange surfaces with its context",
        {
            "actors/venues/binance_usdm/test_codes.py": ("test_a_rejection_has_the_canonical_reason",),
            "actors/execution/test_placing.py": ("test_a_rejected_order_ends_the_intent",),
        },
    ),
    Scenario(
        "An acknowledgement with a partial fill; profit first in, first out, long and short",
        {
            "actors/execution/test_stream.py": (
                "test_partial_fills_are_reported_once_and_the_last_is_final",
            ),
            "actors/risk/test_lots.py": (
                "test_a_sale_closes_the_oldest_lots_first_and_the_average_keeps_its_own_profit",
                "test_a_short_is_closed_by_buying_its_oldest_lots_back",
            ),
        },
    ),
    Scenario(
        "Tuning of the router leans by what came of it, within bounds",
        {
            "actors/execution/routing/test_quality.py": (
                "test_the_table_of_proposals",
                "test_the_offset_is_bounded_however_often_it_is_proposed",
            ),
        },
    ),
    Scenario(
        "Tuning off, defensive mode, bad quality: no change",
        {
            "actors/execution/routing/test_quality.py": (
                "test_records_propose_nothing_unless_they_are_asked_to",
                "test_nothing_is_tuned_outside_the_normal_mode_or_where_routing_is_broken",
            ),
        },
    ),
    Scenario(
        "Allocation by good news, in a drawdown, without any",
        {
            "actors/risk/test_allocation.py": (
                "test_good_news_give_the_best_score_the_greatest_weight",
                "test_the_worst_fall_shrinks_weights_and_caps",
                "test_nothing_known_suggests_nothing",
            ),
        },
    ),
    Scenario(
        "Steps and minima together give a legal quantity",
        {
            "actors/execution/test_instruments.py": (
                "test_what_passes_keeps_every_rule_and_what_does_not_breaks_the_one_that_is_named",
            ),
            "actors/precheck/test_minimum.py": ("test_no_plan_is_too_small_off_the_lot_or_grows_too_much",),
        },
    ),
    Scenario(
        "State files are written with every tick",
        {},
        "state is snapshot and journal, committed with each step; simulator and kill tests hold it to that",
    ),
    Scenario(
        "Alerts on fallback, slippage, drawdown, panic",
        {
            "actors/risk/test_drawdown_states.py": ("test_each_change_is_told_once_with_its_figures",),
            "actors/risk/test_anomalies.py": ("test_each_anomaly_is_found_at_the_next_look_and_told_once",),
        },
        "alerts to people are sent by those who watch the event journal; what is to be alerted is an event",
    ),
    Scenario(
        "Portfolio drawdown circuit, correlation group, VaR, CVaR above their limits",
        {
            "actors/risk/test_facts.py": ("test_a_drawdown_counts_from_the_highest_nav",),
            "actors/risk/test_measuring.py": (
                "test_symbols_that_move_together_share_a_cap",
                "test_an_order_beyond_the_limit_on_var_is_resized_into_the_room",
                "test_a_position_is_held_to_its_cvar",
            ),
            "actors/risk/checks/test_special.py": (
                "test_the_symbols_of_a_theme_share_its_cap_the_others_do_not",
            ),
        },
    ),
    Scenario(
        "TWAP below and above its threshold, a crash between slices",
        {
            "actors/execution/routing/test_slices.py": (
                "test_a_twap_works_equal_slices_one_after_the_other",
                "test_small_slices_are_made_fewer",
                "test_a_twap_goes_on_after_a_crash_between_slices",
            ),
        },
    ),
)
