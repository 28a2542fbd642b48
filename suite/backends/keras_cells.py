"""Chains of cells in Keras: cells of its own and one of the user's, in RNN, StackedRNNCells and Bidirectional; and cells called
step by step by hand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache, partial
from typing import Any

import numpy as np

from cases.batches import Batch
from cases.chains import UNEVEN, Cell, Chain
from cases.layouts import from_keras, to_keras
from cases.models import FunctionRequest
from cases.requests import Observation, Request, Reset, Unsupported
from suite.backends import moment
from suite.backends.apart import apart
from suite.backends.keras_again import configured
from suite.backends.keras_engines import Call
from suite.backends.keras_layers import LAYERS, Stack, cell_options, halves
from suite.backends.keras_nests import leaves, nested_as
from suite.backends.keras_own import plain_cell, single_cell

WEIGHTS = ("W", "U", "b", "V", "R", "O", "Q")


@lru_cache(maxsize=1)
def uneven_cell(keras: Any) -> type:
    """The class of a user's own cell, whose output is neither of its states: see `cases.chains`."""
    ops = keras.ops

    @keras.saving.register_keras_serializable("rnn_conformance")
    class UnevenCell(keras.layers.Layer):
        def __init__(self, units, memory, width, **kwargs):
            super().__init__(**kwargs)
            self.units, self.memory, self.width = units, memory, width
            self.state_size, self.output_size = [units, memory], width

        def build(self, shape):
            sizes = {"W": (shape[-1], self.units), "U": (self.memory, self.units), "b": (self.units,),
                     "V": (self.units, self.memory), "R": (self.memory, self.memory), "O": (self.units, self.width),
                     "Q": (self.memory, self.width)}
            self.own = [self.add_weight(shape=sizes[name], name=name) for name in WEIGHTS]
            self.built = True

        def call(self, inputs, states):
            w, u, b, v, r, o, q = self.own
            first = ops.tanh(ops.matmul(inputs, w) + ops.matmul(states[1], u) + b)
            second = ops.tanh(ops.matmul(first, v) + ops.matmul(states[1], r))
            return ops.matmul(first, o) + ops.matmul(second, q), [first, second]

        def get_config(self):
            return {**super().get_config(), "units": self.units, "memory": self.memory, "width": self.width}

    return UnevenCell


@lru_cache(maxsize=1)
def started_cell(keras: Any) -> type:
    """The same with initial states of its own: its `get_initial_state` says which, as Keras documents it."""
    ops = keras.ops

    @keras.saving.register_keras_serializable("rnn_conformance")
    class StartedCell(uneven_cell(keras)):
        def get_initial_state(self, batch_size=None):
            own = Cell("started", self.units, self.memory, self.width).beginnings
            return [ops.ones((batch_size, 1)) * ops.convert_to_tensor(state.astype("float32")) for state in own]

    return StartedCell


def make_cell(keras: Any, cell: Cell) -> Any:
    """One cell, not built."""
    if cell.kind in UNEVEN:
        kind = uneven_cell if cell.kind == "uneven" else started_cell
        return kind(keras)(cell.units, cell.memory, cell.width)
    return getattr(keras.layers, f"{LAYERS[cell.kind]}Cell")(cell.units)


class Nested:
    """A loop of cells as `keras_layers.forward` calls a layer: initial states in one flat list, and final ones, too."""

    def __init__(self, keras: Any, made: Any, chain: Chain):
        self.keras, self.made = keras, made
        sizes = [list(c.state_sizes) if c.kind in ("lstm", *UNEVEN) else c.state_sizes[0] for c in chain.cells]
        one = sizes if chain.around != "cell" else list(chain.cells[0].state_sizes)
        self.structure = one * len(chain.directions)

    def __call__(self, inputs: Any, initial_state: Sequence[Any] | None = None, **options: Any) -> tuple:
        if initial_state is not None:
            options["initial_state"] = nested_as(self.structure, iter(initial_state))
        answer = self.made(inputs, **options)
        return answer[0], *leaves(answer[1:])


