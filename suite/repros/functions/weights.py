"""Scripts of weights: given in many ways, fresh ones, read back, after a step of training."""

from __future__ import annotations

from typing import Any

import numpy as np

from cases.families.initial_weights import documented
from cases.layers import Layer
from suite.repros import keras as in_keras
from suite.repros import pytorch as in_torch
from suite.repros.finding import NoScript
from suite.repros.functions.told import DRAW, Told, by_equations, compared, drawn, equal, head, mask_line, sizes, whole

ALL = ['print("expected", dict.fromkeys(found, True))', 'print("found   ", found)', "sys.exit(int(not all(found.values())))"]
"""The end of a script that made `found`, what must be true: name -> whether it is."""
INTEGERS = ', dtype="int32"'
"""The dtype of an Input of ids."""
EVEN = ["def even(w, bound):  # drawn evenly between -bound and bound: Kolmogorov's distance",
        "    u = (np.sort(w.ravel()) / bound + 1) / 2",
        "    far = np.abs(u - (np.arange(u.size) + 0.5) / u.size).max()",
        "    return bool(np.abs(w).max() <= bound * 1.000001 and far <= 3.5 / np.sqrt(u.size))"]
CALLED = {"deep_copied": "copy.deepcopy(other)", "pickled": "pickle.loads(pickle.dumps(other))"}


def changed(told: Told) -> str:
    """Which weights are others than before: all, biases or first."""
    old, new = told.options["others"], told.options["weights"]
    names = [name for name in new if not np.array_equal(old[name], new[name])]
    return "all" if len(names) == len(new) else "biases" if names and all(n.endswith("bias") for n in names) else "first"


def given_weights(told: Told) -> list[str]:
    """A layer that computed with other weights, given new ones: it must give what the equations give with those."""
    layer, batch, way = (told.options[name] for name in ("layer", "batch", "way"))
    return (given_keras if told.keras else given_torch)(told, layer, batch, way, changed(told))


def given_keras(told: Told, layer: Layer, batch: Any, way: str, part: str) -> list[str]:
    """In Keras."""
    masked = batch.mask is not None
    modules = {"deep_copied": ["import copy"], "pickled": ["import pickle"], "loaded": ["import tempfile"]}.get(way, [])
    first = [*head(told.backend, *modules), "", *DRAW, drawn("x", batch.inputs.shape), *mask_line(batch.mask),
             f"given = {'[x, mask]' if masked else 'x'}"]
    shape = batch.inputs.shape[1:]
    stack = ["def made():", f"    start = y = keras.Input({shape})"]
    stack += [f"    mask = keras.Input({shape[:1]}, dtype=\"bool\")"] * masked
    stack += [f"    y, *s{index} = {in_keras.construct(layer, 'fused', index == layer.layers - 1)}(y{', mask=mask' * masked})"
              for index in range(layer.layers)]
    results = ", ".join(["y", *(f"*s{index}" for index in range(layer.layers))])
    chosen = {"all": "other.trainable_variables", "first": "other.trainable_variables[:1]",
              "biases": '[v for v in other.trainable_variables if v.name == "bias"]'}[part]
    asked = [*stack, f"    return keras.Model({'[start, mask]' if masked else 'start'}, [{results}])", "",
             "model, other = made(), made()", "for v in model.trainable_variables:", "    v.assign(draw(*v.shape) / 2)",
             "other.set_weights(model.get_weights())", f"for v in {chosen}:", "    v.assign(draw(*v.shape) / 2)",
             "model(given)  # with the weights that it has first", "due = other.get_weights()"]
    to = "keras.ops.convert_to_tensor"
    asked += {
        "copied": ["for v, u in zip(model.trainable_variables, other.trainable_variables):", "    v.assign(u)"],
        "replaced": ["model.set_weights(other.get_weights())"],
        "loaded": ['path = os.path.join(tempfile.mkdtemp(), "model.weights.h5")', "other.save_weights(path)",
                   "model.load_weights(path)"],
        "pickled": [f"model = {CALLED['pickled']}"],
        "deep_copied": [f"model = {CALLED['deep_copied']}", "other.set_weights([w * 0.5 for w in other.get_weights()])"],
        "called_with": ["values, fixed = ([v.value for v in vs] for vs in (other.trainable_variables, "
                        "model.non_trainable_variables))",
                        "results, _ = model.stateless_call(values, fixed, "
                        f"{f'[{to}(a) for a in given]' if masked else f'{to}(given)'})"],
    }[way]
    asked += ["results = model(given)"] * (way != "called_with")
    place = result(told, layer)
    asked.append(f"found = keras.ops.convert_to_numpy(results[{place}])")
    padding = "zero" if layer.direction == "bidirectional" else "hold"
    return whole(told, first, asked, [*by_equations(told, layer, "due", masked, padding, place), *compared(told.tolerance)])


