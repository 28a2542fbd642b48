"""Options of layers around recurrent ones: those of a weight reach the weight that they are named for, an activation comes last,
noise is shared along the axes that are told, the shape that is told beforehand comes, whatever the padding, and inputs are what
they are told."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import product
from typing import Any

import numpy as np

from cases.families.base import statement
from cases.models import FunctionRequest
from cases.requests import Deviation
from cases.tolerance import compare, unit_roundoff

ROWS, STEPS, FEATURES = 8, 6, 4
SEQUENCE, PICTURE = (STEPS, FEATURES), (STEPS, 3, FEATURES)
SLACK = 64 * unit_roundoff("float32")
WEIGHTS, NORMS = {"kernel": "kernel", "bias": "bias"}, {"beta": "beta", "gamma": "gamma"}
APART = {"depthwise": "depthwise_kernel", "pointwise": "pointwise_kernel", "bias": "bias"}
WINDOW = {"filters": 4, "kernel_size": 2}
LAYERS: Mapping[str, tuple[dict[str, Any], tuple[int, ...], dict[str, str]]] = {
    "Dense": ({"units": 3}, SEQUENCE, WEIGHTS),
    "EinsumDense": ({"equation": "btf,fg->btg", "output_shape": (None, 3), "bias_axes": "g"}, SEQUENCE, WEIGHTS),
    "Conv1D": (WINDOW, SEQUENCE, WEIGHTS), "Conv2D": (WINDOW, PICTURE, WEIGHTS), "Conv1DTranspose": (WINDOW, SEQUENCE, WEIGHTS),
    "SeparableConv1D": (WINDOW, SEQUENCE, APART),
    "DepthwiseConv1D": ({"kernel_size": 2}, SEQUENCE, {"depthwise": "kernel", "bias": "bias"}),
    "Embedding": ({"input_dim": 9, "output_dim": 3}, (STEPS,), {"embeddings": "embeddings"}),
    "LayerNormalization": ({}, SEQUENCE, NORMS), "GroupNormalization": ({"groups": 2}, SEQUENCE, NORMS),
    "BatchNormalization": ({}, SEQUENCE, NORMS | {"moving_mean": "moving_mean", "moving_variance": "moving_variance"}),
    "PReLU": ({"shared_axes": (1,)}, SEQUENCE, {"alpha": "alpha"}),
}
"""Keras' layer -> its options, a row of its inputs, and the name of each weight that has options, by the word of these."""
BENT = tuple(name for name in LAYERS if name.endswith(("Dense", "D", "DTranspose")))
"""Those that take an activation."""
FILLED, FACTORS, MOST = (0.25, 0.375, 0.625, 0.875), (0.5, 0.125, 0.25, 0.75), (1.5, 2.5, 3.5, 4.5)
"""What the initializer of each weight fills it with, the factor of its L2 regularizer, the norm that its constraint allows."""


@statement("Every initializer, regularizer and constraint of a layer that has weights reaches the weight that it is named for; "
           "an activation is of what the layer gives without one; and in mixed precision what comes is of half precision, as it "
           "is told.", sparing=0, source="Keras: Layer.add_weight, Variable.regularizer, Variable.constraint")
def options_reach_their_weights(ask) -> list[Deviation]:
    """Facts: `weights` (layer, name), in the order of a layer's weights; `dtypes` (layer, told, given). Arrays by layer and the
    place of a weight: `weight`, `punished` (its regularizer, of ones), `most` (the norm of a column that its constraint leaves of
    tens); by layer `loss`, `plain`, `bent`."""
    seen = ask(FunctionRequest("options_of_layers", (
        ("layers", tuple((name, *each) for name, each in LAYERS.items())), ("bent", BENT), ("filled", FILLED),
        ("factors", FACTORS), ("most", MOST), ("rows", ROWS))))
    found, losses = [], dict.fromkeys(LAYERS, 0.0)
    told = {name: [one for layer, one in seen.facts["weights"] if layer == name] for name in LAYERS}
    for name, (_, _, words) in LAYERS.items():
        if {*told[name]} != {*words.values()}:
            found.append(Deviation(name, f"{name}: its weights are {told[name]}, expected {list(words.values())}"))
        for place, one in enumerate(told[name]):
            here, n = f"{name}/{place}", list(words.values()).index(one) if one in words.values() else 0
            weight = seen[f"{here}/weight"].astype("float64")
            found += compare(f"{name} {one}", weight, np.full(weight.shape, FILLED[n]), 0.0)
            if one.startswith("moving"):
                continue
            losses[name] += FACTORS[n] * weight.size * FILLED[n] ** 2
            for what, due in (("punished", FACTORS[n] * weight.size), ("most", MOST[n])):
                found += compare(f"{name} {one} {what}", seen[f"{here}/{what}"], np.array(due), SLACK * due)
        found += compare(f"{name} loss", seen[f"{name}/loss"], np.array(losses[name]), SLACK * losses[name])
    for name in BENT:
        plain = seen[f"{name}/plain"].astype("float64")
        found += compare(f"{name} bent", seen[f"{name}/bent"], plain / (1 + np.abs(plain)), SLACK)
        if not np.abs(plain).max() > 0:
            found.append(Deviation(name, f"{name}: there is nothing to bend"))
    return found + [Deviation(f"{name} dtype", f"{name} in mixed precision: told {told}, given {given}, expected bfloat16")
                    for name, told, given in seen.facts["dtypes"] if {told, given} != {"bfloat16"}]


