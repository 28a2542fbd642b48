"""Modules that are made of their sizes alone."""

from __future__ import annotations

from cases.batches import BatchPlan
from cases.families.base import statement
from cases.invariants.base import against_reference
from cases.layers import Layer, draw_weights
from cases.models import FunctionRequest
from cases.requests import Request


@statement("A recurrent module that is made of its sizes alone reads time first, forward, has biases, and drops nothing in "
           "training.", {"cell": ("lstm", "gru", "simple_rnn"), "layers": (2, 1)}, strength=(1, 2, 2), sparing=0,
           source="PyTorch: nn.RNN, nn.LSTM, nn.GRU, default values")
def sizes_alone_make_the_documented_module(ask, cell, layers):
    layer = Layer(cell, 3, 4, layers)
    request = Request(layer, draw_weights(layer), BatchPlan(4, 5).draw(layer).but(cotangents=None))
    given = {"layer": layer, "weights": request.weights, "batch": request.batch}
    return against_reference(ask(FunctionRequest("bare", tuple(given.items()))), request, "outputs", "states")
