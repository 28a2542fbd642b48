"""Scripts of cells in a loop: several one after another, one of the user's own, LSTMs with a projection."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from cases.batches import Batch
from cases.chains import UNEVEN, Cell, Chain
from cases.requests import Reset
from suite.repros.finding import NoScript
from suite.repros.functions.gradients import MODULES, central, slope
from suite.repros.functions.told import DRAW, Told, compared, head, mask_line, numpy, sizes, whole

KINDS = {"simple_rnn": "SimpleRNN", "lstm": "LSTM", "gru": "GRU"}
SIGMOID = "sigmoid = lambda z: 1 / (1 + np.exp(-z))"


def chain(told: Told) -> list[str]:
    """The outputs, a final state, the mask or a gradient of a chain, against the equations."""
    one: Chain = told.options["chain"]
    if any(cell.kind == "projected" for cell in one.cells) == told.keras:
        raise NoScript("Keras has no projections, and PyTorch no loop around cells")
    name = told.named("outputs", "states", "mask", "gradients", "loss") or "outputs"
    names = ["outputs", *(f"states/{place}" for place in places(one))]
    behind = name.startswith(("gradients", "loss"))
    more = [MODULES[told.engine]] if told.keras and behind else []
    if not told.keras and told.options["batch"].mask is not None:
        more = ["from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence"]
    first = [*head(told.backend, *more), "", *DRAW, *data(told, behind)]
    build = keras_layer(told, one) if told.keras else torch_layer(one, told.options["batch"], told.options["weights"])
    if behind:
        asked, then = differentiated(told, one, name)
        return whole(told, first, [*build, *asked], [*weights(told), *due(told, one), *then, *compared(told.tolerance)])
    asked = [*build, *earlier(told)]
    if name == "mask" and not told.keras:
        raise NoScript("PyTorch's tensors carry no masks")
    if name == "mask":
        flipped = "[:, ::-1]" if one.direction == "backward" else ""
        asked.append(f"found = keras.src.backend.common.masking.get_keras_mask({call(told, 'x')}[0])")
        return whole(told, first, asked, [f"expected = mask{flipped}", *MASKS])
    place = names.index(name) if name in names else 0
    asked.append(f"found = {numpy(told, f'{call(told, chr(120))}[{place}]')}")
    then = [*weights(told), *due(told, one), *carried(told)]
    states = "states" if told.options["batch"].initial_states is not None else "carried" if then[-1].startswith("carried") else (
        "start")
    return whole(told, first, asked, [*then, f"expected = {owed(told, 'x', states)}[{place}]", *compared(told.tolerance)])


def projected(told: Told) -> list[str]:
    """The same of a layer with a projection."""
    if told.options["form"] != "batch_first" or told.options["dtype"] != "float32":
        raise NoScript("a projection in another form or dtype: not written in scripts yet")
    return chain(replace(told, request=told.options["request"]))


MASKS = ["found = None if found is None else keras.ops.convert_to_numpy(found)",
         'print("expected", expected.astype(int).tolist())',
         'print("found   ", None if found is None else found.astype(int).tolist())',
         "sys.exit(int(found is None or not np.array_equal(found, expected)))"]
"""The comparison of the mask that a tensor carries with `expected`."""


def places(one: Chain) -> list[str]:
    """The names of the states in the order of the script: around `layers` those of each layer together."""
    names = list(one.state_shapes(0))
    return sorted(names, key=lambda name: int(name.split("/")[1])) if one.around == "layers" else names


def data(told: Told, behind: bool) -> list[str]:
    """x, mask and states of the call; x0 and mask0 of the one before it; cotangents."""
    batch, one = told.options["batch"], told.options["chain"]
    lines = []
    for number, before in enumerate(b for b in told.options["before"] if isinstance(b, Batch)):
        lines += [f"x{number} = draw({sizes(before.inputs.shape)})", *mask_line(before.mask, f"mask{number}")]
    lines += [f"x = draw({sizes(batch.inputs.shape)})", *mask_line(batch.mask)]
    shapes = [one.state_shapes(batch.size)[place] for place in places(one)]
    if batch.initial_states is not None:
        lines.append(f"states = [{', '.join(f'draw({sizes(shape)})' for shape in shapes)}]")
    if behind:
        cotangents = [f"draw({sizes(shape)})" for shape in (batch.cotangents["outputs"].shape, *shapes)]
        if batch.mask is not None and one.return_sequences:
            cotangents[0] += f" * mask{'[:, ::-1]' if one.direction == 'backward' else ''}[..., None]"
        lines.append(f"cotangents = [{', '.join(cotangents)}]")
    return lines


def keras_layer(told: Told, one: Chain) -> list[str]:
    """The layer, with random weights, made again from its configuration where that was asked."""
    own = next((cell for cell in one.cells if cell.kind in UNEVEN), None)
    again = told.options["origin"] == "from_config"
    lines = [*own_class(own, again or one.direction == "bidirectional"), ""] if own else []
    cells = [f"keras.layers.{KINDS[c.kind]}Cell({c.units})" if c.kind not in UNEVEN else "Cell()" for c in one.cells]
    inner = {"cell": cells[0], "list": f"[{', '.join(cells)}]"}.get(
        one.around, f"keras.layers.StackedRNNCells([{', '.join(cells)}])")
    options = [f"{name}=True" for name, value in (
        ("return_sequences", one.return_sequences), ("return_state", True), ("stateful", one.stateful),
        ("unroll", one.unroll), ("go_backwards", one.direction == "backward"),
        ("zero_output_for_mask", one.padding_output == "zero")) if value]
    made = f"keras.layers.RNN({', '.join([inner, *options])})"
    made = f"keras.layers.Bidirectional({made})" if one.direction == "bidirectional" else made
    shape = f"({told.options['batch'].size if one.stateful else None}, None, {one.features})"
    lines += [f"layer = {made}", f"layer.build({shape})", "for v in layer.trainable_variables:",
              "    v.assign(draw(*v.shape) / 2)"]
    if again:
        lines += ["first, layer = layer, type(layer).from_config(layer.get_config())", f"layer.build({shape})",
                  "layer.set_weights(first.get_weights())"]
    if one.around == "cell":
        return lines
    return [*lines, "", "def leaves(nested):  # states of one cell may be in a list of their own",
            "    return [a for b in nested for a in leaves(b)] if isinstance(nested, (list, tuple)) else [nested]"]


def own_class(cell: Cell, registered: bool) -> list[str]:
    """A cell of the user's own, whose output is neither of its two states."""
    n, m, w = cell.units, cell.memory, cell.width
    lines = ["@keras.saving.register_keras_serializable()"] * registered
    lines += ["class Cell(keras.layers.Layer):  # its output is neither of its two states",
              f"    state_size, output_size = [{n}, {m}], {w}",
              "    def build(self, shape):",
              f"        shapes = [(shape[-1], {n}), ({m}, {n}), ({n},), ({n}, {m}), ({m}, {m}), ({n}, {w}), ({m}, {w})]",
              '        self.own = [self.add_weight(shape=s, name=f"w{k}") for k, s in enumerate(shapes)]',
              "    def call(self, x, states):",
              "        (W, U, b, V, R, O, Q), dot = self.own, keras.ops.matmul",
              "        p = keras.ops.tanh(dot(x, W) + dot(states[1], U) + b)",
              "        q = keras.ops.tanh(dot(p, V) + dot(states[1], R))",
              "        return dot(p, O) + dot(q, Q), [p, q]"]
    if cell.kind == "started":
        lines += ["    def get_initial_state(self, batch_size=None):",
                  "        return [keras.ops.ones((batch_size, 1)) * s for s in begin]"]
        begin = ", ".join(f"{state[0]:g} + 0.25 * np.arange({len(state)})" for state in cell.beginnings)
        lines.insert(0, f'begin = [s.astype("float32") for s in ({begin})]')
    return lines