class ChainStack:
    """A chain as the engines run a stack: layers, variables, hidden ones, programs."""

    source = None

    def __init__(self, keras: Any, chain: Chain, made: Any):
        self.chain, self.made, self.layer, self.layers = chain, made, _Named, [Nested(keras, made, chain)]
        self.cells = {}
        for direction, one in zip(chain.directions, halves(made), strict=True):
            cells = [one.cell] if chain.around == "cell" else one.cell.cells
            self.cells.update({f"{direction}/{index}": cell for index, cell in enumerate(cells)})
        self.variables = [v for place in self.cells for v in self.weights(place)]
        seeds = [c.seed_generator.state for c in self.cells.values() if hasattr(c, "seed_generator")]
        self.carried = [s for one in halves(made) for s in leaves(one.states or [])]
        self.hidden = [*seeds, *self.carried]
        self.programs: dict[Any, Any] = {}
        self.kernels: dict[Any, str] = {}

    def weights(self, place: str) -> list[Any]:
        """The variables of the cell at DIRECTION/INDEX, in order."""
        cell = self.cells[place]
        return list(cell.own) if hasattr(cell, "own") else [cell.kernel, cell.recurrent_kernel, cell.bias]

    def assign(self, weights: Mapping[str, np.ndarray]) -> None:
        """Set every weight."""
        for place in self.cells:
            for variable, array in zip(self.weights(place), in_keras(self.chain, place, weights), strict=True):
                variable.assign(array.astype("float32"))


class _Named:
    output_names = ("outputs",)


def in_keras(chain: Chain, place: str, weights: Mapping[str, np.ndarray]) -> list[np.ndarray]:
    """The arrays of one cell in Keras' order and layouts."""
    index = int(place.partition("/")[2])
    cell = chain.cells[index]
    own = {name.removeprefix(f"{place}/"): array for name, array in weights.items() if name.startswith(f"{place}/")}
    if cell.kind in UNEVEN:
        return [own[name] for name in WEIGHTS]
    return to_keras(cell.layer(chain.reads(index)), {f"0/forward/{n}": a for n, a in own.items()})["0/forward"]


def named(chain: Chain, place: str, arrays: Sequence[np.ndarray]) -> dict[str, np.ndarray]:
    """The inverse of `in_keras`, for gradients."""
    index = int(place.partition("/")[2])
    cell = chain.cells[index]
    if cell.kind in UNEVEN:
        return {f"{place}/{name}": array for name, array in zip(WEIGHTS, arrays, strict=True)}
    found = from_keras(cell.layer(chain.reads(index)), {"0/forward": arrays})
    return {n.replace("0/forward", place): a for n, a in found.items()}


def build(keras: Any, chain: Chain, batch: int, origin: str) -> ChainStack:
    """The chain as a user writes it, built."""
    cells = [make_cell(keras, cell) for cell in chain.cells]
    cell = {"cell": cells[0], "list": cells, "stacked": None}[chain.around]
    cell = keras.layers.StackedRNNCells(cells) if cell is None else cell
    more = {"zero_output_for_mask": True} if chain.padding_output == "zero" else {}
    made = keras.layers.RNN(cell, return_sequences=chain.return_sequences, return_state=True, stateful=chain.stateful,
                            unroll=chain.unroll, go_backwards=chain.direction == "backward", **more)
    if chain.direction == "bidirectional":
        made = keras.layers.Bidirectional(made)
    shape = (batch if chain.stateful else None, None, chain.features)
    made.build(shape)
    if origin == "from_config":
        made = configured(made, shape)
    return ChainStack(keras, chain, made)


