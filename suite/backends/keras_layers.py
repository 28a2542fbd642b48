"""A described recurrent layer as Keras layers: how they are built, given weights, called, saved and loaded again.

A stack of `layers` is a list of Keras layers called in sequence, each with its own `initial_state`. The first one gets
the mask as its `mask` argument; what the further ones see is what Keras itself passes on with the tensors between
them, as in any functional or Sequential model. The same calls, on symbolic tensors, make the functional model that
is saved and that `predict` runs.

`keras` is an argument everywhere: only the backend's class imports it.
"""

from __future__ import annotations

import importlib
import inspect
import re
from collections.abc import Mapping, Sequence
from functools import cache, partial
from typing import Any

import numpy as np

from cases.batches import Batch
from cases.convolutions import flat, unflat
from cases.layers import Layer
from cases.layouts import prefixes, to_keras
from cases.requests import MASK_VALUES, Request
from suite.backends.keras_again import configured, loaded
from suite.backends.strided import laid_out

LAYERS: Mapping[str, str] = {"simple_rnn": "SimpleRNN", "lstm": "LSTM", "gru": "GRU"}
SEED = 20_000
ROWS = 512
"""How many rows the embedding has that may stand in front of the layers."""


@cache
def accepts(kind: type, option: str) -> bool:
    """Whether the constructor of `kind` names this option. Keras' own releases differ here."""
    return option in inspect.signature(kind.__init__).parameters


def unknown_option(keras: Any, layer: Layer, kernel: str) -> str | None:
    """Which option this release does not have yet, or None. By its number: a later one that refuses the option is at fault."""
    release = tuple(int(number) for number in re.findall(r"\d+", keras.__version__)[:2])
    if layer.cell == "gru" and layer.implementation != 2 and kernel != "generic" and release < (3, 4):
        return "the layer GRU takes `implementation` from Keras 3.4 on; GRUCell took it before"
    return None


def cell_options(layer: Layer) -> dict[str, Any]:
    """The options of the cell, by Keras' names. The seed is given where there is dropout, so that runs repeat. Weights
    are given afterwards, so none is drawn before: JAX compiles a program for each shape that it draws. Half layers are made as
    users make them, for drawing may fail there."""
    options: dict[str, Any] = {
        "activation": layer.activation,
        "use_bias": layer.bias,
        "dropout": layer.dropout,
        "recurrent_dropout": layer.recurrent_dropout,
        "dtype": layer.dtype,
    }
    if layer.dtype not in ("bfloat16", "float16"):
        options |= {"kernel_initializer": "zeros", "recurrent_initializer": "zeros"}
    if layer.dropout or layer.recurrent_dropout:
        options["seed"] = SEED
    if layer.convolution is not None:
        of = layer.convolution
        options |= {"kernel_size": of.size, "strides": of.strides, "padding": of.padding, "dilation_rate": of.dilation,
                    "data_format": of.data_format}
    if layer.cell != "simple_rnn":
        options["recurrent_activation"] = layer.recurrent_activation
        if layer.implementation != 2:  # Keras' default; its first releases do not know the option for a GRU
            options["implementation"] = layer.implementation
    if layer.cell == "gru":
        options["reset_after"] = layer.reset_after
    return options


def loop_options(layer: Layer, last: bool, kernel: str) -> dict[str, Any]:
    """The options of the loop around the cell. `last`: whether it is the last layer of its stack."""
    options: dict[str, Any] = {
        "return_sequences": layer.return_sequences or not last,
        "return_state": layer.return_state,
        "go_backwards": layer.direction == "backward",
        "stateful": layer.stateful,
        "unroll": kernel == "unrolled",
    }
    if layer.padding_output == "zero":
        options["zero_output_for_mask"] = True
    return options


def construct(keras: Any, options: Mapping[str, Any]) -> Any:
    """A Keras layer from options by this project's names, whatever their values. Raises KeyError for another name."""
    names = {"activation": "activation", "recurrent_activation": "recurrent_activation", "dropout": "dropout",
             "recurrent_dropout": "recurrent_dropout"}
    rest = {name: value for name, value in options.items() if name not in ("cell", "features", "units", "direction", "merge")}
    made = getattr(keras.layers, LAYERS[options["cell"]])(options["units"], **{names[n]: v for n, v in rest.items()})
    if options.get("direction") == "bidirectional":
        made = keras.layers.Bidirectional(made, options.get("merge", "concat"))
    made.build((None, None, options["features"]))
    return made


