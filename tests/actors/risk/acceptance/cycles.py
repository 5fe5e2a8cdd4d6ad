"""Sheet B 14: a spot bot that works in cycles. What it was expected to do, and what holds this desk to it."""

from __future__ import annotations

from tests.actors.risk.acceptance.scenario import Scenario

SCENARIOS = (
    Scenario(
        "Whether real orders may be sent: every failing reason is listed under its code",
        {
            "cluster/test_arming.py": (
                "test_live_is_armed_only_when_nothing_speaks_against_it",
                "test_every_reason_that_holds_is_told_in_every_combination",
            ),
        },
    ),
    Scenario(
        "A second process on the same desk is refused and told who is first",
        {
            "chaos/test_bad_input.py": (
                "test_a_second_desk_of_the_same_name_is_refused_and_told_who_is_first",
                "test_a_second_desk_of_the_same_name_on_the_same_redis_is_refused",
            ),
            "cluster/cli/test_background.py": ("test_a_second_desk_of_a_name_is_refused_with_who_is_first",),
            "cluster/test_account_lease.py": (
                "test_a_second_desk_on_the_account_is_refused_with_the_first_ones_name",
                "test_the_lease_of_a_desk_that_is_proven_dead_is_taken_over",
            ),
        },
    ),
    Scenario(
        "Live with kill switch, freeze or missing acknowledgement: preflight fails",
        {
            "cluster/test_preflight.py": (
                "test_each_thing_that_is_missing_is_told",
                "test_a_kill_file_fails_it_and_only_holds_the_desk",
                "test_a_live_desk_does_not_start_unless_it_holds",
            ),
        },
    ),
    Scenario(
        "A submit that timed out exists: found by its id, no duplicate",
        {
            "actors/execution/test_side_effects.py": (
                "test_place_timeout_asks_at_once_freezes_and_is_never_sent_blindly",
            ),
            "actors/execution/test_probing.py": ("test_an_order_that_is_found_is_adopted_as_it_is",),
        },
    ),
    Scenario(
        "The answer lost, visible later: unknown, submits blocked, then resolved",
        {
            "actors/execution/test_probing.py": ("test_no_answer_is_unknown_told_and_asked_at_once",),
            "actors/execution/test_placing.py": (
                "test_a_symbol_with_an_unknown_order_is_frozen_for_increases_only",
            ),
        },
    ),
    Scenario(
        "A connection that ended before anything was sent: failed, may be tried again",
        {
            "actors/execution/test_resending.py": (
                "test_a_refused_connection_is_tried_again_under_the_same_id_after_growing_waits",
            ),
        },
    ),
    Scenario(
        "429 with a time to wait: one side effect",
        {
            "actors/execution/test_side_effects.py": ("test_place_429_is_tried_later_under_the_same_id",),
            "actors/venues/transport/test_budget.py": (
                "test_a_pause_holds_everything_or_only_what_is_named",
            ),
        },
    ),
    Scenario(
        "A cancel timed out: filled, gone or still open",
        {
            "actors/execution/test_side_effects.py": (
                "test_cancel_timeout_asks_and_cancels_again_what_still_works",
            ),
            "actors/execution/test_cancelling.py": ("test_a_fill_that_wins_the_race_ends_the_order_filled",),
        },
    ),
    Scenario(
        "A partial fill, then a cancel: quantities and state stay",
        {
            "actors/execution/test_cancelling.py": (
                "test_a_fill_that_races_the_cancel_counts_and_the_cancel_still_ends_the_rest",
            ),
        },
    ),
    Scenario(
        "A restart with an unknown order asks again and doubles nothing",
        {
            "actors/execution/test_probing.py": ("test_unknown_orders_are_asked_for_after_a_crash",),
            "actors/execution/test_side_effects.py": (
                "test_place_pending_over_a_restart_is_asked_for_and_not_sent_again",
            ),
        },
    ),
    Scenario(
        "Unknown beyond eight questions is escalated",
        {
            "actors/execution/test_side_effects.py": (
                "test_place_of_unknown_fate_is_probed_by_the_schedule_and_escalates_once_at_the_eighth",
            ),
        },
    ),
    Scenario(
        "While something is unknown no submit reaches the exchange, cancels do",
        {
            "actors/execution/test_side_effects.py": (
                "test_the_whole_venue_may_be_frozen_and_exits_and_cancels_pass",
            ),
            "actors/execution/test_storm.py": ("test_nothing_is_lost_or_doubled_whatever_happens",),
        },
    ),
    Scenario(
        "A comparison that fails keeps the freeze",
        {
            "actors/execution/test_account.py": (
                "test_a_venue_that_does_not_answer_is_asked_again_after_growing_waits",
            ),
            "actors/risk/test_modes.py": ("test_a_comparison_under_an_older_generation_clears_nothing",),
            "actors/risk/acceptance/test_freeze_scenarios.py": (
                "test_neither_a_failed_nor_a_clean_comparison_ends_the_freeze_before_nothing_is_unknown",
            ),
        },
    ),
    Scenario(
        "The same cycle again has one side effect",
        {
            "actors/execution/test_placing.py": ("test_an_intent_that_comes_twice_is_placed_once",),
            "actors/risk/test_worst_fate.py": ("test_an_intent_that_comes_twice_is_decided_once",),
        },
    ),
    Scenario(
        "A pending action that grew old is recovered as committed or failed",
        {
            "actors/execution/test_resending.py": (
                "test_a_promised_order_is_asked_for_after_a_crash_and_never_placed_again_blindly",
            ),
            "cluster/steps/test_life.py": ("test_an_unanswered_effect_is_performed_again_after_recovery",),
        },
    ),
    Scenario(
        "A replacement while the old order is open, or its cancel unsure",
        {
            "actors/execution/routing/test_replacing.py": (
                "test_after_a_crash_the_cancel_of_a_change_by_cancelling_is_owed_and_nothing_is_doubled",
                "test_a_lost_answer_is_resolved_by_the_price_the_venue_tells",
            ),
        },
    ),
    Scenario(
        "Kill switch: cancels pass, submits do not; a freeze of all blocks both",
        {
            "actors/execution/test_modes.py": (
                "test_the_kill_switch_cancels_at_once_all_but_protective_orders",
                "test_the_kill_switch_refuses_increases_before_risk_has_confirmed_it",
            ),
            "actors/execution/test_cancelling.py": (
                "test_in_observe_no_cancel_leaves_and_all_leave_afterwards",
            ),
        },
    ),
    Scenario(
        "Cash reserve: allowed above it, a buy blocked below, a sell unaffected",
        {
            "actors/risk/test_worst_fate.py": (
                "test_cash_stays_above_the_reserve_after_all_open_buys",
                "test_a_sale_needs_no_cash",
            ),
        },
    ),
    Scenario(
        "No approved action exceeds an order, cycle, symbol or exposure limit",
        {
            "actors/risk/test_properties.py": ("test_limits_hold_and_books_are_exact_whatever_happens",),
            "actors/risk/checks/test_special.py": (
                "test_a_rejected_intent_uses_no_slot_and_neither_does_an_exit",
            ),
        },
    ),
    Scenario(
        "Self-financing: a profit split 60 to 40, losses are capital's, each checkpoint once, none that makes no sense",
        {
            "actors/risk/acceptance/test_ledger_scenarios.py": (
                "test_a_profit_of_a_hundred_is_sixty_to_capital_and_forty_to_the_treasury",
            ),
            "actors/risk/test_capital.py": (
                "test_each_checkpoint_has_its_code_and_its_effect",
                "test_a_days_loss_leaves_the_treasury",
                "test_a_checkpoint_that_makes_no_sense_reduces_the_desk",
            ),
            "actors/risk/test_transfers.py": ("test_a_checkpoint_splits_the_profit_and_no_deposit",),
        },
    ),
    Scenario(
        "Rounding up to the minimum only where the intent was large enough",
        {
            "actors/strategy/test_pricing.py": (
                "test_an_entry_a_little_below_the_minimum_is_made_large_enough_where_that_is_set",
            ),
            "actors/precheck/test_minimum.py": ("test_the_table",),
        },
    ),
    Scenario(
        "Mode by drawdown, exposure, fees; combined by the strictest; told once",
        {
            "actors/risk/test_facts.py": (
                "test_every_limit_that_facts_can_break_is_watched",
                "test_losses_never_lead_to_observe",
            ),
            "actors/risk/test_mode_matrix.py": (
                "test_any_two_sources_ask_for_the_stricter_of_the_two_in_any_order",
                "test_each_source_comes_is_told_journalled_and_logged_and_so_is_its_end",
            ),
        },
        "a drawdown reduces or halts and never observes: stops must go on working",
    ),
    Scenario(
        "A mark is missing: nothing grows, and the kill switch wins over it",
        {
            "actors/risk/acceptance/test_ledger_scenarios.py": (
                "test_a_missing_mark_reduces_and_the_kill_switch_wins_over_it",
            ),
            "actors/risk/test_checks.py": ("test_a_symbol_without_a_mark_is_not_entered_but_left",),
        },
    ),
    Scenario(
        "A missing rate for a fee reduces and does not observe",
        {
            "actors/risk/test_ledger.py": (
                "test_a_fee_in_another_currency_is_booked_there_and_reduces_trading",
            ),
            "actors/risk/test_rates.py": ("test_what_has_no_rate_fails_closed",),
            "actors/risk/test_marked_rates.py": (
                "test_a_mark_that_grew_old_reduces_until_there_is_a_newer_one",
            ),
            "actors/risk/test_transfers.py": (
                "test_a_transfer_in_a_currency_without_a_rate_reduces_and_is_never_valued_at_nothing",
            ),
        },
    ),
    Scenario(
        "Anomalies: an error, three warnings, six; levels hold and go down one by one",
        {
            "actors/risk/test_anomalies.py": (
                "test_three_looks_with_a_warning_lead_to_level_1_six_to_level_2_an_error_to_3",
                "test_a_level_holds_and_then_falls_one_by_one",
            ),
            "actors/risk/acceptance/test_limit_scenarios.py": ("test_what_a_venue_tells_leads_to_its_level",),
        },
    ),
    Scenario(
        "A failure in the middle of a write leaves ledger, positions and cursor as they were",
        {
            "cluster/steps/test_batches.py": (
                "test_a_failing_input_splits_its_batch_and_changes_nothing_before_it",
            ),
            "cluster/steps/test_life.py": ("test_a_death_at_any_point_loses_and_doubles_nothing",),
            "cluster/store/test_contract.py": ("test_the_same_commit_sent_twice_happens_once",),
        },
    ),
    Scenario(
        "A fill seen twice counts once, and the cursor never goes back",
        {
            "actors/risk/test_ledger.py": ("test_a_fill_is_booked_once_while_its_intent_is_open_and_after",),
            "actors/execution/test_stream.py": (
                "test_a_fill_seen_again_under_a_new_sequence_is_not_booked_twice",
                "test_the_position_of_the_stream_survives_a_crash",
            ),
        },
    ),
    Scenario(
        "First in, first out; fees; more sold than held; incremental equals full replay",
        {
            "actors/risk/test_lots.py": ("test_lots_equal_a_count_unit_by_unit",),
            "actors/risk/test_ledger_properties.py": (
                "test_cash_and_positions_are_deposits_and_profit_less_costs_at_every_moment",
                "test_a_snapshot_and_what_came_since_give_what_the_whole_journal_gives",
                "test_entries_read_piece_by_piece_and_again_are_those_of_the_whole",
            ),
            "actors/venues/matching/test_accounts.py": ("test_a_cash_account_sells_only_what_it_has",),
            "actors/risk/test_ledger.py": ("test_what_closes_is_booked_before_what_opens",),
        },
        "the venue refuses to sell more than is held for cash; on margin it is a short, and books take facts",
    ),
    Scenario(
        "Universe: filters, ties by name, cooldown, churn, caps",
        {
            "actors/operations/universe/test_selecting.py": (
                "test_the_checks_are_asked_in_their_order",
                "test_equals_are_ordered_by_volume_then_by_name",
            ),
            "actors/operations/universe/test_actor.py": (
                "test_no_more_changes_in_a_day_than_the_settings_let",
            ),
        },
    ),
    Scenario(
        "Portfolio targets: weights, cash buffer, cap, sells first, reduce sells only",
        {
            "actors/risk/test_allocation.py": (
                "test_weights_keep_their_bounds_whatever_the_scores",
                "test_what_falls_goes_before_what_rises",
                "test_in_reduce_budgets_only_fall",
            ),
        },
    ),
    Scenario(
        "Order builder: tick, lot, minimum, inventory, fixed id",
        {
            "actors/strategy/test_pricing.py": (
                "test_every_price_is_on_the_tick_and_the_touch_is_always_within_reach",
            ),
            "actors/execution/test_client_ids.py": ("test_the_same_order_has_the_same_id_for_ever",),
            "actors/risk/test_worst_fate.py": (
                "test_increase_is_judged_by_what_may_result_not_by_side_or_flag",
            ),
        },
    ),
    Scenario(
        "Orders: twice the same, conflict, throttle, retry, partial then filled",
        {
            "actors/execution/test_placing.py": ("test_an_intent_that_comes_twice_is_placed_once",),
            "actors/execution/test_resending.py": (
                "test_what_the_venue_surely_did_not_take_is_sent_again_wherever_ids_may_be_used_again",
            ),
            "actors/execution/test_stream.py": (
                "test_partial_fills_are_reported_once_and_the_last_is_final",
            ),
        },
    ),
    Scenario(
        "Adaptation: a spike of rejects tightens, health loosens, bounds, rollback once",
        {
            "actors/risk/test_adaptation.py": (
                "test_each_sign_tightens_its_limit",
                "test_three_healthy_cycles_loosen_by_a_step_what_was_tightened",
                "test_limits_never_leave_their_bounds",
                "test_a_loosening_after_which_it_gets_worse_is_taken_back_once",
            ),
        },
    ),
    Scenario(
        "Backtest: the same twice, gaps alike, no live call",
        {
            "cluster/backtest/test_backtest.py": (
                "test_the_report_is_the_same_to_the_last_byte_in_any_process",
            ),
            "cluster/backtest/test_report.py": ("test_results_need_neither_ray_nor_redis_nor_pandas",),
            "actors/strategy/pipeline/test_windows.py": (
                "test_a_short_gap_is_filled_with_bars_without_volume",
            ),
        },
    ),
    Scenario(
        "One kernel for live and backtest: the same orders in the same order",
        {
            "chaos/test_parity.py": (
                "test_a_synthetic_market_is_traded_alike",
                "test_a_recorded_market_is_traded_alike",
            ),
        },
    ),
    Scenario(
        "Doctor: pass, warn, fail and exit codes",
        {
            "cluster/cli/test_commands.py": ("test_health_ends_with_one_when_a_heart_stands_still",),
            "cluster/cli/test_connections.py": (
                "test_health_fails_while_a_venue_is_down_or_prices_are_not_known",
            ),
        },
        "the checks of the installation (`doctor`) are operations, not risk, modes or ledger",
    ),
    Scenario(
        "Reports: the net identity holds, files have a fixed form",
        {
            "actors/risk/test_statement.py": ("test_the_parts_of_every_day_add_up_exactly",),
            "cluster/cli/test_report.py": (
                "test_books_that_do_not_add_up_end_with_one",
                "test_people_read_it_as_tables_and_files_are_written",
            ),
        },
    ),
    Scenario(
        "A storm of reconnects, waiting as told, skewed clock",
        {
            "actors/venues/binance_usdm/test_stream.py": ("test_a_storm_of_reconnects_raises_the_alarm",),
            "actors/venues/transport/test_budget.py": (
                "test_a_pause_holds_everything_or_only_what_is_named",
            ),
            "actors/venues/transport/test_server_clock.py": ("test_beyond_the_bound_the_time_is_not_known",),
            "actors/risk/test_anomalies.py": ("test_each_anomaly_is_found_at_the_next_look_and_told_once",),
        },
    ),
    Scenario(
        "Transport: signatures, breaker, a full queue, errors kept apart",
        {
            "actors/venues/binance_usdm/test_signing.py": ("test_the_venues_examples",),
            "actors/venues/transport/test_breaker.py": ("test_it_opens_after_failures_in_a_row_only",),
            "chaos/test_full_mailbox.py": (
                "test_intents_that_find_no_room_are_refused_and_the_desk_goes_on",
            ),
        },
    ),
    Scenario(
        "Secrets are masked; keys that may withdraw are refused",
        {
            "cluster/observe/test_logs.py": ("test_secrets_and_passwords_in_urls_are_masked",),
            "config/test_show.py": ("test_a_secret_is_masked_and_its_source_shown",),
            "actors/venues/binance_usdm/test_signing.py": ("test_neither_key_nor_secret_is_shown",),
        },
        "what a key may do is for the venue's own settings: the adapters call nothing that withdraws",
    ),
    Scenario(
        "Canary: caps are forced, a failure aborts",
        {
            "actors/risk/checks/test_surroundings.py": (
                "test_canary_order_resizes_to_its_cap",
                "test_canary_exposure_allows_resizes_and_rejects_by_all_that_is_held_and_open",
            ),
            "cluster/test_preflight.py": ("test_a_pilot_that_has_everything_is_green_and_armed",),
        },
    ),
)
