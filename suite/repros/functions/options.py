"""Scripts of options: kept through configurations, files and clones; left out; impossible; regularizers, constraints, schedules,
and the shapes that a layer tells beforehand."""

from __future__ import annotations

import re
from typing import Any

from cases.families.bounds_of_weights import EQUATIONS
from cases.families.wrappers import IMPOSSIBLE
from cases.layers import Layer
from suite.repros import keras as in_keras
from suite.repros.finding import NoScript
from suite.repros.functions.masks import part, written
from suite.repros.functions.told import (
    DRAW,
    Told,
    by_equations,
    compared,
    drawn,
    equal,
    head,
    mask_line,
    numpy,
    refused,
    sizes,
    whole,
)
from suite.repros.functions.weights import ALL, INTEGERS

CELL = {
    "activation": '"softsign"', "use_bias": "False", "dropout": "0.25", "recurrent_dropout": "0.5", "seed": "11",
    "kernel_initializer": "keras.initializers.HeNormal(3)", "recurrent_initializer": "keras.initializers.GlorotNormal(4)",
    "bias_initializer": "keras.initializers.Constant(0.5)", "kernel_regularizer": "keras.regularizers.L2(0.25)",
    "recurrent_regularizer": "keras.regularizers.L1(0.5)", "bias_regularizer": "keras.regularizers.L2(0.125)",
    "kernel_constraint": "keras.constraints.NonNeg()", "recurrent_constraint": "keras.constraints.MaxNorm(3)",
    "bias_constraint": "keras.constraints.UnitNorm()", "recurrent_activation": '"hard_sigmoid"', "unit_forget_bias": "False",
    "reset_after": "False", "activity_regularizer": "keras.regularizers.L2(0.0625)", "implementation": "1",
    "use_cudnn": "False", "embeddings_initializer": "keras.initializers.HeNormal(3)",
    "embeddings_regularizer": "keras.regularizers.L2(0.25)", "embeddings_constraint": "keras.constraints.NonNeg()",
    **dict.fromkeys(("return_sequences", "return_state", "go_backwards", "stateful", "unroll", "zero_output_for_mask",
                     "mask_zero"), "True"), "trainable": "False", "padding": '"same"', "data_format": '"channels_first"',
}
"""An option -> a value that is not the default, as it is written."""
NAMES = {"simple_rnn": "SimpleRNN", "lstm": "LSTM", "gru": "GRU"}


def said(value: str) -> str:
    """The expression of an option's value in words that are the same in every layer."""
    return f"said({value})"


SAID = ["def said(value):  # an option's value in words",
        "    if hasattr(value, \"get_config\"):",
        "        return type(value).__name__, str(sorted(value.get_config().items()))",
        "    return getattr(value, \"__name__\", None) or str(value)"]


