"""Which kernel runs: what is documented to keep a layer from a fast one does, and nothing else."""

from __future__ import annotations

import re

from cases.batches import BatchPlan
from cases.families.base import equal, statement
from cases.layers import Layer, draw_weights
from cases.models import FunctionRequest
from cases.requests import Deviation, Execution, Request

CHANGES = {
    "backward": {"direction": "backward"}, "bidirectional": {"direction": "bidirectional"}, "last": {"return_sequences": False},
    "no_state": {"return_state": False}, "two_layers": {"layers": 2}, "states": {}, "one_step": {}, "one_row": {}, "training": {},
}
"""What of a layer, or of its batch or mode, is another one."""
SIZES = {"one_step": (3, 1), "one_row": (1, 4)}


def kinds(kernel: str) -> tuple[str, ...]:
    """The kinds of kernels in the framework's words for what ran: without what stands in brackets, and without numbers."""
    return tuple(sorted({re.sub(r" ?\(.*?\)|\d+", "", word).strip() for word in kernel.split(" + ")}))


@statement("The kernel that runs a layer is of the same kind forward and backward, with and without initial states, for one step "
           "and for one row, in training, and whatever of outputs and states comes back.",
           {"change": tuple(CHANGES), "cell": ("lstm", "gru", "simple_rnn"), "kernel": ("fused", "generic")},
           usual={"kernel": ("fused",), "cell": ("lstm", "gru")}, strength=(1, 2, 2), sparing=0,
           source="Keras: LSTM, GRU (use_cudnn); PyTorch: nn.LSTM, nn.GRU, nn.RNN")
def kernels_do_not_depend(ask, change, cell, kernel):
    layer, execution = Layer(cell, 3, 4), Execution(kernel)
    other = layer.but(**CHANGES[change])
    usual = ask(Request(layer, draw_weights(layer), BatchPlan(3, 4).draw(layer), execution=execution))
    batch = BatchPlan(*SIZES.get(change, (3, 4)), states=change == "states").draw(other)
    seen = ask(Request(other, draw_weights(other), batch, execution=execution.but(
        mode="training" if change == "training" else "inference")))
    found, due = kinds(seen.kernel), kinds(usual.kernel)
    if not seen.kernel:
        return [Deviation("kernel", "nothing is said of what ran")]
    return [] if found == due else [Deviation("kernel", f"{change}: {seen.kernel} ran, and {usual.kernel} without it")]


@statement("A model with a recurrent layer is compiled by default wherever one without is.",
           {"cell": ("lstm", "gru", "simple_rnn"), "direction": ("forward", "bidirectional")}, strength=(1, 2, 2),
           source="Keras: compile(jit_compile='auto'), Layer.supports_jit")
def recurrent_models_are_compiled(ask, cell, direction):
    seen = ask(FunctionRequest("compiled_by_default", (("cell", cell), ("direction", direction))))
    return equal("jit_compile", seen["with"], seen["without"], "with a recurrent layer, against a model without")