SHARED: Mapping[str, tuple[str, dict[str, Any], tuple[int, ...], tuple[int, ...]]] = {
    "features": ("Dropout", {"noise_shape": (None, 1, None)}, (STEPS, FEATURES), (1,)),
    "steps": ("Dropout", {"noise_shape": (None, None, 1)}, (STEPS, FEATURES), (2,)),
    "places": ("Dropout", {"noise_shape": (1, None, FEATURES)}, (STEPS, FEATURES), (0,)),
    "all_apart": ("Dropout", {}, (STEPS, FEATURES), ()),
    "features_of_normed": ("AlphaDropout", {"noise_shape": (None, 1, None)}, (STEPS, FEATURES), (1,)),
    "steps_of_normed": ("AlphaDropout", {"noise_shape": (ROWS, None, 1)}, (STEPS, FEATURES), (2,)),
    "normed_apart": ("AlphaDropout", {}, (STEPS, FEATURES), ()),
    "maps": ("SpatialDropout1D", {}, (STEPS, FEATURES), (1,)),
    "maps_of_pictures": ("SpatialDropout2D", {"data_format": "channels_last"}, (STEPS, 3, FEATURES), (1, 2)),
    "maps_first_of_pictures": ("SpatialDropout2D", {"data_format": "channels_first"}, (FEATURES, STEPS, 3), (2, 3)),
    "maps_of_volumes": ("SpatialDropout3D", {"data_format": "channels_last"}, (STEPS, 3, 2, FEATURES), (1, 2, 3)),
    "maps_first_of_volumes": ("SpatialDropout3D", {"data_format": "channels_first"}, (FEATURES, STEPS, 3, 2), (2, 3, 4)),
}
"""Name -> Keras' layer, its options, a row, and the axes along which one draw is shared."""
RATE = 0.5


@statement("What is dropped is dropped along the axes that share a draw as a whole, and along no other, and what is kept is one "
           "number where ones are given.", sparing=0, eager=1,
           source="Keras: Dropout(noise_shape), AlphaDropout, SpatialDropout2D")
def draws_are_shared_along_their_axes(ask) -> list[Deviation]:
    seen = ask(FunctionRequest("shared_draws", (("rate", RATE), ("rows", ROWS), ("layers", tuple(
        (name, *each[:3]) for name, each in SHARED.items())))))
    found = []
    for name, (layer, options, row, shared) in SHARED.items():
        kept = seen[name] > (seen[name].min() + seen[name].max()) / 2
        if seen[name].shape != (ROWS, *row) or len({*seen[name].ravel().tolist()}) != 2:
            found.append(Deviation(name, f"{layer} {options}: of ones {seen[name].shape} come, not two numbers"))
            continue
        for axis in range(kept.ndim):
            alike = bool((kept == kept.take([0], axis=axis)).all())
            if alike != (axis in shared):
                words = "is shared" if alike else "is not shared"
                found.append(Deviation(name, f"{layer} {options}: a draw {words} along axis {axis}"))
    return found


FIRST, DILATED, STRIDED = {"data_format": "channels_first"}, {"dilation_rate": 2}, {"strides": 2}
EACH = ({}, STRIDED, DILATED)
PADDED = ("valid", "same")


def windows(layer: str, size: dict[str, Any], paddings: tuple[str, ...], each: tuple[dict[str, Any], ...] = EACH) -> list[tuple]:
    """A layer of windows with every padding and each of these options, channels last, and once first."""
    return [(layer, {**size, "padding": padding, **one, **where}) for padding in paddings for one in each
            for where in ({}, FIRST)[: 1 + (one is STRIDED and padding == "same")]]


TOLD: tuple[tuple[str, dict[str, Any]], ...] = (
    *windows("Conv1D", {"filters": 5, "kernel_size": 3}, (*PADDED, "causal")),
    *windows("SeparableConv1D", {"filters": 5, "kernel_size": 3}, PADDED, EACH[1:]),
    *windows("DepthwiseConv1D", {"kernel_size": 3, "depth_multiplier": 2}, PADDED, EACH[1:]),
    *windows("Conv1DTranspose", {"filters": 5, "kernel_size": 3}, PADDED, (STRIDED,)),
    *windows("MaxPooling1D", {"pool_size": 3}, PADDED, (STRIDED,)), *windows("AveragePooling1D", {"pool_size": 3}, PADDED, ({},)),
    *(("ZeroPadding1D", {"padding": (1, 3), **where}) for where in ({}, FIRST)),
    ("Cropping1D", {"cropping": (1, 2)}), ("UpSampling1D", {"size": 3}),
)
"""Keras' layer and its options."""


