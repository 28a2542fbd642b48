"""Keras' layers with another number of initial states than they have."""

from __future__ import annotations

from typing import Any

from cases.models import FunctionRequest
from cases.requests import Observation
from suite.backends import moment
from suite.backends.keras_layers import LAYERS


def run_counted_states(backend: Any, request: FunctionRequest) -> Observation:
    """Answer the requests of `cases.families.numbers_of_states`."""
    options, layers, engine = dict(request.arguments), backend.keras.layers, backend.engine
    part, units = options["part"], options["units"]
    with moment("build"):
        if part in LAYERS:
            one = getattr(layers, LAYERS[part])(units)
        elif part.startswith("bidirectional"):
            one = layers.Bidirectional((layers.GRU if part.endswith("gru") else layers.LSTM)(units))
        else:
            cells = layers.StackedRNNCells([layers.GRUCell(units), layers.GRUCell(units)])
            one = cells if part == "stack_by_hand" else layers.RNN(cells)
        shape = options["inputs"].shape
        one.build((shape[0], shape[2]) if part == "stack_by_hand" else shape)
    inputs, states = engine.tensor(options["inputs"].astype("float32")), [
        engine.tensor(a.astype("float32")) for a in options["states"]]
    given = states[0] if options["bare"] else states
    with moment("run"):
        if part == "stack_by_hand":
            return Observation({"outputs": engine.numpy(one(inputs[:, 0], given)[0])})
        if (mask := options.get("mask")) is not None:
            return Observation({"outputs": engine.numpy(one(inputs, mask=engine.tensor(mask)))})
        return Observation({"outputs": engine.numpy(one(inputs, initial_state=given))})