def make(
    keras: Any, layer: Layer, kernel: str, last: bool, more: Mapping[str, Any] | None = None, unroll: bool = False,
) -> Any:
    """One Keras layer of the stack, not built. `more`: further options of its cell, or of the layer itself; `unroll`: also where
    it is `generic`.

    `generic` is `RNN(Cell(...))`; every other kernel is the layer as users write it, with `use_cudnn="auto"` where
    this release has that option (later ones have it as their default).
    """
    name = f"ConvLSTM{layer.convolution.rank}D" if layer.convolution else LAYERS[layer.cell]
    kind = getattr(keras.layers, name)
    if kernel == "generic":
        cell = getattr(keras.layers, f"{name}Cell")(layer.units, **{**cell_options(layer), **(more or {})})
        made = keras.layers.RNN(cell, dtype=layer.dtype, **loop_options(layer, last, "unrolled" if unroll else kernel))
    else:
        options = {**cell_options(layer), **loop_options(layer, last, kernel), **(more or {})}
        if accepts(kind, "use_cudnn"):
            options["use_cudnn"] = "auto"
        made = kind(layer.filters, **options)
    if layer.direction != "bidirectional":
        return made
    return keras.layers.Bidirectional(made, None if layer.merge == "none" else layer.merge, dtype=layer.dtype)


class Stack:
    """Built Keras layers for one description, with their variables in the project's order.

    source      the layer in front that makes the mask, or None where the mask is an argument
    variables   the trainable ones: kernel, recurrent_kernel and, if there is one, bias of every cell
    hidden      seeds, carried states and what an embedding in front holds, and `fresh`, what they held when the stack was built
    programs    compiled functions of this stack, by what they compute; kept by the engine
    kernels     the kernels that a compiled function was seen to use when it was traced
    """

    def __init__(self, keras: Any, layer: Layer, keras_layers: Sequence[Any], source: Any = None):
        self.keras, self.layer, self.layers, self.source = keras, layer, list(keras_layers), source
        self.cells = {}
        for index, made in enumerate(self.layers):
            for direction, one in zip(layer.directions, halves(made), strict=True):
                self.cells[f"{index}/{direction}"] = one.cell
        self.variables = [v for prefix in prefixes(layer) for v in self.weights(prefix)]
        seeds = [cell.seed_generator.state for cell in self.cells.values() if hasattr(cell, "seed_generator")]
        self.carried = [s for made in self.layers for one in halves(made) for s in one.states or ()]
        self.hidden = list({id(v): v for v in [*seeds, *self.carried, *(source.variables if source else ())]}.values())
        self.fresh = [kept(v.value) for v in self.hidden]
        self.programs: dict[Any, Any] = {}
        self.kernels: dict[Any, str] = {}

    def weights(self, prefix: str) -> list[Any]:
        """The variables of one cell, in the order of `cases.layouts.to_keras`."""
        cell = self.cells[prefix]
        return [cell.kernel, cell.recurrent_kernel] + ([cell.bias] if self.layer.bias else [])

    def assign(self, arrays: Mapping[str, Sequence[np.ndarray]]) -> None:
        """Set every weight. `arrays`: as `cases.layouts.to_keras` gives them."""
        for prefix, values in arrays.items():
            for variable, value in zip(self.weights(prefix), values, strict=True):
                variable.assign(value.astype(variable.dtype))

    def forget(self) -> None:
        """Seeds and carried states as they were when the stack was built: nothing leaks between requests."""
        for variable, value in zip(self.hidden, self.fresh, strict=True):
            variable.assign(value)

    def reset(self) -> None:
        """What a user calls to make stateful layers forget."""
        for made in self.layers:
            made.reset_state() if hasattr(made, "reset_state") else made.reset_states()


def kept(tensor: Any) -> np.ndarray:
    """A copy outside the engine: JAX's `predict` gives the buffers of a model's variables away."""
    return np.array(tensor.detach().cpu().numpy() if hasattr(tensor, "detach") else tensor)


def halves(made: Any) -> tuple[Any, ...]:
    """The layer itself, or the forward and the backward layer of a Bidirectional one."""
    return (made.forward_layer, made.backward_layer) if hasattr(made, "forward_layer") else (made,)


def source_of(keras: Any, layer: Layer, mask_from: str) -> Any:
    """The layer in front that makes the mask, or None where it is an argument."""
    if mask_from == "argument":
        return None
    if mask_from == "embedding":
        made = keras.layers.Embedding(ROWS, layer.features, mask_zero=True, dtype=layer.dtype)
        made.build((None, None))
        return made
    return keras.layers.Masking(MASK_VALUES[mask_from], dtype=layer.dtype)


def arguments(request: Request, batch: Batch) -> Any:
    """What `predict` is given: the sequences, or a list of them, the mask and the initial states."""
    real = real_dtype(request.layer)
    inputs, mask = masked_inputs(request, batch)
    laid = partial(laid_out, layout=request.execution.layout)
    given = [laid(to_axes(request.layer, inputs))]
    if mask is not None:
        given.append(laid(mask))
    if batch.initial_states is not None:
        states = [s.astype(real) for one in states_of(request.layer, batch.initial_states) for s in one]
        given += [laid(to_axes(request.layer, s, state=True)) for s in states]
    return given if len(given) > 1 else given[0]


