"""PyTorch's containers of modules, changed; what is saved of a module and loaded in part; the parts that a module tells;
modules that wait for their first inputs."""

from __future__ import annotations

import copy
import pickle
import warnings
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn.modules.utils import consume_prefix_in_state_dict_if_present

from cases.families.containers import FIRST
from cases.models import FunctionRequest
from cases.requests import Observation
from suite.backends import moment
from suite.backends.pytorch_layers import to_numpy
from suite.backends.pytorch_modules import First


def changed(container: Any, more: list[nn.Module], change: str) -> Any:
    """The container after a change of `cases.families.containers.CHANGES`."""
    kind, begun = type(container), change.partition("_then_")
    if begun[1]:
        return changed(container[1:], more, {"joined": "joined_in_place"}.get(begun[2], begun[2]))
    if change == "appended":
        return container.append(more[0])
    if change == "extended":
        return container.extend(more)
    if change.startswith("inserted"):
        places = {"inserted": 0, "inserted_before_last": -1, "inserted_at_end": FIRST, "inserted_beyond": 9}
        container.insert(places[change], more[0])
    elif change.startswith("deleted"):
        del container[{"deleted": 0, "deleted_last": -1, "deleted_some": slice(1, None)}[change]]
    elif change == "popped":
        container.pop(1)
    elif change.startswith("replaced"):
        container[-1 if change.endswith("last") else 1] = more[0]
    elif change == "joined":
        return container + (kind(*more) if kind is nn.Sequential else kind(more))
    elif change == "joined_in_place":
        container += kind(*more) if kind is nn.Sequential else kind(more)
    elif change == "doubled":
        return container * 2
    parts = {"cut": slice(1, None), "cut_from_its_end": slice(-2, None), "turned": slice(None, None, -1)}
    return container[parts[change]] if change in parts else container


def run_contained(backend: Any, request: FunctionRequest) -> Observation:
    """Answer the request of `cases.families.containers.containers_are_lists`."""
    options = dict(request.arguments)
    parts = [First(options["layer"], one) for one in options["weights"]]
    inputs = torch.tensor(np.array(options["batch"].inputs, "float32"))

    def call(container: Any) -> torch.Tensor:
        if isinstance(container, nn.Sequential):
            return container(inputs)
        found = inputs
        for one in container:
            found = one(found)
        return found

    with moment("run"), torch.no_grad():
        container = nn.Sequential(*parts[:FIRST]) if options["container"] == "sequence" else nn.ModuleList(parts[:FIRST])
        if options["called"]:
            call(container)
        container = changed(container, parts[FIRST:], options["change"])
        outputs = to_numpy(call(container))
        places = {id(one): number for number, one in enumerate(parts)}
        held = tuple(places[id(container[place])] for place in range(len(container)))
        listed = len(list(container.parameters()))
    return Observation({"outputs": outputs}, facts={
        "held": held, "listed": listed, "each": len(list(parts[0].parameters())), "padding": "zero"})


def run_loaded_in_part(backend: Any, request: FunctionRequest) -> Observation:
    """Answer the request of `cases.families.containers.loading_tells_what_did_not_fit`."""
    options, layer = dict(request.arguments), dict(request.arguments)["layer"]
    with moment("build"):
        module, other = (nn.Sequential(*(First(layer, options[name]) for _ in range(2))) for name in ("weights", "others"))
    for number, one in enumerate((*module, *other)):
        one.register_buffer("share", torch.tensor(0.5 + number))
    module[0].requires_grad_(not options["frozen"])

    def held(one: nn.Module) -> dict[str, np.ndarray]:
        return {n: to_numpy(tensor) for n, tensor in (*one.named_parameters(), *one.named_buffers())}

    before, given = held(module), held(other)
    state, names = dict(other.state_dict()), list(before)
    gone = {"none": [], "weight": names[1:2], "layer": [n for n in names if n.startswith("1.")]}[options["missing"]]
    nobody = [f"0.named.inner.rnn.weight_ih_l{n}" for n in ("0.more", "9")]
    new = {"none": [], "weight": nobody, "layer": ["7.weight", "7.bias"]}[options["unknown"]]
    for name in gone:
        state.pop(name)
    if options["way"].endswith("doubles"):
        state = {name: one.double() for name, one in state.items()}
    if assigned := options["way"].startswith("assigned"):  # tensors and parameters
        state = {name: nn.Parameter(one) if number % 2 and one.ndim else one for number, (name, one) in enumerate(state.items())}
    dtypes = {name: one.dtype for name, one in ({**module.state_dict(), **state} if assigned else module.state_dict()).items()}
    state |= {name: torch.zeros(2) for name in new}
    heard: list[list[str]] = []
    module.register_load_state_dict_post_hook(lambda _, keys: heard.append(sorted([*keys.missing_keys, *keys.unexpected_keys])))
    asked: list[tuple[bool, str]] = []
    module[1].register_load_state_dict_pre_hook(lambda own, _, prefix, *__: asked.append((own is module[1], prefix)))
    trained = tuple(n for n, p in module.named_parameters() if p.requires_grad)
    with moment("run"):
        told = module.load_state_dict(state, strict=False, assign=assigned)
    after = held(module)
    every = {"before": before, "given": given, "after": after}
    arrays = {f"{when}/{n}": a for when, each in every.items() for n, a in each.items()}
    return Observation(arrays, facts={
        "missing": sorted(told.missing_keys), "due_missing": sorted(gone), "unknown": sorted(told.unexpected_keys),
        "due_unknown": sorted(new), "asked": asked, "due_asked": [(True, "1.")],
        "heard_of": heard[-1] if heard else None, "due_heard_of": sorted([*gone, *new]),
        "trained": tuple(n for n, p in module.named_parameters() if p.requires_grad), "due_trained": trained,
        "dtypes": {name: one.dtype for name, one in module.state_dict().items()} == dtypes, "due_dtypes": True})