def option(told: Told) -> list[str]:
    """An option that is another one than was given, in the layer or in one that is made of it."""
    kind, way = told.options["kind"], told.options["way"]
    name = told.worst.where
    short = name.rpartition(".")[2]
    rows = [row for row in getattr(told.answer, "facts", {}).get("options", ()) if row[0] == name]
    if rows and len(set(rows[0][1:])) == 1:  # the layer that is told everything comes first
        raise NoScript(f"{name} is another one only in a layer that is told less, or other values: not written in scripts yet")
    if kind == "time_distributed":
        options = {"units": "5", "activation": '"softsign"', "use_bias": "False",
        "kernel_regularizer": CELL["kernel_regularizer"]}
        made = "keras.layers.TimeDistributed(keras.layers.Dense(" + ", ".join(f"{n}={v}" for n, v in options.items()) + "))"
        shape, path, value = "(4, 3)", f".{name}", options.get(short)
    elif kind == "stacked":
        place = re.match(r"cell\.cells\.(\d)\.", name)
        shape, value = "(4, 3)", CELL.get(short) if place or short in ("return_sequences", "return_state") else CELL.get(short)
        cells = [f"keras.layers.{c}Cell({n}{f', {short}={value}' if place and int(place.group(1)) == k else ''})"
                 for k, (c, n) in enumerate((("LSTM", 5), ("GRU", 4), ("SimpleRNN", 3)))]
        more = "" if place else f", {short}={value}"
        made = f"keras.layers.RNN(keras.layers.StackedRNNCells([{', '.join(cells)}]){more})"
        path = f".cell.cells[{place.group(1)}].{short}" if place else f".{short}"
    elif kind in NAMES or kind.endswith("_loop") or kind.startswith("conv_lstm"):
        convolution = kind.startswith("conv_lstm")
        axes = int(kind[-2]) if convolution else 0
        sizes_of = {"kernel_size": str((2, 3, 2)[:axes]), "strides": str((2, 1, 2)[:axes]), "dilation_rate": "(2,)"}
        value = sizes_of.get(short) if convolution and short in sizes_of else CELL.get(short)
        class_ = f"ConvLSTM{axes}D" if convolution else NAMES[kind.removesuffix("_loop")]
        first = "4, " + (sizes_of["kernel_size"] if convolution else "") if convolution else "5"
        given = "" if short in ("units", "filters", "kernel_size") else f", {short}={value}"
        if short in ("units", "filters"):
            value = "4" if convolution else "5"
        made = f"keras.layers.{class_}({first.rstrip(', ')}{given})"
        rank = ", ".join(["4", "2", *map(str, (5, 6, 4)[:axes])])
        shape = f"({rank})" if convolution else "(4, 3)"
        if convolution and short != "data_format":
            shape = f"({', '.join(['4', *map(str, (5, 6, 4)[:axes]), '2'])})"
        owner = short in LOOPS
        path = f".{short}" if owner or short in ("trainable", "activity_regularizer", "use_cudnn") else f".cell.{short}"
        if short == "units":
            path = ".units"
    elif kind == "masking":
        made, shape, path, value = "keras.layers.Masking(-7.5)", "(4, 3)", ".mask_value", "-7.5"
    elif kind == "embedding":
        value = {"input_dim": "9", "output_dim": "4"}.get(short, CELL.get(short))
        more = "" if short in ("input_dim", "output_dim") else f", {short}={value}"
        made, shape, path = f"keras.layers.Embedding(9, 4{more})", "(4,)", f".{short}"
    else:
        raise NoScript(f"the options of {kind}: not written in scripts yet")
    if value is None:
        raise NoScript(f"the option {name}: not written in scripts yet")
    return kept(told, made, shape, path, value, way, short == "stateful", kind == "embedding")


LOOPS = ("return_sequences", "return_state", "go_backwards", "stateful", "unroll", "zero_output_for_mask")


def kept(told: Told, made: str, shape: str, path: str, value: str, way: str, stateful: bool, ids: bool) -> list[str]:
    """The comparison of an option in a layer, and in one that is made of it, with what was given."""
    activation = path.endswith("activation")
    first = [*head(told.backend, *["import tempfile"] * (way == "file")), "", *SAID]
    asked = [f"layer = {made}", *again(way, shape, stateful, ids)]
    given = f"keras.activations.get({value})" if activation else value
    return whole(told, first, asked, [
        f"expected = [said({given})] * 2", f"found = [said(layer{path}), said(again{path})]  # as made, and after {way}",
        *equal()])


def again(way: str, shape: str, stateful: bool, ids: bool = False) -> list[str]:
    """`again`: a layer of the one that is called `layer`."""
    if way == "configuration":
        return ["again = type(layer).from_config(layer.get_config())"]
    rows = f"batch_shape=(2, *{shape})" if stateful else f"{shape}"
    lines = [f"start = keras.Input({rows}{INTEGERS * ids})",
             "model = keras.Model(start, layer(start))"]
    if way == "clone":
        return [*lines, "again = keras.models.clone_model(model).layers[-1]"]
    return [*lines, 'path = os.path.join(tempfile.mkdtemp(), "model.keras")', "model.save(path)",
            "again = keras.models.load_model(path).layers[-1]"]


def shared(told: Told) -> list[str]:
    """A layer, or a cell, that stands twice in a model, in one that is made of it."""
    way, where = told.options["way"], told.worst.where
    if where not in ("layers and parameters", "cells"):
        raise NoScript(f"{where or 'an error'} of a model that is made of another one: the message tells it")
    model = ["cell, start = keras.layers.SimpleRNNCell(3), keras.Input((4, 3))",
             "model = keras.Model(start, keras.layers.RNN(cell)(keras.layers.RNN(cell, return_sequences=True)(start)))"]
    if where != "cells":
        model = ["layer, start = keras.layers.LSTM(3, return_sequences=True), keras.Input((4, 3))",
                 "model = keras.Model(start, keras.layers.LSTM(2)(layer(layer(start))))"]
    made = {"clone": ["again = keras.models.clone_model(model)"],
            "configuration": ["again = type(model).from_config(model.get_config())"]}.get(way) or [
        'path = os.path.join(tempfile.mkdtemp(), "model.keras")', "model.save(path)", "again = keras.models.load_model(path)"]
    return whole(told, head(told.backend, *["import tempfile"] * (way == "file")), [*model, *made], [
        "expected = len(model.layers), model.count_params()", "found = len(again.layers), again.count_params()", *equal()])


