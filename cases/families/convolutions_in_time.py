"""Convolutions over time, in front of recurrent layers: each step by hand."""

from __future__ import annotations

import numpy as np

from cases.batches import draw_values
from cases.families.base import statement
from cases.layers import generator
from cases.models import FunctionRequest
from cases.tolerance import compare, unit_roundoff

ROWS, STEPS, FEATURES, FILTERS = 2, 7, 4, 6


CHANNELS = ("last", "first")
"""Where features lie: behind the steps, or before them."""
APART = 2
SIZES = {"depthwise": {"kernel": (3, 1, 2 * FEATURES), "joins": (1, 1)},
         "transposed": {"kernel": (1, 1), "joins": (3, FEATURES, 5)},
         "separable": {"kernel": (3, 1, 2 * FEATURES), "joins": (2 * FEATURES, 5)}}
"""Kind -> the shapes of its weights; (1, 1) of what it has not."""
EDGES = {"zeros": "constant", "replicate": "edge", "circular": "wrap", "reflect": "reflect"}
"""What is read where there is no step, in PyTorch's word and in numpy's."""


def convolved(inputs: np.ndarray, kernel: np.ndarray, bias: np.ndarray, padding: str, dilation: int, stride: int,
              groups: int, edges: str = "zeros") -> np.ndarray:
    """(rows, steps', filters): a step sees the `size` steps that are `dilation` apart, in `same` around it, in `causal` up to it.
    Where there is none it sees what `edges` says.

    inputs (rows, steps, features); kernel (size, features / groups, filters); bias (filters,).
    """
    size = len(kernel)
    reach, steps = (size - 1) * dilation, inputs.shape[1]
    count = -(-steps // stride) if padding == "same" else (steps - (0 if padding == "causal" else reach) - 1) // stride + 1
    before = {"causal": reach, "valid": 0, "same": max((count - 1) * stride + reach + 1 - steps, 0) // 2}[padding]
    behind = reach - before if edges != "zeros" else reach
    padded = np.pad(inputs, ((0, 0), (before, behind), (0, 0)), EDGES[edges])
    own, wide = inputs.shape[2] // groups, kernel.shape[2] // groups
    parts = []
    for group in range(groups):
        read, weights = padded[:, :, group * own : (group + 1) * own], kernel[:, :, group * wide : (group + 1) * wide]
        parts.append(np.stack([sum(read[:, at * stride + tap * dilation] @ weights[tap] for tap in range(size))
                               for at in range(count)], axis=1))
    return np.concatenate(parts, axis=2) + bias


@statement("A convolution over time gives at each step the sum over the steps that it sees, whatever its padding, stride, "
           "dilation and groups; a causal one sees none that is later; one without a bias has a bounded activation here.",
           {"padding": ("causal", "same", "valid"), "dilation": (2, 1, 3), "stride": (1, 2, 4), "size": (3, 2, 1),
            "groups": (1, 2), "channels": CHANNELS, "bias": (True, False)},
           senseless=((("dilation", "stride"), lambda dilation, stride: dilation > 1 and stride > 1),),
           strength=(1, 2, 2), sparing=2, eager=3, source="Keras: Conv1D; van den Oord et al. 2016")
def convolutions_see_their_steps(ask, **variant):
    return deviations(ask, **variant)


@statement("A convolution of each feature by itself, one that joins the features afterwards, and one that spreads each step over "
           "several are their sums, with features last or first.",
           {"kind": ("separable", "transposed", "depthwise"), "channels": CHANNELS, "bias": (False, True)}, strength=(1, 1, 2),
           sparing=0, source="Keras: DepthwiseConv1D, SeparableConv1D, Conv1DTranspose; Chollet 2017")
def other_convolutions_are_sums(ask, kind, channels, bias):
    random = generator("other convolutions", kind)
    given = {name: draw_values(random, shape) for name, shape in {"inputs": (ROWS, STEPS, FEATURES), **SIZES[kind]}.items()}
    given["bias"] = draw_values(random, given["kernel" if kind == "depthwise" else "joins"].shape[-1:]) * bias
    seen = ask(FunctionRequest("other_convolution", (("kind", kind), ("channels", channels), ("biased", bias), *given.items())))
    due, sizes = (others(kind, **{name: of(array) for name, array in given.items()}) for of in (np.array, np.abs))
    return compare("outputs", seen["outputs"], due, 64 * unit_roundoff("float32") * sizes)


def others(kind: str, inputs: np.ndarray, bias: np.ndarray, kernel: np.ndarray, joins: np.ndarray) -> np.ndarray:
    """The sums. kernel (size, 1, features · multiplier), of each feature for itself; joins (features · multiplier, filters), or
    of a transposed one (size, features, filters): what each step becomes, two steps apart."""
    if kind == "transposed":
        found = np.zeros((ROWS, APART * (STEPS - 1) + len(joins), joins.shape[2])) + bias
        for step in range(STEPS):
            for tap, weights in enumerate(joins):
                found[:, APART * step + tap] += inputs[:, step] @ weights
        return found
    each = convolved(inputs, kernel, np.zeros(kernel.shape[2]), "same", 1, 1, FEATURES)
    return each + bias if kind == "depthwise" else each @ joins + bias


@statement("A convolution over time that reads copies where there is no step reads those that it says, as many before the "
           "steps as behind them, or one more behind.",
           {"edges": tuple(EDGES)[1:], "dilation": (1, 2), "size": (2, 3), "groups": (1, 2)}, usual={"groups": (1,)},
           strength=(1, 2, 2), sparing=0,
           source="PyTorch: nn.Conv1d(padding_mode)")
def convolutions_read_copies_at_edges(ask, edges, dilation, size, groups):
    return deviations(ask, "same", dilation, 1, size, groups, edges=edges)


def deviations(ask, padding, dilation, stride, size, groups, channels="last", bias=True, **more):
    """Between outputs and the sums."""
    random = generator("convolution in time", size)
    given = {"inputs": draw_values(random, (ROWS, STEPS, FEATURES)), "bias": draw_values(random, (FILTERS,)),
             "kernel": draw_values(random, (size, FEATURES // groups, FILTERS))}
    given["bias"] = given["bias"] * bias
    how = {"padding": padding, "dilation": dilation, "stride": stride, "groups": groups, **more}
    where = {"channels": channels, "biased": bias}
    seen = ask(FunctionRequest("convolution_in_time", (*given.items(), *how.items(), *where.items())))
    due = convolved(**given, **how)
    due = due if bias else np.tanh(due)
    sizes = convolved(**{name: np.abs(array) for name, array in given.items()}, **how)
    return compare("outputs", seen["outputs"], due, 64 * unit_roundoff("float32") * sizes)