def nested(one: Chain) -> str:
    """The initial states as the layer takes them, from the list `states`."""
    if one.around == "cell":
        return "states"
    parts, place = [], 0
    for count in [len(cell.state_sizes) for cell in one.cells] * len(one.directions):
        parts.append(f"states[{place}:{place + count}]" if count > 1 else f"states[{place}]")
        place += count
    return f"[{', '.join(parts)}]"


def call(told: Told, x: str, mask: str = "mask", batch: Batch | None = None) -> str:
    """The expression of a call: its flat list of results."""
    batch, one = batch or told.options["batch"], told.options["chain"]
    masked, given = batch.mask is not None, batch.initial_states is not None
    if told.keras:
        made = f"layer({', '.join([x, *[f'mask={mask}'] * masked, *[f'initial_state={nested(one)}'] * given])})"
        return made if one.around == "cell" else f"leaves({made})"
    return f"run({', '.join([x, *[mask] * masked, *['states'] * given])})"


def earlier(told: Told) -> list[str]:
    """The calls and resets before."""
    if not told.keras and told.options["before"]:
        raise NoScript("states that are carried by hand: not written in scripts yet")
    lines, number = [], 0
    for one in told.options["before"]:
        if isinstance(one, Reset):
            lines.append("layer.reset_state()")
        else:
            lines.append(call(told, f"x{number}", f"mask{number}", one))
            number += 1
    return lines