def masked_inputs(request: Request, batch: Batch) -> tuple[np.ndarray, np.ndarray | None]:
    """What the first layer is called with, and the mask that is given as an argument.

    In front of `Masking` masked steps hold its number. In front of an `Embedding` every step has an id of its own,
    whose row of `table` is the input there; masked ones are 0, which the embedding knows.
    """
    inputs, source = batch.inputs.astype(real_dtype(request.layer)), request.execution.mask_from
    if source == "argument" or batch.mask is None:
        return inputs, batch.mask
    if source != "embedding":
        return np.where(batch.mask[:, :, None], inputs, np.asarray(MASK_VALUES[source], inputs.dtype)), None
    start = 1
    for one in (*request.before, request.batch):
        if one is batch:
            break
        start += one.mask.size if isinstance(one, Batch) else 0
    ids = start + np.arange(batch.mask.size, dtype="int32").reshape(batch.mask.shape)
    return np.where(batch.mask, ids, 0).astype("int32"), None


def rows_needed(request: Request) -> int:
    """How many rows of an embedding the steps of the request's batches are."""
    return 1 + sum(b.inputs.shape[0] * b.inputs.shape[1] for b in (*request.before, request.batch) if isinstance(b, Batch))


def table(request: Request) -> np.ndarray:
    """(ROWS, features): the inputs at every step of the request's batches, in order; row 0, of masked steps, like the next."""
    batches = [b.inputs.reshape(-1, request.layer.features) for b in (*request.before, request.batch) if isinstance(b, Batch)]
    rows = np.ones((ROWS, request.layer.features), real_dtype(request.layer))
    steps = np.concatenate(batches)
    rows[1 : 1 + len(steps)] = steps
    return rows


def build(keras: Any, layer: Layer, kernel: str, batch: int | None, mask_from: str = "argument") -> Stack:
    """A stack with fresh weights. `batch` is the batch size that a stateful layer is bound to."""
    made = [make(keras, layer, kernel, index == layer.layers - 1) for index in range(layer.layers)]
    for index, one in enumerate(made):
        one.build((batch if layer.stateful else None, None, *step_shape(layer, index)))
    return Stack(keras, layer, made, source_of(keras, layer, mask_from))


def step_shape(layer: Layer, index: int = 0) -> tuple[int, ...]:
    """The axes of one step of what layer `index` of the stack reads: its features, or channels and places."""
    return to_axes(layer, np.empty((1, layer.input_width(index)))).shape[1:]


def to_axes(layer: Layer, array: np.ndarray, state: bool = False) -> np.ndarray:
    """This project's flat inputs (or states, or outputs, which are such) -> an array with the axes that Keras wants."""
    of = layer.convolution
    return array if of is None else unflat(of, array, of.places if state else of.space)


def from_axes(layer: Layer, array: np.ndarray) -> np.ndarray:
    """The inverse of `to_axes`."""
    return array if layer.convolution is None else flat(layer.convolution, array)


def give(one: Any, layer: Layer, weights: Mapping[str, np.ndarray]) -> None:
    """Set the weights of one Keras layer, of both directions where it has both, in its own order."""
    arrays = to_keras(layer, weights)
    one.set_weights([a.astype("float32") for place in prefixes(layer) for a in arrays[place]])


def from_config(stack: Stack, batch: int | None) -> Stack:
    """The stack built again from each layer's own configuration, then given the weights of the first."""
    layer, made = stack.layer, []
    for index, one in enumerate(stack.layers):
        made.append(configured(one, (batch if layer.stateful else None, None, *step_shape(layer, index))))
    return Stack(stack.keras, layer, made, stack.source)


def reloaded(keras: Any, stack: Stack, batch: int, time: int, kernel: str, masked: bool, states: Sequence[int]) -> Stack:
    """The stack out of a model that was saved to a `.keras` file and loaded again, weights as the file has them."""
    model = functional(keras, stack, batch, time, kernel, masked, states)
    other = loaded(keras, model)
    recurrent = (keras.layers.RNN, keras.layers.Bidirectional)
    front = [one for one in other.layers if isinstance(one, (keras.layers.Masking, keras.layers.Embedding))]
    made = [one for one in other.layers if isinstance(one, recurrent)]
    return Stack(keras, stack.layer, made, front[0] if front else None)


