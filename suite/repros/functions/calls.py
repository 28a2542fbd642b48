"""Scripts of what a call leaves, keeps or drops: dropout between layers and in cells, dtypes, two halves of a wrapper, listed
states, losses of activity, pure calls."""

from __future__ import annotations

from cases.families.halves import HALVES
from cases.families.wrappers import PARTS
from cases.layers import Layer
from suite.repros import keras as in_keras
from suite.repros import pytorch as in_torch
from suite.repros.finding import NoScript
from suite.repros.functions.masks import LEAVES, part
from suite.repros.functions.told import DRAW, Told, by_equations, compared, drawn, equal, head, mask_line, numpy, sizes, whole
from suite.repros.functions.weights import ALL, result

RANDOM = ["for v in layer.trainable_variables:", "    v.assign(draw(*v.shape) / 2)"]


def dropout_between_layers(told: Told) -> list[str]:
    """`dropout` of PyTorch's stacks."""
    request, rate = told.options["request"], told.options["rate"]
    every = [dict(each.request.arguments) for each in told.asked]
    layer, batch = request.layer, request.batch
    if layer.cell == "simple_rnn" and layer.activation == "relu":
        return scaled(told, layer, rate)
    lstm, masked, given = layer.cell == "lstm", batch.mask is not None, batch.initial_states is not None
    made = in_torch.construct(layer, "fused", "cpu")
    more = ["from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence"] * masked
    first = [*head(told.backend, *more), "", *DRAW, drawn("x", batch.inputs.shape), *mask_line(batch.mask)]
    count, ways = len(layer.state_keys()), len(layer.directions)
    stack = "(torch.stack(s[0::2]), torch.stack(s[1::2]))" if lstm else "torch.stack(s)"
    first += [f"states = [draw({batch.size}, {layer.units}) for _ in range({count})]", "s = [torch.as_tensor(s) for s in states]",
              f"start = {stack}"] * given
    run = ["def run(m, x, seed=0):", "    torch.manual_seed(seed)", "    x = torch.as_tensor(x)"]
    run += ["    x = pack_padded_sequence(x, torch.as_tensor(mask.sum(1)), batch_first=True, enforce_sorted=False)"] * masked
    run.append(f"    y, end = m(x{', start' * given})")
    run += [f"    y, _ = pad_packed_sequence(y, batch_first=True, total_length={batch.time})"] * masked
    run.append(f"    return [t.detach().numpy() for t in (y, *{'[s for pair in zip(*end) for s in pair]' if lstm else 'end'})]")
    asked = [*run, "", f"layer = torch.{made[:-1]}, dropout={rate})", f"plain = torch.{made}", "for p in layer.parameters():",
             "    p.data = torch.as_tensor(draw(*p.shape) / 2)", "plain.load_state_dict(layer.state_dict())"]
    if not any(each["training"] for each in every):
        place = result(told, layer)
        asked.append(f"found = run(layer.eval(), x)[{place}]")
        return whole(told, first, asked, [
            *by_equations(told, layer, "layer.parameters()", masked, "zero", place, "states" if given else ""),
            *compared(told.tolerance)])
    if rate == 1:
        alone, each = layer.but(layers=1, features=layer.width), 4 if layer.bias else 2
        return whole(told, first, [*asked, "found = run(layer, x)[0]"], [
            "# the last layer alone, which reads zeros", f"x = np.zeros(({batch.size}, {batch.time}, {layer.width}))",
            *by_equations(told, alone, f"list(layer.parameters())[-{each * ways}:]", masked, "zero", 0,
                          f"states[-{ways * (2 if lstm else 1)}:]" if given else ""), *compared(told.tolerance)])
    own = ways * (2 if lstm else 1)
    return whole(told, first, [*asked, "(y, *h), (again, *_), (other, *_) = run(layer, x), run(layer, x), run(layer, x, 1)"], [
        "due, *end = run(layer.eval(), x)", 'found = {"the same from one seed": bool(np.array_equal(y, again)),',
        '         "another from another seed": not np.array_equal(y, other), "training drops": not np.array_equal(y, due),',
        f'         "the first layer reads everything": bool(np.allclose(h[:{own}], end[:{own}], atol=1e-5))}}', *ALL])


