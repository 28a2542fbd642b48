"""Modules that are made of their sizes alone, of options by their positions, and for a dtype."""

from __future__ import annotations

import numpy as np

from cases.batches import BatchPlan, draw_values
from cases.families.base import equal, statement
from cases.invariants.base import against_reference
from cases.layers import Layer, draw_weights, generator
from cases.models import FunctionRequest
from cases.requests import Deviation, Request

LONG = (2, 33)
"""Rows, and steps, of sequences that come to no end soon."""


@statement("A recurrent module that is made of its sizes alone reads time first, forward, has biases, and drops nothing in "
           "training; of no rows it gives no rows.",
           {"cell": ("lstm", "gru", "simple_rnn"), "layers": (2, 1)}, strength=(1, 2, 2), sparing=0,
           source="PyTorch: nn.RNN, nn.LSTM, nn.GRU, default values")
def sizes_alone_make_the_documented_module(ask, cell, layers):
    layer = Layer(cell, 3, 4, layers)
    request = Request(layer, draw_weights(layer), BatchPlan(*LONG).draw(layer).but(cotangents=None))
    given = {"layer": layer, "weights": request.weights, "batch": request.batch}
    seen = ask(FunctionRequest("bare", tuple(given.items())))
    due = {"outputs": (0, LONG[1], 4), **{f"states/{name}": (0, 4) for name in layer.state_keys()}}
    found = [Deviation("rows", f"of no rows {name} has the shape {tuple(shape)}, expected {due[name]}")
             for name, shape in seen.facts["of_no_rows"] if tuple(shape) != due[name]]
    return found + against_reference(seen, request, "outputs", "states")


@statement("A recurrent module that is given its options by their positions has each of them, and tells them.",
           {"cell": ("lstm", "gru", "simple_rnn"), "bias": (False, True), "batch_first": (True, False),
            "direction": ("bidirectional", "forward"), "activation": ("relu", "tanh")}, strength=(1, 2, 2), sparing=0,
           senseless=((("cell", "activation"), lambda cell, activation: cell != "simple_rnn" and activation == "relu"),),
           source="PyTorch: nn.RNN, nn.LSTM, nn.GRU")
def options_have_their_positions(ask, cell, bias, batch_first, direction, activation):
    layer = Layer(cell, 3, 4, 3, direction, bias=bias, activation=activation)
    request = Request(layer, draw_weights(layer), BatchPlan(4, 5, "none", True).draw(layer).but(cotangents=None))
    given = {"layer": layer, "weights": request.weights, "batch": request.batch, "batch_first": batch_first}
    seen = ask(FunctionRequest("by_position", tuple(given.items())))
    found = [] if seen.facts["dropout"] == 0.5 else [Deviation("dropout", f"dropout {seen.facts['dropout']}, expected 0.5")]
    given = {"bias": bias, "batch_first": batch_first, "dropout": 0.5, "bidirectional": direction == "bidirectional",
             "num_layers": 3}
    for name, usual in (("bias", True), ("batch_first", False), ("dropout", 0.0), ("bidirectional", False), ("num_layers", 1)):
        if given[name] != usual and f"{name}={given[name]}" not in seen.facts["told"]:
            found.append(Deviation("told", f"{name}={given[name]} is not told in {seen.facts['told']}"))
    told = seen.facts["told_of_others"]
    due = {f"bias={bias}": not bias, f"nonlinearity={activation}": activation != "tanh", "proj_size=2": cell == "lstm"}
    found += [Deviation("told", f"{words} is not told in {told}") for words, told_of in due.items()
              if told_of and words not in told]
    if seen.facts["plain"] != "3, 4":
        found.append(Deviation("told", f"({seen.facts['plain']}) is told of a module of its sizes alone, expected (3, 4)"))
    mode = {"lstm": "LSTM", "gru": "GRU"}.get(cell, f"RNN_{activation.upper()}")
    if seen.facts["mode"] != mode:
        found.append(Deviation("mode", f"given no more than its activation: {seen.facts['mode']}, expected {mode}"))
    return found + against_reference(seen, request, "outputs", "states")


KINDS = ("lstm", "gru", "simple_rnn", "lstm_cell", "gru_cell", "simple_rnn_cell", "embedding", "bag", "dense", "normalization",
         "attention", "projected", "stack", "statistics", "convolution", "encoder")


@statement("A module that is made for a dtype has all its weights in it, computes as one that was cast to it, and gives all "
           "results in it, packed or not, with a batch or without.",
           {"kind": KINDS, "dtype": ("float64", "bfloat16")}, strength=(1, 2, 2), sparing=0, source="PyTorch: torch.nn (dtype)")
def modules_are_of_the_dtype_they_are_made_for(ask, kind, dtype):
    inputs = draw_values(generator("of a dtype"), (2, 4, 3))
    seen = ask(FunctionRequest("of_a_dtype", (("kind", kind), ("dtype", dtype), ("inputs", inputs))))
    told = seen.facts["dtypes"]
    found = [Deviation("dtype", f"{name}: {of}, expected {dtype}") for name, of in (*told, *seen.facts["results"]) if of != dtype]
    found += [] if told and np.size(seen["made"]) else [Deviation("dtype", "the module has no weights, or gave nothing")]
    return found + equal("outputs", seen["made"], seen["cast"], "made for the dtype, and cast to it")
