"""Sheet T 11: a spot bot with rules, long only. What it was expected to do, and what holds this desk to it."""

from __future__ import annotations

from tests.actors.risk.acceptance.scenario import Scenario

SCENARIOS = (
    Scenario(
        "Volume ratios: strength and confidence",
        {
            "actors/strategy/rules/test_golden.py": ("test_a_volume_ratio_has_a_strength_and_a_confidence",),
        },
    ),
    Scenario(
        "A flat market, then a multiple of its volume",
        {
            "actors/strategy/rules/test_golden.py": ("test_a_volume_ratio_does_not_contain_the_bar_itself",),
        },
    ),
    Scenario(
        "A volume trigger qualifies from its ratio on",
        {
            "actors/strategy/rules/test_golden.py": (
                "test_a_volume_spike_qualifies_from_where_strength_times_confidence_does",
            ),
        },
    ),
    Scenario(
        "Conviction of a price move with both windows, by tier",
        {
            "actors/strategy/rules/test_golden.py": ("test_conviction_adds_up",),
        },
    ),
    Scenario(
        "Conviction of one window, of a breakout",
        {
            "actors/strategy/rules/test_golden.py": ("test_conviction_adds_up",),
        },
    ),
    Scenario(
        "A reversal with its boosts",
        {
            "actors/strategy/rules/test_golden.py": ("test_conviction_adds_up",),
        },
    ),
    Scenario(
        "Size of a price move at two volatilities",
        {
            "actors/strategy/rules/test_golden.py": (
                "test_sizes_in_percent",
                "test_what_the_stop_may_lose_is_not_what_binds_there",
            ),
        },
    ),
    Scenario(
        "Size of a breakout",
        {
            "actors/strategy/rules/test_golden.py": ("test_sizes_in_percent",),
        },
    ),
    Scenario(
        "Size of a reversal",
        {
            "actors/strategy/rules/test_golden.py": ("test_sizes_in_percent",),
        },
    ),
    Scenario(
        "Size of a dip",
        {
            "actors/strategy/rules/test_golden.py": ("test_sizes_in_percent",),
        },
    ),
    Scenario(
        "NAV 1,000, a cap of 5 %, asked for 10 %: 50, degraded",
        {
            "actors/risk/acceptance/test_ledger_scenarios.py": (
                "test_an_intent_beyond_the_cap_shrinks_into_it",
            ),
        },
    ),
    Scenario(
        "NAV 1,000, a minimum of 10, asked for 0.3 % with bump: 10",
        {
            "actors/strategy/test_pricing.py": (
                "test_an_entry_a_little_below_the_minimum_is_made_large_enough_where_that_is_set",
            ),
            "actors/precheck/test_minimum.py": ("test_the_table",),
        },
        "whoever sizes an order raises it to the minimum; risk never makes one larger",
    ),
    Scenario(
        "50 held of a cap of 50: no room",
        {
            "actors/risk/acceptance/test_ledger_scenarios.py": (
                "test_where_the_cap_is_used_up_nothing_is_left",
            ),
        },
    ),
    Scenario(
        "A sell of 7.5 % is unchanged",
        {
            "actors/risk/acceptance/test_ledger_scenarios.py": ("test_a_sell_of_what_is_held_is_unchanged",),
        },
    ),
    Scenario(
        "NAV 10,000, held 500, pending 600, another 9 %, total at most 15 %: rejected with 20 %",
        {
            "actors/risk/acceptance/test_ledger_scenarios.py": (
                "test_held_pending_and_proposed_together_are_held_to_the_total_at_risk",
            ),
        },
    ),
    Scenario(
        "Pending 300 and another 3 % at a cap of 5 %: at most 2 %",
        {
            "actors/risk/acceptance/test_ledger_scenarios.py": ("test_what_is_pending_counts_in_the_cap",),
        },
    ),
    Scenario(
        "A pending sell takes no room from buys",
        {
            "actors/risk/acceptance/test_ledger_scenarios.py": (
                "test_a_pending_sell_takes_no_room_from_buys",
            ),
        },
    ),
    Scenario(
        "Fees of 1,000 as maker and taker, net",
        {
            "actors/venues/matching/test_accounts.py": ("test_a_fill_moves_cash_fee_and_position_exactly",),
            "cluster/backtest/test_costs.py": ("test_fees_by_liquidity_and_value_traded",),
        },
    ),
    Scenario(
        "Gross for a net amount",
        {
            "actors/precheck/test_minimum.py": ("test_the_table",),
        },
        "orders are sized before fees; what a fee leaves has to be enough to be sold again",
    ),
    Scenario(
        "A size that a fee and steps push over the minimum",
        {
            "actors/precheck/test_minimum.py": (
                "test_what_is_left_after_a_fee_in_kind_must_be_enough_to_be_sold",
            ),
            "actors/strategy/test_pricing.py": (
                "test_what_is_left_of_an_entry_after_a_fee_in_kind_must_be_enough_to_be_sold",
            ),
        },
    ),
    Scenario(
        "A round trip that pays its fees: profit 0",
        {
            "actors/risk/test_ledger.py": ("test_profit_after_fees_is_that_of_the_reference",),
            "actors/risk/acceptance/test_ledger_scenarios.py": (
                "test_the_references_trades_have_the_references_profit",
            ),
        },
    ),
    Scenario(
        "Half sold: profit -10, the entry unchanged",
        {
            "actors/risk/test_ledger.py": ("test_profit_after_fees_is_that_of_the_reference",),
            "actors/risk/acceptance/test_ledger_scenarios.py": (
                "test_the_references_trades_have_the_references_profit",
            ),
        },
    ),
    Scenario(
        "A losing trade: profit -40 and a streak of one",
        {
            "actors/risk/test_ledger.py": ("test_profit_after_fees_is_that_of_the_reference",),
            "actors/risk/checks/test_special.py": (
                "test_three_losses_in_a_row_make_the_desk_wait_and_a_win_ends_the_streak",
            ),
            "actors/risk/acceptance/test_ledger_scenarios.py": (
                "test_the_references_trades_have_the_references_profit",
            ),
        },
    ),
    Scenario(
        "Bought twice: the entry is the mean",
        {
            "actors/risk/test_ledger.py": ("test_profit_after_fees_is_that_of_the_reference",),
            "actors/risk/acceptance/test_ledger_scenarios.py": (
                "test_the_references_trades_have_the_references_profit",
            ),
        },
    ),
    Scenario(
        "A fill told in quote currency only",
        {},
        "no venue here tells a fill without its quantity; one that did would be refused as unreadable",
    ),
    Scenario(
        "Two fills add up",
        {
            "actors/risk/test_ledger.py": ("test_profit_after_fees_is_that_of_the_reference",),
            "actors/risk/acceptance/test_ledger_scenarios.py": (
                "test_the_references_trades_have_the_references_profit",
            ),
        },
    ),
    Scenario(
        "Slippage by tier around a mid of 100, and by size",
        {
            "actors/venues/matching/test_depth.py": (),
            "actors/venues/matching/test_market_orders.py": (
                "test_with_slippage_every_further_displayed_size_costs_a_step_more",
            ),
        },
        "fills are made of the book and of what it shows, or of a slippage that is set, not of a tier",
    ),
    Scenario(
        "A fill of one BTC at a volatility",
        {
            "actors/venues/matching/test_depth.py": (),
        },
        "as above: no model of costs by volatility stands in for the market",
    ),
    Scenario(
        "100 to 110 and back as taker: profit after fees",
        {
            "actors/risk/test_ledger.py": ("test_profit_after_fees_is_that_of_the_reference",),
        },
    ),
    Scenario(
        "Break-even of a round trip",
        {
            "actors/strategy/pipeline/test_gating_golden.py": (
                "test_the_edge_pays_for_one_and_a_half_round_trips",
            ),
        },
    ),
    Scenario(
        "Client ids are a function of the order",
        {
            "actors/execution/test_client_ids.py": (
                "test_the_same_order_has_the_same_id_for_ever",
                "test_each_part_changes_the_id",
            ),
        },
        "of the intent and not of the minute: two alike orders are two",
    ),
    Scenario(
        "A taker is admitted within the cost budget only",
        {
            "actors/execution/routing/test_router.py": ("test_a_market_beyond_the_budget_is_not_taken",),
        },
    ),
    Scenario(
        "Regimes by returns and volatility",
        {
            "actors/strategy/rules/test_golden.py": ("test_regimes",),
            "actors/strategy/rules/test_triggers.py": ("test_a_missing_measure_is_no_regime",),
        },
    ),
    Scenario(
        "Global spacing: 60 s after a trade 120 s remain",
        {
            "actors/risk/checks/test_special.py": (
                "test_sixty_seconds_after_a_trade_two_minutes_of_spacing_remain",
            ),
        },
    ),
    Scenario(
        "Three losses half an hour ago: half an hour left",
        {
            "actors/risk/checks/test_special.py": (
                "test_three_losses_in_a_row_make_the_desk_wait_and_a_win_ends_the_streak",
            ),
        },
    ),
    Scenario(
        "So many trades in an hour and a day",
        {
            "actors/risk/acceptance/test_limit_scenarios.py": (
                "test_as_many_trades_as_its_limit_pass_in_a_window_and_no_more",
            ),
            "actors/risk/checks/test_table.py": ("test_what_leaves_no_room_is_rejected",),
            "actors/risk/checks/test_special.py": (
                "test_a_window_of_utc_ends_at_its_end_and_survives_a_restart",
            ),
        },
    ),
    Scenario(
        "A quote too old, of the future, without a time, missing",
        {
            "actors/strategy/test_control.py": (
                "test_a_stale_quote_is_not_decided_on_and_that_is_said_once",
                "test_a_venue_clock_beyond_its_bound_is_not_believed",
            ),
            "actors/risk/test_checks.py": (
                "test_an_old_quote_expires_what_increases_and_lets_exits_go",
                "test_a_quote_of_the_future_is_as_unknown_as_an_old_one",
            ),
            "actors/strategy/pipeline/test_gating.py": (
                "test_the_spread_of_a_quote_that_is_none_is_infinite_and_of_a_missing_one_unknown",
            ),
        },
    ),
    Scenario(
        "A jump without volume is an outlier, with volume it is not",
        {
            "actors/strategy/pipeline/test_gating_golden.py": ("test_a_jump_without_volume_is_a_bad_tick",),
        },
    ),
    Scenario(
        "Live with read_only, an unknown environment, the default",
        {
            "config/test_contradictions.py": ("test_a_contradiction_is_refused",),
            "config/test_environment.py": ("test_a_variable_that_sets_nothing_sensible_is_refused",),
            "config/test_precedence.py": ("test_what_nobody_sets_is_the_default",),
            "cluster/test_arming.py": (
                "test_live_is_armed_only_when_nothing_speaks_against_it",
                "test_every_reason_that_holds_is_told_in_every_combination",
            ),
        },
    ),
    Scenario(
        "An alert that repeats is sent once, then escalated",
        {},
        "alerts to people are sent by those who watch the event journal; each event is journalled once",
    ),
    Scenario(
        "A kill file: blocked in the same cycle, cancelled at once",
        {
            "cluster/host/test_kill_file.py": (
                "test_what_is_in_it_is_told_and_what_can_t_be_read_counts_as_there",
                "test_every_change_is_told_until_it_is_taken",
            ),
            "actors/execution/test_modes.py": (
                "test_the_kill_switch_cancels_at_once_all_but_protective_orders",
            ),
            "chaos/test_halt.py": ("test_halt_while_fifty_orders_work",),
        },
    ),
    Scenario(
        "Shutdown: what is cancelled, and failures do not stop it",
        {
            "actors/execution/test_modes.py": (
                "test_draining_cancels_what_protects_nothing_and_refuses_increases_until_a_session_starts",
            ),
            "cluster/cli/test_session.py": ("test_a_signal_ends_a_session_in_order",),
        },
    ),
    Scenario(
        "A post-only order's time is over; a fill that races its cancel counts",
        {
            "actors/execution/test_cancelling.py": (
                "test_the_time_to_live_counts_from_acceptance_and_cancels",
                "test_a_fill_that_wins_the_race_ends_the_order_filled",
            ),
        },
    ),
    Scenario(
        "A product that is restricted or unknown is not entered",
        {
            "actors/execution/test_instruments.py": (
                "test_a_symbol_that_does_not_trade_takes_no_new_exposure",
                "test_a_symbol_without_rules_takes_no_new_exposure",
            ),
            "actors/venues/binance_usdm/test_market_rest.py": (
                "test_a_status_we_do_not_know_takes_no_orders",
            ),
        },
    ),
    Scenario(
        "Factors from outside are clamped; unknown words are passed over",
        {
            "actors/strategy/intelligence/test_figures.py": ("test_score_and_factor_stay_in_their_bounds",),
        },
        "no advice from outside sizes an order here",
    ),
    Scenario(
        "429, then success; 400 is not tried again",
        {
            "actors/execution/test_side_effects.py": ("test_place_429_is_tried_later_under_the_same_id",),
            "actors/venues/test_failures.py": (
                "test_only_what_was_surely_not_carried_out_may_be_sent_again",
            ),
        },
    ),
    Scenario(
        "The same backtest twice is identical",
        {
            "cluster/backtest/test_backtest.py": (
                "test_the_report_is_the_same_to_the_last_byte_in_any_process",
            ),
            "cluster/cli/test_report.py": ("test_books_that_do_not_add_up_end_with_one",),
        },
    ),
)
