"""What the weights of a fresh layer are: names, shapes, distributions, seeds; who may set, bound, punish and freeze them."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from scipy.special import kolmogorov

from cases.batches import BatchPlan
from cases.convolutions import Convolution
from cases.families.base import equal, refused, statement
from cases.invariants.base import NotSupported
from cases.layers import Layer, draw_weights, generator
from cases.layouts import prefixes
from cases.models import FunctionRequest
from cases.requests import Deviation, Observation
from cases.tolerance import compare, unit_roundoff

FEATURES, UNITS = 16, 24
RARE = 1e-9
"""How improbable an honest draw may be that is still called wrong."""
KIND = {"cell": ("lstm", "gru", "simple_rnn", "conv_lstm"), "direction": ("forward", "bidirectional"), "layers": (1, 2),
        "bias": (True, False), "reset_after": (True, False), "dtype": ("float32",)}
SENSELESS = ((("reset_after", "cell"), lambda reset_after, cell: not reset_after and cell != "gru"),
             (("reset_after", "bias"), lambda reset_after, bias: not reset_after and not bias))
OPTIONS = {"factors": KIND, "senseless": SENSELESS, "usual": {"layers": (1,)}, "strength": (1, 1, 3)}


def described(features: int = FEATURES, units: int = UNITS, **kind) -> Layer:
    """A layer wide enough for statistics; a convolutional one has one place, so that its units are its filters."""
    cell = kind.pop("cell")
    return Layer(cell, features, units, convolution=Convolution((1,), (2,)) if cell == "conv_lstm" else None, **kind)


def fresh(ask, layer: Layer, seed: int = 7, **options) -> Observation:
    """A fresh layer's weights, after the framework's own generator was given a seed. Arrays: `weights/NAME` in this project's
    names and layouts; facts: `initial`, whose documentation holds, `keras` or `pytorch`; `own`, (name, shape) of every weight
    in the framework's own order and words."""
    return ask(FunctionRequest("fresh_weights", (("layer", layer), ("seed", seed), ("options", dict(options)))))


def gates(layer: Layer, array: np.ndarray) -> Iterator[tuple[str, np.ndarray]]:
    """The block of every gate along the last axis."""
    for number, gate in enumerate(layer.gates):
        yield gate, array[..., number * layer.units : (number + 1) * layer.units]


def uniform(name: str, array: np.ndarray, bound: float) -> list[Deviation]:
    """Deviations of numbers that should be drawn evenly between -bound and bound."""
    edge = float(np.abs(array).max())
    if edge > bound * (1 + 4 * unit_roundoff("float32")):
        return [Deviation(name, f"{name}: {edge:.6g} is beyond the documented bound {bound:.6g}", edge, bound)]
    if (chance := chance_of(array, bound)) < RARE:
        words = f"{name}: not drawn evenly between ±{bound:.4g}: mean {array.mean():.3g}, largest {edge:.3g}, chance {chance:.1g}"
        return [Deviation(name, words)]
    return []


def chance_of(array: np.ndarray, bound: float) -> float:
    """How often numbers that are drawn evenly between -bound and bound are as far from it as these: Kolmogorov's test, by its
    asymptotic distribution, which for few numbers gives more."""
    found = (np.sort(array, axis=None) / bound + 1) / 2
    steps = np.arange(found.size + 1) / found.size
    return float(kolmogorov(np.sqrt(found.size) * max((steps[1:] - found).max(), (found - steps[:-1]).max())))


def orthogonal(name: str, array: np.ndarray) -> list[Deviation]:
    """Deviations of the rows, (..., gates * units), from being orthonormal, by the rounding of a QR decomposition (Higham 2002,
    theorem 19.4: of the order of the size times u)."""
    array = array.reshape(-1, array.shape[-1])
    allowed = 8 * max(array.shape) * unit_roundoff("float32")
    return compare(f"{name} times its transpose", array @ array.T, np.eye(array.shape[0]), allowed)


