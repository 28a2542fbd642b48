"""Keras' words: how a described layer is built, called and differentiated by a user of each engine. Text only."""

from __future__ import annotations

import numpy as np

from cases.layers import Layer
from cases.requests import MASK_VALUES, Request
from suite.repros.question import Question

KINDS = {"simple_rnn": "SimpleRNN", "lstm": "LSTM", "gru": "GRU"}
CONVENTION = "keras"
MODULES = {"tensorflow": "import tensorflow as tf", "jax": "import jax", "torch": "import torch"}


class Keras:
    """Writes for one engine: tensorflow, jax or torch."""

    convention = CONVENTION

    def __init__(self, engine: str):
        self.engine = engine

    def head(self, request: Request, gradients: bool, questions: list[Question]) -> list[str]:
        """Everything up to the data."""
        module = self.engine == "jax" and any(self.traced(q.request) for q in questions)
        module = module or gradients or (self.engine == "jax" and request.layer.dtype == "float64")
        module = module or (self.engine == "tensorflow" and any(self.traced(q.request) for q in questions))
        files = [q for q in questions if q.request.execution.origin == "reloaded"]
        lines = ["import os", "import sys", *["import tempfile"] * bool(files),
                 f'os.environ["KERAS_BACKEND"] = "{self.engine}"', "import keras", "import numpy as np",
                 *[MODULES[self.engine]] * module]
        if self.engine == "jax" and request.layer.dtype == "float64":
            lines.append('jax.config.update("jax_enable_x64", True)')
        return lines

    def traced(self, request: Request) -> bool:
        """Whether the call is compiled: where that is asked, and in JAX, as `fit` and `predict` do, where it can be."""
        if request.execution.entry == "predict":
            return False
        if request.execution.kernel == "compiled":
            return self.engine != "torch"
        leaves = request.layer.stateful or request.before or request.execution.origin != "built"
        return self.engine == "jax" and not leaves

    def refused(self, request: Request) -> str | None:
        """None, or why this cannot be written."""
        return None

    def real(self, layer: Layer) -> str:
        """The dtype of the arrays that are handed in."""
        return layer.dtype if layer.dtype in ("float64", "float16") else "float32"

    def build(self, q: Question, copy_of: str | None, weights: bool = True) -> list[str]:
        """The layers; if `weights`, random ones or those of other layers."""
        layer, name, several = q.request.layer, q.layer, q.request.layer.layers > 1
        kernel = q.request.execution.kernel
        made = [construct(layer, kernel, index == layer.layers - 1) for index in range(layer.layers)]
        size = q.first_size if layer.stateful else None
        shapes = [f"({size}, None, {layer.input_width(index)})" for index in range(layer.layers)]
        if not several:
            lines = [f"{name} = {made[0]}", f"{name}.build({shapes[0]})"]
        else:
            if len(set(made)) == 1:
                lines = [f"{name} = [{made[0]} for _ in range({len(made)})]"]
            else:
                lines = [f"{name} = [", *(f"    {one}," for one in made), "]"]
            lines += [f"{name}[{index}].build({shape})" for index, shape in enumerate(shapes)]
        own, theirs = variables(name, several), copy_of and variables(copy_of, several)
        if not weights:
            pass
        elif theirs:
            lines += [f"for v, u in zip({own}, {theirs}):", "    v.assign(np.array(u))"]
        else:
            lines += [f"for v in {own}:", "    v.assign(draw(*v.shape) / 2)"]
        if q.request.execution.origin == "from_config":
            lines += again(name, shapes, several)
        if not q.request.execution.trainable:
            lines += [f"{each}.trainable = False" for each in ([f"{name}[{n}]" for n in range(len(made))] if several else [name])]
        return lines

    def function(self, q: Question) -> list[str]:
        """`q.function(x, mask, states)`: the list of outputs and final states."""
        layer = q.request.layer
        lines = [f"def {q.function}({', '.join(q.parameters)}):"]
        number = MASK_VALUES.get(q.request.execution.mask_from)
        if number is not None:  # masked steps hold a number, and a layer in front makes the mask of it
            number = f"{number:g}" if np.isfinite(number) else f"np.{number}"
            lines.append(f"    x = keras.ops.where(keras.ops.expand_dims(mask, -1), x, {number})")
            dtype = f', dtype="{layer.dtype}"' if layer.dtype != "float32" else ""
            lines.append(f"    x = keras.layers.Masking({number}{dtype})(x)")
        form = "tuple({})" if layer.stateful and not q.sometimes_states else "{}"  # as the adapter gives them
        given = lambda index: ", ".join(  # noqa: E731
            ["x" if index == 0 else "y"]
            + (["mask=mask"] if index == 0 and q.masked and not number else [])
            + ([f"initial_state={form.format(part(layer, index, q.sometimes_states))}"] if q.given_states else [])
            + (["training=True"] if q.request.execution.mode == "training" else [])
        )
        two = len(layer.output_names) == 2
        if layer.layers == 1:
            call = f"{q.layer}({given(0)})"
            lines.append(f"    return {call if layer.return_state or two else f'[{call}]'}")
        else:
            finals = []
            for index in range(layer.layers):
                if layer.return_state:
                    finals.append(f"*s{index}")
                results = f"y, *s{index}" if layer.return_state else "y"
                lines.append(f"    {results} = {q.layer}[{index}]({given(index)})")
            lines.append(f"    return [{', '.join(['y', *finals])}]")
        execution = q.request.execution
        if execution.entry == "predict" or execution.origin == "reloaded":
            lines += self.model(q)
        return lines

    def model(self, q: Question) -> list[str]:
        """A functional model of the function: predicted with, or saved and loaded again."""
        layer, execution, batch = q.request.layer, q.request.execution, q.request.batch
        size = batch.size if layer.stateful else None
        steps = batch.time if execution.kernel == "unrolled" else None
        inputs = [f"keras.Input(batch_shape=({size}, {steps}, {layer.features}))"]
        inputs += [f'keras.Input(batch_shape=({size}, {steps}), dtype="bool")'] * q.masked
        symbolic = ["inputs[0]", *["inputs[1]"] * q.masked]
        given = ["x", *["mask"] * q.masked]
        if q.given_states:
            inputs += [f"*[keras.Input(batch_shape=({size}, {layer.units})) for _ in range({len(layer.state_keys())})]"]
            symbolic += [f"inputs[{len(symbolic)}:]"]
            given += ["*states"]
        lines = [f"inputs = [{', '.join(inputs)}]", f"model = keras.Model(inputs, {q.function}({', '.join(symbolic)}))"]
        if execution.origin == "reloaded":
            loaded = "[one for one in loaded.layers if isinstance(one, (keras.layers.RNN, keras.layers.Bidirectional))]"
            return [*lines, 'path = os.path.join(tempfile.mkdtemp(), "model.keras")', "model.save(path)",
                    "loaded = keras.models.load_model(path)", f"{q.layer}{'' if layer.layers > 1 else ','} = {loaded}"]
        single = not layer.return_state and len(layer.output_names) == 1
        predicted = f"model.predict([{', '.join(given)}], verbose=0)"
        lines.append(f"def {q.function}({', '.join(q.parameters)}):")
        return [*lines, f"    return {f'[{predicted}]' if single else predicted}"]

    def compiled(self, q: Question) -> list[str]:
        """The function, compiled."""
        return [f"{q.function} = {'tf.function' if self.engine == 'tensorflow' else 'jax.jit'}({q.function})"]

    def by_hand(self, request: Request) -> bool:
        """Whether states are carried from call to call by who calls: stateful layers carry them."""
        return False

    def reset(self, q: Question) -> list[str]:
        """What makes stateful layers forget."""
        if q.request.layer.layers == 1:
            return [f"{q.layer}.reset_state()"]
        return [f"for one in {q.layer}:", "    one.reset_state()"]

    def result(self, q: Question, name: str, results: str = "results") -> str:
        """The array `name` in the list of results."""
        order = [*q.request.layer.output_names, *(f"states/{key}" for key in q.request.layer.state_keys())]
        return f"{results}[{order.index(name)}]"

    def numpy(self, tensor: str, layer: Layer) -> str:
        """A tensor as an array."""
        plain = f'keras.ops.cast({tensor}, "float32")' if "16" in layer.dtype else tensor
        return f"keras.ops.convert_to_numpy({plain})"

    def passed_mask(self, q: Question) -> list[str]:
        """The mask that the outputs carry."""
        return [
            "from keras.src.backend.common.masking import get_keras_mask",
            "found = get_keras_mask(results[0])",
            "found = None if found is None else keras.ops.convert_to_numpy(found)",
        ]

    def dtype(self, tensor: str) -> str:
        """The name of a tensor's dtype."""
        return f"keras.backend.standardize_dtype({tensor}.dtype)"

    def weights(self, q: Question) -> str:
        """The line that makes `w`: the weights as float64 arrays."""
        several = q.request.layer.layers > 1
        return f"w = [np.float64(keras.ops.convert_to_numpy(v)) for v in {variables(q.layer, several)}]"

    def weighted(self) -> list[str]:
        """`weighted(results)`: the loss."""
        return [
            "def weighted(results):",
            "    return sum(keras.ops.sum(keras.ops.multiply(r, k)) for r, k in zip(results, cotangents))",
        ]

    def gradient(self, q: Question, name: str) -> list[str]:
        """`q.gradient(x, mask, states)`: the gradient of the loss by an array (`gradients/inputs` …), or the loss."""
        lines = [f"def {q.gradient}({', '.join(q.parameters)}):"]
        call = f"weighted({q.function}({', '.join(q.parameters)}))"
        if name == "loss":
            return [*lines, f"    return {self.numpy(call, q.request.layer)}"]
        kind, _, rest = name.removeprefix("gradients/").partition("/")
        at = q.request.layer.state_keys().index(rest) if kind == "states" else 0
        source = {"inputs": "x", "states": f"states[{at}]"}.get(kind) or variable(q, rest)
        if self.engine == "jax":
            jit = lambda grad: f"jax.jit({grad})" if self.traced(q.request) else grad  # noqa: E731
            if kind in ("inputs", "states"):
                word = "x" if kind == "inputs" else "states"
                picked = f"[{at}]" if kind == "states" else ""
                return [*lines, f"    found = {jit(f'jax.grad(lambda {word}: {call})')}({word}){picked}",
                        "    return np.array(found)"]
            return [*lines, "    def loss(value):", f"        with keras.StatelessScope([({source}, value)]):",
                    f"            return {call}", f"    return np.array({jit('jax.grad(loss)')}({source}.value))"]
        word = {"inputs": "x", "states": "states"}.get(kind)
        if self.engine == "tensorflow":
            if word:
                made = "tf.constant(x)" if kind == "inputs" else "[tf.constant(s) for s in states]"
                lines.append(f"    {word} = {made}")
            else:
                source = f"{source}.value"
            return [*lines, "    with tf.GradientTape() as tape:", f"        tape.watch({source})",
                    f"        loss = {call}", f'    return tape.gradient(loss, {source}, unconnected_gradients="zero").numpy()']
        tensor = "keras.ops.convert_to_tensor({}).requires_grad_()"
        if kind == "inputs":
            lines.append(f"    x = {tensor.format('x')}")
        elif kind == "states":
            lines.append(f"    states = [{tensor.format('s')} for s in states]")
        else:
            source = f"{source}.value"
        return [*lines, f"    found = torch.autograd.grad({call}, [{source}], materialize_grads=True)[0]",
                "    return keras.ops.convert_to_numpy(found)"]

    def weight_index(self, layer: Layer, name: str) -> int:
        """Which of `w` a weight is."""
        index, direction, kind = name.split("/")
        place = int(index) * len(layer.directions) + layer.directions.index(direction)
        return place * (2 + layer.bias) + {"kernel": 0, "recurrent_kernel": 1}.get(kind, 2)


