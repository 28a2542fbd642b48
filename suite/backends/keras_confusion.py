"""Keras' metrics of flags."""

from __future__ import annotations

from typing import Any

import numpy as np

from cases.models import FunctionRequest
from cases.requests import Observation
from suite.backends import moment
from suite.backends.keras_stateless import result


def run_confusion(backend: Any, request: FunctionRequest) -> Observation:
    """Answer the request of `cases.families.confusion.flags_are_counted`: each metric is told the last batch, is reset, and is
    told both; its configuration makes it."""
    options, keras, engine = dict(request.arguments), backend.keras, backend.engine
    batches = [{name: engine.tensor(options[name][rows].astype("float32")) for name in (
        "flags", "shares", "logits", "numbers", "classes", "others", "number", "share", "constant", "weights", "column")}
        for rows in (slice(options["rows"]), slice(options["rows"], None))]
    found = {}
    for name, kind, given, reads, weights, stateless in options["metrics"]:
        with moment("build"):
            one = getattr(keras.metrics, kind)(**{n: list(v) if isinstance(v, tuple) else v for n, v in given.items()})
            one = type(one).from_config(one.get_config())
        told = [[batch[one] for one in (*reads, *([weights] if weights else []))] for batch in batches]
        with moment("run"):
            one.update_state(*told[1])
            one.reset_state()
            if stateless:
                found[f"{name}/stateless"] = engine.numpy(result(one, told))
            for batch in told:
                one.update_state(*batch)
            found[name] = engine.numpy(keras.ops.convert_to_tensor(one.result()))
    return Observation({name: np.array(value, "float64") for name, value in found.items()})