def result(told: Told, layer: Layer) -> int:
    """Which of outputs and final states is shown."""
    order = ["outputs", *(f"states/{key}" for key in layer.state_keys())]
    name = told.named("outputs", "states")
    return order.index(name) if name in order else 0


def given_torch(told: Told, layer: Layer, batch: Any, way: str, part: str) -> list[str]:
    """In PyTorch."""
    if way not in GIVEN:
        raise NoScript(f"weights given in this way ({way}): not written in scripts yet")
    masked = batch.mask is not None
    more = [f"import {name}" for name, ways in (("copy", ("deep_copied", "computed_copied")), ("io", ("pickled",
        ))) if way in ways]
    more += ["from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence"] * masked
    more += {"computed": ["from torch.nn.utils import parametrize"],
        "computed_copied": ["from torch.nn.utils import parametrize"],
             "normed": ["from torch.nn.utils import parametrizations"], "pruned": ["from torch.nn.utils import prune"]}.get(way,
             [])
    first = [*head(told.backend, *more), "", *DRAW, drawn("x", batch.inputs.shape), *mask_line(batch.mask)]
    made = f"torch.{in_torch.construct(layer, 'fused', 'cpu')}"
    chosen = {"all": "n", "first": 'n == "weight_ih_l0"', "biases": 'n.startswith("bias")',
              "last": "n == [*dict(layer.named_parameters())][-1]"}[part]
    asked = ["class Half(torch.nn.Module):  # a weight that is half of the parameter it is computed from",
             "    def forward(self, whole):", "        return whole / 2",
             "    def right_inverse(self, half):", "        return half * 2", ""] * way.startswith("computed")
    asked += ["def run(layer):"]
    if masked:
        asked += ["    lengths = torch.as_tensor(mask.sum(1))",
                  "    y, end = layer(pack_padded_sequence(torch.as_tensor(x), lengths, batch_first=True, enforce_sorted=False))",
                  f"    y, _ = pad_packed_sequence(y, batch_first=True, total_length={batch.time})"]
    else:
        asked.append("    y, end = layer(torch.as_tensor(x))")
    asked += [f"    return [y, *{'[s for pair in zip(*end) for s in pair]' if layer.cell == 'lstm' else 'end'}]", "",
        f"layer, other = {made}, {made}", "for p in layer.parameters():",
              "    p.data = torch.as_tensor(draw(*p.shape) / 2)", "other.load_state_dict(layer.state_dict())",
              "for n, p in other.named_parameters():",
              *(["    p.data = torch.as_tensor(draw(*p.shape) / 2)"] if part == "all" else [
                  f"    if {chosen}:", "        p.data = torch.as_tensor(draw(*p.shape) / 2)"]),
              "run(layer)  # with the weights that it has first",
              "due = [p.detach().clone() for p in other.parameters()]"]
    every = "" if part == "all" or way in ("loaded", "assigned", "swapped") else f" if {chosen}"
    asked += [f"new = {{n: p.detach().clone() for n, p in other.named_parameters(){every}}}"] * (
        way not in ("pickled", "deep_copied", "averaged"))
    asked += GIVEN[way]
    asked += ["results = run(layer)"] * (way != "called_with")
    place = result(told, layer)
    asked.append(f"found = results[{place}].detach().numpy()")
    return whole(told, first, asked, [*by_equations(told, layer, "due", masked, "zero", place), *compared(told.tolerance)])


SET = ["with torch.no_grad():", "    for n, t in new.items():",
       '        setattr(layer, n, t) if n.startswith("weight") else getattr(layer, n).copy_(t)']
