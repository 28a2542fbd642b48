"""What Keras makes batches of beside arrays: windows of a series, and text. TensorFlow makes both, whatever the engine; the
process of another engine does not load it."""

from __future__ import annotations

from typing import Any

import numpy as np

from cases.families.windows import FEW
from cases.models import FunctionRequest
from cases.requests import Observation, Unsupported
from suite.backends import moment
from suite.backends.keras_again import remade

ELSEWHERE = "made by TensorFlow whatever the engine: asked where TensorFlow is the engine"


def run_windows(backend: Any, request: FunctionRequest) -> Observation | Unsupported:
    """Answer the request of `cases.families.windows`: the series is the numbers of its own steps."""
    options, keras = dict(request.arguments), backend.keras
    if backend.engine_name != "tensorflow":
        return Unsupported(ELSEWHERE)
    series = np.arange(options["long"])
    targets = {"all": series, "few": series[:FEW], "none": None}[options["targets"]]
    with moment("build"):
        batches = keras.utils.timeseries_dataset_from_array(
            series, targets, options["length"], options["stride"], options["rate"],
            options["size"], options["shuffled"], 7, options["start"], options["stop"])
    with moment("run"):
        came = [one if options["targets"] != "none" else (one, one[:, 0]) for one in batches.as_numpy_iterator()]
    steps, targets = (np.concatenate(each) for each in zip(*came, strict=True))
    return Observation({"steps": steps, "targets": targets, "sizes": np.array([len(one) for one, _ in came])})


def run_words(backend: Any, request: FunctionRequest) -> Observation | Unsupported:
    """Answer the request of `cases.families.words`."""
    options, keras = dict(request.arguments), backend.keras
    if backend.engine_name != "tensorflow":
        return Unsupported(ELSEWHERE)
    tensor = backend.engine.tf.constant
    with moment("build"):
        layer = keras.layers.TextVectorization(options["most"], output_sequence_length=options["length"])
        layer.adapt(tensor(options["learnt"]))
    texts = tensor([[text] for text in options["texts"]])
    with moment("run"):
        found = layer(texts).numpy()
        if options["way"] == "configuration":
            again = type(layer).from_config(layer.get_config())
            again.set_vocabulary(layer.get_vocabulary())
        else:
            again = remade(keras, keras.Sequential([keras.Input((1,), dtype="string"), layer]), "file").layers[-1]
        return Observation({"ids": found, "again": again(texts).numpy()})


def run_padded_with(backend: Any, request: FunctionRequest) -> Observation | Unsupported:
    """Answer the request of `cases.families.packed.numbers_pad_as_they_are`."""
    options = dict(request.arguments)
    if options["helper"] != "padded":
        return Unsupported("Keras packs no sequences")
    given = options["sequences"]
    with moment("run"):
        padded = backend.keras.utils.pad_sequences(given, dtype=given[0].dtype, padding="post", value=options["number"])
        return Observation({"padded": padded.astype("float64")})