def glorot(shape: tuple[int, ...]) -> float:
    """The bound of a kernel (*window, inputs, outputs): sqrt(6 / (fan in + fan out)) (Glorot and Bengio 2010)."""
    return float(np.sqrt(6 / np.prod(shape[:-2]) / sum(shape[-2:])))


def expected_bias(layer: Layer, name: str) -> np.ndarray:
    """Keras: zeros, and ones for an LSTM's forget gate (unit_forget_bias; Jozefowicz et al. 2015)."""
    array = np.zeros(len(layer.gates) * layer.units)
    if "f" in layer.gates and name.endswith("/bias"):
        start = layer.gates.index("f") * layer.units
        array[start : start + layer.units] = 1.0
    return array


@statement("A fresh layer's weights are drawn as documented: bounds and evenness, orthogonal recurrent kernels, zero biases, "
           "ones in the forget gate's alone; also where they are computed with in another precision, and gate by gate.",
           **{**OPTIONS, "factors": {**KIND, "dtype": ("float32", "mixed_bfloat16")}, "strength": (1, 2, 3), "senseless": (
               *SENSELESS, (("dtype", "bias"), lambda dtype, bias: dtype != "float32" and not bias))},
           source="Keras: glorot_uniform, orthogonal, unit_forget_bias; PyTorch: U(-sqrt(k), sqrt(k)), k = 1/hidden_size")
def fresh_weights_are_as_documented(ask, **kind):
    layer = described(**kind)
    found = drawn_as_documented(fresh(ask, layer), layer)
    if layer.dtype == "float32" or layer.cell not in ("lstm", "gru"):
        return found
    one = layer.but(direction="forward")  # a configuration does not keep the option, which is a finding of its own
    return found + drawn_as_documented(fresh(ask, one, implementation=1), one)


def drawn_as_documented(seen: Observation, layer: Layer) -> list[Deviation]:
    """What is not as documented of a fresh layer's weights."""
    found, weights = [], seen.named("weights")
    for place in prefixes(layer):
        for name in ("kernel", "recurrent_kernel", *(("bias",) if layer.bias else ())):
            if f"weights/{place}/{name}" not in weights:
                found.append(Deviation("weights", f"{place}/{name}: nothing came back"))
    for full, array in weights.items():
        name = full.removeprefix("weights/")
        blocks = [f"{name}, gate {gate}" for gate, _ in gates(layer, array)]
        if seen.facts["initial"] == "pytorch":
            found += uniform(name, array, 1 / np.sqrt(layer.units))
        elif name.endswith("/kernel"):
            found += uniform(name, array, glorot(array.shape))
        elif name.endswith("recurrent_kernel"):
            found += orthogonal(name, array)
        else:
            found += equal(name, array, expected_bias(layer, name), "documented")
            continue
        parts = [block for _, block in gates(layer, array)]
        found += [Deviation(name, f"{blocks[j]} is drawn like {blocks[i]}") for j in range(len(parts)) for i in range(j)
                  if np.array_equal(parts[i], parts[j])]
    drawn = [(n, a) for n, a in weights.items() if seen.facts["initial"] == "pytorch" or n.endswith("kernel")]
    return found + [Deviation(n, f"{n} is drawn like {m}") for k, (n, a) in enumerate(drawn) for m, b in drawn[:k]
                    if np.array_equal(a, b)]


def documented(layer: Layer, convention: str, width: int = 0) -> list[tuple[str, tuple[int, ...]]]:
    """(name, shape) of every weight, in order: the table of `cases.layouts` in the framework's own words. `width`: of a
    projection of the outputs, where there is one."""
    wide, found = len(layer.gates) * layer.units, []
    for place in prefixes(layer):
        index, direction = place.split("/")
        reads = layer.input_width(int(index))
        if convention == "keras":
            found += [("kernel", (*layer.window, reads, wide)), ("recurrent_kernel", (*layer.window, layer.units, wide))]
            if layer.bias:
                found.append(("bias", (2, wide) if layer.cell == "gru" and layer.reset_after else (wide,)))
            continue
        suffix = f"_l{index}" + ("_reverse" if direction == "backward" else "")
        if width and int(index):
            reads = width * len(layer.directions)
        found += [(f"weight_ih{suffix}", (wide, reads)), (f"weight_hh{suffix}", (wide, width or layer.units))]
        if layer.bias:
            found += [(f"bias_ih{suffix}", (wide,)), (f"bias_hh{suffix}", (wide,))]
        if width:
            found.append((f"weight_hr{suffix}", (width, layer.units)))
    return found