HALVED = ["for n in [n for n in new if n.startswith(\"weight\")]:",
"    parametrize.register_parametrization(layer, n, Half())", *SET]
GIVEN = {
    "loaded": ["layer.load_state_dict(new)"], "assigned": ["layer.load_state_dict(new, assign=True)"],
    "swapped": ["torch.__future__.set_swap_module_params_on_conversion(True)", "layer.load_state_dict(new)"],
    "copied": ["with torch.no_grad():", "    for n, t in new.items():", "        getattr(layer, n).copy_(t)"],
    "replaced": ["for n, t in new.items():", "    setattr(layer, n, torch.nn.Parameter(t))"],
    "data": ["for n, t in new.items():", "    getattr(layer, n).data = t"],
    "cast": ["layer.double()", "with torch.no_grad():", "    for n, t in new.items():", "        getattr(layer, n).copy_(t)",
             "layer.float()"],
    "pickled": ["torch.save(other, file := io.BytesIO())", "file.seek(0)", "layer = torch.load(file, weights_only=False)"],
    "deep_copied": ["layer = copy.deepcopy(other)", "for p in other.parameters():", "    p.data *= 0.5"],
    "called_with": [],
    "averaged": ["layer = torch.optim.swa_utils.AveragedModel(layer)", "layer.update_parameters(other)"],
    "computed": HALVED,
    "computed_copied": [*HALVED, "run(layer)", "copied = copy.deepcopy(layer)", "new = {n: -t for n, t in new.items()}", *SET,
                        "layer = copied"],
    "normed": ["for n in [n for n in new if n.startswith(\"weight\")]:", "    parametrizations.weight_norm(layer, n)", *SET],
    "pruned": ["with torch.no_grad():", "    for n, t in new.items():", '        if n.startswith("weight"):',
               "            prune.identity(layer, n)", '            getattr(layer, f"{n}_orig").copy_(t)', "        else:",
               "            getattr(layer, n).copy_(t)"],
}
GIVEN["called_with"] = ["results = run(lambda given: torch.func.functional_call(layer, new, (given,)))"]


def filling(by: float | tuple[float, float]) -> str:
    """The initializer: a number everywhere, or numbers that are drawn between two."""
    return f"keras.initializers.RandomUniform{by}" if isinstance(by, tuple) else f"keras.initializers.Constant({by})"


def fresh_layers(told: Told, layer: Layer, options: dict[str, Any]) -> list[str]:
    """`fresh(seed)`: the layers, built."""
    if not told.keras:
        return ["def fresh(seed):", "    torch.manual_seed(seed)",
                f"    return dict(torch.{in_torch.construct(layer, 'fused', 'cpu')}.named_parameters())"]
    given = "".join(f", {n}={filling(v) if n.endswith('_initializer') else v}" for n, v in options.items())
    lines = ["def fresh(seed):", "    keras.utils.set_random_seed(seed)", "    layers = []"]
    for index in range(layer.layers):
        made = in_keras.construct(layer.but(return_state=False, direction="forward"), "fused", False)[:-1] + given + ")"
        made = f"keras.layers.Bidirectional({made})" if layer.direction == "bidirectional" else made
        lines += [f"    layers.append({made})", f"    layers[-1].build((None, None, {layer.input_width(index)}))"]
    return [*lines, "    return [v for layer in layers for v in layer.weights]"]


def fresh_weights(told: Told) -> list[str]:
    """What fresh weights are: as documented, named as documented, decided by the seed, filled by initializers."""
    layer, options = told.options["layer"], dict(told.options["options"])
    if layer.dtype != "float32":
        raise NoScript(f"weights of {layer.dtype}: not written in scripts yet")
    if layer.convolution is not None:
        raise NoScript("fresh weights of a ConvLSTM: not written in scripts yet")
    if "call" in options:
        return seeds(told, layer)
    first = head(told.backend)
    made = fresh_layers(told, layer, options)
    if told.worst.message.startswith("found ["):
        due = [(n, tuple(shape)) for n, shape in documented(layer, "keras" if told.keras else "pytorch")]
        own = "[(v.name, tuple(v.shape)) for v in fresh(7)]" if told.keras else (
            "[(name, tuple(p.shape)) for name, p in fresh(7).items()]")
        return whole(told, first, [*made, f"found = {own}"], [f"expected = {due!r}", *equal()])
    if not told.keras:
        asked = [*made, "", *EVEN, "weights = {name: p.detach().numpy() for name, p in fresh(7).items()}"]
        return whole(told, first, asked, [
            f"found = {{name: even(w, 1 / np.sqrt({layer.units})) for name, w in weights.items()}}", *ALL])
    units = layer.units
    constant = {"kernel": "kernel_initializer", "recurrent_kernel": "recurrent_initializer", "bias": "bias_initializer"}
    ones = [f"        due[{units}:{2 * units}] = 1  # the forget gate's"]
    lines = ["found = {}", "for number, v in enumerate(fresh(7)):", "    w = keras.ops.convert_to_numpy(v)"]
    if "kernel_initializer" in options:
        (low, high), parts = options["bias_initializer"], f"w[..., {units}:{2 * units}], w[..., {2 * units}:]"
        lines.append('    if v.name == "bias":')
        lines += [f"        ones, w = {parts}  # the forget gate's"] if options.get("unit_forget_bias") else []
        alone = " and (ones == 1).all()" if options.get("unit_forget_bias") else ""
        values = ", ".join(f'"{n}": {options[o]}' for n, o in constant.items() if n != "bias")
        lines += [f"        good = bool(({low} <= w).all() and (w <= {high}).all() and len(np.unique(w)) > 0.9 * w.size{alone})",
                  "    else:", f"        good = bool((w == {{{values}}}[v.name]).all())",
                  '    found[f"{number} {v.name}"] = good']
        return whole(told, first, made, [*lines, *ALL])
    lines += ['    if v.name == "kernel":', "        good = even(w, np.sqrt(6 / sum(w.shape)))",
        '    elif v.name == "recurrent_kernel":',
              "        good = bool(np.abs(w @ w.T - np.eye(len(w))).max() <= 1e-4)  # orthonormal rows", "    else:",
              "        due = np.zeros(w.shape)", *(ones if layer.cell == "lstm" else []),
              "        good = bool(np.array_equal(w, due))", '    found[f"{number} {v.name}"] = good']
    return whole(told, first, [*made, "", *EVEN], [*lines, *ALL])


