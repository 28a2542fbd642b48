"""Scripts of what becomes of masks: joins and layers between recurrent ones, wrappers, pooling; what results carry."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from cases.families.noise_and_statistics import SATURATED
from cases.families.wrappers import PARTS
from cases.layers import Layer
from suite.repros import equations
from suite.repros import keras as in_keras
from suite.repros.finding import NoScript
from suite.repros.functions.gradients import MODULES, slope
from suite.repros.functions.told import DRAW, Told, compared, drawn, head, mask_line, numpy, refused, sizes, whole

CARRIED = "from keras.src.backend.common.masking import get_keras_mask"
MASKS = ["found = None if found is None else keras.ops.convert_to_numpy(found).astype(int).tolist()",
         'print("expected", expected)', 'print("found   ", found)', "sys.exit(int(found != expected))"]
"""The comparison of the mask that a tensor carries with `expected`, a list or None."""
EXP = 'exp = keras.layers.Activation("exponential")'
JOINS = {"add": ("Add()", "{} + {}"), "multiply": ("Multiply()", "{} * {}"), "subtract": ("Subtract()", "{} - {}"),
         "average": ("Average()", "({} + {}) / 2"), "maximum": ("Maximum()", "np.maximum({}, {})"),
         "minimum": ("Minimum()", "np.minimum({}, {})"), "concatenate": ("Concatenate()", "np.concatenate([{}, {}], 2)"),
         "concatenate_time": ("Concatenate(axis=1)", "np.concatenate([{}, {}], 1)"),
         "cosine": ("Dot((2, 1), normalize=True)", ""), "cosine_time": ("Dot((1, 2), normalize=True)", "")}


def mask_of(asked: list[str], tensor: str) -> list[str]:
    """The lines, and `found`: the mask that a tensor carries."""
    return [*asked, f"found = get_keras_mask({tensor})"]


def graph(told: Told) -> list[str]:
    """A layer around recurrent ones."""
    kind = told.options["kind"]
    if kind.endswith("movies"):
        raise NoScript("a join of movies: the ledger's own script shows it")
    if kind in JOINS:
        return joined(told, kind)
    if kind.endswith("dropout"):
        return dropout(told, kind)
    return {"masking": masking, "embedding": embedding, "pool": pool, "attend": attend, "attend_back": attend, "words": words,
            "given": given}[kind](told)


def sources(told: Told) -> list[str]:
    """a, b and their masks: what is masked is zero."""
    lines = []
    for name, x, mask in zip("ab", told.options["inputs"], told.options["masks"], strict=False):
        lines += mask_line(mask, f"mask_{name}")
        lines.append(drawn(name, x.shape, f" * mask_{name}[..., None]" if mask is not None else ""))
    return lines


def behind(told: Told, tensors: str = "ab") -> list[str]:
    """Each input behind Masking, where it has a mask, and an exponential, so that padding is 1 and not 0."""
    return [f"exp({f'keras.layers.Masking()({t})' if mask is not None else t})"
            for t, mask in zip(tensors, told.options["masks"], strict=False)]


def joined(told: Told, kind: str) -> list[str]:
    """A join of two inputs."""
    layer, due = JOINS[kind]
    masks, shapes = told.options["masks"], [x.shape for x in told.options["inputs"]]
    of_mask = told.named("mask") and not told.named("outputs")
    first = [*head(told.backend, *([CARRIED] if of_mask else [])), "", *DRAW, *sources(told), EXP]
    if told.options.get("origin") == "reloaded":
        first.insert(2, "import tempfile")
        inputs = [f"keras.Input({shape[1:]})" for shape in shapes]
        asked = [f"i, j = {', '.join(inputs)}",
            f"model = keras.Model([i, j], keras.layers.{layer}([{', '.join(behind(told, 'ij'))}]))",
                 'path = os.path.join(tempfile.mkdtemp(), "model.keras")', "model.save(path)",
                 "y = keras.models.load_model(path)([a, b])"]
    else:
        asked = [f"y = keras.layers.{layer}([{', '.join(behind(told))}])"]
    either = "mask_a | mask_b"
    if kind.startswith("concatenate"):
        both = [f"mask_{n}" if m is not None else f"np.ones({shape[:2]}, bool)"
                for n, m, shape in zip("ab", masks, shapes, strict=True)]
        either = " | ".join(both) if kind == "concatenate" else f"np.concatenate([{both[0]}, {both[1]}], 1)"
    if of_mask:
        none = not kind.startswith("concatenate") and any(m is None for m in masks)
        due = "None  # one input has no mask" if none else f"({either}).astype(int).tolist()"
        return whole(told, first, mask_of(asked, "y"), [f"expected = {due}", *MASKS])
    asked.append(f"found = {numpy(told, 'y')}")
    then = ["a, b = np.exp(np.float64(a)), np.exp(np.float64(b))"]
    if kind.startswith("dot"):
        raise NoScript("a product with a vector: the message tells it")
    if kind.startswith("cosine"):
        axes = (2, 1) if kind == "cosine" else (1, 2)
        then += [f"{n} /= np.sqrt((_{n} ** 2).sum(axis={axis}, keepdims=True))".replace("_", "")
                 for n, axis in zip("ab", axes, strict=True)]
        then.append(f"expected = np.einsum(\"{'btf,bfo->bto' if kind == 'cosine' else 'btf,bot->bfo'}\", a, b)")
    elif len(shapes[0]) != len(shapes[1]):
        then.append(f"expected = {due.format('a', 'b[:, None]')}")
    elif kind in ("maximum", "minimum"):
        here = [f"mask_{n}[..., None]" if m is not None else "True" for n, m in zip("ab", masks, strict=True)]
        then += [f"only_a = np.where({here[0]}, a, b)  # where one is padding, the other",
                 f"only_b = np.where({here[1]}, b, a)", f"expected = {due.format('only_a', 'only_b')}"]
    else:
        then.append(f"expected = {due.format('a', 'b')}")
    told_masks = kind.startswith("concatenate") and any(m is not None for m in masks) or all(m is not None for m in masks)
    valid = f"({either})[..., None]" if told_masks else ""
    return whole(told, first, asked, [*then, *compared(told.tolerance, valid)])


def masking(told: Told) -> list[str]:
    """Masking: steps whose features are all the number."""
    value, shape = told.options["value"], told.options["inputs"][0].shape
    mask = told.options["inputs"][0] != value
    name = told.named("outputs", "mask", "told") or "outputs"
    first = [*head(told.backend, *([CARRIED] if name == "mask" else [])), "", *DRAW,
             *mask_line(mask.any(axis=2), "valid"), drawn("x", shape), f"x[~valid] = {value:g}",
             f"x[:, :, 0] = {value:g}  # some features of each step"]
    asked = [f"layer = keras.layers.Masking({value:g})", "y = layer(x)"]
    due = f"expected = (x != {value:g}).any(axis=2).astype(int).tolist()"
    if name == "outputs":
        return whole(told, first, [*asked, f"found = {numpy(told, 'y')}"], [
            f"expected = np.where((x != {value:g}).any(axis=2)[..., None], x, 0)", *compared(told.tolerance)])
    if name == "mask":
        return whole(told, first, mask_of(asked, "y"), [due, *MASKS])
    return whole(told, first, [*asked, "found = layer.compute_mask(keras.ops.convert_to_tensor(x))"], [due, *MASKS])


def embedding(told: Told) -> list[str]:
    """Embedding(mask_zero=True)."""
    ids, rows = told.options["inputs"][0], told.options["weights"]["embeddings"].shape
    name = told.named("outputs", "mask") or "outputs"
    first = [*head(told.backend, *([CARRIED] if name == "mask" else [])), "", *DRAW,
             f'ids = (np.arange({ids.size}).reshape{ids.shape} * 3 % {rows[0]}).astype("{ids.dtype}")']
    asked = [f"layer = keras.layers.Embedding({rows[0]}, {rows[1]}, mask_zero=True)", "layer.build((None, None))",
             f"table = draw({sizes(rows)})", "layer.set_weights([table])", "y = layer(keras.ops.convert_to_tensor(ids))"]
    if name == "mask":
        return whole(told, first, mask_of(asked, "y"), ["expected = (ids != 0).astype(int).tolist()", *MASKS])
    return whole(told, first, [*asked, f"found = {numpy(told, 'y')}"], ["expected = table[ids.astype(int)]",
                                                                        *compared(told.tolerance)])


def pool(told: Told) -> list[str]:
    """GlobalAveragePooling1D behind Masking."""
    masked = told.options["masks"][0] is not None
    of_mask = told.named("mask") and not told.named("outputs")
    first = [*head(told.backend, *([CARRIED] if of_mask else [])), "", *DRAW, *sources(told), EXP]
    asked = [f"y = keras.layers.GlobalAveragePooling1D()({behind(told)[0]})"]
    if of_mask:
        return whole(told, first, mask_of(asked, "y"), ["expected = None  # no steps are left", *MASKS])
    v = "mask_a[..., None]" if masked else "np.ones(a.shape)"
    return whole(told, first, [*asked, f"found = {numpy(told, 'y')}"], [
        f"v = {v}", "expected = (np.exp(a) * v).sum(axis=1) / v.sum(axis=1)", *compared(told.tolerance)])


def attend(told: Told) -> list[str]:
    """Attention, behind Masking."""
    causal, masks = told.options["kind"] == "attend_back", told.options["masks"]
    of_mask = told.named("mask") and not told.named("outputs")
    first = [*head(told.backend, *([CARRIED] if of_mask else [])), "", *DRAW, *sources(told), EXP]
    asked = [f"y = keras.layers.Attention()([{', '.join(behind(told))}]{', use_causal_mask=True' * causal})"]
    if of_mask:
        return whole(told, first, mask_of(asked, "y"), ["expected = mask_a.astype(int).tolist()", *MASKS])
    then = ["q, v = np.exp(np.float64(a)), np.exp(np.float64(b))", "allowed = np.ones((len(q), q.shape[1], v.shape[1]), bool)"]
    then += ["allowed &= mask_b[:, None]"] * (masks[1] is not None)
    then += ["allowed &= np.tri(*allowed.shape[1:], dtype=bool)"] * causal
    then += ["e = np.exp(np.where(allowed, np.einsum(\"bqf,bvf->bqv\", q, v), -np.inf))",
             "expected = e / e.sum(axis=2, keepdims=True) @ v"]
    then += ["expected *= mask_a[..., None]  # a query that is padding gets nothing"] * (masks[0] is not None)
    return whole(told, first, [*asked, f"found = {numpy(told, 'y')}"], [*then, *compared(told.tolerance)])


def recurrent(layer: Layer, features: int) -> list[str]:
    """A layer with random weights, which gives its last output."""
    return [f"layer = {in_keras.construct(layer, 'fused', True)}", f"layer.build((None, None, {features}))",
            "for v in layer.trainable_variables:", "    v.assign(draw(*v.shape) / 2)"]


def words(told: Told) -> list[str]:
    """A recurrent layer over the words of each sentence."""
    layer, mask = told.options["layer"], told.options["masks"][0]
    shape = told.options["inputs"][0].shape
    first = [*head(told.backend), "", *DRAW, *sources(told), EXP]
    asked = [*recurrent(layer, shape[-1]), f"y = keras.layers.TimeDistributed(layer)({behind(told)[0]})",
             f"found = {numpy(told, 'y')}"]
    zeros = f"[np.zeros(({shape[0]}, {layer.units}))] * {len(layer.state_keys())}"
    there = "mask_a[:, s]" if mask is not None else "None"
    return whole(told, first, asked, [
        "# the equations, in float64", f"w = [np.float64({numpy(told, 'v')}) for v in layer.trainable_variables]",
        *equations.written(layer, mask is not None, "hold", "keras"), "",
        f"each = [equations(np.exp(a[:, s]), {there}, {zeros})[0] for s in range({shape[1]})]", "expected = np.stack(each, 1)",
        *compared(told.tolerance)])


def given(told: Told) -> list[str]:
    """A model that is called with a mask, or inside another one behind Masking."""
    layer, mask = told.options["layer"], told.options["masks"][0]
    shape = told.options["inputs"][0].shape
    inside = told.named("outputs", "inside") == "inside"
    first = [*head(told.backend), "", *DRAW, *mask_line(mask), drawn("x", shape, " * mask[..., None]" * inside)]
    asked = [*recurrent(layer, shape[-1]), f"start = keras.Input((None, {shape[-1]}))",
        "model = keras.Model(start, layer(start))"]
    if inside:
        asked += [f"outer = keras.Input((None, {shape[-1]}))", "model = keras.Model(outer, model(keras.layers.Masking()(outer)))",
                  f"found = {numpy(told, 'model(x)')}"]
    else:
        asked.append(f"found = {numpy(told, 'model(x, mask=keras.ops.convert_to_tensor(mask))')}")
    zeros = f"[np.zeros(({shape[0]}, {layer.units}))] * {len(layer.state_keys())}"
    return whole(told, first, asked, [
        "# the equations, in float64", f"w = [np.float64({numpy(told, 'v')}) for v in layer.trainable_variables]",
        *equations.written(layer, True, "hold", "keras"), "", f"expected = equations(x, mask, {zeros})[0]",
        *compared(told.tolerance)])


def dropout(told: Told, kind: str) -> list[str]:
    """Dropout around layers: what it says of itself."""
    training, shape = told.options["training"], told.options["inputs"][0].shape
    width = shape[-1]
    layer = {"spatial_dropout": "keras.layers.SpatialDropout1D(0.5)",
             "shaped_dropout": "keras.layers.Dropout(0.5, noise_shape=(None, 1, None))",
             "wrapped_dropout": "keras.layers.TimeDistributed(keras.layers.Dropout(0.5))",
             "stacked_dropout": "keras.layers.RNN([copy(0.0), copy(0.5)], return_sequences=True)"}.get(
        kind, 'keras.Sequential([keras.layers.Activation("linear"), keras.layers.Dropout(0.5)])')
    lines = ["def copy(rate):  # a cell whose output is its input, as far as dropout leaves it",
             f'    return keras.layers.SimpleRNNCell({width}, "linear", use_bias=False, dropout=rate,',
             '        kernel_initializer="identity", recurrent_initializer="zeros")'] if kind == "stacked_dropout" else []
    first = [*head(told.backend), "", *DRAW, *sources(told), EXP, *lines]
    asked = [f"layer = {layer}", f"x = {behind(told)[0]}", f"y = {numpy(told, f'layer(x, training={training})')}",
             f"again = {numpy(told, f'layer(x, training={training})')}"]
    whole_features = kind in ("spatial_dropout", "stacked_dropout", "shaped_dropout")
    then = ["lost, due = y == 0, np.exp(a)" + " * 2  # what is kept is divided by 1 - rate" * training,
            "found = {", '    "the rest is as due": bool((np.abs(y - due)[~lost] <= 1e-4).all()),']
    if training:
        then += ['    "some numbers are dropped": bool(lost.any() and not lost.all()),',
                 '    "another draw in every call": not np.array_equal(again == 0, lost),',
                 '    "not the same is dropped of every row": bool((lost != lost[:1]).any()),',
                 f'    "{"whole features are" if whole_features else "not the same is"} dropped at every step": '
                 f'bool((lost {"==" if whole_features else "!="} lost[:, :1]).{"all" if whole_features else "any"}()),']
    else:
        then.append('    "nothing is dropped": not lost.any(),')
    return whole(told, first, asked, [*then, "}", 'print("expected", dict.fromkeys(found, True))', 'print("found   ", found)',
                                      "sys.exit(int(not all(found.values())))"])


def written(options: Mapping[str, Any]) -> str:
    """Options as arguments."""
    return ", ".join(f"{name}={value!r}".replace("'", '"') for name, value in options.items())


def between(told: Told) -> list[str]:
    """A layer behind one that masks."""
    options, layer = told.options, told.options["layer"]
    if layer == "Rescaling" and told.engine != "tensorflow":
        raise NoScript("Keras' Rescaling asks TensorFlow, where it is installed, on every engine: the script would be another's")
    mask, shape, training = options["mask"], options["inputs"].shape, options["training"]
    of_mask = told.worst.where.startswith("mask")
    takes = training and (layer in ("BatchNormalization", "AlphaDropout") or "Dropout" in layer or "Noise" in layer)
    made = f"keras.layers.{layer}({written(options['options'])})"
    more = ", training=True" * takes
    masked = not mask.all()
    first = [*head(told.backend, *([CARRIED] if of_mask else [])), "", *DRAW, *mask_line(mask),
             drawn("x", shape, " * mask[..., None]" * masked)]
    asked = [f"layer = {made}", f"y = layer(keras.layers.Masking()(x){more})"]
    if of_mask:
        return whole(told, first, mask_of(asked, "y"), ["expected = mask.astype(int).tolist()", *MASKS])
    asked.append(f"found = {numpy(told, 'y')}")
    if not training:
        return whole(told, first, [*asked, f"expected = {numpy(told, 'layer(x)')}  # without a mask"],
                     compared("1e-6", "mask[..., None]"))
    if layer == "BatchNormalization":
        given = dict(options["options"])
        over = "(0, 2)" if "axis" in given else "(0, 1)"
        due = ["expected = x / np.sqrt(1 + 1e-3)  # its own mean and variance: 0 and 1"] if "trainable" in given else [
            "kept = np.where(mask[..., None], x, np.nan)",
            *(f"{name} = np.{of}(kept, {over}, keepdims=True)" for name, of in (("mean", "nanmean"), ("variance", "nanvar"))),
            "expected = (x - mean) / np.sqrt(variance + 1e-3)"]
        return whole(told, first, asked, [*due, *compared("1e-4", "mask[..., None]")])
    if dict(options["options"]).get("rate") == 1:
        return whole(told, first, asked, ["expected = 0 * x  # everything is dropped", *compared("1e-6")])
    if layer == "AlphaDropout":
        due = [f"rate, far = {options['options']['rate']}, {SATURATED}  # what SELU tends to",
               "scale = ((1 - rate) * (1 + rate * far**2)) ** -0.5",
               "kept, put = scale * (x - rate * far), scale * far * (1 - rate)",
               "expected = np.where(abs(found - put) < abs(found - kept), put, kept)"]
        return whole(told, first, asked, [*due, *compared("1e-4")])
    return noise(told, layer, first, asked)


def noise(told: Told, layer: str, first: list[str], asked: list[str]) -> list[str]:
    """The statistics of noise in training."""
    first = [*first, "x = np.abs(x) + 0.5"]
    additive = layer == "GaussianNoise"
    rate = dict(told.options["options"]).get("rate", 0.0)
    variance = dict(told.options["options"])["stddev"] ** 2 if additive else rate / (1 - rate)
    rows, steps, width = told.options["inputs"].shape
    draws = rows * width * (1 if layer == "SpatialDropout1D" else steps)
    bounds = [6 * float(np.sqrt(variance / draws)), 6 * float(variance * np.sqrt(3 / draws))]
    same = layer == "SpatialDropout1D"
    return whole(told, first, asked, [
        f"noise = found {'-' if additive else '/'} x",
        f"expected = {{\"mean\": {0 if additive else 1}, \"variance\": {variance:.4g}, \"rows are alike\": False, "
        f"\"steps are alike\": {same}}}",
        'found = {"mean": noise.mean(), "variance": noise.var(), "rows are alike": np.allclose(noise, noise[:1], atol=1e-5),',
        '         "steps are alike": np.allclose(noise, noise[:, :1], atol=1e-5)}',
        'print("expected", expected)', 'print("found   ", found)',
        f"mean, variance = {bounds[0]:.2g}, {bounds[1]:.2g}  # six standard deviations",
        'close = abs(found["mean"] - expected["mean"]) <= mean and abs(found["variance"] - expected["variance"]) <= variance',
        'sys.exit(int(not close or any(found[n] != expected[n] for n in ("rows are alike", "steps are alike"))))'])


def part(told: Told, name: str, direction: str = "forward", merge: str = "concat", **options: Any) -> tuple[str, tuple[int, ...]]:
    """The constructor of a layer of `cases.families.wrappers.PARTS`, and the axes of a step of its inputs."""
    layers, more = PARTS[name], [f"{n}=True" for n, value in options.items() if value]
    more += ["go_backwards=True"] * (direction == "backward")
    if layers[0].convolution is not None:
        form = layers[0].convolution
        made = f"keras.layers.ConvLSTM{form.rank}D({', '.join([str(layers[0].filters), str(form.size), *pads(form), *more])})"
        shape = (*form.space, layers[0].features // int(np.prod(form.space)))
    else:
        cells = [f"keras.layers.{in_keras.KINDS[one.cell]}Cell({one.units})" for one in layers]
        kind = f"keras.layers.{in_keras.KINDS[layers[0].cell]}({layers[0].units}"
        made = f"{kind}{''.join(f', {one}' for one in more)})" if len(layers) == 1 else (
            f"keras.layers.RNN([{', '.join(cells)}]{''.join(f', {one}' for one in more)})")
        shape = (layers[0].features,)
    if direction == "bidirectional":
        mode = {"concat": "", "none": ", merge_mode=None"}.get(merge, f', merge_mode="{merge}"')
        made = f"keras.layers.Bidirectional({made}{mode})"
    return made, shape


def pads(form: Any) -> list[str]:
    """The options of a convolution that are not Keras' own."""
    return [f'padding="{form.padding}"'] * (form.padding != "valid")


