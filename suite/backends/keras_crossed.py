"""Keras' recurrent layers where several conditions meet: how they were made, what they are told and given, how they are asked."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np

from cases.layouts import from_keras, to_keras
from cases.models import FunctionRequest
from cases.requests import Observation, Request, Reset
from suite.backends import keras_layers as stacks
from suite.backends import moment
from suite.backends.apart import apart
from suite.backends.keras_again import configured
from suite.backends.keras_engines import Call
from suite.backends.keras_nests import leaves

SEED = 7
TRACED = 5
"""On TensorFlow a model around one row in so many is traced, which takes ten times as long as a step; on JAX none is, and nothing
compiled as a whole."""


class Crossed:
    """One layer as what `keras_layers.forward` and the engines call a stack: with a layer in front that masks, or none, inside a
    `TimeDistributed` one, or not; `eager`: whether a model around it is not traced."""

    def __init__(self, keras: Any, request: Request, row: Mapping[str, Any], made: Any, source: Any, eager: bool):
        self.keras, self.request, self.row, self.made, self.source, self.eager = keras, request, row, made, source, eager
        self.layer = request.layer
        self.layers = [self._listed if row["loop"] == "cells" else made]
        made.trainable = True
        self.variables = list(made.trainable_variables)
        self.hidden = [v for v in made.variables if not any(v is one for one in self.variables)]
        self.programs: dict[Any, Any] = {}
        self.kernels: dict[Any, str] = {}

    def _listed(self, *given: Any, **options: Any) -> Any:
        """The loop over cells, its states in one list."""
        answer = self.made(*given, **options)
        return tuple(leaves([answer])) if isinstance(answer, (list, tuple)) else answer

    def assign(self) -> None:
        """Give it the weights of the request."""
        flat = [array for one in to_keras(self.layer, self.request.weights).values() for array in one]
        given = {id(variable): array for variable, array in zip(self.variables, flat, strict=True)}
        self.made.set_weights([given.get(id(v), stacks.kept(v.value)).astype("float32") for v in self.made.weights])

    def weights(self) -> dict[str, np.ndarray]:
        """Its weights, by this project's names."""
        flat = [np.array(stacks.kept(v.value), "float32") for v in self.variables]
        return from_keras(self.layer, stacks.grouped(self.layer, flat))

    def apart(self, array: np.ndarray) -> np.ndarray:
        """Rows as rows of sequences, where the layer stands inside a `TimeDistributed` one."""
        if self.row["inside"] == "nothing":
            return array
        steps = 1 + (len(array) % 2 == 0)
        return array.reshape(len(array) // steps, steps, *array.shape[1:])

    def together(self, array: np.ndarray) -> np.ndarray:
        """The inverse."""
        return array if self.row["inside"] == "nothing" else array.reshape(-1, *array.shape[2:])


RATES = {"kernel": "dropout", "recurrent_kernel": "recurrent_dropout"}
"""Kernel -> the rate at which what it multiplies is dropped."""


def told(keras: Any, row: Mapping[str, Any], options: Mapping[str, Any]) -> dict[str, Any]:
    """Further options of a cell, or of a layer."""
    factor, rate = options["factor"], options["none" if row["training"] else "rate"]
    if row["told"] == "dropped":
        return {**{RATES[kernel]: options["all"] for kernel in row["before"]}, "seed": SEED}
    names = ("kernel", "recurrent", "bias")
    if row["told"] == "penalties":
        return {**{f"{name}_regularizer": keras.regularizers.L2(factor) for name in names},
                **{f"{name}_constraint": keras.constraints.NonNeg() for name in names}}
    if row["told"] == "rates":
        return {"dropout": rate, "recurrent_dropout": rate, "seed": SEED}
    return {"activity_regularizer": keras.regularizers.L2(factor)} if row["told"] == "activity" else {}


def made_new(keras: Any, request: Request, row: Mapping[str, Any], more: Mapping[str, Any]) -> Any:
    """The layer, built."""
    layer, kernel = request.layer, request.execution.kernel
    if row["loop"] == "cells":
        kind = getattr(keras.layers, f"{stacks.LAYERS[layer.cell]}Cell")
        cells = [kind(layer.units, **{**stacks.cell_options(layer), **more}) for _ in range(layer.layers)]
        cells = keras.layers.StackedRNNCells(cells, dtype=layer.dtype)
        made = keras.layers.RNN(cells, dtype=layer.dtype, **stacks.loop_options(layer, True, kernel))
    else:
        made = stacks.make(keras, layer, kernel, True, more, row["loop"] == "generic_unrolled")
    if row["inside"] != "nothing":
        made = keras.layers.TimeDistributed(made, dtype=layer.dtype)
    made.build(shape_of(request, row))
    return made


def shape_of(request: Request, row: Mapping[str, Any]) -> tuple[int | None, ...]:
    """Of what the layer reads, axes that may be open left open."""
    batch = request.batch
    rows = batch.size if request.layer.stateful else None
    outer = () if row["inside"] == "nothing" else (1 + (batch.size % 2 == 0),)
    steps = batch.time if "unrolled" in row["loop"] else None
    return rows, *outer, steps, *stacks.step_shape(request.layer)


def model_of(one: Crossed, trained: bool = False) -> Any:
    """A model around the layer. Inputs: the sequences, the mask and the initial states where they are given; and if it is to be
    `trained`, what each result counts in the loss."""
    keras, request, layer = one.keras, one.request, one.layer
    real, (rows, *sizes) = stacks.real_dtype(layer), shape_of(request, one.row)

    def given(*shape: int | None, dtype: str = real) -> Any:
        return keras.Input(batch_shape=(rows, *shape), dtype=dtype)

    sequences = given(*sizes)
    mask = given(sizes[0], dtype="bool") if request.batch.mask is not None and one.source is None else None
    state = stacks.to_axes(layer, np.empty((1, layer.units)), state=True).shape[1:]
    states = [[given(*state) for _ in each] for each in states_of(request)] or None
    outputs, finals, _ = stacks.forward(one, sequences, mask, states)
    inputs = [sequences, *([mask] if mask is not None else []), *leaves([states or []])]
    results = [*outputs, *finals]
    if trained:
        counted = [given(*result.shape[1:]) for result in results]
        results = [counting(keras)(dtype="float32")(result, c) for result, c in zip(results, counted, strict=True)]
        inputs += counted
    model = keras.Model(inputs if len(inputs) > 1 else inputs[0], results)
    if trained:
        model.compile(keras.optimizers.SGD(1.0), auto_scale_loss=False, run_eagerly=one.eager)
    model.run_eagerly = one.eager
    return model


def counting(keras: Any) -> type:
    """A layer of a result and numbers as many: their product is added to the losses."""

    class Counting(keras.layers.Layer):
        def call(self, result: Any, numbers: Any) -> Any:
            self.add_loss(keras.ops.sum(keras.ops.cast(result, numbers.dtype) * numbers))
            return result

    return Counting


def states_of(request: Request) -> list[list[np.ndarray]]:
    """The initial states of the layer, in a list; nothing where none are given."""
    named = request.batch.initial_states
    return stacks.states_of(request.layer, named) if named is not None else []


def remade(one: Crossed) -> Crossed:
    """The layer, or one that is made of its configuration, with its weights."""
    if one.row["made"] == "new":
        return one
    return Crossed(one.keras, one.request, one.row, configured(one.made, shape_of(one.request, one.row)), one.source, one.eager)


def arguments(one: Crossed, cotangents: bool = False) -> list[np.ndarray]:
    """What a model around it is given."""
    request, layer = one.request, one.layer
    real = stacks.real_dtype(layer)
    inputs, mask = stacks.masked_inputs(request, request.batch)
    states = [stacks.to_axes(layer, s.astype(real), state=True) for each in states_of(request) for s in each]
    counted = [one.apart(stacks.to_axes(layer, request.batch.cotangents[name].astype(real), state=True))
               for name in layer.result_names] if cotangents else []
    return [one.apart(stacks.to_axes(layer, inputs)), *([] if mask is None else [mask]), *states, *counted]


def call_of(backend: Any, one: Crossed) -> Call:
    """The batch as tensors."""
    request, layer, tensor = one.request, one.layer, backend.engine.tensor
    inputs, mask = stacks.masked_inputs(request, request.batch)
    real = stacks.real_dtype(layer)

    def result(array: np.ndarray) -> Any:
        return tensor(one.apart(stacks.to_axes(layer, array.astype(real), state=True)))

    states = [[result(s) for s in each] for each in states_of(request)] or None
    wanted = "gradients" in request.wants
    return Call(tensor(one.apart(stacks.to_axes(layer, inputs))), None if mask is None else tensor(mask), states,
                [result(request.batch.cotangents[name]) for name in layer.result_names] if wanted else None,
                training=request.execution.mode == "training", eager=True)


def results(backend: Any, one: Crossed, found: Any) -> dict[str, np.ndarray]:
    """Outputs and states, by name."""
    layer = one.layer
    return {name: stacks.from_axes(layer, one.together(backend.engine.numpy(tensor)))
            for name, tensor in zip(layer.result_names, found, strict=True)}


def crossed(
    backend: Any, request: Request, row: Mapping[str, Any], more: Mapping[str, Any], eager: bool = False,
) -> tuple[dict, dict]:
    """The arrays and facts of one crossing. `more`: further options of the cell, or of the layer."""
    keras = backend.keras
    with moment("build"):
        source = stacks.source_of(keras, request.layer, request.execution.mask_from)
        one = Crossed(keras, request, row, made_new(keras, request, row, more), source, eager)
        for again in (False, True):
            one = remade(one) if again else one
            if row["frozen"]:  # a copy of what is frozen need not be: a finding of its own
                one.made.trainable = False
            one.assign()
    with moment("run"):
        arrays, facts = WAYS[row["way"]](backend, one)
    return arrays, {"padding": backend.padding(request.layer), **facts}


def in_turn(one: Crossed, ask: Callable[[], Any]) -> Any:
    """The last answer, where states are carried from one to the next, or forgotten between them."""
    answer = None
    for each in (*one.request.before, one.request.batch):
        if isinstance(each, Reset):
            one.made.reset_state()
        else:
            answer = ask()
    return answer


def called(backend: Any, one: Crossed) -> tuple[dict, dict]:
    """What a call gives, with gradients where they are wanted."""
    engine, call = backend.engine, call_of(backend, one)
    answer = in_turn(one, lambda: engine.call(one, call))
    arrays = results(backend, one, (*answer.outputs, *answer.states))
    arrays |= {} if answer.mask is None or one.row["inside"] != "nothing" else {"mask": engine.numpy(answer.mask)}
    arrays |= penalty(engine, one, one.made.losses)
    if answer.gradients is not None:
        arrays |= {"loss": engine.numpy(answer.loss), **gradients(backend, one, answer.gradients)}
    return arrays, {"dtype": one.keras.backend.standardize_dtype(answer.outputs[0].dtype)}


def penalty(engine: Any, one: Crossed, losses: Sequence[Any]) -> dict[str, np.ndarray]:
    """The sum of a layer's losses, where it was told of some."""
    if one.row["told"] not in ("penalties", "activity"):
        return {}
    return {"penalty": np.array(sum(float(engine.numpy(loss)) for loss in losses))}


def stateless(backend: Any, one: Crossed) -> tuple[dict, dict]:
    """What a call gives that is given the layer's variables, and gives back what became of them; none of its own changes."""
    call, made = call_of(backend, one), one.made
    weights, others = ([v.value for v in of] for of in (made.trainable_variables, made.non_trainable_variables))
    before = [stacks.kept(one) for one in others]
    told = {"training": True} if call.training else {}
    told |= {"mask": call.mask} if call.mask is not None else {}
    told |= {"initial_state": call.states[0]} if call.states else {}
    answer, _, losses = made.stateless_call(weights, others, call.inputs, return_losses=True, **told)
    for variable, array in zip(made.non_trainable_variables, before, strict=True):
        if not np.array_equal(stacks.kept(variable.value), array):
            raise ValueError(f"a call that was given the variables changed {variable.path}")
    return {**results(backend, one, leaves([answer])), **penalty(backend.engine, one, losses)}, {}


def gradients(backend: Any, one: Crossed, found: tuple) -> dict[str, np.ndarray]:
    """Gradients by name; those that there are."""
    numpy, layer, request = backend.engine.numpy, one.layer, one.request
    inputs, states, weights = found
    arrays = {"gradients/inputs": stacks.from_axes(layer, one.together(numpy(inputs)))}
    if request.batch.initial_states is not None:
        named = zip(layer.state_keys(), states, strict=True)
        arrays |= {f"gradients/states/{key}": stacks.from_axes(layer, numpy(state)) for key, state in named}
    if all(gradient is not None for gradient in weights):
        flat = from_keras(layer, stacks.grouped(layer, [numpy(gradient) for gradient in weights]))
        arrays |= {f"gradients/weights/{name}": array for name, array in flat.items()}
    return arrays


def predicted(backend: Any, one: Crossed) -> tuple[dict, dict]:
    """What a model around it predicts."""
    model, given = model_of(one), arguments(one)
    found = leaves([in_turn(one, lambda: model.predict_on_batch(given if len(given) > 1 else given[0]))])
    arrays = {name: stacks.from_axes(one.layer, one.together(stacks.kept(array)).astype("float32"))
              for name, array in zip(one.layer.result_names, found, strict=True)}
    return arrays, {}


def trained(backend: Any, one: Crossed) -> tuple[dict, dict]:
    """Its weights after a step of training."""
    model_of(one, trained=True).train_on_batch(arguments(one, cotangents=True))
    return {f"trained/{name}": array for name, array in one.weights().items()}, {}


def tested(backend: Any, one: Crossed) -> tuple[dict, dict]:
    """The loss of a model around it, not in training."""
    model, given = model_of(one, trained=True), arguments(one, cotangents=True)
    loss = in_turn(one, lambda: model.test_on_batch(given))
    return {"tested": np.array(np.ravel(loss)[0])}, {}


WAYS = {"call": called, "predict": predicted, "train": trained, "test": tested, "stateless": stateless}
"""Of being asked -> what makes arrays and facts."""


def run_crossed_conditions(backend: Any, request: FunctionRequest) -> Observation:
    """Answer the request of `cases.families.crossed_conditions`."""
    options = dict(request.arguments)

    def answer(place: int, one: Request, row: Mapping[str, Any]) -> Observation:
        eager = backend.engine.name == "jax" or backend.engine.name == "tensorflow" and place % TRACED > 0
        with backend.engine.step_by_step():
            arrays, facts = crossed(backend, one, row, told(backend.keras, row, options), eager)
        return Observation(arrays, facts=facts)

    return apart(partial(answer, place, one, dict(row)) for place, (one, row) in enumerate(options["each"]))
