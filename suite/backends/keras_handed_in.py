"""Keras' layers inside a wrapper, which tell what they were handed."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from typing import Any

from cases.families import handed_in as case
from cases.models import FunctionRequest
from cases.requests import Observation
from suite.backends import moment


def of_open_time(tf: Any, function: Callable[..., Any], *tensors: Any) -> Any:
    """What a function of tensors gives that is not told how many steps they have before it runs."""
    signature = [tf.TensorSpec([one.shape[0], None, *one.shape[2:]], one.dtype) for one in tensors]
    return tf.function(function, autograph=False, input_signature=signature)(*tensors)


def run_handed_in(backend: Any, request: FunctionRequest) -> Observation:
    """Answer the request of `cases.families.handed_in.wrapped_layers_are_handed_masks_and_modes`."""
    options, keras, engine = dict(request.arguments), backend.keras, backend.engine
    ops, wrapper = keras.ops, keras.layers.TimeDistributed
    tensors = engine.tensor(options["inputs"].astype("float32")), engine.tensor(options["mask"])

    class Telling(keras.layers.Layer):
        def call(self, inputs: Any, training: Any = None, mask: Any = None) -> Any:
            outputs = inputs * (case.TWICE if training else 1.0)
            if mask is None:
                return outputs
            return ops.where(ops.reshape(mask, (*mask.shape, *[1] * (len(inputs.shape) - len(mask.shape)))), outputs, -outputs)

        def compute_output_shape(self, shape: Any) -> Any:
            return shape

    with moment("build"):
        one, around = wrapper(Telling()), wrapper(wrapper(Telling()))
        one.build(options["inputs"].shape)
        around.build((*options["inputs"].shape, 1))
    modes = [*product((True, False), repeat=2)]

    def every(inputs: Any, mask: Any) -> dict[str, Any]:
        found = {}
        for training, masked in modes:
            name = f"{'training' if training else 'inference'}/{'masked' if masked else 'unmasked'}"
            told = {"training": training, **({"mask": mask} if masked else {})}
            found[f"one/{name}"] = one(inputs, **told)
            if inputs.shape[1] is not None:
                found[f"around/{name}"] = around(inputs[..., None], **told)[..., 0]
        return found

    with moment("run"):
        came = engine.at_once(every, *tensors)
        left_open = of_open_time(engine.tf, every, *tensors) if engine.name == "tensorflow" else came  # which alone has such
    found = {name.replace("one/", "known/").replace("around/", "around_both/"): one for name, one in came.items()}
    found |= {name.replace("one/", "open/"): one for name, one in left_open.items() if name.startswith("one/")}
    return Observation({name: engine.numpy(one) for name, one in found.items()})
