"""The recurrent layers' equations as lines of a script: a plain loop in float64 numpy.

Two conventions for weights: `keras` (x @ W + h @ U + b; GRU gates z r h) and `torch` (x @ w_ih.T + b_ih + …; GRU gates
r z n). `equations(x, mask, states)` gives the outputs and final states in the order of the layer's own results.
"""

from __future__ import annotations

from cases.layers import Layer

ACTIVATIONS = {
    "sigmoid": "sigmoid = lambda z: 1 / (1 + np.exp(-z))",
    "tanh": "",
    "relu": "relu = lambda z: np.maximum(z, 0)",
    "linear": "",
    "softsign": "softsign = lambda z: z / (1 + np.abs(z))",
    "elu": "elu = lambda z: np.where(z > 0, z, np.expm1(np.minimum(z, 0)))",
    "softplus": "softplus = lambda z: np.logaddexp(0, z)",
    "hard_sigmoid": "hard_sigmoid = lambda z: np.clip(z / 6 + 0.5, 0, 1)",
}


def of(name: str, argument: str) -> str:
    """An activation of an expression."""
    if name == "linear":
        return argument if argument.isidentifier() else f"({argument})"
    return f"{'np.tanh' if name == 'tanh' else name}({argument})"


def weights_per_cell(layer: Layer, convention: str) -> int:
    """How many arrays a cell has."""
    return 2 + (layer.bias and (1 if convention == "keras" else 2))


def written(layer: Layer, masked: bool, padding: str, convention: str) -> list[str]:
    """The lines that define `equations`. They use a list `w` of float64 arrays, as the framework orders its weights."""
    used = dict.fromkeys([layer.activation] + ([layer.recurrent_activation] if layer.cell != "simple_rnn" else []))
    lines = [line for name in used if (line := ACTIVATIONS[name])]
    return [*lines, "", *cell(layer, masked, padding, convention), "", *stack(layer, masked, convention)]


def cell(layer: Layer, masked: bool, padding: str, convention: str) -> list[str]:
    """One cell over all steps."""
    states = list(layer.state_names)
    names = (["W", "U"] + ["b"] * layer.bias) if convention == "keras" else (["W", "U"] + ["b", "d"] * layer.bias)
    arguments = ", ".join(["x", *["mask"] * masked, *names, *states])
    zero = "zero" in (padding, layer.padding_output) and layer.return_sequences
    lines = [f"def cell({arguments}):", "    y, ys = 0 * h, []" if masked and not zero else "    ys = []",
             "    for t in range(x.shape[1]):"]
    lines += [f"        {line}" for line in step(layer, convention)]
    if masked:
        lines.append("        v = mask[:, t, None]")
        chosen = ["h", *["c"] * ("c" in states)]
        new = [f"np.where(v, {s}1, {s})" for s in chosen]
        lines.append(f"        {', '.join(chosen)} = {', '.join(new)}")
        lines.append("        ys.append(np.where(v, h1, 0))" if zero else "        y = np.where(v, h1, y)")
        lines += [] if zero else ["        ys.append(y)"]
    else:
        lines.append("        h, c = h1, c1" if "c" in states else "        h = h1")
        lines.append("        ys.append(h)")
    return [*lines, f"    return np.stack(ys, 1), {', '.join(states)}"]


def step(layer: Layer, convention: str) -> list[str]:
    """One step: h1 (and c1) from x[:, t], h (and c)."""
    act, gate = layer.activation, layer.recurrent_activation
    keras = convention == "keras"
    turned = "" if keras else ".T"
    bias, second = (" + b" if layer.bias else ""), ("" if keras or not layer.bias else " + d")
    ahead = f"x[:, t] @ W{turned}{bias}"
    both = f"{ahead} + h @ U{turned}{second}"
    if layer.cell == "simple_rnn":
        return [f"h1 = {of(act, both)}"]
    if layer.cell == "lstm":
        return [
            f"i, f, g, o = np.split({both}, 4, axis=1)",
            f"c1 = {of(gate, 'f')} * c + {of(gate, 'i')} * {of(act, 'g')}",
            f"h1 = {of(gate, 'o')} * {of(act, 'c1')}",
        ]
    order = "zrn" if keras else "rzn"
    names = lambda prefix: ", ".join(f"{prefix}{g}" for g in order)  # noqa: E731
    if layer.reset_after or not keras:
        first, then = (f"x[:, t] @ W{turned} + b[0]", " + b[1]") if keras and layer.bias else (ahead, second)
        lines = [f"{names('x')} = np.split({first}, 3, axis=1)"]
        lines.append(f"{names('h')} = np.split(h @ U{turned}{then}, 3, axis=1)")
        lines.append(f"z, r = {of(gate, 'xz + hz')}, {of(gate, 'xr + hr')}")
        return [*lines, f"h1 = z * h + (1 - z) * {of(act, 'xn + r * hn')}"]
    n = layer.units
    return [
        f"{names('x')} = np.split({ahead}, 3, axis=1)",
        f"z, r = {of(gate, f'xz + h @ U[:, :{n}]')}, {of(gate, f'xr + h @ U[:, {n}:{2 * n}]')}",
        f"h1 = z * h + (1 - z) * {of(act, f'xn + (r * h) @ U[:, {2 * n}:]')}",
    ]


def stack(layer: Layer, masked: bool, convention: str) -> list[str]:
    """All layers and directions, in the order of the results."""
    each, count = weights_per_cell(layer, convention), len(layer.state_names)
    one = layer.layers == 1 and len(layer.directions) == 1
    lines, finals, place = ["def equations(x, mask, states):"], [], 0
    for index in range(layer.layers):
        last = index == layer.layers - 1
        parts = {}
        for direction in layer.directions:
            backward = direction == "backward"
            turn = "[:, ::-1]" if backward else ""
            w = "*w" if one else f"*w[{place * each}:{(place + 1) * each}]"
            states = "*states" if one else f"*states[{place * count}:{(place + 1) * count}]"
            mask = [f"mask{turn}"] * masked
            name = "y" if one else f"y{index}{direction[0]}" if len(layer.directions) == 2 else f"y{index}"
            final = "s" if one else f"s{index}{direction[0]}"
            lines.append(f"    {name}, *{final} = cell({', '.join([f'x{turn}', *mask, w, states])})")
            finals.append(final)
            flip = backward and layer.direction == "bidirectional"
            cut = "[:, -1]" if last and not layer.return_sequences else "[:, ::-1]" if flip else ""
            parts[direction] = name + cut
            place += 1
        ahead, *back = parts.values()
        if layer.direction == "backward" and masked and not last:
            lines.append("    mask = mask[:, ::-1]")
        if back and layer.merge == "none":
            outputs = f"{ahead}, {back[0]}"
            continue
        outputs = ahead if not back else {
            "concat": f"np.concatenate([{ahead}, {back[0]}], -1)", "sum": f"{ahead} + {back[0]}",
            "ave": f"({ahead} + {back[0]}) / 2", "mul": f"{ahead} * {back[0]}",
        }[layer.merge]
        if not last:
            lines.append(f"    x = {outputs}")
    states = "".join(f", *{final}" for final in finals) if layer.return_state or layer.stateful else ""
    return [*lines, f"    return [{outputs}{states}]"]
