"""What Keras' layers take and hand on beside their numbers: inputs and masks of other dtypes, masks on their results, and the
states that they list."""

from __future__ import annotations

from typing import Any

import numpy as np

from cases.convolutions import unflat
from cases.families.wrappers import PARTS
from cases.models import FunctionRequest
from cases.requests import Observation
from suite.backends import keras_layers as stacks
from suite.backends import moment
from suite.backends.keras_nests import copied, leaves
from suite.backends.keras_wrappers import loop


def made(keras: Any, options: dict[str, Any], **more: Any) -> Any:
    """The layer that is asked about: a loop in its direction, or a wrapper around it."""
    merge = options.get("merge", "concat")
    one = loop(keras, PARTS[options["part"]], go_backwards=options["direction"] == "backward", **more)
    if options["direction"] == "bidirectional":
        one = keras.layers.Bidirectional(one, None if merge == "none" else merge)
    return one


def own_masks(backend: Any, mask: np.ndarray, kept: bool) -> dict[str, Any]:
    """The masks of two results of a layer of one's own, which computes one of each; the first result has one before, if it is
    `kept`, of steps that are zero."""
    keras, engine = backend.keras, backend.engine
    inputs = engine.tensor(np.where(mask[:, ::-1, None], np.float32(1.0), np.float32(0.0)))

    class Pair(keras.layers.Layer):
        def __init__(self) -> None:
            super().__init__()
            self.supports_masking, self.masking = True, keras.layers.Masking()

        def call(self, inputs: Any) -> Any:
            return self.masking(inputs) if kept else inputs * 1.0, inputs * 2.0

        def compute_mask(self, inputs: Any, previous: Any) -> Any:
            return engine.tensor(mask), engine.tensor(~mask)

    return {f"{'kept' if kept else 'own'}/{n}": stacks.passed_mask(one) for n, one in enumerate(Pair()(inputs))}


def run_carried_masks(backend: Any, request: FunctionRequest) -> Observation:
    """Answer the request of `cases.families.handed_on.results_carry_their_masks`."""
    options, keras, engine = dict(request.arguments), backend.keras, backend.engine
    mask = options["mask"]
    with moment("build"):
        one = made(keras, options, return_sequences=options["return_sequences"], return_state=options["return_state"])
        inputs = np.ones((*mask.shape, *stacks.step_shape(PARTS[options["part"]][0])), "float32")
        one.build(inputs.shape)
        random = np.random.default_rng(1)  # the directions have weights of their own
        one.set_weights([random.uniform(-0.5, 0.5, a.shape).astype(a.dtype) for a in one.get_weights()])
    with moment("run"):
        answer, told = one(engine.tensor(inputs), mask=engine.tensor(mask)), one.compute_mask(inputs, engine.tensor(mask))
        results = leaves(answer)
    masks = {f"masks/{n}": stacks.passed_mask(result) for n, result in enumerate(results)}
    if options["own"]:
        masks |= own_masks(backend, mask, False) | own_masks(backend, mask, True)
    arrays = {name: engine.numpy(passed) for name, passed in masks.items() if passed is not None}
    if not options["return_sequences"] or options["merge"] == "none" and options["return_state"]:
        arrays |= {f"results/{n}": engine.numpy(result) for n, result in enumerate(results)}
    told, answer = (each if isinstance(each, (list, tuple)) else [each] for each in (told, answer))
    return Observation(arrays, facts={"results": len(results), "answer": len(answer),
                                      "told": tuple(each is not None for each in told)})


def run_listed_states(backend: Any, request: FunctionRequest) -> Observation:
    """Answer the request of `cases.families.handed_on.listed_states_go_on`."""
    options, keras, engine = dict(request.arguments), backend.keras, backend.engine
    form = PARTS[options["part"]][0].convolution
    first, second = (unflat(form, x, form.space) if form else x for x in (b.astype("float32") for b in options["batches"]))
    with moment("build"):
        one, other = made(keras, options, stateful=True), made(keras, options)
        for each in (one, other):
            each.build(first.shape)
        for each in (one, other):  # every weight another number, the biases too
            random = np.random.default_rng(1)
            each.set_weights([random.uniform(-0.5, 0.5, a.shape).astype(a.dtype) for a in each.get_weights()])
    with moment("run"):
        one(engine.tensor(first))
        nested = copied(list(one.states), lambda state: engine.tensor(engine.numpy(state.value)))
        found = {"carried": one(engine.tensor(second)), "given": other(engine.tensor(second), initial_state=tuple(nested)),
                 "fresh": other(engine.tensor(second))}
        for name in ("reset_state", "reset_states", *(("build",) if options["direction"] != "bidirectional" else ())):
            if hasattr(one, name) and len(PARTS[options["part"]]) == 1:  # of several cells: reset_forgets_every_state
                getattr(one, name)(*((first.shape,) if name == "build" else ()))
                found[f"after/{name}"] = one(engine.tensor(second))
    return Observation({name: engine.numpy(array) for name, array in found.items()})


def run_other_dtype(backend: Any, request: FunctionRequest) -> Observation:
    """Answer the request of `cases.families.precision.other_dtypes_are_taken`."""
    options, keras, engine = dict(request.arguments), backend.keras, backend.engine
    asked = options["request"]
    layer, batch = asked.layer, asked.batch
    given = {"inputs": batch.inputs.astype("float32"), "mask": batch.mask}
    given[options["what"]] = given[options["what"]].astype(options["dtype"])
    with moment("build"):
        one = getattr(keras.layers, stacks.LAYERS[layer.cell])(layer.units, return_sequences=True)
        one = keras.layers.Bidirectional(one) if layer.direction == "bidirectional" else one
        one.build(batch.inputs.shape)
        stacks.give(one, layer, asked.weights)
    with moment("run"):
        found = {}
        for name, which in (("outputs", slice(None)), ("row", slice(1))):
            mask = {} if given["mask"] is None else {"mask": engine.tensor(given["mask"][which])}
            found[name] = engine.numpy(one(engine.tensor(given["inputs"][which]), **mask))
    return Observation(found, facts={"padding": "hold"})
