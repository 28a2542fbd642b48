"""What is around a recurrent layer in a framework's modules: hooks, weights that do not fit, layers that stand in a model twice,
gradients that are kept, weights that are computed."""

from __future__ import annotations

import re

import numpy as np

from cases.batches import Batch, BatchPlan
from cases.families.base import equal, refused, statement
from cases.invariants.base import against_reference
from cases.layers import Layer, draw_weights
from cases.models import FunctionRequest
from cases.requests import Deviation, Observation, Request
from cases.tolerance import compare, expect, unit_roundoff

PART = 0.5
"""By what hooks multiply."""
HOOKS = ("pre", "pre_with_keywords", "forward", "forward_with_keywords", "backward_pre", "backward", "removed", "failing",
         "pre_of_all", "forward_of_all")
"""What a hook multiplies by `PART`:

pre, pre_with_keywords          the inputs, before the call; the states, which are given by their keyword
forward, forward_with_keywords  the outputs, after it
backward_pre, backward          the gradient by the outputs, before it goes through the layer; that by the inputs, after it
removed                         all of these, but each was taken away again
failing                         nothing; it is called though the layer failed, and the layer is called again
pre_of_all, forward_of_all      as pre and forward_with_keywords, but of every module that there is, of which it chooses this one
"""
ORDER = ("the one put before it", "the hook")
"""In which order two hooks are called, of which the second was put before the first."""
CELLS = ("lstm", "gru", "simple_rnn")
MASKS = ("right", "none")
TORCH = "PyTorch: torch.nn.Module"


def asked(cell: str, mask: str, **options) -> Request:
    """A layer, all that can be wanted of it."""
    layer = Layer(cell, 3, 5, **options)
    batch = BatchPlan(4, 6, mask, True).draw(layer)
    return Request(layer, draw_weights(layer), batch, wants=("outputs", "states", "gradients"))


def changed(batch: Batch, hook: str) -> Batch:
    """The batch that gives without a hook what comes with it."""
    if hook in ("pre", "pre_of_all"):
        return batch.but(inputs=batch.inputs * PART)
    if hook == "pre_with_keywords":
        return batch.but(initial_states={n: a * PART for n, a in batch.initial_states.items()})
    if hook.startswith(("forward", "backward_pre")):
        return batch.but(cotangents={n: a * (PART if n == "outputs" else 1.0) for n, a in batch.cotangents.items()})
    return batch


@statement("A hook changes what it says, and nothing else, after one that was put before it; one that was taken away changes "
           "nothing.",
           {"hook": HOOKS, "cell": CELLS, "mask": MASKS}, strength=(1, 2, 2), sparing=0, source=TORCH)
def hooks_change_what_they_say(ask, hook, cell, mask):
    request = asked(cell, mask)
    seen = ask(FunctionRequest("hooked", (("request", request), ("hook", hook), ("part", PART))))
    due = request.but(batch=changed(request.batch, hook))
    arrays = dict(seen.arrays)
    scaled = ("gradients/inputs",) if hook in ("pre", "pre_of_all", "backward") else ()
    if hook == "pre_with_keywords":
        scaled = tuple(name for name in arrays if name.startswith("gradients/states/"))
    if hook.startswith("forward"):
        scaled = ("outputs",)
    for name in scaled:
        arrays[name] = arrays[name] / PART
    found = against_reference(Observation(arrays, facts=seen.facts), due, "outputs", "states", "gradients")
    calls = 2 if hook == "failing" else 0 if hook == "removed" else 1
    if seen.facts["calls"] != calls:
        found.append(Deviation("calls", f"the hook was called {seen.facts['calls']} times, expected {calls}"))
    if hook in ("pre", "forward", "backward", "backward_pre") and tuple(seen.facts["order"]) != ORDER:
        found.append(Deviation("order", f"called in the order {seen.facts['order']}, expected {ORDER}"))
    return found


WRONG = ("wider", "wider_not_strict", "missing", "unknown", "unknown_layer", "another_layer", "fewer_axes", "more_axes")
"""What is wrong with weights that are loaded: all of another width; that too, where names need not be the same; a name too few;
one too many; one too many, of a layer that there is not; those of a layer of another kind; the first one without its last axis,
or with another one of one."""


@statement("Weights that are not those of the layers are refused when they are loaded.", {"wrong": WRONG, "cell": CELLS},
           strength=(1, 2, 2), sparing=8, source=f"{TORCH}.load_state_dict; Keras: Layer.set_weights")
