"""A cell of a user's own in Keras, which says no more than it must; and configurations that are used twice."""

from __future__ import annotations

import copy
from functools import lru_cache
from typing import Any

import numpy as np

from cases.models import FunctionRequest
from cases.requests import Observation
from suite.backends import moment
from suite.backends.keras_again import loaded
from suite.backends.keras_told import made as made_kind

UNITS, MEMORY, ROWS, STEPS, FEATURES = 5, 3, 2, 4, 3
MASKED = np.array([[True, False, True, False], [True, True, True, False]])


@lru_cache(maxsize=1)
def plain_cell(keras: Any) -> type:
    """The class: two states of different sizes, the first of them its output; Keras is told neither the size of the output nor
    the class."""
    class PlainCell(keras.layers.Layer):
        def __init__(self, **kwargs: Any):
            super().__init__(**kwargs)
            self.state_size = [UNITS, MEMORY]

        def build(self, shape: Any) -> None:
            self.kernel = self.add_weight(shape=(shape[-1] + MEMORY, UNITS), name="kernel")
            self.memory = self.add_weight(shape=(UNITS, MEMORY), name="memory")

        def call(self, inputs: Any, states: Any) -> tuple[Any, list[Any]]:
            first = keras.ops.tanh(keras.ops.matmul(keras.ops.concatenate([inputs, states[1]], axis=-1), self.kernel))
            return first, [first, keras.ops.tanh(keras.ops.matmul(first, self.memory))]

    return PlainCell


@lru_cache(maxsize=1)
def pair_cell(keras: Any) -> type:
    """The class of the same cell that reads the mean of several rows of features, and tells the sizes of its states, begins and
    gives them in a tuple."""
    class PairCell(plain_cell(keras)):
        def __init__(self, **kwargs: Any):
            super().__init__(**kwargs)
            self.state_size = (UNITS, MEMORY)

        def get_initial_state(self, batch_size: Any = None) -> tuple[Any, ...]:
            return tuple(keras.ops.ones((batch_size, size)) / 2 for size in self.state_size)

        def call(self, inputs: Any, states: Any) -> tuple[Any, tuple[Any, ...]]:
            first, found = super().call(keras.ops.mean(inputs, axis=1), states)
            return first, tuple(found)

    return PairCell


@lru_cache(maxsize=1)
def single_cell(keras: Any) -> type:
    """The class of a cell of one state, which is its output, and whose size is a number."""
    class SingleCell(keras.layers.Layer):
        def __init__(self, **kwargs: Any):
            super().__init__(**kwargs)
            self.state_size = UNITS

        def build(self, shape: Any) -> None:
            self.kernel = self.add_weight(shape=(shape[-1], UNITS), name="kernel")

        def call(self, inputs: Any, states: Any) -> tuple[Any, list[Any]]:
            found = keras.ops.tanh(keras.ops.matmul(inputs, self.kernel) + states[0] / 2)
            return found, [found]

    return SingleCell


@lru_cache(maxsize=1)
def wide_cell(keras: Any) -> type:
    """The class of one whose output is wider than its state, and says so."""
    class WideCell(single_cell(keras)):
        def __init__(self, **kwargs: Any):
            super().__init__(**kwargs)
            self.output_size = UNITS + 2

        def call(self, inputs: Any, states: Any) -> tuple[Any, list[Any]]:
            found, _ = super().call(inputs, states)
            return keras.ops.concatenate([found, found[:, :2] / 2], axis=-1), [found]

    return WideCell


@lru_cache(maxsize=1)
def told_cell(keras: Any) -> type:
    """The class of a cell that doubles its output in training; its state is its output, which it does not read."""
    @keras.saving.register_keras_serializable("rnn_conformance")
    class ToldCell(keras.layers.Layer):
        def __init__(self, **kwargs: Any):
            super().__init__(**kwargs)
            self.state_size = UNITS

        def build(self, shape: Any) -> None:
            self.kernel = self.add_weight(shape=(shape[-1], UNITS), name="kernel", initializer="ones")

        def call(self, inputs: Any, states: Any, training: bool = False) -> tuple[Any, list[Any]]:
            found = keras.ops.matmul(inputs, self.kernel)
            found = 2 * found if training else found
            return found, [found]

    return ToldCell