def torch_layer(one: Chain, batch: Batch, drawn: Any) -> list[str]:
    """nn.LSTM with a projection, and the function that calls it."""
    cell, masked, given = one.cells[0], batch.mask is not None, batch.initial_states is not None
    options = [f"num_layers={len(one.cells)}"] * (len(one.cells) > 1) + ["batch_first=True", f"proj_size={cell.width}"]
    options += ["bidirectional=True"] * (one.direction == "bidirectional")
    options += [] if any(name.endswith("/bias") for name in drawn) else ["bias=False"]
    lines = [f"layer = torch.nn.LSTM({one.features}, {cell.units}, {', '.join(options)})", "for p in layer.parameters():",
             "    p.data = torch.as_tensor(draw(*p.shape) / 2)", "",
             f"def run({', '.join(['x', *['mask'] * masked, *['states'] * given])}):"]
    lines += ["    states = [torch.as_tensor(s) for s in states]",
              "    states = torch.stack(states[0::2]), torch.stack(states[1::2])"] * given
    read = "torch.as_tensor(x)"
    if masked:
        read = "packed"
        lines += ["    lengths = torch.as_tensor(mask.sum(1))",
                  "    packed = pack_padded_sequence(torch.as_tensor(x), lengths, batch_first=True, enforce_sorted=False)"]
    lines.append(f"    y, (h, c) = layer({read}{', states' * given})")
    lines += [f"    y, _ = pad_packed_sequence(y, batch_first=True, total_length={batch.time})"] * masked
    return [*lines, "    return [y, *[s for pair in zip(h, c) for s in pair]]", ""]


def weights(told: Told) -> list[str]:
    """`w`: the weights as float64 arrays."""
    of = "keras.ops.convert_to_numpy(v)) for v in layer.trainable_variables" if told.keras else (
        "p.detach().numpy()) for p in layer.parameters()")
    return ["# the equations, in float64", f"w = [np.float64({of}]"]


def count(cell: Cell, bias: bool) -> int:
    """How many weights a cell has."""
    return 7 if cell.kind in UNEVEN else 3 + 2 * bias if cell.kind == "projected" else 3


