"""Layers whose weights were quantized after training: numbers of 8 bits, or of half precision, read when the layer is called."""

from __future__ import annotations

import numpy as np

from cases.batches import BatchPlan
from cases.families.base import equal, statement
from cases.invariants.base import against_reference
from cases.layers import Layer, draw_weights
from cases.models import FunctionRequest
from cases.requests import Deviation, Observation, Request
from cases.tolerance import compare, expect

FACTORS = {
    "cell": ("lstm", "gru", "simple_rnn"), "way": ("int8", "float16"), "bias": (True, False), "layers": (2, 1),
    "direction": ("forward", "bidirectional"), "mask": ("none", "right"), "kernel": ("fused", "generic"), "projected": (0, 2),
    "states": (False, True), "activation": ("tanh", "relu"),
}


@statement("A recurrent layer that is quantized dynamically gives what it gave, within the steps of its quantization, and a row "
           "alone what it gives in a batch; it tells its options, biases and weights, and gives the same once loaded.", FACTORS,
           strength=(1, 2, 2), sparing=0, source="PyTorch: torch.ao.quantization.quantize_dynamic", senseless=(
               (("cell", "kernel"), lambda cell, kernel: cell == "simple_rnn" and kernel == "fused"),
               (("cell", "activation"), lambda cell, activation: activation == "relu" and cell != "simple_rnn"),
               (("cell", "projected"), lambda cell, projected: bool(projected) and cell != "lstm"),
               (("kernel", "projected"), lambda kernel, projected: bool(projected) and kernel != "fused"),
               (("states", "projected"), lambda states, projected: bool(projected) and states),
           ))
def quantized_layers_give_what_they_gave(ask, **variant) -> list[Deviation]:
    return deviations(ask, **variant)


WITH_BIASES = {name: values for name, values in FACTORS.items() if name not in ("bias", "projected", "activation")}


@statement("A recurrent layer with biases and without a projection, of several layers too, that is quantized dynamically gives "
           "what it gave.", WITH_BIASES, strength=(1, 3, 3), sparing=0, source="PyTorch: torch.ao.quantization.quantize_dynamic",
           usual={"kernel": ("fused",), "cell": ("lstm", "gru")}, senseless=(
               (("cell", "kernel"), lambda cell, kernel: cell == "simple_rnn" and kernel == "fused"),))
def quantized_stacks_give_what_they_gave(ask, **variant) -> list[Deviation]:
    return deviations(ask, bias=True, projected=0, activation="tanh", **variant)


def deviations(ask, cell, way, bias, layers, direction, mask, kernel, projected, states, activation) -> list[Deviation]:
    """Between outputs and states before and after, beyond the steps of the quantization."""
    layer = Layer(cell, 3, 5, layers, direction, bias=bias, activation=activation)
    batch, weights = BatchPlan(4, 5, mask, states).draw(layer).but(cotangents=None), draw_weights(layer)
    arguments = {"layer": layer, "weights": weights, "batch": batch, "way": way, "kernel": kernel, "projected": projected}
    seen = ask(FunctionRequest("quantized", tuple(arguments.items())))
    before = seen.named("before")
    coarse = expect(Request(layer.but(dtype="bfloat16"), weights, batch, wants=("outputs",)))["outputs"]
    allowed = (2 if way == "int8" else 1) * float(np.max(coarse.allowed))  # steps of 1/127 of the largest, not of each number
    found = [] if before else [Deviation("before", "nothing came")]
    if before and not projected:  # what a projection's weights are is the subject's own
        given = Observation({"outputs": seen["before/outputs"]}, facts=seen.facts)
        found += against_reference(given, Request(layer, weights, batch, wants=("outputs",)), "outputs")
    for name, due in before.items():
        other = name.replace("before", "after")
        found += compare(other, seen[other], due, allowed) if other in seen.arrays else [Deviation(other, "it is missing")]
    if before:
        found += compare("alone/outputs", seen["alone/outputs"], before["before/outputs"][:1], allowed)
    if "loaded/outputs" in seen.arrays:
        found += equal("loaded/outputs", seen["loaded/outputs"], seen["after/outputs"], "of one that loads what was saved")
    found += [Deviation("told", f"{name}: {words}") for name, words in seen.facts.get("told", ())]
    if not any(np.abs(due).max(initial=0.0) > allowed for due in before.values()):
        found.append(Deviation("before", f"no number is larger than what is allowed, {allowed:.3g}"))
    return found


@statement("An LSTM that was made ready for quantization, whose numbers are watched and not rounded yet, gives what it gave.",
           {"layers": (1, 2), "direction": ("forward", "bidirectional"), "bias": (True, False), "states": (True, False),
            "batch_first": (True, False), "split": (False, True)}, strength=(1, 2, 2), sparing=0,
           source="PyTorch: torch.ao.nn.quantizable.LSTM.from_float")
def layers_made_ready_give_what_they_gave(ask, layers, direction, bias, states, batch_first, split):
    layer = Layer("lstm", 3, 5, layers, direction, bias=bias)
    request = Request(layer, draw_weights(layer), BatchPlan(4, 6, "none", states).draw(layer).but(cotangents=None))
    seen = ask(FunctionRequest("made_ready", (("request", request), ("batch_first", batch_first), ("split", split))))
    return against_reference(seen, request, "outputs", "states")


@statement("A module that is made to be quantized later gives, before it is, what the usual one gives.",
           {"layers": (2, 1, 3), "direction": ("bidirectional", "forward"), "bias": (True, False)}, strength=(1, 2, 3), sparing=0,
           source="PyTorch: torch.ao.nn.quantizable.LSTM")
def layers_to_be_quantized_are_the_usual(ask, layers, direction, bias):
    layer = Layer("lstm", 3, 5, layers, direction, bias=bias)
    request = Request(layer, draw_weights(layer), BatchPlan(3, 4, "none", False).draw(layer), wants=("outputs",))
    return against_reference(ask(FunctionRequest("quantizable", (("request", request),))), request, "outputs")


@statement("A recurrent module or cell that takes one sequence, or one row, without a batch takes it quantized too, and gives "
           "what it gave, within the steps of its quantization.",
           {"kind": ("lstm", "gru", "lstm_cell", "gru_cell", "simple_rnn_cell"), "way": ("int8", "float16"),
            "states": (True, False)}, strength=(1, 1, 2), sparing=0, source="PyTorch: torch.ao.quantization.quantize_dynamic")
def quantized_layers_take_what_they_took(ask, kind, way, states):
    cell = kind.removesuffix("_cell")
    layer = Layer(cell, 3, 5)
    weights, batch = draw_weights(layer), BatchPlan(1, 4, "none", states).draw(layer).but(cotangents=None)
    if kind != cell:
        batch = batch.but(inputs=batch.inputs[:, :1])
    seen = ask(FunctionRequest("quantized_bare", (("kind", kind), ("layer", layer), ("weights", weights), ("batch", batch),
                                                  ("way", way))))
    request = Request(layer, weights, batch, wants=("outputs",))
    coarse = expect(request.but(layer=layer.but(dtype="bfloat16")))["outputs"]
    due = expect(request)["outputs"].value[0]
    allowed = (2 if way == "int8" else 1) * float(np.max(coarse.allowed))
    return compare("outputs", seen["outputs"], due, allowed)