def scaled(told: Told, layer: Layer, rate: float) -> list[str]:
    """What is handed on between layers, read by a layer that hands on what it reads."""
    units, shape = layer.units, told.options["request"].batch.inputs.shape
    count = shape[0] * shape[1] * units
    bound = 5 * (rate * (1 - rate) * count) ** 0.5
    first = [*head(told.backend), "", *DRAW, f"x = torch.as_tensor(np.abs(draw({sizes(shape)})) + 0.1)"]
    asked = [f"layer = torch.nn.RNN({layer.features}, {units}, num_layers=2, nonlinearity=\"relu\", batch_first=True, dropout={rate})",
             "for n, p in layer.named_parameters():",
             "    p.data = torch.as_tensor(np.abs(draw(*p.shape)) + 0.1) if n.endswith(\"_l0\") else torch.zeros_like(p)",
             f"layer.weight_ih_l1.data = torch.eye({units})  # the second layer hands on what it reads",
             "torch.manual_seed(0)", "y, due = layer(x)[0].detach().numpy(), layer.eval()(x)[0].detach().numpy()", "lost = y == 0"]
    return whole(told, first, asked, [
        'found = {"what is kept is divided by 1 - rate": bool(np.allclose(y[~lost], due[~lost] / '
        f"{1 - rate:g}, rtol=1e-4)),",
        f'         "the rate\'s share is dropped": bool(abs(lost.sum() - {rate * count:g}) <= {bound:.0f})}}', *ALL])


def dropping(told: Told) -> list[str]:
    """Dropout of any cell of a loop: in training alone."""
    name, which, cell, rate, batch = (told.options[n] for n in ("part", "which", "cell", "rate", "batch"))
    layers = PARTS[name]
    made, step = part(told, name, return_sequences=True)
    if len(layers) == 1:
        with_rate = made.replace(", return_sequences", f", {which}={rate}, return_sequences")
    else:
        inner = f"{in_keras.KINDS[layers[cell].cell]}Cell({layers[cell].units}"
        with_rate = made.replace(inner, f"{inner}, {which}={rate}")
    first = [*head(told.backend), "", *DRAW, drawn("x", (*batch.inputs.shape[:2], *step))]
    asked = [f"layer, plain = {with_rate}, {made}", "layer.build(x.shape)", "plain.build(x.shape)", *RANDOM,
             "for v, u in zip(plain.trainable_variables, layer.trainable_variables):", "    v.assign(u)"]
    results = ("plain(x)", "layer(x)", "layer(x, training=True)")
    asked.append(f"due, idle, training = {', '.join(numpy(told, r) for r in results)}")
    return whole(told, first, asked, [
        'found = {"in inference nothing is dropped": bool(np.allclose(idle, due, atol=1e-5)),',
        '         "in training something is": bool(np.isfinite(training).all() and np.abs(training - due).max() > 1e-3)}', *ALL])