def defaults(told: Told) -> list[str]:
    """A layer with nothing but its units, behind Masking."""
    layer, batch = told.options["layer"], told.options["batch"]
    if told.worst.where == "mask":
        raise NoScript("what masks by default: the message tells it")
    made = in_keras.construct(layer, "fused", True)
    first = [*head(told.backend), "", *DRAW, *mask_line(batch.mask), drawn("x", batch.inputs.shape, " * mask[..., None]")]
    asked = [f"layer = {made}", f"layer.build((None, None, {layer.features}))", "for v in layer.trainable_variables:",
             "    v.assign(draw(*v.shape) / 2)", f"found = {numpy(told, 'layer(keras.layers.Masking()(x))')}"]
    return whole(told, first, asked, [*by_equations(told, layer, "layer.trainable_variables", True, "hold", 0),
                                      *compared(told.tolerance)])


BOUNDS = {
    "l1": "0.3 * np.abs(w).sum()", "l2": "0.7 * (w ** 2).sum()", "l1_and_l2": "0.3 * np.abs(w).sum() + 0.7 * (w ** 2).sum()",
    "not_negative": "np.maximum(w, 0)", "unit_norm": "w / norm(w, 0)", "unit_norm_of_rows": "w / norm(w, 1)",
    "largest_norm": "w * np.minimum(1, 1.5 / norm(w, 0))", "largest_norm_of_rows": "w * np.minimum(1, 1.5 / norm(w, 1))",
    "norms_between": "w * np.clip(norm(w, 0), 1.2, 1.8) / norm(w, 0)",
    "norms_moved_between": "w * (0.25 * np.clip(norm(w, 1), 1.2, 1.8) + 0.75 * norm(w, 1)) / norm(w, 1)",
    "orthogonal_rows": "0.6 * np.abs(u @ u.T)[~np.eye(len(u), dtype=bool)].mean()",
    "orthogonal_columns": "0.6 * np.abs(u @ u.T)[~np.eye(len(u), dtype=bool)].mean()",
}


def bound(told: Told) -> list[str]:
    """A regularizer or a constraint of a matrix, and its equation."""
    which, name, options = (told.options[n] for n in ("bound", "name", "options"))
    module = "constraints" if "norm" in which or which == "not_negative" else "regularizers"
    given = ", ".join(f"{n}={v!r}".replace("'", '"') for n, v in options.items())
    first = [*head(told.backend), "", *DRAW, f"w = draw({sizes(told.options['weight'].shape)}) * 2"]
    asked = [f"found = {numpy(told, f'keras.{module}.{name}({given})(keras.ops.convert_to_tensor(w))')}"]
    then = ["w = np.float64(w)"]
    if "norm" in which or "orthogonal" in which:
        then.append("norm = lambda w, axis: np.sqrt((w ** 2).sum(axis=axis, keepdims=True))")
    if "orthogonal" in which:
        then.append("u = w / norm(w, 1)" if which.endswith("rows") else "u = w.T / norm(w.T, 1)")
    if which not in EQUATIONS:
        raise NoScript(f"{which}: not written in scripts yet")
    return whole(told, first, asked, [*then, f"expected = np.array({BOUNDS[which]})", *compared("1e-5")])


