"""The requests of families that Keras answers, by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from suite.backends.keras_alone import run_alone
from suite.backends.keras_attention import run_attending, run_attending_long
from suite.backends.keras_callbacks import run_interrupted, run_kept_word, run_watching
from suite.backends.keras_calls import run_crossed_calls
from suite.backends.keras_card import run_without_card
from suite.backends.keras_cells import run_cell_states, run_chain, run_crossed_chains, run_first_states, run_form
from suite.backends.keras_changed import run_changed_model, run_names_of_no_input, run_stateless_call, run_stateless_metric
from suite.backends.keras_confusion import run_confusion
from suite.backends.keras_containers import run_contained
from suite.backends.keras_counted import run_counted_states
from suite.backends.keras_crossed import run_crossed_conditions
from suite.backends.keras_data import run_column, run_fetch, run_fit, run_lengths, run_load, run_stateful
from suite.backends.keras_distilled import run_distilled, run_lent_weights
from suite.backends.keras_dropped import run_crossed_dropout
from suite.backends.keras_each_step import run_drawn_steps, run_each_step, run_open_steps, run_told_steps
from suite.backends.keras_exports import run_checkpoint, run_exported, run_exported_model
from suite.backends.keras_feeding import run_fed_rows, run_feeding, run_numbered_batches
from suite.backends.keras_few_rows import run_both_reset, run_few_rows, run_one_row, run_rows_alone
from suite.backends.keras_fitting import run_fitting, run_left_out, run_undecayed
from suite.backends.keras_found import run_found_parts, run_own_names, run_own_parts_named
from suite.backends.keras_frozen import run_frozen_drop, run_frozen_file, run_frozen_model, run_frozen_part
from suite.backends.keras_given import run_given, run_wrong_weights
from suite.backends.keras_graphs import run_between, run_convolution_in_time, run_cut_model, run_graph, run_other_convolution
from suite.backends.keras_halves import run_halves, run_turned_halves
from suite.backends.keras_handed_in import run_handed_in
from suite.backends.keras_handed_on import run_carried_masks, run_listed_states, run_other_dtype
from suite.backends.keras_heads import run_dropped_scores, run_framed_heads, run_heads
from suite.backends.keras_held import run_held_counted, run_held_drawn, run_held_lists, run_held_trained
from suite.backends.keras_initial import run_drawn_by_name, run_initialized
from suite.backends.keras_lambda import run_own_functions
from suite.backends.keras_layer_options import (
    run_inputs_told,
    run_options_of_layers,
    run_series_held,
    run_shared_draws,
    run_windows_told,
)
from suite.backends.keras_lengths import run_unit_lengths
from suite.backends.keras_losses import (
    run_ctc,
    run_ignored,
    run_masked_loss,
    run_masked_metric,
    run_probabilities,
    run_whole_sequences,
)
from suite.backends.keras_made_again import run_made_again, run_stateless_steps, run_typed_again
from suite.backends.keras_masks import (
    run_cast_mask,
    run_given_mask,
    run_mask_goes_first,
    run_mask_table,
    run_masked_numbers,
    run_nested_masks,
    run_three_masks,
)
from suite.backends.keras_modes import run_kept_mode, run_mode_behind
from suite.backends.keras_modules import run_engine_modes, run_engine_module
from suite.backends.keras_named import (
    run_activation,
    run_loss_by_name,
    run_masked_loss_by_name,
    run_metric_by_word,
    run_metric_over_batches,
    run_named_outputs,
    run_nested_results,
    run_reshaped,
    run_standing,
    run_told_results,
    run_turned,
    run_weighted_metric,
    run_weights_beside_masks,
)
from suite.backends.keras_named_inputs import run_named_inputs
from suite.backends.keras_open_lengths import run_open_lengths
from suite.backends.keras_optimizers import run_optimizers_by_path, run_stepped, run_stepped_apart
from suite.backends.keras_options import (
    run_activity,
    run_bound,
    run_bounds,
    run_chosen_kernel,
    run_compiled_by_default,
    run_defaults,
    run_in_parts,
    run_last_axis,
    run_optional,
    run_shared,
)
from suite.backends.keras_other_dtypes import (
    run_converted_variable,
    run_default_precision,
    run_half_ctc,
    run_half_moments,
    run_states_of_other_dtypes,
)
from suite.backends.keras_own import (
    run_cell_without_layer,
    run_configured_twice,
    run_own_beginnings,
    run_own_cell,
    run_told_training,
)
from suite.backends.keras_own_layers import (
    run_arguments,
    run_built,
    run_other_names,
    run_own_configurations,
    run_own_shapes,
    run_policies_by_path,
)
from suite.backends.keras_own_steps import run_added_by_models, run_losses_added, run_own_steps
from suite.backends.keras_parts import (
    run_dropped_all,
    run_later_policy,
    run_made_with_weights,
    run_meant,
    run_neighbouring_seeds,
    run_scaled_dropout,
    run_seeds,
    run_sparse_step,
    run_stepped_rows,
    run_told_dtypes,
    run_unread,
    run_wrong_table,
)
from suite.backends.keras_purity import run_purity, run_recorded
from suite.backends.keras_quantized import run_grouped_weights, run_quantized_model
from suite.backends.keras_ranges import run_attending_nothing, run_half_range, run_judged_halves
from suite.backends.keras_refused import run_refused_call, run_refused_makings, run_refused_tries, run_specified
from suite.backends.keras_saved import run_edited_file, run_saved, run_state_tree
from suite.backends.keras_scans import run_associative_scan, run_ctc_decoded, run_loop, run_mapped, run_pieces, run_scan
from suite.backends.keras_schedules import run_schedule, run_steps_given
from suite.backends.keras_series import run_padded_with, run_windows, run_words
from suite.backends.keras_shapes import run_told_of_both, run_told_shapes
from suite.backends.keras_side_by_side import run_side_by_side
from suite.backends.keras_single_calls import (
    run_counted_batches,
    run_left_out_inputs,
    run_single_calls,
    run_stopped_training,
    run_training_for_nothing,
)
from suite.backends.keras_stateful import run_kept_writes, run_stateful_calls, run_trained_writes
from suite.backends.keras_tensors import run_activated_entropies, run_operators, run_slopes, run_tensors, run_tensors_at_once
from suite.backends.keras_told import run_options
from suite.backends.keras_training import run_logs
from suite.backends.keras_transforms import run_crossed_transforms, run_recomputed, run_transformed
from suite.backends.keras_typed import run_masked_number, run_scaled_model, run_typed
from suite.backends.keras_typed_parts import (
    run_adapted_again,
    run_adapted_scaled,
    run_adapted_thawed,
    run_both_ways,
    run_class_keys,
    run_class_weights,
    run_corrected,
    run_encoders,
    run_kept_mask,
    run_normalized,
    run_numbers_as,
    run_scores,
    run_shown,
    run_spectral,
    run_whole_classes,
)
from suite.backends.keras_weights import run_fresh, run_read_back, run_step, run_thawed
from suite.backends.keras_whole import run_whole_configurations
from suite.backends.keras_whole_copies import run_cloned_whole, run_kept_whole
from suite.backends.keras_wrappers import (
    run_built_part,
    run_declared,
    run_dropping,
    run_made_convolution,
    run_other_halves,
    run_pooled,
    run_wrapped_mask,
)
from suite.backends.keras_written import run_written_beside
from suite.backends.made import run_options_of_nothing

PROBES: Mapping[str, Callable] = {
    "chain": run_chain, "form": run_form, "purity": run_purity, "fresh_weights": run_fresh,
    "read_back": run_read_back, "step": run_step, "masked_loss": run_masked_loss, "ignored_class": run_ignored, "ctc": run_ctc,
    "many_lengths": run_lengths, "column": run_column, "fetch": run_fetch, "load_data": run_load,
    "transformed": run_transformed, "declared_shapes": run_declared, "dropping": run_dropping,
    "wrapped_mask": run_wrapped_mask, "pooled": run_pooled, "cell_states": run_cell_states, "graph": run_graph,
    "options": run_options, "defaults": run_defaults, "in_parts": run_in_parts, "exported": run_exported,
    "exported_model": run_exported_model, "checkpoint": run_checkpoint,
    "given_weights": run_given, "between": run_between, "bounds": run_bounds, "carried_masks": run_carried_masks,
    "listed_states": run_listed_states, "other_dtype": run_other_dtype, "activity": run_activity, "fit": run_fit,
    "stateful_lengths": run_stateful, "bound": run_bound, "schedule": run_schedule, "training_logs": run_logs,
    "heads": run_heads, "dropped_scores": run_dropped_scores, "framed_heads": run_framed_heads,
    "attending": run_attending, "typed": run_typed, "shared": run_shared, "halves": run_halves, "mask_table": run_mask_table,
    "saved": run_saved, "chosen_kernel": run_chosen_kernel,
    "without_card": run_without_card, "made_convolution": run_made_convolution,
    "state_tree": run_state_tree, "written_beside": run_written_beside,
    "other_halves": run_other_halves, "stateful_calls": run_stateful_calls,
    "kept_writes": run_kept_writes, "trained_writes": run_trained_writes, "probabilities": run_probabilities,
    "each_step": run_each_step, "drawn_steps": run_drawn_steps, "open_steps": run_open_steps, "told_steps": run_told_steps,
    "held_drawn": run_held_drawn, "held_counted": run_held_counted, "held_trained": run_held_trained,
    "masked_number": run_masked_number, "recomputed": run_recomputed, "whole_sequences": run_whole_sequences,
    "masked_metric": run_masked_metric,
    "watching": run_watching, "kept_word": run_kept_word, "kept_whole": run_kept_whole, "cloned_whole": run_cloned_whole,
    "interrupted": run_interrupted, "windows": run_windows, "words": run_words,
    "own_cell": run_own_cell, "own_beginnings": run_own_beginnings, "cell_without_layer": run_cell_without_layer,
    "told_training": run_told_training,
    "configured_twice": run_configured_twice,
    "fitting": run_fitting, "thawed": run_thawed,
    "convolution_in_time": run_convolution_in_time, "other_convolution": run_other_convolution,
    "corrected": run_corrected, "left_out": run_left_out, "undecayed": run_undecayed,
    "spectral": run_spectral, "last_axis": run_last_axis, "recorded": run_recorded,
    "compiled_by_default": run_compiled_by_default, "counted_states": run_counted_states,
    "associative_scan": run_associative_scan, "ctc_decoded": run_ctc_decoded,
    "first_states": run_first_states, "refused_call": run_refused_call, "frozen_part": run_frozen_part,
    "numbers_as": run_numbers_as, "whole_classes": run_whole_classes,
    "class_weights": run_class_weights, "class_keys": run_class_keys, "normalized": run_normalized,
    "kept_mask": run_kept_mask, "both_ways": run_both_ways, "scores": run_scores, "encoders": run_encoders, "shown": run_shown,
    "meant": run_meant, "unread": run_unread, "scan": run_scan, "loop_of_ops": run_loop, "pieces": run_pieces,
    "made_with_weights": run_made_with_weights, "dropped_all": run_dropped_all,
    "sparse_step": run_sparse_step, "stepped_rows": run_stepped_rows,
    "seeds": run_seeds, "told_dtypes": run_told_dtypes, "named_outputs": run_named_outputs,
    "nested_results": run_nested_results, "metric_by_word": run_metric_by_word, "loss_by_name": run_loss_by_name,
    "turned": run_turned, "told_results": run_told_results,
    "scaled_model": run_scaled_model, "activation": run_activation, "reshaped": run_reshaped, "standing": run_standing,
    "attending_long": run_attending_long, "wrong_weights": run_wrong_weights, "told_shapes": run_told_shapes,
    "told_of_both": run_told_of_both,
    "options_of_nothing": lambda backend, request: run_options_of_nothing({"keras": backend.keras}, request),
    "contained": run_contained, "initialized": run_initialized, "padded_with": run_padded_with, "mapped": run_mapped,
    "given_mask": run_given_mask, "mask_goes_first": run_mask_goes_first, "cast_mask": run_cast_mask,
    "frozen_drop": run_frozen_drop, "frozen_file": run_frozen_file, "three_masks": run_three_masks,
    "nested_masks": run_nested_masks, "weights_beside_masks": run_weights_beside_masks, "masked_numbers": run_masked_numbers,
    "both_reset": run_both_reset, "one_row": run_one_row, "rows_alone": run_rows_alone,
    "named_inputs": run_named_inputs,
    "half_range": run_half_range, "judged_halves": run_judged_halves,
    "attending_nothing": run_attending_nothing, "unit_lengths": run_unit_lengths,
    "turned_halves": run_turned_halves, "cut_model": run_cut_model, "own_steps": run_own_steps, "losses_added": run_losses_added,
    "added_by_models": run_added_by_models, "later_policy": run_later_policy, "wrong_table": run_wrong_table,
    "optional": run_optional, "alone": run_alone, "few_rows": run_few_rows, "adapted_again": run_adapted_again,
    "adapted_thawed": run_adapted_thawed,
    "adapted_scaled": run_adapted_scaled,
    "whole_configurations": run_whole_configurations, "made_again": run_made_again, "typed_again": run_typed_again,
    "stateless_steps": run_stateless_steps,
    "stepped": run_stepped, "stepped_apart": run_stepped_apart, "edited_file": run_edited_file,
    "distilled": run_distilled, "lent_weights": run_lent_weights,
    "kept_mode": run_kept_mode, "mode_behind": run_mode_behind, "engine_module": run_engine_module,
    "engine_modes": run_engine_modes,
    "held_lists": run_held_lists, "own_shapes": run_own_shapes, "steps_given": run_steps_given,
    "policies_by_path": run_policies_by_path, "own_configurations": run_own_configurations,
    "arguments": run_arguments, "built": run_built, "other_names": run_other_names,
    "optimizers_by_path": run_optimizers_by_path, "refused_makings": run_refused_makings,
    "refused_tries": run_refused_tries, "specified": run_specified,
    "own_parts_named": run_own_parts_named, "options_of_layers": run_options_of_layers, "shared_draws": run_shared_draws,
    "windows_told": run_windows_told, "inputs_told": run_inputs_told, "series_held": run_series_held,
    "own_functions": run_own_functions, "found_parts": run_found_parts, "own_names": run_own_names,
    "neighbouring_seeds": run_neighbouring_seeds,
    "masked_loss_by_name": run_masked_loss_by_name, "weighted_metric": run_weighted_metric,
    "metric_over_batches": run_metric_over_batches, "confusion": run_confusion,
    "built_part": run_built_part, "frozen_model": run_frozen_model,
    "feeding": run_feeding, "fed_rows": run_fed_rows, "numbered_batches": run_numbered_batches,
    "single_calls": run_single_calls, "stopped_training": run_stopped_training, "tensors": run_tensors,
    "tensors_at_once": run_tensors_at_once, "activated_entropies": run_activated_entropies,
    "handed_in": run_handed_in, "scaled_dropout": run_scaled_dropout,
    "operators": run_operators, "slopes": run_slopes,
    "left_out_inputs": run_left_out_inputs, "counted_batches": run_counted_batches,
    "training_for_nothing": run_training_for_nothing,
    "quantized_model": run_quantized_model, "grouped_weights": run_grouped_weights, "changed_model": run_changed_model,
    "stateless_call": run_stateless_call, "stateless_metric": run_stateless_metric,
    "names_of_no_input": run_names_of_no_input, "drawn_by_name": run_drawn_by_name,
    "states_of_other_dtypes": run_states_of_other_dtypes, "converted_variable": run_converted_variable,
    "half_moments": run_half_moments, "half_ctc": run_half_ctc, "open_lengths": run_open_lengths,
    "default_precision": run_default_precision, "crossed_conditions": run_crossed_conditions, "side_by_side": run_side_by_side,
    "crossed_chains": run_crossed_chains, "crossed_dropout": run_crossed_dropout,
    "crossed_calls": run_crossed_calls, "crossed_transforms": run_crossed_transforms,
}
"""Name of a function request -> what answers it: function(backend, request)."""