@statement("A layer's weights have the documented names, shapes and order.", **OPTIONS,
           source="Keras: get_weights(); PyTorch: state_dict()")
def weights_are_named_as_documented(ask, **kind):
    layer = described(**kind)
    facts = fresh(ask, layer).facts
    seen = [(name, tuple(shape)) for name, shape in facts["own"]]
    due = documented(layer, facts["initial"])
    return [] if seen == due else [Deviation("weights", f"found {seen}, expected {due}")]


WIDTH = 7


@statement("Every parameter of a fresh stack, cell or projected stack has its documented name and shape, is drawn evenly between "
           "the documented bounds, and like no other.",
           {"form": ("projected", "cell", "stack"), "cell": ("lstm", "gru", "simple_rnn"), "layers": (2, 1),
            "direction": ("bidirectional", "forward"), "bias": (True, False)}, strength=(1, 2, 3),
           senseless=((("form", "cell"), lambda form, cell: form == "projected" and cell != "lstm"),
                      (("form", "layers"), lambda form, layers: form == "cell" and layers > 1),
                      (("form", "direction"), lambda form, direction: form == "cell" and direction != "forward")),
           source="PyTorch: U(-sqrt(k), sqrt(k)), k = 1/hidden_size, of nn.LSTM(proj_size) and nn.LSTMCell too")
def fresh_parameters_are_as_documented(ask, form, **kind):
    layer, width = described(**kind), WIDTH if form == "projected" else 0
    seen = ask(FunctionRequest("fresh_parameters", (("layer", layer), ("form", form), ("width", width), ("seed", 7))))
    due = [(name.removesuffix("_l0") if form == "cell" else name, shape) for name, shape in documented(layer, "pytorch", width)]
    own = [(name, array.shape) for name, array in seen.arrays.items()]
    found = [] if own == due else [Deviation("parameters", f"found {own}, expected {due}")]
    if not seen.facts.get("listed", True):
        found.append(Deviation("all_weights", "all_weights: not the parameters, layer by layer and direction by direction"))
    for number, (name, array) in enumerate(seen.arrays.items()):
        found += uniform(name, array, 1 / np.sqrt(layer.units))
        found += [Deviation(name, f"{name} is drawn like {other}") for other, one in list(seen.arrays.items())[:number]
                  if np.array_equal(one, array)]
    return found


@statement("From one seed a layer's weights are drawn alike, from another otherwise.", **{**OPTIONS, "strength": (1, 1, 2)},
           source="keras.utils.set_random_seed, torch.manual_seed")
def seeds_decide_the_weights(ask, **kind):
    layer = described(**kind)
    first, again, other = (fresh(ask, layer, seed, call=call) for seed, call in ((7, 1), (7, 2), (8, 1)))
    found = [d for n, a in first.named("weights").items() for d in equal(n, again[n], a, "drawn again from the same seed")]
    return found + [Deviation(n, f"{n}: the same from another seed") for n, a in first.named("weights").items()
                    if n.endswith("kernel") and np.array_equal(a, other[n])]


FILLED = {"kernel_initializer": 0.25, "recurrent_initializer": 0.5, "bias_initializer": (0.625, 0.875)}
"""A number, or between which bounds numbers are drawn."""


@statement("Each initializer fills its own weight, and no other, a bias of every gate by numbers of its own; with "
           "unit_forget_bias the forget gate's bias is one.",
           {"cell": KIND["cell"], "direction": ("forward", "bidirectional"), "reset_after": (True, False),
            "unit_forget_bias": (False, True)}, strength=(1, 2, 3),
           senseless=(SENSELESS[0], (("unit_forget_bias", "cell"), lambda ones, cell: ones and "lstm" not in cell)))