def step(cell: Cell, w: int, s: int, bias: bool) -> list[str]:
    """One step of a cell whose weights and states begin at these places: its input `a` becomes its output."""
    if cell.kind in UNEVEN:
        return [f"p = np.tanh(a @ w[{w}] + s[{s + 1}] @ w[{w + 1}] + w[{w + 2}])",
                f"q = np.tanh(p @ w[{w + 3}] + s[{s + 1}] @ w[{w + 4}])",
                f"a, new = p @ w[{w + 5}] + q @ w[{w + 6}], [*new, p, q]"]
    if cell.kind == "projected":
        both = f"a @ w[{w}].T + s[{s}] @ w[{w + 1}].T" + f" + w[{w + 2}] + w[{w + 3}]" * bias
        return [f"i, f, g, o = np.split({both}, 4, axis=1)", f"c = sigmoid(f) * s[{s + 1}] + sigmoid(i) * np.tanh(g)",
                f"a = sigmoid(o) * np.tanh(c) @ w[{w + 2 + 2 * bias}].T", "new += [a, c]"]
    both = f"a @ w[{w}] + s[{s}] @ w[{w + 1}] + w[{w + 2}]"
    if cell.kind == "lstm":
        return [f"i, f, g, o = np.split({both}, 4, axis=1)", f"c = sigmoid(f) * s[{s + 1}] + sigmoid(i) * np.tanh(g)",
                "a = sigmoid(o) * np.tanh(c)", "new += [a, c]"]
    if cell.kind == "gru":
        return [f"xz, xr, xn = np.split(a @ w[{w}] + w[{w + 2}][0], 3, axis=1)",
                f"hz, hr, hn = np.split(s[{s}] @ w[{w + 1}] + w[{w + 2}][1], 3, axis=1)",
                "z = sigmoid(xz + hz)",
                f"a = z * s[{s}] + (1 - z) * np.tanh(xn + sigmoid(xr + hr) * hn)", "new += [a]"]
    return [f"a = np.tanh({both})", "new += [a]"]


def due(told: Told, one: Chain) -> list[str]:
    """`loop(x, mask, w, s)`: outputs in the order of processing, and states, of one direction; `equations` of all."""
    masked = told.options["batch"].mask is not None
    bias = any(name.endswith("/bias") for name in told.options["weights"])
    zero = not told.keras or one.padding_output == "zero" or one.direction == "bidirectional"
    inside, w, s = [], 0, 0
    for cell in one.cells if one.around != "layers" else one.cells[:1]:
        inside += step(cell, w, s, bias)
        w, s = w + count(cell, bias), s + len(cell.state_sizes)
    lines = [SIGMOID] * any(cell.kind not in ("simple_rnn", *UNEVEN) for cell in one.cells)
    lines += [f"def loop(x, {'mask, ' * masked}w, s):", *["    y, ys = 0, []" if masked else "    ys = []"],
              "    for t in range(x.shape[1]):", "        a, new = x[:, t], []", *(f"        {line}" for line in inside)]
    if masked:
        lines += ["        v = mask[:, t, None]", "        s = [np.where(v, b, c) for b, c in zip(new, s)]",
                  "        y = np.where(v, a, y)",
                  f"        ys.append({'np.where(v, a, 0)' if zero and one.return_sequences else 'y'})"]
    else:
        lines += ["        s = new", "        ys.append(a)"]
    lines += ["    return np.stack(ys, 1), s", "", f"def equations(x, {'mask, ' * masked}states):"]
    rounds = len(one.cells) if one.around == "layers" else 1
    place, at, finals = 0, 0, []
    for index in range(rounds):
        halves = []
        for direction in one.directions:
            turn = "[:, ::-1]" if direction == "backward" else ""
            own = f"w[{place}:{place + w}], states[{at}:{at + s}]" if rounds * len(one.directions) > 1 else "w, states"
            name = f"{index or ''}{direction[0]}"
            lines.append(f"    y{name}, s{name} = loop(x{turn}, {f'mask{turn}, ' * masked}{own})")
            place, at = place + w, at + s
            finals.append(f"*s{name}")
            cut = "[:, -1]" if index == rounds - 1 and not one.return_sequences else (
                "[:, ::-1]" if direction == "backward" and one.direction == "bidirectional" else "")
            halves.append(f"y{name}{cut}")
        lines.append(f"    x = {halves[0] if len(halves) == 1 else f'np.concatenate([{halves[0]}, {halves[1]}], -1)'}")
    return [*lines, f"    return [x, {', '.join(finals)}]", *begin(told, one)]