def typed(told: Told) -> list[str]:
    """The dtypes of a layer's weights and results under a policy."""
    kind, policy, way = (told.options[n] for n in ("kind", "policy", "way"))
    if kind == "inner" or told.worst.where == "inside":
        raise NoScript("a layer inside one of another policy: not written in scripts yet")
    short, step, ids = ', recurrent_initializer="zeros"', (3,), kind == "embedding"
    if kind == "embedding":
        made, step = f'keras.layers.Embedding(9, 4, dtype="{policy}")', ()
    elif kind == "bidirectional":
        made = f'keras.layers.Bidirectional(keras.layers.LSTM(4, return_state=True, dtype="{policy}"{short}), dtype="{policy}")'
    elif kind == "cells":
        cells = ", ".join(f'keras.layers.{c}({n}, dtype="{policy}"{short})' for c, n in (("LSTMCell", 4), ("GRUCell", 3)))
        made = f'keras.layers.RNN([{cells}], return_state=True, dtype="{policy}")'
    else:
        made, step = part(told, kind, return_state=True)
        made = f'{made[:-1]}, dtype="{policy}"{short})'
    shape = (5, *step)
    computing, kept = policy.removeprefix("mixed_"), "float32" if policy.startswith("mixed_") else policy
    first = [*head(told.backend, *["import tempfile"] * (way == "file")), "", *LEAVES,
             f"x = np.{'ones' if ids else 'zeros'}({(2, *shape)}, \"{'int32' if ids else 'float32'}\")"]
    asked = [f"layer = {made}", f"start = keras.Input({shape}{', dtype=%sint32%s' % (chr(34), chr(34)) if ids else ''})",
             "model = keras.Model(start, layer(start))"]
    if way == "configuration":
        asked += ["layer = type(layer).from_config(layer.get_config())", f"layer.build((None, *{shape}))"]
    elif way == "file":
        asked += ['path = os.path.join(tempfile.mkdtemp(), "model.keras")', "model.save(path)",
                  "layer = keras.models.load_model(path).layers[-1]"]
    asked += ["kind = lambda tensors: [keras.backend.standardize_dtype(t.dtype) for t in tensors]",
              "found = kind(leaves(layer(x))), kind(layer.weights)"]
    return whole(told, first, asked, [f'expected = ["{computing}"] * len(found[0]), ["{kept}"] * len(found[1])  # results, weights',
                                      *equal()])


def halves(told: Told) -> list[str]:
    """Two layers of one's own in one wrapper, against each alone."""
    name, merge, way, sequences, batch = (told.options[n] for n in ("halves", "merge", "way", "return_sequences", "batch"))
    if told.worst.where.startswith(("computed", "symbolic")):
        raise NoScript("shapes told beforehand of two halves: not written in scripts yet")
    ahead, back = HALVES[name]
    back, given, masked = back.but(direction="backward"), bool(told.options["states"][0]), batch.mask is not None
    both = [in_keras.construct(one.but(return_sequences=sequences), "fused", True) for one in (ahead, back)]
    mode = {"concat": "", "none": ", merge_mode=None"}.get(merge, f', merge_mode="{merge}"')
    first = [*head(told.backend, *["import tempfile"] * (way == "file")), "", *DRAW, drawn("x", batch.inputs.shape),
             *mask_line(batch.mask)]
    counts = [len(one.state_names) for one in (ahead, back)]
    if given:
        every = ", ".join(f"draw({batch.size}, {one.units})" for one in (ahead, back) for _ in one.state_names)
        first.append(f"states = [{every}]")
    asked = [f"layer = keras.layers.Bidirectional({both[0]}{mode},", f"    backward_layer={both[1]})", "layer.build(x.shape)", *RANDOM]
    if way == "configuration":
        asked += ["first, layer = layer, type(layer).from_config(layer.get_config())", "layer.build(x.shape)",
                  "layer.set_weights(first.get_weights())"]
    elif way == "file":
        asked += ["start = keras.Input(batch_shape=x.shape)", 'path = os.path.join(tempfile.mkdtemp(), "model.keras")',
                  "keras.Model(start, layer(start)).save(path)", "layer = keras.models.load_model(path).layers[-1]"]
    mask = ", mask=keras.ops.convert_to_tensor(mask)" * masked
    asked.append(f"found = [keras.ops.convert_to_numpy(r) for r in layer(x{mask}{', initial_state=states' * given})]")
    zero = ", zero_output_for_mask=True" * (masked and sequences)
    states = [f", initial_state=states[:{counts[0]}]" * given, f", initial_state=states[{counts[0]}:]" * given]
    then = [f"ahead, back = {both[0][:-1]}{zero}), {both[1][:-1]}{zero})", "for one in (ahead, back):", "    one.build(x.shape)",
            "ahead.set_weights(layer.forward_layer.get_weights())", "back.set_weights(layer.backward_layer.get_weights())",
            f"a, *s = [keras.ops.convert_to_numpy(r) for r in ahead(x{mask}{states[0]})]",
            f"b, *z = [keras.ops.convert_to_numpy(r) for r in back(x{mask}{states[1]})]"]
    then += ["b = b[:, ::-1]"] * sequences
    joined = {"concat": "np.concatenate([a, b], -1)", "sum": "a + b", "mul": "a * b", "none": "a, b"}[merge]
    return whole(told, first, asked, [
        *then, f"expected = [{joined}, *s, *z]",
        "close = [f.shape == e.shape and bool(np.allclose(f, e, atol=1e-5)) for f, e in zip(found, expected)]",
        'print("expected", [e.shape for e in expected], "all as of each layer alone")',
        'print("found   ", [f.shape for f in found], close)', "sys.exit(int(len(found) != len(expected) or not all(close)))"])


