"""Keras' recurrent layers with dropout on few rows, with and without states that are carried."""

from __future__ import annotations

from typing import Any

import numpy as np

from cases.models import FunctionRequest
from cases.requests import Observation
from suite.backends import keras_layers as stacks
from suite.backends import moment


def run_few_rows(backend: Any, request: FunctionRequest) -> Observation:
    """Answer the request of `cases.families.few_rows.few_rows_are_dropped_from`."""
    options, keras, engine = dict(request.arguments), backend.keras, backend.engine
    inputs, mask, units = options["inputs"].astype("float32"), options["mask"], options["units"]
    of_kernel = {} if options["kernel"] == "fused" or options["cell"] == "simple_rnn" else {"use_cudnn": False}
    given = {} if mask is None else {"mask": engine.tensor(np.tile(mask, (len(inputs), 1)))}

    def made(**dropped: float) -> Any:
        one = getattr(keras.layers, stacks.LAYERS[options["cell"]])(units, stateful=options["stateful"], seed=7, **of_kernel,
                                                                    **dropped)
        one.build(inputs.shape)
        random = np.random.default_rng(2)
        one.set_weights([random.uniform(-0.5, 0.5, a.shape).astype("float32") for a in one.get_weights()])
        return one

    def call(one: Any, training: bool) -> np.ndarray:
        if options["stateful"]:
            one.reset_state()
        return engine.numpy(one(engine.tensor(inputs), training=training, **given))

    with moment("build"):
        plain, dropping = made(), made(**options["options"])
    with moment("run"):
        arrays = {"plain": call(plain, False), "idle": call(dropping, False)}
        return Observation(arrays | {name: call(dropping, True) for name in ("first", "second")})