def variables(name: str, several: bool) -> str:
    """All weights, in order."""
    return f"[v for one in {name} for v in one.trainable_variables]" if several else f"{name}.trainable_variables"


def variable(q: Question, name: str) -> str:
    """One weight's variable."""
    index, direction, kind = name.split("/")
    layer = q.request.layer
    made = f"{q.layer}[{index}]" if layer.layers > 1 else q.layer
    half = f".{direction}_layer" if layer.direction == "bidirectional" else ""
    return f"{made}{half}.cell.{'bias' if 'bias' in kind else kind}"


def part(layer: Layer, index: int, sometimes: bool) -> str:
    """The initial states of one layer of the stack."""
    each = len(layer.directions) * len(layer.state_names)
    cut = f"states[{index * each}:{(index + 1) * each}]"
    return "states" if layer.layers == 1 else f"states and {cut}" if sometimes else cut


def again(name: str, shapes: list[str], several: bool) -> list[str]:
    """The layers from their own configuration, with their weights."""
    if not several:
        return [f"first, {name} = {name}, type({name}).from_config({name}.get_config())", f"{name}.build({shapes[0]})",
                f"{name}.set_weights(first.get_weights())"]
    lines = [f"first, {name} = {name}, [type(one).from_config(one.get_config()) for one in {name}]"]
    for index, shape in enumerate(shapes):
        lines += [f"{name}[{index}].build({shape})", f"{name}[{index}].set_weights(first[{index}].get_weights())"]
    return lines


