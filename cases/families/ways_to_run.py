"""One model, run in every way that a framework has for its steps: eagerly, traced, compiled by XLA."""

from __future__ import annotations

import numpy as np

from cases.batches import BatchPlan, draw_values
from cases.families.base import statement
from cases.layers import Layer, generator
from cases.models import ModelRequest, Node, Training, draw_model_weights, node, sequential
from cases.requests import Deviation
from cases.scenarios.base import as_claimed
from cases.tolerance import compare, expect_model

ROWS, STEPS, FEATURES, IDS = 6, 5, 3, 7
FACTORS = {"way": ("eager", "xla", "traced"), "cell": ("lstm", "gru", "simple_rnn"), "mask": ("masking", "embedding", "none"),
           "direction": ("forward", "bidirectional", "backward")}


def front(mask: str) -> tuple[list[Node], np.ndarray]:
    """What stands before the recurrent layer, and its inputs: (rows, steps, features), or ids (rows, steps)."""
    batch = BatchPlan(ROWS, STEPS, "right").draw(Layer("lstm", FEATURES, 4))
    if mask == "embedding":
        ids = generator("ways to run").integers(1, IDS, (ROWS, STEPS)) * batch.mask
        made = node("embedding", "embedding", ids=IDS, width=FEATURES, mask_zero=True)
        return [node("input", "input", shape=(STEPS,)), made], ids
    start = node("input", "input", shape=(STEPS, FEATURES))
    if mask == "none":
        return [start], batch.inputs
    return [start, node("masking", "masking", value=0.0)], np.where(batch.valid[:, :, None], batch.inputs, 0.0)


def asked(way: str, cell: str, mask: str, direction: str) -> ModelRequest:
    """The model, four steps of its training in batches of two sizes, and all rows predicted before and after."""
    before, inputs = front(mask)
    layers = [Layer(cell, FEATURES, 4, direction=direction, return_state=False)]
    layers.append(Layer("gru", layers[0].width, 3, return_state=False, return_sequences=False))
    made = sequential("ways-to-run", *before, *(node(f"layer_{n}", "recurrent", layer=one) for n, one in enumerate(layers)),
                      node("dense", "dense", units=2, activation="tanh"))
    batches = ((0, 3, 1, 4), (2, 5), (5, 1, 0, 2), (3, 4))
    training = Training("sgd", (("learning_rate", 0.1), ("momentum", 0.9)), "mse", batches, run=way)
    targets = draw_values(generator("ways to run", "targets"), (ROWS, 2))
    return ModelRequest(made, draw_model_weights(made), inputs, None, targets, training)


@statement("A model that is run eagerly, traced or compiled by XLA predicts and trains as the equations say.", FACTORS,
           usual={"way": ("eager",), "direction": ("bidirectional", "forward")}, strength=(1, 1, 2), sparing=1,
           source="Keras: compile(run_eagerly, jit_compile)")
def every_way_to_run_is_right(ask, **variant):
    request = asked(**variant)
    seen = ask(request)
    due = expect_model(as_claimed(request, seen), seen.facts["padding"])
    found: list[Deviation] = []
    for name in ("predictions", "losses", "trained"):
        found += compare(name, seen[name], due[name].value, due[name].allowed)
    return found