def wrong_weights_are_refused(ask, wrong, cell):
    layer = Layer(cell, 3, 5)
    other = layer.but(units=7) if wrong.startswith("wider") else Layer("gru" if cell == "lstm" else "lstm", 3, 5)
    given = {"layer": layer, "weights": draw_weights(layer), "other": other, "others": draw_weights(other), "wrong": wrong}
    return refused(ask, FunctionRequest("wrong_weights", tuple(given.items())),
                   lambda seen: Deviation("error", f"weights that do not fit ({wrong}): taken in silence"))


@statement("A layer that stands in a model twice has one set of weights: they are listed once, their gradients are those of both "
           "places, and others that are given with a call are used in both.",
           {"way": ("listed", "called_with", "listed_tied", "called_with_tied"), "cell": CELLS, "mask": MASKS},
           strength=(1, 2, 2), sparing=0,
           source=f"{TORCH}.named_parameters, torch.func.functional_call")
def layers_that_stand_twice(ask, way, cell, mask):
    one, both = Layer(cell, 4, 4), Layer(cell, 4, 4, 2)
    weights = draw_weights(one)
    batch = BatchPlan(4, 6, mask).draw(both)
    batch = batch.but(cotangents={"outputs": batch.cotangents["outputs"]})
    seen = ask(FunctionRequest("twice", (("layer", one), ("weights", weights), ("others", draw_weights(one, 1)), ("batch", batch),
                                         ("way", way))))
    upper = {f"1{name[1:]}": array for name, array in weights.items()}
    request = Request(both, {**weights, **upper}, batch, wants=("outputs", "gradients"))
    due = expect(request)
    valid = batch.valid[:, :, None]
    found = compare("outputs", seen["outputs"] * valid, due["outputs"].value * valid, due["outputs"].allowed)
    for name in weights:
        first, second = (due[f"gradients/weights/{name.replace('0/', f'{place}/', 1)}"] for place in (0, 1))
        found += compare(name, seen[f"gradients/weights/{name}"], first.value + second.value, first.allowed + second.allowed)
    if seen.facts["listed"] != seen.facts["held"]:
        found.append(Deviation("weights", f"{seen.facts['listed']} weights are listed, expected {seen.facts['held']}"))
    return found


@statement("Layers above each other that are computed again backward, some segments of them, give the outputs and gradients of "
           "the stack, however many layers a segment has, and what is dropped between them is the same again.",
           {"segments": (2, 1, 3), "cell": CELLS}, strength=(1, 1, 2), sparing=0,
           source="PyTorch: torch.utils.checkpoint.checkpoint_sequential")
def segments_are_the_stack(ask, segments, cell):
    layer = Layer(cell, 3, 3, 7)
    batch = BatchPlan(4, 6, "none").draw(layer)
    batch = batch.but(cotangents={"outputs": batch.cotangents["outputs"]})
    request = Request(layer, draw_weights(layer), batch, wants=("outputs", "gradients"))
    seen = ask(FunctionRequest("segments", (("request", request), ("segments", segments))))
    found = against_reference(seen, request, "outputs", "gradients/inputs", "gradients/weights")
    size = 64 * unit_roundoff("float32") * np.abs(seen["plainly"]).max()
    return found + compare("dropped", seen["dropped"], seen["plainly"].astype("float64"), size)


FROZEN = {"partly_frozen": r"recurrent_(kernel|bias)", "others_frozen": "/(kernel|bias)", "biases_frozen": "bias",
          "lower_frozen": "^0/", "upper_frozen": "^1/"}
"""Which weights are frozen from the beginning, and have no gradients: where this stands in their names."""


def frozen(way: str, name: str) -> bool:
    """Whether a weight is frozen from the beginning."""
    return way in FROZEN and re.search(FROZEN[way], name) is not None


KEPT = {"cast": 1.0, "cast_back": 1.0, "added": 2.0, "zeroed": 0.0, "zeroed_by_optimizer": 0.0, "frozen": 1.0, "shared": 1.0,
        **dict.fromkeys(FROZEN, 1.0)}
"""What becomes of gradients, and what factor they then have: the module's weights change their dtype, once or twice; a second
backward pass; they are set to zero, by the module or by the optimizer, which has weights of other dtypes
too, half of the weights being frozen meanwhile; the module is
frozen after the first of two passes; one recurrent matrix stands in both directions, and has the gradients of both; some weights
are frozen."""
SHARED = ("0/forward/recurrent_kernel", "0/backward/recurrent_kernel")


