"""Outputs, states, gradients and masks are what the equations say."""

from __future__ import annotations

import numpy as np

from cases.invariants.base import EVERYTHING, Case, against_reference, handed_on, invariant, output_valid
from cases.requests import Deviation
from cases.tolerance import compare, expect

LSTM = "Hochreiter & Schmidhuber 1997; Gers et al. 2000 (forget gate)"
GRU = "Cho et al. 2014 (reset before the product); cuDNN's form resets after it"


def drawless(case: Case) -> bool:
    """Whether the answer has no randomness of the framework in it."""
    return not (case.layer.dropout or case.layer.recurrent_dropout) or case.execution.mode == "inference"


@invariant("The outputs at valid steps are those of the float64 reference.",
           lambda c: drawless(c) and not (c.layer.return_sequences and c.plan.mask == "empty"), f"{LSTM}; {GRU}",
           everywhere=True, in_pairs=True)
def outputs_match_reference(ask, case):
    request = case.request()
    return against_reference(ask(request), request, "outputs")


@invariant("The final states are those of the float64 reference.", lambda c: drawless(c) and c.layer.return_state,
           everywhere=True, in_pairs=True)
def states_match_reference(ask, case):
    request = case.request()
    return against_reference(ask(request), request, "states")


@invariant(
    "The gradients of a loss on outputs and states, with respect to inputs, initial states and every weight, "
    "are those of the float64 reference.",
    drawless, everywhere=True,
)
def gradients_match_reference(ask, case):
    request = case.request(wants=EVERYTHING)
    return against_reference(ask(request), request, "loss", "gradients")


@invariant(
    "At masked steps the outputs are what the backend declares: the previous output held, or zeros.",
    lambda c: drawless(c) and c.masked and c.layer.return_sequences,
    "Keras: RNN(zero_output_for_mask); PyTorch: pad_packed_sequence", everywhere=True,
)
def padding_follows_convention(ask, case):
    request = case.request()
    seen = ask(request)
    expected = expect(request, seen.facts["padding"])
    masked = ~output_valid(request)[:, :, None]
    found = []
    for name in case.layer.output_names:
        value, allowed = expected[name].value, expected[name].allowed
        if seen[name].shape == value.shape:
            found += compare(f"{name} at masked steps", np.where(masked, seen[name], 0), np.where(masked, value, 0), allowed)
    return found


@invariant(
    "A layer that carries masks passes its mask on, in the order of its outputs.",
    lambda c: c.plan.mask != "none" and c.layer.return_sequences and c.layer.merge != "none",
    "Keras: Layer.compute_mask", everywhere=True,
)
def mask_is_passed_on(ask, case):
    request = case.request()
    return handed_on(ask(request), request)


@invariant("Outputs and states have the layer's dtype, and the shapes that its description says.", everywhere=True)
def shapes_and_dtypes(ask, case):
    layer, batch = case.layer, case.batch
    seen = ask(case.request())
    width = layer.units if layer.merge == "none" and layer.direction == "bidirectional" else layer.width
    outputs = (batch.size, batch.time, width) if layer.return_sequences else (batch.size, width)
    wanted = dict.fromkeys(layer.output_names, outputs)
    if layer.return_state:
        wanted |= {f"states/{name}": (batch.size, layer.units) for name in layer.state_keys()}
    dtype = layer.dtype.removeprefix("mixed_")
    found = []
    for name, shape in wanted.items():
        array = seen.arrays.get(name)
        if array is None:
            found.append(Deviation(name, f"{name}: nothing came back, expected {shape}"))
        elif array.shape != shape:
            found.append(Deviation(name, f"{name}: shape {array.shape}, expected {shape}"))
        elif (given := seen.facts.get("dtypes", {}).get(name, str(array.dtype))) != dtype:
            found.append(Deviation(name, f"{name}: dtype {given}, expected {dtype}"))
    return found