def run_kept_states(backend: Any, request: FunctionRequest) -> Observation:
    """Answer the request of `cases.families.containers.states_hold_what_is_to_be_kept`."""
    options, way = dict(request.arguments), dict(request.arguments)["way"]
    with moment("build"):
        module = First(options["layer"], options["weights"])
        module.register_buffer("scale", torch.ones(3), persistent=False)
        module.register_buffer("scale", torch.ones(2))  # the last word on what is kept counts
        module.share = nn.Buffer(torch.tensor(1.0), persistent=False)
        module.share = nn.Buffer(torch.tensor(0.5))
        module.register_buffer("turned", torch.ones(2), persistent=False)
        module.turned = nn.Parameter(torch.ones(2))
        module.register_buffer("count", torch.tensor(2**40 + 1))
        module.register_buffer("cache", torch.ones(1))
        module.register_buffer("cache", torch.ones(3), persistent=False)
        module.beside = nn.Buffer(torch.ones(1), persistent=False)
        module.cache, module.scale = torch.zeros(3), torch.zeros(2)  # set anew, each is kept as it was
    heard: list[tuple[str, str, Any]] = []
    module.register_state_dict_pre_hook(lambda _, prefix, kept: heard.append(("before", prefix, kept)))
    module.register_state_dict_post_hook(lambda own, _, prefix, __: heard.append(("after", prefix, own is module)))
    with moment("run"):
        if options["cast"] == "to":
            module.to(torch.float64)
        elif options["cast"] == "like_another":
            module.to(torch.zeros(1, dtype=torch.float64))
        elif options["cast"] != "none":
            getattr(module, options["cast"])()
        into = {"destination": {}} if way == "into_another" else {}
        state = module.state_dict(prefix="first." if way == "under_a_prefix" else "", keep_vars=way == "with_history", **into)
        state = into.get("destination", state)
        count = next((t for n, t in state.items() if n.endswith("count")), torch.tensor(0))
        facts = {"names": tuple(state), "parameters": tuple(n for n, _ in module.named_parameters()), "heard": tuple(heard),
                 "with_history": tuple(n for n, t in state.items() if t.requires_grad),
                 "dtypes": tuple((n, str(t.dtype).removeprefix("torch.")) for n, t in state.items())}
        if way == "under_a_prefix":
            consume_prefix_in_state_dict_if_present(state, "first.")
        facts |= {"bare": (*state, *getattr(state, "_metadata", {}).keys())}
        due = module.state_dict()
    return Observation({"count": count.numpy()}, facts={
        **facts, "due_bare": (*due, *(due._metadata if hasattr(state, "_metadata") else {}).keys())})


MODAL: tuple[tuple[type[nn.Module], tuple[Any, ...]], ...] = (
    (nn.Dropout, ()), (nn.Dropout1d, ()), (nn.AlphaDropout, ()), (nn.RReLU, ()), (nn.BatchNorm1d, (2,)),
    (nn.InstanceNorm1d, (2,)), (nn.LSTM, (2, 2)), (nn.RNN, (2, 2)), (nn.MultiheadAttention, (4, 2)),
    (nn.TransformerEncoderLayer, (4, 2, 4)), (nn.TransformerDecoderLayer, (4, 2, 4)), (nn.Embedding, (2, 2)))
"""Kinds of modules that do something else in training, or have parts that do; and what each is made with."""


