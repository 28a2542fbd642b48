"""The requests of families that the reference answers, by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from suite.backends.reference_answers import (
    run_activity,
    run_between,
    run_bound,
    run_chain,
    run_chosen_kernel,
    run_column,
    run_cut,
    run_defaults,
    run_dropout_between,
    run_fetch,
    run_form,
    run_given,
    run_graph,
    run_helper,
    run_ignored,
    run_in_parts,
    run_lengths,
    run_mixed_dtypes,
    run_options,
    run_pack,
    run_pad,
    run_probabilities,
    run_purity,
    run_request,
    run_stateful_calls,
    run_transformed,
    run_unpad,
)
from suite.backends.reference_averages import run_averaged, run_statistics_again
from suite.backends.reference_callbacks import run_interrupted, run_watching
from suite.backends.reference_computed import run_as_vector, run_computed_as
from suite.backends.reference_containers import run_contained, run_kept_states, run_loaded_in_part, run_told_parts
from suite.backends.reference_fitting import (
    run_compiled_by_default,
    run_convolution_in_time,
    run_first_states,
    run_fitting,
    run_last_axis,
    run_own_cell,
    run_recorded,
    run_thawed,
)
from suite.backends.reference_groups import run_copied_optimizer, run_frozen_later, run_groups, run_held_parameters
from suite.backends.reference_heads import run_heads
from suite.backends.reference_initial import run_initialized
from suite.backends.reference_losses import (
    run_activation,
    run_attending_long,
    run_ctc,
    run_loss_by_name,
    run_loss_of_numbers,
    run_masked_loss_by_name,
    run_reshaped,
    run_scaled_model,
    run_weighted_metric,
)
from suite.backends.reference_modules import (
    run_computed_weights,
    run_hooked,
    run_kept_gradients,
    run_twice,
    run_wrong_weights,
)
from suite.backends.reference_packed import (
    run_bare,
    run_by_position,
    run_clipped,
    run_of_a_dtype,
    run_packed_as,
    run_packed_by,
    run_padded_from,
)
from suite.backends.reference_parts import (
    run_bags,
    run_both_ways,
    run_class_weights,
    run_dropped_all,
    run_frozen_part,
    run_kept_mask,
    run_kept_mode,
    run_made_with_weights,
    run_meant,
    run_normalized,
    run_numbers_as,
    run_options_of_nothing,
    run_padded_with,
    run_refused_call,
    run_seeds,
    run_sparse_step,
    run_told_dtypes,
    run_told_shapes,
    run_wrong_bags,
)
from suite.backends.reference_scans import run_associative_scan, run_counted_states, run_ctc_decoded, run_mapped, run_scan
from suite.backends.reference_series import run_windows, run_words
from suite.backends.reference_steps import (
    run_drawn_steps,
    run_each_step,
    run_held_counted,
    run_held_drawn,
    run_held_trained,
    run_masked_metric,
    run_masked_number,
    run_open_steps,
    run_quantized,
    run_quantized_bare,
    run_recomputed,
    run_whole_sequences,
)
from suite.backends.reference_taken import run_loaded_twice, run_taken_over
from suite.backends.reference_training import (
    run_attending,
    run_epochs,
    run_logs,
    run_metric_by_word,
    run_named_outputs,
    run_nested_results,
    run_other_halves,
    run_restarts,
    run_schedule,
    run_shared,
    run_typed,
)
from suite.backends.reference_transformers import run_transformer
from suite.backends.reference_weights import (
    run_bounds,
    run_embedding,
    run_fresh,
    run_masked_loss,
    run_parameters,
    run_read_back,
    run_step,
)
from suite.backends.reference_wrappers import (
    run_carried_masks,
    run_cell_states,
    run_declared,
    run_dropping,
    run_halves,
    run_listed_states,
    run_made_convolution,
    run_pooled,
    run_saved,
    run_wrapped_mask,
)

PROBES: Mapping[str, Callable] = {
    "chain": run_chain, "form": run_form, "purity": run_purity, "fresh_weights": run_fresh,
    "fresh_parameters": run_parameters,
    "read_back": run_read_back, "step": run_step, "pack_padded": run_pack, "ignored_class": run_ignored,
    "embedding": run_embedding, "stateful_calls": run_stateful_calls,
    "probabilities": run_probabilities,
    "masked_loss": run_masked_loss, "many_lengths": run_lengths, "column": run_column, "pad_sequence": run_pad,
    "fetch": run_fetch, "declared_shapes": run_declared, "dropping": run_dropping,
    "wrapped_mask": run_wrapped_mask, "pooled": run_pooled, "cell_states": run_cell_states, "graph": run_graph,
    "options": run_options, "defaults": run_defaults, "in_parts": run_in_parts, "transformed": run_transformed,
    "dropout_between_layers": run_dropout_between, "exported": run_request, "unpad": run_unpad,
    "unpack": run_unpad, "given_weights": run_given, "between": run_between, "bounds": run_bounds,
    "carried_masks": run_carried_masks, "listed_states": run_listed_states, "other_dtype": run_request,
    "activity": run_activity, "states_by_hand": run_cut, "bound": run_bound, "schedule": run_schedule, "epochs": run_epochs,
    "training_logs": run_logs, "attending": run_attending, "typed": run_typed, "shared": run_shared, "halves": run_halves,
    "saved": run_saved, "chosen_kernel": run_chosen_kernel, "made_convolution": run_made_convolution,
    "hooked": run_hooked, "wrong_weights": run_wrong_weights, "twice": run_twice, "kept_gradients": run_kept_gradients,
    "computed_weights": run_computed_weights, "halved": run_request, "segments": run_request,
    "other_halves": run_other_halves, "ctc": run_ctc, "loss_of_numbers": run_loss_of_numbers,
    "helper": run_helper, "mixed_dtypes": run_mixed_dtypes,
    "masked_number": run_masked_number, "quantized": run_quantized, "recomputed": run_recomputed,
    "whole_sequences": run_whole_sequences, "masked_metric": run_masked_metric,
    "each_step": run_each_step, "drawn_steps": run_drawn_steps, "open_steps": run_open_steps,
    "held_drawn": run_held_drawn, "held_counted": run_held_counted, "held_trained": run_held_trained,
    "watching": run_watching, "interrupted": run_interrupted,
    "windows": run_windows, "words": run_words, "fitting": run_fitting, "own_cell": run_own_cell,
    "thawed": run_thawed, "convolution_in_time": run_convolution_in_time, "last_axis": run_last_axis,
    "recorded": run_recorded, "compiled_by_default": run_compiled_by_default,
    "counted_states": run_counted_states, "associative_scan": run_associative_scan, "ctc_decoded": run_ctc_decoded,
    "first_states": run_first_states, "refused_call": run_refused_call, "frozen_part": run_frozen_part,
    "numbers_as": run_numbers_as, "class_weights": run_class_weights, "normalized": run_normalized,
    "kept_mask": run_kept_mask, "both_ways": run_both_ways,
    "meant": run_meant, "scan": run_scan, "made_with_weights": run_made_with_weights, "dropped_all": run_dropped_all,
    "sparse_step": run_sparse_step, "seeds": run_seeds, "told_dtypes": run_told_dtypes, "bags": run_bags,
    "wrong_bags": run_wrong_bags, "padded_with": run_padded_with, "made_elsewhere": run_request,
    "named_outputs": run_named_outputs, "nested_results": run_nested_results, "metric_by_word": run_metric_by_word,
    "mapped": run_mapped, "quantizable": run_request,
    "loss_by_name": run_loss_by_name, "scaled_model": run_scaled_model, "activation": run_activation, "reshaped": run_reshaped,
    "attending_long": run_attending_long, "kept_mode": run_kept_mode,
    "masked_loss_by_name": run_masked_loss_by_name, "weighted_metric": run_weighted_metric,
    "packed_as": run_packed_as, "padded_from": run_padded_from, "clipped": run_clipped, "bare": run_bare,
    "told_shapes": run_told_shapes, "options_of_nothing": run_options_of_nothing,
    "contained": run_contained, "loaded_in_part": run_loaded_in_part, "kept_states": run_kept_states,
    "told_parts": run_told_parts,
    "computed_as": run_computed_as, "as_vector": run_as_vector,
    "initialized": run_initialized,
    "packed_by": run_packed_by, "by_position": run_by_position, "of_a_dtype": run_of_a_dtype, "made_ready": run_request,
    "transformer": run_transformer, "taken_over": run_taken_over, "loaded_twice": run_loaded_twice, "restarts": run_restarts,
    "quantized_bare": run_quantized_bare, "heads": run_heads, "groups": run_groups,
    "frozen_later": run_frozen_later, "copied_optimizer": run_copied_optimizer,
    "held_parameters": run_held_parameters, "averaged": run_averaged, "statistics_again": run_statistics_again,
}
"""Name of a function request -> what answers it: function(backend, request)."""
