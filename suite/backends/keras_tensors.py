"""Keras' functions of tensors."""

from __future__ import annotations

import operator
from operator import attrgetter
from typing import Any

import numpy as np

from cases.families.operators import PARTS
from cases.function_calls import ROWS
from cases.models import FunctionRequest
from cases.requests import Observation, Unsupported
from suite.backends import moment


def traced(engine: Any, graph: Any) -> Any:
    """The graph as a step of training would run it."""
    if engine.name == "tensorflow":
        return engine.tf.function(graph, autograph=False)
    return engine.jax.jit(graph) if engine.name == "jax" else graph


def named(keras: Any, function: str) -> Any:
    """The function of `keras.ops`, or of another module that is told before a dot; None where this release has none."""
    try:
        return attrgetter(function if "." in function else f"ops.{function}")(keras)
    except AttributeError:
        return None


def run_tensors(backend: Any, request: FunctionRequest) -> Observation | Unsupported:
    """Answer the request of `cases.families.functions_of_tensors.functions_of_tensors_are_numpys`. What raises an error is
    told in words."""
    keras, engine = backend.keras, backend.engine
    arrays, raised, told, given = {}, [], [], []
    if lacking := [function for function, *_ in dict(request.arguments)["calls"] if named(keras, function) is None]:
        return Unsupported(f"this release of Keras has no {lacking[0]}")

    def symbol(array: np.ndarray) -> Any:
        """Of one that has rows, of any number of them."""
        shape = (None, *array.shape[1:]) if array.ndim > 2 and len(array) == ROWS else array.shape
        inputs.append((keras.KerasTensor(shape, dtype=str(array.dtype)), array))
        return inputs[-1][0]

    def kinds(results: list[Any], shapes: list[tuple]) -> tuple[tuple, ...]:
        """Shape and dtype of each, whole numbers of any width; what is left open of a shape is taken from that of `shapes`."""
        dtypes = [keras.backend.standardize_dtype(one.dtype) for one in results]
        dtypes = ["int" if "int" in each else each for each in dtypes]
        closed = [tuple(b if a is None else a for a, b in zip(one.shape, right, strict=True)) if len(one.shape) == len(right)
                  else tuple(one.shape) for one, right in zip(results, shapes, strict=True)]
        return tuple(zip(closed, dtypes, strict=True))

    for number, (function, arguments, options, tells, arrays_are_given) in enumerate(dict(request.arguments)["calls"]):
        call = named(keras, function)

        def flat(make: Any, call=call, arguments=arguments, options=options) -> list[Any]:
            def of(one: Any) -> Any:
                if isinstance(one, (list, tuple)) and any(isinstance(each, np.ndarray) for each in one):
                    return [make(each) for each in one]
                return make(one) if isinstance(one, np.ndarray) else one

            return keras.tree.flatten(call(*map(of, arguments), **{n: of(v) for n, v in options.items()}))

        results: list[Any] = []
        with moment("run"):
            try:
                results = flat(np.array if arrays_are_given else engine.tensor)
                arrays |= {f"came/{number}/{n}": np.array(one if arrays_are_given else engine.numpy(one))
                           for n, one in enumerate(results)}
            except Exception as error:
                raised.append((f"came/{number}", f"{type(error).__name__}: {error}"[:300]))
        shapes = [tuple(one.shape) for one in results]
        given.append(kinds(results, shapes))
        told.append(())
        inputs: list[tuple[Any, np.ndarray]] = []
        if tells and results:
            try:
                symbols = flat(symbol)
                told[-1] = kinds(symbols, shapes)
                graph = keras.Function([one for one, _ in inputs], symbols)
                again = keras.tree.flatten(traced(engine, graph)([engine.tensor(one) for _, one in inputs]))
                arrays |= {f"graph/{number}/{n}": np.array(engine.numpy(one)) for n, one in enumerate(again)}
            except Exception as error:
                raised.append((f"told/{number}", f"{type(error).__name__}: {error}"[:300]))
    return Observation(arrays, facts={"raised": tuple(raised), "told": tuple(told), "given": tuple(given)})


