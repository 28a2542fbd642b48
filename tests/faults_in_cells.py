"""Faults in the cells: gates, biases, activations, weights, what a single step computes or differentiates."""

from itertools import permutations

from planted import faults

GATE = "start = layer.gates.index(gate) * layer.units"
STEP = "return _CELLS[layer.cell](layer, weights, x, state)"
BIAS = 'return found + _row(weights["bias"]) if "bias" in weights else found'
RECURRENT_BIAS = 'return found + _row(weights["recurrent_bias"]) if "recurrent_bias" in weights else found'
KERNEL = 'found = product(x, weights["kernel"])'
RECURRENT_KERNEL = 'found = product(h, weights["recurrent_kernel"])'
SIMPLE_RNN = 'h = activate(rounded(_from_input(weights, x) + _from_state(weights, state["h"])), layer.activation)'
LSTM_GATES = 'gates = rounded(_from_input(weights, x) + _from_state(weights, state["h"]))'
LSTM_I, LSTM_F, LSTM_O = (
    f'{gate} = activate(_gate(layer, gates, "{gate}"), layer.recurrent_activation)' for gate in "ifo"
)
LSTM_CANDIDATE = 'candidate = activate(_gate(layer, gates, "c"), layer.activation)'
LSTM_C = 'c = rounded(f * state["c"]) + rounded(i * candidate)'
LSTM_H = "h = rounded(o * activate(c, layer.activation))"
GRU_Z = 'z = activate(rounded(_gate(layer, given, "z") + _gate(layer, held, "z")), layer.recurrent_activation)'
GRU_R = 'r = activate(rounded(_gate(layer, given, "r") + _gate(layer, held, "r")), layer.recurrent_activation)'
GRU_AFTER = "if layer.reset_after:"
GRU_PAST = 'past = rounded(r * _gate(layer, held, "h"))'
GRU_BEFORE = 'past = product(rounded(r * h), _gate(layer, weights["recurrent_kernel"], "h"))'
GRU_BEFORE_BIAS = 'past = past + _row(_gate(layer, weights["recurrent_bias"], "h"))'
GRU_CANDIDATE = 'candidate = activate(rounded(_gate(layer, given, "h") + past), layer.activation)'
GRU_H = 'return {"h": rounded(z * h) + rounded((1.0 - z) * candidate)}'


def in_order(cell: str, order: str) -> tuple[str, str]:
    """The gates of one cell lie in another order in all of its weights."""
    return GATE, f"start = ({order!r} if layer.cell == {cell!r} else layer.gates).index(gate) * layer.units"


def orders(cell: str, right: str) -> dict[str, tuple[str, str]]:
    """Every wrong order of the gates."""
    wrong = ("".join(order) for order in permutations(right) if "".join(order) != right)
    return {f"{cell} in the order {' '.join(order)}": in_order(cell, order) for order in wrong}


def detached(line: str, inner: str) -> tuple[str, str]:
    """`inner`, which stands once in `line`, is cut off from the gradient."""
    assert line.count(inner) == 1, inner
    return line, line.replace(inner, f"detached({inner})")


