"""The requests of families that Keras answers, by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from suite.backends.keras_cells import run_chain, run_form
from suite.backends.keras_graphs import run_graph
from suite.backends.keras_losses import run_ignored, run_masked_loss
from suite.backends.keras_options import run_announced, run_defaults, run_in_parts, run_options
from suite.backends.keras_purity import run_purity
from suite.backends.keras_transforms import run_transformed
from suite.backends.keras_weights import run_fresh, run_read_back, run_step

PROBES: Mapping[str, Callable] = {
    "chain": run_chain, "form": run_form, "graph": run_graph,
    "purity": run_purity, "fresh_weights": run_fresh, "read_back": run_read_back,
    "step": run_step,
    "options": run_options, "defaults": run_defaults, "announced": run_announced, "in_parts": run_in_parts,
    "masked_loss": run_masked_loss, "ignored_class": run_ignored, "transformed": run_transformed,
}
"""Name of a function request -> what answers it: function(backend, request)."""