def initializers_fill_their_weights(ask, unit_forget_bias, **kind):
    layer = described(**kind)
    if unit_forget_bias and layer.convolution:  # which is not padded here
        layer = layer.but(convolution=Convolution((2,), (2,), padding="valid"))
    more = {"unit_forget_bias": unit_forget_bias} if "f" in layer.gates else {}
    seen, found = fresh(ask, layer, **FILLED, **more), []
    for name, array in seen.named("weights").items():
        word = {"kernel": "kernel", "recurrent_kernel": "recurrent"}.get(name.rsplit("/", 1)[1], "bias")
        if word != "bias":
            found += equal(name, array, np.full(array.shape, FILLED[f"{word}_initializer"]))
            continue
        blocks, (low, high) = dict(gates(layer, array)), FILLED["bias_initializer"]
        if unit_forget_bias:  # and what comes before the forget gate is drawn apart, from the same seed as what comes behind it
            found += equal(name, blocks.pop("f"), np.ones(layer.units), "forget gate")
        together = np.concatenate(list(blocks.values())[1 if unit_forget_bias else 0:])
        if not ((array[array != 1.0] >= low) & (array[array != 1.0] <= high)).all():
            found.append(Deviation(name, f"{name}: {array.min():.6g} to {array.max():.6g}, to be drawn from {low} to {high}"))
        if np.unique(together).size < 0.9 * together.size:
            found.append(Deviation(name, f"{name}: {np.unique(together).size} different numbers among {together.size} drawn"))
    return found


@statement("Weights that are set are the weights that are read back, each in its place.", **OPTIONS,
           source="Keras: set_weights, get_weights; PyTorch: load_state_dict, state_dict")
def weights_are_read_back(ask, **kind):
    layer = described(3, 5, **kind)
    weights = draw_weights(layer)
    seen = ask(FunctionRequest("read_back", (("layer", layer), ("weights", weights))))
    found = []
    for name, array in weights.items():
        if name.endswith("/recurrent_bias") and f"weights/{name}" not in seen.arrays:
            continue
        merged = name.endswith("/bias") and f"weights/{name.replace('/bias', '/recurrent_bias')}" not in seen.arrays
        due = array + weights[name.replace("/bias", "/recurrent_bias")] if merged else array
        found += equal(name, seen.arrays.get(f"weights/{name}", np.zeros(0)), due)
    return found


RATE, PUNISHED = 0.5, {"kernel": 0.125, "recurrent": 0.25, "bias": 0.5}
"""The step of training; the factor of each weight's L2 regularizer."""


def stepped(ask, cell: str, mask: str) -> Observation:
    """One step of SGD, mean squared error, through two layers. The first is frozen. Where layers have such options, the second
    has another L2 regularizer on each weight, a kernel that must not be negative, a recurrent kernel whose columns have at most
    norm 1/2, and a bias that must not be negative; else the fact `bounded` says why not.

    Arrays: `before/LAYER/NAME`, `after/LAYER/NAME`, `loss` of the step, `error` before it, `losses`, those of the regularizers.
    """
    first, second = Layer(cell, 3, 4), Layer(cell, 4, 4)
    batch = BatchPlan(4, 5, mask).draw(first)
    targets = np.sign(batch.cotangents["outputs"] + 0.0) * 2.0
    arguments = {"layers": (first, second), "weights": tuple(draw_weights(one, seed) for seed, one in enumerate((first, second))),
                 "batch": batch, "targets": targets, "rate": RATE, "punished": PUNISHED}
    return ask(FunctionRequest("step", tuple(arguments.items())))


STEP = {"cell": ("lstm", "gru", "simple_rnn"), "mask": ("none", "right")}


