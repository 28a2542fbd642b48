"""Containers of layers that are changed as lists are: what they hold then, and what that computes. What is saved of a module, and
what loading says of names that do not fit. Modules that wait for their first inputs."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from cases.batches import BatchPlan, draw_values
from cases.families.base import equal, statement
from cases.layers import Layer, draw_weights, generator
from cases.models import FunctionRequest
from cases.requests import Deviation, Request
from cases.tolerance import compare, expect, unit_roundoff

FIRST, ALL = 3, 5
"""Of five layers a container is made of the first three; what it is given afterwards are the fourth and the fifth."""
CHANGES: Mapping[str, Callable[[list], list]] = {
    "appended": lambda held: [*held, 3],
    "extended": lambda held: [*held, 3, 4],
    "inserted": lambda held: [3, *held],
    "inserted_before_last": lambda held: [*held[:-1], 3, held[-1]],
    "inserted_at_end": lambda held: [*held, 3],
    "inserted_beyond": lambda held: [*held, 3],
    "deleted": lambda held: held[1:],
    "deleted_last": lambda held: held[:-1],
    "deleted_some": lambda held: held[:1],
    "popped": lambda held: [held[0], *held[2:]],
    "replaced": lambda held: [held[0], 3, *held[2:]],
    "replaced_last": lambda held: [*held[:-1], 3],
    "joined": lambda held: [*held, 3, 4],
    "joined_in_place": lambda held: [*held, 3, 4],
    "doubled": lambda held: [*held, *held],
    "cut": lambda held: held[1:],
    "cut_from_its_end": lambda held: held[-2:],
    "turned": lambda held: held[::-1],
    "cut_then_appended": lambda held: [*held[1:], 3],
    "cut_then_joined": lambda held: [*held[1:], 3, 4],
}
"""What becomes of a container -> what a list of the same numbers then holds."""
NONE_HERE = (("doubled", "list"), ("inserted_beyond", "sequence"))
"""What one of the containers has not, or refuses."""
CELLS = ("gru", "lstm", "simple_rnn")


@statement("A container of layers that is changed as a list holds what the list would, in that order, lists each weight once, "
           "and computes these layers one after the other.",
           {"change": tuple(CHANGES), "container": ("sequence", "list"), "called": (True, False), "cell": CELLS},
           usual={"cell": ("gru",)}, strength=(1, 2, 2), sparing=0,
           senseless=((("change", "container"), lambda change, container: (change, container) in NONE_HERE),
                      (("called", "container"), lambda called, container: called and container == "list")),
           source="PyTorch: nn.Sequential, nn.ModuleList; Keras: Sequential.add, Sequential.pop")
def containers_are_lists(ask, change, container, called, cell) -> list[Deviation]:
    one = Layer(cell, 3, 3)
    weights = [draw_weights(one, seed) for seed in range(ALL)]
    due = CHANGES[change](list(range(FIRST)))
    stack = Layer(cell, 3, 3, len(due))
    batch = BatchPlan(2, 4).draw(stack).but(cotangents=None)
    given = {f"{place}/{name.partition('/')[2]}": array for place, number in enumerate(due)
             for name, array in weights[number].items()}
    seen = ask(FunctionRequest("contained", (
        ("layer", one), ("weights", tuple(weights)), ("batch", batch), ("change", change), ("container", container),
        ("called", called))))
    found = []
    if tuple(seen.facts["held"]) != tuple(due):
        found.append(Deviation("held", f"layers {list(seen.facts['held'])}, expected {due}"))
    listed = len(set(due)) * seen.facts["each"]
    if seen.facts["listed"] != listed or not listed:
        found.append(Deviation("listed", f"{seen.facts['listed']} weights are listed, expected {listed}"))
    wanted = expect(Request(stack, given, batch, wants=("outputs",)))["outputs"]
    return found + compare("outputs", seen["outputs"], wanted.value, wanted.allowed)


PARTS = ("none", "weight", "layer")


@statement("Where names need not fit, loading tells which weights got nothing and which names nobody has, gives the rest their "
           "weights, in the dtype of the module, or in their own where they are assigned, leaves the others what they were, and "
           "what is frozen frozen.",
           {"missing": PARTS, "unknown": PARTS, "way": ("copied", "assigned", "doubles", "assigned_doubles"),
            "frozen": (False, True)},
           strength=(1, 2, 3), sparing=0, source="PyTorch: Module.load_state_dict(strict=False)")
def loading_tells_what_did_not_fit(ask, missing, unknown, way, frozen) -> list[Deviation]:
    layer = Layer("gru", 3, 3)
    seen = ask(FunctionRequest("loaded_in_part", (
        ("layer", layer), ("weights", draw_weights(layer)), ("others", draw_weights(layer, 1)), ("missing", missing),
        ("unknown", unknown), ("way", way), ("frozen", frozen))))
    found = [Deviation(name, f"{name}: {told}, expected {due}")
             for name in ("missing", "unknown", "asked", "heard_of", "trained", "dtypes")
             for told, due in [(seen.facts[name], seen.facts[f"due_{name}"])] if told != due]
    names = seen.named("after")
    found += [] if names else [Deviation("after", "nothing came")]
    for name in names:
        own = name.partition("/")[2]
        source = "before" if own in seen.facts["due_missing"] else "given"
        found += equal(name, seen[name], seen[f"{source}/{own}"], f"of what was {source}")
    return found


@statement("What is to be saved of a module is each of its parameters, and each buffer that is to be kept, under its name, cut "
           "off from what computed it unless that is asked for; cast, whole numbers stay whole; who asks to hear of it does, "
           "before and after; and a prefix is taken off again.",
           {"way": ("plain", "under_a_prefix", "with_history", "into_another"),
            "cast": ("none", "double", "half", "bfloat16", "to", "like_another")},
           strength=(1, 2, 2), sparing=0, source="PyTorch: Module.state_dict, register_buffer(persistent=False), Module.to")
def states_hold_what_is_to_be_kept(ask, way, cast) -> list[Deviation]:
    layer = Layer("gru", 3, 3)
    seen = ask(FunctionRequest("kept_states", (("layer", layer), ("weights", draw_weights(layer)), ("way", way), ("cast", cast))))
    before = "first." if way == "under_a_prefix" else ""
    names = sorted(before + name for name in (*seen.facts["parameters"], "count", "scale", "share"))
    found = [] if sorted(seen.facts["names"]) == names else [
        Deviation("names", f"{sorted(seen.facts['names'])}, expected {names}")]
    heard = (("before", before, way == "with_history"), ("after", before, True))
    found += [] if tuple(seen.facts["heard"]) == heard else [Deviation("heard", f"{seen.facts['heard']}, expected {heard}")]
    if tuple(seen.facts["bare"]) != tuple(seen.facts["due_bare"]):
        found.append(Deviation("prefix", f"{seen.facts['bare']}, expected {seen.facts['due_bare']}"))
    found += [] if len(names) > 5 else [Deviation("parameters", f"only {names}")]
    history = sorted(before + n for n in seen.facts["parameters"]) if way == "with_history" else []
    if sorted(seen.facts["with_history"]) != history:
        found.append(Deviation("history", f"{sorted(seen.facts['with_history'])} have one, expected {history}"))
    kind = {"none": "float32", "half": "float16", "bfloat16": "bfloat16"}.get(cast, "float64")
    for name, told in seen.facts["dtypes"]:
        due = "int64" if name.endswith("count") else kind
        if told != due:
            found.append(Deviation("dtypes", f"{name}: {told}, expected {due}"))
    return found + equal("count", seen["count"], np.array(2**40 + 1))


WRITTEN = ("ModuleList(", "  (0-1): 2 x GRU(2, 2)", "  (2): Sequential(", "    (0): Tanh()", "  )", ")")
"""A list of two layers that are alike, and a sequence of one."""


@statement("A module tells its parts once each, itself first, by the first of their names; what is applied reaches all of them, "
           "parts before what they are parts of; without what is below it tells its own alone; it gives and takes "
           "each part by its name, and refuses names of nothing; and all of them are in training, or none.",
           {"shared": (False, True)}, strength=(1, 1, 1), sparing=0,
           source="PyTorch: Module.named_modules, named_parameters, apply, get_submodule")
def modules_tell_their_parts(ask, shared) -> list[Deviation]:
    told = ask(FunctionRequest("told_parts", (("shared", shared),))).facts
    lower = ["left", "left.inner"] + ([] if shared else ["right"])
    kinds = {"modules": ["", *lower], "applied": [n for n in ("left.inner", "left", "right") if n in lower] + [""],
             "children": ["left", "right"], "own": ["scale", "shift"], "own_buffers": ["count"],
             "by_name": ["left", "left.inner", "right", "scale", "left.inner.bias_hh_l0", "count", "put in place"],
             "refused": ["module", "parameter", "buffer"], "in_training": [0, 0, 0],
             "written": list(WRITTEN)}
    return [Deviation(name, f"{name}: {list(told[name])}, expected {due}") for name, due in kinds.items()
            if list(told[name]) != due]


WIDTH, UNITS, SMALL = 3, 2, 0.125
"""Of the inputs, and of what is made of them; what is added to variances."""
KINDS = {"linear": "Linear", "convolution": "Conv1d", "batch": "BatchNorm1d", "instance": "InstanceNorm1d"}
"""What waits for the width of its first inputs -> what it is then."""


def of_that_width(kind: str, x: np.ndarray, weights: Mapping[str, np.ndarray]) -> np.ndarray:
    """What a module of this kind gives for x (rows, steps, features) in training: (rows, steps, units or features)."""
    if kind == "linear":
        return x @ weights["kernel"][0] + weights["bias"]
    if kind == "convolution":
        reach = len(weights["kernel"])
        return sum(x[:, k:x.shape[1] - reach + 1 + k] @ weights["kernel"][k] for k in range(reach)) + weights["bias"]
    over = {"batch": (0, 1), "instance": 1}[kind]
    spread = np.sqrt(x.var(over, keepdims=True) + SMALL)
    return (x - x.mean(over, keepdims=True)) / spread * weights["scale"] + weights["shift"]


@statement("A module that waits for its first inputs has their width from then on, and is what does not wait, wherever its "
           "weights come from: with them it computes its equation, in their dtype, also when it was copied before, and when it "
           "is called by name.", {"kind": tuple(KINDS), "way": ("called", "by_name", "loaded", "copied", "pickled", "cast")},
           strength=(1, 2, 2), sparing=0, senseless=((("kind", "way"), lambda kind, way: kind in ("convolution", "instance")
                                                      and way not in ("by_name", "loaded")),),
           source="PyTorch: nn.LazyLinear, LazyConv1d, LazyBatchNorm1d, LazyInstanceNorm1d")
def waiting_modules_take_the_width(ask, kind, way) -> list[Deviation]:
    """Arrays: `outputs` with the weights given; facts: `kind`, `width`, `waiting` (names of parameters), `dtype`."""
    random = generator("waiting modules", kind)
    inputs = draw_values(random, (4, 5, WIDTH))
    weights = {name: draw_values(random, shape) for name, shape in (
        ("kernel", (2, WIDTH, UNITS)), ("bias", (UNITS,)), ("scale", (WIDTH,)), ("shift", (WIDTH,)))}
    seen = ask(FunctionRequest("waiting", (
        ("kind", kind), ("way", way), ("inputs", inputs), ("weights", weights), ("units", UNITS), ("small", SMALL))))
    facts = {"kind": KINDS[kind], "width": WIDTH, "waiting": (), "dtype": "float64" if way == "cast" else "float32"}
    due = of_that_width(kind, inputs, weights)
    return [Deviation(name, f"{name}: {seen.facts[name]}, expected {told}") for name, told in facts.items()
            if seen.facts[name] != told] + compare(
                "outputs", seen["outputs"], due, 64 * unit_roundoff("float32") * (1 + np.abs(due)))