def forward(stack: Stack, inputs: Any, mask: Any = None, states: Any = None, training: bool = False):
    """Call the layers in sequence, on tensors or on symbolic ones.

    mask: given to the first layer, or None. states: one list a layer, in Keras' order, or None. Returns the outputs
    (one, or two where nothing merges them), the final states of all layers (none without `return_state`), the mask
    that the output carries, or None.
    """
    outputs: tuple[Any, ...] = (inputs if stack.source is None else stack.source(inputs),)
    finals: list[Any] = []
    for index, layer in enumerate(stack.layers):
        options: dict[str, Any] = {"training": True} if training else {}
        given: tuple[Any, ...] = ()
        if index == 0 and mask is not None:
            options["mask"] = mask
        if states is not None:
            own = tuple(states[index]) if getattr(stack.layer, "stateful", False) else states[index]  # both are taken
            if getattr(stack.layer, "return_sequences", True) and getattr(stack.layer, "bias", True):
                options["initial_state"] = own
            else:  # by place
                given = (own,)
        answer = layer(outputs[0], *given, **options)
        answer = tuple(answer) if isinstance(answer, (tuple, list)) else (answer,)
        count = len(stack.layer.output_names)
        outputs = answer[:count]
        finals += answer[count:]
    return outputs, tuple(finals), passed_mask(outputs[0])


def passed_mask(tensor: Any) -> Any:
    """The mask that Keras attached to this tensor, or None. Since 3.6 some of them are kept in a table."""
    try:
        return importlib.import_module("keras.src.backend.common.masking").get_keras_mask(tensor)
    except ModuleNotFoundError:
        return getattr(tensor, "_keras_mask", None)


def loss(keras: Any, outputs: Sequence[Any], states: Sequence[Any], cotangents: Sequence[Any]) -> Any:
    """The sum of every output and final state times its cotangent, in the cotangents' dtype."""
    ops = keras.ops
    terms = [ops.sum(ops.cast(t, c.dtype) * c) for t, c in zip((*outputs, *states), cotangents, strict=True)]
    return sum(terms[1:], terms[0])


def functional(keras: Any, stack: Stack, batch: int, time: int, kernel: str, masked: bool, states: Sequence[int],
               fixed: bool = False) -> Any:
    """A functional model of the stack. `states`: how many initial states each layer is given, or nothing.
    Inputs: the sequences, then the mask, then the initial states, where given;
    outputs: the outputs, then the final states. Time is open, unless it is to be `fixed`, and for an unrolled loop."""
    layer = stack.layer
    steps = time if fixed or kernel == "unrolled" else None
    size = batch if layer.stateful else None
    real = real_dtype(layer)

    def given(*shape: int | None, dtype: str = real) -> Any:
        return keras.Input(batch_shape=(size, *shape), dtype=dtype)

    ids = isinstance(stack.source, keras.layers.Embedding)
    sequences = given(steps, dtype="int32") if ids else given(steps, *step_shape(layer))
    mask = given(steps, dtype="bool") if masked else None
    state = to_axes(layer, np.empty((1, layer.units)), state=True).shape[1:]
    initial = [[given(*state) for _ in range(each)] for each in states] or None
    outputs, finals, _ = forward(stack, sequences, mask, initial)
    inputs = [sequences, *([mask] if masked else []), *[state for one in initial or () for state in one]]
    return keras.Model(inputs if len(inputs) > 1 else inputs[0], [*outputs, *finals])


def real_dtype(layer: Layer) -> str:
    """The dtype of the arrays that are handed in: a mixed policy computes in half, but reads and keeps float32."""
    return "float32" if layer.dtype.startswith("mixed") else layer.dtype


def states_of(layer: Layer, named: Mapping[str, np.ndarray]) -> list[list[np.ndarray]]:
    """Initial states by name -> one list a layer, in Keras' order: forward before backward, h before c. Too few or too
    many are handed on as they are."""
    found: list[list[np.ndarray]] = []
    for index in range(layer.layers):
        own = [key for key in layer.state_keys() if key.startswith(f"{index}/") and key in named]
        extra = [key for key in named if key.startswith(f"{index}/") and key not in layer.state_keys()]
        found.append([named[key] for key in (*own, *extra)])
    return found


def counts(layer: Layer, batch: Batch) -> tuple[int, ...]:
    """How many initial states the batch gives each layer; nothing where it gives none."""
    return tuple(len(one) for one in states_of(layer, batch.initial_states)) if batch.initial_states is not None else ()


def grouped(layer: Layer, flat: Sequence[np.ndarray]) -> dict[str, list[np.ndarray]]:
    """Arrays in the order of `Stack.variables` -> `INDEX/DIRECTION` -> the arrays of that cell."""
    each = 3 if layer.bias else 2
    return {prefix: list(flat[i * each : (i + 1) * each]) for i, prefix in enumerate(prefixes(layer))}
