"""`nan-as-padding` (document 1): NaN as the value that is masked.

`nan != nan`, so every step differs from the masking value: Masking(nan) masks nothing, and everything becomes NaN. With
an explicit mask, or lengths, a masked NaN must reach neither outputs nor states nor gradients.
"""

from __future__ import annotations

import numpy as np

from cases.batches import BatchPlan, with_padding_content
from cases.invariants.base import alike
from cases.layers import Layer, draw_weights
from cases.models import ModelRequest, Training, draw_model_weights, node, sequential
from cases.requests import Deviation, Execution, Request
from cases.scenarios.base import claim

NAME = "nan-as-padding"
WAYS = [{"mask": m, "kernel": k} for m in ("right", "gaps") for k in ("fused", "generic")]


def masking(value: float) -> ModelRequest:
    """Masking(value) → LSTM → Dense, its loss and gradients; rows 1 and 2 are padded with `value`."""
    model = sequential(
        NAME,
        node("input", "input", shape=(5, 3)),
        node("masking", "masking", value=value),
        node("lstm", "recurrent", layer=Layer("lstm", 3, 4, return_sequences=False, return_state=False)),
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


@claim(NAME, "With a value that is equal to itself no prediction and no loss is NaN.",
       says="The mask value should be a number that the data does not hold.")
def masking_number(ask):
    seen = ask(masking(-7.0))
    return [Deviation(n, "NaN") for n in ("predictions", "loss") if not np.isfinite(seen[n]).all()]


def requests(mask: str, kernel: str) -> tuple[Request, Request]:
    """The same batch with numbers, and with NaN, at masked steps."""
    layer = Layer("lstm", 3, 4)
    batch = BatchPlan(4, 6, mask).draw(layer)
    plain = Request(
        layer, draw_weights(layer), batch, wants=("outputs", "states", "gradients"), execution=Execution(kernel)
    )
    return plain, plain.but(batch=with_padding_content(batch, float("nan")))


@claim(NAME, "With an explicit mask, or lengths, a masked NaN reaches no output and no state.", WAYS)
def forward(ask, mask, kernel):
    plain, other = requests(mask, kernel)
    return alike(ask(plain), ask(other), plain, "outputs", "states", what="NaN in padding")


@claim(NAME, "With an explicit mask, or lengths, a masked NaN reaches no gradient of a weight.", WAYS)
def weight_gradients(ask, mask, kernel):
    plain, other = requests(mask, kernel)
    return alike(ask(plain), ask(other), plain, "gradients/weights", what="NaN in padding")


@claim(NAME, "With an explicit mask, or lengths, the gradient at a masked NaN is zero.", WAYS)
def input_gradients(ask, mask, kernel):
    plain, other = requests(mask, kernel)
    return alike(ask(plain), ask(other), plain, "gradients/inputs", what="NaN in padding")