class IdleCell:
    """A cell that is no layer, gives what it is given, and takes nothing else."""

    def __init__(self, width: int):
        self.state_size = width

    def call(self, inputs: Any, states: Any) -> tuple[Any, list[Any]]:
        return inputs, [inputs]


@lru_cache(maxsize=1)
def passing_cell(keras: Any) -> type:
    """The class of a cell that gives what it is given, has two states of two sizes, and says no size of its outputs."""
    class PassingCell(keras.layers.Layer):
        def __init__(self):
            super().__init__()
            self.state_size = [UNITS, UNITS + 2]

        def call(self, inputs: Any, states: Any) -> tuple[Any, list[Any]]:
            return inputs, list(states)

    return PassingCell


@lru_cache(maxsize=1)
def telling_layer(keras: Any) -> type:
    """The class of a layer around another one, which it tells always, or never, to train."""
    class Telling(keras.layers.Layer):
        def __init__(self, inner: Any, training: bool):
            super().__init__()
            self.inner, self.tells = inner, training

        def call(self, inputs: Any) -> Any:
            return self.inner(inputs, training=self.tells)

    return Telling


def told(keras: Any, name: str) -> Any:
    """A layer, or a model, with such a cell in it, as `cases.families.own_classes.INSIDE` names it."""
    layers = keras.layers

    def loop(*below: Any, **options: Any) -> Any:
        cell = told_cell(keras)()
        return layers.RNN([*below, cell] if below else cell, return_sequences=True, **options)

    if name == "stacked":
        return loop(layers.LSTMCell(4))
    if name == "mixed":
        return loop(told_cell(keras)(), IdleCell(UNITS))
    if name == "above":
        return loop(IdleCell(FEATURES))
    if name == "both":
        return layers.Bidirectional(layers.RNN(told_cell(keras)()), None)
    if name == "of_two_kinds":
        return layers.Bidirectional(loop(), backward_layer=layers.GRU(UNITS, return_sequences=True, go_backwards=True))
    if name == "each_step":
        return layers.TimeDistributed(loop())
    if name == "model":
        return keras.Sequential([keras.Input((STEPS, FEATURES)), loop()])
    return loop(**{"unrolled": {"unroll": True, "go_backwards": True}, "stateful": {"stateful": True}}.get(name, {}))


def run_told_training(backend: Any, request: FunctionRequest) -> Observation:
    """Answer the request of `cases.families.own_classes.own_cells_are_told_of_training`."""
    keras, engine, arrays = backend.keras, backend.engine, {}
    x = np.random.default_rng(12).uniform(0.2, 0.9, (ROWS, STEPS, FEATURES)).astype("float32")
    for name in dict(request.arguments)["inside"]:
        with moment("build"):
            one = told(keras, name)
            inputs = np.stack([x, x[:, ::-1]], axis=1) if name == "each_step" else x
            valid = {"masked": x[:, :, 0] > 0.4, "each_step": inputs[..., 0] > 0.4}.get(name)
            more = {} if valid is None else {"mask": engine.tensor(valid)}
            one.built or one.build(inputs.shape)
        with moment("run"):
            for mode in ("inference", "training"):
                told_so = {"training": True} if mode == "training" else {}  # nothing said is inference
                results = one(engine.tensor(inputs), **told_so, **more)
                found = np.concatenate([engine.numpy(each) for each in (results if name == "both" else [results])])
                arrays[f"{mode}/{name}"] = found[..., :UNITS] if name == "of_two_kinds" else found
                for telling, training in (("trains", True), ("rests", False)) if name == "loop" else ():
                    outer = telling_layer(keras)(one, training)
                    arrays[f"{telling}/{mode}"] = engine.numpy(outer(engine.tensor(inputs), training=mode == "training"))
    return Observation(arrays)