def run_told_parts(backend: Any, request: FunctionRequest) -> Observation:
    """Answer the request of `cases.families.containers.modules_tell_their_parts`."""
    with moment("build"):
        module, left, inner = nn.Module(), nn.Module(), nn.GRU(2, 2)
        left.inner, module.left = inner, left
        module.right = inner if dict(request.arguments)["shared"] else nn.GRU(2, 2)
        module.scale, module.shift = (nn.Parameter(torch.ones(1)) for _ in range(2))
        module.register_buffer("count", torch.ones(1))
    places, applied = {id(one): name for name, one in (
        ("", module), ("left", left), ("right", module.right), ("left.inner", inner))}, []
    with moment("run"):
        module.apply(lambda one: applied.append(places[id(one)]))
        by_name = tuple(n for n, one in (("left", left), ("left.inner", inner), ("right", module.right))
                        if module.get_submodule(n) is one)
        by_name += tuple(n for n, one in (("scale", module.scale), ("left.inner.bias_hh_l0", inner.bias_hh_l0))
                         if module.get_parameter(n) is one)
        by_name += ("count",) if module.get_buffer("count") is module.count else ()
        changed, fresh = copy.deepcopy(module), nn.GRU(2, 2)
        changed.set_submodule("left.inner", fresh)
        changed.set_submodule("right", left)
        put = changed.left.inner is fresh and changed.right is left and module.left is left
        by_name += ("put in place",) if put else ()
        refused = []
        for kind, nobody in (("module", "left.scale"), ("parameter", "count"), ("buffer", "scale")):
            try:
                getattr(module, f"get_{kind.replace('module', 'submodule')}")(nobody)
            except AttributeError:
                refused.append(kind)
        kinds = nn.Sequential(*(kind(*sizes) for kind, sizes in MODAL), nn.ModuleList([nn.Dropout()]),
                              nn.ModuleDict({"one": nn.Sequential(nn.Dropout(), nn.GRU(2, 2), nn.Dropout())}))
        modes = [sum(one.training for one in kinds.train(mode).modules()) for mode in (False, True)]
        modes += [sum(one.training for one in kinds.eval().modules()), sum(1 for _ in kinds.modules())]
        for pattern in range(1, 8):  # whatever modes its parts are in
            for mode in (False, True):
                for number, one in enumerate(kinds.modules()):
                    one.training = (number & pattern).bit_count() % 2 == mode
                count = sum(one.training for one in kinds.train(mode).modules())
                modes[int(mode)] = min(modes[1], count) if mode else max(modes[0], count)
        alike = nn.ModuleList([nn.GRU(2, 2), nn.GRU(2, 2), nn.Sequential(nn.Tanh())])
        facts = {
            "written": tuple(repr(alike).splitlines()), "refused": tuple(refused),
            "in_training": (*modes[:3:2], modes[3] - modes[1]),
            "modules": tuple(n for n, _ in module.named_modules()), "applied": tuple(dict.fromkeys(applied)),
            "children": tuple(n for n, _ in module.named_children()), "by_name": by_name,
            "own": tuple(n for n, _ in module.named_parameters(recurse=False)),
            "own_buffers": tuple(n for n, _ in module.named_buffers(recurse=False))}
    return Observation({}, facts=facts)


def run_waiting(backend: Any, request: FunctionRequest) -> Observation:
    """Answer the request of `cases.families.containers.waiting_modules_take_the_width`."""
    given = dict(request.arguments)
    kind, way, units, small = given["kind"], given["way"], given["units"], given["small"]
    weights = {n: torch.tensor(np.array(one, "float32")) for n, one in given["weights"].items()}
    inputs = torch.tensor(np.array(given["inputs"], "float64" if way == "cast" else "float32"))
    make, names = {
        "linear": (lambda: nn.LazyLinear(units), (weights["kernel"][0].T, weights["bias"])),
        "convolution": (lambda: nn.LazyConv1d(units, 2), (weights["kernel"].permute(2, 1, 0), weights["bias"])),
        "batch": (lambda: nn.LazyBatchNorm1d(eps=small), (weights["scale"], weights["shift"])),
        "instance": (lambda: nn.LazyInstanceNorm1d(eps=small, affine=True, track_running_stats=False),
                     (weights["scale"], weights["shift"]))}[kind]
    state = dict(zip(("weight", "bias"), names, strict=True))
    with moment("build"), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that such modules are new
        module = make()
    if kind == "batch":
        state |= {"running_mean": 0 * weights["shift"], "running_var": weights["scale"] ** 2,
                  "num_batches_tracked": torch.tensor(0)}
    inputs = inputs if kind == "linear" else inputs.transpose(1, 2)
    with moment("run"), torch.no_grad():
        if way == "loaded":
            module.load_state_dict(state)
        elif way == "cast":
            module.double()
        elif way in ("copied", "pickled"):
            module = copy.deepcopy(module) if way == "copied" else pickle.loads(pickle.dumps(module))
        outputs = module(input=inputs) if way == "by_name" else module(inputs)
        if way != "loaded":
            module.load_state_dict(state)
            outputs = module(inputs)
    width = next(getattr(module, n) for n in ("in_features", "in_channels", "num_features") if hasattr(module, n))
    waiting = tuple(n for n, one in module.state_dict(keep_vars=True).items() if nn.parameter.is_lazy(one))
    return Observation({"outputs": to_numpy(outputs if kind == "linear" else outputs.transpose(1, 2))}, facts={
        "kind": type(module).__name__, "width": width, "waiting": waiting, "dtype": str(outputs.dtype).removeprefix("torch.")})