@statement("A frozen layer keeps its weights, bit for bit, and every weight of the other one moves.", STEP,
           usual={"cell": ("lstm",)}, sparing=1, source="Keras: trainable=False; PyTorch: requires_grad_(False)")
def frozen_weights_stay(ask, cell, mask):
    seen = stepped(ask, cell, mask)
    before, after = seen.named("before"), seen.named("after")
    found = [d for n in before if n.startswith("before/0") for d in equal(n, after[f"after{n[6:]}"], before[n], "frozen")]
    found += [Deviation(n, f"{n}: not moved by a step") for n in before
              if n.startswith("before/1") and np.array_equal(after[f"after{n[6:]}"], before[n])]
    return found or ([] if before else [Deviation("weights", "no weights came back")])


@statement("Regularizers and constraints act each on its own weight: the losses are the sums of squares, and after a step the "
           "weights are where they must be.", STEP, usual={"mask": ("right",)}, sparing=1,
           source="Keras: kernel_regularizer, kernel_constraint and the like")
def regularizers_and_constraints_act(ask, cell, mask):
    seen = stepped(ask, cell, mask)
    if "bounded" in seen.facts:
        raise NotSupported(seen.facts["bounded"])
    before = {n.rsplit("/", 1)[1]: a for n, a in seen.named("before/1").items()}
    after = {n.rsplit("/", 1)[1]: a for n, a in seen.named("after/1").items()}
    weights = (before["kernel"], before["recurrent_kernel"], before["bias"])
    due = np.array([factor * np.sum(one**2) for factor, one in zip(PUNISHED.values(), weights, strict=True)])
    slack = 64 * unit_roundoff("float32")
    found = compare("losses", np.sort(seen["losses"]), np.sort(due), slack * due.max())
    total = float(seen["error"]) + due.sum()
    found += compare("loss", seen["loss"], np.array(total), slack * total)
    norms = np.sqrt(np.sum(after["recurrent_kernel"] ** 2, axis=0))
    for name, low in (("kernel", after["kernel"].min()), ("bias", after["bias"].min()), ("recurrent_kernel", 0.5 - norms.max())):
        if not low >= -slack:
            found.append(Deviation(name, f"{name}: beyond its constraint by {-low:.3g} after a step", float(-low), slack))
    if not (after["recurrent_kernel"] < 0).any():
        found.append(Deviation("recurrent_kernel", "recurrent_kernel: a constraint of another weight was put on it"))
    return found


@statement("Weights that a layer is given when it is made are its weights, and are trained as others are.",
           {"layer": ("Bidirectional", "Embedding")}, sparing=2,
           source="Keras: Bidirectional(weights), Embedding(weights)")
def weights_given_in_making_are_used(ask, layer):
    seen = ask(FunctionRequest("made_with_weights", (("layer", layer), ("units", 4))))
    given = seen.named("given")
    found = equal("trained", seen["trained"], np.array(len(given)))
    found += [d for n in sorted(given) for d in equal(n, seen[n.replace("given", "found", 1)], seen[n])]
    return found if given else [Deviation("weights", "no weight was looked at")]


WRONG_TABLES = {"longer": (5, 3), "shorter": (2, 3), "narrower": (4, 2), "turned": (3, 4), "one_row": (1, 3), "flat": (12,),
                "two": (2, 4, 3)}
"""Sizes of tables that are none of 4 vectors of 3; two of them in a list."""


@statement("A table of other sizes than those of its embedding is refused when the embedding is made with it.",
           {"which": tuple(WRONG_TABLES)}, strength=(1, 1, 1), source="Keras: Embedding(weights)")
def tables_of_other_sizes_are_refused(ask, which) -> list[Deviation]:
    table = generator("wrong tables").normal(size=WRONG_TABLES[which])
    arguments = {"sizes": (4, 3), "weights": list(table) if which == "two" else table}
    return refused(ask, FunctionRequest("wrong_table", tuple(arguments.items())), lambda seen: Deviation(
        "table", f"a table of {WRONG_TABLES[which]} is taken for one of (4, 3)"))
