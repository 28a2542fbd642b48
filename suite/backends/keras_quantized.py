"""Keras models that are quantized, saved and made again."""

from __future__ import annotations

from typing import Any

import numpy as np

from cases.models import FunctionRequest
from cases.requests import Observation, Unsupported
from suite.backends import moment
from suite.backends.keras_again import remade

WIDE = 130
"""Inputs of a layer of which 128 are calibrated at a time."""


def given(keras: Any, mode: str, ids: np.ndarray, structure: dict[str, list] | None) -> dict[str, Any]:
    """What `Model.quantize` is given: a mode, or a configuration of one that has options; `structure`, what is to be calibrated.
    Raises AttributeError where this release has none such."""
    calibrated = {"dataset": [ids], "tokenizer": str, "num_samples": 4, "sequence_length": ids.shape[1],
                  "quantization_layer_structure": structure}
    configurations = {"gptq": lambda: keras.quantizers.GPTQConfig(**calibrated, group_size=-1),
                      "gptq_in_groups": lambda: keras.quantizers.GPTQConfig(**calibrated, group_size=2),
                      "awq": lambda: keras.quantizers.AWQConfig(**calibrated, group_size=2, num_grid_points=4)}
    return {"config": configurations[mode]()} if mode in configurations else {"mode": mode}


def run_quantized_model(backend: Any, request: FunctionRequest) -> Observation | Unsupported:
    """Answer the request of `cases.families.quantized_models.quantized_models_are_made_again`. What raises an error is told in
    words."""
    options, keras, engine = dict(request.arguments), backend.keras, backend.engine
    layers, ids = keras.layers, options["ids"].astype("int32")
    made_of = {"heads": lambda: layers.MultiHeadAttention(2, 2), "shared_heads": lambda: layers.GroupQueryAttention(2, 4, 2)}
    if options["model"] == "shared_heads" and not hasattr(layers, "GroupQueryAttention"):
        return Unsupported("this release of Keras has no GroupQueryAttention")
    if options["model"].endswith("wide") and engine.name != "torch":
        return Unsupported("it takes minutes to calibrate many inputs where each step of it is compiled")
    calibrated = options["mode"].startswith(("gptq", "awq"))
    with moment("build"):
        start, width = keras.Input(ids.shape[1:], dtype="int32"), WIDE if options["model"].endswith("wide") else 4
        words = layers.Embedding(options["words"], width, mask_zero=True)
        inside = words(start)
        block = keras.Sequential([layers.Dense(width, "tanh")], name="block")
        if options["model"] in made_of:
            inside = made_of[options["model"]]()(inside, inside)
        if calibrated:
            inside = block(inside)
        head = layers.Dense(6, layers.Activation("tanh") if options["model"] in ("int8", "heads") else None)
        model = keras.Model(start, head(layers.GlobalAveragePooling1D()(inside)))
        outputs = lambda one: np.array(engine.numpy(one(engine.tensor(ids))))  # noqa: E731
        before = outputs(model)
        structure = {"pre_block_layers": [words], "sequential_blocks": [block]} if calibrated else None
        if options["model"].endswith("by_the_model"):
            model.get_quantization_layer_structure, structure = lambda mode, told=structure: told, None
        try:
            how = given(keras, options["mode"], ids, structure)
        except AttributeError as error:
            return Unsupported(f"this release of Keras cannot be told so: {error}")
        model.quantize(**how)
    found, raised = {"before": before, "after": outputs(model)}, []

    with moment("run"):
        for way in options["ways"]:
            try:
                again = remade(keras, model, way)
                if way == "configuration":
                    again.set_weights(model.get_weights())
                found[way] = outputs(again)
            except Exception as error:
                raised.append((way, f"{type(error).__name__}: {error}"[:300]))
    left = () if calibrated or head.quantization_mode else ("Dense",)
    return Observation(found, facts={"raised": tuple(raised), "left": left})


def run_grouped_weights(backend: Any, request: FunctionRequest) -> Observation | Unsupported:
    """Answer the request of `cases.families.quantized_models.grouped_weights_are_near`: what it gives of each input alone."""
    options, keras, engine = dict(request.arguments), backend.keras, backend.engine
    if not hasattr(keras.quantizers, "Int4QuantizationConfig"):
        return Unsupported("this release of Keras keeps no weights in 4 bits in groups")
    layers, (inputs, outputs) = keras.layers, options["weights"].shape
    with moment("build"):
        layer, shape, given = {
            "Dense": lambda: (layers.Dense(outputs, use_bias=False), (None, inputs), np.eye(inputs, dtype="float32")),
            "EinsumDense": lambda: (layers.EinsumDense("ab,bc->ac", (outputs,)), (None, inputs), np.eye(inputs, dtype="float32")),
            "Embedding": lambda: (layers.Embedding(inputs, outputs), None, np.arange(inputs, dtype="int32")),
        }[options["kind"]]()
        layer.build(shape)
        layer.set_weights([options["weights"]])
        layer.quantize("int4", config=keras.quantizers.Int4QuantizationConfig(block_size=options["group"]))
    with moment("run"):
        return Observation({"weights": np.array(engine.numpy(layer(engine.tensor(given))), "float64")})
