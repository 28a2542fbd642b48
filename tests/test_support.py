"""What PyTorch is not asked: exactly what is listed here, so that an adapter that declines what it can do is noticed."""

from suite.opening import open_session
from suite.settings import Settings
from suite.verdicts import judge

ELSEWHERE = ("real_data", "as_loaded", "not_the_whole_card")
"""What depends on files and devices."""
DEADLY = ("lstm-bare_inputs", "no_bags-float64")
"""What ends the process."""
DECLINED = frozenset("""
    feeding/every_way_feeds_masked_steps feeding/every_way_feeds_several_inputs feeding/every_way_weighs_classes
    feeding/inputs_alone_are_taken feeding/datasets_feed_every_batch_once single_calls/calls_begin_anew
    single_calls/stopped_training_ends_there single_calls/models_are_built_by_predictions
    named_outputs/every_result_is_told
    named_outputs/results_have_names_and_places metrics_by_word/words_name_the_metric_that_fits
    losses_by_name/losses_by_name_are_equations losses_by_name/axes_of_one_change_no_loss
    losses_by_name/cross_entropies_are_equations losses_by_name/overlaps_are_equations losses_by_name/classes_lie_along_any_axis
    own_layers/own_layers_are_told_shapes own_layers/own_configurations_are_whole
    held_lists/held_lists_are_followed engine_modules/modules_train_with_their_model
    kept_modes/own_modes_are_kept feeding/rows_are_fed_once engine_modules/models_are_modules_of_their_engine
    kept_modes/modes_stay_with_their_layer own_classes/own_functions_survive
    noise_and_statistics/neighbouring_seeds_draw_apart
    counted_by_name/losses_by_name_count_valid_steps counted_by_name/metrics_count_by_weights told_shapes/layers_tell_their_shapes
    named_outputs/nested_results_add_up noise_and_statistics/draws_are_told_by_their_seeds ragged/pad_sequences_keeps_words
    precision/half_models_scale_their_loss functions_by_name/activations_are_equations
    functions_by_name/masks_that_do_not_fit_are_refused schedules/steps_are_of_what_is_given
    told_dtypes/policies_are_of_whole_paths
    functions_by_name/sequences_are_reshaped functions_of_tensors/functions_of_tensors_are_numpys
    functions_in_one_graph/entropies_of_activations_are_of_shares sparse_steps/every_rule_steps_rows
    each_step/open_steps_are_told functions_in_one_graph/functions_in_one_graph_are_numpys
    handed_in/wrapped_layers_are_handed_masks_and_modes
    noise_and_statistics/dropout_is_scaled_in_every_precision
    functions_of_tensors/gradients_of_functions_are_differences draws/numbers_are_drawn_as_named
    losses_by_name/circle_and_ctc_losses_are_equations weights_of_classes/weights_of_classes_weigh_one_row
    quantized_models/quantized_models_are_made_again changed_models/changed_models_are_what_they_became
    changed_models/stateless_calls_are_calls changed_models/names_of_no_input_are_refused
    changed_models/metrics_are_given_their_state loops/unrolled_loops_hold_their_last_output
    attention/attention_over_many_steps
    attention/attention_is_its_equation cells/first_states_are_zeros freezing/frozen_parts_stay freezing/frozen_parts_drop
    initial_weights/weights_given_in_making_are_used noise_and_statistics/recurrent_dropout_of_everything_leaves_zeros
    normalizations/corrected_batches_are_their_equation normalizations/matrices_become_of_length_one
    convolutions_in_time/other_convolutions_are_sums
    normalizations/normalizations_are_their_equations refused_calls/refused_calls_leave_nothing
    scans/associative_scans_are_loops scans/decoded_labels_are_the_most_probable scans/scans_of_any_length_are_loops
    sparse_steps/tables_are_trained_as_kernels tables/kept_tables_mask tables/tables_are_the_same_both_ways
    told_dtypes/told_dtypes_are_given weights_of_classes/weights_of_classes_weigh_steps
    weights_of_classes/weights_of_no_class_are_refused
    edges/coinciding_movies_match_reference edges/masked_volumes_match_reference
    edges/directions_of_movies_are_joined whole_numbers/whole_numbers_are_numbers
    made_again/steps_leave_what_they_are_given
    made_again/parts_are_made_again made_again/dtypes_are_made_again
    given_masks/three_masks_are_joined given_masks/whole_numbers_are_masked few_rows/resets_reach_both_directions
    named_inputs/named_inputs_go_to_their_layers
    normalizations/shown_statistics_are_of_all_rows tables/scores_of_tables_are_their_equations
    own_layers/arguments_come_in_their_precision own_layers/built_layers_take_nothing_more
    further_functions/further_functions_are_numpys encoders/classes_are_encoded
    refused_makings/impossible_makings_are_refused refused_makings/inputs_that_do_not_fit_are_refused
    refused_makings/impossible_calls_are_refused
    few_rows/one_row_is_dropped_from few_rows/rows_are_as_alone
    given_masks/given_masks_go_first given_masks/cast_inputs_keep_their_masks
    given_masks/given_masks_are_of_their_call half_ranges/means_stay_in_range half_ranges/halves_are_judged_in_full
    half_ranges/answers_of_nothing_are_finite other_dtypes/states_of_any_dtype_are_taken other_dtypes/variables_are_converted
    other_dtypes/moments_of_halves_are_exact other_dtypes/ctc_losses_of_halves_are_full
    open_lengths/open_lengths_are_predicted side_by_side/layers_side_by_side_match_reference
    losses_by_name/rare_losses_are_equations losses_by_name/cross_entropies_of_one_step_are_equations
    few_rows/few_rows_are_dropped_from whole_configurations/configurations_are_whole
    configurations/optional_inputs_stay_optional configurations/single_options_survive own_steps/own_steps_tell
    own_steps/losses_add_up told_dtypes/later_policies_hold initial_weights/tables_of_other_sizes_are_refused
    counted_by_name/weights_count_beside_masks given_masks/nests_of_masks_are_given freezing/files_fit_what_is_frozen
    cut_models/cut_models_are_whole tables/adapted_layers_are_made_again tables/adapted_layers_are_thawed
    tables/thin_matrices_are_scaled
    execution/dropout_is_identity_in_inference execution/implementations_agree execution/unrolled_is_generic
    ragged/pad_sequences_keeps_sequences padding/compaction direction/backward_is_reversed
    masks/mask_sources_agree masks/mask_source_gradients masks/mask_source_in_predict masks/mask_source_reloaded
    refusals/mask_of_one_step_is_refused refusals/mask_that_is_shorter_is_refused dropout/same_draw_at_every_step
    dropout/same_seed_same_draw dropout/both_dropouts_act dropout/calls_draw_anew dropout/carried_states_are_not_scaled
    dropout/directions_draw_for_themselves dropout/inference_draws_nothing dropout/masked_sequences_drop
    dropout/rate_one_uses_no_input dropout/recurrent_rate_one_uses_no_state dropout/dropout_scales_what_it_keeps
    dropout/rate_is_the_share dropout/same_recurrent_draw_at_every_step attention/attention_leaves_masks
    bounds_of_weights/bounds_are_their_equations callbacks/interrupted_training_goes_on callbacks/watchers_follow_their_rules
    callbacks/callbacks_keep_to_their_word whole_copies/files_hold_every_weight whole_copies/clones_are_whole
    cells/three_masked_cells_match_reference configurations/bounds_reach_every_weight
    configurations/chosen_kernels_are_right_or_refused configurations/defaults_are_documented
    configurations/losses_are_of_the_last_call configurations/options_survive configurations/parts_are_the_whole
    configurations/shared_layers_stay_shared
    ctc/losses_of_whole_sequences_take_masks each_step/any_number_of_steps_is_taken each_step/every_step_draws_anew
    each_step/every_step_is_as_alone edges/last_axes_of_one_are_optional fitting/fitting_is_steps_by_hand
    fitting/steps_without_numbers_are_left_out fitting/names_without_decay_are_those_of_weights
    freezing/thawed_layers_learn gates/dropout_reaches_every_gate graphs/a_model_takes_a_mask graphs/an_embedding_masks_id_zero
    graphs/attention_reads_valid_steps graphs/dropout_around_layers graphs/joined_masks_are_either graphs/joins_of_other_shapes
    graphs/masking_looks_at_every_feature graphs/pooling_reads_the_mask_of_its_input graphs/words_have_their_own_mask
    halves/halves_may_change_places
    halves/halves_are_their_layers handed_on/listed_states_go_on handed_on/results_carry_their_masks
    held_layers/parts_of_cells_act_once_a_step held_layers/parts_of_cells_draw_anew
    initial_weights/initializers_fill_their_weights initial_weights/regularizers_and_constraints_act
    kernels_of_cards/kernels_of_cards_are_given_right kernels_of_cards/kernels_of_cards_keep_the_order
    kernels_of_cards/kernels_of_cards_leave_layers_alone kernels_of_cards/kernels_of_cards_keep_to_their_conditions
    kernels/recurrent_models_are_compiled layers_between/masks_change_no_valid_step layers_between/masks_go_through
    losses/cross_entropies_of_probabilities losses/every_metric_counts_valid_steps losses/losses_leave_their_weights
    losses/masked_losses_are_sums_by_hand losses/masked_nan_targets_do_not_count losses/masked_targets_do_not_count
    noise_and_statistics/statistics_are_of_valid_steps own_classes/configurations_are_left_as_they_were
    own_classes/own_cells_are_found precision/layers_keep_their_policy precision/numbers_are_masked_in_half_precision
    precision/other_dtypes_are_taken purity/arguments_are_not_changed purity/inference_records_nothing
    saved/saved_models_predict_the_same saved/saved_models_train_on
    saved/state_trees_hold_everything schedules/rates_are_their_equations
    stateful_calls/stateful_models_go_on training_logs/logs_are_sums_by_hand training_logs/weighted_metrics_go_over_batches
    windows/windows_lie_within words/text_becomes_ids wrappers/declared_shapes_come wrappers/every_cell_drops
    wrappers/impossible_convolutions_are_refused wrappers/other_halves_are_refused wrappers/pooling_counts_valid_steps
    wrappers/wrappers_refuse_other_masks wrong_lengths/masks_of_numbers_are_masks wrong_lengths/uneven_items_are_refused
    own_classes/own_cells_are_told_of_training own_classes/cells_need_be_no_layers
    wrappers/built_parts_keep_their_weights counted_by_name/metrics_weigh_steps freezing/frozen_models_stay_frozen
    mask-flow/passes mask-flow/unpadded mask-flow/masked_loss mask-flow/batch_norm_counts_valid_steps mask-flow/drops
    mask-flow/unmasked_loss mask-flow/says_so mask-flow/layer_by_layer mask-flow/inputs_keep_their_masks
    padded-classifier/callbacks padded-classifier/checkpoint_of_fit pre-padded-regression/default_sides
    pre-padded-regression/padded_to_15 pre-padded-regression/prediction_of_1_5 pre-padded-regression/integer_padding
    pre-padded-regression/float_padding stateful-chunks/declared_batch_size
    counted_by_name/means_go_over_batches confusion/flags_are_counted exports/exported_models_are_whole
    exports/checkpoints_hold_everything scans/pieces_are_where_they_are_told
    scans/loops_end_where_they_are_told loops/loops_made_again_match_reference
    stateful_calls/calls_keep_what_they_write stateful_calls/training_keeps_what_calls_write
    own_classes/own_cells_begin_as_they_say
    rare_optimizers/rare_optimizers_are_their_equations distillation/distilled_losses_are_sums_by_hand
    lent_weights/lent_weights_are_given_back saved/edited_files_are_whole
    own_steps/what_models_add_counts whole_numbers/classes_stay_whole other_dtypes/whole_numbers_stay_whole
    corners_of_functions/corners_of_functions_are_numpys corners_of_functions/signals_come_back_from_their_waves
    single_calls/first_inputs_may_be_left_out
    found_by_name/own_names_are_not_keras found_by_name/parts_are_found_by_their_modules
    quantized_models/grouped_weights_are_near heads/frames_are_as_alone
    functions_by_name/layers_that_stand_alone_are_equations operators/operators_are_pythons
    rare_optimizers/optimizers_of_their_own_are_followed rare_optimizers/rates_that_grow_begin_with_their_share
    single_calls/calls_for_nothing_are_refused_by_models saved/files_hold_what_layers_write
    losses_by_name/cross_entropies_are_equations_in_turn weights_of_classes/weights_of_classes_weigh_streamed_steps
    crossed_conditions/crossed_conditions_are_right crossed_chains/crossed_chains_match_reference
    crossed_dropout/crossed_dropout_is_right crossed_calls/crossed_calls_are_right
    crossed_transforms/crossed_transforms_are_right
    options_of_layers/options_reach_their_weights options_of_layers/draws_are_shared_along_their_axes
    options_of_layers/windows_tell_what_comes options_of_layers/inputs_are_what_they_are_told
    options_of_layers/series_are_built_of_what_they_begin_with found_by_name/own_parts_are_found_where_they_are_named
    edges_of_losses/losses_are_finite_at_their_edges told_shapes/open_axes_are_told_of_all_arguments
    rare_optimizers/patterns_name_whole_paths own_layers/other_names_do_the_same
""".split())
"""Group or scenario, and the statement or claim, of which no variant can be asked at `default`."""


def test_pytorch_declines_nothing_but_what_it_has_not():
    """One answer to each statement is enough: the first variant that is not unsupported."""
    session, answered, every = open_session(Settings(subjects=("torch",), inline=True, repro_check=False)), set(), set()
    for check in session.all_checks:
        planned = check.planned
        name = f"{(planned.scenario or planned.group).replace(' ', '_')}/{planned.name}"
        if planned.name in ELSEWHERE or name in answered or any(each in str(check) for each in DEADLY):
            continue
        every.add(name)
        check.subject.ready()
        if judge(planned, check.subject).verdict != "unsupported":
            answered.add(name)
    assert every - answered == DECLINED