def run_chain(backend: Any, request: FunctionRequest) -> Observation | Unsupported:
    """Answer a `cases.chains.chain_request`."""
    options = dict(request.arguments)
    chain, batch, weights = options["chain"], options["batch"], options["weights"]
    if any(cell.kind == "projected" for cell in chain.cells):
        return Unsupported("Keras has no LSTM cell with a projection")
    engine = backend.engine
    with moment("build"):
        stack = build(backend.keras, chain, batch.size, options["origin"])
        stack.assign(weights)

    def call(one: Batch, gradients: bool) -> Call:
        states, tensor = one.initial_states, engine.tensor
        cast = lambda array: tensor(np.asarray(array, "float32"))  # noqa: E731
        mask = None if one.mask is None else tensor(one.mask)
        return Call(cast(one.inputs), mask, states and [[cast(a) for a in states.values()]],
                    [cast(a) for a in one.cotangents.values()] if gradients else None, training=gradients, eager=not gradients)

    with moment("run"), backend.watch.listen() as words:
        for one in options["before"]:
            stack.made.reset_state() if isinstance(one, Reset) else engine.call(stack, call(one, False))
        answer = engine.call(stack, call(batch, options["gradients"]))
    numpy = engine.numpy
    shapes = chain.state_shapes(batch.size)
    arrays = {"outputs": numpy(answer.outputs[0])}
    arrays.update({f"states/{n}": numpy(s) for n, s in zip(shapes, answer.states, strict=True)})
    if answer.mask is not None:
        arrays["mask"] = numpy(answer.mask)
    if options["gradients"]:
        inputs, states, flat = answer.gradients
        arrays.update({"loss": numpy(answer.loss), "gradients/inputs": numpy(inputs)})
        if batch.initial_states is not None:
            arrays.update({f"gradients/states/{n}": _array(engine, g, shapes[n]) for n, g in zip(shapes, states, strict=True)})
        found = [_array(engine, g, v.shape) for g, v in zip(flat, stack.variables, strict=True)]
        for place in stack.cells:
            own, found = found[: len(stack.weights(place))], found[len(stack.weights(place)):]
            arrays.update({f"gradients/weights/{n}": a for n, a in named(chain, place, own).items()})
    zero = (chain.direction == "bidirectional" and chain.return_sequences) or chain.padding_output == "zero"
    return Observation(arrays, " + ".join(words), facts={"padding": "zero" if zero else "hold"})


def run_crossed_chains(backend: Any, request: FunctionRequest) -> Observation | Unsupported:
    """Answer the request of `cases.families.crossed_chains`."""
    if backend.engine.name == "jax":
        return Unsupported("a loop over states of several sizes that is given a mask raises, which is asked by itself")
    return apart(partial(run_chain, backend, one) for one in dict(request.arguments)["each"])


def _array(engine: Any, gradient: Any, shape: tuple[int, ...]) -> np.ndarray:
    return np.zeros(tuple(shape), "float32") if gradient is None else engine.numpy(gradient)


def run_form(backend: Any, request: FunctionRequest) -> Observation | Unsupported:
    """A cell called step by step by hand; Keras' layers have no other form."""
    options = dict(request.arguments)
    asked: Request = options["request"]
    if options["form"] != "cell":
        return Unsupported("Keras' recurrent layers read (batch, time, features), and nothing else")
    layer, batch, keras, engine = asked.layer, asked.batch, backend.keras, backend.engine
    with moment("build"):
        cell = getattr(keras.layers, f"{LAYERS[layer.cell]}Cell")(layer.units, **cell_options(layer))
        cell.build((None, layer.features))
        stack = CellStack(keras, layer, cell)
        for variable, array in zip(stack.variables, to_keras(layer, asked.weights)["0/forward"], strict=True):
            variable.assign(array.astype("float32"))
    backend_call = backend._call(asked.but(execution=asked.execution.but(kernel="generic")), batch, "gradients" in asked.wants)
    with moment("run"):
        answer = engine.call(stack, backend_call)
    arrays, facts = backend._arrays(asked.but(wants=tuple(w for w in asked.wants if w != "mask")), answer)
    return Observation(arrays, "a cell, step by step", facts={**facts, "padding": "hold"})


def run_cell_states(backend: Any, request: FunctionRequest) -> Observation:
    """One step of a cell, from states of any shape."""
    options, keras, tensor = dict(request.arguments), backend.keras, backend.engine.tensor
    layer = options["layer"]
    with moment("build"):
        cell = getattr(keras.layers, f"{LAYERS[layer.cell]}Cell")(layer.units)
        cell.build((None, layer.features))
    with moment("run"):
        outputs, _ = cell(tensor(options["inputs"].astype("float32")), [tensor(a.astype("float32")) for a in options["states"]])
        return Observation({"outputs": backend.engine.numpy(outputs)})


