"""A Keras layer of one's own that writes more than its weights, in a file of its model."""

from __future__ import annotations

import os
from typing import Any

import numpy as np

from cases.models import FunctionRequest
from cases.requests import Observation, Unsupported
from suite.backends import moment
from suite.backends.keras_again import has_folders, loaded


def writing(backend: Any) -> type:
    """A layer that adds a number behind another one. It writes what is not as Keras would write it: the number, turned, under a
    name of its own; a text, as a file; and the shape that it is built for, doubled."""
    keras, engine = backend.keras, backend.engine

    class Writing(keras.layers.Layer):
        def __init__(self, inner: Any = None, **named: Any):
            super().__init__(**named)
            self.inner, self.text, self.sizes = inner, "", ()

        def build(self, shape: Any) -> None:
            self.sizes = tuple(shape)[1:]
            self.number = self.add_weight(shape=(2,), initializer="zeros", name="number")
            if self.inner is not None and not self.inner.built:
                self.inner.build(shape)

        def call(self, x: Any) -> Any:
            return (x if self.inner is None else self.inner(x)) + self.number[0]

        def get_config(self) -> dict[str, Any]:
            return {**super().get_config(), "inner": self.inner and keras.saving.serialize_keras_object(self.inner)}

        @classmethod
        def from_config(cls, config: dict[str, Any]) -> Any:
            inner = config.pop("inner")
            return cls(inner and keras.saving.deserialize_keras_object(inner, {"Writing": cls}), **config)

        def get_build_config(self) -> dict[str, Any]:
            return {"doubled": [2 * size for size in self.sizes]}

        def build_from_config(self, config: dict[str, Any]) -> None:
            if not self.built:
                self.build((None, *(size // 2 for size in config["doubled"])))

        def save_own_variables(self, store: Any) -> None:
            store["of its own"] = engine.numpy(self.number.value)[::-1]

        def load_own_variables(self, store: Any) -> None:
            self.number.assign(store["of its own"][::-1])

        def save_assets(self, folder: str) -> None:
            with open(os.path.join(folder, "text"), "w") as file:
                file.write(self.text)

        def load_assets(self, folder: str) -> None:
            with open(os.path.join(folder, "text")) as file:
                self.text = file.read()

    return Writing


def run_written_beside(backend: Any, request: FunctionRequest) -> Observation | Unsupported:
    """Answer the request of `cases.families.saved.files_hold_what_layers_write`."""
    options, keras = dict(request.arguments), backend.keras
    if options["way"] == "folder" and not has_folders(keras):
        return Unsupported("this release writes no folders")
    x, one_of = options["inputs"].astype("float32"), writing(backend)

    def told(model: Any, when: str) -> dict[str, np.ndarray]:
        outer = model.layers[-1]
        arrays = {f"{when}/predictions": np.asarray(model.predict_on_batch(x))}
        for name, one in (("outer", outer), ("inner", outer.inner)):
            arrays[f"{when}/{name}/text"] = np.frombuffer(one.text.encode(), np.uint8)
            arrays[f"{when}/{name}/own"] = backend.engine.numpy(one.number.value)
            arrays[f"{when}/{name}/built"] = np.array(one.sizes)
        return arrays

    with moment("build"):
        outer = one_of(one_of(name="inner"), name="outer")
        model = keras.Sequential([keras.Input(x.shape[1:]), outer])
        for place, one in enumerate((outer, outer.inner)):
            one.text = f"text {place}"
            one.number.assign(np.array([2.5, 0.25]) + place)
    with moment("trace"):
        other = loaded(keras, model, options["way"], custom_objects={"Writing": one_of})
        return Observation({**told(model, "due"), **told(other, "found")})