def bounds(told: Told) -> list[str]:
    """Regularizers and constraints of every weight of a layer: the loss, and the weights after a step."""
    kind, factors, most = (told.options[n] for n in ("kind", "factors", "most"))
    given = [f"{n.replace('recurrent_kernel', 'recurrent')}_regularizer=keras.regularizers.L2({f})"
             for n, f in factors.items() if n != "embeddings"]
    given += ["kernel_constraint=keras.constraints.NonNeg()", "bias_constraint=keras.constraints.NonNeg()",
              f"recurrent_constraint=keras.constraints.MaxNorm({most}, axis=0)"]
    shape, ids = (4, 3), kind == "embedding"
    first = [*head(told.backend), "", "rng = np.random.default_rng(0)"]
    first += [] if ids else [f"options = dict({', '.join(given)})"]
    if ids:
        shape = (4,)
        made = (f"keras.layers.Embedding(9, 4, embeddings_regularizer=keras.regularizers.L2({factors['embeddings']}), "
                "embeddings_constraint=keras.constraints.NonNeg())")
    elif kind.startswith("conv_lstm"):
        axes = int(kind[-2])
        shape = (3, *(4, 5, 3)[:axes], 2)
        made = f"keras.layers.ConvLSTM{axes}D(3, {(2, 3, 2)[:axes]}, **options)"
    else:
        made = {"stacked": "keras.layers.RNN([keras.layers.LSTMCell(5, **options), keras.layers.GRUCell(4, **options)])",
                "bidirectional": "keras.layers.Bidirectional(keras.layers.LSTM(5, **options))"}.get(
            kind, f"keras.layers.{NAMES.get(kind)}(5, **options)")
    x = f"rng.integers(0, 9, {(2, *shape)})" if ids else f'rng.normal(size={(2, *shape)}).astype("float32")'
    asked = [f"layer, start = {made}, keras.Input({shape}{INTEGERS * ids})",
             "model = keras.Model(start, layer(start))", 'model.compile(keras.optimizers.SGD(0.0), "mse")',
             'model.set_weights([rng.normal(size=w.shape).astype("float32") for w in model.get_weights()])',
             "loss = sum(float(one) for one in model.losses)",
             "before = [(v.name, keras.ops.convert_to_numpy(v).copy()) for v in layer.trainable_variables]",
             f'model.train_on_batch({x}, np.zeros((2, *model.output_shape[1:]), "float32"))',
             "after = [(v.name, keras.ops.convert_to_numpy(v)) for v in layer.trainable_variables]"]
    return whole(told, first, asked, [
        f"factors = {factors!r}".replace("'", '"'),
        "due = sum(factors[name] * (w.astype(float) ** 2).sum() for name, w in before)",
        'found = {"the losses are the sums of squares": bool(np.isclose(loss, due, rtol=1e-4))}',
        "for number, (name, w) in enumerate(after):",
        f"    bounded = np.sqrt((w ** 2).sum(axis=0)).max() <= {most} + 1e-5 if name.startswith(\"recurrent\") else w.min() >= 0",
        '    found[f"{number} {name} is in its bounds after a step"] = bool(bounded)', *ALL])


SCHEDULES = {
    "exponential": ("ExponentialDecay", "r * decay ** (np.floor(t / n) if stairs else t / n)"),
    "inverse_time": ("InverseTimeDecay", "r / (1 + decay * (np.floor(t / n) if stairs else t / n))"),
    "polynomial": ("PolynomialDecay", ""), "piecewise": ("PiecewiseConstantDecay", ""), "cosine": ("CosineDecay", ""),
    "cosine_restarts": ("CosineDecayRestarts", ""),
}


def schedule(told: Told) -> list[str]:
    """The rates of a schedule, as made and from its configuration; their equation is worked out beforehand."""
    from cases import schedules

    kind, options, steps = told.options["kind"], dict(told.options["options"]), told.options["steps"]
    given = ", ".join(f"{n}={list(v) if isinstance(v, tuple) else v!r}" for n, v in options.items())
    due = [float(f"{schedules.rate(kind, options, step):.7g}") for step in range(steps)]
    again = told.named("again", "rates") == "again"
    return whole(told, head(told.backend), [
        f"rate = keras.optimizers.schedules.{SCHEDULES[kind][0]}({given})",
        *["rate = type(rate).from_config(rate.get_config())"] * again,
        f"found = np.array([float(rate(step)) for step in range({steps})])"], [
        f"expected = np.array({due})  # its equation at each step", *compared("1e-5")])


def made_convolution(told: Told) -> list[str]:
    """A ConvLSTM that cannot be."""
    wrong, axes = told.options["wrong"], told.options["axes"]
    given = {"filters": 2, "kernel_size": (2,) * (axes + 1) if wrong == "window_of_other_axes" else 2, **IMPOSSIBLE[wrong]}
    return refused(told, head(told.backend), [f"keras.layers.ConvLSTM{axes}D({written(given)})"], wrong.replace("_", " "))


def other_halves(told: Told) -> list[str]:
    """Two halves of a wrapper that do not go together."""
    option, values = told.options["option"], told.options["values"]
    made = [f"keras.layers.LSTM({', '.join(f'{n}={v}' for n, v in {'units': 2, 'go_backwards': back, option: value}.items())})"
            for back, value in zip((False, True), values, strict=True)]
    return refused(told, head(told.backend), [
        f"layer = keras.layers.Bidirectional({made[0]}, merge_mode=\"sum\",", f"    backward_layer={made[1]})",
        "layer(np.ones((1, 2, 3), \"float32\"))"], f"halves with {option}={values[0]} and {values[1]}")