def comes(layer: str, options: Mapping[str, Any]) -> tuple[int, int]:
    """The steps and the features that come of a sequence of length `STEPS + 3`."""
    steps, size = STEPS + 3, options.get("kernel_size", options.get("pool_size", 1))
    padding = options.get("padding")
    strides = options.get("strides", size if "Pooling" in layer else 1)
    reach = (size - 1) * options.get("dilation_rate", 1)
    features = {"DepthwiseConv1D": 2 * FEATURES}.get(layer, options.get("filters", FEATURES))
    if layer in ("ZeroPadding1D", "Cropping1D", "UpSampling1D"):
        return {"ZeroPadding1D": steps + 4, "Cropping1D": steps - 3, "UpSampling1D": 3 * steps}[layer], features
    if layer == "Conv1DTranspose":
        return steps * strides if padding == "same" else (steps - 1) * strides + size, features
    return (steps - reach - 1) // strides + 1 if padding == "valid" else -(-steps // strides), features


@statement("A layer of windows over time tells the shape that comes, of every padding, stride, dilation and place of the "
           "channels, and leaves a time that is open so.", sparing=0, source="Keras: Layer.compute_output_shape")
def windows_tell_what_comes(ask) -> list[Deviation]:
    """Arrays by place: `came`, `told`, `open`, shapes, -1 where a size is open."""
    seen = ask(FunctionRequest("windows_told", (("layers", TOLD), ("rows", ROWS), ("row", (STEPS + 3, FEATURES)))))
    found = []
    for place, (layer, options) in enumerate(TOLD):
        steps, features = comes(layer, options)
        first = options.get("data_format") == "channels_first"
        for how, time in (("came", steps), ("told", steps), ("open", -1)):
            due, shape = (ROWS, features, time) if first else (ROWS, time, features), tuple(seen[f"{place}/{how}"].tolist())
            if shape != due:
                found.append(Deviation(f"{layer} {how}", f"{layer} {options}: {how} {shape}, expected {due}"))
    return found


INPUTS = tuple((rows, dtype, name and f"{form}_{rows}_{dtype}", form) for rows, dtype, name, form in product(
    (None, ROWS), (None, "int32"), (None, "named"), ("shape", "batch_shape")))
"""The batch, the dtype and the name that an input is told, and the word by which it is told its shape."""
OWN = ("shape", "function")
"""How a function of the user's own, as a layer, is told the shape that it gives: without the batch, or as a rule of it."""


@statement("An input has the shape, the batch, the dtype and the name that it is told, whichever of them, and in a model that is "
           "made of its configuration; a function as a layer that is told its shape keeps a batch that is known.", sparing=0,
           eager=1, source="Keras: Input, InputLayer, Lambda(output_shape)")
def inputs_are_what_they_are_told(ask) -> list[Deviation]:
    """Facts: `inputs`, for each of INPUTS the words of it and of its copy, (shape, dtype, name); `own` (how, batch, shape)."""
    facts = ask(FunctionRequest("inputs_told", (("inputs", INPUTS), ("own", OWN), ("rows", ROWS), ("row", SEQUENCE)))).facts
    told = facts.get("inputs", ())
    found = [] if tuple(one[0] for one in told) == INPUTS else [Deviation("inputs", f"{len(told)} of {len(INPUTS)} are told")]
    for (rows, dtype, name, form), *seen in told:
        for which, (shape, kind, called) in zip(("it", "its copy"), seen, strict=True):
            if (shape, kind) != ((rows, *SEQUENCE), dtype or "float32") or called != (name or called):
                words = f"told {(rows, *SEQUENCE)}, {dtype}, {name} by {form}: {which} is {(shape, kind, called)}"
                found.append(Deviation(f"input by {form}", words))
    return found + [Deviation(f"own {how}", f"a function that is told its {how}, of {rows} rows: {shape}")
                    for how, rows, shape in facts.get("own", ()) if shape != (rows, *SEQUENCE[:-1], 2 * FEATURES)]


BEGINS = ("input", "model", "series", "added")
"""What a series of layers begins with; `added`: a model that is added to an empty one."""
TWICE = ("listed", "added", "graph")
"""How two layers of one name come into one model."""


@statement("A series of layers is built once its first part tells a shape, whatever that is, and tells the shape of what comes, "
           "before and after its last layer is taken away; layers of one name are refused in one model.", sparing=0, eager=1,
           source="Keras: Sequential")
def series_are_built_of_what_they_begin_with(ask) -> list[Deviation]:
    """Facts: `series` (begin, built, shape of inputs, of outputs, how many weights, the shape once the last layer is away);
    `twice` (how, refused)."""
    facts = ask(FunctionRequest("series_held", (("begins", BEGINS), ("twice", TWICE), ("row", SEQUENCE)))).facts
    due = (True, (None, *SEQUENCE), (None, 3), 5, (None, 2))
    told, refused = {begin: tuple(seen) for begin, *seen in facts.get("series", ())}, dict(facts.get("twice", ()))
    return [Deviation(f"series {begin}", f"a series that begins with {begin}: {told.get(begin)}, expected {due}")
            for begin in BEGINS if told.get(begin) != due] + [
                Deviation(f"twice {how}", f"two layers of one name, {how}, are taken") for how in TWICE if not refused.get(how)]