def seeds(told: Told, layer: Layer) -> list[str]:
    """One seed, one draw."""
    made = fresh_layers(told, layer, {})
    numbers = "[keras.ops.convert_to_numpy(v) for v in fresh(seed)]" if told.keras else (
        "[p.detach().numpy() for p in fresh(seed).values()]")
    kernels = "[0]"
    return whole(told, head(told.backend), [*made, f"first, again, other = ({numbers} for seed in (7, 7, 8))"], [
        'found = {"the same from one seed": all(np.array_equal(a, b) for a, b in zip(first, again)),',
        f'         "others from another seed": not np.array_equal(first{kernels}, other{kernels})}}', *ALL])


def fresh_parameters(told: Told) -> list[str]:
    """Names, shapes and draws of PyTorch's parameters."""
    layer, form, width = (told.options[name] for name in ("layer", "form", "width"))
    kind = in_torch.KINDS[layer.cell]
    both = layer.direction == "bidirectional"
    if form == "cell":
        made = f"torch.nn.{kind}Cell({layer.features}, {layer.units}, {layer.bias})"
    else:
        more = [f"{n}={v}" for n, v, usual in (("num_layers", layer.layers, 1), ("bias", layer.bias, True),
                                               ("bidirectional", both, False), ("proj_size", width, 0)) if v != usual]
        made = f"torch.nn.{kind}({', '.join([str(layer.features), str(layer.units), *more])})"
    due = {(n.removesuffix("_l0") if form == "cell" else n): tuple(shape) for n, shape in documented(layer, "pytorch", width)}
    return whole(told, head(told.backend), ["torch.manual_seed(7)", f"layer = {made}", "",
                                            "weights = {name: p.detach().numpy() for name, p in layer.named_parameters()}"], [
        f"shapes = {due!r}", *EVEN,
        'found = {"names and shapes": list(shapes.items()) == [(n, w.shape) for n, w in weights.items()]}',
        f"found |= {{n: even(w, 1 / np.sqrt({layer.units})) for n, w in weights.items()}}", *ALL])


def read_back(told: Told) -> list[str]:
    """Weights that are set, read."""
    layer = told.options["layer"]
    if not told.keras:
        asked = [f"layer = torch.{in_torch.construct(layer, 'fused', 'cpu')}",
                 "given = {n: torch.as_tensor(draw(*p.shape)) for n, p in layer.named_parameters()}",
                 "layer.load_state_dict(given)",
                 "found = {n: bool((t == given[n]).all()) for n, t in layer.state_dict().items()}"]
        return whole(told, [*head(told.backend), "", *DRAW], asked, ALL)
    plain = layer.but(return_state=False)
    lines = ["found = {}"]
    for index in range(layer.layers):
        lines += [f"layer = {in_keras.construct(plain, 'fused', False)}",
            f"layer.build((None, None, {layer.input_width(index)}))",
                  "given = [draw(*v.shape) for v in layer.weights]", "layer.set_weights(given)",
                  f"found |= {{f\"{index} {{k}}\": bool((a == b).all()) for k, (a, b) in "
                  "enumerate(zip(layer.get_weights(), given))}"]
    return whole(told, [*head(told.backend), "", *DRAW], lines, ALL)


