"""Layers that are exported and run elsewhere: as a program of PyTorch, by ONNX Runtime, as a SavedModel of TensorFlow."""

from __future__ import annotations

import numpy as np

from cases.batches import BatchPlan, draw_values
from cases.families.base import equal, statement
from cases.invariants.base import against_reference
from cases.layers import Layer, draw_weights, generator
from cases.models import FunctionRequest
from cases.requests import Deviation, Request
from cases.tolerance import compare, unit_roundoff

FEATURES, WORDS = 3, 7
"""Of a model that is exported whole: features of its series; ids, of which 0 is padding."""
TRACED = (4, 5)
"""Rows and steps of the batch that is there when the layer is exported."""
SIZES = {"traced": TRACED, "longer": (4, 9), "shorter": (4, 3), "more_rows": (7, 5), "one_row": (1, 6), "fixed": (7, 5)}
"""Rows and steps that the exported layer is asked for; `fixed`: it was exported for these steps alone, and for any rows."""


def elsewhere(ask, way: str, size: str, cell: str, mask: str, direction: str, layers: int = 1, states: bool = False,
              bias: bool = True) -> list[Deviation]:
    """The layer's outputs, and its final states where it is given some, or its program tells them, where it was exported to,
    against the equations."""
    layer = Layer(cell, 3, 4, layers, direction, bias=bias, return_state=states or way == "program")
    rows, steps = SIZES[size]
    batch = BatchPlan(rows, steps, mask, states).draw(layer).but(cotangents=None)
    request = Request(layer, draw_weights(layer), batch, wants=("outputs", "states") if layer.return_state else ("outputs",))
    fixed = size == "fixed"
    seen = ask(FunctionRequest("exported", (("request", request), ("traced", TRACED), ("way", way), ("fixed", fixed))))
    return against_reference(seen, request, "outputs", *(("states",) if states or seen.named("states") else ()))


LAYERS = {"size": tuple(SIZES), "cell": ("lstm", "gru", "simple_rnn"), "mask": ("none", "right"),
          "direction": ("forward", "bidirectional")}


@statement("An exported layer, run elsewhere, gives the outputs of the equations, for other rows and steps than it was exported "
           "with too.", {"way": ("saved_model", "program"), **LAYERS},
           usual={"size": ("longer", "fixed"), "direction": ("forward",), "cell": ("simple_rnn", "lstm")},
           strength=(1, 2, 2), sparing=2, costly=True,
           source="torch.export, keras.Model.export; https://github.com/pytorch/pytorch/issues/115092")
def exported_layers_are_right(ask, way, size, cell, mask, direction):
    return elsewhere(ask, way, size, cell, mask, direction)


@statement("A layer exported to ONNX gives the outputs of the equations in ONNX Runtime, for other rows and steps than it was "
           "exported with too.", LAYERS, usual={"size": ("longer", "fixed"), "direction": ("forward",)}, strength=(1, 1, 2),
           costly=True, source="torch.onnx, keras.Model.export; https://github.com/keras-team/keras/pull/23058")
def onnx_models_are_right(ask, size, cell, mask, direction):
    return elsewhere(ask, "onnx", size, cell, mask, direction)


@statement("A stack that is exported to ONNX starts from the states that it is given there, and gives its last ones.",
           {**LAYERS, "layers": (2, 1), "bias": (True, False)}, usual={"size": ("longer",), "mask": ("none",), "layers": (2,)},
           strength=(1, 2, 2), sparing=0, source="torch.onnx")
def onnx_stacks_are_right(ask, **variant):
    return elsewhere(ask, "onnx", states=True, **variant)


KINDS = ("joined", "stateful_as_made", "stateful")
"""A model of ids and of series, each of its own open length, with layers that drop, that normalize and that are frozen; a
stateful one of two rows, exported as Keras exports what says nothing of them, or for two rows."""


@statement("A model that is exported takes ids as whole numbers and inputs of lengths of their own, which it may take by name, "
           "drops nothing, goes on from the states of its last call, and knows which weights are trained; of several endpoints "
           "the first serves by default, and none takes the name of another.",
           {"way": ("saved", "saved_model"), "kind": KINDS}, strength=(1, 2, 2), sparing=3,
           senseless=((("way", "kind"), lambda way, kind: (way, kind) == ("saved", "stateful")),),
           source="Keras: Model.export, export.ExportArchive; tf.saved_model.save")
def exported_models_are_whole(ask, way, kind) -> list[Deviation]:
    """`saved`: by TensorFlow's own function, which asks for no rows."""
    random = generator("exported models", kind)
    series = [draw_values(random, (2, steps, FEATURES)) for steps in (3, 2)]
    calls = tuple((one,) for one in series)
    if kind == "joined":
        ids = np.where(BatchPlan(3, 4, "right").draw(Layer("gru", 2, 2)).valid, random.integers(1, WORDS, (3, 4)), 0)
        calls = ((ids, draw_values(random, (3, 6, FEATURES))),)
    seen = ask(FunctionRequest("exported_model", (("kind", kind), ("way", way), ("calls", calls), ("words", WORDS))))
    found = [] if seen.facts["trained"] == seen.facts["due_trained"] else [Deviation(
        "trained", f"trained: {seen.facts['trained']} weights, and {seen.facts['due_trained']} before")]
    if seen.facts["endpoints"] not in ((), due_endpoints := (seen["due/0"].shape, "int32")):
        words = "told: shape {} is served by default, the other one reads {}".format(*seen.facts["endpoints"])
        words += ", and a third one took its name" if "taken" in seen.facts["endpoints"] else ""
        found.append(Deviation("endpoints", f"{words}, expected {due_endpoints[0]} and {due_endpoints[1]}"))
    for number in range(len(calls)):
        due = seen[f"due/{number}"].astype("float64")
        found += compare(f"outputs/{number}", seen[f"outputs/{number}"], due, 256 * unit_roundoff("float32") * (1 + np.abs(due)))
    return found


@statement("A checkpoint of TensorFlow's own holds every number of a model, of weights, statistics, states and its optimizer, "
           "and gives it to another one of its kind.", source="tf.train.Checkpoint of a Keras model")
def checkpoints_hold_everything(ask) -> list[Deviation]:
    """Arrays: `before/`, of a model; `between/` and `after/`, of another one before and after it reads the model's checkpoint."""
    seen = ask(FunctionRequest("checkpoint", (("rows", 2), ("features", FEATURES))))
    before, between, after = ({name.partition("/")[2]: array for name, array in seen.named(when).items()}
                              for when in ("before", "between", "after"))
    found = [d for name, array in before.items() for d in equal(name, after[name], array, "read from the checkpoint")]
    alike = [name for name, array in before.items() if np.array_equal(between[name], array)]
    return found + [Deviation(name, f"{name}: nothing was to be read") for name in alike]
