"""A described model in Keras' words: its layers, their weights, the graph of them. Text only."""

from __future__ import annotations

import builtins
import re
from collections.abc import Callable, Mapping
from itertools import pairwise

from cases.layouts import NODE_WEIGHTS
from cases.models import JOINS, ModelRequest, Node, named_inputs
from suite.repros.keras import construct


def _convolution(n: Node) -> str:
    activation = f', activation="{n["activation"]}"' if n["activation"] != "linear" else ""
    padding = f', padding="{n["padding"]}"' if n["padding"] != "valid" else ""
    return f"Conv{n.op[-2]}D({n['filters']}, {tuple(n['size'])}{padding}{activation})"


def _dense(n: Node) -> str:
    return f"Dense({n['units']}" + (f', activation="{n["activation"]}")' if n["activation"] != "linear" else ")")


LAYERS: Mapping[str, Callable[[Node], str]] = {
    "masking": lambda n: f"Masking({n['value']:g})", "dense": _dense, "conv1d": _convolution, "conv2d": _convolution,
    "conv3d": _convolution, "dropout": lambda n: f"Dropout({n['rate']})",
    "embedding": lambda n: f"Embedding({n['ids']}, {n['width']}" + (", mask_zero=True)" if n["mask_zero"] else ")"),
    "activation": lambda n: f'Activation("{n["activation"]}")',
    "batch_norm": lambda n: f"BatchNormalization(epsilon={n['epsilon']}, momentum={dict(n.options).get('momentum', 0.99)})",
    "max_pool1d": lambda n: f"MaxPooling1D({tuple(n['size'])})", "max_pool2d": lambda n: f"MaxPooling2D({tuple(n['size'])})",
    "flatten": lambda n: "Flatten()", "reshape": lambda n: f"Reshape({tuple(n['shape'])})",
    "permute": lambda n: f"Permute({tuple(n['dims'])})", "repeat_vector": lambda n: f"RepeatVector({n['times']})",
    "add": lambda n: "Add()", "multiply": lambda n: "Multiply()", "concatenate": lambda n: f"Concatenate(axis={n['axis']})",
    "dot": lambda n: f"Dot(axes={tuple(n['axes'])})",
}
"""Op -> the constructor's call, in `keras.layers`."""


def layer(n: Node) -> str:
    """The constructor's call of a node."""
    if n.op == "recurrent":
        return construct(n["layer"], "fused", True)
    if n.op == "time_distributed":
        return f"keras.layers.TimeDistributed({layer(n['layer'])})"
    if n.op == "slice":
        return f"keras.layers.Lambda(lambda x: x[:, {cut(n)}])"
    return f"keras.layers.{LAYERS[n.op](n)}"


def cut(n: Node) -> str:
    """The slice of a node, without brackets."""
    return f"{n['start'] or ''}:{'' if n['stop'] is None else n['stop']}"


def called(name: str) -> str:
    """A node's name as that of a variable."""
    plain = re.sub(r"\W", "_", name)
    return plain + "_" if hasattr(builtins, plain) or plain in ("model", "weights", "x", "y", "mask", "draw", "rng") else plain


def silent(n: Node) -> bool:
    """Whether a node does nothing: dropout that drops nothing."""
    return n.op == "dropout" and not n["rate"]


def start(n: Node, request: ModelRequest) -> str:
    """An input node."""
    array = named_inputs(request.model, request.inputs)[n.name]
    return f"keras.Input({tuple(n['shape'])}" + (', dtype="int32")' if array.dtype.kind in "iu" else ")")


def arrays(request: ModelRequest) -> dict[str, str]:
    """Input node -> the name of its array in a script."""
    names = list(named_inputs(request.model, request.inputs))
    return {name: f"x_{called(name).rstrip('_')}" if len(names) > 1 else "x" for name in names}


def written(request: ModelRequest) -> list[str]:
    """`model`, and `weights`, those of its nodes in their order, drawn."""
    nodes = [n for n in request.model.nodes if not silent(n)]
    chain = all(n.inputs == (before.name,) for before, n in pairwise(request.model.nodes)) and request.mask is None
    if chain and not any(n.op == "slice" and n["form"] != "lambda" for n in nodes):
        lines = ["model = keras.Sequential([", f"    {start(nodes[0], request)},", *(f"    {layer(n)}," for n in nodes[1:]), "])"]
        normed = [index for index, n in enumerate(nodes[1:]) if n.op == "batch_norm"]
        return [*lines, *drawn("model.layers", [f"model.layers[{index}]" for index in normed])]
    return graph(request)


def graph(request: ModelRequest) -> list[str]:
    """The same of what is no chain."""
    lines, mask, inputs, heavy, names = [], request.mask is not None, [], [], {}
    for n in request.model.nodes:
        name, given = called(n.name), [names[one] for one in n.inputs]
        names[n.name] = given[0] if silent(n) else name
        if silent(n):
            continue
        if n.op == "input":
            lines.append(f"{name} = {start(n, request)}")
            inputs.append(name)
            if mask and len(inputs) == 1:
                lines.append(f'mask_ = keras.Input({tuple(n["shape"])[:1]}, dtype="bool")')
            continue
        if n.op == "slice" and n["form"] != "lambda":
            lines.append(f"{name} = {given[0]}[:, {cut(n)}]")
            continue
        more, made = "", layer(n)
        if n.op == "recurrent":
            more += ", mask=mask_" * mask + (f", initial_state=[{', '.join(given[1:])}]" if given[1:] else "")
            mask = False
        if n.op in ("recurrent", "time_distributed", *NODE_WEIGHTS):
            heavy.append(n)
            lines.append(f"{name}_layer = {made}")
            made = f"{name}_layer"
        lines.append(f"{name} = {made}({'[' + ', '.join(given) + ']' if n.op in JOINS else given[0]}{more})")
    inputs += ["mask_"] * (request.mask is not None)
    ends = f"[{', '.join(inputs)}]" if len(inputs) > 1 else inputs[0]
    lines.append(f"model = keras.Model({ends}, {names[request.model.nodes[-1].name]})")
    normed = [f"{called(n.name)}_layer" for n in heavy if n.op == "batch_norm"]
    return [*lines, *drawn(f"[{', '.join(f'{called(n.name)}_layer' for n in heavy)}]", normed)]


def drawn(layers: str, normed: list[str]) -> list[str]:
    """`weights`, drawn; those of normalizations are positive."""
    lines = [f"weights = [v for layer in {layers} for v in layer.weights]"]
    if not normed:
        return [*lines, "for v in weights:", "    v.assign(draw(*v.shape) / 2)"]
    return [f"for layer in {layers}:", "    for v in layer.weights:",
            f"        v.assign(abs(draw(*v.shape)) + 0.5 if layer in [{', '.join(normed)}] else draw(*v.shape) / 2)", *lines]