def begin(told: Told, one: Chain) -> list[str]:
    """`start`: the states that rows begin with where none are given."""
    batch = told.options["batch"]
    if batch.initial_states is not None:
        return []
    parts = []
    for place in places(one):
        index, number = map(int, place.split("/")[1:])
        cell = one.cells[index]
        parts.append(f"np.tile(begin[{number}], ({batch.size}, 1))" if cell.kind == "started" else
                     f"np.zeros(({batch.size}, {cell.state_sizes[number]}))")
    if len(set(parts)) == 1:
        return [f"start = [{parts[0]}]{f' * {len(parts)}' * (len(parts) > 1)}"]
    if len(one.directions) == 2 and one.around != "layers":
        return [f"start = [{', '.join(parts[:len(parts) // 2])}] * 2"]
    return [f"start = [{', '.join(parts)}]"]


def carried(told: Told) -> list[str]:
    """The states after the calls before, where they are carried."""
    lines, number = [], 0
    for one in told.options["before"] if told.options["chain"].stateful else ():
        if isinstance(one, Reset):
            lines.append("carried = start")
        else:
            mask = f"mask{number}, " * (one.mask is not None)
            lines.append(f"carried = equations(x{number}, {mask}{'carried' if lines else 'start'})[1:]")
            number += 1
    return lines


def owed(told: Told, x: str, states: str) -> str:
    """The expression of what is due."""
    return f"equations({x}, {'mask, ' * (told.options['batch'].mask is not None)}{states})"


def differentiated(told: Told, one: Chain, name: str) -> tuple[list[str], list[str]]:
    """`found`, a gradient, and `expected`."""
    batch = told.options["batch"]
    given = batch.initial_states is not None
    if told.keras:
        asked = ["", "x64, x = np.float64(x), keras.Variable(x)", *[
            "s64, initial = [np.float64(s) for s in states], [keras.Variable(s) for s in states]"] * given, "def loss():"]
        asked += ["    states = [s.value for s in initial]"] * given
        asked += [f"    results = {call(told, 'x.value')}",
                  "    return sum(keras.ops.sum(keras.ops.multiply(r, k)) for r, k in zip(results, cotangents))"]
    else:
        asked = ["x64, x = np.float64(x), torch.as_tensor(x).requires_grad_()"]
        asked += ["s64 = [np.float64(s) for s in states]",
                  "states = [torch.as_tensor(s).requires_grad_() for s in states]"] * given
        asked += ["def loss():",
                  f"    return sum((r * torch.as_tensor(k)).sum() for r, k in zip({call(told, 'x')}, cotangents))"]
    kind, _, rest = name.removeprefix("gradients/").partition("/")
    if name == "loss":
        source, target = "", ""
    elif kind == "inputs":
        source, target = "x", "x64"
    elif kind == "states":
        at = places(one).index(rest)
        source, target = f"{'initial' if told.keras else 'states'}[{at}]", f"s64[{at}]"
    else:
        place = weight(one, rest, any(n.endswith("/bias") for n in told.options["weights"]), told.keras)
        target = f"w[{place}]"
        source = f"layer.trainable_variables[{place}]" if told.keras else f"list(layer.parameters())[{place}]"
    asked += slope(told, source)
    sums = f"sum((r * k).sum() for r, k in zip({owed(told, 'x64', 's64' if given else 'start')}, cotangents))"
    return asked, central(target, sums)


NAMES = {"uneven": ("W", "U", "b", "V", "R", "O", "Q"), "started": ("W", "U", "b", "V", "R", "O", "Q")}


def weight(one: Chain, name: str, bias: bool, keras: bool) -> int:
    """Which of `w` a weight is."""
    direction, index, kind = name.split("/")
    way, index = one.directions.index(direction), int(index)
    own = lambda cell: NAMES.get(cell.kind) or (  # noqa: E731
        ("kernel", "recurrent_kernel", "bias") if keras else
        ("kernel", "recurrent_kernel", *(("bias", "recurrent_bias") if bias else ()), "projection"))
    each = [len(own(cell)) for cell in one.cells]
    if one.around == "layers":
        before = each[0] * (index * len(one.directions) + way)
    else:
        before = way * sum(each) + sum(each[:index])
    kind = "bias" if keras and kind == "recurrent_bias" else kind
    return before + own(one.cells[index]).index(kind)