def declared_shapes(told: Told) -> list[str]:
    """The shapes that a layer tells beforehand, and those that come."""
    options = told.options
    made, shape = part(told, options["part"], options["direction"], options["merge"],
                       return_sequences=options["return_sequences"], return_state=options["return_state"])
    shape = (options["steps"], *shape)
    if options["inside"] == "time_distributed":
        made, shape = f"keras.layers.TimeDistributed({made})", (3, *shape)
    row = told.worst.where.startswith("row")
    whole_shape = (1 if row else options["rows"], *shape)
    lines = ["def shapes(nested):  # of tensors, or shapes, nested as they are", "    if hasattr(nested, \"shape\"):",
             "        return tuple(nested.shape)", "    plain = all(n is None or isinstance(n, int) for n in nested)",
             "    return tuple(nested) if plain else [shapes(one) for one in nested]",
             "def fits(a, b):  # an open batch is None", "    if isinstance(a, list) or isinstance(b, list):",
             "        return type(a) is type(b) and len(a) == len(b) and all(map(fits, a, b))",
             "    return len(a) == len(b) and all(m == n or (m is None and not k) for k, (m, n) in enumerate(zip(a, b)))"]
    computed = row or told.worst.where.startswith("computed")
    asked = [f"layer = {made}", f"layer.build({whole_shape})"]
    asked.append(f"told = shapes(layer.compute_output_shape({whole_shape}))" if computed else
                 f"told = shapes(layer(keras.Input({shape})))")
    return whole(told, [*head(told.backend), "", *lines], [
        *asked, f"come = shapes(layer(np.ones({whole_shape}, \"float32\")))"], [
        'print("expected", come)', 'print("found   ", told)', "sys.exit(int(not fits(told, come)))"])


def chosen_kernel(told: Told) -> list[str]:
    """use_cudnn, in all values: refused, or by the equations."""
    request, choice = told.options["request"], told.options["choice"]
    layer, batch = request.layer, request.batch
    value = {"never": "False", "always": "True"}.get(choice, f'"{choice}"')
    plain = in_keras.construct(layer.but(direction="forward"), "fused", True)[:-1] + f", use_cudnn={value})"
    made = f"keras.layers.Bidirectional({plain})" if layer.direction == "bidirectional" else plain
    first = [*head(told.backend), "", *DRAW, drawn("x", batch.inputs.shape), *mask_line(batch.mask)]
    asked = [f"layer = {made}", f"layer.build((None, None, {layer.features}))", "for v in layer.trainable_variables:",
             "    v.assign(draw(*v.shape) / 2)"]
    call = f"layer(x{', mask=mask' * (batch.mask is not None)})"
    if choice == "nonsense":
        return refused(told, first, [*asked, call], "use_cudnn=\"nonsense\"")
    if told.worst.where == "kernel":
        raise NoScript("which kernel ran is told by the framework's profiler alone")
    name = told.named("outputs", "states") or "outputs"
    order = ["outputs", *(f"states/{key}" for key in layer.state_keys())]
    place = order.index(name) if name in order else 0
    asked.append(f"found = {numpy(told, f'{call}[{place}]')}")
    padding = "zero" if layer.direction == "bidirectional" else "hold"
    return whole(told, first, asked, [
        *by_equations(told, layer, "layer.trainable_variables", batch.mask is not None, padding, place),
        *compared(told.tolerance)])


def other_dtype(told: Told) -> list[str]:
    """Inputs or masks of another dtype, against the equations."""
    request, what, dtype = (told.options[n] for n in ("request", "what", "dtype"))
    layer: Layer = request.layer
    batch = request.batch
    masked, scale = batch.mask is not None, {"int32": "(draw({}) * 2).round()", "float16": "(draw({}) * 16).round() / 16"}
    source: Any = scale.get(dtype, "draw({})") if what == "inputs" else "draw({})"
    first = [*head(told.backend), "", *DRAW, f"x = {source.format(sizes(batch.inputs.shape))}", *mask_line(batch.mask)]
    given = [f'x.astype("{dtype}")' if what == "inputs" else "x"]
    cast = f'.astype("{dtype}")' * (what == "mask")
    given += [f"mask=keras.ops.convert_to_tensor(mask{cast})"] * masked
    asked = [f"layer = {in_keras.construct(layer, 'fused', True)}", f"layer.build((None, None, {layer.features}))",
             "for v in layer.trainable_variables:", "    v.assign(draw(*v.shape) / 2)",
             f"found = {numpy(told, f'layer({chr(44).join(given)})'.replace(',mask', ', mask'))}"]
    padding = "zero" if layer.direction == "bidirectional" else "hold"
    return whole(told, first, asked, [*by_equations(told, layer, "layer.trainable_variables", masked, padding, 0),
                                      *compared(told.tolerance, "mask[..., None]" if masked else "")])