def around(keras: Any, what: str, cell: Any) -> tuple[Any, tuple[int, ...]]:
    """The cell in what is around it, and the shape of its inputs."""
    layers, shape = keras.layers, (ROWS, STEPS, FEATURES)
    if what == "one_state":
        cells = [wide_cell(keras)(), layers.LSTMCell(4), single_cell(keras)(), wide_cell(keras)()]
        return layers.RNN(cells, return_sequences=True, return_state=True), shape
    if what == "pair":
        return layers.RNN(pair_cell(keras)(), return_sequences=True, return_state=True), (ROWS, STEPS, 2, FEATURES)
    if what == "wide":
        return layers.RNN(wide_cell(keras)(), return_sequences=True, return_state=True), shape
    if what == "backward":
        back = layers.RNN(cell, return_sequences=True, go_backwards=True)
        return layers.Bidirectional(layers.LSTM(UNITS, return_sequences=True), backward_layer=back), shape
    if what == "stacked":
        return layers.RNN([layers.LSTMCell(4), cell], return_sequences=True, return_state=True), shape
    if what == "time_distributed":
        return layers.TimeDistributed(layers.RNN(cell)), (ROWS, 3, STEPS, FEATURES)
    if what == "model":
        cells = [layers.LSTMCell(4), cell, single_cell(keras)()]
        return keras.Sequential([keras.Input(shape[1:]), layers.RNN(cells, return_sequences=True)]), shape
    return layers.RNN(cell, return_sequences=True, return_state=True), shape


def shaped(states: Any) -> str:
    """How states lie in each other, and of which shapes they are, in words: `[(2, 3), [(2, 4)]]`."""
    return f"[{', '.join(map(shaped, states))}]" if isinstance(states, (list, tuple)) else str(tuple(states.shape))


def run_own_beginnings(backend: Any, request: FunctionRequest) -> Observation:
    """Answer the request of `cases.families.own_classes.own_cells_begin_as_they_say`."""
    options, keras, engine, arrays, nests = dict(request.arguments), backend.keras, backend.engine, {}, {}
    layers, begins, x = keras.layers, options["begins"], np.random.default_rng(13).uniform(0.2, 0.9, (ROWS, STEPS, UNITS))

    @keras.saving.register_keras_serializable("rnn_conformance")
    class BegunCell(single_cell(keras)):
        def get_initial_state(self, batch_size: Any = None) -> Any:
            found = keras.ops.ones((batch_size, UNITS), self.compute_dtype) * 0.75
            return {"tensor": found, "list": [found], "tuple": (found,)}[begins]

        def call(self, inputs: Any, states: Any) -> tuple[Any, Any]:
            outputs, found = super().call(inputs, states)
            return outputs, {"tensor": found[0], "list": found, "tuple": tuple(found)}[begins]

    for name in options["inside"]:
        rows = 1 if name == "row_below" else ROWS
        with moment("build"):
            own, other = BegunCell(), layers.LSTMCell(UNITS)
            cells = {"above": (other, own), "below_unrolled": [own, other], "row_below": [own, other]}.get(name, own)
            one = layers.RNN(cells, return_sequences=True, return_state=True, go_backwards=name == "backward",
                             unroll="unrolled" in name, stateful=name == "stateful")
            one = layers.Bidirectional(one) if name == "both" else one
            one.build(x.shape)

        def begun(name: str = name) -> list[Any]:
            first = keras.ops.full((rows, UNITS), 0.75)
            memory = [keras.ops.zeros((rows, UNITS)) for _ in range(2)]
            own = first if begins == "tensor" else [first]
            return {"above": [memory, own], "below_unrolled": [own, memory], "row_below": [own, memory],
                    "both": [first, first]}.get(name, [first])

        with moment("run"):
            for how, given in (("begun", {}), ("given", {"initial_state": begun()})):
                mask = {"mask": engine.tensor(MASKED)} if name in ("backward", "stateful", "below_unrolled") else {}
                found = one(engine.tensor(x[:rows].astype("float32")), **mask, **given)
                nests[f"{how}/{name}"] = (shaped(list(found[1:])), shaped(begun()))
                arrays[f"{how}/{name}"] = np.concatenate([engine.numpy(each).ravel() for each in keras.tree.flatten(found)])
    return Observation(arrays, facts={"nests": tuple(nests.items())})


