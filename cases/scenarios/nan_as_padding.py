"""`nan-as-padding` (document 1): NaN as the value that is masked.

Masking(nan) → LSTM, GRU or SimpleRNN of 4 units → Dense(1), mean squared error; and single layers with a mask or lengths.
`nan != nan`, so every step differs from the masking value: Masking(nan) masks nothing, and everything becomes NaN. With
an explicit mask, or lengths, a masked NaN must reach neither outputs nor states nor gradients.
"""

from __future__ import annotations

import numpy as np

from cases.batches import BatchPlan, with_padding_content
from cases.invariants.base import alike
from cases.layers import Layer, draw_weights
from cases.models import ModelRequest, Training, draw_model_weights, node, sequential
from cases.requests import Deviation, Execution, Note, Request
from cases.scenarios.base import claim, predicted
from cases.tolerance import compare, expect_model

NAME = "nan-as-padding"
CELLS = ("lstm", "gru", "simple_rnn")
WAYS = [{"mask": m, "kernel": k} for m in ("right", "gaps") for k in ("fused", "generic")]
OTHERS = [{"mask": m, "kernel": k, "layer": kind} for kind in ("gru", "simple_rnn", "bidirectional")
          for m, k in (("right", "fused"), ("gaps", "generic"))]
"""Layers that are no plain LSTM, masked in both ways."""
FEW = [*WAYS, OTHERS[4]]
EVERY = [*WAYS, *OTHERS]


def masking(value: float, cell: str = "lstm") -> ModelRequest:
    """Masking(value) → LSTM, or another cell → Dense, its loss and gradients; rows 1 and 2 are padded with `value`."""
    model = sequential(
        NAME,
        node("input", "input", shape=(5, 3)),
        node("masking", "masking", value=value),
        node("lstm", "recurrent", layer=Layer(cell, 3, 4, return_sequences=False, return_state=False)),
        node("dense", "dense", units=1, activation="linear"),
    )
    batch = BatchPlan(3, 5).draw(Layer("lstm", 3, 4))
    inputs = np.where((np.arange(5) < np.array([5, 3, 2])[:, None])[:, :, None], batch.inputs, value)
    return ModelRequest(
        model,
        draw_model_weights(model),
        inputs,
        None,
        np.ones((3, 1)),
        Training("sgd", (("learning_rate", 0.01),), "mse"),
        wants=("predictions", "gradients"),
    )


@claim(
    NAME,
    "Masking(nan) masks nothing: rows with padding predict NaN, and the loss is NaN.",
    document="it pads with NaN and masks NaN; nan != nan, so no step is masked",
    says="Pad with NaN, and Masking(nan) will skip the padded steps.",
)
def masking_nan(ask):
    seen = ask(masking(float("nan")))
    lost = np.isnan(seen["predictions"]).ravel().tolist()
    found = (
        [] if lost == [False, True, True] else [Deviation("predictions", f"NaN in rows {lost}, expected 1 and 2 alone")]
    )
    return found + (
        [] if np.isnan(seen["loss"]) else [Deviation("loss", f"found {seen['loss']}, expected NaN")]
    )


@claim(
    NAME,
    "Under Masking(nan) the NaN reaches the gradient of every weight: each holds a NaN.",
    [{"cell": cell} for cell in CELLS],
    sparing=[{"cell": "lstm"}],
    document="it expects that a masked NaN takes no part; nan != nan, so it takes part in the gradients as well",
    says="Pad with NaN, and Masking(nan) will skip the padded steps.",
)
def masking_nan_gradients(ask, cell):
    slopes = ask(masking(float("nan"), cell)).named("gradients")
    rows = [[name.removeprefix("gradients/"), f"{np.isnan(slope).mean():.0%}"] for name, slope in sorted(slopes.items())]
    told = Note(f"How much of each gradient is NaN under Masking(nan), {cell}", {"head": ["weight", "NaN"], "rows": rows})
    finite = [name for name, slope in slopes.items() if not np.isnan(slope).any()]
    found = [Deviation(name, f"{name}: finite, where a NaN was computed with") for name in finite]
    return [*found, told] if slopes else [Deviation("gradients", "none came back"), told]


@claim(NAME, "With a value that is equal to itself, Masking gives the predictions and the loss of the equations.",
       says="The mask value should be a number that the data does not hold.")
def masking_number(ask):
    seen, due = ask(masking(-7.0)), expect_model(masking(-7.0))["loss"]
    return predicted(ask, masking(-7.0)) + compare("loss", seen["loss"], due.value, due.allowed)


def requests(mask: str, kernel: str, kind: str) -> tuple[Request, Request]:
    """The same batch with numbers, and with NaN, at masked steps."""
    layer = Layer("lstm", 3, 4, direction="bidirectional") if kind == "bidirectional" else Layer(kind, 3, 4)
    batch = BatchPlan(4, 6, mask).draw(layer)
    plain = Request(
        layer, draw_weights(layer), batch, wants=("outputs", "states", "gradients"), execution=Execution(kernel)
    )
    return plain, plain.but(batch=with_padding_content(batch, float("nan")))


@claim(NAME, "With an explicit mask, or lengths, a masked NaN reaches no output and no state.", EVERY, sparing=FEW,
       says="A masked step is skipped, whatever it holds.")
def forward(ask, mask, kernel, layer="lstm"):
    plain, other = requests(mask, kernel, layer)
    return alike(ask(other), ask(plain), plain, "outputs", "states", what="NaN in padding")


@claim(NAME, "With an explicit mask, or lengths, a masked NaN reaches no gradient of a weight.", EVERY, sparing=FEW,
       says="A masked step is skipped, whatever it holds.")
def weight_gradients(ask, mask, kernel, layer="lstm"):
    plain, other = requests(mask, kernel, layer)
    return alike(ask(other), ask(plain), plain, "gradients/weights", what="NaN in padding")


@claim(NAME, "With an explicit mask, or lengths, the gradient at a masked NaN is zero.", EVERY, sparing=FEW,
       says="A masked step is skipped, whatever it holds.")
def input_gradients(ask, mask, kernel, layer="lstm"):
    plain, other = requests(mask, kernel, layer)
    return alike(ask(other), ask(plain), plain, "gradients/inputs", what="NaN in padding")