def construct(layer: Layer, kernel: str, last: bool) -> str:
    """The constructor's call, with the options that are not Keras' defaults."""
    cell, loop = [str(layer.units)], []
    if layer.activation != "tanh":
        cell.append(f'activation="{layer.activation}"')
    if layer.cell != "simple_rnn" and layer.recurrent_activation != "sigmoid":
        cell.append(f'recurrent_activation="{layer.recurrent_activation}"')
    cell += [f"{name}={value}" for name, value, usual in (
        ("use_bias", layer.bias, True), ("dropout", layer.dropout, 0.0),
        ("recurrent_dropout", layer.recurrent_dropout, 0.0),
    ) if value != usual]
    if layer.cell != "simple_rnn" and layer.implementation != 2:
        cell.append(f"implementation={layer.implementation}")
    if layer.cell == "gru" and not layer.reset_after:
        cell.append("reset_after=False")
    loop += [f"{name}=True" for name, value in (
        ("return_sequences", layer.return_sequences or not last), ("return_state", layer.return_state),
        ("go_backwards", layer.direction == "backward"), ("stateful", layer.stateful), ("unroll", kernel == "unrolled"),
        ("zero_output_for_mask", layer.padding_output == "zero"),
    ) if value]
    dtype = [f'dtype="{layer.dtype}"'] if layer.dtype != "float32" else []
    kind = KINDS[layer.cell]
    if kernel == "generic":
        inner = f"keras.layers.{kind}Cell({', '.join([*cell, *dtype])})"
        made = f"keras.layers.RNN({', '.join([inner, *loop, *dtype])})"
    else:
        made = f"keras.layers.{kind}({', '.join([*cell, *loop, *dtype])})"
    if layer.direction != "bidirectional":
        return made
    merge = {"concat": [], "none": ["merge_mode=None"]}.get(layer.merge, [f'merge_mode="{layer.merge}"'])
    return f"keras.layers.Bidirectional({', '.join([made, *merge, *dtype])})"