@statement("Gradients that a module keeps are in its weights' dtype, add up over passes, go along where the dtype is changed, "
           "and are zero where that is asked for, or none; what the last pass gives is the layer's, also of a module that is "
           "frozen, or some of its weights, or in which one weight stands twice.",
           {"way": tuple(KEPT), "cell": CELLS, "mask": MASKS},
           strength=(1, 2, 2), sparing=0, source=f"{TORCH}.to, zero_grad, requires_grad_", senseless=(
               (("way", "cell"), lambda way, cell: cell == "simple_rnn" and way.startswith(("cast", "added", "zeroed"))),))
def gradients_are_kept(ask, way, cell, mask):
    more = {"direction": "bidirectional"} if way == "shared" else {}
    request = asked(cell, mask, **more, layers=2 if way in ("lower_frozen", "upper_frozen") else 1)
    if way == "shared":
        request = request.but(weights={**request.weights, SHARED[1]: request.weights[SHARED[0]]})
    seen = ask(FunctionRequest("kept_gradients", (("request", request), ("way", way))))
    due = {n.removeprefix("gradients/weights/"): e for n, e in expect(request).items() if n.startswith("gradients/weights/")}
    values = {n: e.value * KEPT[way] * (not frozen(way, n)) for n, e in due.items()}
    if way == "shared":
        values |= dict.fromkeys(SHARED, values[SHARED[0]] + values[SHARED[1]])
    found = [d for n, e in due.items() for d in compare(n, seen[f"gradients/weights/{n}"], values[n], 2 * e.allowed)]
    found += against_reference(seen, request, "outputs", "states", "gradients/inputs", "gradients/states")
    return found + [Deviation("dtypes", f"{name}: {told}") for name, told in seen.facts["wrong"]]


COMPUTED = ("half", "normed", "normed_by_hook", "spectral", "spectral_by_hook", "orthogonal", "pruned")
"""How a layer's matrices are computed from other parameters: half of them; length times direction, in both ways that PyTorch has;
divided by the largest singular value, in both ways; orthogonal; times a mask."""


@statement("Weights that are computed from others are those of the others, in training and in inference: what is set is used by "
           "the next call, and calls in inference change nothing and repeat bit for bit.",
           {"way": COMPUTED, "cell": CELLS, "layers": (1, 2)}, strength=(1, 1, 2), sparing=0,
           source="PyTorch: torch.nn.utils.parametrize, parametrizations, weight_norm, prune")
def computed_weights_rest_in_inference(ask, way, cell, layers):
    layer = Layer(cell, 4, 5, layers)
    batch = BatchPlan(4, 6, "none").draw(layer)
    given = {"layer": layer, "weights": draw_weights(layer), "batch": batch, "way": way}
    seen = ask(FunctionRequest("computed_weights", tuple(given.items())))
    found = equal("outputs", seen["again/outputs"], seen["first/outputs"], "the same call again, in inference")
    before, after = seen.named("before"), seen.named("after")
    if not before or len(before) != len(after):
        found.append(Deviation("parameters", f"{len(before)} are known before calls in inference, {len(after)} after"))
    found += [d for n in before for d in equal(n, after[f"after{n[6:]}"], before[n], "before and after calls in inference")]
    if np.array_equal(seen["moved/outputs"], seen["first/outputs"]):
        found.append(Deviation("outputs", "outputs: the same in inference after what weights are computed from was changed"))
    slack = 1e-5 * np.abs(seen["trained/outputs"]).max()
    if not way.startswith("spectral"):  # which goes on with its estimate in training
        found += compare("outputs in inference", seen["moved/outputs"], seen["trained/outputs"], slack)
    return found


@statement("A layer whose weights are kept in half precision (dynamic quantization to float16) gives the outputs and states of "
           "the equations with those weights.",
           {"cell": ("gru", "lstm"), "mask": MASKS, "states": (True, False), "direction": ("bidirectional", "forward"),
            "layers": (3, 1), "batch_first": (True, False)}, strength=(1, 2, 3), sparing=0,
           source="PyTorch: torch.ao.quantization.quantize_dynamic")
def weights_in_half_precision(ask, cell, mask, states, direction, layers, batch_first):
    layer = Layer(cell, 3, 5, layers, direction)
    weights = {name: array.astype("float16").astype("float64") for name, array in draw_weights(layer).items()}
    request = Request(layer, weights, BatchPlan(4, 6, mask, states).draw(layer), wants=("outputs", "states"))
    seen = ask(FunctionRequest("halved", (("request", request), ("batch_first", batch_first))))
    return against_reference(seen, request, "outputs", "states")