def step(told: Told) -> list[str]:
    """One step of training through a frozen layer and another one, whose weights are punished and bounded."""
    layers, batch, rate = (told.options[name] for name in ("layers", "batch", "rate"))
    if not told.keras:
        return step_torch(told, layers, batch, rate)
    masked, kind, shape = batch.mask is not None, in_keras.KINDS[layers[0].cell], batch.inputs.shape
    factors = told.options["punished"]
    first = [*head(told.backend), "", *DRAW, drawn("x", shape), *mask_line(batch.mask),
             drawn("targets", (*shape[:2], layers[1].units)), f"given = {'[x, mask]' if masked else 'x'}"]
    asked = [f"start = keras.Input({shape[1:]})", *[f"valid = keras.Input({shape[1:2]}, dtype=\"bool\")"] * masked,
             f"frozen = keras.layers.{kind}({layers[0].units}, return_sequences=True{', trainable=False' * (not masked)})",
             f"other = keras.layers.{kind}({layers[1].units}, return_sequences=True, kernel_constraint=\"non_neg\", "
             "bias_constraint=\"non_neg\", recurrent_constraint=keras.constraints.MaxNorm(0.5, axis=0), " + ", ".join(
                 f"{n}_regularizer=keras.regularizers.L2({f})" for n, f in factors.items()) + ")",
             f"model = keras.Model({'[start, valid]' if masked else 'start'}, other(frozen(start{', mask=valid' * masked})))",
             *["frozen.trainable = False"] * masked,
             f'model.compile(keras.optimizers.SGD({rate}), "mse")',
             "model.set_weights([draw(*w.shape) / 2 for w in model.get_weights()])",
             "before, losses = [layer.get_weights() for layer in (frozen, other)], sorted(float(v) for v in model.losses)",
             "y = model.predict(given, verbose=0)", "loss = float(model.train_on_batch(given, targets))",
             "after = [layer.get_weights() for layer in (frozen, other)]"]
    error = "np.mean((y - targets) ** 2, axis=-1)" + ("[mask]" if masked else "") + ".mean()"
    return whole(told, first, asked, [
        f"due = [f * np.sum(w ** 2) for f, w in zip({tuple(factors.values())}, before[1])]", "kernel, recurrent, bias = after[1]",
        "found = {", '    "a frozen layer stays": all(np.array_equal(a, b) for a, b in zip(before[0], after[0])),',
        '    "every weight of the other moves": not any(np.array_equal(a, b) for a, b in zip(before[1], after[1])),',
        '    "losses of weights": bool(np.allclose(losses, sorted(due), rtol=1e-4)),',
        f'    "the loss is the error and they": bool(np.isclose(loss, {error} + sum(due), rtol=1e-4)),',
        '    "not negative": bool(min(kernel.min(), bias.min()) >= 0),',
        '    "norms of at most 1/2": bool(np.sqrt((recurrent ** 2).sum(axis=0)).max() <= 0.5001),', "}", *ALL])


def step_torch(told: Told, layers: Any, batch: Any, rate: float) -> list[str]:
    """In PyTorch: a frozen module."""
    made = [f"torch.{in_torch.construct(one, 'fused', 'cpu')}" for one in layers]
    masked = batch.mask is not None
    more = ["from torch.nn.utils.rnn import pack_padded_sequence"] * masked
    x = "torch.as_tensor(x)"
    x = f"pack_padded_sequence({x}, torch.as_tensor(mask.sum(1)), batch_first=True, enforce_sorted=False)" if masked else x
    return whole(told, [*head(told.backend, *more), "", *DRAW, f"x = draw({sizes(batch.inputs.shape)})",
        *mask_line(batch.mask)], [
        f"frozen, other = {made[0]}, {made[1]}", "frozen.requires_grad_(False)",
        f"optimizer = torch.optim.SGD([*frozen.parameters(), *other.parameters()], {rate})",
        "before = [[p.detach().clone() for p in m.parameters()] for m in (frozen, other)]",
        f"y, _ = other(frozen({x})[0])", f"({'y.data' if masked else 'y'} ** 2).mean().backward()", "optimizer.step()"], [
        "same = [[bool((p == b).all()) for p, b in zip(m.parameters(), old)] for m, old in zip((frozen, other), before)]",
        'found = {"a frozen module stays": all(same[0]), "every weight of the other moves": not any(same[1])}', *ALL])
