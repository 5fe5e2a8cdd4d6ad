"""Sheet F 15: an engine of models over many horizons. What it was expected to do, and what holds this desk to it."""

from __future__ import annotations

from tests.actors.risk.acceptance.scenario import Scenario

SCENARIOS = (
    Scenario(
        "Nine zeros and a ten: three deviations",
        {
            "actors/strategy/pipeline/test_prediction_golden.py": (
                "test_nine_zeros_and_a_ten_are_three_deviations",
            ),
        },
    ),
    Scenario(
        "One, two, three; a constant series",
        {
            "actors/strategy/pipeline/test_prediction_golden.py": (
                "test_the_third_of_one_two_three_and_the_clipped_raw_values_before_it",
                "test_a_constant_series_is_zero_from_the_third_on",
            ),
        },
    ),
    Scenario(
        "Each model and horizon has a memory of its own",
        {
            "actors/strategy/pipeline/test_prediction.py": ("test_each_series_is_standardised_by_itself",),
        },
    ),
    Scenario(
        "Freshness at 60 s by horizon",
        {
            "actors/strategy/pipeline/test_prediction_golden.py": ("test_freshness",),
        },
    ),
    Scenario(
        "Freshness at 150 s",
        {
            "actors/strategy/pipeline/test_prediction_golden.py": ("test_freshness",),
        },
    ),
    Scenario(
        "Capacity",
        {
            "actors/strategy/pipeline/test_prediction_golden.py": ("test_capacity",),
        },
    ),
    Scenario(
        "Stability of three errors",
        {
            "actors/strategy/pipeline/test_prediction_golden.py": ("test_stability",),
            "actors/strategy/pipeline/test_returns.py": (
                "test_the_rmse_of_three_errors_gives_the_golden_stability",
            ),
        },
    ),
    Scenario(
        "Confidence",
        {
            "actors/strategy/pipeline/test_prediction_golden.py": ("test_confidence",),
        },
    ),
    Scenario(
        "Confidence of a model that was wrong",
        {
            "actors/strategy/pipeline/test_prediction_golden.py": ("test_confidence",),
        },
    ),
    Scenario(
        "Percentiles with ties",
        {
            "actors/strategy/pipeline/test_prediction_golden.py": ("test_percentiles_with_ties",),
        },
    ),
    Scenario(
        "Probit",
        {
            "actors/strategy/pipeline/test_prediction_golden.py": ("test_probit",),
        },
    ),
    Scenario(
        "Ridge weights of two alike",
        {
            "actors/strategy/pipeline/test_blending_golden.py": ("test_ridge_weights",),
        },
    ),
    Scenario(
        "Ridge weights of three",
        {
            "actors/strategy/pipeline/test_blending_golden.py": ("test_ridge_weights",),
        },
    ),
    Scenario(
        "Ridge weights by skill",
        {
            "actors/strategy/pipeline/test_blending_golden.py": ("test_ridge_weights",),
        },
    ),
    Scenario(
        "Ridge weights, clipped",
        {
            "actors/strategy/pipeline/test_blending_golden.py": ("test_the_raw_solution_that_was_clipped",),
        },
    ),
    Scenario(
        "Temperature of two",
        {
            "actors/strategy/pipeline/test_blending_golden.py": ("test_temperature",),
        },
    ),
    Scenario(
        "Temperature of three",
        {
            "actors/strategy/pipeline/test_blending_golden.py": ("test_temperature",),
        },
    ),
    Scenario(
        "Temperatures of horizons",
        {
            "actors/strategy/pipeline/test_blending_golden.py": ("test_the_temperatures_of_the_horizons",),
        },
    ),
    Scenario(
        "A single model, two that meet in the middle",
        {
            "actors/strategy/pipeline/test_blending_golden.py": (
                "test_a_single_model_is_the_alpha",
                "test_two_equal_models_meet_in_the_middle",
            ),
        },
    ),
    Scenario(
        "Costs of the spread alone",
        {
            "actors/strategy/pipeline/test_arbitration_golden.py": ("test_the_spread_alone",),
        },
    ),
    Scenario(
        "Costs over horizons",
        {
            "actors/strategy/pipeline/test_arbitration_golden.py": ("test_costs_over_all_horizons",),
        },
    ),
    Scenario(
        "Impact",
        {
            "actors/strategy/pipeline/test_arbitration_golden.py": ("test_impact",),
        },
    ),
    Scenario(
        "Small alphas have a best horizon and are held",
        {
            "actors/strategy/pipeline/test_arbitration_golden.py": (
                "test_small_alphas_have_a_best_horizon_but_are_held",
            ),
        },
    ),
    Scenario(
        "An alpha of 50 bps trades",
        {
            "actors/strategy/pipeline/test_arbitration_golden.py": ("test_fifty_bps_are_traded_either_way",),
        },
    ),
    Scenario(
        "A tenth of a bp is held; none is said so",
        {
            "actors/strategy/pipeline/test_arbitration_golden.py": (
                "test_a_tenth_of_a_bp_is_held",
                "test_no_alpha_is_said_so",
            ),
        },
    ),
    Scenario(
        "The barrier's factor",
        {
            "actors/strategy/pipeline/test_gating_golden.py": ("test_the_barrier_factor_of_a_long",),
        },
    ),
    Scenario(
        "A peak of 0.7 blocks",
        {
            "actors/strategy/pipeline/test_gating_golden.py": (
                "test_a_peak_of_0_7_blocks_a_long",
                "test_the_reduction_is_linear_in_the_peak",
            ),
        },
    ),
    Scenario(
        "Probabilities of raw outputs",
        {
            "actors/strategy/pipeline/test_gating_golden.py": (
                "test_the_probability_of_a_raw_output",
                "test_the_raw_output_above_which_a_peak_blocks",
            ),
        },
    ),
    Scenario(
        "A spread of 15 against 10; a quote too old",
        {
            "actors/strategy/pipeline/test_gating_golden.py": (
                "test_a_spread_of_15_is_blocked_by_a_limit_of_10",
                "test_a_quote_of_a_second_is_too_old_for_a_limit_of_200_ms",
            ),
        },
    ),
    Scenario(
        "Sizes by alpha and volatility",
        {
            "actors/strategy/pipeline/test_sizing.py": ("test_the_volatility_sizer",),
        },
    ),
    Scenario(
        "The gate's factor in the size",
        {
            "actors/strategy/pipeline/test_sizing.py": ("test_the_gates_factor_scales_the_wish",),
        },
    ),
    Scenario(
        "A part of the budget in shares",
        {
            "actors/strategy/pipeline/test_sizing.py": ("test_that_part_of_a_budget_in_shares",),
        },
    ),
    Scenario(
        "The no-trade band",
        {
            "actors/strategy/pipeline/test_sizing.py": ("test_a_band_of_1_percent",),
        },
    ),
    Scenario(
        "100k to 95k, to 85k: the drawdown is in order, exceeded; what recovery takes",
        {
            "actors/risk/acceptance/test_ledger_scenarios.py": (
                "test_a_fall_of_five_percent_is_in_order_one_of_fifteen_is_not",
            ),
        },
    ),
    Scenario(
        "Weights of .3 and -.1: gross .4, net .2",
        {
            "actors/risk/acceptance/test_ledger_scenarios.py": (
                "test_gross_adds_up_long_and_short_and_net_takes_one_from_the_other",
            ),
        },
    ),
    Scenario(
        "100k to 97k on one day: daily_loss",
        {
            "actors/risk/acceptance/test_ledger_scenarios.py": (
                "test_three_percent_lost_on_a_day_is_a_daily_loss",
            ),
        },
    ),
    Scenario(
        "Exp3-IX: the first reward",
        {
            "actors/strategy/pipeline/test_bandit.py": ("test_the_estimate_and_the_factor_of_exp3_ix",),
        },
    ),
    Scenario(
        "A large reward",
        {
            "actors/strategy/pipeline/test_bandit.py": ("test_a_reward_can_no_longer_run_away",),
        },
    ),
    Scenario(
        "Three arms",
        {
            "actors/strategy/pipeline/test_bandit.py": (
                "test_a_booked_loss_multiplies_the_played_arm_by_that_factor_and_no_other",
            ),
        },
    ),
    Scenario(
        "The learning rate over time",
        {
            "actors/strategy/pipeline/test_bandit.py": (
                "test_the_learning_rate_of_six_arms",
                "test_the_cap_of_six_arms_ends_at_the_61st_update",
            ),
        },
    ),
    Scenario(
        "The reward of a long and a short",
        {
            "actors/strategy/pipeline/test_rewards.py": (
                "test_the_reward_of_a_long_from_150_to_151",
                "test_the_reward_of_the_same_move_for_a_short_without_a_fee",
            ),
        },
    ),
    Scenario(
        "The share of what was learned",
        {
            "actors/strategy/pipeline/test_bandit.py": ("test_the_say_of_what_was_learned",),
            "actors/strategy/pipeline/test_blending_golden.py": (
                "test_what_was_learned_is_mixed_in_by_its_share",
            ),
        },
    ),
    Scenario(
        "Arms added, removed, unknown",
        {
            "actors/strategy/pipeline/test_bandit.py": (
                "test_an_arm_that_is_added_starts_at_the_mean_weight_and_one_that_stays_keeps_its_own",
                "test_arms_named_twice_and_none_at_all_are_refused",
            ),
        },
    ),
    Scenario(
        "Horizons of names",
        {
            "actors/strategy/pipeline/test_horizons.py": ("test_the_horizon_of_a_target",),
        },
    ),
    Scenario(
        "A paper buy: fill, fee, cash, worth at the mid",
        {
            "actors/risk/acceptance/test_ledger_scenarios.py": (
                "test_a_buy_on_paper_leaves_this_cash_and_this_worth",
            ),
        },
    ),
    Scenario(
        "A paper sell at the bid",
        {
            "actors/venues/matching/test_market_orders.py": (
                "test_a_market_order_takes_the_displayed_touch",
            ),
        },
    ),
    Scenario(
        "Slippage by volume in a backtest",
        {
            "actors/venues/matching/test_bars.py": (),
            "actors/venues/matching/test_market_orders.py": (
                "test_with_slippage_every_further_displayed_size_costs_a_step_more",
            ),
        },
        "by the share of a bar's volume that may be taken, and by the book where there is one",
    ),
    Scenario(
        "90 here, 100 there: warn, strict, auto; cash",
        {
            "actors/execution/test_reconciling.py": (
                "test_what_keeps_differing_is_told_and_ends_with_a_clean_comparison",
                "test_strict_reduces_until_a_person_has_looked",
                "test_auto_corrects_the_account_and_the_one_whose_position_it_was",
            ),
            "actors/execution/test_funds.py": ("test_the_venues_word_is_taken_where_it_differs",),
        },
    ),
    Scenario(
        "An order of 100 filled by 60 and 40; cancelled at 30; not filled after rejection",
        {
            "actors/execution/test_stream.py": (
                "test_partial_fills_are_reported_once_and_the_last_is_final",
            ),
            "actors/execution/test_cancelling.py": (
                "test_a_fill_that_races_the_cancel_counts_and_the_cancel_still_ends_the_rest",
            ),
            "actors/execution/test_transitions.py": (
                "test_every_pair_without_a_row_is_an_error_that_names_both",
            ),
        },
    ),
    Scenario(
        "A checksum whatever the order of keys; a damaged file falls back",
        {
            "config/test_hashing.py": ("test_the_order_of_entries_does_not_matter",),
            "cluster/steps/test_recovery.py": ("test_a_damaged_snapshot_is_noted_and_the_older_one_used",),
        },
    ),
    Scenario(
        "The clock is injected; sleep is instant and recorded",
        {
            "actors/risk/test_modes.py": ("test_time_is_that_of_the_desk",),
            "test_purity.py": (),
        },
    ),
    Scenario(
        "An alert below the minimum; an unknown severity",
        {
            "messages/test_events.py": ("test_the_table_has_one_row_for_every_event_type",),
        },
        "every event type has its severity in one table, so that there is no unknown one",
    ),
)