def listed_states(told: Told) -> list[str]:
    """The states that a stateful layer lists, given to another one with its weights."""
    name, direction, batches = (told.options[n] for n in ("part", "direction", "batches"))
    (one, step), (other, _) = part(told, name, direction, stateful=True), part(told, name, direction)
    shape = (*batches[0].shape[:2], *step)
    first = [*head(told.backend), "", *DRAW, drawn("x", shape), drawn("x_next", shape),
             "def copied(nested):", "    if isinstance(nested, (list, tuple)):", "        return [copied(one) for one in nested]",
             "    return keras.ops.convert_to_tensor(keras.ops.convert_to_numpy(nested).copy())"]
    asked = [f"layer, other = {one}, {other}", "for one in (layer, other):", "    one.build(x.shape)", *RANDOM,
             "other.set_weights([keras.ops.convert_to_numpy(v) for v in layer.trainable_variables])",
             "layer(x)", "states = copied(layer.states)", f"expected = {numpy(told, 'layer(x_next)')}",
             f"found = {numpy(told, 'other(x_next, initial_state=states)')}"]
    return whole(told, first, asked, compared(told.tolerance))


def activity(told: Told) -> list[str]:
    """The losses of a model after each call."""
    layer, batches, inside, factor = (told.options[n] for n in ("layer", "batches", "inside", "factor"))
    made = in_keras.construct(layer, "fused", True)[:-1] + f", activity_regularizer=keras.regularizers.L2({factor}))"
    shape = batches[0].inputs.shape
    asked = [f"layer, start = {made}, keras.Input((None, {layer.features}))",
             "model = keras.Sequential([start, layer])" if inside == "sequential" else "model = keras.Model(start, layer(start))"]
    if inside == "model":
        asked += [f"outer = keras.Input((None, {layer.features}))", "model = keras.Model(outer, model(outer))"]
    asked += [*RANDOM, "found, expected = [], []", "for x in batches:", "    results = model(x)",
              "    results = results if isinstance(results, (list, tuple)) else [results]",
              "    found.append([round(float(one), 4) for one in model.losses])",
              f"    expected.append([round({factor} * float(keras.ops.sum(r ** 2)) / len(x), 4) for r in results])"]
    return whole(told, [*head(told.backend), "", *DRAW, f"batches = [draw({sizes(shape)}) for _ in range({len(batches)})]"], asked, [
        'print("expected", expected)', 'print("found   ", found)',
        "close = [len(f) == len(e) and np.allclose(f, e, rtol=1e-3, atol=2e-4) for f, e in zip(found, expected)]",
        "sys.exit(int(not all(close)))"])