def run_first_states(backend: Any, request: FunctionRequest) -> Observation:
    """Answer the request of `cases.families.cells.first_states_are_zeros`; the stack is an LSTM's cell, a GRU's, and
    two of one's own, of one state and of several, that do not say what they begin with."""
    options, keras = dict(request.arguments), backend.keras
    kinds = ("lstm", "gru", "own") if options["cell"] == "stacked" else (options["cell"],)
    with moment("build"):
        one, plain = (of_cells(keras, kinds, options["units"], dtype=options["dtype"], **rates) for rates in (DROPPING, {}))
    with moment("run"):
        first = one.get_initial_state(batch_size=options["rows"])
        states = leaves(first)
        arrays = {f"states/{n}": backend.engine.numpy(keras.ops.cast(state, "float32")) for n, state in enumerate(states)}
        step = keras.ops.ones((options["rows"], 3), one.compute_dtype)
        later = keras.tree.map_structure(lambda state: state + 0.5, first)
        given = {"listed": later, **({"alone": states[0] + 0.5} if len(states) == 1 else {})}
        came = {name: one(step, each) for name, each in given.items()}
        nests = [(nest(given[name]), nest(each[1])) for name, each in came.items()]
        taught = {name: one(step, each, training=True) for name, each in given.items()}  # of one draw
        nests += [(nest(given[name]), nest(each[1])) for name, each in taught.items()]
        trained = {name: each[0] for name, each in taught.items()}
        arrays |= {f"trained/{name}": backend.engine.numpy(keras.ops.cast(each, "float32")) for name, each in trained.items()}
        plain.build((options["rows"], 3))
        plain.set_weights(one.get_weights())
        came["plain"] = plain(step, later)
        arrays |= {f"next/{name}": backend.engine.numpy(keras.ops.cast(each[0], "float32")) for name, each in came.items()}
    dtypes = tuple(keras.backend.standardize_dtype(state.dtype) for state in states)
    return Observation(arrays, facts={"dtypes": dtypes, "nests": tuple(nests)})


DROPPING = {"dropout": 0.5, "recurrent_dropout": 0.5}


def of_cells(keras: Any, kinds: Sequence[str], units: Sequence[int], **options: Any) -> Any:
    """The cell of the first kind, or of several cells."""
    cells = [getattr(keras.layers, f"{LAYERS[kind]}Cell")(size, **options) for kind, size in zip(kinds, units, strict=False)]
    own = {"dtype": options["dtype"]}
    return cells[0] if len(kinds) == 1 else keras.layers.StackedRNNCells(
        [*cells, single_cell(keras)(**own), plain_cell(keras)(**own)], **own)


def nest(states: Any) -> str:
    """How states lie in each other, in words: `one`, `[one, one]`."""
    return f"[{', '.join(map(nest, states))}]" if isinstance(states, (list, tuple)) else "one"


class CellStack(Stack):
    """One cell called step by step as a stack of one layer."""

    def __init__(self, keras: Any, layer: Any, cell: Any):
        self.keras, self.layer, self.source, self.cell = keras, layer, None, cell
        self.layers = [self]
        self.variables = [cell.kernel, cell.recurrent_kernel] + ([cell.bias] if layer.bias else [])
        self.hidden = [cell.seed_generator.state] if hasattr(cell, "seed_generator") else []
        self.programs: dict[Any, Any] = {}
        self.kernels: dict[Any, str] = {}

    def __call__(self, inputs: Any, initial_state: Sequence[Any] | None = None) -> tuple:
        states = list(initial_state) if initial_state is not None else self.cell.get_initial_state(batch_size=inputs.shape[0])
        outputs = []
        for step in range(inputs.shape[1]):
            output, states = self.cell(inputs[:, step], states)
            outputs.append(output)
        return self.keras.ops.stack(outputs, axis=1), *leaves(states)
