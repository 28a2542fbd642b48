"""The requests of families that PyTorch answers, by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from suite.backends.made import run_options_of_nothing
from suite.backends.pytorch_attention import run_attending, run_between, run_dropped_features
from suite.backends.pytorch_averages import run_averaged, run_shared_scale, run_statistics_again
from suite.backends.pytorch_axes import run_one_of_each
from suite.backends.pytorch_called import run_called_in_every_mode
from suite.backends.pytorch_cells import run_cell_states, run_chain, run_form, run_low_inputs, run_pack, run_projected, run_stacks
from suite.backends.pytorch_computed import run_as_vector, run_computed_as, run_frozen_matrix
from suite.backends.pytorch_containers import run_contained, run_kept_states, run_loaded_in_part, run_told_parts, run_waiting
from suite.backends.pytorch_counted import run_counted_states
from suite.backends.pytorch_crossed import run_crossed
from suite.backends.pytorch_crossed_attention import run_crossed_attention
from suite.backends.pytorch_crossed_packing import run_crossed_packing
from suite.backends.pytorch_data import run_column, run_cut, run_fetch, run_lengths, run_packed, run_stateful
from suite.backends.pytorch_defaults import run_defaults_of, run_fresh_modules
from suite.backends.pytorch_dropout import run_dropout_between
from suite.backends.pytorch_equations import run_equations_of_modules
from suite.backends.pytorch_exports import run_exported
from suite.backends.pytorch_fused import run_fused_steps
from suite.backends.pytorch_given import run_called_apart, run_given
from suite.backends.pytorch_groups import run_copied_optimizer, run_frozen_later, run_groups, run_held_parameters
from suite.backends.pytorch_heads import run_dropped_scores, run_heads
from suite.backends.pytorch_initial import run_gains, run_initialized, run_rarely_initialized
from suite.backends.pytorch_kept import run_kept_digits
from suite.backends.pytorch_lengths import run_unit_lengths
from suite.backends.pytorch_loaders import run_loaded_rows, run_parted_rows, run_unequal_rows
from suite.backends.pytorch_losses import run_ctc, run_embedding, run_ignored, run_loss_of_numbers, run_masked_loss
from suite.backends.pytorch_modules import (
    run_computed_weights,
    run_halved,
    run_hooked,
    run_kept_gradients,
    run_segments,
    run_twice,
    run_wrong_weights,
)
from suite.backends.pytorch_nested import run_masked, run_nested
from suite.backends.pytorch_norms import run_convolution_in_time, run_norms
from suite.backends.pytorch_packed import (
    run_bare,
    run_by_position,
    run_clipped,
    run_of_a_dtype,
    run_packed_as,
    run_packed_by,
    run_padded_from,
)
from suite.backends.pytorch_parts import run_bags, run_made_elsewhere, run_meant, run_padded_with, run_unread, run_wrong_bags
from suite.backends.pytorch_pruned import run_clusters, run_folded, run_pruned_as
from suite.backends.pytorch_purity import run_helper, run_mixed_dtypes, run_purity
from suite.backends.pytorch_quantized import run_made_ready, run_quantizable, run_quantized, run_quantized_bare
from suite.backends.pytorch_refused import run_calls_for_nothing, run_warned_of
from suite.backends.pytorch_rows import run_rows_in_every_way
from suite.backends.pytorch_rules import run_lbfgs, run_optimizer_hooks, run_steps_by_rule
from suite.backends.pytorch_schedules import run_epochs, run_restarts
from suite.backends.pytorch_taken import run_loaded_twice, run_taken_over
from suite.backends.pytorch_transformers import run_transformer, run_whole_transformer
from suite.backends.pytorch_transforms import run_recomputed, run_transformed
from suite.backends.pytorch_weights import run_fresh, run_parameters, run_read_back, run_step

PROBES: Mapping[str, Callable] = {
    "chain": run_chain, "form": run_form, "stacks": run_stacks, "purity": run_purity, "fresh_weights": run_fresh,
    "fresh_parameters": run_parameters,
    "read_back": run_read_back, "step": run_step, "pack_padded": run_pack, "masked_loss": run_masked_loss,
    "ignored_class": run_ignored, "embedding": run_embedding,
    "many_lengths": run_lengths, "column": run_column, "fetch": run_fetch,
    "packed_through": run_packed, "transformed": run_transformed, "dropout_between_layers": run_dropout_between,
    "stateful_lengths": run_stateful, "states_by_hand": run_cut,
    "cell_states": run_cell_states, "exported": run_exported, "given_weights": run_given, "epochs": run_epochs,
    "hooked": run_hooked, "wrong_weights": run_wrong_weights, "twice": run_twice, "kept_gradients": run_kept_gradients,
    "computed_weights": run_computed_weights, "halved": run_halved, "segments": run_segments,
    "attending": run_attending, "between": run_between, "ctc": run_ctc, "loss_of_numbers": run_loss_of_numbers,
    "quantized": run_quantized, "recomputed": run_recomputed,
    "helper": run_helper, "mixed_dtypes": run_mixed_dtypes, "counted_states": run_counted_states,
    "packed_as": run_packed_as, "padded_from": run_padded_from, "clipped": run_clipped, "bare": run_bare,
    "meant": run_meant, "unread": run_unread,
    "bags": run_bags, "wrong_bags": run_wrong_bags, "padded_with": run_padded_with, "made_elsewhere": run_made_elsewhere,
    "options_of_nothing": lambda backend, request: run_options_of_nothing({"torch": backend.torch}, request),
    "contained": run_contained, "loaded_in_part": run_loaded_in_part, "kept_states": run_kept_states,
    "told_parts": run_told_parts, "waiting": run_waiting,
    "computed_as": run_computed_as, "as_vector": run_as_vector, "initialized": run_initialized,
    "packed_by": run_packed_by, "by_position": run_by_position, "of_a_dtype": run_of_a_dtype, "made_ready": run_made_ready,
    "quantizable": run_quantizable, "transformer": run_transformer, "taken_over": run_taken_over,
    "loaded_twice": run_loaded_twice, "restarts": run_restarts,
    "quantized_bare": run_quantized_bare, "heads": run_heads, "dropped_scores": run_dropped_scores,
    "groups": run_groups, "unit_lengths": run_unit_lengths,
    "frozen_later": run_frozen_later, "copied_optimizer": run_copied_optimizer,
    "low_inputs": run_low_inputs, "gains": run_gains,
    "rarely_initialized": run_rarely_initialized, "norms": run_norms, "frozen_matrix": run_frozen_matrix,
    "called_apart": run_called_apart, "shared_scale": run_shared_scale,
    "whole_transformer": run_whole_transformer, "loaded_rows": run_loaded_rows, "unequal_rows": run_unequal_rows,
    "parted_rows": run_parted_rows, "projected": run_projected, "convolution_in_time": run_convolution_in_time,
    "held_parameters": run_held_parameters, "averaged": run_averaged, "statistics_again": run_statistics_again,
    "equations_of_modules": run_equations_of_modules, "steps_by_rule": run_steps_by_rule, "lbfgs": run_lbfgs,
    "optimizer_hooks": run_optimizer_hooks, "calls_for_nothing": run_calls_for_nothing, "warned_of": run_warned_of,
    "pruned_as": run_pruned_as, "folded": run_folded, "clusters": run_clusters,
    "defaults_of": run_defaults_of, "fresh_modules": run_fresh_modules, "rows_in_every_way": run_rows_in_every_way,
    "crossed_modules": run_crossed, "crossed_cells": run_crossed,
    "crossed_packing": run_crossed_packing, "crossed_attention": run_crossed_attention,
    "called_in_every_mode": run_called_in_every_mode, "nested": run_nested, "masked": run_masked,
    "fused_steps": run_fused_steps, "dropped_features": run_dropped_features, "one_of_each": run_one_of_each,
    "kept_digits": run_kept_digits,
}
"""Name of a function request -> what answers it: function(backend, request)."""