LEAVES = ["def leaves(nested):",
          "    return [a for b in nested for a in leaves(b)] if isinstance(nested, (list, tuple)) else [nested]"]


def carried_masks(told: Told) -> list[str]:
    """The mask that one of a layer's results carries."""
    options, valid = told.options, told.options["mask"]
    made, shape = part(told, options["part"], options["direction"], options["merge"],
                       return_sequences=options["return_sequences"], return_state=options["return_state"])
    name = told.worst.where
    first = [*head(told.backend, CARRIED), "", *mask_line(valid), f"x = np.ones({(*valid.shape, *shape)}, \"float32\")", *LEAVES]
    asked = [f"layer = {made}", "results = leaves(layer(x, mask=keras.ops.convert_to_tensor(mask)))"]
    count = 2 if options["merge"] == "none" else 1
    if not name.startswith("masks/"):
        return whole(told, first, asked, [f"found, expected = len(results), {count}",
            'print("expected", expected, "results or more")',
                                          'print("found   ", found)', "sys.exit(int(found < expected))"])
    place = int(name.removeprefix("masks/"))
    due = "mask.astype(int).tolist()" if options["return_sequences"] and place < count else "None  # it has no steps"
    return whole(told, first, mask_of(asked, f"results[{place}]"), [f"expected = {due}", *MASKS])