def run_tensors_at_once(backend: Any, request: FunctionRequest) -> Observation:
    """Answer the request of `cases.families.functions_in_one_graph.functions_in_one_graph_are_numpys`. What raises an error is
    told in words."""
    keras, engine = backend.keras, backend.engine
    calls = [(named(keras, function), *rest) for function, *rest in dict(request.arguments)["calls"]]
    arrays = {id(one): one for _, arguments, options in calls for one in keras.tree.flatten([arguments, options])
              if isinstance(one, np.ndarray)}
    raised: list[tuple[int, str]] = []

    def graph(*tensors: Any) -> dict[str, Any]:
        given, found = dict(zip(arrays, tensors, strict=True)), {}
        for number, (function, *both) in enumerate(calls):
            if function is None:
                continue
            arguments, options = keras.tree.map_structure(lambda one: given.get(id(one), one), both)
            try:
                results = keras.tree.flatten(function(*arguments, **options))
                found |= {f"{number}/{n}": one for n, one in enumerate(results)}
            except Exception as error:
                raised.append((number, f"{type(error).__name__}: {error}"[:300]))
        return found

    with moment("run"):
        found = engine.at_once(graph, *map(engine.tensor, arrays.values()))
        return Observation({name: engine.numpy(one) for name, one in found.items()}, facts={
            "raised": tuple(raised), "lacking": tuple(n for n, (function, *_) in enumerate(calls) if function is None)})


def run_activated_entropies(backend: Any, request: FunctionRequest) -> Observation:
    """Answer the request of `cases.families.functions_in_one_graph.entropies_of_activations_are_of_shares`."""
    options, keras, engine = dict(request.arguments), backend.keras, backend.engine
    targets = {kind: engine.tensor(one) for kind, one in options["targets"]}

    ways = {"": (keras.ops.sigmoid, keras.ops.softmax), "own ": {
        "tensorflow": lambda: (engine.tf.sigmoid, engine.tf.nn.softmax),
        "jax": lambda: (engine.jax.nn.sigmoid, engine.jax.nn.softmax),
        "torch": lambda: (engine.torch.sigmoid, lambda x: engine.torch.softmax(x, -1))}[engine.name]()}

    def entropies(x: Any) -> dict[str, Any]:
        return {way + kind: getattr(keras.losses, f"{kind}_crossentropy")(each, functions[kind != "binary"](x))
                for way, functions in ways.items() for kind, each in targets.items()}

    with moment("run"):
        found = traced(engine, entropies)(engine.tensor(options["inputs"]))
        return Observation({kind: engine.numpy(one) for kind, one in found.items()})


def run_slopes(backend: Any, request: FunctionRequest) -> Observation:
    """Answer the request of `cases.families.functions_of_tensors.gradients_of_functions_are_differences`."""
    options, keras, engine = dict(request.arguments), backend.keras, backend.engine
    variable, others = keras.Variable(options["arguments"][0]), options["arguments"][1:]
    weights = engine.tensor(options["weights"].astype("float32"))
    given = [engine.tensor(one) if isinstance(one, np.ndarray) else one for one in others]

    def loss() -> Any:
        found = getattr(keras.ops, options["function"])(keras.ops.convert_to_tensor(variable), *given, **options["options"])
        return keras.ops.sum(found * weights)

    with moment("run"):
        _, gradients = engine.differentiate(loss, [variable])
        return Observation({"gradients": np.array(engine.numpy(gradients[0]))})


def run_operators(backend: Any, request: FunctionRequest) -> Observation:
    """Answer the request of `cases.families.operators.operators_are_pythons`: of a graph, in one graph. What raises an error
    is told in words."""
    options, keras, engine = dict(request.arguments), backend.keras, backend.engine
    of_graph, raised, results = options["of"] == "graph", [], {}

    def operand(one: np.ndarray) -> Any:
        if of_graph:
            return keras.KerasTensor(one.shape, dtype=str(one.dtype))
        return keras.Variable(one, dtype=str(one.dtype), trainable=one.dtype.kind == "f")

    operands_by_name = {name: operand(one) for name, one in options["given"].items()}
    both = {**operands_by_name, **PARTS}
    for words, name, operands in options["written"]:
        with moment("run"):
            try:
                results[words] = getattr(operator, name)(*(both[one] if isinstance(one, str) else one for one in operands))
            except Exception as error:
                raised.append((words, f"{type(error).__name__}: {error}"[:300]))
    if of_graph:
        with moment("run"):
            graph = keras.Function(list(operands_by_name.values()), list(results.values()))
            results = dict(zip(results, graph([engine.tensor(one) for one in options["given"].values()]), strict=True))
    return Observation({words: engine.numpy(one) for words, one in results.items()}, facts={"raised": tuple(raised)})