def purity(told: Told) -> list[str]:
    """A call that changes what it is given, or what a later call gives."""
    layer, batch, other, mode = (told.options[n] for n in ("layer", "batch", "other", "mode"))
    where = told.worst.where
    message = told.worst.message
    if layer.layers > 1:
        raise NoScript("a pure call of a stack: not written in scripts yet")
    if layer.dropout and mode == "training":
        raise NoScript("a call that draws: not written in scripts yet")
    given, masked = batch.initial_states is not None, batch.mask is not None
    first = [*head(told.backend, *(["from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence"] * (
        masked and not told.keras))), "", *DRAW]
    first += ["torch.set_grad_enabled(False)"] * (not told.keras and told.options["idle"])
    calls = []
    for name, one in (("", batch), ("_other", other)):
        first += [drawn(f"x{name}", one.inputs.shape), *mask_line(one.mask, f"mask{name}")]
        first += [f"states{name} = [draw({one.size}, {layer.units}) for _ in range({len(layer.state_keys())})]"] * given
        calls.append(", ".join([f"x{name}", *[f"mask{name}"] * masked, *[f"states{name}"] * given]))
    parameters = ", ".join(["x", *["mask"] * masked, *["states"] * given])
    if told.keras:
        made = in_keras.construct(layer, "fused", True)
        more = ["mask=mask"] * masked + ["initial_state=states"] * given + ["training=True"] * (mode == "training")
        function = [f"def run(layer, {parameters}):", f"    return [keras.ops.convert_to_numpy(r) for r in layer({', '.join(['x', *more])})]"]
        fresh = ["def fresh():", f"    layer = {made}", f"    layer.build((None, None, {layer.features}))",
                 "    rng = np.random.default_rng(1)", "    for v in layer.trainable_variables:",
                 '        v.assign(rng.uniform(-0.5, 0.5, v.shape).astype("float32"))', "    return layer"]
    else:
        made = in_torch.construct(layer, "fused", "cpu")
        lstm = layer.cell == "lstm"
        start = "(torch.stack(s[0::2]), torch.stack(s[1::2]))" if lstm else "torch.stack(s)"
        function = [f"def run(layer, {parameters}):", "    x = torch.as_tensor(x)"]
        function += ["    s = [torch.as_tensor(a) for a in states]", f"    start = {start}"] * given
        function += ["    steps = x.shape[1]",
                     "    x = pack_padded_sequence(x, torch.as_tensor(mask.sum(1)), batch_first=True, enforce_sorted=False)"] * masked
        function.append(f"    y, end = layer(x{', start' * given})")
        function += ["    y, _ = pad_packed_sequence(y, batch_first=True, total_length=steps)"] * masked
        function.append(f"    return [t.detach().numpy().copy() for t in (y, {'*end' if lstm else 'end'})]")
        fresh = ["def fresh():", "    torch.manual_seed(0)", f"    return torch.{made}{'' if mode == 'training' else '.eval()'}"]
    if "before and after calls" in message and not where.startswith(("inputs", "mask", "lengths", "states")):
        raise NoScript("what a call leaves behind in the framework: the message tells it")
    if "before and after calls" in message:
        names = ["x", *["mask"] * masked]
        copies = ", ".join([*(f"{n}.copy()" for n in names), *["*[s.copy() for s in states]"] * given])
        return whole(told, first, [*function, *fresh, f"before = [{copies}]", f"run(fresh(), {calls[0]})"], [
            f"after = [{', '.join([*names, *['*states'] * given])}]", "found = [bool(np.array_equal(a, b)) for a, b in zip(after, before)]",
            'print("expected", [True] * len(found))', 'print("found   ", found)', "sys.exit(int(not all(found)))"])
    asked = [*function, *fresh, "layer = fresh()", f"first, between, again = run(layer, {calls[0]}), run(layer, {calls[1]}), "
             f"run(layer, {calls[0]})", f"alone = run(fresh(), {calls[1]})"]
    return whole(told, first, asked, [
        'found = {"the same call again gives the same": all(map(np.array_equal, first, again)),',
        '         "on another shape as a fresh layer": all(map(np.array_equal, between, alone))}', *ALL])