def wrapped_mask(told: Told) -> list[str]:
    """A mask of another length or batch that a wrapper takes."""
    options = told.options
    inside = "keras.layers.Dense(2)" if options["inside"] == "dense" else "keras.layers.LSTM(2)"
    shape, mask = options["inputs"].shape, options["mask"].shape
    mask = mask if options["inside"] == "dense" else (*mask, shape[2])
    asked = [f"layer = keras.layers.TimeDistributed({inside})", f"layer(x, mask=keras.ops.ones({mask}, \"bool\"))"]
    return refused(told, [*head(told.backend), "", *DRAW, drawn("x", shape)], asked,
                   f"a mask of shape {options['mask'].shape} for {shape[0]} rows of {shape[1]} steps")


def pooled(told: Told) -> list[str]:
    """GlobalAveragePooling1D, and its gradient."""
    inputs, mask, layout = (told.options[name] for name in ("inputs", "mask", "layout"))
    name = told.named("outputs", "gradients") or "outputs"
    holds = inputs[~mask] if mask is not None else np.zeros(0)
    fill = "np.nan" if np.isnan(holds).any() else "np.inf" if np.isinf(holds).any() else ""
    behind = name.startswith("gradients")
    turned = layout == "first"
    more = [MODULES[told.engine]] * behind
    first = [*head(told.backend, *more), "", *DRAW, *mask_line(mask), drawn("x", inputs.shape)]
    first += [f"x[~mask] = {fill}"] * bool(fill)
    options = ', data_format="channels_first"' * turned + ", keepdims=True" * (layout == "kept")
    asked = [f"layer = keras.layers.GlobalAveragePooling1D({options.removeprefix(', ')})",
             f"given = {'x.swapaxes(1, 2)' if turned else 'x'}"]
    masked = ", mask=keras.ops.convert_to_tensor(mask)" * (mask is not None)
    valid = "mask[..., None]" if mask is not None else "np.ones(x.shape, bool)"
    then = [f"v = {valid}"]
    squeezed = layout == "kept"
    if behind:
        shape = told.options["cotangents"].shape
        asked += [f"k = draw({sizes(shape)})", "given = keras.Variable(given)", "def loss():",
                  f"    y = layer(given.value{masked})",
                  f"    return keras.ops.sum(keras.ops.multiply({'y[:, 0]' if squeezed else 'y'}, k))", *slope(told, "given")]
        then += ["found = found.swapaxes(1, 2)"] * turned
        then.append("expected = np.where(v, (k / v.sum(axis=1))[:, None], 0) * np.ones(x.shape)")
    else:
        asked.append(f"found = {numpy(told, f'layer(given{masked})')}{'[:, 0]' * squeezed}")
        then.append("expected = np.where(v, x, 0).sum(axis=1) / v.sum(axis=1)")
    return whole(told, first, asked, [*then, *compared(told.tolerance)])


