"""Faults in the convolutions of a ConvLSTM: windows, strides, dilation, padding, channels, what of the state is convolved."""

from planted import faults

PAD = "images = np.pad(images, [(0, 0)] * (len(lead) + 2) + list(convolution.zeros), mode=\"constant\")"
OFFSETS = "for offset in onp.ndindex(*convolution.size)"
FLAT = "flat = np.reshape(kernel, (*kernel.shape[: kernel.ndim - rank - 2], len(windows) * channels, filters))"
IMAGES = "images = np.reshape(x, (*lead, batch, channels, *convolution.space))"
BIAS = "found = found + np.expand_dims(bias, -2)"
LAST = "return np.reshape(found, (*lead, batch, filters * prod(places)))"
STATE = 'return convolved(layer.convolution.of_state, h, weights["recurrent_kernel"], weights.get("recurrent_bias"))'
INPUT = 'return convolved(layer.convolution, x, weights["kernel"], weights.get("bias"))'
WINDOW = "slice(at * d, at * d + (n - 1) * s + 1, s)"

FAULTS = (
    *faults(
        "convolution",
        "convolution",
        {
            "the kernel is flipped: a convolution as mathematics has it": (
                OFFSETS, "for offset in list(onp.ndindex(*convolution.size))[::-1]"),
            "the axes of the window are exchanged in the kernel": (
                FLAT, "kernel = np.swapaxes(kernel, -3, -4) if rank > 1 else kernel\n    " + FLAT),
            "same puts the odd zero at the start": (
                PAD, PAD.replace("list(convolution.zeros)", "[(b, a) for a, b in convolution.zeros]")),
            "same repeats the edge": (
                PAD, "images = np.concatenate([images[..., :1]] * convolution.zeros[-1][0] + [images] "
                     "+ [images[..., -1:]] * convolution.zeros[-1][1], axis=-1)\n        "
                     "images = np.pad(images, [(0, 0)] * (len(lead) + 2) + [*convolution.zeros[:-1], (0, 0)], "
                     "mode=\"constant\")"),
            "channels are the last axis of the flat inputs": (
                IMAGES, "images = np.moveaxis(np.reshape(x, (*lead, batch, *convolution.space, channels)), -1, len(lead) + 1)"),
            "filters are the last axis of the flat states": (LAST, "found = np.swapaxes(found, -1, -2)\n    " + LAST),
            "the bias differs from place to place": (
                BIAS, "found = found + np.expand_dims(bias, -2) * (1.0 + 1e-3 * onp.arange(found.shape[-2])[:, None])"),
            "a stride starts one place later": (
                WINDOW, "slice(at * d + (s > 1) * (n < 3), at * d + (s > 1) * (n < 3) + (n - 1) * s + 1, s)"),
            "dilation is left out": (WINDOW, "slice(at, at + (n - 1) * s + 1, s)"),
        },
    ),
    *faults(
        "convolution",
        "convolution of the state",
        {
            "its bias is left out": (STATE, STATE.replace('weights.get("recurrent_bias")', "None")),
            "the first place of the state gets no gradient": (
                STATE, "h = np.concatenate([detached(h)[..., :1], h[..., 1:]], axis=-1)\n    " + STATE),
            "it is convolved in bfloat16": (STATE, 'h = coarse(h, "bfloat16")\n    ' + STATE),
            "its kernel gets no gradient": (
                STATE, 'weights = {**weights, "recurrent_kernel": detached(weights["recurrent_kernel"])}\n    ' + STATE),
        },
    ),
    *faults(
        "convolution",
        "convolution of the inputs",
        {
            "its bias is left out": (INPUT, INPUT.replace('weights.get("bias")', "None")),
            "they are convolved in bfloat16": (INPUT, 'x = coarse(x, "bfloat16")\n    ' + INPUT),
            "the last channel is read as the first": (
                IMAGES, IMAGES + "\n    images = np.concatenate([images[..., -1:, :]] * 1 + [images[..., 1:, :]], axis=-2) "
                "if rank == 2 else images"),
            "the kernel gets half of its gradient": (
                INPUT, 'w = weights["kernel"]\n    weights = {**weights, "kernel": 0.5 * w + 0.5 * detached(w)}\n    ' + INPUT),
        },
    ),
    *faults(
        "cells",
        "ConvLSTM",
        {
            "its inputs and states are added with different weights": (
                'gates = rounded(from_input(layer, weights, x) + from_state(layer, weights, state["h"]))',
                'gates = rounded(from_input(layer, weights, x) + 1.001 * from_state(layer, weights, state["h"]))'),
            "it reads the carry where it should read the output": (
                'from_state(layer, weights, state["h"]))\n    return _lstm_of(layer, gates, state)\n\n\ndef _lstm_of',
                'from_state(layer, weights, state["c"]))\n    return _lstm_of(layer, gates, state)\n\n\ndef _lstm_of'),
            "its inputs are read twice": (
                "gates = rounded(from_input(layer, weights, x) +",
                "gates = rounded(from_input(layer, weights, x) + from_input(layer, weights, x) +"),
            "its states are not read": (
                'from_input(layer, weights, x) + from_state(layer, weights, state["h"]))',
                'from_input(layer, weights, x) + from_state(layer, weights, 0.0 * state["h"]))'),
        },
    ),
)