def run_cell_without_layer(backend: Any, request: FunctionRequest) -> Observation:
    """Answer the request of `cases.families.own_classes.cells_need_be_no_layers`."""
    layers, engine = backend.keras.layers, backend.engine
    inputs = np.random.default_rng(14).uniform(0.2, 0.9, (ROWS, STEPS, UNITS)).astype("float32")
    around = dict(request.arguments)["around"]
    with moment("build"):
        upper = layers.LSTMCell(UNITS)
        cells = {"alone": IdleCell(UNITS), "listed": [IdleCell(UNITS)], "below": [passing_cell(backend.keras)(), upper]}[around]
        one = layers.RNN(cells, return_sequences=True)
    with moment("run"):
        if around == "below":
            outputs = engine.numpy(one(engine.tensor(inputs)))
            inputs = engine.numpy(layers.RNN(upper, return_sequences=True)(engine.tensor(inputs)))
            return Observation({"outputs": outputs, "inputs": inputs})
        return Observation({"outputs": engine.numpy(one(engine.tensor(inputs))), "inputs": inputs})


def sizes(shapes: Any) -> np.ndarray:
    """The numbers of one shape, or of shapes that lie in lists or tuples, one after the other."""
    return np.array(shapes) if all(isinstance(one, int) for one in shapes) else np.concatenate([sizes(one) for one in shapes])


def run_own_cell(backend: Any, request: FunctionRequest) -> Observation:
    """Answer the request of `cases.families.own_classes.own_cells_are_found`."""
    options, keras, engine = dict(request.arguments), backend.keras, backend.engine
    named = {one.__name__: one for one in (kind(keras) for kind in (plain_cell, single_cell, wide_cell, pair_cell))}
    random = np.random.default_rng(11)
    with moment("build"):
        one, shape = around(keras, options["around"], plain_cell(keras)())
        start = keras.Input(batch_shape=shape)
        model = keras.Model(start, one(start))
        model.set_weights([random.uniform(0.2, 0.9, a.shape) * random.choice([-1, 1], a.shape) for a in model.get_weights()])
        if options["way"] == "from_config":
            again = type(one).from_config(one.get_config(), custom_objects=named)
            if options["around"] in ("stacked", "one_state"):
                cells = type(one.cell).from_config(one.cell.get_config(), custom_objects=named)
                again = keras.layers.RNN(cells, return_sequences=True, return_state=True)
        elif options["way"] == "deserialize":
            saving = keras.saving
            again = saving.deserialize_keras_object(saving.serialize_keras_object(one), custom_objects=named)
        else:
            again = loaded(keras, model, custom_objects=named)
    x = engine.tensor(random.normal(size=shape).astype("float32"))
    with moment("run"):
        if options["way"] != "file":
            again(x)
            again.set_weights(one.get_weights())
        results = {name: keras.tree.flatten(each(x)) for name, each in (("made", one), ("again", again))}
    arrays = {f"outputs/{name}": engine.numpy(each[0]) for name, each in results.items()}
    return Observation(arrays | {"shape/came": sizes([tuple(each.shape) for each in results["made"]]),
                                 "shape/computed": sizes(one.compute_output_shape(shape)),
                                 "shape/symbolic": sizes([each.shape for each in model.outputs])})


def run_configured_twice(backend: Any, request: FunctionRequest) -> Observation:
    """Answer the request of `cases.families.own_classes.configurations_are_left_as_they_were`."""
    layer, _, _ = made_kind(backend.keras, dict(request.arguments)["kind"])
    changed = []
    with moment("build"):
        config = layer.get_config()
        before = copy.deepcopy(config)
        first = type(layer).from_config(config)
        changed += [(name, "no longer there after a layer was made of it") for name in before if name not in config]
        changed += [(name, "another one after a layer was made of it") for name in config
                    if name not in before or str(config[name]) != str(before[name])]
        if not changed:
            second = type(layer).from_config(config).get_config()
            changed += [(name, f"{second.get(name)} the second time, {value} the first")
                        for name, value in first.get_config().items() if str(second.get(name)) != str(value)]
    return Observation({}, facts={"changed": tuple(changed)})