FAULTS = (
    *faults("cells", "gates", orders("lstm", "ifco") | orders("gru", "zrh")),
    *faults(
        "cells",
        "gates",
        {
            "in an LSTM the recurrent product's gates are turned by one": (
                LSTM_GATES,
                LSTM_GATES.replace(
                    '_from_state(weights, state["h"])',
                    'np.roll(_from_state(weights, state["h"]), layer.units, axis=-1)',
                ),
            ),
            "the update gate reads the state by the reset gate's weights": (
                GRU_Z,
                GRU_Z.replace('held, "z"', 'held, "r"'),
            ),
            "the biases of the gates are turned by one": (
                BIAS,
                BIAS.replace('weights["bias"])', 'np.roll(weights["bias"], weights["recurrent_kernel"].shape[-2]))'),
            ),
            "the recurrent biases of the gates are turned by one": (
                RECURRENT_BIAS,
                RECURRENT_BIAS.replace(
                    'weights["recurrent_bias"])',
                    'np.roll(weights["recurrent_bias"], weights["recurrent_kernel"].shape[-2]))',
                ),
            ),
            "the input gate is tied to the forget gate": (
                LSTM_C,
                LSTM_C.replace("i * candidate", "(1.0 - f) * candidate"),
            ),
            "the output gate is open": (LSTM_H, LSTM_H.replace("o * activate", "activate")),
            "z and 1 - z are swapped": (GRU_H, 'return {"h": rounded((1.0 - z) * h) + rounded(z * candidate)}'),
            "the reset gate is always open": (GRU_R, "r = 1.0"),
            "the reset gate acts before the product, asked or not": (GRU_AFTER, "if False:"),
            "the reset gate acts after the product, asked or not": (GRU_AFTER, "if True:"),
            "the reset gate acts at the other place": (GRU_AFTER, "if not layer.reset_after:"),
            "the reset gate acts before the product, but its bias not after it": (
                GRU_BEFORE,
                GRU_BEFORE + "; past = past * r",
            ),
        },
    ),
    *faults(
        "cells",
        "biases",
        {
            "the bias is lost": (BIAS, "return found"),
            "the recurrent bias is lost": (RECURRENT_BIAS, "return found"),
            "the recurrent bias is lost where the reset gate comes first": (GRU_BEFORE_BIAS, "pass"),
            "bias and recurrent bias are swapped": (
                STEP,
                'if "bias" in weights:\n        b, d = weights["bias"], weights["recurrent_bias"]\n'
                '        weights = {**weights, "bias": d, "recurrent_bias": b}\n    ' + STEP,
            ),
            "the bias is added twice": (BIAS, BIAS.replace("found + ", "found + 2 * ", 1)),
            "the forget gate has one more": (LSTM_F, LSTM_F.replace('"f")', '"f") + 1.0')),
            "the forget gate of a layer without biases has one more": (
                LSTM_F,
                LSTM_F.replace('"f")', '"f") + (0.0 if layer.bias else 1.0)'),
            ),
            "the candidate's recurrent bias escapes the reset gate": (
                GRU_PAST,
                'past = rounded(r * _gate(layer, held, "h"))\n        if "recurrent_bias" in weights:\n'
                '            past = past + (1.0 - r) * _row(_gate(layer, weights["recurrent_bias"], "h"))',
            ),
            "implementation 1 forgets the recurrent bias of an LSTM": (
                LSTM_GATES,
                "if layer.implementation == 1:\n"
                '        weights = {n: w for n, w in weights.items() if n != "recurrent_bias"}\n    ' + LSTM_GATES,
            ),
            "implementation 1 forgets the bias of a GRU": (
                "given, held = _from_input(weights, x), _from_state(weights, h)",
                "given, held = "
                'product(x, weights["kernel"]) if layer.implementation == 1 else _from_input(weights, x), '
                "_from_state(weights, h)",
            ),
            "the bias of the first unit serves all units": (
                BIAS,
                BIAS.replace('_row(weights["bias"])', 'weights["bias"][..., :1]'),
            ),
        },
    ),
    *faults(
        "cells",
        "weights",
        {
            "a square kernel is transposed": (
                KERNEL,
                'w = weights["kernel"]\n'
                "    found = product(x, np.swapaxes(w, -1, -2) if w.shape[-1] == w.shape[-2] else w)",
            ),
            "a square recurrent kernel is transposed": (
                RECURRENT_KERNEL,
                'u = weights["recurrent_kernel"]\n'
                "    found = product(h, np.swapaxes(u, -1, -2) if u.shape[-1] == u.shape[-2] else u)",
            ),
            "each block of the recurrent kernel is transposed": (
                RECURRENT_KERNEL,
                'u, n = weights["recurrent_kernel"], h.shape[-1]\n'
                "    found = product(h, np.reshape(np.transpose(np.reshape(u, (n, -1, n)), (2, 1, 0)), (n, -1)))",
            ),
            "features beyond the number of units are not read": (
                KERNEL,
                'n = weights["recurrent_kernel"].shape[-2]\n'
                '    found = product(x[..., :n], weights["kernel"][..., :n, :])',
            ),
            "the last feature is not read": (KERNEL, 'found = product(x[..., :-1], weights["kernel"][..., :-1, :])'),
            "the last unit is not fed back": (
                RECURRENT_KERNEL,
                'found = product(h[..., :-1], weights["recurrent_kernel"][..., :-1, :])',
            ),
            "the state is not fed back to the candidate where the reset gate comes first": (
                GRU_BEFORE,
                GRU_BEFORE.replace("r * h", "0.0 * h"),
            ),
        },
    ),
    *faults(
        "cells",
        "activations",
        {
            "the cell's output is not activated": (LSTM_H, "h = rounded(o * c)"),
            "the cell's output is activated by tanh, whatever is asked": (
                LSTM_H,
                LSTM_H.replace("layer.activation", '"tanh"'),
            ),
            "the candidate of an LSTM is activated by tanh, whatever is asked": (
                LSTM_CANDIDATE,
                LSTM_CANDIDATE.replace("layer.activation", '"tanh"'),
            ),
            "the candidate of an LSTM is activated as a gate": (
                LSTM_CANDIDATE,
                LSTM_CANDIDATE.replace("layer.activation", "layer.recurrent_activation"),
            ),
            "the candidate of a GRU is activated as a gate": (
                GRU_CANDIDATE,
                GRU_CANDIDATE.replace("layer.activation", "layer.recurrent_activation"),
            ),
            "the candidate of a GRU is activated by tanh, whatever is asked": (
                GRU_CANDIDATE,
                GRU_CANDIDATE.replace("layer.activation", '"tanh"'),
            ),
            "the gates of a GRU are sigmoids, whatever is asked": (
                GRU_R,
                GRU_R.replace("layer.recurrent_activation", '"sigmoid"'),
            ),
            "the output gate is a sigmoid, whatever is asked": (
                LSTM_O,
                LSTM_O.replace("layer.recurrent_activation", '"sigmoid"'),
            ),
            "the output gate is activated as a candidate": (
                LSTM_O,
                LSTM_O.replace("layer.recurrent_activation", "layer.activation"),
            ),
            "a simple layer is activated by tanh, whatever is asked": (
                SIMPLE_RNN,
                SIMPLE_RNN.replace("layer.activation", '"tanh"'),
            ),
            "a simple layer is activated before its state is added": (
                SIMPLE_RNN,
                'h = rounded(activate(_from_input(weights, x), layer.activation) + _from_state(weights, state["h"]))',
            ),
            "the cell state is clipped to one": (LSTM_C, LSTM_C + "\n    c = np.clip(c, -1.0, 1.0)"),
            "the output reads the old cell state": (LSTM_H, LSTM_H.replace("(c,", '(state["c"],')),
            "the output gate peeps at the cell state": (
                LSTM_H,
                "h = rounded(o * activate(c, layer.activation)) + 0.01 * c",
            ),
        },
    ),
    *faults(
        "cells",
        "gradients",
        {
            "none through h of a simple layer": detached(SIMPLE_RNN, 'state["h"]'),
            "none through h of an LSTM": detached(LSTM_GATES, 'state["h"]'),
            "none through c": detached(LSTM_C, 'state["c"]'),
            "none through the input gate": (LSTM_C, LSTM_C.replace("i *", "detached(i) *")),
            "none through the forget gate": (LSTM_C, LSTM_C.replace("f *", "detached(f) *")),
            "none through the candidate": (LSTM_C, LSTM_C.replace("* candidate", "* detached(candidate)")),
            "none through the output gate": (LSTM_H, LSTM_H.replace("o *", "detached(o) *")),
            "none through the activated cell state": (LSTM_H, LSTM_H.replace("(c,", "(detached(c),")),
            "none through the update gate": (GRU_H, GRU_H.replace("(1.0 - z)", "(1.0 - detached(z))")),
            "none through the reset gate": (GRU_PAST, GRU_PAST.replace("r *", "detached(r) *")),
            "none through the reset gate where it comes first": (
                GRU_BEFORE,
                GRU_BEFORE.replace("r * h", "detached(r) * h"),
            ),
            "none through the held state of a GRU": (GRU_H, GRU_H.replace("z * h", "z * detached(h)")),
            "none to the bias": (BIAS, BIAS.replace('_row(weights["bias"])', '_row(detached(weights["bias"]))')),
            "none to the recurrent bias": (
                RECURRENT_BIAS,
                RECURRENT_BIAS.replace('_row(weights["recurrent_bias"])', '_row(detached(weights["recurrent_bias"]))'),
            ),
            "none to the recurrent bias where the reset gate comes first": (
                GRU_BEFORE_BIAS,
                GRU_BEFORE_BIAS.replace('weights["recurrent_bias"]', 'detached(weights["recurrent_bias"])'),
            ),
            "none to the kernel": (KERNEL, KERNEL.replace('weights["kernel"]', 'detached(weights["kernel"])')),
            "none to the recurrent kernel": (
                RECURRENT_KERNEL,
                RECURRENT_KERNEL.replace('weights["recurrent_kernel"]', 'detached(weights["recurrent_kernel"])'),
            ),
            "twice to the recurrent bias": (
                RECURRENT_BIAS,
                RECURRENT_BIAS.replace(
                    '_row(weights["recurrent_bias"])',
                    '_row(weights["recurrent_bias"] + leak(weights["recurrent_bias"]))',
                ),
            ),
            "a hundredth too much through the state": (
                RECURRENT_KERNEL,
                RECURRENT_KERNEL.replace("(h,", "(h + 0.01 * leak(h),"),
            ),
            "that of the candidate's recurrent bias is that of its bias": (
                GRU_CANDIDATE,
                'if "recurrent_bias" in weights:\n        d = _row(_gate(layer, weights["recurrent_bias"], "h"))\n'
                "        past = past + leak((1.0 - detached(r)) * d)\n    " + GRU_CANDIDATE,
            ),
        },
    ),
    *faults(
        "cells",
        "precision",
        {
            "recurrent products in bfloat16": (
                RECURRENT_KERNEL,
                RECURRENT_KERNEL.replace("(h,", '(coarse(h, "bfloat16"),'),
            ),
            "recurrent products in float16": (
                RECURRENT_KERNEL,
                RECURRENT_KERNEL.replace("(h,", '(coarse(h, "float16"),'),
            ),
            "the candidate of a GRU in float16": (
                GRU_CANDIDATE,
                GRU_CANDIDATE + '\n    candidate = coarse(candidate, "float16")',
            ),
            "the cell state in float16": (LSTM_C, LSTM_C + '\n    c = coarse(c, "float16")'),
            "the cell state in float32 in a layer of float64": (LSTM_C, LSTM_C + '\n    c = coarse(c, "float32")'),
        },
    ),
)
